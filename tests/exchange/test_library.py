"""The library call: reading a document, and writing it in another format."""

from pathlib import Path

import prov.model
import pyoxigraph as ox
import pytest

from kprov_rdf import exchange
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.reading import Document, Manner

TEXT = """document
  prefix e <http://e.org/>
  entity(e:model, [prov:label="a model"])
  bundle e:b
    activity(e:training, 2026-01-02T03:04:05Z, -)
    used(e:training, e:data, -)
  endBundle
endDocument
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "a.provn"
    path.write_text(TEXT)
    return path


@pytest.mark.parametrize("name", ["b.json", "b.xml", "b.provn", "b.trig", "b.nq", "b.jsonld"])
def test_what_is_read_is_written_in_another_format(document: Path, name: str) -> None:
    first = exchange.read(document)
    assert (first.form.label, first.records) == ("PROV-N", 3)
    other = document.with_name(name)
    assert exchange.write(first, other) == ()
    second = exchange.read(other)

    def apart(found: Document) -> set[str]:
        """Without the hash of the document, which is in the names of its graphs."""
        return {str(quad).replace(found.root, "") for quad in found.quads}

    labels = {one.replace("b#", "b") for one in apart(first)}
    assert {one.replace("b#", "b") for one in apart(second)} >= {
        one for one in labels if "e.org/b" not in one
    }
    assert len(list(second.quads)) == len(list(first.quads))


def test_prov_gets_the_records_and_the_bundle(document: Path) -> None:
    found = exchange.to_prov(exchange.read(document))
    (bundle,) = found.bundles
    assert len(list(found.get_records(prov.model.ProvEntity))) == 1
    assert {type(one).__name__ for one in bundle.get_records()} == {"ProvActivity", "ProvUsage"}


def test_statements_that_nothing_was_read_of_are_written_too(tmp_path: Path) -> None:
    entity = ox.NamedNode("http://www.w3.org/ns/prov#Entity")
    kind = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
    quads = [ox.Quad(ox.NamedNode("http://e.org/x"), kind, entity)]
    exchange.write(quads, tmp_path / "x.provn")
    assert "entity(" in (tmp_path / "x.provn").read_text()
    exchange.write(quads, tmp_path / "x.data", "nq")
    assert (tmp_path / "x.data").read_text() == f"{quads[0]} .\n"


def test_a_format_that_is_not_there_and_a_defect_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not say a format; give one of ttl, trig"):
        exchange.write([], tmp_path / "x.docx")
    assert not list(tmp_path.iterdir())
    (tmp_path / "x.provn").write_text("entity(e:x)")
    assert exchange.read(tmp_path / "x.provn").repairs
    with pytest.raises(InputError, match=r"has defects: .*without --strict"):
        exchange.read(tmp_path / "x.provn", Manner(strict=True))
