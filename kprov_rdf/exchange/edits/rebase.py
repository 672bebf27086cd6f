"""Other names for IRIs: those under one base get another."""

from collections.abc import Callable, Iterable

import pyoxigraph as ox

from kprov_capture.identity import check_base
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.selection import Graphs

Rename = Callable[[str], str]


def renaming(olds: Iterable[str], new: str) -> Rename:
    """A function that gives an IRI under one of ``olds`` the base ``new``.

    Raises ``InputError`` where that is no base.
    """
    try:
        check_base(new)
    except ValueError as error:
        raise InputError(f"{error}. Write --base https://example.org/provenance/") from error
    bases = tuple(dict.fromkeys(olds))

    def name(iri: str) -> str:
        for old in bases:
            if iri.startswith(old):
                return new + iri.removeprefix(old)
        return iri

    return name


def rename(graphs: Graphs, name: Rename) -> dict[str, list[ox.Triple]]:
    """The statements with each IRI renamed, that of the graph too.

    Raises ``InputError`` where two graphs would become one.
    """
    for graph in graphs:
        if name(graph) != graph and name(graph) in graphs:
            raise InputError(
                f"The graph {graph} would become {name(graph)}, which is there already, from "
                "elsewhere. Take another --base."
            )
    moved = _Terms(name)
    return {name(graph): [moved.triple(t) for t in told] for graph, told in graphs.items()}


class _Terms:
    """Terms with their IRIs renamed, each made once."""

    def __init__(self, name: Rename) -> None:
        self._name = name
        self._known: dict[str, ox.NamedNode] = {}

    def triple(self, triple: ox.Triple) -> ox.Triple:
        return ox.Triple(*map(self._term, triple))  # type: ignore[arg-type]

    def _term(self, term: object) -> object:
        if isinstance(term, ox.Triple):
            return self.triple(term)
        if not isinstance(term, ox.NamedNode):
            return term
        if term.value not in self._known:
            self._known[term.value] = ox.NamedNode(self._name(term.value))
        return self._known[term.value]
