"""Exports: what is written is what other tools read."""

import os
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.home import Home
from kprov_rdf import ingest, runs
from kprov_rdf.errors import InputError, StorageError
from kprov_rdf.exchange import writing
from tests import recording


@pytest.fixture
def store(home: Home):
    recording.record(home.path, tag='a "tag" with blanks')
    recording.record(home.path)
    with ingest.open_snapshot(home) as snapshot:
        yield snapshot, runs.listing(snapshot, snapshot.living)[1].iri


@pytest.mark.parametrize("form", ["ttl", "trig", "nq"])
def test_rdf_is_read_back_statement_by_statement(store, form: str) -> None:
    snapshot, iri = store
    data = writing.run(snapshot, iri, form)
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
    graph = rdflib.Graph().parse(data=writing.run(snapshot, iri, "ttl"), format="turtle")
    assert len(graph) == len(snapshot.graph(iri))


def test_writing_twice_gives_the_same_text(store) -> None:
    snapshot, iri = store
    for form in writing.FORMATS:
        assert writing.run(snapshot, iri, form) == writing.run(snapshot, iri, form)


def test_an_unknown_format_lists_the_known(store) -> None:
    with pytest.raises(InputError, match="ttl, trig, nq"):
        writing.run(*store, "docx")


def test_a_file_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.ttl"
    writing.to_file(b"old", path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing.os, "fsync", full)
    with pytest.raises(StorageError, match=r"run\.ttl cannot be written: No space"):
        writing.to_file(b"new", path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(StorageError, match="cannot be written"):
        writing.to_file(b"new", tmp_path / "none" / "run.ttl")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
def test_what_is_no_file_stays_what_it_is(tmp_path: Path) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to("target")
    writing.to_file(b"new", link)
    assert (link.is_symlink(), (tmp_path / "target").read_bytes()) == (True, b"new")
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    writing.to_file(b"new", pipe)
    assert (pipe.is_fifo(), os.read(reader, 9)) == (True, b"new")
    os.close(reader)
    with pytest.raises(StorageError, match="is a device or a pipe"), writing.replacing(pipe):
        pass
