"""Documents as they come: with a mark before them, cut short, hostile; and their graphs."""

import pyoxigraph as ox
import pytest

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError
from kprov_rdf.validate import inputs

PROV = "http://www.w3.org/ns/prov#"
USED = f"<http://e/a> <{PROV}used> <http://e/e>"
DOCUMENTS = {
    "x.provn": "document\nprefix e <http://e/>\nused(e:a, e:e, -)\nendDocument",
    "x.json": '{"prefix": {"e": "http://e/"},\n'
    '"used": {"_:u": {"prov:activity": "e:a", "prov:entity": "e:e"}}}',
    "x.provx": f'<document xmlns="{PROV}" xmlns:p="{PROV}" xmlns:e="http://e/">\n'
    '<used><activity p:ref="e:a"/><entity p:ref="e:e"/></used></document>',
    "x.ttl": f"# first\n{USED} .",
    "x.trig": f"{{ {USED} }}",
    "x.nt": f"# first\n{USED} .\n",
    "x.nq": f"# first\n{USED} .\n",
    "x.jsonld": f'{{"@id": "http://e/a", "{PROV}used": {{"@id": "http://e/e"}}}}',
    "x.rdf": '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    f'xmlns:p="{PROV}"><r:Description r:about="http://e/a"><p:used r:resource="http://e/e"/>'
    "</r:Description></r:RDF>",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_byte_order_mark_is_no_content(name: str) -> None:
    plain, marked = (
        inputs.read(mark + DOCUMENTS[name].encode(), name) for mark in (b"", b"\xef\xbb\xbf")
    )
    rows = marked.toplevel.rows["used"]
    assert [marked.terms.text[column[0]] for column in rows.columns[:2]] == [
        "<http://e/a>", "<http://e/e>",
    ]  # fmt: skip
    assert rows.lines == plain.toplevel.rows["used"].lines
    if plain.form in inputs.RDF:
        graphs = inputs.graphs(b"\xef\xbb\xbf" + DOCUMENTS[name].encode(), inputs.RDF[plain.form])
        assert {graph: len(triples) for graph, triples in graphs.items()} == {None: 1}


def test_graphs_go_by_their_names() -> None:
    text = f"{USED} <http://e/g> .\n{USED} _:b .\n{USED} .\n"
    found = inputs.graphs(text.encode(), ox.RdfFormat.N_QUADS)
    assert list(found) == ["http://e/g", "b", None]


@pytest.mark.parametrize("name", DOCUMENTS.keys() - {"x.nt", "x.nq"})
def test_what_is_cut_short_is_malformed(name: str) -> None:
    with pytest.raises(MalformedError) as caught:
        inputs.read(DOCUMENTS[name][:-2].encode(), name)
    assert caught.value.line


RDF = '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:p="urn:p:">'


@pytest.mark.parametrize("name", ["x.ttl", "x.trig", "x.nt", "x.nq"])
def test_a_value_that_is_too_long_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="longer than 16 MiB"):
        inputs.read(f'<u:a> <u:b> "{"a" * (1 << 24)}" .'.encode(), name)


def test_rdfxml_that_is_nested_deep_is_refused() -> None:
    with pytest.raises(InputError, match="200 levels deep"):
        inputs.read((RDF + "<r:Description><p:a>" * 100_000).encode(), "x.rdf")
