"""What a walk looks up: in the index of the summaries where that has a thing, else in statements.

Things are named by text here: an IRI, or the label of a blank node with ``_:`` before it.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, Prov
from kprov_rdf import summaries
from kprov_rdf.store import LocalStore, Node, Store, select
from kprov_rdf.summaries import generated, related
from kprov_rdf.summaries.related import MOST, Related


class Lookups:
    """Those of one walk, which remembers them. ``limit`` is how many things an answer may have.

    Of a thing of which very many statements tell, those with a property of ``wanted`` are read.
    """

    def __init__(self, store: Store, limit: int, wanted: Collection[str]) -> None:
        self.store, self.notes = store, list[str]()
        self._limit, self._wanted = limit, wanted
        self._related: dict[str, Related] = {}
        self._statements: dict[str, list[ox.Quad]] = {}
        self._runs: dict[str, related.Kept | None] = {}
        self._present: dict[str, bool] = {}
        self._types: dict[str, set[str]] = {}

    def about(self, iri: str) -> Related:
        """What a thing is related to."""
        return self._kept(iri) or self._related.setdefault(iri, related.of(self.statements(iri)))

    def _kept(self, iri: str) -> Related | None:
        """The same, where that needs no statements to be read."""
        found = self._related.get(iri)
        run, _, part = iri.partition("#")
        if found is None and part:
            if run not in self._runs:
                self._runs[run] = related.read(self.store, run)
            things = self._runs[run]
            found = related.thing(run, part, things) if things else None
            if found is not None:
                self._related[iri] = found
        return found

    def statements(self, iri: str) -> list[ox.Quad]:
        """All that is said of a thing; of one with very many statements, what matters here."""
        if iri not in self._statements:
            term = node(iri)
            quads = list(islice(self.store.quads(term, None, None), MOST))
            if len(quads) == MOST:
                quads = [one for name in self._wanted for one in self._limited(term, name, None)]
            self._statements[iri] = quads
        return self._statements[iri]

    def is_a(self, iri: str, kinds: frozenset[str]) -> bool:
        """Whether a thing is of one of these classes."""
        kept = self._kept(iri)
        if kept is not None:
            return not kinds.isdisjoint(kept.types)
        if len(kinds) == 1 and iri not in self._types:
            (kind,) = kinds
            found = self.store.quads(node(iri), _TYPE, named(kind))
            return next(iter(found), None) is not None
        if iri not in self._types:
            self._types[iri] = set(self.values(iri, RDF_TYPE))
        return not kinds.isdisjoint(self._types[iri])

    def has(self, name: str) -> bool:
        """Whether the store has any statement with this property."""
        if name not in self._present:
            found = next(iter(self.store.quads(None, named(name), None)), None)
            self._present[name] = found is not None
        return self._present[name]

    def values(self, iri: str, name: str) -> Iterator[str]:
        """What a thing is related to by one property."""
        yield from keys(one.object for one in self.store.quads(node(iri), named(name), None))

    def having(self, name: str, iri: str) -> Iterator[str]:
        """What has the property ``name`` with this value."""
        yield from keys(one.subject for one in self._limited(None, name, node(iri)))

    def graphs_of(self, subject: str | None, name: str, value: str | None) -> Iterator[str]:
        """The graphs of the statements with one property that match."""
        terms = (None if one is None else node(one) for one in (subject, value))
        for told in self.store.quads(next(terms), named(name), next(terms)):
            yield key(told.graph_name)

    # -- what was generated

    def generations(self, iri: str) -> set[str]:
        """The graphs that say what generated a thing."""
        known, found = self._related.get(iri), set[str]()
        for name in (Prov.wasGeneratedBy, QUALIFIED_GENERATION):
            if self.has(name) and (known is None or name in known.by):
                found.update(self.graphs_of(iri, name, None))
        if self.has(GENERATED):
            found.update(self.graphs_of(None, GENERATED, iri))
        return found

    def makers(self, content: str) -> Iterator[tuple[str, str]]:
        """What was generated with this content, each with the graph that says so."""
        if isinstance(self.store, LocalStore) and self._indexed:
            found = generated.find(self.store, content)
            if found is not None:
                return found
        return self._asked_makers(content)

    def _asked_makers(self, content: str) -> Iterator[tuple[str, str]]:
        """The same by a query, in which no name is read of all that only used it."""
        if content[:2] == "_:":
            return
        for name, text in _MAKERS.items():
            if self.has(name):
                for row in select(self.store, text, {"content": ox.NamedNode(content)}):
                    for iri in keys((row["thing"],)):
                        yield iri, key(row["graph"])

    @cached_property
    def _indexed(self) -> bool:
        return isinstance(self.store, LocalStore) and summaries.is_whole(self.store)

    # -- statements

    def _limited(self, subject: Node | None, name: str, value: Node | None) -> Iterator[ox.Quad]:
        """Statements with one property, as many as there may be things in the answer."""
        if not self.has(name):
            return
        found = iter(self.store.quads(subject, named(name), value))
        yield from islice(found, self._limit)
        if next(found, None) is not None:
            self._note(
                f"{key(value or subject)} is in more than {self._limit:,} relations "
                f"{name.rpartition('#')[2]}; only so many were followed"
            )

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


@dataclass
class Reached:
    """A thing that was met, ``distance`` steps away, with what it is related to.

    Its statements are read when they are asked for.
    """

    iri: str
    distance: int
    related: Related
    lookups: Lookups

    @property
    def term(self) -> Node:
        return node(self.iri)

    @property
    def quads(self) -> list[ox.Quad]:
        """The statements about it."""
        return self.lookups.statements(self.iri)

    @cached_property
    def said(self) -> dict[str, list[object]]:
        """What is said of it, by property."""
        found: dict[str, list[object]] = {}
        for one in self.quads:
            values = found.setdefault(one.predicate.value, [])
            if one.object not in values:
                values.append(one.object)
        return found

    @property
    def types(self) -> frozenset[str]:
        return self.related.types

    @property
    def graphs(self) -> list[str]:
        """The graphs that tell of it; not that of links, where all that is linked is told again."""
        found = self.related.graphs
        return [name for name in found if not name.endswith("/links")] or found

    def text(self, predicate: str) -> str:
        """The first literal with this property, or nothing."""
        for one in self.said.get(predicate, ()):
            if isinstance(one, ox.Literal):
                return one.value
        return ""


def key(term: object) -> str:
    """An IRI, or the label of a blank node."""
    return term.value if isinstance(term, ox.NamedNode) else str(term)


def keys(terms: Iterable[object]) -> list[str]:
    """The names of those that are things, and no literals."""
    return [key(one) for one in terms if isinstance(one, ox.NamedNode | ox.BlankNode)]


def node(name: str) -> Node:
    """The term of a name."""
    return ox.BlankNode(name[2:]) if name[:2] == "_:" else ox.NamedNode(name)


GENERATED, QUALIFIED_GENERATION = (
    f"{PROV_NAMESPACE}{name}" for name in ("generated", "qualifiedGeneration")
)
_MADE = """
SELECT DISTINCT ?content ?thing ?graph {
  ?thing prov:specializationOf ?content . GRAPH ?graph { %s }
}
"""
_MAKERS = {
    Prov.wasGeneratedBy: _MADE % "?thing prov:wasGeneratedBy ?by",
    QUALIFIED_GENERATION: _MADE % "?thing prov:qualifiedGeneration ?by",
    GENERATED: _MADE % "?by prov:generated ?thing",
}
_TYPE = ox.NamedNode(RDF_TYPE)
_PROPERTIES: dict[str, ox.NamedNode] = {}


def named(name: str) -> ox.NamedNode:
    """The term of a property, which is made once."""
    return _PROPERTIES.get(name) or _PROPERTIES.setdefault(name, ox.NamedNode(name))
