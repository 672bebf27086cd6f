import json
from typing import Any

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.errors import InputError
from kprov_rdf.exchange import linked
from kprov_rdf.exchange.scope import Scope
from tests.exchange import outcome

BASE = "http://localhost:8642/"
GRAPH = f"{BASE}import/sha256-x"
OWN = f"{BASE}attribute/"
XSD = "http://www.w3.org/2001/XMLSchema#"


def said(found: Any) -> list[ox.Quad]:
    """The statements, which have to be legal ones."""
    quads, _ = linked.parse(found, "a.jsonld", Scope(GRAPH), BASE)
    text = ox.serialize(quads, format=ox.RdfFormat.N_QUADS)
    return list(ox.parse(text, ox.RdfFormat.N_QUADS))


def values(found: Any, predicate: str) -> set[str]:
    return {str(quad.object) for quad in said(found) if quad.predicate.value == predicate}


def test_keys_and_classes_that_no_context_defines_are_kept_with_their_names() -> None:
    document = {
        "@context": {"a": "http://e.org/a"},
        "@id": "http://e.org/x",
        "@type": "Odd",
        "a": 1,
        "b": "two",
        "odd name": {"deeper": "three"},
    }
    quads = said(document)
    assert values(document, f"{OWN}b") == {'"two"'}
    assert values(document, f"{OWN}deeper") == {'"three"'}
    assert f"{OWN}Odd" in {str(quad.object.value) for quad in quads}
    names = {
        quad.object.value
        for quad in quads
        if quad.predicate.value.endswith("#label") and quad.subject.value.startswith(OWN)
    }
    assert names == {"b", "deeper", "odd name"}


def test_names_of_the_document_are_scoped_and_kept() -> None:
    document = {
        "@context": {"ref": {"@id": "http://e.org/ref", "@type": "@id"}, "@base": None},
        "@graph": [
            {"@id": "./", "ref": ["data/a b.csv", "#one", "http://e.org/{x}"]},
            {"@id": "http://[", "ref": "_:b"},
        ],
    }
    quads = said(document)
    objects = [quad.object.value for quad in quads if quad.predicate.value == "http://e.org/ref"]
    assert "http://e.org/%7Bx%7D" in objects
    assert sum(one.startswith(f"{GRAPH}#") for one in objects) == 3
    assert values(document, f"{OWN}id") == {'""', '"data/a b.csv"', '"#one"', '"http://["'}
    assert {quad.graph_name.value for quad in quads} == {GRAPH}


def test_values_that_the_parser_would_drop_are_kept() -> None:
    document = {
        "@context": {"n": {"@id": "http://e.org/n", "@container": "@language"}},
        "n": {"de_DE": "a", "not a tag": "b"},
        "http://e.org/f": [float("nan"), float("-inf"), 1e300],
    }
    assert values(document, "http://e.org/n") == {'"a"@de-de', '"b"'}
    assert values(document, "http://e.org/f") >= {f'"NaN"^^<{XSD}double>', f'"-INF"^^<{XSD}double>'}


def test_attributes_of_prov_dm_become_properties_of_prov_o() -> None:
    document = {
        "@context": {"prov": "http://www.w3.org/ns/prov#"},
        "prov:label": "a",
        "prov:location": {"@id": "http://e.org/here"},
        "prov:type": {"@id": "http://e.org/T"},
    }
    assert {quad.predicate.value.rpartition("#")[2] for quad in said(document)} == {
        "label", "atLocation", "type",
    }  # fmt: skip


@pytest.mark.parametrize(
    "document",
    [
        {"@id": 3, "http://e.org/a": 1},
        {"@type": 3},
        {"@type": {"a": 1}},
        {"http://e.org/a": {"@value": "a", "http://e.org/b": 1}},
        {"http://e.org/a": {"@value": {"b": 1}}},
        {"@context": 3, "a": 1},
        {"@context": {"@import": 3}, "a": 1},
        {"@context": {"a": 3}, "a": 1},
        {"@context": {"a": {"@id": "a", "@type": 3}}, "a": 1},
        {"@context": {"a": "b", "b": "a"}, "a": 1},
        {"@context": {"@vocab": 3}, "a": 1},
        {"@graph": [{"@reverse": 3}]},
        {"http://e.org/a": "\ud800"},
    ],
)
def test_what_is_no_json_ld_is_an_error_that_names_the_file(document: Any) -> None:
    with pytest.raises(InputError, match=r"a\.jsonld"):
        said(document)


@pytest.mark.parametrize("document", [[], {}, [[]], ["a"], "a", 3, None, {"@graph": "a"}])
def test_json_without_any_node_says_nothing(document: Any) -> None:
    assert said(document) == []


def test_deep_nesting_of_document_and_context_is_read() -> None:
    deep: Any = "end"
    for _ in range(190):
        deep = {"a": deep}
    assert values({"@context": {"a": "http://e.org/a"}, **deep}, "http://e.org/a") >= {'"end"'}


KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6).filter(
    lambda key: key not in linked._KEYWORDS
) | st.sampled_from(["@label", "_:b", "a:b", ":", "a b", "#", "/", "?", "id", "type"])
SCALARS = (
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=4))
def test_nothing_is_lost_of_any_object(found: dict[str, Any]) -> None:
    assert outcome.lost(found, said(json.loads(json.dumps(found)))) == set()
