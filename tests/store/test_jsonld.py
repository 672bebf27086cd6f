"""JSON-LD that reads as plain JSON, and says exactly what the run says to any processor."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.home import Home, create
from kprov_capture.terms import (
    DNNPROV_NAMESPACE,
    PROV_NAMESPACE,
    RDF_TYPE,
    RDFS_LABEL,
    XSD_NAMESPACE,
)
from kprov_rdf import ingest, vocabulary
from kprov_rdf.errors import UnsupportedError
from kprov_rdf.exchange import jsonld, merge, writing
from tests import recording
from tests.conftest import SHARED
from tests.exchange.test_merge import export, stored
from tools import context as generator

BASE = "http://localhost:8642/"
RUN = f"{BASE}run/0193b1c2-7a10-7c3e-9d55-0f3c2b1a4e77"
LOSS = f"{DNNPROV_NAMESPACE}loss"
Graphs = dict[str, list[ox.Triple]]
# rdflib's parser uses what rdflib deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:DeprecationWarning:rdflib")


def literal(value: str, type_: str) -> ox.Literal:
    return ox.Literal(value, datatype=ox.NamedNode(XSD_NAMESPACE + type_))


def by_value(term: Any) -> Any:
    """A literal as the canonical text of its value; languages are the same in any case."""
    if not isinstance(term, ox.Literal):
        return term
    if term.language:
        return ox.Literal(term.value, language=term.language.lower())
    kind, value = term.datatype.value.removeprefix(XSD_NAMESPACE), term.value
    try:
        if kind == "double":
            value = repr(float(value.replace("INF", "inf")))
        elif kind == "integer":
            value = str(int(value))
    except ValueError:
        pass  # no value: compared as it is
    if kind == "boolean":
        value = {"1": "true", "0": "false"}.get(value, value)
    return ox.Literal(value, datatype=term.datatype)


def same(quads: Iterable[ox.Quad]) -> set[ox.Quad]:
    """Statements to compare: by value, whatever the labels of blank nodes."""
    found = ox.Dataset(
        ox.Quad(q.subject, q.predicate, by_value(q.object), q.graph_name) for q in quads
    )
    found.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return set(found)


def by_rdflib(text: bytes) -> list[ox.Quad]:
    def term(one: Any) -> Any:
        if isinstance(one, rdflib.Literal):
            if one.language:
                return ox.Literal(str(one), language=one.language)
            return ox.Literal(str(one), datatype=one.datatype and ox.NamedNode(str(one.datatype)))
        kind = ox.BlankNode if isinstance(one, rdflib.BNode) else ox.NamedNode
        return kind(str(one))

    found = rdflib.Dataset()
    found.parse(data=text, format="json-ld")
    default = found.default_graph.identifier
    return [
        ox.Quad(term(s), term(p), term(o), ox.DefaultGraph() if c in (None, default) else term(c))
        for s, p, o, c in found.quads()
    ]


@pytest.fixture(autouse=True)
def _literals_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rdflib, "NORMALIZE_LITERALS", False)


def quads(graphs: Graphs) -> list[ox.Quad]:
    names = {name: ox.NamedNode(name) if name else ox.DefaultGraph() for name in graphs}
    return [
        ox.Quad(t.subject, t.predicate, t.object, names[name])
        for name, triples in graphs.items()
        for t in triples
    ]


def check(graphs: Graphs) -> dict[str, Any]:
    """The document; both processors read from it what was written."""
    text = jsonld.text(graphs, RUN, BASE)
    wanted = same(quads(graphs))
    assert same(ox.parse(text, ox.RdfFormat.JSON_LD)) == wanted
    assert same(by_rdflib(text)) == wanted
    found: dict[str, Any] = json.loads(text)
    return found


def value_of(predicate: str, value: Any) -> Any:
    """What a value of a property becomes in JSON."""
    triple = ox.Triple(ox.NamedNode("urn:s"), ox.NamedNode(predicate), value)
    (node,) = check({"": [triple]})["@graph"]
    (key,) = set(node) - {"id"}
    return node[key]


# -- The context


def test_no_two_terms_have_one_name() -> None:
    names = [name for name, _ in generator.definitions(vocabulary.load())]
    assert len(set(names)) == len(names)
    assert not set(jsonld.OWN_PREFIXES) & set(names)
    assert {"Training", "loss", "partOfTraining", "wasGeneratedBy", "created"} <= set(names)
    assert {term.name for term in vocabulary.load().terms()} <= set(names)


def test_a_name_that_is_taken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("loss", "id", "prov", "r"):
        monkeypatch.setattr(generator, "_OTHERS", {name: "rdfs:comment"})
        with pytest.raises(ValueError, match=f"one name in the context: {name}"):
            list(generator.definitions(vocabulary.load()))


def test_the_file_is_what_the_ontology_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert generator.main(["--check"]) is None
    assert json.loads(generator.PATH.read_text())["@context"] == jsonld.context()
    monkeypatch.setattr(generator, "PATH", tmp_path / "context.jsonld")
    assert "make generate" in str(generator.main(["--check"]))
    generator.main([])
    assert generator.main(["--check"]) is None


def test_plain_json_with_the_context_is_a_run() -> None:
    """The context by itself, with every kind of term, as somebody else would use it."""
    data = {
        "@context": jsonld.context(),
        "id": "http://example.org/m",
        "type": "oTraining",
        "loss": 5,
        "epoch": 3,
        "nesterov": True,
        "tag": "x",
        "wasGeneratedBy": "http://example.org/e",
        "generatedAtTime": "2026-01-02T03:04:05Z",
    }
    text = json.dumps(data).encode()
    for found in (list(ox.parse(text, ox.RdfFormat.JSON_LD)), by_rdflib(text)):
        said = {quad.predicate.value.rpartition("#")[2]: by_value(quad.object) for quad in found}
        assert said == {
            "type": ox.NamedNode(f"{DNNPROV_NAMESPACE}oTraining"),
            "loss": literal("5.0", "double"),
            "epoch": literal("3", "integer"),
            "nesterov": literal("true", "boolean"),
            "tag": ox.Literal("x"),
            "wasGeneratedBy": ox.NamedNode("http://example.org/e"),
            "generatedAtTime": literal("2026-01-02T03:04:05Z", "dateTime"),
        }


# -- Values


@pytest.mark.parametrize(
    ("value", "type_", "found"),
    [
        ("0.001", "double", 0.001),
        ("1e-07", "double", 1e-07),
        ("5.0", "double", 5.0),
        ("1E22", "double", 1e22),
        ("0.30000000000000004", "double", 0.1 + 0.2),
        ("-0.0", "double", "-0.0"),
        ("NaN", "double", "NaN"),
        ("-INF", "double", "-INF"),
        ("1e400", "double", "1e400"),
        ("a lot", "double", "a lot"),
        ("5", "integer", {"@value": 5, "@type": "xsd:integer"}),
        ("5", "int", {"@value": "5", "@type": "xsd:int"}),
        ("5", "string", {"@value": "5"}),
    ],
)
def test_a_metric_is_a_number_where_json_has_one(value: str, type_: str, found: Any) -> None:
    told = value_of(LOSS, literal(value, type_))
    assert (told, type(told)) == (found, type(found))


@pytest.mark.parametrize(
    ("value", "type_", "found"),
    [
        ("0.5", "double", 0.5),
        ("5.0", "double", 5.0),
        ("5", "integer", 5),
        ("9007199254740992", "integer", {"@value": "9007199254740992", "@type": "xsd:integer"}),
        ("true", "boolean", True),
        ("5", "string", "5"),
    ],
)
def test_a_value_of_no_declared_type_keeps_its_own(value: str, type_: str, found: Any) -> None:
    """Of settings such as ``value``, which are numbers here and texts there."""
    told = value_of(f"{DNNPROV_NAMESPACE}value", literal(value, type_))
    assert (told, type(told)) == (found, type(found))


def test_a_metric_that_the_ontology_does_not_know_is_always_a_number() -> None:
    metric = ox.NamedNode(f"{BASE}metric/residual")
    values = [literal(one, "double") for one in ("4.5", "5.0")]
    triples = [ox.Triple(ox.NamedNode(f"{RUN}#m"), metric, one) for one in values]
    found = check({RUN: triples})
    assert found["@graph"][0]["@graph"] == [{"id": "r:m", "base:metric/residual": [4.5, 5.0]}]
    # Where it has other values too, each says what it is.
    triples.append(ox.Triple(ox.NamedNode(f"{RUN}#m"), metric, literal("5", "integer")))
    (node,) = check({RUN: triples})["@graph"][0]["@graph"]
    typed = {"@value": 5.0, "@type": "xsd:double"}
    assert node["base:metric/residual"] in ([4.5, typed, 5], [4.5, 5, typed])


def test_what_is_no_value_of_its_property_keeps_its_kind() -> None:
    assert value_of(f"{PROV_NAMESPACE}used", ox.Literal("x")) == {"@value": "x"}
    assert value_of(LOSS, ox.NamedNode(f"{RUN}#x")) == {"id": "r:x"}
    assert value_of(f"{DNNPROV_NAMESPACE}epoch", literal(str(2**64), "integer")) == str(2**64)
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    assert value_of(label, ox.Literal("é", language="pt")) == {"@value": "é", "@language": "pt"}


def test_rdf_1_2_is_written_as_far_as_json_ld_has_it() -> None:
    (text,) = (
        quad.object for quad in ox.parse('<urn:s> <urn:p> "x"@ar--rtl .', ox.RdfFormat.TURTLE)
    )
    triple = ox.Triple(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), text)
    written = jsonld.text({"": [triple]})
    assert [quad.triple for quad in ox.parse(written, ox.RdfFormat.JSON_LD)] == [triple]
    nested = ox.Triple(ox.NamedNode("urn:s"), ox.NamedNode("urn:p"), triple)
    with pytest.raises(UnsupportedError, match="triple term"):
        jsonld.text({"": [nested]})


def test_an_iri_that_looks_shortened_is_not_taken_for_one() -> None:
    found = check(
        {"": [ox.Triple(ox.NamedNode(f"{RUN}#x"), ox.NamedNode(LOSS), ox.NamedNode("r:x"))]}
    )
    assert "r" not in found["@context"]
    assert found["@graph"] == [{"id": "base:run/" + RUN[-36:] + "#x", "loss": {"id": "r:x"}}]


def test_a_property_that_begins_like_a_keyword_is_read_too() -> None:
    """Found by the property below: pyoxigraph loses it where the context defines it."""
    assert value_of("id:x", literal("0.5", "double")) == 0.5


_IRIS = [
    RUN, f"{RUN}#epoch-1", f"{RUN}#", f"{BASE}agent/a b".replace(" ", "%20"), BASE, f"{BASE}/x",
    "http://example.org/a", "urn:x:y", "r:x", "loss:x", "xsd:x", "id:x", "type:x", "base://x",
    f"{DNNPROV_NAMESPACE}loss", f"{DNNPROV_NAMESPACE}x/y", f"{PROV_NAMESPACE}Entity",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#nil",
]  # fmt: skip
_NAMES = st.sampled_from(_IRIS).map(ox.NamedNode)
_NODES = st.one_of(_NAMES, st.sampled_from(["a", "b0"]).map(ox.BlankNode))
_PROPERTIES = st.one_of(
    st.sampled_from([term.iri for term in vocabulary.load().terms()]),
    st.sampled_from([RDF_TYPE, f"{PROV_NAMESPACE}used", f"{PROV_NAMESPACE}endedAtTime", *_IRIS]),
).map(ox.NamedNode)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_TYPES = st.sampled_from(["double", "integer", "boolean", "int", "float", "dateTime", "string"])
_LITERALS = st.one_of(
    st.floats().map(repr).map(lambda v: v.replace("inf", "INF").replace("nan", "NaN")).map(
        lambda v: literal(v, "double")
    ),
    st.integers().map(lambda v: literal(str(v), "integer")),
    st.sampled_from(["true", "false", "1", "0"]).map(lambda v: literal(v, "boolean")),
    st.builds(literal, _TEXTS, _TYPES),
    st.builds(lambda v: ox.Literal(v, language="pt-BR"), _TEXTS),
    st.builds(lambda v: ox.Literal(v, datatype=ox.NamedNode("r:x")), _TEXTS),
)  # fmt: skip
_TRIPLES = st.lists(st.builds(ox.Triple, _NODES, _PROPERTIES, st.one_of(_NODES, _LITERALS)))


@given(
    st.fixed_dictionaries({}, optional={"": _TRIPLES, RUN: _TRIPLES, f"{BASE}catalog": _TRIPLES})
)
def test_whatever_is_said_is_read_again(graphs: Graphs) -> None:
    check(graphs)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_double_is_exactly_itself(value: float) -> None:
    told = value_of(LOSS, literal(repr(value), "double"))
    assert float(told) == value
    assert math.copysign(1, float(told)) == math.copysign(1, value)


# -- Runs


def test_a_run_says_the_same_as_in_trig(home: Home) -> None:
    run = recording.record(home.path, losses=tuple(1 / (3 + n) for n in range(12))).names.run
    text, trig = export(home, run, "jsonld"), export(home, run)
    wanted = same(ox.parse(trig, ox.RdfFormat.TRIG))
    assert len(wanted) > 300
    assert same(ox.parse(text, ox.RdfFormat.JSON_LD)) == wanted
    assert same(by_rdflib(text)) == wanted


def test_the_worked_example_of_the_design_says_the_same() -> None:
    path = SHARED / "reference" / "sample-run.trig"
    if not path.exists():
        pytest.skip("the shared reference folder is not here")
    graphs: Graphs = {}
    for quad in ox.parse(path=str(path)):
        graphs.setdefault(quad.graph_name.value, []).append(quad.triple)  # type: ignore[union-attr]
    assert len(graphs) == 2
    check(graphs)


def test_a_run_reads_as_plain_json_in_the_order_of_what_happened(home: Home) -> None:
    run = recording.record(home.path, losses=tuple(1 / (3 + n) for n in range(12))).names.run
    found = json.loads(export(home, run, "jsonld"))
    catalog, record = found["@graph"]
    assert catalog["@graph"][0]["id"] == record["id"] == f"base:run/{run[-36:]}"
    ids = [node["id"] for node in record["@graph"]]
    first = ["r:execution", "r:training", "r:config-0", "r:config-1"]
    epochs = [f"r:{kind}-{n}" for n in range(12) for kind in ("epoch", "metrics")]
    assert ids[:28] == first + epochs
    nodes = {node["id"]: node for node in record["@graph"]}
    metrics = nodes["r:metrics-11"]
    assert list(metrics)[:2] == ["id", "type"]
    assert metrics["type"] == ["oTraining", "Entity"]
    assert (metrics["epoch"], metrics["loss"]) == (11, 1 / 14)
    assert metrics["wasGeneratedBy"] == "r:epoch-11"
    # Everything has its short name, but the metric that the ontology does not know.
    long = {key for node in nodes.values() for key in node if ":" in key}
    assert {key.rpartition("/")[0] for key in long} == {"base:metric"}
    assert "meanIoU" not in found["@context"], "only what the document uses"


def test_the_program_of_the_docs_reads_it(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = recording.record(home.path).names.run
    (tmp_path / "run.jsonld").write_bytes(export(home, run, "jsonld"))
    monkeypatch.chdir(tmp_path)
    text = (generator.PATH.parent.parent / "docs" / "json.md").read_text()
    exec(text.partition("```python\n")[2].partition("```")[0], {})  # noqa: S102  (it is ours)
    assert capsys.readouterr().out == "0 0.001 0.9\n1 0.0005 0.7\n2 0.0005 0.6\n"


def test_merge_takes_it_as_it_takes_trig(home: Home, tmp_path: Path) -> None:
    run = recording.record(home.path).names.run
    folders = [create(tmp_path / form) for form in ("jsonld", "trig")]
    for other in folders:
        form = other.path.name
        done = merge.merge(other, export(home, run, form), f"x.{form}")
        assert (done.graphs, done.notes) == ((run,), ())
    assert stored(folders[0])[run] == stored(folders[1])[run] == stored(home)[run]
    # And into the folder that it came from.
    assert merge.merge(home, export(home, run, "jsonld"), "x.jsonld").statements == 0


def test_a_merge_keeps_what_no_context_defines(home: Home) -> None:
    data = {
        "@context": jsonld.context(),
        "id": "http://e.org/m",
        "los": 0.5,
        "loss": 0.25,
        "https://e.org/p": 1,
    }
    done = merge.merge(home, json.dumps(data).encode(), "x.jsonld")
    assert {one.predicate.value for one in stored(home)[done.graph]} == {
        "http://localhost:8642/attribute/los", f"{DNNPROV_NAMESPACE}loss", "https://e.org/p",
        RDF_TYPE, RDFS_LABEL,
    }  # fmt: skip


def test_a_later_context_cannot_give_a_term_another_meaning() -> None:
    data = [jsonld.context(), {"status": "http://example.org/status"}]
    text = json.dumps({"@context": data, "id": "http://example.org/m", "status": "x"})
    with pytest.raises(SyntaxError, match="status"):
        list(ox.parse(text, ox.RdfFormat.JSON_LD))


def test_a_run_without_a_catalog_has_its_graph(home: Home) -> None:
    run = recording.record(home.path).names.run
    with ingest.open_snapshot(home) as snapshot:
        catalog = writing.about(snapshot, run)
        text = jsonld.text({run: snapshot.graph(run)}, run, BASE)
    assert catalog
    assert [node["id"] for node in json.loads(text)["@graph"]] == [f"base:run/{run[-36:]}"]
