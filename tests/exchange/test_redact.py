"""Redaction: nothing private is left, in any format, and the rest is what it was."""

import json
import re

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.home import Home
from kprov_capture.terms import RDF_TYPE, RDFS_LABEL, Dnnprov, Prov
from kprov_rdf.errors import InputError
from kprov_rdf.exchange import export
from kprov_rdf.exchange.edits.private import Texts, is_private
from kprov_rdf.exchange.edits.redact import redact
from kprov_rdf.exchange.export import Options
from kprov_rdf.exchange.formats import FORMATS
from kprov_rdf.exchange.selection import Selection
from kprov_rdf.exchange.statements import RDF_JSON
from tests import recording
from tests.exchange import runs
from tests.exchange.runs import triple

BASE = "http://localhost:8642/"
RUN = f"{BASE}run/01a1fff2-207b-7bc4-bd30-e1a8266667ef"
FOAF, SCHEMA = "http://xmlns.com/foaf/0.1/", "http://schema.org/"
DCTERMS = "http://purl.org/dc/terms/"
ANA, NODE = f"{BASE}agent/person-7c1e55", f"{BASE}agent/machine-b97b3f"
LIBRARY = f"{BASE}agent/kprov-capture-0.1.0"
TRACES = (
    "anapina", "Ana", "Pina", "uff.example", "gpu-node-7", "gpu7", "0000-0002-1825-0097",
    "/home", "/scratch", "--token", "C:\\Users", "192.168.7.31", "git@", "ana-laptop", "7c1e55",
    "b97b3f", "thesis_secret", "5555", "Rua", "bruno", "mbox", "smb:", "lab.internal",
)  # fmt: skip


def text(value: str, datatype: str | None = None) -> ox.Literal:
    return ox.Literal(value, datatype=ox.NamedNode(datatype)) if datatype else ox.Literal(value)


def private() -> dict[str, list[ox.Triple]]:
    """A run in which persons, hosts and paths are said in all places that there are."""
    execution, code, file = f"{RUN}#execution", f"{RUN}#code", f"{RUN}#file-1"
    attribute = f"{BASE}attribute/"
    said: list[tuple[str, str, str | ox.Literal]] = [
        (execution, RDF_TYPE, Dnnprov.ExecuteDataflow),
        (execution, RDF_TYPE, Prov.Activity),
        (execution, Prov.startedAtTime, text("2026-11-20T12:00:00Z", f"{XSD}dateTime")),
        (execution, Prov.wasAssociatedWith, ANA),
        (execution, Prov.wasAssociatedWith, NODE),
        (execution, Prov.wasAssociatedWith, LIBRARY),
        (execution, Dnnprov.computingResource, text("gpu-node-7")),
        (execution, Dnnprov.workspace, text("/scratch/anapina")),
        (execution, Dnnprov.error, text("OSError: /home/anapina/x/data.csv on gpu-node-7 (Ana)")),
        (execution, f"{attribute}mlflow.user", text("bruno")),
        (execution, f"{attribute}hostName", text("ana-laptop.uff.example")),
        (execution, f"{attribute}note", text("bruno asked ana-laptop.uff.example at 192.168.7.31")),
        (execution, f"{attribute}environ", text('{"HOME": "/home/anapina"}', RDF_JSON)),
        (execution, f"{attribute}meta", text(META, RDF_JSON)),
        (execution, f"{attribute}tracking", text("see http://lab.internal:5000/x, smb://nas/ana")),
        (f"{RUN}#flow", RDF_TYPE, Dnnprov.Dataflow),
        (f"{RUN}#flow", RDF_TYPE, Prov.Entity),
        (f"{RUN}#flow", Dnnprov.tag, text("digits")),
        (ANA, RDF_TYPE, Prov.Agent),
        (ANA, RDF_TYPE, Prov.Person),
        (ANA, RDFS_LABEL, text("Ana Pina")),
        (ANA, f"{FOAF}mbox", "mailto:ana@uff.example"),
        (ANA, f"{FOAF}nick", text("anapina")),
        (ANA, f"{SCHEMA}telephone", text("+55 21 5555")),
        (ANA, f"{SCHEMA}address", text("Rua 1, Niterói")),
        (ANA, Prov.actedOnBehalfOf, "https://orcid.org/0000-0002-1825-0097"),
        ("https://orcid.org/0000-0002-1825-0097", RDF_TYPE, Prov.Agent),
        (NODE, RDF_TYPE, Prov.Agent),
        (NODE, RDF_TYPE, Dnnprov.Machine),
        (NODE, RDFS_LABEL, text("gpu7.uff.example")),
        (NODE, Dnnprov.processor, text("AMD EPYC")),
        (LIBRARY, RDF_TYPE, Prov.Agent),
        (LIBRARY, RDF_TYPE, Prov.SoftwareAgent),
        (LIBRARY, RDFS_LABEL, text("kprov_capture 0.1.0")),
        (code, RDF_TYPE, Prov.Entity),
        (code, RDF_TYPE, Dnnprov.SourceCode),
        (code, Dnnprov.path, text("/home/anapina/thesis_secret/train.py")),
        (code, Dnnprov.commandLine, text("train.py --token=x --data C:\\Users\\bruno\\d.csv")),
        (code, f"{attribute}git_remote", text("git@uff.example:ana/repo.git")),
        (code, f"{SCHEMA}author", text("Ana Pina")),
        (code, f"{DCTERMS}creator", ANA),
        (code, f"{attribute}description", text("by Ana Pina, ana@uff.example, git@uff.example:a")),
        (file, RDF_TYPE, Prov.Entity),
        (file, RDF_TYPE, Dnnprov.File),
        (file, Dnnprov.path, text("C:\\Users\\anapina\\model.keras")),
        (file, RDFS_LABEL, text("model of Ana on gpu7, in /scratch/anapina/model.keras")),
        (file, f"{BASE}attribute/source", "file:///home/anapina/model.keras"),
        (f"{RUN}#id-home_anapina_x-12345678", RDF_TYPE, Prov.Entity),
        (file, Prov.wasDerivedFrom, f"{RUN}#id-home_anapina_x-12345678"),
        (file, Prov.wasGeneratedBy, execution),
    ]
    catalog = [
        triple(RUN, RDF_TYPE, Prov.Bundle),
        triple(RUN, RDF_TYPE, Prov.Entity),
        triple(RUN, RDFS_LABEL, text("Import of /home/anapina/x.trig")),
        triple(RUN, Prov.wasAttributedTo, ANA),
    ]
    return {f"{BASE}catalog": catalog, RUN: [triple(*one) for one in said]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mlflow.user", True), ("tag_mlflow_user-e2a4a539", True), ("user_id", True),
        ("hostName", True), ("HOST", True), ("git_remote_url", True), ("artifact_uri", True),
        ("workingDirectory", True), ("os_environ", True), ("users", True), ("emailAddress", True),
        ("run_name", False), ("batch_size", False), ("lifecycle_stage", False), ("id", False),
        ("optimizer", False), ("digest_mlflow-a040c10f", False), ("source_type", False),
    ],
)  # fmt: skip
def test_names_of_other_tools_tell_what_is_private(name: str, expected: bool) -> None:
    assert is_private(f"{BASE}attribute/{name}") is expected


XSD = "http://www.w3.org/2001/XMLSchema#"
META = json.dumps(
    {"os": "Linux", "username": "bruno", "args": ["--token", "x"], "deep": [{"email": "a@b.cd"}],
     "count": 3, "about": "run by bruno in /scratch/anapina/logs"}
)  # fmt: skip
_DRAWN = {"svg", "png", "pdf"}


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(form, marks=runs.needs_graphviz if form in _DRAWN else ())
        for form in FORMATS
        if form not in ("parquet", "png", "pdf")
    ],
)
def test_no_trace_is_left_in_any_format(form: str) -> None:
    found = Selection(private(), (RUN,), BASE)
    content = export.content(found, form, Options(redact=True))
    files = {"": content} if isinstance(content, bytes) else content
    for name, data in files.items():
        assert isinstance(data, bytes), "no file of the disk is in what is redacted"
        written = name + data.decode()
        left = [one for one in TRACES if one.lower() in written.lower()]
        assert left == [], name
    if form in ("trig", "provn", "nq", "rocrate"):
        whole = b"".join(data for data in files.values() if isinstance(data, bytes))
        for kept in (b"train.py", b"model.keras", b"AMD EPYC", b"kprov_capture 0.1.0", b"person-1"):
            assert kept in whole, kept


def test_what_is_redacted_is_valid_and_nobody_is_two(home: Home) -> None:
    recording.record(home.path)
    recording.record(home.path)
    found = runs.chosen(home, *(one.iri for one in _listed(home)))
    for graphs, records in ((private(), (RUN,)), (found.graphs, found.records)):
        redacted = redact(graphs, records, BASE)
        assert runs.violations(redacted) == runs.violations(graphs) == []
    persons = set(re.findall(r"#person-\d+>", runs.texts(redacted)))
    assert persons == {"#person-1>"}  # the same in both runs
    assert [len(told) for told in redacted.values()] != []


def _listed(home: Home):
    from kprov_rdf import ingest
    from kprov_rdf.runs import listing

    with ingest.open_snapshot(home) as store:
        return listing(store, store.living)


def test_the_rest_is_what_it_was(home: Home) -> None:
    """Of a run of ours, only the persons, the machine, paths and the command line differ."""
    recording.record(home.path)
    found = runs.chosen(home)
    redacted = redact(found.graphs, found.records, BASE)
    (run,) = found.records
    changed = set(found.graphs[run]) - set(redacted[run])
    about = {t.predicate.value for t in changed}
    people = {t.subject.value for t in changed if re.search("agent/(person|machine)-", str(t))}
    assert about <= {
        RDF_TYPE, RDFS_LABEL, Dnnprov.path, Dnnprov.commandLine, Dnnprov.coreCount, Prov.agent,
        Dnnprov.memorySize, Dnnprov.operatingSystem, Dnnprov.processor, Prov.wasAssociatedWith,
        Dnnprov.requirements,
    }  # fmt: skip
    assert people
    assert len(redacted[run]) >= len(found.graphs[run]) - 3


def test_a_base_that_names_a_host_is_to_be_changed() -> None:
    graphs = {
        name.replace(BASE, "https://gpu7.uff.example/"): told for name, told in private().items()
    }
    with pytest.raises(InputError, match=r"--base https://example.org/provenance/"):
        redact(graphs, (), "https://gpu7.uff.example/")


NAMES = st.from_regex(r"[a-z]{3,12}(?:[.-][a-z]{2,8})?", fullmatch=True).filter(
    lambda name: name not in ("run", "the", "with", "catalog", "localhost", "http", "about")
)


@given(user=NAMES, host=NAMES)
def test_whatever_the_names_are(user: str, host: str) -> None:
    """No name of a person or a host stands as a word in any term."""
    words = f"the {user} with {host}: {user}@{host}.org, /data/{user}/x.csv; {{{host}}}"
    graphs = {
        RUN: [
            triple(ANA, RDF_TYPE, Prov.Person),
            triple(ANA, RDFS_LABEL, text(user)),
            triple(NODE, RDF_TYPE, Dnnprov.Machine),
            triple(NODE, RDFS_LABEL, text(host)),
            triple(f"{RUN}#x", RDFS_LABEL, text(words)),
            triple(f"{RUN}#x", f"{BASE}attribute/about", text(json.dumps({"about": words}))),
            triple(f"http://example.com/{user}/{host}", RDFS_LABEL, text("a thing")),
        ]
    }
    left = redact(graphs, (RUN,), BASE)
    values = [t.object.value for t in left[RUN] if isinstance(t.object, ox.Literal)]
    values += [t.subject.value.removeprefix(BASE) for t in left[RUN]]  # type: ignore[union-attr]
    for name in {user, host} - {"person", "thing", "machine", "redacted", "org"}:
        word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])")
        assert [one for one in values if word.search(one)] == []


RECORD = "http://localhost:8642/import/sha256-" + "0" * 64
OF_TOOLS = f"""
@prefix p: <http://www.w3.org/ns/prov#> . @prefix s: <http://schema.org/> .
@prefix r: <http://www.w3.org/2000/01/rdf-schema#> . @prefix a: <http://localhost:8642/attribute/> .
@prefix i: <{RECORD}#> . @prefix d: <https://w3id.org/dnnprov#> .
GRAPH <{RECORD}#run-1> {{
  i:run a p:Activity ; a:tag_mlflow_user-e2a4a539 "zelda" ; a:user_id "quux" ;
    a:owner_name "alma" ; r:label "of Zoe Zorn <zoe@lab.example>", "Zorn's" ;
    p:wasAssociatedWith i:bella ; p:qualifiedAssociation i:q .
  i:q a p:Association ; p:agent i:carla .
  i:carla p:actedOnBehalfOf i:dora .
  i:dataset-hdfs_elsa_8020-_user_flora_in_csv a p:Entity ; a:namespace "hdfs://elsa:8020" ;
    d:path "/user/flora/in.csv" .
  i:gerda%2Fout.csv a p:Entity ; a:id "gerda/out.csv" .
  i:env a s:PropertyValue ; s:name "HOSTNAME" ; s:value "hilda" ; p:value "hilda" .
  i:kept a p:Entity ; a:value "what stays" ; d:path "data.csv" .
}}
"""


def test_what_other_tools_tell_of_persons_and_machines_is_left_out() -> None:
    quads = list(ox.parse(OF_TOOLS.encode(), ox.RdfFormat.TRIG))
    graphs: dict[str, list[ox.Triple]] = {}
    for quad in quads:
        graphs.setdefault(str(quad.graph_name)[1:-1], []).append(quad.triple)
    # The first record is a part of an import, whose names are fragments already.
    found = redact(graphs, [f"{RECORD}#run-1"], "http://localhost:8642/")
    text = "\n".join(str(one) for told in found.values() for one in told)
    private = [
        "zelda",
        "quux",
        "alma",
        "zoe",
        "zorn",
        "bella",
        "carla",
        "dora",
        "elsa",
        "flora",
        "gerda",
        "hilda",
        "lab.example",
    ]
    assert [name for name in private if name in text.lower()] == []
    assert f"<{RECORD}#kept>" in text
    assert "what stays" in text


def test_long_texts_are_looked_at_once() -> None:
    """A part that is looked at again from each of its characters would not come to an end."""
    texts = Texts(["zelda"])
    for part in ("a", "a.-", "http://a", "git@a", "https://git", "/home/"):
        assert texts(f"@:// {part * 200_000}") is not None
