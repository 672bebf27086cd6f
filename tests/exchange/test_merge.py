"""Merging: what is written where, what is kept safe, and what is refused."""

import getpass
import gzip
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture import __version__
from kprov_capture.home import Home, create
from kprov_rdf import cli, ingest, runs
from kprov_rdf.errors import InputError, KprovError, StorageError
from kprov_rdf.exchange import merge as merging
from kprov_rdf.exchange import writing
from kprov_rdf.validate import shacl
from tests import recording
from tests.conftest import child_environment

PROVN = b"document\nprefix ex <http://e.org/>\nentity(ex:data)\nendDocument\n"
TRIPLE = "<http://e.org/{}> <http://e.org/p> 1 ."
Triples = dict[str, set[ox.Triple]]


def stored(home: Home) -> Triples:
    """All that the store holds, by graph."""
    with ingest.open_snapshot(home) as snapshot:
        return {iri: set(snapshot.graph(iri)) for iri in snapshot.graphs()}


def export(home: Home, iri: str, form: str = "trig") -> bytes:
    with ingest.open_snapshot(home) as snapshot:
        return writing.run(snapshot, iri, form)


def subjects(triples: set[ox.Triple]) -> set[str]:
    return {triple.subject.value for triple in triples}


def test_a_document_gets_a_graph_of_its_own_named_by_its_bytes(home: Home) -> None:
    done = merging.merge(home, PROVN, "a.provn")
    assert (done.form, done.records, done.statements, done.graphs) == ("PROV-N", 1, 1, ())
    assert re.fullmatch(r"http://localhost:8642/import/sha256-[0-9a-f]{64}", done.graph)
    entity = ox.Triple(
        ox.NamedNode("http://e.org/data"),
        ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"),
        ox.NamedNode("http://www.w3.org/ns/prov#Entity"),
    )
    assert stored(home)[done.graph] == {entity}


def test_the_catalog_tells_where_it_came_from_and_is_valid(home: Home) -> None:
    done = merging.merge(home, PROVN, "/data/a.provn")
    with ingest.open_snapshot(home) as snapshot:
        (row,) = snapshot.query(
            """SELECT * {
              GRAPH <http://localhost:8642/catalog> {
                ?graph a prov:Bundle, prov:Entity ; rdfs:label ?label ;
                  prov:generatedAtTime ?at ; prov:wasGeneratedBy ?import .
                ?import a dnnprov:Import, prov:Activity ; prov:startedAtTime ?start ;
                  prov:endedAtTime ?end ; prov:used ?source .
                ?source a dnnprov:File, prov:Entity ; dnnprov:path ?path ;
                  <http://purl.org/dc/terms/format> ?format ; prov:specializationOf ?content .
                ?content a dnnprov:Content ; dnnprov:sha256 ?sha ; dnnprov:byteSize ?size
                FILTER (?start <= ?at && ?at <= ?end)
              } }"""
        )
        assert row["graph"].value == done.graph
        assert row["import"].value == f"{done.graph}#import"
        assert row["path"].value == "/data/a.provn"
        assert row["format"].value == "text/provenance-notation"
        assert row["sha"].value == done.graph.rpartition("-")[2]
        assert row["size"].value == str(len(PROVN))
        agents = snapshot.query(
            "SELECT ?label { ?i a dnnprov:Import ; prov:wasAssociatedWith ?a . "
            "?a a prov:SoftwareAgent ; rdfs:label ?label } ORDER BY ?label"
        )
        assert [row["label"].value for row in agents] == [f"kprov {__version__}"]
        (person,) = snapshot.query(
            "SELECT ?label { ?i a dnnprov:Import ; prov:wasAssociatedWith ?p . "
            "?p a prov:Person ; rdfs:label ?label }"
        )
        assert person["label"].value == getpass.getuser()
        catalog = "http://localhost:8642/catalog"
        assert shacl.validate(catalog, snapshot.graph(catalog)) == []


def test_the_same_bytes_again_change_nothing(home: Home) -> None:
    merging.merge(home, PROVN, "a.provn")
    assert merging.merge(home, PROVN, "b.provn").already, "not loaded yet"
    before = stored(home)
    assert merging.merge(home, PROVN, "c.provn").already, "put away by ingest"
    assert stored(home) == before
    assert len(list(home.done.iterdir())) == 1


def test_an_import_survives_the_loss_of_the_store(home: Home) -> None:
    merging.merge(home, PROVN, "a.provn")
    recording.record(home.path)
    before = stored(home)
    shutil.rmtree(home.store)
    assert stored(home) == before


def test_an_import_is_no_living_run(home: Home) -> None:
    merging.merge(home, PROVN, "a.provn")
    assert ingest.alive(home) == set()
    with ingest.open_snapshot(home) as snapshot:
        assert (runs.listing(snapshot, snapshot.living), snapshot.living) == ([], set())


def test_local_names_of_two_documents_do_not_meet(home: Home) -> None:
    for name in ("one", "two"):
        turtle = f'_:b0 <http://e/name> "{name}" . <model.bin> <http://e/p> [] .'
        merging.merge(home, turtle.encode(), f"{name}.ttl")
        relative = {"default": "my_experiment", "context": "context"}
        entities = {"_:b0": {}, "Original requirements.txt": {}, "context:x": {"context:size": 1}}
        document = {"prefix": relative, "entity": entities, "agent": {"context:" + name: {}}}
        merging.merge(home, json.dumps(document).encode(), f"{name}.json")
    found = {k: v for k, v in stored(home).items() if "/import/" in k}
    assert len(found) == 4
    everything: set[str] = set()
    for graph, triples in found.items():
        mine = subjects(triples)
        assert all(re.fullmatch(rf"{graph}#(_|/)[\w./:%]*", one) for one in mine), mine
        assert mine & everything == set()
        everything |= mine
    assert (
        sum(one.endswith("#/my_experiment:Original%20requirements.txt") for one in everything) == 2
    )


def test_the_same_bytes_give_the_same_names_anywhere(home: Home, tmp_path: Path) -> None:
    document = b"[] <http://e/p> [ <http://e/q> _:x ] . <a b> <http://e/r> <#c>, <>, ( 1 2 ) ."
    document = document.replace(b"<a b>", b"<a%20b>")
    other = create(tmp_path / "other")
    for place in (home, other):
        merging.merge(place, document, "d.ttl")
    first, second = (
        {k: v for k, v in stored(one).items() if "import" in k} for one in (home, other)
    )
    assert first == second
    (triples,) = first.values()
    assert len(triples) == 9
    assert not [one for one in triples if isinstance(one.object, ox.BlankNode)]


def test_no_document_can_name_what_kprov_says_of_its_import(home: Home) -> None:
    turtle = b"<import> <p> 1 . <#import> <p> 1 . <source> <p> 1 . _:import <p> 1 . <> <p> 1 ."
    done = merging.merge(home, turtle, "x.ttl")
    found = {one.removeprefix(f"{done.graph}#") for one in subjects(stored(home)[done.graph])}
    assert found == {"/import", "/source", "/", "_c14n0", "/%23import"}


def test_our_own_export_comes_back_as_the_run_it_was(home: Home, tmp_path: Path) -> None:
    run = recording.record(home.path).names.run
    other = create(tmp_path / "other")
    for form in ("trig", "nq"):
        done = merging.merge(other, export(home, run, form), f"x.{form}")
        assert done.graphs == (run,)
    here, there = stored(home), stored(other)
    assert here[run] == there[run]
    assert here["http://localhost:8642/catalog"] < there["http://localhost:8642/catalog"]
    with ingest.open_snapshot(other) as snapshot:
        (listed,) = runs.listing(snapshot, snapshot.living)
        assert (listed.iri, listed.status, listed.epochs) == (run, "FINISHED", 3)
    # And into the folder that it came from.
    assert merging.merge(home, export(home, run), "x.trig").statements == 0
    assert stored(home)[run] == here[run]


@pytest.mark.parametrize("form", ["provjson", "provn", "provxml", "provjsonld"])
def test_the_formats_of_prov_dm_bring_a_run_back_as_it_was(
    home: Home, tmp_path: Path, form: str
) -> None:
    run = recording.record(home.path).names.run
    other = create(tmp_path / "other")
    done = merging.merge(other, export(home, run, form), "x", form)
    assert done.graphs == (run,)
    assert stored(other)[run] == stored(home)[run]
    # And into the folder that it came from.
    assert merging.merge(home, export(home, run, form), "x", form).statements == len(
        stored(other)[done.graph]
    )


def test_a_file_with_only_a_catalog_has_nothing_to_merge(home: Home) -> None:
    text = f"GRAPH <http://localhost:8642/catalog> {{ {TRIPLE.format('a')} }}"
    with pytest.raises(InputError, match="nothing to merge"):
        merging.merge(home, text.encode(), "x.trig")


def test_a_question_joins_a_run_and_a_document_of_another_tool(home: Home) -> None:
    model = "e" * 64
    run = recording.record(home.path)
    content = f"http://localhost:8642/content/sha256-{model}"
    train = run.names("train-set")
    document = f"""document
      prefix ex <http://e.org/>
      prefix c <http://localhost:8642/content/>
      prefix r <{run.names.run}#>
      entity(ex:raw, [prov:label="scanner 7"])
      wasDerivedFrom(r:train-set, ex:raw, -, -, -)
      specializationOf(r:train-set, c:sha256-{model})
    endDocument"""
    done = merging.merge(home, document.encode(), "w.provn")
    with ingest.open_snapshot(home) as snapshot:
        rows = list(
            snapshot.query(
                """SELECT ?run ?doc ?label ?loss {
                  GRAPH ?run { ?t a dnnprov:Training ; prov:used ?set .
                               ?m dnnprov:epoch 2 ; dnnprov:loss ?loss }
                  GRAPH ?doc { ?set prov:wasDerivedFrom ?raw . ?raw rdfs:label ?label }
                  FILTER (?run != ?doc) }"""
            )
        )
        assert [row["label"].value for row in rows] == ["scanner 7"]
        assert (rows[0]["run"].value, rows[0]["doc"].value) == (run.names.run, done.graph)
        assert train in subjects(set(snapshot.graph(done.graph)))
        assert content in {one.object.value for one in snapshot.graph(done.graph)}


def test_a_merge_that_cannot_be_written_leaves_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kprov_rdf.journal.os.fsync", full)
    with pytest.raises(StorageError, match=r"No space left.*nothing was written"):
        merging.merge(home, PROVN, "a.provn")
    assert [path.name for path in home.journal.iterdir()] == ["done"]


def test_the_journal_is_checked_like_that_of_a_run(home: Home) -> None:
    merging.merge(home, PROVN, "a.provn")
    (path,) = home.journal.glob("*.nq")
    path.write_bytes(path.read_bytes().replace(b"/data>", b"/tada>"))
    old = path.stat().st_mtime - 1000

    os.utime(path, (old, old))
    with pytest.raises(KprovError, match="does not match its digest"):
        ingest.open_snapshot(home)


_OWNER = """
import sys, time
from pathlib import Path
from kprov_capture.home import Home
from kprov_rdf.store import owned
with owned(Home(Path(sys.argv[1]))):
    print("owned", flush=True)
    sys.stdin.read()
"""


def test_a_merge_works_while_another_process_owns_the_store(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kprov_rdf.store.LOCK_SECONDS", 0.2)
    (tmp_path / "a.provn").write_bytes(PROVN)
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(home.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=child_environment(home.path),
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"owned\n"
        status = cli.run(["--home", str(home.path), "merge", str(tmp_path / "a.provn")])
        out, _ = capfd.readouterr()
        assert owner.stdin is not None
        owner.stdin.close()
    assert status == 0
    assert f"loaded by the next reader. The store {home.store} is in use by process" in out
    assert any("/import/" in graph for graph in stored(home))


def test_a_terminal_obeys_nothing_of_a_document_or_its_name(
    home: Home, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    named = tmp_path / "a\x1b[31m\nb.ttl"
    named.write_text("<http://e.org/\x1b[1m> <http://e.org/p> 1 .")
    broken = tmp_path / "broken.ttl"
    broken.write_text("<http://e.org/\x1b[1m> <\x1b[1m")
    run = "http://e.org/';id;'/run/01a1fd37-25db-78e6-a226-3209bddc39ad"
    quoted = tmp_path / "quoted.nq"
    quoted.write_text(f'<http://e.org/a> <http://e.org/p> "1" <{run}> .')
    files = [str(one) for one in (named, tmp_path / "none\x9b31m", broken, quoted)]
    assert cli.run(["--home", str(home.path), "merge", *files]) == 2
    out, err = capfd.readouterr()
    assert "/a\\u001b[31m\\nb.ttl: Turtle, 1 statement\n" in out
    assert "/none\\u009b31m cannot be read" in err
    assert {one for one in out + err if not one.isprintable()} == {"\n"}
    asked = next(line for line in out.splitlines() if line.startswith("Ask it: "))
    assert len(shlex.split(asked.removeprefix("Ask it: "))) == 4


def test_the_journal_of_an_import_is_kept_with_the_others(home: Home) -> None:
    done = merging.merge(home, PROVN, "a.provn")
    stored(home)
    (path,) = home.done.iterdir()
    first = gzip.decompress(path.read_bytes()).splitlines()[0].decode()
    assert first == f'# kprov journal 1 {{"import": "{done.graph}", "records": []}}'


@pytest.mark.parametrize("time", ['"soon"', '"2026-01-01T00:00:00"', "<http://e/x>"])
def test_a_merged_run_with_a_time_that_is_none_is_listed_like_others(home: Home, time: str) -> None:
    recording.record(home.path)
    run = "http://elsewhere/run/01a1fd37-25db-78e6-a226-3209bddc39ad"
    text = f"""@prefix d: <https://w3id.org/dnnprov#> . @prefix p: <http://www.w3.org/ns/prov#> .
      GRAPH <{run}> {{ <{run}#e> a d:ExecuteDataflow ; p:startedAtTime {time} .
        <{run}#t> a d:Training ; d:status "FINISHED" ; p:endedAtTime {time} .
        <{run}#d> a d:Dataflow ; d:tag "odd" }}"""
    merging.merge(home, text.encode(), "x.trig")
    for command in ("runs", "show odd", "validate", "query q1"):
        assert cli.run(["--home", str(home.path), *command.split()]) in (0, 1), command
