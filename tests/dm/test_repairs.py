"""Documents with the defects that real tools have: what is read, and by which rules."""

import contextlib
import csv
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from prov.model import ProvDocument

from kprov_rdf.dm import provjson, provjsonld, provn, provxml
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import Document
from kprov_rdf.dm.repairs import MAX_LISTED, MAX_UNDECLARED, RULES, Repairs
from kprov_rdf.errors import InputError
from tests.conftest import SHARED
from tests.dm.documents import PROV, documents, said

BASE = "http://own.invalid/"
XSD = "http://www.w3.org/2001/XMLSchema#"
PROVONE = "http://purl.dataone.org/provone/2015/01/15/ontology#"
Read = Callable[[bytes, str, Repairs | None], Document]
READERS: dict[str, Read] = {
    "provn": provn.read,
    "provjson": provjson.read,
    "provxml": provxml.read,
    "provjsonld": provjsonld.read,
}


def mended(data: str | bytes, form: str = "provn") -> tuple[list[tuple[Any, ...]], Repairs]:
    """The statements of the toplevel, and what was repaired."""
    data = data.encode() if isinstance(data, str) else data
    repairs = Repairs(BASE, "d")
    document = READERS[form](data, "d", repairs)
    with pytest.raises(MalformedError):
        READERS[form](data, "d", None)
    assert repairs.counts.keys() <= RULES.keys()
    return list(said(document).get("", {}).elements()), repairs  # type: ignore[union-attr]


def told(repairs: Repairs) -> list[str]:
    return list(repairs.told())


def entity(name: str, **pairs: str) -> tuple[Any, ...]:
    return ("entity", f"<{name}>", (), frozenset((f"<{PROV}{k}>", v) for k, v in pairs.items()))


def relation(kind: str, *arguments: str, own: str = "") -> tuple[Any, ...]:
    return kind, own, arguments, frozenset()


LATE = "late-declaration: a prefix is declared after statements; read as if before"
HEAD = "document\nprefix ex <http://e/>\n"


@pytest.mark.parametrize(
    ("body", "statements", "repairs"),
    [
        (
            "entity(s:a)",
            [entity("http://schema.org/a")],
            ["undeclared-prefix: 's' is not declared; read as http://schema.org/ (line 3)"],
        ),
        (
            "entity(ex:a) entity(\nt:a)\nentity(t:b)",
            [entity("http://e/a"), entity(f"{BASE}t:a"), entity(f"{BASE}t:b")],
            ["undeclared-prefix: 't' is not declared; read as names of the document (line 3)"],
        ),
        (
            "entity(t:a) prefix t <http://t/>\nentity(t:b) bundle ex:b prefix u <uu:v> endBundle",
            [entity("http://t/a"), entity("http://t/b")],
            [
                "late-declaration: 't' is declared elsewhere; read as there (line 3)",
                f"{LATE} (line 3)",
            ],
        ),
        (
            "entity(t:a)\nprefix t <http://t/>\nentity(t:b)",
            [entity("http://t/a"), entity("http://t/b")],
            [
                "late-declaration: 't' is declared elsewhere; read as there (line 3)",
                f"{LATE} (line 4)",
            ],
        ),
        (
            "entity(a, [type='ex:T', other=\"x\"])",
            [
                (
                    "entity",
                    f"<{BASE}a>",
                    (),
                    frozenset(
                        (
                            (f"<{PROV}type>", "<http://e/T>"),
                            (f"<{BASE}other>", f'"x"^^<{XSD}string>'),
                        )
                    ),
                )
            ],
            [
                "unprefixed-term: 'type' has no prefix; read as prov:type (line 3)",
                "no-default-namespace: names without prefix have no namespace; read as names of the"
                " document (line 3)",
            ],
        ),
        (
            "entity(ex:a, [prov:type='ex:ex:T'])",
            [entity("http://e/a", type="<http://e/T>")],
            ["doubled-prefix: 'ex:ex:T' has its prefix twice; read as ex:T (line 3)"],
        ),
        (
            "used(ex:a, ex:b (1).txt, -)\nentity(ex:b:c)",
            [
                entity("http://e/b:c"),
                relation("used", "<http://e/a>", "<http://e/b%20(1).txt>", ""),
            ],
            [
                r"illegal-name: 'ex:b (1).txt' is no name of PROV-N; read as ex:b%20\(1\).txt "
                "(line 3)",
                r"illegal-name: 'ex:b:c' is no name of PROV-N; read as ex:b\:c (line 4)",
            ],
        ),
        (
            'entity(ex:a, [prov:label="say "hi", you"])\nentity(ex:b, [prov:label="C:\\data"])',
            [
                entity("http://e/a", label=f'"say \\"hi\\", you"^^<{XSD}string>'),
                entity("http://e/b", label=f'"C:\\\\data"^^<{XSD}string>'),
            ],
            [
                "broken-text: the text of prov:label, 'say \"hi\", you', has quotes or backslashes "
                "that are not escaped; read to its last quote (line 3)",
                "broken-text: the text of prov:label, 'C:\\\\data', has quotes or backslashes that "
                "are not escaped; read to its last quote (line 4)",
            ],
        ),
        (
            "entity(ex:a, [prov:type:='ex:T'])\nentity(ex:b, [prov:type=ex:T])\n"
            "entity(ex:c, [prov:label=two words])\nentity(ex:d, [prov:value=2.50])",
            [
                entity("http://e/a", type="<http://e/T>"),
                entity("http://e/b", type="<http://e/T>"),
                entity("http://e/c", label=f'"two words"^^<{XSD}string>'),
                entity("http://e/d", value=f'"2.5"^^<{XSD}double>'),
            ],
            [
                "broken-attribute: prov:type is followed by ':='; read as '=' (line 3)",
                "broken-attribute: the value ex:T has no quotes; read as a name (line 4)",
                "broken-attribute: prov:label has the value two words without quotes; read as a "
                "text (line 5)",
                "broken-attribute: the value 2.50 has no quotes; read as a double (line 6)",
            ],
        ),
        (
            "wasAssociatedWith(ex:a, ex:b)\nwasStartedBy(ex:a, ex:e, 2012-11-16T16:05:00Z)",
            [
                relation(
                    "wasStartedBy", "<http://e/a>", "<http://e/e>", "", '"2012-11-16T16:05:00Z"'
                ),
                relation("wasAssociatedWith", "<http://e/a>", "<http://e/b>", "-"),
            ],
            [
                "argument-count: wasAssociatedWith has 2 arguments, of 3; read with '-' for the "
                "others (line 3)",
                "argument-count: wasStartedBy has 3 arguments, of 4; read with '-' for the others "
                "(line 4)",
            ],
        ),
        (
            'hadMember(ex:a, ex:b, [prov:label="x"])',
            [
                (
                    "hadMember",
                    "",
                    ("<http://e/a>", "<http://e/b>"),
                    frozenset([(f"<{PROV}label>", f'"x"^^<{XSD}string>')]),
                )
            ],
            ["attributes-kept: hadMember has no attributes in PROV-DM; read with them (line 3)"],
        ),
        (
            "used(ex:a, _:e, -) entity(_:e)",
            [("entity", "_:e", (), frozenset()), relation("used", "<http://e/a>", "_:e", "")],
            ["blank-node: '_:e' is a blank node; read as an existential variable (line 3)"],
        ),
        (
            "activity(ex:a, 1760968917, 2025-10-21)\nused(ex:a, , 2025-10-20 14:02:00+0200)",
            [
                (
                    "activity",
                    "<http://e/a>",
                    ('"2025-10-20T14:01:57Z"', '"2025-10-21T00:00:00"'),
                    frozenset(),
                ),
                relation("used", "<http://e/a>", "", '"2025-10-20T12:02:00Z"'),
            ],
            [
                "epoch-time: '1760968917' is no xsd:dateTime; read as 2025-10-20T14:01:57Z "
                "(line 3)",
                "time-format: '2025-10-21' is no xsd:dateTime; read as 2025-10-21T00:00:00 "
                "(line 3)",
                "empty-name: an argument is empty; read as left out (line 4)",
                "time-format: '2025-10-20 14:02:00+0200' is no xsd:dateTime; read as "
                "2025-10-20T14:02:00+02:00 (line 4)",
            ],
        ),
        (
            "used(<http://e/a>, 'ex:b', -)\nentity(\"ex:c\")",
            [entity("http://e/c"), relation("used", "<http://e/a>", "<http://e/b>", "")],
            [
                "illegal-name: <http://e/a> is no name of PROV-N; read as http://e/a (line 3)",
                "illegal-name: 'ex:b' is no name of PROV-N; read as ex:b (line 3)",
                "undeclared-prefix: 'http' is not declared; read as an IRI (line 3)",
                'illegal-name: "ex:c" is no name of PROV-N; read as ex:c (line 4)',
            ],
        ),
        (
            'entity(ex:a, [prov:label="x"@en_US])',
            [entity("http://e/a", label='"x"@en-us')],
            ["language-tag: @en_US is no tag of a language; read with - (line 3)"],
        ),
    ],
)
def test_prov_n(body: str, statements: list[tuple[Any, ...]], repairs: list[str]) -> None:
    found, made = mended(f"{HEAD}{body}\nendDocument")
    assert (found, told(made)) == (statements, repairs)


def test_prov_n_without_document() -> None:
    found, made = mended('prefix ex <http://e/>\n\nentity(ex:a)\nentity(ex:5_"in.txt")\n')
    assert found == [entity("http://e/a"), entity('http://e/5_"in.txt"')]
    assert made.counts == {"no-document": 1, "illegal-name": 1}
    assert made.listed[0].line == 1


def test_prov_n_with_bundles() -> None:
    """As Git2PROV writes it, with a bundle that declares a prefix of its own."""
    text = f"""{HEAD}entity(ex:file (1))
bundle ex:b
  prefix own <http://own/>
  // of one commit
  activity(own:commit, [prov:label="Fix "dead" links"])
  wasAssociatedWith(own:commit,
    ex:user)
endBundle
bundle ex:c
  entity(own:a)
endBundle
endDocument"""
    repairs = Repairs(BASE, "d")
    found = said(provn.read(text.encode(), "d", repairs))
    assert {name: {one[:3] for one in many} for name, many in found.items()} == {
        "": {("entity", "<http://e/file%20(1)>", ())},
        "http://e/b": {
            ("activity", "<http://own/commit>", ("", "")),
            ("wasAssociatedWith", "", ("<http://own/commit>", "<http://e/user>", "-")),
        },
        "http://e/c": {("entity", "<http://own/a>", ())},
    }
    assert [(one.rule, one.line) for one in repairs.listed] == [
        ("illegal-name", 3),
        ("broken-text", 7),
        ("argument-count", 8),
        ("late-declaration", 12),
    ]


def test_prov_n_that_is_cut_short_is_refused() -> None:
    for text in (f"{HEAD}entity(ex:a)", f'{HEAD}entity(5_"x")\nentity(', f"{HEAD}bundle ex:b"):
        with pytest.raises(MalformedError):
            provn.read(text.encode(), "d", Repairs(BASE, "d"))


@pytest.mark.parametrize(
    ("body", "column", "message"),
    [
        ("wasDerivedFrom(ex:a, -)", 22, "needs an entity as its second argument"),
        ("used(ex:a, ex:b, ex:c, ex:d)", 1, "takes 1 or 3 arguments"),
        ("wasInformedBy(ex:a)", 1, "needs an activity as its second argument"),
        ('entity(ex:a, [ex:b="x" ex:c="y"', 24, "',' or ']' is missing"),
        ("activity(ex:a, 12, -)", 16, "has a time there"),
        ("endBundle", 1, "is missing"),
        ('entity(5_"x") entity(ex:b)', 10, "lacks"),
        ('entity(ex:a, [ex:l="x"y"]) used(ex:b, ex:c, [ex:m="d"])', 23, "',' or ']' is missing"),
        ('entity(ex:a, [ex:l="x"y", ex:m="])', 23, "',' or ']' is missing"),
    ],
)
def test_what_no_rule_mends_is_told_of_the_document(body: str, column: int, message: str) -> None:
    repairs = Repairs(BASE, "d")
    with pytest.raises(MalformedError, match=message) as caught:
        provn.read(f'{HEAD}{body}\nentity(5_"x")\nendDocument'.encode(), "d", repairs)
    assert (caught.value.line, caught.value.column) == (3, column)


def test_extensions_are_kept_as_they_are_written() -> None:
    text = (
        f'{HEAD}hadVersion(ex:a, ex:b)\n// c\nex:f(1; {{("0", ex:c)}})\nentity(5_"x")\nendDocument'
    )
    repairs = Repairs(BASE, "d")
    document = provn.read(text.encode(), "d", repairs)
    assert document.extensions == [
        (3, "hadVersion(ex:a, ex:b)\n// c"),
        (5, 'ex:f(1; {("0", ex:c)})'),
    ]
    assert repairs.counts["unprefixed-extension"] == 1


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


@given(documents(), st.sampled_from(["json", "provn", "xml"]))
def test_documents_without_defects_are_read_the_same(written: ProvDocument, form: str) -> None:
    data = written.serialize(format=form).encode()
    read, repairs = READERS[form if form == "provn" else f"prov{form}"], Repairs(BASE, "d")
    assert said(read(data, "d", repairs)) == said(read(data, "d", None))
    assert told(repairs) == []


def suite() -> Iterator[tuple[str, Read]]:
    folder = SHARED / "data" / "prov-constraints"
    if not folder.exists():
        pytest.skip("the shared data folder is not here")
    with (folder / "manifest.csv").open() as file:
        for row in csv.DictReader(file):
            form = {"json": "provjson"}.get(row["format"], row["format"])
            if form in READERS:
                yield row["path"], READERS[form]


def test_documents_of_the_w3c_suite_are_read_the_same() -> None:
    count = 0
    for path, read in suite():
        data = (SHARED / "data" / "prov-constraints" / path).read_bytes()
        repairs = Repairs(BASE, path)
        try:
            strict: Any = said(read(data, path, None))
        except MalformedError as error:
            strict = str(error)
        try:
            lenient: Any = said(read(data, path, repairs))
        except MalformedError as error:
            lenient = str(error)
        assert (path, lenient, told(repairs)) == (path, strict, [])
        count += 1
    assert count > 200


BROKEN = [
    'entity(ex:5_"a b.txt")',
    'entity(ex:q, [ex:l="a "b" c"])',
    "wasAssociatedWith(ex:w, ex:v)",
]


@given(documents(), st.data())
def test_what_is_mended_loses_nothing_beside_it(written: ProvDocument, data: st.DataObject) -> None:
    """Statements that are broken, between lines of a document that is not."""
    lines = written.serialize(format="provn").split("\n")
    if "bundle " in "".join(lines) or any(one.count('"') % 2 for one in lines):
        return  # there a line may be part of a statement
    strict = said(provn.read("\n".join(lines).encode(), "d")).get("", {})
    broken = data.draw(st.lists(st.sampled_from(BROKEN), min_size=1))
    first = next(at for at, one in enumerate(lines) if one.strip() == "endDocument")
    for one in broken:
        lines.insert(first, one)
    lines.insert(1, "prefix ex <http://example.org/>")
    found = said(provn.read("\n".join(lines).encode(), "d", Repairs(BASE, "d")))[""]
    assert sum(found.values()) == sum(strict.values()) + len(broken)  # type: ignore[attr-defined]
    assert all(found[one] >= count for one, count in strict.items())


MANY = 100_000


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("provn", "document " + " ".join(f"entity(p{one}:a)" for one in range(MANY))),
        ("provjson", json.dumps({"entity": {f"p{one}:a": {} for one in range(MANY)}})),
        (
            "provxml",
            f"{XML}{''.join(f'<prov:other><p{one}:a/></prov:other>' for one in range(MANY))}"
            "</prov:document>",
        ),
    ],
)
def test_too_many_prefixes_are_refused(form: str, text: str) -> None:
    with pytest.raises(InputError, match=f"more than {MAX_UNDECLARED:,} prefixes"):
        READERS[form](text.encode(), "d", Repairs(BASE, "d"))


def test_many_repairs_are_counted() -> None:
    body = "\n".join(f'entity(5_"{one}", [prov:label=""x""])' for one in range(20_000))
    repairs = Repairs(BASE, "d")
    document = provn.read(f"{HEAD}default <http://d/>\n{body}\nendDocument".encode(), "d", repairs)
    assert len(document.toplevel) == 20_000
    assert repairs.counts == {"illegal-name": 20_000, "broken-text": 20_000}
    assert len(repairs.listed) == MAX_LISTED
    assert told(repairs)[-1] == "illegal-name: 19,850 more"


HOSTILE = {
    "comments": 'entity(5_"a")\n' + "entity(a, [b=/* ,\n" * MANY,
    "strings": 'entity(5_"a")\n' + 'entity(a, [b="""\n' * MANY,
    "one line": 'entity(5_"' + 'a", ' * MANY,
    "attributes": f'entity(a, [b="{"c, d=" * MANY}"])',
    "blanks": f"entity(a{' ' * MANY}b{' ' * MANY}c, [d=e{' ' * MANY}f])",
    "brackets": f"entity({'([{' * MANY})",
    "keys": f'entity(5_"a", [{"b" * MANY}{",b" * MANY}])',
    "starts": "entity\n" * MANY,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_hostile_documents_are_read_or_refused(body: str) -> None:
    try:
        provn.read(body.encode(), "d", Repairs(BASE, "d"))
    except InputError as error:
        assert len(str(error)) < 500


@given(st.text(alphabet="ae:_5\"'\\ ,;=()[]{}%-.\n/*"), st.sampled_from(["", HEAD]))
@example('entity(a, [b="""])', "")
@example("entity(a, [b=c\\])", HEAD)
def test_any_text_is_read_or_refused(text: str, head: str) -> None:
    for body in (text, f"entity({text})", f"entity(a, [b={text}])\nentity(c)"):
        with contextlib.suppress(InputError):
            provn.read(f"{head}{body}\nendDocument".encode(), "d", Repairs(BASE, "d"))


VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=5,
)
KINDS = st.sampled_from(["entity", "used", "program", "hasInPort", "hadMember", "wasPartOf"])


@given(st.dictionaries(KINDS, st.dictionaries(st.text(max_size=4), VALUES, max_size=2)))
def test_any_json_is_read_or_refused(found: dict[str, Any]) -> None:
    with contextlib.suppress(InputError):
        provjson.read(json.dumps(found).encode(), "d", Repairs(BASE, "d"))
