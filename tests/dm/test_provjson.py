"""PROV-JSON: what is read, what is malformed, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from prov.model import ProvDocument

from kprov_rdf.dm import provjson
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError
from tests.conftest import SHARED
from tests.dm.documents import EX, PROV, documents, expected, said

WILD = SHARED / "data" / "wild"
XSD = "http://www.w3.org/2001/XMLSchema#"


def document(**kinds: Any) -> bytes:
    return json.dumps({"prefix": {"e": "http://e/"}, **kinds}).encode()


def statements(data: bytes) -> list[tuple[Any, ...]]:
    return list(said(provjson.read(data, "x.json"))[""].elements())


@given(documents())
def test_what_the_prov_package_writes_is_read_as_it_is_meant(given: ProvDocument) -> None:
    text = given.serialize(format="json", indent=1)
    assert said(provjson.read(text.encode(), "x.json")) == expected(given)


@pytest.mark.parametrize(
    "name", ["revsort-primary.cwlprov", "nested-cwlprov-0.3.0", "sec-wf-out-cwlprov-0.6.0"]
)
def test_documents_of_cwlprov_say_what_prov_reads(name: str) -> None:
    path = WILD / "cwlprov" / f"{name}.json"
    if not path.exists():
        pytest.skip("the shared data folder is not here")
    found = provjson.read(path.read_bytes(), path.name)
    assert said(found) == expected(ProvDocument.deserialize(path, format="json"))
    assert found.notes == []
    lines = path.read_text().splitlines()
    for row, line in enumerate(found.toplevel.rows["entity"].lines):
        name = found.terms.text[found.toplevel.rows["entity"].ids[row]].rpartition(":")[2]
        assert name.strip("<>").rpartition("/")[2].rpartition("#")[2] in lines[line - 1]


# Each value as a document may write it, and the term that it is.
VALUES: list[tuple[Any, list[str]]] = [
    ("a", [f'"a"^^<{XSD}string>']),
    ("prov:Plan", [f'"prov:Plan"^^<{XSD}string>']),
    (5, [f'"5"^^<{XSD}int>']),
    (2**40, [f'"{2**40}"^^<{XSD}long>']),
    (2.5, [f'"2.5"^^<{XSD}double>']),
    (True, [f'"true"^^<{XSD}boolean>']),
    (None, []),
    ({"$": 5, "type": "xsd:unsignedByte"}, [f'"5"^^<{XSD}unsignedByte>']),
    ({"$": "a", "lang": "en-GB"}, ['"a"@en-gb']),
    ({"$": "e:T", "type": "prov:QUALIFIED_NAME"}, ["<http://e/T>"]),
    ({"$": "e:T", "type": "xsd:QName"}, ["<http://e/T>"]),
    ({"$": "http://e/T", "type": "xsd:anyURI"}, [f'"http://e/T"^^<{XSD}anyURI>']),
    (["a", {"$": "a", "type": "e:t"}], [f'"a"^^<{XSD}string>', '"a"^^<http://e/t>']),
    ({"$": '"^^<x>', "type": "e:t"}, ['"\\"^^<x>"^^<http://e/t>']),
]


@pytest.mark.parametrize(("value", "terms"), VALUES)
def test_values(value: Any, terms: list[str]) -> None:
    ((_, _, _, pairs),) = statements(document(entity={"e:x": {"e:k": value}}))
    assert pairs == {("<http://e/k>", one) for one in terms}


def test_arguments_may_be_written_as_lists_and_typed_names() -> None:
    named = {"$": "e:b", "type": "prov:QUALIFIED_NAME"}
    one = {
        "prov:entity": ["e:a"],
        "prov:activity": named,
        "prov:time": {"$": "2026-01-01T00:00:00Z"},
    }
    (found,) = statements(document(wasGeneratedBy={"_:g": one}))
    assert found[2] == ("<http://e/a>", "<http://e/b>", '"2026-01-01T00:00:00Z"')


def test_a_list_of_members_is_as_many_memberships() -> None:
    one = {"prov:collection": "e:c", "prov:entity": ["e:a", "e:b"]}
    found = statements(document(hadMember={"_:m": one}))
    assert sorted(one[2] for one in found) == [
        ("<http://e/c>", "<http://e/a>"),
        ("<http://e/c>", "<http://e/b>"),
    ]


def test_records_under_one_name_and_what_is_absent() -> None:
    found = statements(document(activity={"e:a": [{"prov:startTime": "2026-01-01T00:00:00"}, {}]}))
    assert sorted(one[2] for one in found) == [("", ""), ('"2026-01-01T00:00:00"', "")]


def test_a_blank_is_a_variable_where_something_refers_to_it() -> None:
    derived = {"prov:generatedEntity": "e:a", "prov:usedEntity": "_:b", "prov:generation": "_:g1"}
    found = statements(
        document(
            wasDerivedFrom={"_:d": derived},
            wasGeneratedBy={"_:g1": {"prov:entity": "e:a"}, "_:g2": {"prov:entity": "e:a"}},
            entity={"_:b": {}},
        )
    )
    assert sorted((one[0], one[1]) for one in found) == [
        ("entity", "_:b"),
        ("wasDerivedFrom", ""),
        ("wasGeneratedBy", ""),
        ("wasGeneratedBy", "_:g1"),
    ]


def test_a_bundle_has_the_prefixes_of_the_document_and_its_own() -> None:
    bundle = {"prefix": {"e": "http://other/", "f": "http://f/"}, "entity": {"e:x": {}, "f:y": {}}}
    inherits = {"entity": {"e:x": {}, "z": {}}}
    data = document(
        bundle={"f:b": bundle, "e:c": inherits}, prefix={"e": "http://e/", "default": "d/"}
    )
    found = said(provjson.read(data, "x.json"))
    assert {name: {one[1] for one in many} for name, many in found.items()} == {
        "http://f/b": {"<http://other/x>", "<http://f/y>"},
        "http://e/c": {"<http://e/x>", "<d/z>"},
    }


def test_names_are_only_names() -> None:
    """As yProv4ML writes them."""
    data = document(
        prefix={"context": "context", "default": "exp_0", "provml": "provml"},
        entity={"Original requirements.txt": {"provml:epoch": {"$": 3, "type": "xsd:int"}}},
        activity={
            "context:fit": {"startTime": "1700000000.5", "prov:startTime": "2026-01-01T00:00:00"}
        },
    )
    assert {(one[1], one[2]) for one in statements(data)} == {
        ("<exp_0Original requirements.txt>", ()),
        ("<contextfit>", ('"2026-01-01T00:00:00"', "")),
    }


def test_a_prefix_for_prov_itself_and_for_a_variant_of_xml_schema() -> None:
    data = document(
        prefix={"p": PROV, "x": XSD[:-1], "e": EX},
        used={"e:u": {"p:activity": "e:a", "p:role": {"$": "1", "type": "x:int"}}},
    )
    (found,) = statements(data)
    assert found[2:] == ((f"<{EX}a>", "", ""), {(f"<{PROV}role>", f'"1"^^<{XSD}int>')})


def test_a_name_that_is_an_iri() -> None:
    data = document(entity={"urn:uuid:1": {}, "http://e/x y": {}})
    assert [one[1] for one in statements(data)] == ["<urn:uuid:1>", "<http://e/x y>"]


def test_what_is_no_part_of_the_data_model_is_told() -> None:
    data = document(
        hadDictionaryMember={"_:a": {}, "_:b": {}},
        specializationOf={"e:s": {"prov:specificEntity": "e:a", "prov:generalEntity": "e:b"}},
    )
    found = provjson.read(data, "x.json")
    assert len(found.toplevel) == 1
    assert found.notes[0].startswith("2 statements of PROV-Dictionary")
    assert found.notes[1].startswith("1 identifier left out")


GENERATION = "wasGeneratedBy"
MALFORMED: list[tuple[bytes, str]] = [
    (document(wasGeneratedBy={"e:g": {"prov:activity": "e:a"}}), "has no entity.*Add prov:entity"),
    (document(wasDerivedFrom={"e:d": {}}), "no generatedEntity and no usedEntity"),
    (document(hadMember={"_:m": {"prov:collection": "e:c", "prov:entity": []}}), "has no entity"),
    (document(entity={"u:x": {}}), "the prefix 'u' of 'u:x' is not declared. Add \"u\""),
    (document(entity={"urn": {}}), "has no prefix, and there is no default namespace"),
    (document(entity={"e:x": {"u:k": 1}}), "prefix 'u'"),
    (document(entity={"e:x": {"e:k": {"$": "u:y", "type": "xsd:QName"}}}), "prefix 'u'"),
    (document(entity={"e:x": {"e:k": {"$": "1", "type": "u:y"}}}), "prefix 'u'"),
    (document(entity={"e:x": {"e:k": {"type": "e:y"}}}), 'no text in "\\$"'),
    (document(entity={"e:x": {"e:k": {"$": "1", "type": 5}}}), '"type" of a value is a number'),
    (document(entity={"e:x": {"e:k": [[1]]}}), "a value is a list"),
    (document(entity={"e:x": 5}), "the record is a number"),
    (document(entity=[]), '"entity" is a list, where an object'),
    (document(program={}), "'program' is no kind of statement"),
    (document(prefix={"e": 5}), "declared as a number"),
    (document(prefix=[]), '"prefix" is a list'),
    (document(activity={"e:a": {"prov:startTime": "1700000000"}}), "no xsd:dateTime"),
    (document(activity={"e:a": {"prov:startTime": 17}}), "a time is a number"),
    (document(used={"e:u": {"prov:activity": ["e:a", "e:b"]}}), "prov:activity is a list"),
    (document(used={"e:u": {"prov:activity": ""}}), "a name is empty"),
    (document(bundle={"e:b": {"bundle": {"e:c": {}}}}), "has a bundle in it"),
    (document(bundle={"e:b": []}), "The bundle 'e:b' is a list"),
    (document(bundle={"u:b": {}}), "prefix 'u'"),
    (document(entity={"e:x": {"e:k": "\ud800"}}), "one half of a character alone, \\\\ud800"),
    (b"[1]", "a list, where an object is wanted"),
    (b'{"entity": {}, "entity": {}}', "the key 'entity' twice"),
    (b'{"entity": {"e:x": {}', "x.json:1:22: It is no JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), MALFORMED)
def test_a_malformed_document(data: bytes, message: str) -> None:
    with pytest.raises(MalformedError, match=message) as caught:
        provjson.read(data, "x.json")
    assert caught.value.document == "x.json"


def test_the_place_of_what_is_malformed() -> None:
    text = (
        '{"prefix": {"e": "http://e/"},\n "bundle":\n'
        ' {"e:b": {"used": {\n "e:u": {},\n"\\u0065:v": {}}}}}'
    )
    with pytest.raises(MalformedError, match=r"used <http://e/u> has no activity") as caught:
        provjson.read(text.encode(), "x.json")
    assert (caught.value.line, caught.value.column) == (4, 2)
    found = provjson.read(text.replace("{}", '{"prov:activity": "e:a"}').encode(), "x.json")
    assert found.bundles["http://e/b"].rows["used"].lines == [4, 5]
    with pytest.raises(MalformedError) as caught:
        provjson.read(b'{"entity":\n {,}}', "x.json")
    assert (caught.value.line, caught.value.column) == (2, 3)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[" * 100_000, "more than 200 levels"),
        (b'{"entity":' * 300 + b"1" + b"}" * 300, "more than 200 levels"),
        (document(entity={"e:x": {"e:k": 0}}).replace(b"0", b"9" * 5000), "4300 digits"),
        (b"\xff\xfe{}", "not UTF-8"),
    ],
)
def test_what_is_over_a_limit_is_not_malformed(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason) as caught:
        provjson.read(data, "x.json")
    assert not isinstance(caught.value, MalformedError)


def test_much_of_anything_is_read() -> None:
    """In linear time: with time in the square of their number, this would not end."""
    many = 90_000
    prefixes = {f"p{one}": f"http://e/{one}/" for one in range(many)}
    bundles = {f"p{one}:b": {"entity": {f"p{one}:x": {}}} for one in range(5_000)}
    found = provjson.read(document(prefix=prefixes, bundle=bundles), "x.json")
    assert len(found.bundles) == 5_000
    huge = document(entity={"e:x": {"e:k": "[" * 10_000_000, "e:l": ["a"] * many}})
    assert len(provjson.read(huge, "x.json").toplevel.rows["entity"].attributes[0]) == many + 1
