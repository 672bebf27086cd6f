"""RDF with the defects that real tools have: what is read, and by which rules."""

import contextlib
import json
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.dm.repairs import MAX_UNDECLARED, RULES, Repairs
from kprov_rdf.errors import InputError
from kprov_rdf.exchange import mend, mend_jsonld
from kprov_rdf.exchange.scope import Scope

ESCAPED = " has characters that no IRI has; read with them escaped"
BASE = "http://own.invalid/"
FORMATS = {
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "rdfxml": ox.RdfFormat.RDF_XML,
}


def parsed(text: str, form: str, repairs: Repairs | None) -> list[ox.Quad]:
    base = None if form in ("nt", "nq") else BASE
    return mend.parsed(text.encode(), form, FORMATS[form], base, repairs)


def mended(text: str, form: str) -> tuple[list[str], list[str]]:
    """The statements, and what was repaired."""
    with pytest.raises(SyntaxError):
        parsed(text, form, None)
    repairs = Repairs(BASE, "d")
    quads = parsed(text, form, repairs)
    assert repairs.counts.keys() <= RULES.keys()
    return [str(one) for one in quads], list(repairs.told())


@pytest.mark.parametrize(
    ("form", "text", "quads", "repairs"),
    [
        (
            "ttl",
            "# Taverna\n@prefix e: <http://e/> .\n:a e:b <a>, <#c>, :c .",
            [
                f"<{BASE}#a> <http://e/b> <{BASE}a>",
                f"<{BASE}#a> <http://e/b> <{BASE}#c>",
                f"<{BASE}#a> <http://e/b> <{BASE}#c>",
            ],
            [
                "no-default-namespace: names without prefix have no namespace; read as names of the"
                " document (line 3)"
            ],
        ),
        (
            "ttl",
            '<u:a> s:name "x:y # \\" z:w"^^xsd:string, \'v:u\' ; # q:r\n my:p """\no:p""" .',
            [
                '<u:a> <http://schema.org/name> "x:y # \\" z:w"',
                '<u:a> <http://schema.org/name> "v:u"',
                f'<u:a> <{BASE}my:p> "\\no:p"',
            ],
            [
                "undeclared-prefix: 's' is not declared; read as http://schema.org/ (line 1)",
                "undeclared-prefix: 'xsd' is not declared; read as "
                "http://www.w3.org/2001/XMLSchema# (line 1)",
                "undeclared-prefix: 'my' is not declared; read as names of the document (line 2)",
            ],
        ),
        (
            "trig",
            "GRAPH e:g { e:a a e:B }\nPREFIX e: <http://e/>\ne:h { e:a e:p _:b }",
            [
                "<http://e/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://e/B> "
                "<http://e/g>",
                "<http://e/a> <http://e/p> _:b <http://e/h>",
            ],
            ["late-declaration: 'e' is declared after it is used; read as there (line 1)"],
        ),
        (
            "ttl",
            "@prefix e: <http://e/> .\ne:a/b e:p e:c=d, e:50%, e:a%20b, "
            "<http://e/a b{c}\\u0041%zz> .",
            [
                "<http://e/a/b> <http://e/p> <http://e/c=d>",
                "<http://e/a/b> <http://e/p> <http://e/50%25>",
                "<http://e/a/b> <http://e/p> <http://e/a%20b>",
                "<http://e/a/b> <http://e/p> <http://e/a%20b%7Bc%7DA%25zz>",
            ],
            [
                r"illegal-name: 'e:a/b' is no name of Turtle; read as e:a\/b (line 2)",
                r"illegal-name: 'e:c=d' is no name of Turtle; read as e:c\=d (line 2)",
                "illegal-name: 'e:50%' is no name of Turtle; read as e:50%25 (line 2)",
                r"illegal-iri: <http://e/a b{c}\u0041%zz> has characters that no IRI has; read with"
                " them escaped (line 2)",
            ],
        ),
        (
            "ttl",
            '<u:a> <u:p> "C:\\data\\new", "\\\\Users", "x"@en_US .',
            [
                '<u:a> <u:p> "C:\\\\data\\new"',
                '<u:a> <u:p> "\\\\Users"',
                '<u:a> <u:p> "x"@en-us',
            ],
            [
                'broken-text: the text "C:\\data\\new" has backslashes that escape nothing; '
                "read as they stand there (line 1)",
                "language-tag: @en_US is no tag of a language; read with - (line 1)",
            ],
        ),
        (
            "nt",
            '<u:a> <p> "<b c>" .\n<http://e/a b> <p> <u:c> .',
            [f'<u:a> <{BASE}p> "<b c>"', f"<http://e/a%20b> <{BASE}p> <u:c>"],
            [
                "relative-iri: <p> is relative; read as a name of the document (line 1)",
                "illegal-iri: <http://e/a b> has characters that no IRI has; read with them escaped"
                " (line 2)",
            ],
        ),
        (
            "ttl",
            "<http://e:port/> <u:p> <http://[e]/>, <http://e:80/> .",
            [
                f"<{BASE}http://e:port/> <u:p> <{BASE}http://%5Be%5D/>",
                f"<{BASE}http://e:port/> <u:p> <http://e:80/>",
            ],
            [
                "illegal-iri: <http://e:port/> is no legal IRI; read as a name of the document "
                "(line 1)",
                "illegal-iri: <http://[e]/> is no legal IRI; read as a name of the document "
                "(line 1)",
            ],
        ),
        (
            "nq",
            "<u:a> <u:p> <u:c> <g> .",
            [f"<u:a> <u:p> <u:c> <{BASE}g>"],
            ["relative-iri: <g> is relative; read as a name of the document (line 1)"],
        ),
    ],
)
def test_turtle_and_its_like(form: str, text: str, quads: list[str], repairs: list[str]) -> None:
    assert mended(text, form) == (quads, repairs)


XML = (
    '<?xml version="1.0"?>\n<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:e="http://e/">\n'
)


def test_rdf_xml_whose_blank_nodes_are_called_by_iris() -> None:
    """As DataONE's packages have them: the same IRI is the same blank node."""
    text = (
        f'{XML}<rdf:Description rdf:nodeID="urn:uuid:1"><e:p>rdf:nodeID="a:b"</e:p>'
        '</rdf:Description>\n<!-- rdf:nodeID="c:d" --><rdf:Description rdf:about="u:a">'
        "<e:q rdf:nodeID='urn:uuid:1'/><e:q rdf:nodeID='ok'/></rdf:Description></rdf:RDF>"
    )
    quads, repairs = mended(text, "rdfxml")
    node = quads[0].partition(" ")[0]
    assert quads == [
        f'{node} <http://e/p> "rdf:nodeID=\\"a:b\\""',
        f"<u:a> <http://e/q> {node}",
        quads[2],
    ]
    assert not quads[2].endswith(node)
    assert len(repairs) == 1
    assert repairs[0].startswith("illegal-node-id: rdf:nodeID 'urn:uuid:1' is no name of XML")
    assert repairs[0].endswith("(line 3)")


def test_rdf_xml() -> None:
    text = (
        f'{XML}<rdf:Description rdf:about="http://e/a b?c&amp;d"><f:p xml:lang="en_US">x</f:p>\n'
        '<foaf:name e:x="1 2"/></rdf:Description></rdf:RDF>'
    )
    quads, repairs = mended(text, "rdfxml")
    assert quads[0] == f'<http://e/a%20b?c&d> <{BASE}f:p> "x"@en-us'
    assert quads[2].endswith('<http://e/x> "1 2"') or quads[1].endswith('<http://e/x> "1 2"')
    assert repairs == [
        "illegal-iri: <http://e/a b?c&d> has characters that no IRI has; read with them escaped "
        "(line 3)",
        "language-tag: en_US is no tag of a language; read with - (line 3)",
        "undeclared-prefix: 'f' is not declared; read as names of the document (line 3)",
        "undeclared-prefix: 'foaf' is not declared; read as http://xmlns.com/foaf/0.1/ (line 4)",
    ]


def test_names_of_a_mended_document_are_scoped_to_it() -> None:
    scope = Scope("http://k/import/x")
    text = b"@prefix e: <http://e/> .\n:a e:p my:urn:b, <c>, <./d:e> ."
    quads = mend.parsed(text, "ttl", ox.RdfFormat.TURTLE, scope.base, Repairs(scope.base, "d"))
    names = {str(one.object) for one in scope.quads(quads)}
    assert len(names) == 3
    assert all(one.startswith("<http://k/import/x#") for one in names)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("<u:a> <u:b> .", "ttl"),
        ('<u:a> <u:b> "x', "ttl"),
        ("e:a e:b e:c", "nt"),
        ("<u:a> <u:b> :c/[ .", "ttl"),
        (f"{XML}<e:p/></rdf:RDF", "rdfxml"),
        (f"{XML}<rdf:Description about='x'/></rdf:RDF>", "rdfxml"),
    ],
)
def test_what_no_rule_mends_is_told_of_the_document(text: str, form: str) -> None:
    with pytest.raises(SyntaxError) as strict:
        parsed(text, form, None)
    with pytest.raises(SyntaxError) as lenient:
        parsed(text, form, Repairs(BASE, "d"))
    assert str(lenient.value) == str(strict.value)


TEXTS = st.text(alphabet="a:b\\\"'/<># \n%_@é")


@given(st.lists(TEXTS, min_size=1, max_size=3), st.booleans())
def test_statements_beside_a_defect_are_all_read(values: list[str], first: bool) -> None:
    quads = [
        ox.Quad(ox.NamedNode("http://e/a"), ox.NamedNode("http://e/p"), ox.Literal(value))
        for value in values
    ]
    good = (ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b"").decode()
    broken = "foo:a :p <http://e/x y> .\n"
    found = parsed(broken + good if first else good + broken, "ttl", Repairs(BASE, "d"))
    assert set(found) - set(quads) == {
        ox.Quad(
            ox.NamedNode(f"{BASE}foo:a"),
            ox.NamedNode(f"{BASE}#p"),
            ox.NamedNode("http://e/x%20y"),
        )
    }
    assert set(quads) <= set(found)


@given(st.text(alphabet="a:_\\\"'/<># \n%@.;,[](){}^é"), st.sampled_from(sorted(FORMATS)))
def test_any_text_is_read_or_refused(text: str, form: str) -> None:
    repairs = Repairs(BASE, "d")
    try:
        strict = parsed(text, form, None)
    except SyntaxError:
        with contextlib.suppress(SyntaxError):
            parsed(text, form, repairs)
    else:
        assert len(parsed(text, form, repairs)) == len(strict)
        assert not repairs.counts


MANY = 100_000


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("ttl", "".join(f"p{one}:a <u:b> <u:c> .\n" for one in range(MANY))),
        ("rdfxml", f"{XML}{''.join(f'<p{one}:a/>' for one in range(MANY))}</rdf:RDF>"),
    ],
)
def test_too_many_prefixes_are_refused(form: str, text: str) -> None:
    with pytest.raises(InputError, match=f"more than {MAX_UNDECLARED:,} prefixes"):
        parsed(text, form, Repairs(BASE, "d"))


@pytest.mark.parametrize(
    "text",
    ["<" * MANY, '"' * MANY, "'''" * MANY, "a" * MANY, "a:" * MANY, "\\" * MANY, '"\\' * MANY,
     "<!--" * MANY, "<?" * MANY, "<![CDATA[" * MANY, "'\\" * MANY,
     ":a/" * MANY, "a:b\\" * MANY, "prefix " * MANY, "<a " * MANY],
)  # fmt: skip
def test_hostile_texts_are_refused(text: str) -> None:
    for form in ("ttl", "nt"):
        with pytest.raises(SyntaxError):
            parsed(f". {text}", form, Repairs(BASE, "d"))
    with contextlib.suppress(SyntaxError):
        parsed(f'{XML}<e:a rdf:nodeID="1">{text}</e:a>', "rdfxml", Repairs(BASE, "d"))


def in_jsonld(found: Any) -> tuple[list[str], list[str]]:
    repairs = Repairs(BASE, "d")
    text = mend_jsonld.mend(found, repairs) or json.dumps(found).encode()
    quads = ox.parse(text, ox.RdfFormat.JSON_LD, base_iri=BASE)
    return sorted(map(str, quads)), list(repairs.told())


@pytest.mark.parametrize(
    ("found", "quads", "repairs"),
    [
        (
            {"@id": "a b", "s:name": "x y", "http://e/p q": {"@id": "http://e/{c}"}},
            [
                f"<{BASE}a%20b> <http://e/p%20q> <http://e/%7Bc%7D>",
                f'<{BASE}a%20b> <http://schema.org/name> "x y"',
            ],
            [
                f"illegal-iri: 'a b'{ESCAPED}",
                f"illegal-iri: 'http://e/p q'{ESCAPED}",
                f"illegal-iri: 'http://e/{{c}}'{ESCAPED}",
                "undeclared-prefix: 's' is not declared; read as http://schema.org/",
            ],
        ),
        (
            {
                "@context": {
                    "id": "@id",
                    "p": {"@id": "prov:used", "@type": "@id"},
                    "j": {"@id": "http://e/j", "@type": "@json"},
                },
                "id": "u:a",
                "p": ["http://e/x y"],
                "j": {"a b:c": "foaf:d"},
            },
            [
                '<u:a> <http://e/j> "{\\"a b:c\\":\\"foaf:d\\"}"'
                "^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>",
                "<u:a> <http://www.w3.org/ns/prov#used> <http://e/x%20y>",
            ],
            [
                f"illegal-iri: 'http://e/x y'{ESCAPED}",
                "undeclared-prefix: 'prov' is not declared; read as http://www.w3.org/ns/prov#",
            ],
        ),
        (
            {"@id": "http://e:port/", "u:p": 1},
            [f'<{BASE}http://e:port/> <u:p> "1"^^<http://www.w3.org/2001/XMLSchema#integer>'],
            ["illegal-iri: 'http://e:port/' is no legal IRI; read as a name of the document"],
        ),
        (
            [{"@id": "u:a", "u:p": [{"@value": "x", "@language": "en_US"}]}],
            ['<u:a> <u:p> "x"@en-us'],
            ["language-tag: en_US is no tag of a language; read with -"],
        ),
    ],
)
def test_json_ld(found: Any, quads: list[str], repairs: list[str]) -> None:
    assert in_jsonld(found) == (quads, repairs)


@pytest.mark.parametrize(
    "found",
    [
        {"@context": {"s": "http://e/"}, "@id": "u:a", "s:name": 1.0},
        {"@context": ["http://e/context", {}], "@id": "s:a"},
        [{"@id": "urn:a", "http://e/p": {"@id": "mailto:a@b"}}],
        3,
        [],
    ],
)
def test_json_ld_without_defects_stays_as_it_is(found: Any) -> None:
    repairs = Repairs(BASE, "d")
    assert mend_jsonld.mend(found, repairs) is None
    assert not repairs.counts
