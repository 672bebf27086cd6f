"""Which names a document shares with others, and what the others become."""

import json
from urllib.parse import unquote

import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture.identity import DEFAULT_BASE, ImportNames, Names
from kprov_rdf.exchange import reading
from kprov_rdf.exchange.scope import Scope, bases_in
from kprov_rdf.exchange.sources import Source

ROOT = ImportNames("a" * 64).graph
UUID = "01a1fd37-25db-78e6-a226-3209bddc39ad"
HASH = "b" * 64
# What kprov names under a base.
KPROVS = [
    f"run/{UUID}", f"run/{UUID}#epoch-3", f"import/sha256-{HASH}", f"import/sha256-{HASH}#/x y",
    f"content/sha256-{HASH}", "dataflow/digits/sha256-e388411a5812d8d5",
    "dataflow/digits/sha256-e388411a5812d8d5#trainingmodel", "campaign/digits",
    "agent/kprov-capture-1.0", "agent/person-9f", "metric/f1", "setting/warm_up",
    "attribute/size", "catalog", "links", f"links#link-{HASH[:32]}",
]  # fmt: skip


@pytest.mark.parametrize("iri", [
    "http://real.org/x", "https://www.w3.org/ns/prov#Entity", "urn:uuid:7", "doi:10.1/x",
    "http://example.organic/x", "http://myexample.org/x", "http://localhosts/x", "s3://bucket/x",
    "http://latest/x", "http://128.0.0.1/x", "http://real.org/?see=http://example.org/",
    "http://real.org/localhost/x", "http://[::2]/x", "tag:example.org,2026:x",
])  # fmt: skip
def test_names_of_a_place_are_kept(iri: str) -> None:
    assert Scope(ROOT).iri(iri) == iri


@pytest.mark.parametrize("iri", [
    "http://example.org", "http://example.org/x", "https://example.com/x", "http://example.net#x",
    "http://www.example.org/x", "http://a.b.example.org:80/x", "HTTP://EXAMPLE.ORG/X",
    "http://user@example.org/x", "http://host.example/x", "http://example/x", "http://a.test/x",
    "http://test/x", "http://x.invalid/y", "http://printer.local/x", "http://localhost/x",
    "http://localhost:5000/#/experiments/1", "http://db.localhost/x", "http://127.0.0.1:8888/x",
    "http://127.1.2.3/x", "http://0.0.0.0:6006/x", "http://[::1]/x", "http://[::1]:80/x",
    "ftp://example.org/x", "file:///tmp/x", "file:x", "ex:x", "http://example.org?x", "http://localhost:",
])  # fmt: skip
def test_names_of_nobodys_place_are_the_documents_own(iri: str) -> None:
    assert (
        Scope(ROOT).iri(iri)
        == f"{ROOT}#{iri.replace('#', '%23').replace('[', '%5B').replace(']', '%5D')}"
    )


@pytest.mark.parametrize(("name", "local"), [
    ("epoch_3", "/epoch_3"), ("model.bin", "/model.bin"), ("", "/"), ("/etc/x", "//etc/x"),
    (r"C:\data\x", "/C:%5Cdata%5Cx"), ("c:x", "/c:x"), ("a b", "/a%20b"), ("#x", "/%23x"),
    ("100%", "/100%25"), ("größe", "/größe"), ("//host/x", "///host/x"), ("1:x", "/1:x"),
    ("http://[", "http://%5B"), ("\ud800", "/%ED%A0%80"),
])  # fmt: skip
def test_names_that_are_no_whole_iri_are_the_documents_own(name: str, local: str) -> None:
    assert Scope(ROOT).iri(name) == f"{ROOT}#{local}"


def test_relative_names_of_rdf_are_the_same_as_those_of_prov() -> None:
    scope = Scope(ROOT)
    assert scope.iri(f"{scope.base}a/b") == scope.iri("a/b") == f"{ROOT}#/a/b"
    assert scope.base != Scope(ROOT.replace("a", "b")).base


@pytest.mark.parametrize("path", KPROVS)
def test_what_kprov_names_is_the_same_in_all_documents(path: str) -> None:
    legal = path.replace(" ", "%20")
    assert Scope(ROOT).iri(DEFAULT_BASE + path) == DEFAULT_BASE + legal
    assert Scope(ROOT, "http://example.org/p/").iri(f"http://example.org/p/{path}").endswith(legal)
    # Under a base that the document shows, and only there.
    theirs = f"http://example.org/other/{path}"
    shows = Scope(ROOT)
    assert shows.iri(theirs).startswith(f"{ROOT}#http://example.org")
    shows = Scope(ROOT)
    shows.own |= bases_in([f"http://example.org/other/run/{UUID}#training"])
    assert shows.iri(theirs) == theirs.replace(" ", "%20")
    assert shows.iri(f"http://example.org/{path}").startswith(f"{ROOT}#")


@pytest.mark.parametrize("path", [
    "", "x", "run/1", "runs", f"run/{UUID}/x", f"run/{UUID[:-1]}", "run/latest", "agent/x",
    f"content/sha256-{HASH}/x", f"content/sha256-{HASH[1:]}", "catalog/x", "catalog#x", "model",
    f"import/sha256-{HASH}/x", "linksx", "metric/a/b", "campaign/", "dataflow/x",
])  # fmt: skip
def test_what_kprov_does_not_name_is_nobodys_under_its_base_too(path: str) -> None:
    """The base may be an address that other tools use: localhost, example.org."""
    scope = Scope(ROOT, "http://example.org/")
    scope.own |= bases_in([f"http://127.0.0.1/run/{UUID}"])
    for base in scope.own:
        assert scope.iri(base + path).startswith(f"{ROOT}#")


@pytest.mark.parametrize("iri", [
    "http://example.org/run/6ba7b810-x", f"http://example.org/run/{UUID}x", f"run/{UUID}",
    f"http://real.org/?at=http://example.org/run/{UUID}", f"urn:x:/run/{UUID}",
    f"{ROOT}#http://example.org/run/x", f"http://real.org/#http://example.org/run/{UUID}",
])  # fmt: skip
def test_what_is_no_record_shows_no_base(iri: str) -> None:
    assert "http://example.org/" not in bases_in([iri])


def test_a_text_shows_no_base_in_records_of_prov() -> None:
    record = f"http://example.org/run/{UUID}"
    document = {
        "prefix": {"ex": "http://example.org/"},
        "entity": {"ex:agent/person-x": {"ex:see": record}},
    }
    local = "#http://example.org/agent/person-x"
    assert local in names_in(json.dumps(document), "x.json")
    document["entity"]["ex:run/" + UUID] = {}  # type: ignore[assignment]
    assert "http://example.org/agent/person-x" in names_in(json.dumps(document), "x.json")


def test_all_names_that_kprov_coins_are_known() -> None:
    names, imported = Names(UUID), ImportNames(HASH)
    coined = [
        names.run, names.catalog, names.training, names.content(HASH), names.dataflow("a b", "{}"),
        names.campaign("a b"), names.agent("machine", "x"), names.custom("metric", "a b"),
        imported.graph, imported.activity, imported.source, imported.agent("pyoxigraph", "1.0"),
    ]  # fmt: skip
    assert [Scope(ROOT).iri(one) for one in coined] == coined


def names_in(data: str, name: str) -> set[str]:
    scope = Scope(ROOT)
    quads = reading.parse(Source(name, data.encode()), scope).quads
    return {
        term.value.replace(ROOT, "")
        for quad in quads
        for term in quad
        if isinstance(term, ox.NamedNode)
    } - {"", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"}


def test_default_namespaces_of_prov_documents_are_their_own_but_not_their_vocabulary() -> None:
    document = {
        "prefix": {"default": "http://mine.de/", "r": "http://real.org/"},
        "entity": {"a": {"p": 1, "prov:type": {"$": "Kind", "type": "prov:QUALIFIED_NAME"}}},
        "bundle": {"r:b": {"prefix": {"default": "http://inner.de/"}, "entity": {"a": {}}}},
        "agent": {"r:x": {}},
    }
    assert names_in(json.dumps(document), "x.json") == {
        "#http://mine.de/a", "http://mine.de/p", "http://mine.de/Kind", "#http://real.org/b",
        "#http://inner.de/a", "http://real.org/x", "http://www.w3.org/ns/prov#Entity",
        "http://www.w3.org/ns/prov#Agent",
    }  # fmt: skip
    text = "document\ndefault <http://www.w3.org/ns/prov#>\nentity(EmptyCollection)\nendDocument"
    assert "http://www.w3.org/ns/prov#EmptyCollection" in names_in(text, "x.provn")
    # That of RDF has no such meaning.
    turtle = "@prefix : <http://mine.de/> . :a a :Kind ."
    assert names_in(turtle, "x.ttl") == {"http://mine.de/a", "http://mine.de/Kind"}


def test_vocabulary_keeps_its_name_wherever_it_stands() -> None:
    e = "http://example.org/"
    turtle = (
        f"<{e}a> a <{e}Kind> ; <{e}p> '1'^^<{e}type> . <{e}p> <{e}q> <{e}Kind> . <{e}b> <p> <{e}b>."
    )
    assert names_in(turtle, "x.ttl") == {f"#{e}a", f"#{e}b", f"{e}Kind", f"{e}p", f"{e}q", "#/p"}
    (typed,) = (
        quad.object
        for quad in reading.parse(Source("x.ttl", turtle.encode()), Scope(ROOT)).quads
        if isinstance(quad.object, ox.Literal)
    )
    assert typed.datatype.value == f"{e}type"


def undone(iri: str) -> str:
    return unquote(iri.removeprefix(f"{ROOT}#"))


texts = st.one_of(
    st.text(st.characters(codec="utf-8")),
    st.builds(
        "{}{}".format,
        st.sampled_from(["http://", "http://example.org/", "file:", "a:", "_:", "#", "/", "urn:"]),
        st.text(st.characters(codec="utf-8")),
    ),
)


@given(texts)
def test_every_name_is_legal_and_can_be_told_back(text: str) -> None:
    scope = Scope(ROOT)
    scope.localize(["http://mine.de/", "relative"])
    for iri in (scope.iri(text), scope.word(text), scope.named(text), scope.blank(text)):
        assert ox.NamedNode(iri).value == iri  # raises what is none
        list(ox.parse(f"<{iri}> <a:p> <{iri}> .".encode(), ox.RdfFormat.N_TRIPLES))
    assert undone(scope.blank(text)) == f"_{text}"
    assert undone(scope.fragment(text)) == text
    iri = scope.iri(text)
    if iri.startswith(f"{ROOT}#"):
        assert undone(iri) in (text, f"/{text}")
    else:
        assert unquote(iri) == unquote(text)


@given(texts, texts)
def test_two_names_of_a_document_never_become_one(one: str, other: str) -> None:
    scope = Scope(ROOT)
    found = {scope.iri(one), scope.iri(other), scope.blank(one), scope.blank(other)}
    local = [iri for iri in found if iri.startswith(f"{ROOT}#")]
    assert len({undone(iri) for iri in local}) == len(local)
    if one != other and scope.iri(one) == scope.iri(other):
        assert not scope.iri(one).startswith(f"{ROOT}#")  # escaped so in one of them already


@given(st.one_of(texts, st.sampled_from(["import", "source", "used-1", "#import", "_:used-1"])))
def test_no_name_is_one_that_kprov_gives_in_the_import(text: str) -> None:
    scope = Scope(ROOT)
    own = {f"{ROOT}#import", f"{ROOT}#source", scope.fresh("used")[1:-1]}
    assert own == {f"{ROOT}#{name}" for name in ("import", "source", "used-1")}
    given = {scope.iri(text), scope.blank(text), scope.named(text), scope.iri(scope.base + text)}
    assert not given & (own | {ROOT})


def test_graphs_get_names_of_the_document_and_records_keep_theirs() -> None:
    scope = Scope(ROOT)
    kept = [f"{DEFAULT_BASE}{one}" for one in KPROVS[:4] if "#epoch" not in one]
    kept += [f"{DEFAULT_BASE}catalog"]
    for iri in kept:
        assert scope.named(iri) == iri.replace(" ", "%20")
    assert scope.graphs == {}
    for iri in ("http://real.org/g", "g", "http://example.org/g", f"{DEFAULT_BASE}links"):
        assert scope.named(iri).startswith(f"{ROOT}#")
    run = f"{DEFAULT_BASE}run/{UUID}#training"
    assert scope.named(run) == f"{ROOT}#{run.replace('#', '%23')}"
    # A name of kprov's is not said to be a general graph: it is none.
    assert scope.graphs[scope.named(run)] == scope.named(run)
    assert scope.graphs[f"{ROOT}#http://real.org/g"] == "http://real.org/g"
    assert scope.named(None) == ROOT


def test_a_prefix_of_examples_that_nothing_declares_joins_no_two_documents() -> None:
    """As nf-provone writes JSON-LD: each of its documents has an ex:workDir."""
    names = set()
    for hash_ in "ab":
        graph = ImportNames(hash_ * 64).graph
        data = json.dumps({"@id": "ex:workDir", "http://real.org/p": {"@id": "ex:run"}})
        (quad,) = reading.parse(Source("x.jsonld", data.encode()), Scope(graph)).quads
        names |= {quad.subject.value, quad.object.value}
    roots = [ImportNames(hash_ * 64).graph for hash_ in "ab"]
    assert names == {f"{root}#ex:{name}" for root in roots for name in ("workDir", "run")}
