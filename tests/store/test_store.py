"""The contract of the Store seam, for each kind of store."""

from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_rdf import store as stores
from kprov_rdf.errors import InputError
from kprov_rdf.store import LocalStore, Store

ONE = b'<http://e/s> <http://e/p> "1.5"^^<http://www.w3.org/2001/XMLSchema#double> <http://e/g> .\n'
TWO = b"<http://e/s> <http://e/q> <http://e/o> <http://e/h> .\n"


@pytest.fixture(params=["memory", "disk", "remote"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "remote":
        return request.getfixturevalue("remote")  # type: ignore[no-any-return]
    return LocalStore(None if request.param == "memory" else tmp_path / "store")


class TestStore:
    """Promises of the Protocol; a new kind of store joins the fixture above."""

    def test_loading_twice_is_loading_once(self, store: Store) -> None:
        store.load(ONE + TWO)
        store.load(ONE)
        (row,) = store.query("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
        assert row["n"].value == "2"

    def test_much_is_loaded_as_little_is(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Beyond a size it goes another way, in parts and on two threads."""
        monkeypatch.setattr(stores, "_BULK_BYTES", 1000)
        start, end = "<http://e/", " <http://e/g> .\n"
        lines = [f"{start}{n % 70}> {start}p> {start}{n}>{end}" for n in range(200)]
        store.load("".join(lines).encode())
        store.load("".join(lines).encode())
        assert {f"{triple}{end}" for triple in store.graph("http://e/g")} == set(lines)
        with pytest.raises(InputError, match="not N-Quads"):
            store.load("".join([*lines, "nonsense\n"]).encode())

    def test_the_default_graph_is_the_union(self, store: Store) -> None:
        store.load(ONE + TWO)
        assert len(list(store.query("SELECT * { <http://e/s> ?p ?o }"))) == 2

    def test_a_graph_is_what_stands_in_it(self, store: Store) -> None:
        store.load(ONE + TWO)
        (triple,) = store.graph("http://e/h")
        assert triple.predicate == ox.NamedNode("http://e/q")
        assert store.graph("http://e/none") == []
        assert store.graphs() == ["http://e/g", "http://e/h"]

    def test_bindings_are_values_and_never_text(self, store: Store) -> None:
        store.load(b'<http://e/s> <http://e/p> "x\\" } ; DROP ALL #" <http://e/g> .\n')
        answer = store.query("SELECT ?v ?s { ?s ?p ?v }", {"v": ox.Literal('x" } ; DROP ALL #')})
        assert [row["s"].value for row in answer] == ["http://e/s"]

    def test_prefixes_need_no_declaration(self, store: Store) -> None:
        assert not store.query("ASK { ?s a prov:Entity ; dnnprov:loss ?l ; rdfs:label ?x }")

    def test_what_is_not_nquads_is_refused_whole(self, store: Store) -> None:
        with pytest.raises(InputError, match="not N-Quads"):
            store.load(ONE + b"nonsense\n")
        assert store.graph("http://e/g") == []

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("SELECT ?x {", "line 1, column 12"),
            ("", "query is empty"),
            ("DROP ALL", r"an update \(DROP\)"),
            ("PREFIX e: <http://e/> INSERT DATA { e:a e:b e:c }", r"an update \(INSERT\)"),
            ("ASK { ?s foo:bar ?o }", "prefix foo: of foo:bar is not declared"),
            ("ASK { _:a prov:x ?o }}", "line 1, column 23"),
            ("SELECT ?x\n{ ?x ?y }", "line 2"),
        ],
    )
    def test_a_broken_query_names_the_place(self, store: Store, text: str, said: str) -> None:
        with pytest.raises(InputError, match=said) as error:
            store.query(text)
        assert "expected one of" not in str(error.value)

    def test_a_binding_that_is_not_projected_is_refused(self, store: Store) -> None:
        with pytest.raises(
            InputError, match=r"cannot be answered|no variable that the query selects"
        ):
            store.query("SELECT ?s { ?s ?p ?o }", {"nothing": ox.Literal("1")})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT ?p FROM <http://e/g> { <http://e/s> ?p ?o }", "p"),
        ("SELECT ?p\nfrom<http://e/h>{ <http://e/s> ?p ?o }", "q"),
        ("SELECT ?p FROM NAMED <http://e/h> { GRAPH ?g { ?s ?p ?o } }", "q"),
        ("SELECT ?p FROM NAMED <http://e/h> { ?s ?p ?o }", ""),
        ("SELECT ?p { ?s ?p ?o FILTER(?p != 'FROM <http://e/g>') } # FROM <http://e/g>", "pq"),
    ],
)
def test_a_dataset_that_the_query_names_counts(text: str, found: str) -> None:
    """Of the local kinds: elsewhere the endpoint decides, and Oxigraph's own ignores FROM."""
    store = LocalStore()
    store.load(ONE + TWO)
    named = {row["p"].value for row in stores.select(store, text)}
    assert named == {f"http://e/{one}" for one in found}
