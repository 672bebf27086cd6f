"""PROV-JSONLD: what is read, what is malformed, and what is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from prov.model import ProvDocument

from kprov_rdf.dm import detect, provjsonld
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError
from tests.dm.documents import EX, PROV, documents, expected, said

CONTEXT = "https://openprovenance.org/prov-jsonld/context.jsonld"
XSD = "http://www.w3.org/2001/XMLSchema#"


def document(*items: Any, **prefixes: str) -> bytes:
    context = [{"ex": EX, **prefixes}, CONTEXT]
    return json.dumps({"@context": context, "@graph": items}).encode()


def statements(*items: Any, **prefixes: str) -> list[tuple[Any, ...]]:
    return list(said(provjsonld.read(document(*items, **prefixes), "x"))[""].elements())


@pytest.mark.parametrize("context", ["url", "embed"])
@given(given=documents())
def test_what_the_prov_package_writes_is_read_as_it_is_meant(
    context: str, given: ProvDocument
) -> None:
    data = given.serialize(format="jsonld", context=context).encode()
    assert detect.detect(data, "x.jsonld") == detect.detect(data, "-") == "provjsonld"
    assert said(provjsonld.read(data, "x.jsonld")) == expected(given)


@pytest.mark.parametrize(
    ("key", "value", "name", "term"),
    [
        ("type", ["prov:Plan"], f"{PROV}type", f"<{PROV}Plan>"),
        ("prov:type", "ex:T", f"{PROV}type", f"<{EX}T>"),
        ("label", ["ex:T"], f"{PROV}label", f'"ex:T"^^<{XSD}string>'),
        ("ex:k", [5], f"{EX}k", f'"5"^^<{XSD}int>'),
        ("ex:k", [{"@value": "a", "@language": "en"}], f"{EX}k", '"a"@en'),
        ("ex:k", [{"@value": "5", "@type": "xsd:int"}], f"{EX}k", f'"5"^^<{XSD}int>'),
        ("ex:k", [{"@id": "urn:uuid:1"}], f"{EX}k", "<urn:uuid:1>"),
        ("http://e/k", [{"@value": "a"}], "http://e/k", f'"a"^^<{XSD}string>'),
    ],
)
def test_values(key: str, value: Any, name: str, term: str) -> None:
    ((_, _, _, pairs),) = statements({"@type": "Entity", "@id": "ex:a", key: value})
    assert pairs == {(f"<{name}>", term)}


def test_names_as_provtoolbox_writes_them_and_several_members() -> None:
    one = {"@type": "prov:Usage", "prov:activity": "ex:a", "time": "2026-01-01T00:00:00Z"}
    many = {"@type": ["Membership"], "collection": "ex:c", "entity": ["ex:a", "ex:b"]}
    assert sorted(found[2] for found in statements(one, many)) == [
        (f"<{EX}a>", "", '"2026-01-01T00:00:00Z"'),
        (f"<{EX}c>", f"<{EX}a>"),
        (f"<{EX}c>", f"<{EX}b>"),
    ]


def test_a_default_namespace_and_a_bundle_with_a_context_of_its_own() -> None:
    entity = {"@type": "Entity", "@id": "a"}
    bundle = {"@type": "Bundle", "@id": "f:b", "@context": {"f": "f#"}, "@graph": [entity]}
    data = document(entity, bundle, **{"@vocab": "d#"})
    assert {
        name: next(iter(found))[1] for name, found in said(provjsonld.read(data, "x")).items()
    } == {
        "": "<d#a>",
        "f#b": "<d#a>",
    }


USAGE = {"@type": "Usage", "activity": "ex:a"}
MALFORMED = [
    ({"@type": "Usage", "@id": "ex:u", "entity": "ex:e"}, "In Usage ex:u|has no activity"),
    ({"@type": "Entity"}, "the entity has no identifier"),
    ({"@type": "Entity", "@id": 5}, '"@id" is a number'),
    ({"@type": "Entity", "@id": "u:x"}, 'prefix \'u\' .* Add "u" to "@context"'),
    ({"@type": "Person", "@id": "ex:x"}, "no type of PROV-JSONLD.*Give it an @type: Entity"),
    ({**USAGE, "time": "noon"}, "'noon' is no xsd:dateTime"),
    ({**USAGE, "time": 5}, "time is a number"),
    ({**USAGE, "entity": ["ex:a", "ex:b"]}, "entity is a list"),
    ({**USAGE, "ex:k": [{"@type": "xsd:int"}]}, 'no text in "@value"'),
    ({**USAGE, "ex:k": [{"@value": "1", "@type": []}]}, '"@type" of a value is a list'),
    (5, "a statement is a number"),
    ({"@type": "Bundle"}, "the bundle has no name"),
    ({"@type": "Bundle", "@id": "ex:b", "@graph": 5}, '"@graph" is no list'),
    (
        {"@id": "ex:b", "@graph": [{"@id": "ex:c", "@graph": []}]},
        "in another bundle",
    ),
    ({"@id": "ex:b", "@context": 5, "@graph": []}, '"@context" has a number in it'),
]


@pytest.mark.parametrize(("item", "message"), MALFORMED)
def test_a_malformed_document(item: Any, message: str) -> None:
    first = json.dumps({"@type": "Agent", "@id": "ex:g"})
    data = document().replace(
        b'"@graph": []', f'"@graph": [\n{first},\n\n {json.dumps(item)}]'.encode()
    )
    with pytest.raises(MalformedError, match=message) as caught:
        provjsonld.read(data, "x.jsonld")
    assert caught.value.line == 4


@pytest.mark.parametrize(
    ("data", "malformed"),
    [
        (b"[]", True),
        (b'{"@context": [], "@graph": {}}', True),
        (b'{"@graph": [', True),
        (document({"@type": "Entity", "@id": "ex:a", "ex:k": ["\ud800"]}), True),
        (b'{"@graph": [' + b"[" * 1000 + b"]" * 1000 + b"]}", False),
    ],
)
def test_what_cannot_be_read(data: bytes, malformed: bool) -> None:
    with pytest.raises(InputError, match=r"x\.jsonld") as caught:
        provjsonld.read(data, "x.jsonld")
    assert isinstance(caught.value, MalformedError) == malformed


def test_much_of_anything_is_read() -> None:
    """In linear time: with time in the square of their number, this would not end."""
    entity = {"@type": "Entity", "@id": "ex:a"}
    bundles = ({"@id": f"ex:{n}", "@context": {"f": "f"}, "@graph": [entity]} for n in range(5_000))
    prefixes = {f"p{n}": f"u{n}" for n in range(90_000)}
    assert len(provjsonld.read(document(*bundles, **prefixes), "x").bundles) == 5_000
