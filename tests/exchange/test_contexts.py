import json
from importlib.resources import files
from typing import Any

import pyoxigraph as ox
import pytest

from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.exchange import contexts

FOLDER = files("kprov_rdf.exchange") / "contexts"
SCHEMA = "http://schema.org/"
RUN = "https://w3id.org/ro/terms/workflow-run#"
CROISSANT = "http://mlcommons.org/croissant/"
CODEMETA = "https://codemeta.github.io/terms/"
PROV = "http://www.w3.org/ns/prov#"


def predicates(found: Any) -> set[str]:
    quads = ox.parse(json.dumps(found), ox.RdfFormat.JSON_LD, base_iri="http://e.org/")
    return {quad.predicate.value for quad in quads}


@pytest.mark.parametrize(
    ("address", "key", "iri"),
    [
        ("https://w3id.org/ro/crate/1.0/context", "datePublished", f"{SCHEMA}datePublished"),
        ("https://w3id.org/ro/crate/1.1/context", "startTime", f"{SCHEMA}startTime"),
        ("https://w3id.org/ro/crate/1.2-DRAFT/context", "localPath",
         "https://w3id.org/ro/terms#localPath"),
        ("https://w3id.org/ro/crate/1.3/context", "input", "https://bioschemas.org/terms/input"),
        ("https://w3id.org/ro/terms/workflow-run", "sha256", f"{RUN}sha256"),
        ("https://w3id.org/ro/terms/workflow-run/context", "registry", f"{RUN}registry"),
        ("https://schema.org", "anyTermOfIt", f"{SCHEMA}anyTermOfIt"),
        ("http://mlcommons.org/croissant/1.0", "recordSet", f"{CROISSANT}recordSet"),
        ("http://mlcommons.org/croissant/", "containedIn", f"{CROISSANT}containedIn"),
        ("https://doi.org/10.5063/schema/codemeta-2.0", "readme", f"{CODEMETA}readme"),
        ("https://w3id.org/codemeta/3.0", "hasSourceCode", f"{CODEMETA}hasSourceCode"),
        ("http://openprovenance.org/prov.jsonld", "startTime", f"{PROV}startedAtTime"),
        ("https://openprovenance.org/prov-jsonld/context.jsonld", "location", f"{PROV}atLocation"),
        ("https://openprovenance.org/prov-jsonld/context-2024-08-25.jsonld", "role",
         f"{PROV}hadRole"),
        ("http://www.w3.org/ns/anno.jsonld", "target", "http://www.w3.org/ns/oa#hasTarget"),
    ],
)  # fmt: skip
def test_each_shipped_context_gives_its_terms(address: str, key: str, iri: str) -> None:
    found, notes = contexts.inline({"@context": address, "@id": "a", key: "http://e.org/b"}, "x")
    assert iri in predicates(found)
    assert len(notes) == 1
    assert address in notes[0]


def test_each_file_is_reached_by_an_address_and_described() -> None:
    readme = (FOLDER / "README.md").read_text()
    there = {one.name for one in FOLDER.iterdir()} - {"README.md", "codemeta.LICENSE"}
    assert there == {file for _, file in contexts._BY_ADDRESS.values()}
    assert all(f"| `{name}` |" in readme for name in there)


@pytest.mark.parametrize(
    "address",
    ["http://schema.org", "https://schema.org/", "https://www.schema.org/#", "HTTPS://schema.org",
     "https://schema.org/docs/jsonldcontext.json", "https://schema.org/docs/jsonldcontext.jsonld"],
)  # fmt: skip
def test_what_makes_no_difference_in_an_address(address: str) -> None:
    found, _ = contexts.inline({"@context": address, "name": "a"}, "x")
    assert predicates(found) == {f"{SCHEMA}name"}


def test_an_address_that_is_not_there_is_named_with_the_way_out() -> None:
    with pytest.raises(UnsupportedError) as caught:
        contexts.inline({"@context": ["https://schema.org", "http://e.org/own"]}, "a.json")
    message = str(caught.value)
    assert "The @context of a.json is at http://e.org/own" in message
    assert "--context http://e.org/own=FILE" in message
    assert "RO-Crate 1.1" in message
    assert "Croissant 1.0" in message


@pytest.mark.parametrize("place", ["top", "node", "scope", "import"])
def test_an_address_is_found_wherever_it_may_stand(place: str) -> None:
    own = {"k": {"@id": "http://e.org/k", "@context": "http://e.org/none"}}
    found: dict[str, Any] = {
        "top": {"@context": "http://e.org/none"},
        "node": {"http://e.org/p": [{"http://e.org/q": {"@context": ["http://e.org/none"]}}]},
        "scope": {"@context": [None, own]},
        "import": {"@context": {"@import": "http://e.org/none"}},
    }[place]
    with pytest.raises(UnsupportedError, match=r"http://e\.org/none"):
        contexts.inline(found, "x")


def test_given_texts_come_first_and_may_be_relative_and_name_each_other() -> None:
    given = {
        "https://schema.org/": b'{"@context": {"name": "http://e.org/mine"}}',
        "own/a.jsonld": b'{"@context": ["b.jsonld", {"x": "http://e.org/x"}]}',
        "http://e.org/c/b.jsonld": b'{"@context": {"never": "http://e.org/never"}}',
        "own/b.jsonld": b'{"y": "http://e.org/y"}',
    }
    document = {"@context": ["http://schema.org", "own/a.jsonld"], "name": 1, "x": 2, "y": 3}
    before = json.dumps(document)
    found, notes = contexts.inline(document, "x", given)
    assert predicates(found) == {"http://e.org/mine", "http://e.org/x", "http://e.org/y"}
    assert len(notes) == 3
    assert json.dumps(document) == before


def test_an_imported_context_is_merged_and_own_terms_win() -> None:
    given = {"http://e.org/a": b'{"@context": {"x": "http://e.org/x", "y": "http://e.org/y"}}'}
    context = {"@version": 1.1, "@import": "http://e.org/a", "y": "http://e.org/own"}
    found, _ = contexts.inline({"@context": context, "x": 1, "y": 2}, "x", given)
    assert found["@context"] == {
        "@version": 1.1, "x": "http://e.org/x", "y": "http://e.org/own",
    }  # fmt: skip
    assert predicates(found) == {"http://e.org/x", "http://e.org/own"}


def test_contexts_of_properties_types_and_parts_are_read() -> None:
    """Sections 4.1.8 and 4.1.9: pyoxigraph scopes what stands in the document."""
    given = {"http://e.org/p": b'{"@context": {"n": "http://e.org/scoped"}}'}
    context = {
        "k": {"@id": "http://e.org/k", "@context": "http://e.org/p"},
        "T": {"@id": "http://e.org/T", "@context": {"n": "http://e.org/of-type"}},
        "n": "http://e.org/n",
    }
    document = {"@context": context, "@graph": [
        {"@id": "a", "n": 1, "k": {"@id": "b", "n": 2}},
        {"@id": "c", "@type": "T", "n": 3},
        {"@id": "d", "http://e.org/part": {
            "@context": {"@propagate": False, "n": "http://e.org/here"},
            "n": 4, "http://e.org/q": {"n": 5}}},
    ]}  # fmt: skip
    found, _ = contexts.inline(document, "x", given)
    quads = ox.parse(json.dumps(found), ox.RdfFormat.JSON_LD, base_iri="http://e.org/")
    said = {quad.object.value: quad.predicate.value.rpartition("/")[2] for quad in quads}
    assert [said[one] for one in "12345"] == ["n", "scoped", "of-type", "here", "n"]


def test_values_that_are_json_are_left_alone() -> None:
    literal = {"@context": "http://e.org/none", "deep": [{"@context": 3}]}
    document = {
        "@context": {"j": {"@id": "http://e.org/j", "@type": "@json"}},
        "j": literal,
        "http://e.org/k": {"@type": "@json", "@value": literal},
    }
    assert contexts.inline(document, "x")[0] == document


@pytest.mark.parametrize(
    "given",
    [
        {"http://e.org/a": b'{"@context": "http://e.org/a"}'},
        {
            "http://e.org/a": b'{"@context": {"@import": "b"}}',
            "http://e.org/b": b'{"@context": ["a"]}',
        },
        {f"http://e.org/{n or 'a'}": b'{"@context": "%d"}' % (n + 1) for n in range(40)},
    ],
)  # fmt: skip
def test_contexts_that_name_each_other_without_end_are_refused(given: dict[str, bytes]) -> None:
    with pytest.raises(InputError, match="in a circle"):
        contexts.inline({"@context": "http://e.org/a"}, "x", given)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b'"http://e.org/a"', b"\xff\xfe", b'{"a":' * 300 + b"1" + b"}" * 300]
)
def test_a_given_text_that_is_no_context_is_told(text: bytes) -> None:
    with pytest.raises(InputError, match=r"http://e\.org/a"):
        contexts.inline({"@context": "http://e.org/a"}, "x", {"http://e.org/a": text})


def test_contexts_do_not_blow_up() -> None:
    many = [{"@context": "https://w3id.org/ro/crate/1.1/context"}] * 1000
    with pytest.raises(InputError, match="64 MiB"):
        contexts.inline(many, "x")
    doubling = {
        f"http://e.org/{n}": json.dumps(
            {"@context": [f"http://e.org/{n + 1}"] * 20 if n < 8 else {"x": "http://e.org/x"}}
        ).encode()
        for n in range(9)
    }
    with pytest.raises(InputError, match="64 MiB"):
        contexts.inline({"@context": "http://e.org/0"}, "x", doubling)


@pytest.mark.parametrize("value", [3, True, [3.5], {"@import": 3}, {"@import": ["a"]}, [[["a"]]]])
def test_contexts_of_the_wrong_type_are_left_to_the_parser(value: Any) -> None:
    """Which refuses them: see ``test_linked``."""
    assert contexts.inline({"@context": value}, "x")[0] == {"@context": value}
