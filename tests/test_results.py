"""The result formats of SPARQL, read back by parsers of other makes."""

import io
import json
from xml.etree import ElementTree

import pyoxigraph as ox
import pytest

from kprov_rdf import results, tables
from kprov_rdf.tables import printable

XSD = "http://www.w3.org/2001/XMLSchema#"
TERMS: list[ox.NamedNode | ox.BlankNode | ox.Literal] = [
    ox.NamedNode("http://e/x?a=1&b=<"[:-1]),
    ox.BlankNode("b1"),
    ox.Literal("plain"),
    ox.Literal(""),
    ox.Literal("<&>\"'\t\n ]]> \U0001f600"),
    ox.Literal("line\rend\r\n."),
    ox.Literal("bonjour", language="fr-ca"),
    ox.Literal("1.5", datatype=ox.NamedNode(f"{XSD}double")),
    ox.Literal("x", datatype=ox.NamedNode("http://e.org/t#string")),
]


def written(form: str, rows: list[list[results.Term]], columns: list[str]) -> str:
    out = io.StringIO()
    results.write(columns, rows, form, out)
    return out.getvalue()


@pytest.mark.parametrize("form", ["json", "xml", "tsv"])
@pytest.mark.parametrize("term", TERMS, ids=repr)
def test_a_term_comes_back(form: str, term: ox.NamedNode | ox.BlankNode | ox.Literal) -> None:
    text = written(form, [[term, None], [None, term]], ["a", "b"])
    kind = {"json": ox.QueryResultsFormat.JSON, "xml": ox.QueryResultsFormat.XML}.get(
        form, ox.QueryResultsFormat.TSV
    )
    rows = list(ox.parse_query_results(text.encode(), kind))
    assert [[row["a"], row["b"]] for row in rows] == [[term, None], [None, term]]


def test_text_that_xml_cannot_hold_leaves_xml() -> None:
    text = written("xml", [[ox.Literal("a\x01b\ufffe")]], ["x"])
    assert "a\ufffdb\ufffd" in "".join(ElementTree.fromstring(text).itertext())


@pytest.mark.parametrize("form", results.FORMATS)
def test_no_rows_and_no_columns_are_answers_too(form: str) -> None:
    for rows, columns in (([], ["a"]), ([[]], []), ([], [])):
        text = written(form, rows, columns)
        if form == "json":
            assert len(json.loads(text)["results"]["bindings"]) == len(rows)
        if form == "xml":
            assert text.count("<result>") == len(rows)
            ElementTree.fromstring(text)


def test_terms_of_rdf_1_2_are_what_they_are() -> None:
    triple = ox.Triple(ox.NamedNode("http://e/s"), ox.NamedNode("http://e/p"), ox.Literal("o"))
    direction = ox.Literal("a", language="en", direction=ox.BaseDirection.LTR)
    found = json.loads(written("json", [[triple, direction]], ["t", "d"]))
    (row,) = found["results"]["bindings"]
    assert row["t"]["type"] == "triple"
    assert row["t"]["value"]["object"] == {"type": "literal", "value": "o"}
    assert row["d"] == {"type": "literal", "value": "a", "xml:lang": "en", "its:dir": "ltr"}
    root = ElementTree.fromstring(written("xml", [[triple, direction]], ["t", "d"]))
    assert root.find(".//{*}triple/{*}subject/{*}uri").text == "http://e/s"  # type: ignore[union-attr]


def test_nothing_that_a_terminal_would_obey_is_printed() -> None:
    assert printable("\x1b]0;pwn\x07\x1b[2J \u202e ok\tü\n") == (
        "\\u001b]0;pwn\\u0007\\u001b[2J \\u202e ok\tü\n"
    )


def test_a_table_shortens_the_iris_that_can_be_typed_so() -> None:
    run = "http://example.org/run/01a200e5-88cf-7243-a695-e8acd1394572"
    for iri, told in (
        (run, "d1394572"),
        (f"{run}#testing-1-metrics", "d1394572#testing-1-metrics"),
        ("https://w3id.org/dnnprov#valLoss", "dnnprov:valLoss"),
        ("https://w3id.org/dnnprov#", "https://w3id.org/dnnprov#"),
        ("http://www.w3.org/ns/prov#a/b", "http://www.w3.org/ns/prov#a/b"),
        (f"{run}#a b", f"{run}#a b"),
        ("http://example.org/metric/top3", "http://example.org/metric/top3"),
    ):
        assert tables.brief(iri) == told
    assert tables.cell(ox.Literal(run)) == run
