"""Documents as they come: what an editor puts before them, and where their graphs are."""

import pyoxigraph as ox
import pytest

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
