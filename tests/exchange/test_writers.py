"""The four formats of PROV-DM: what is written is what our readers and the prov package read."""

import csv
import warnings
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prov.model import ProvDocument

from kprov_capture.home import Home
from kprov_rdf import ingest, runs
from kprov_rdf.dm.model import Document
from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.exchange import records, writing
from kprov_rdf.exchange.writers import WRITERS
from kprov_rdf.store import Store
from kprov_rdf.validate import constraints, inputs
from kprov_rdf.validate.equivalence import compare
from tests import recording
from tests.conftest import SHARED
from tests.exchange.graphs import OF_PROV, READERS, graphs, quads, said

ROOT = Path(__file__).resolve().parents[2]
SUITE = SHARED / "data" / "prov-constraints"
needs_suite = pytest.mark.skipif(not SUITE.is_dir(), reason=f"there are no cases in {SUITE}")
EX = "http://example.org/"
# Literals of the type xsd:QName are names in all four formats.
BEYOND = {"w3c-verbatim/unification-association-s1-PASS-c23.ttl"}


def by_prov(data: bytes, form: str) -> ProvDocument:
    """What the prov package reads, which must warn of nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return ProvDocument.deserialize(content=data.decode(), format=OF_PROV[form])


def cases() -> Iterator[str]:
    if SUITE.is_dir():
        with (SUITE / "manifest.csv").open() as file:
            yield from (row["path"] for row in csv.DictReader(file))


@needs_suite
@pytest.mark.parametrize("form", WRITERS)
def test_each_case_of_the_w3c_is_the_same_after_it_was_written(form: str) -> None:
    read = 0
    for path in cases():
        try:
            document = inputs.read((SUITE / path).read_bytes(), path, attributes=True)
        except InputError:
            continue
        if document.malformed:
            continue
        read += 1
        text = WRITERS[form](document)
        again = READERS[form](text.data, path)
        by_prov(text.data, form)
        difference = compare(document, again)
        assert difference.valid != any(not one.valid for one in constraints.check(document)), path
        if difference.valid:
            assert difference.equivalent != (path in BEYOND), (path, difference)
        else:
            assert broken(document) == broken(again), path
    assert read > 200


def broken(document: Document) -> set[tuple[str | None, object]]:
    """Which instance breaks which constraints."""
    return {
        (one.instance, violation.constraint)
        for one in constraints.check(document)
        for violation in one.violations
    }


@pytest.fixture
def run(home: Home) -> Iterator[tuple[Store, str]]:
    recording.record(home.path, tag='a "tag" with blanks')
    with ingest.open_snapshot(home) as snapshot:
        yield snapshot, runs.listing(snapshot, snapshot.living)[0].iri


@pytest.mark.parametrize("form", WRITERS)
def test_a_run_comes_back_quad_for_quad(run: tuple[Store, str], form: str) -> None:
    store, iri = run
    catalog = f"{iri.rpartition('run/')[0]}catalog"
    expected = said({catalog: writing.about(store, iri), iri: store.graph(iri)})
    data = writing.run(store, iri, form)
    document = READERS[form](data, "x")
    assert document.notes == []
    assert said(quads(document, catalog)) == expected
    # The prov package has its own ways to write times.
    through = by_prov(data, form).serialize(format="json") or ""
    assert said(quads(READERS["provjson"](through.encode(), "x"), catalog)) == expected


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize(
    "path", [ROOT / "ontology" / "example.ttl", SHARED / "reference" / "sample-run.trig"]
)
def test_our_examples_come_back_quad_for_quad(path: Path, form: str) -> None:
    if not path.is_file():
        pytest.skip(f"there is no {path}")
    found = graphs(path.read_bytes())
    text = WRITERS[form](records.document(found, ""))
    assert text.notes == []
    assert said(quads(READERS[form](text.data, "x"))) == said(found)
    by_prov(text.data, form)


_letters = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
_local = st.text(
    st.one_of(
        st.sampled_from("ab1-._~:/?#[]@!$&'()*+,;=%é€𝄞·"),
        st.characters(min_codepoint=0xA0, exclude_categories=("Cs", "Cn", "Co", "Z", "C")),
    ),
    max_size=8,
)


def _is_iri(text: str) -> bool:
    try:
        ox.NamedNode(text)
    except ValueError:
        return False
    return True


_iris = st.builds(
    lambda space, local: space + local,
    st.sampled_from([EX, f"{EX}ns#", "urn:x:", "tag:", "http://www.w3.org/ns/prov#"]),
    _local,
).filter(_is_iri)
_terms = st.one_of(
    _iris.map(ox.NamedNode),
    _letters.map(ox.Literal),
    st.builds(lambda text, kind: ox.Literal(text, datatype=ox.NamedNode(kind)), _letters, _iris),
    st.sampled_from(["en", "en-US", "zh-Hant-TW", "de-1996", "x-own", "sl-rozaj-biske"]).map(
        lambda tag: ox.Literal("x", language=tag)
    ),
    st.sampled_from("ab").map(ox.BlankNode),
)
_anything = st.lists(
    st.builds(
        lambda one, name, other: ox.Triple(one, ox.NamedNode(name), other),
        st.one_of(_iris.map(ox.NamedNode), st.sampled_from("ab").map(ox.BlankNode)),
        st.one_of(_iris.filter(lambda iri: "/ns/prov#" not in iri), st.just(f"{EX}p")),
        _terms,
    ),
    max_size=6,
)


@pytest.mark.parametrize("form", WRITERS)
@settings(deadline=None)
@given(triples=_anything)
def test_whatever_the_names_and_values_are_they_come_back(form: str, triples) -> None:
    try:
        text = WRITERS[form](records.document({"": triples}, ""))
    except UnsupportedError as error:
        assert form == "provxml"
        assert "cannot" in str(error)
        return
    found = said(quads(READERS[form](text.data, "x")))
    assert _unlabelled(found) == _unlabelled(said({"": triples} if triples else {}))


def _unlabelled(graphs_) -> dict[str, list[tuple[str, ...]]]:
    """Without the labels of blank nodes: how many there are tells two of them apart."""
    return {
        name: sorted(tuple("_:" if part.startswith("_:") else part for part in one) for one in all_)
        for name, all_ in graphs_.items()
    }
