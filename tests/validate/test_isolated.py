"""The shapes of a user run in a child, and nothing they do reaches the process that asked."""

from pathlib import Path

import pytest

from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.validate.isolated import Limits, Shapes

PREFIXES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix e: <http://e/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
"""
DATA = "<http://e/a> <http://e/p> <http://e/b> .\n"
INTEGER = "<http://www.w3.org/2001/XMLSchema#integer>"
NODE_KIND = "e:S a sh:NodeShape ; sh:targetNode e:a ; sh:nodeKind sh:Literal ."
FORMATS = {
    "own.ttl": PREFIXES + NODE_KIND,
    "own": PREFIXES + NODE_KIND,
    "own.nt": """
        <http://e/S> <http://www.w3.org/ns/shacl#targetNode> <http://e/a> .
        <http://e/S> <http://www.w3.org/ns/shacl#nodeKind> <http://www.w3.org/ns/shacl#Literal> .
        """,
    "own.jsonld": """
        {"@context": {"sh": "http://www.w3.org/ns/shacl#"}, "@id": "http://e/S",
         "@type": "sh:NodeShape", "sh:targetNode": {"@id": "http://e/a"},
         "sh:nodeKind": {"@id": "sh:Literal"}}""",
    "own.rdf": """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
        xmlns:sh="http://www.w3.org/ns/shacl#"><sh:NodeShape rdf:about="http://e/S">
        <sh:targetNode rdf:resource="http://e/a"/>
        <sh:nodeKind rdf:resource="http://www.w3.org/ns/shacl#Literal"/></sh:NodeShape></rdf:RDF>""",
}


def query(text: str) -> bytes:
    shape = f"e:S a sh:NodeShape ; sh:targetNode e:a ; sh:sparql [ sh:select '''{text}''' ] ."
    return (PREFIXES + shape).encode()


@pytest.mark.parametrize("name", FORMATS)
def test_shapes_are_read_in_any_format_of_rdf(name: str) -> None:
    with Shapes(FORMATS[name].encode(), name) as shapes:
        (found,) = shapes.validate("g", DATA)
        assert (found.graph, found.node, found.shape) == ("g", "http://e/a", "http://e/S")
        assert found.component.endswith("#NodeKindConstraintComponent")


def test_a_child_takes_one_graph_after_the_other() -> None:
    shape = "e:S a sh:NodeShape ; sh:targetSubjectsOf e:q ; sh:nodeKind sh:Literal ."
    with Shapes((PREFIXES + shape).encode(), "own.ttl") as shapes:
        assert shapes.validate("first", DATA) == []
        assert len(shapes.validate("second", DATA.replace("/p>", "/q>"))) == 1
        assert shapes.validate("third", DATA) == []


def test_sums_in_a_query_are_read_from_the_left() -> None:
    """5 - 3 + 1 is 3; an engine that reads 5 - (3 + 1) would find nothing wrong."""
    text = (
        "SELECT $this ?value { $this <http://e/p> ?a ; <http://e/q> ?b . "
        "BIND (?a - ?b + 1 AS ?value) FILTER (?value = 3) }"
    )
    numbers = (
        f'<http://e/a> <http://e/p> "5"^^{INTEGER} .\n<http://e/a> <http://e/q> "3"^^{INTEGER} .'
    )
    with Shapes(query(text), "own.ttl") as shapes:
        (found,) = shapes.validate("g", numbers)
        assert found.value == "3"
        assert found.message == "violates SPARQLConstraintComponent"


UNSUPPORTED = {
    "JavaScript": "e:S sh:targetNode e:a ; sh:js [ sh:jsFunctionName 'f' ] .",
    "a function": "e:f a sh:SPARQLFunction .",
    "a component of one's own": "e:C a sh:ConstraintComponent .",
    "a shape in itself": "e:S sh:targetNode e:a ; sh:property [ sh:path e:p ; sh:node e:S ] .",
    "an unknown term": "e:S sh:targetNode e:a ; sh:minCnt 1 .",
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_no_engine_evaluates_is_not_passed_over(name: str) -> None:
    with pytest.raises(UnsupportedError, match=r"own\.ttl"):
        Shapes((PREFIXES + UNSUPPORTED[name]).encode(), "own.ttl")


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a0 "lol">'
    + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    + ']><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    + '<rdf:Description rdf:about="http://e/a"><x xmlns="http://e/">&a11;</x>'
    + "</rdf:Description></rdf:RDF>"
).encode()
BROKEN = {
    "cut short.ttl": (PREFIXES + NODE_KIND).encode()[:-10],
    "no text.ttl": b"\xff\xfe",
    "empty.ttl": b"",
    "text.jsonld": b"this is no JSON",
    "deep.jsonld": b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "elsewhere.jsonld": b'{"@context": "https://example.org/c.jsonld", "@id": "http://e/a"}',
    "no names.rdf": b"<rdf:RDF/>",
    "large.ttl": b"#" * 5_000_000,
    "graph.jsonld": b'{"@id": "http://e/g", "@graph": [{"@id": "http://e/a", "http://e/p": 1}]}',
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_says_what_is_wrong(name: str) -> None:
    with pytest.raises(InputError) as caught:
        Shapes(BROKEN[name], name)
    assert name in str(caught.value)


def test_entities_that_grow_without_end_take_the_memory_of_the_child_only() -> None:
    with pytest.raises(InputError, match=r"laughs\.rdf"):
        Shapes(LAUGHS, "laughs.rdf", Limits(seconds=60, memory=200 << 20))


def test_a_query_that_would_take_forever_is_ended() -> None:
    triples = " ".join(f"?a{i} ?b{i} ?c{i} ." for i in range(8))
    text = f"SELECT $this {{ {triples} $this ?p ?o FILTER (?c1 = ?c7 && ?c2 != ?c2) }}"
    data = DATA + "".join(f"<http://e/a{i}> <http://e/p> <http://e/b{i}> .\n" for i in range(300))
    with Shapes(query(text), "slow.ttl", Limits(seconds=3)) as shapes:
        with pytest.raises(InputError, match=r"slow\.ttl took longer than 3 s"):
            shapes.validate("g", data)
        with pytest.raises(InputError, match=r"slow\.ttl"):
            shapes.validate("g", DATA)  # there is no child to ask


def test_a_query_that_would_take_all_memory_is_ended() -> None:
    wide = "$0" * 32
    text = "?o"
    for _ in range(6):
        text = f'REPLACE({text}, ".", "{wide}")'
    asked = query(f"SELECT $this ?x {{ $this <http://e/p> ?o BIND ({text} AS ?x) }}")
    limits = Limits(seconds=60, memory=300 << 20)
    refused = pytest.raises(InputError, match=r"wide\.ttl needed more than 300 MiB of memory")
    with Shapes(asked, "wide.ttl", limits) as shapes, refused:
        shapes.validate("g", '<http://e/a> <http://e/p> "0123456789" .\n')


def test_what_the_engine_cannot_read_of_the_data_is_said() -> None:
    text = "SELECT $this { $this <http://e/p> ?o }"
    with Shapes(query(text), "own.ttl") as shapes:
        with pytest.raises(UnsupportedError, match="triple term"):
            shapes.validate("g", "<http://e/a> <http://e/p> <<( <x:a> <x:b> <x:c> )>> .\n")
        assert len(shapes.validate("g", DATA)) == 1


def test_a_module_in_the_working_folder_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    with Shapes((PREFIXES + NODE_KIND).encode(), "own.ttl") as shapes:
        assert len(shapes.validate("g", DATA)) == 1
