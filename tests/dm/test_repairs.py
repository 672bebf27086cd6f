"""Documents with the defects that real tools have: what is read, and by which rules."""

from collections.abc import Callable
from typing import Any

import pytest

from kprov_rdf.dm import provjson, provjsonld, provn, provxml
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import Document
from kprov_rdf.dm.repairs import RULES, Repairs
from tests.dm.documents import PROV, said

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
