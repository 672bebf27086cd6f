"""Exports: what is written is what other tools read."""

import os
import warnings
from pathlib import Path

import prov.model
import pyoxigraph as ox
import pytest

from kprov_capture.home import Home
from kprov_rdf import ingest, runs
from kprov_rdf.errors import InputError, StorageError, UnsupportedError
from kprov_rdf.exchange import records, write
from tests import recording


@pytest.fixture
def store(home: Home):
    recording.record(home.path, tag='a "tag" with blanks')
    recording.record(home.path)
    with ingest.open_snapshot(home) as snapshot:
        yield snapshot, runs.listing(snapshot, snapshot.living)[1].iri


@pytest.mark.parametrize(("form", "name"), [("provn", "provn"), ("provjson", "json")])
def test_prov_reads_the_same_records(store, form: str, name: str, tmp_path: Path) -> None:
    snapshot, iri = store
    data = write.run(snapshot, iri, form)
    (tmp_path / "x").write_bytes(data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back = prov.model.ProvDocument.deserialize(source=str(tmp_path / "x"), format=name)
    made = records.document(iri, write.about(snapshot, iri), snapshot.graph(iri))
    assert back == made
    (bundle,) = back.bundles
    assert bundle.identifier.uri == iri
    assert len(list(back.get_records(prov.model.ProvEntity))) == 1


def test_every_statement_of_prov_is_a_record(store) -> None:
    snapshot, iri = store
    triples = snapshot.graph(iri)
    (bundle,) = records.document(iri, [], triples).bundles

    def relations(kind: type) -> set[tuple[str, ...]]:
        return {
            tuple(str(value.uri) for _, value in one.formal_attributes[:2] if value is not None)
            for one in bundle.get_records(kind)
        }

    def pairs(predicate: str) -> set[tuple[str, ...]]:
        term = ox.NamedNode(f"http://www.w3.org/ns/prov#{predicate}")
        return {(t.subject.value, t.object.value) for t in triples if t.predicate == term}

    for kind, predicate in (
        (prov.model.ProvUsage, "used"),
        (prov.model.ProvGeneration, "wasGeneratedBy"),
        (prov.model.ProvCommunication, "wasInformedBy"),
        (prov.model.ProvDerivation, "wasDerivedFrom"),
        (prov.model.ProvAssociation, "wasAssociatedWith"),
        (prov.model.ProvMembership, "hadMember"),
    ):
        assert relations(kind) == pairs(predicate) != set(), predicate
    (delegation,) = bundle.get_records(prov.model.ProvDelegation)
    assert all(value is not None for _, value in delegation.formal_attributes)
    assert delegation.identifier.uri == f"{iri}#delegation"
    people = [
        one
        for one in bundle.get_records(prov.model.ProvAssociation)
        if one.identifier.uri.endswith("#association-person")
    ]
    assert len(people) == 1
    assert dict(people[0].formal_attributes)[prov.model.PROV_ATTR_PLAN] is not None
    revisions = [
        one
        for one in bundle.get_records(prov.model.ProvDerivation)
        if prov.model.PROV["Revision"] in one.get_asserted_types()
    ]
    assert len(revisions) == 1


@pytest.mark.parametrize("form", ["ttl", "trig", "nq"])
def test_rdf_is_read_back_statement_by_statement(store, form: str) -> None:
    snapshot, iri = store
    data = write.run(snapshot, iri, form)
    formats = {
        "ttl": ox.RdfFormat.TURTLE,
        "trig": ox.RdfFormat.TRIG,
        "nq": ox.RdfFormat.N_QUADS,
    }
    quads = list(ox.parse(data, formats[form]))
    graph = ox.DefaultGraph() if form == "ttl" else ox.NamedNode(iri)
    assert {q.triple for q in quads if q.graph_name == graph} == set(snapshot.graph(iri))
    if form != "ttl":
        catalog = {q.triple for q in quads if q.graph_name != graph}
        assert ox.NamedNode(iri) in {t.subject for t in catalog}


def test_rdflib_reads_the_turtle(store) -> None:
    import rdflib

    snapshot, iri = store
    graph = rdflib.Graph().parse(data=write.run(snapshot, iri, "ttl"), format="turtle")
    assert len(graph) == len(snapshot.graph(iri))


def test_writing_twice_gives_the_same_text(store) -> None:
    snapshot, iri = store
    for form in write.FORMATS:
        assert write.run(snapshot, iri, form) == write.run(snapshot, iri, form)


def test_an_unknown_format_lists_the_known(store) -> None:
    with pytest.raises(InputError, match="ttl, trig, nq"):
        write.run(*store, "docx")


def test_a_blank_node_cannot_be_said_in_records() -> None:
    triple = ox.Triple(ox.BlankNode(), ox.NamedNode("http://e/p"), ox.Literal("x"))
    with pytest.raises(UnsupportedError, match="blank node"):
        records.document("http://e/run/1", [], [triple])


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.ttl"
    write.to_file(b"old", path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(write.os, "fsync", full)
    with pytest.raises(StorageError, match=r"run\.ttl cannot be written: No space"):
        write.to_file(b"new", path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(StorageError, match="cannot be written"):
        write.to_file(b"new", tmp_path / "none" / "run.ttl")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_what_is_no_file_stays_what_it_is(tmp_path: Path) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to("target")
    write.to_file(b"new", link)
    assert (link.is_symlink(), (tmp_path / "target").read_bytes()) == (True, b"new")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write.to_file(b"new", pipe)
    assert (pipe.is_fifo(), os.read(reader, 9)) == (True, b"new")
    os.close(reader)
    with pytest.raises(StorageError, match="is a device or a pipe"), write.replacing(pipe):
        pass
