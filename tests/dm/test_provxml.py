"""PROV-XML: what is read, what is malformed, and what is refused."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from prov.model import ProvDocument

from kprov_rdf.dm import detect, provxml
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError, UnsupportedError
from tests.conftest import SHARED
from tests.dm.documents import EX, PROV, documents, expected, said

SUITE = SHARED / "data" / "prov-constraints"
WILD = SHARED / "data" / "wild"
XSD = "http://www.w3.org/2001/XMLSchema"


def document(content: str) -> bytes:
    return (
        f'<prov:document xmlns:prov="{PROV}" xmlns:ex="{EX}" xmlns:xsd="{XSD}" '
        f'xmlns:xsi="{XSD}-instance">\n{content}\n</prov:document>'
    ).encode()


def statements(content: str) -> list[tuple[Any, ...]]:
    return list(said(provxml.read(document(content), "x.xml"))[""].elements())


@given(documents())
def test_what_the_prov_package_writes_is_read_as_it_is_meant(given: ProvDocument) -> None:
    text = given.serialize(format="xml")
    assert said(provxml.read(text.encode(), "x.xml")) == expected(given)


def suite() -> Iterator[dict[str, str]]:
    if (SUITE / "manifest.csv").exists():
        with (SUITE / "manifest.csv").open() as file:
            yield from (row for row in csv.DictReader(file) if row["format"] == "provxml")


def test_the_documents_of_the_w3c_suite() -> None:
    """Those that lack an argument are malformed; the others say what prov reads."""
    rows = list(suite())
    if not rows:
        pytest.skip("the shared data folder is not here")
    lacking = set()
    for row in rows:
        data = (SUITE / row["path"]).read_bytes()
        assert detect.detect(data, row["path"]) == detect.detect(data, "-") == "provxml"
        try:
            found = provxml.read(data, row["path"])
        except MalformedError as error:
            assert error.line > 1
            lacking.add(row["path"])
            continue
        assert said(found) == expected(ProvDocument.deserialize(io.BytesIO(data), format="xml"))
        assert found.notes == []
        twin = (SUITE / row["path"]).with_suffix(".provn")
        if twin.exists():
            assert said(found) == expected(ProvDocument.deserialize(twin, format="provn"))
    assert lacking == {row["path"] for row in rows if row["constraint"] == "DM"}
    assert len(lacking) >= 5


def test_a_document_of_cwlprov_says_the_same_as_its_twin_in_json() -> None:
    path = WILD / "cwlprov" / "revsort-primary.cwlprov.xml"
    if not path.exists():
        pytest.skip("the shared data folder is not here")
    twin = ProvDocument.deserialize(path.with_suffix(".json"), format="json")
    assert said(provxml.read(path.read_bytes(), path.name)) == expected(twin)


TYPE = f"<{PROV}type>"


@pytest.mark.parametrize(
    ("content", "kind", "special"),
    [
        ('<prov:plan prov:id="ex:a"/>', "entity", f"<{PROV}Plan>"),
        ('<prov:emptyCollection prov:id="ex:a"/>', "entity", f"<{PROV}EmptyCollection>"),
        ('<prov:bundle prov:id="ex:a"/>', "entity", f"<{PROV}Bundle>"),
        ('<prov:person prov:id="ex:a"/>', "agent", f"<{PROV}Person>"),
        ('<prov:entity prov:id="ex:a" xsi:type="ex:T"/>', "entity", f"<{EX}T>"),
        (
            '<prov:wasRevisionOf prov:id="ex:a"><prov:generatedEntity prov:ref="ex:b"/>'
            '<prov:usedEntity prov:ref="ex:c"/></prov:wasRevisionOf>',
            "wasDerivedFrom",
            f"<{PROV}Revision>",
        ),
    ],
)
def test_elements_that_say_a_type(content: str, kind: str, special: str) -> None:
    ((found, identifier, _, pairs),) = statements(content)
    assert (found, identifier, pairs) == (kind, f"<{EX}a>", {(TYPE, special)})


@pytest.mark.parametrize(
    ("content", "name", "term"),
    [
        ("<ex:k>a b </ex:k>", f"<{EX}k>", f'"a b "^^<{XSD}#string>'),
        ("<ex:k/>", f"<{EX}k>", f'""^^<{XSD}#string>'),
        ('<ex:k xml:lang="EN">a</ex:k>', f"<{EX}k>", '"a"@en'),
        ('<ex:k xsi:type="xsd:int">05</ex:k>', f"<{EX}k>", f'"5"^^<{XSD}#int>'),
        ('<prov:type xsi:type="xsd:QName"> ex:T </prov:type>', TYPE, f"<{EX}T>"),
        ('<prov:type xsi:type="prov:QUALIFIED_NAME">ex:T</prov:type>', TYPE, f"<{EX}T>"),
        ("<prov:type>prov:Plan</prov:type>", TYPE, f'"prov:Plan"^^<{XSD}#string>'),
        ('<f:k xmlns:f="f#" xsi:type="f:t">a</f:k>', "<f#k>", '"a"^^<f#t>'),
        ('<k xmlns="d#" xsi:type="xsd:QName">a</k>', "<d#k>", "<d#a>"),
        ("<k>a<!-- b -->c<![CDATA[<]]></k>", "<k>", f'"ac<"^^<{XSD}#string>'),
        ("<ex:k>a<b>c</b></ex:k>", f"<{EX}k>", f'"ac"^^<{XSD}#string>'),
    ],
)
def test_values(content: str, name: str, term: str) -> None:
    ((_, _, _, pairs),) = statements(f'<prov:entity prov:id="ex:a">{content}</prov:entity>')
    assert pairs == {(name, term)}


def test_namespaces_hold_where_they_are_declared() -> None:
    inner = '<prov:entity xmlns:ex="other#" prov:id="ex:a"/>'
    names = [one[1] for one in statements(inner + '<prov:entity prov:id="ex:a"/>')]
    assert sorted(names) == [f"<{EX}a>", "<other#a>"]
    blank = '<prov:entity prov:id="_:a"/><prov:entity xmlns:_="u#" prov:id="_:a"/>'
    assert sorted(one[1] for one in statements(blank)) == ["<u#a>", "_:a"]


MEMBER = "<prov:hadMember>{}</prov:hadMember>"


@pytest.mark.parametrize(
    "content",
    [
        '<prov:entity prov:ref="ex:a"/><prov:entity prov:ref="ex:b"/>',
        '<prov:entity><prov:entity prov:ref="ex:a"/></prov:entity><prov:entity>ex:b</prov:entity>',
    ],
)
def test_members(content: str) -> None:
    found = statements(MEMBER.format(f'<prov:collection prov:ref="ex:c"/>{content}'))
    assert {one[2] for one in found} == {(f"<{EX}c>", f"<{EX}a>"), (f"<{EX}c>", f"<{EX}b>")}


@pytest.mark.parametrize("name", ["bundleContent", "bundle"])
def test_bundles_by_the_note_and_as_provtoolbox_writes_them(name: str) -> None:
    content = '<prov:entity prov:id="ex:a"/><prov:agent prov:id="ex:g"/>'
    found = provxml.read(
        document(
            f'<prov:{name} prov:id="ex:b">{content}</prov:{name}>\n<prov:agent prov:id="ex:z"/>'
        ),
        "x.xml",
    )
    kinds = {key: {(one[0], one[1]) for one in many} for key, many in said(found).items()}
    assert kinds == {
        "": {("agent", f"<{EX}z>")},
        f"{EX}b": {("entity", f"<{EX}a>"), ("agent", f"<{EX}g>")},
    }
    assert found.toplevel.rows["agent"].lines == [3]


def test_what_is_no_part_of_the_data_model_is_told() -> None:
    found = provxml.read(
        document(
            '<prov:other><prov:entity prov:id="ex:no"/></prov:other><ex:mine/>'
            "<prov:hadDictionaryMember><prov:dictionary/></prov:hadDictionaryMember>"
            '<prov:alternateOf prov:id="ex:x"><prov:alternate1 prov:ref="ex:a"/>'
            '<prov:alternate2 prov:ref="ex:b"/></prov:alternateOf>'
        ),
        "x.xml",
    )
    assert len(found.toplevel) == len(found.toplevel.rows["alternateOf"]) == 1
    assert [note.partition(" ")[0] for note in found.notes] == ["1", "1", "2"]


USED = "<prov:used>{}</prov:used>"
MALFORMED = [
    (USED.format('<prov:entity prov:ref="ex:e"/>'), "used has no activity.*Add prov:activity"),
    (USED.format("<prov:activity/>"), "prov:activity refers to nothing"),
    (USED.format('<prov:activity prov:ref="ex:a"/>' * 2), "has prov:activity twice"),
    (USED.format('<prov:activity prov:ref="u:a"/>'), "In prov:used, the prefix 'u' .* xmlns:u="),
    (USED.format("<prov:time>noon</prov:time>"), "In prov:used, 'noon' is no xsd:dateTime"),
    (USED.format("<prov:time/>"), "no xsd:dateTime"),
    ("<prov:entity/>", "prov:entity has no prov:id"),
    ('<prov:entity prov:id="u:a"/>', "prefix 'u'"),
    ('<prov:entity prov:id="ex:a"><k xsi:type="u:t"/></prov:entity>', "prefix 'u'"),
    ('<prov:entity prov:id="ex:a"><k xsi:type="xsd:QName"/></prov:entity>', "a name is empty"),
    ("<prov:program/>", "prov:program is no element of PROV-XML"),
    ("<prov:bundleContent/>", "no prov:id"),
    (
        '<prov:bundleContent prov:id="ex:b">\n<prov:bundleContent prov:id="ex:c"/>'
        "</prov:bundleContent>",
        "x.xml:3:1: The bundle 'ex:c' is in another",
    ),
    ("<prov:entity", "no XML"),
    ('<prov:entity prov:id="ex:a">', "no XML: mismatched tag"),
    ("<u:k/>", "no XML: unbound prefix"),
    ("&x;", "no XML: undefined entity"),
]


@pytest.mark.parametrize(("content", "message"), MALFORMED)
def test_a_malformed_document(content: str, message: str) -> None:
    with pytest.raises(MalformedError, match=message) as caught:
        provxml.read(document(content), "x.xml")
    assert caught.value.line >= 2


def test_lines_are_those_of_the_elements_beyond_the_first_65535() -> None:
    many = 70_000
    found = provxml.read(document('<prov:entity prov:id="ex:a"/>\n' * many), "x.xml")
    assert found.toplevel.rows["entity"].lines == list(range(2, many + 2))
    with pytest.raises(MalformedError) as caught:
        provxml.read(document("\n" * many + "<prov:entity/>"), "x.xml")
    assert caught.value.line == many + 2


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (LAUGHS.encode() + document("<ex:k>&b;</ex:k>"), "DOCTYPE"),
        (document(LAUGHS), "DOCTYPE"),
        (LAUGHS.encode("utf-16"), "not UTF-8"),
        (b'<?xml version="1.0" encoding="cp037"?><a/>', "encoded as cp037"),
        (document("<ex:k>" * 5000), "more than 200 levels"),
        (document("<ex:k>" * 5000 + "</ex:k>" * 5000), "more than 200 levels"),
    ],
)
def test_what_is_over_a_limit_is_not_malformed(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        provxml.read(data, "x.xml")
    assert not isinstance(caught.value, MalformedError)


def test_another_root() -> None:
    with pytest.raises(UnsupportedError, match=r"its root is \{http://www.w3.org/2000/svg\}svg"):
        provxml.read(b'<svg xmlns="http://www.w3.org/2000/svg"/>', "x.xml")


def test_much_of_anything_is_read() -> None:
    """In linear time: with time in the square of their number, this would not end."""
    many = 90_000
    prefixes = " ".join(f'xmlns:p{one}="u{one}#"' for one in range(many))
    entity = '<prov:entity prov:id="ex:a"/>'
    inner = f'<prov:bundle prov:id="ex:b" {prefixes}>{entity * 1000}</prov:bundle>'
    assert len(provxml.read(document(inner), "x.xml").bundles[f"{EX}b"]) == 1000
    each = "".join(f'<prov:entity xmlns:q="q{n}#" prov:id="q:a"/>' for n in range(20_000))
    assert len(provxml.read(document(each), "x.xml").toplevel) == 20_000
    huge = f'<prov:entity prov:id="ex:a"><ex:k>{"a" * 11_000_000}</ex:k></prov:entity>'
    assert len(provxml.read(document(huge), "x.xml").toplevel) == 1
