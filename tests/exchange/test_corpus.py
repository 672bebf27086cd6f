"""Real documents, written in each format of PROV-DM and read again: no statement is lost."""

from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_rdf import exchange
from kprov_rdf.exchange.reading import Document, Manner
from tests.conftest import SHARED

WILD = SHARED / "data" / "wild"
SUITE = SHARED / "data" / "prov-constraints"
FORMS = ("provn", "provjson", "provxml", "provjsonld")
# A literal of this type is no name to RDF, and one to PROV-DM: the one case has it so.
QNAME = "http://www.w3.org/2001/XMLSchema#QName"


def said(document: Document) -> set[ox.Quad]:
    """The statements; those of the toplevel, whose graph is named by the bytes, in none."""
    root = ox.NamedNode(document.root)
    return {
        ox.Quad(q.subject, q.predicate, q.object, None if q.graph_name == root else q.graph_name)
        for q in document.quads
        if not (isinstance(q.object, ox.Literal) and q.object.datatype.value == QNAME)
    }


def lost(path: Path, form: str, place: Path) -> set[ox.Quad]:
    first = exchange.read(path)
    exchange.write(first, place / "again", form)
    return said(first) - said(exchange.read(place / "again", Manner(form)))


@pytest.mark.parametrize("form", FORMS)
def test_documents_of_other_tools_say_the_same_again(form: str, tmp_path: Path) -> None:
    if not WILD.is_dir():
        pytest.skip(f"there are no documents in {WILD}")
    paths = [path for path in sorted(WILD.rglob("*")) if path.is_file() and path.suffix != ".csv"]
    assert len(paths) == 25
    assert {path.name: found for path in paths if (found := lost(path, form, tmp_path))} == {}


@pytest.mark.parametrize("form", FORMS)
def test_cases_of_the_w3c_say_the_same_again(form: str, tmp_path: Path) -> None:
    paths = sorted(SUITE.rglob("*.ttl"))
    if not paths:
        pytest.skip(f"there are no cases in {SUITE}")
    assert {path.name: found for path in paths if (found := lost(path, form, tmp_path))} == {}
