"""What format a document is in, by its name and by what it says."""

import json

import pytest

from kprov_rdf.dm.detect import detect
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError, UnsupportedError
from tests.conftest import SHARED

WILD = SHARED / "data" / "wild"
TRIPLE = "<http://e/s> <http://e/p> <http://e/o>"
RDF = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
PROV_XML = '<prov:document xmlns:prov="http://www.w3.org/ns/prov#"/>'
PROV_JSONLD = (
    '{"@context": ["https://openprovenance.org/prov-jsonld/context.jsonld"], "@graph": []}'
)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('{"prefix": {}}', "provjson"),
        ('{"note": "x", "entity": {}}', "provjson"),
        ("{}", "provjson"),
        ('{"entity": {"http://e/x": {}}, "@context": {}}', "jsonld"),
        ('[{"@id": "http://e/s", "http://e/p": 1}]', "jsonld"),
        ('{"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": []}', "jsonld"),
        (PROV_JSONLD, "provjsonld"),
        ("\ufeff" + PROV_JSONLD, "provjsonld"),
        ("// a\n/* b * */ document\nendDocument", "provn"),
        ("prefix ex <http://e/>\nentity(ex:a)", "provn"),
        (PROV_XML, "provxml"),
        ('<?org.openprovenance.prov.xml version="1.0"?><!-- <rdf:RDF > -->' + PROV_XML, "provxml"),
        ("<document xmlns='http://www.w3.org/ns/prov#'", "provxml"),
        ("\ufeff<?xml version='1.0'?>\n" + RDF, "rdfxml"),
        ('<!DOCTYPE rdf:RDF [<!ENTITY x "[y">]>' + RDF, "rdfxml"),
        (f"{TRIPLE} .", "trig"),
        ("# a\nPREFIX : <u:> :a :b :c .", "trig"),
        ("[] a <http://e/T> .", "trig"),
        ("[ a <http://e/T> ] .", "trig"),
        (f"{{ {TRIPLE} }}", "trig"),
        (f"GRAPH <http://e/g> {{ {TRIPLE} }}", "trig"),
        (f"# first\n{TRIPLE} <http://e/g> .", "nq"),
    ],
)
@pytest.mark.parametrize("name", ["-", "x.dat"])
def test_the_content_says_the_format(text: str, form: str, name: str) -> None:
    assert detect(text.encode(), name) == form


@pytest.mark.parametrize(
    ("name", "text", "form"),
    [
        ("x.ttl", TRIPLE, "ttl"),
        ("x.TRIG", TRIPLE, "trig"),
        ("x.nt", TRIPLE, "nt"),
        ("x.nq", TRIPLE, "nq"),
        ("x.provn", TRIPLE, "provn"),
        ("x.jsonld", '{"entity": {}}', "provjson"),
        ("x.json", PROV_JSONLD, "provjsonld"),
        ("x.xml", RDF, "rdfxml"),
        ("x.rdf", PROV_XML, "provxml"),
        ("x.owl", "@prefix : <u:> . :a :b :c .", "trig"),
        ("x.xml", "document\nendDocument", "provn"),
        ("x.provx", "<prov:docu", "provxml"),
    ],
)
def test_the_suffix_says_the_format_or_leaves_it_to_the_content(
    name: str, text: str, form: str
) -> None:
    assert detect(text.encode(), name) == form


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\x89PNG\r\n", "not UTF-8"),
        (b"a\0b", "is binary"),
        (
            b"Dear reader, here is my provenance.",
            "in no format of provenance that is known.*PROV-N",
        ),
        (b'{"eventType": "START", "job": {}}', "OpenLineage's own JSON.*'kprov merge' reads it"),
        (b'{"loss": 1}', "neither PROV-JSON nor JSON-LD.*found 'loss'"),
        (b"[1, 2]", "neither PROV-JSON nor JSON-LD"),
        (b"<!DOCTYPE html><html></html>", "DOCTYPE"),
        (b"<html><body></body></html>", "neither PROV-XML nor RDF/XML: its root is html"),
        (b'<svg:svg xmlns:svg="u:"/>', "its root is svg:svg"),
        (b"{" * 1000, "more than 200 levels|no JSON"),
        (b"[" * 100_000, "more than 200 levels"),
    ],
)
def test_what_is_something_else_is_told(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        detect(data, "-")


def test_broken_json_is_malformed() -> None:
    for name in ("x.json", "-"):
        with pytest.raises(MalformedError) as caught:
            detect(b'{"prefix": 5,\n {', name)
        assert (caught.value.line, caught.value.column) == (2, 2)


# What the manifest calls them, where it is not what they are called here.
KEYS = {"provo-ttl": "ttl", "provo-nt": "nt", "provone-ttl": "ttl", "nanopub-trig": "trig"}
KEYS |= {"jsonld-rdf": "jsonld", "rocrate-jsonld": "jsonld", "provone-jsonld": "jsonld"}
KEYS |= {"provone-rdfxml": "rdfxml"}


def test_documents_of_other_tools() -> None:
    import csv

    if not (WILD / "manifest.csv").exists():
        pytest.skip("the shared data folder is not here")
    with (WILD / "manifest.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        data = (WILD.parent / row["path"]).read_bytes()
        if row["format"] in ("openlineage-json", "flowcept-json"):
            with pytest.raises(UnsupportedError, match="own JSON"):
                detect(data, row["path"])
            continue
        form = KEYS.get(row["format"], row["format"])
        assert detect(data, row["path"]) == form
        assert detect(data, "-") == ("trig" if form in ("ttl", "nt") else form)


@pytest.mark.parametrize(
    "data",
    [
        b"/**/" * 50_000 + b"x",
        b"# x\n" * 50_000 + b"x",
        b"<!--" + b"- " * 100_000,
        b"<?" + b"? " * 100_000,
        b"<a" + b" " * 200_000,
        b"<" + b"a" * 200_000,
        b"<!DOCTYPE " * 20_000,
        b'"' + b'\\"' * 100_000,
        b"<a:b> " * 50_000,
        b" " * 200_000 + b"x",
        b"prefix " * 50_000,
    ],
)
@pytest.mark.parametrize("name", ["-", "x.json", "x.xml"])
def test_what_has_no_format_is_found_out_soon(data: bytes, name: str) -> None:
    """Expressions that try every way would take longer than anybody waits."""
    try:
        assert detect(data, name) in ("trig", "provn", "provxml")
    except InputError as error:
        assert name in str(error)


def test_what_json_is_within_a_text_is_no_nesting() -> None:
    text = json.dumps({"entity": {"x": "[{" * 500 + '\\"' + "[" * 300}, "note": 1, "@id": "a:b"})
    assert detect(text.encode(), "-") == "jsonld"
    # A text goes over the end of the part that is looked at first.
    padded = '{"@id": "' + "x" * ((1 << 20) - 30) + '[[[", "a": ' + "[" * 190 + "]" * 190 + "}"
    assert detect(padded.encode(), "-") == "jsonld"
    with pytest.raises(InputError, match="200 levels"):
        detect(padded.replace('"a": [', f'"b": {"[" * 200}{"]" * 200}, "a": [').encode(), "-")
