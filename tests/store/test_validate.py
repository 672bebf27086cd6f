"""Reading what is to be validated, and runs as they really are."""

import re
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.home import Home
from kprov_rdf import ingest, runs
from kprov_rdf.errors import InputError, NotFoundError, UnsupportedError
from kprov_rdf.validate import files, shacl
from tests import recording

Triples = list[ox.Triple]


# -- files


def test_each_graph_of_a_file_is_checked_by_itself() -> None:
    text = b"<http://e/s> <http://e/p> <http://e/o> <http://e/g> .\n<http://e/s> <http://e/p> 1 .\n"
    found = files.graphs(text.replace(b" 1 ", b' "1" '), "x.nq")
    assert {name: len(triples) for name, triples in found.items()} == {"http://e/g": 1, "x.nq": 1}


def test_a_byte_order_mark_is_no_content() -> None:
    text = b"\xef\xbb\xbf<http://e/s> <http://e/p> <http://e/o> .\n"
    assert [len(triples) for triples in files.graphs(text, "x.ttl").values()] == [1]


def test_standard_input_needs_no_name() -> None:
    assert len(files.graphs(b"@prefix e: <http://e/> . e:g { e:s e:p e:o }", "-")) == 1
    assert len(files.graphs(b"<http://e/s> <http://e/p> <http://e/o> <http://e/g> .", "-")) == 1


@pytest.mark.parametrize(
    ("data", "name", "error"),
    [
        (b"<s> <p> <o> .", "x.ttl", InputError),
        (b"<http://e/s> <http://e/p>", "x.nt", InputError),
        (b"\xff\xfe", "-", InputError),
        (b"document endDocument", "x.provn", UnsupportedError),
    ],
    ids=["relative IRI", "cut short", "no text", "PROV-N"],
)
def test_what_cannot_be_read_says_so(data: bytes, name: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=re.escape(name)):
        files.graphs(data, name)


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (b"<s> <http://e/p> <http://e/o> .", "add @base"),
        (b' {"@context": {}}', "`kprov merge` it"),
        (b"PK\x03\x04\0\0", "It is binary"),
        (b"x:a x:b x:c .", "Correct it there"),
    ],
)
def test_what_cannot_be_read_is_advised_on(data: bytes, advice: str) -> None:
    with pytest.raises(InputError, match=advice):
        files.graphs(data, "-")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="cannot be read"):
        files.content(tmp_path / "none.ttl")


def test_a_run_that_crashed_is_valid(home: Home) -> None:
    run = recording.begin(home.path)
    recording.epoch(run, 0, 0.9)
    run.settle(10)
    with ingest.open_snapshot(home) as snapshot:
        (info,) = runs.listing(snapshot, snapshot.living)
        assert shacl.validate(info.iri, snapshot.graph(info.iri)) == []
    run.close()
