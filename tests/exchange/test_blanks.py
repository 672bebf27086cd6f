"""Labels of blank nodes: they depend on what is said, and on nothing else."""

import itertools
import random

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kprov_rdf.exchange import blanks, reading
from kprov_rdf.exchange.merge import together
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sources import Source

_P, _Q = ox.NamedNode("http://e/p"), ox.NamedNode("http://e/q")
_nodes = st.integers(0, 4).map(lambda n: ox.BlankNode(f"b{n}"))
_graphs = st.one_of(st.just(ox.DefaultGraph()), st.just(ox.NamedNode("http://e/g")), _nodes)
_quads = st.lists(
    st.builds(
        ox.Quad,
        st.one_of(_nodes, st.just(ox.NamedNode("http://e/x"))),
        st.sampled_from([_P, _Q]),
        st.one_of(_nodes, st.sampled_from([ox.NamedNode("http://e/x"), ox.Literal("1")])),
        _graphs,
    ),
    min_size=1,
    max_size=8,
    unique=True,
)


def relabelled(quads: list[ox.Quad], seed: random.Random) -> list[ox.Quad]:
    """The same statements in another order, with other labels."""
    labels = [ox.BlankNode(f"x{n}") for n in range(5)]
    seed.shuffle(labels)

    def other(term: object) -> object:
        return labels[int(term.value[1:])] if isinstance(term, ox.BlankNode) else term

    found = [ox.Quad(*map(other, quad)) for quad in quads]  # type: ignore[arg-type]
    seed.shuffle(found)
    return found


@settings(max_examples=60)
@given(_quads, st.randoms(use_true_random=False))
def test_neither_order_nor_labels_matter(quads: list[ox.Quad], seed: random.Random) -> None:
    one, said = blanks.canonical(quads)
    other, told = blanks.canonical(relabelled(quads, seed))
    assert (set(one), said) == (set(other), told) == (set(one), "")
    assert len(one) == len(quads)


def test_a_document_in_another_order_has_the_same_names_but_for_its_hash() -> None:
    one = b"_:a <http://e/p> _:b . _:b <http://e/p> _:a . _:b <http://e/q> [] ."
    other = b"_:u <http://e/q> _:w . _:u <http://e/p> _:v . _:v <http://e/p> _:u ."
    names = []
    for text in (one, other):
        store, (done,) = together([Source("x.ttl", text)])
        names.append({str(t).replace(done.graph, "") for t in store.graph(done.graph)})
    assert names[0] == names[1]
    assert all(one.startswith("<#_c14n") for one in names[0])


def clique(size: int) -> bytes:
    """Nodes that only trying all orders tells from one another (section 7.1)."""
    edges = itertools.permutations(range(size), 2)
    return "".join(f"_:n{a} <http://e/p> _:n{b} .\n" for a, b in edges).encode()


def test_a_document_that_is_made_to_take_for_ever_ends_and_is_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blanks.canonical, "__defaults__", (0.5,))
    found = reading.parse(Source("x.nt", clique(12)), Scope("urn:import"))
    assert len(list(found.quads)) == 12 * 11
    assert found.notes == [
        "its blank nodes have no canonical labels within 0.5 seconds (RDFC-1.0), and are numbered "
        "in the order of the document"
    ]
    again = reading.parse(Source("x.nt", clique(12)), Scope("urn:import"))
    assert again.text == found.text


def test_what_is_told_apart_by_its_own_statements_needs_no_child(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blanks, "_START", None)  # a child would not start
    many = "".join(f'_:n{n} <http://e/p> "{n}" ; <http://e/q> _:n{n + 1} .\n' for n in range(5000))
    quads = list(ox.parse(many.encode(), ox.RdfFormat.TURTLE))
    assert len(blanks.canonical(quads)[0]) == 10_000
