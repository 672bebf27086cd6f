"""Repairs of PROV-JSON, PROV-XML and PROV-JSONLD, and of times."""

import json
from typing import Any

import pytest

from kprov_rdf.dm import provjson
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.repairs import Repairs
from tests.dm.documents import PROV, said
from tests.dm.test_repairs import BASE, PROVONE, XSD, entity, mended, relation, told


def in_json(**kinds: Any) -> bytes:
    return json.dumps({"prefix": {"e": "http://e/"}, **kinds}, indent=1).encode()


@pytest.mark.parametrize(
    ("data", "statements", "repairs"),
    [
        (
            in_json(entity={"foaf:a": {}, "mailto:a@b": {}, "t:a": {}}),
            [
                entity("http://xmlns.com/foaf/0.1/a"),
                entity("mailto:a@b"),
                entity(f"{BASE}t:a"),
            ],
            [
                "undeclared-prefix: 'foaf' is not declared; read as http://xmlns.com/foaf/0.1/ "
                "(line 6)",
                "undeclared-prefix: 'mailto' is not declared; read as an IRI (line 7)",
                "undeclared-prefix: 't' is not declared; read as names of the document (line 8)",
            ],
        ),
        (
            in_json(entity={"a b": {"type": "x"}}),
            [entity(f"{BASE}a b", type=f'"x"^^<{XSD}string>')],
            [
                "unprefixed-term: 'type' has no prefix; read as prov:type (line 6)",
                "illegal-name: 'a b' has characters that no name has; read with them escaped "
                "(line 6)",
                "no-default-namespace: names without prefix have no namespace; read as names of the"
                " document (line 6)",
            ],
        ),
        (
            in_json(
                activity={"e:a": {"prov:startTime": 1760968917.5, "prov:endTime": "1760968918000"}}
            ),
            [
                (
                    "activity",
                    "<http://e/a>",
                    ('"2025-10-20T14:01:57.5Z"', '"2025-10-20T14:01:58Z"'),
                    frozenset(),
                )
            ],
            [
                "epoch-time: '1760968917.5' is no xsd:dateTime; read as 2025-10-20T14:01:57.5Z "
                "(line 6)",
                "epoch-time: '1760968918000' is no xsd:dateTime; read as 2025-10-20T14:01:58Z "
                "(line 6)",
            ],
        ),
        (
            in_json(used={"e:u": {"prov:activity": "e:a", "prov:entity": "", "prov:time": ""}}),
            [relation("used", "<http://e/a>", "", "", own="<http://e/u>")],
            [
                "empty-name: prov:entity is empty; read as left out (line 6)",
                "empty-name: prov:time is empty; read as left out (line 6)",
            ],
        ),
    ],
)
def test_prov_json(data: bytes, statements: list[tuple[Any, ...]], repairs: list[str]) -> None:
    found, made = mended(data, "provjson")
    assert (found, told(made)) == (statements, repairs)


def test_namespaces_that_are_words_are_the_documents_own() -> None:
    """As yProv4ML declares them; a reader that mends nothing takes them as they are."""
    prefixes = {"context": "context", "ml": "ml/", "xsd_1": XSD[:-1], "default": "exp 0"}
    data = in_json(prefix=prefixes, entity={"ml:a": {}, "context:b": {}, "in put": {}})
    repairs = Repairs(BASE, "d")
    document = provjson.read(data, "d", repairs)
    names = [f"{BASE}ml/a", f"{BASE}context:b", f"{BASE}exp 0:in put"]
    assert list(said(document)[""].elements()) == [entity(name) for name in names]
    assert repairs.counts == {"relative-namespace": 3, "xsd-namespace": 1, "illegal-name": 1}


def test_kinds_of_provone() -> None:
    found, made = mended(
        in_json(
            program={"e:p": {"prov:label": ["p"]}},
            port={"e:in": {}},
            hasInPort={"_:n1": {"provone:program": "e:p", "provone:port": "e:in"}},
            hadInPort={"_:n2": {"prov:usage": "e:u", "provone:port": "e:in"}},
            execution={"e:x": {"prov:endTime": "2023-08-21T05:44:05Z"}},
            wasPartOf={"_:n3": {"provone:child": "e:x", "provone:parent": "e:y", "e:n": 1}},
            user={"e:f": {}},
            used={"e:u": {"prov:activity": "e:x", "prov:entity": "e:d"}},
        ),
        "provjson",
    )
    attributes = {(one[0], one[1]): set() for one in found}
    for kind, name, _, pairs in found:
        attributes[kind, name] |= pairs
    assert attributes == {
        ("entity", "<http://e/p>"): {
            (f"<{PROV}type>", f"<{PROVONE}Program>"),
            (f"<{PROV}label>", f'"p"^^<{XSD}string>'),
            (f"<{PROVONE}hasInPort>", "<http://e/in>"),
        },
        ("entity", "<http://e/in>"): {(f"<{PROV}type>", f"<{PROVONE}Port>")},
        ("activity", "<http://e/x>"): {
            (f"<{PROV}type>", f"<{PROVONE}Execution>"),
            (f"<{PROVONE}wasPartOf>", "<http://e/y>"),
            ("<http://e/n>", f'"1"^^<{XSD}int>'),
        },
        ("agent", "<http://e/f>"): {(f"<{PROV}type>", f"<{PROVONE}User>")},
        ("used", "<http://e/u>"): {(f"<{PROVONE}hadInPort>", "<http://e/in>")},
    }
    assert made.counts == {"provone-kind": 7}
    with pytest.raises(MalformedError, match="In hasInPort, there is no port"):
        provjson.read(in_json(hasInPort={"_:n": {"program": "e:p"}}), "d", Repairs(BASE, "d"))


def test_keys_that_are_there_twice_are_refused() -> None:
    data = b'{"prefix": {"e": "http://e/"}, "entity": {"e:a": {"e:b": 1, "e:b": 2}}}'
    with pytest.raises(MalformedError, match="twice"):
        provjson.read(data, "d", Repairs(BASE, "d"))


XML = '<prov:document xmlns:prov="http://www.w3.org/ns/prov#" xmlns:e="http://e/">\n'


def test_prov_xml() -> None:
    found, made = mended(
        f"{XML}<prov:entity prov:id='e:a'>\n<dct:title>t</dct:title></prov:entity>"
        "<prov:entity prov:id='b'><prov:type xsi:type='xsd:QName'>t:T</prov:type></prov:entity>\n"
        "<prov:activity prov:id='e:c'><prov:startTime>2012-01-02</prov:startTime></prov:activity>"
        "</prov:document>",
        "provxml",
    )
    assert [one[:3] for one in found] == [
        ("entity", "<http://e/a>", ()),
        ("entity", f"<{BASE}b>", ()),
        ("activity", "<http://e/c>", ('"2012-01-02T00:00:00"', "")),
    ]
    assert found[0][3] == {("<http://purl.org/dc/terms/title>", f'"t"^^<{XSD}string>')}
    assert found[1][3] == {(f"<{PROV}type>", f"<{BASE}t:T>")}
    assert [(one.rule, one.line) for one in made.listed] == [
        ("undeclared-prefix", 3),
        ("undeclared-prefix", 3),
        ("no-default-namespace", 3),
        ("undeclared-prefix", 3),
        ("time-format", 4),
    ]


def test_prov_xml_whose_prefix_is_declared_elsewhere() -> None:
    found, made = mended(
        f"{XML}<prov:entity prov:id='e:a'><f:t/></prov:entity>"
        "<prov:entity prov:id='e:b' xmlns:f='http://f/?a&amp;b'/></prov:document>",
        "provxml",
    )
    assert found[0][3] == {("<http://f/?a&bt>", f'""^^<{XSD}string>')}
    assert told(made) == ["late-declaration: 'f' is declared elsewhere; read as there (line 2)"]


def test_prov_jsonld() -> None:
    context = [{"e": "http://e/"}, "https://openprovenance.org/prov-jsonld/context.jsonld"]
    graph = [
        {"@type": "Entity", "@id": "s:a"},
        {"@type": "Activity", "@id": "e:b", "startTime": 1760968917},
    ]
    data = json.dumps({"@context": context, "@graph": graph}, indent=1)
    found, made = mended(data, "provjsonld")
    assert [one[1:3] for one in found] == [
        ("<http://schema.org/a>", ()),
        ("<http://e/b>", ('"2025-10-20T14:01:57Z"', "")),
    ]
    assert [(one.rule, one.line) for one in made.listed] == [
        ("undeclared-prefix", 9),
        ("epoch-time", 13),
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1760968917", "2025-10-20T14:01:57Z"),
        ("1760968917.1833634", "2025-10-20T14:01:57.1833634Z"),
        ("1.760968917e9", "2025-10-20T14:01:57Z"),
        ("1760968917183", "2025-10-20T14:01:57.183Z"),
        ("1760968917183363", "2025-10-20T14:01:57.183363Z"),
        ("1760968917183363400", "2025-10-20T14:01:57.1833634Z"),
        ("2012-11-16", "2012-11-16T00:00:00"),
        ("2012-11-16 16:05", "2012-11-16T16:05:00"),
        ("2012-11-16T16:05:00,5+0200", "2012-11-16T16:05:00.5+02:00"),
        ("20121116T160500Z", "2012-11-16T16:05:00Z"),
        ("2012-11-16 16:05:00 UTC", "2012-11-16T16:05:00Z"),
        ("2012-11-31", None),
        ("31/12/2012", None),
        ("12.5", None),
        ("-1760968917", None),
        ("9" * 40, None),
        ("1e99", None),
        ("", None),
    ],
)
def test_times(written: str, meant: str | None) -> None:
    repairs = Repairs(BASE, "d")
    assert repairs.time(written) == meant
    assert len(repairs.listed) == (meant is not None)
