"""One step of a walk: what a thing was made of, or what was made of it, by the indexes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, Dnnprov, Prov
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS
from kprov_rdf.store import Node, Store, select

UP, DOWN = "up", "down"
EQUAL = "equalContent"
SAME = "http://www.w3.org/2002/07/owl#sameAs"
# What explains an activity is told with it, and leads nowhere.
DETAILS = frozenset(
    (
        *(Dnnprov.iTraining, Dnnprov.Callback, Dnnprov.ModelArchitecture, Dnnprov.Layer),
        *(Dnnprov.SourceCode, Dnnprov.Environment, Dnnprov.SoftwarePackage, Dnnprov.Hardware),
        *(Dnnprov.RunSummary, Dnnprov.MetricSummary, Dnnprov.ExecuteDataflow),
    )
)
_DETAIL_OF = frozenset(
    (
        *(Dnnprov.usesCallback, Dnnprov.hasArchitecture, Dnnprov.appliedFilter),
        *(Dnnprov.ranCode, Dnnprov.ranIn, Dnnprov.ranOn),
    )
)
# They inform all that was done in them.
_WHOLE = frozenset((Dnnprov.ExecuteDataflow, Dnnprov.Training, Dnnprov.EpochExecution))
# They tell why a training went on as it did, once for each change of a setting.
_ASIDE = (*sorted(_WHOLE), Dnnprov.Adaptation, Dnnprov.EarlyTermination)
_PARTS = (Dnnprov.partOfExecution, Dnnprov.partOfTraining)
_CONTENT = re.compile(r".*/(?:content/sha256-[0-9a-f]{64}|links#.+)", re.DOTALL).fullmatch
_DERIVED = tuple(f"{PROV_NAMESPACE}{name}" for name, _ in DERIVATIONS.values())
_BACK = (
    *_DERIVED,
    *(Prov.wasGeneratedBy, Prov.used, Prov.wasDerivedFrom, Prov.specializationOf),
    f"{PROV_NAMESPACE}alternateOf",
)
_ORIGINS = frozenset((*_DERIVED, Prov.wasGeneratedBy, Prov.wasDerivedFrom))
_QUALIFIED = {
    f"{PROV_NAMESPACE}{one.qualified}": (one.property, f"{PROV_NAMESPACE}{one.influencer}")
    for one in (RELATIONS["Generation"], RELATIONS["Usage"], RELATIONS["Derivation"])
} | {
    f"{PROV_NAMESPACE}{qualified}": (name, f"{PROV_NAMESPACE}entity")
    for name, qualified in DERIVATIONS.values()
}
_GENERATED = f"{PROV_NAMESPACE}generated"
# Of a thing that says where it came from, equal content elsewhere is met only where it is rare.
_RARE = 50
_MEMBERS = 64
_TOLD = 500


@dataclass
class Reached:
    """A thing that was met, ``distance`` steps away, with what is said of it by property."""

    term: Node
    distance: int
    said: dict[str, list[object]]
    quads: list[ox.Quad]

    @property
    def iri(self) -> str:
        return key(self.term)

    @cached_property
    def types(self) -> set[str]:
        return {one.value for one in self.said.get(RDF_TYPE, ()) if isinstance(one, ox.NamedNode)}

    @property
    def graphs(self) -> list[str]:
        """The graphs that tell of it; not that of links, where all that is linked is told again."""
        found = dict.fromkeys(
            one.graph_name.value for one in self.quads if isinstance(one.graph_name, ox.NamedNode)
        )
        return [name for name in found if not name.endswith("/links")] or list(found)

    def text(self, predicate: str) -> str:
        """The first literal with this property, or nothing."""
        for one in self.said.get(predicate, ()):
            if isinstance(one, ox.Literal):
                return one.value
        return ""


def key(term: object) -> str:
    """An IRI, or the label of a blank node."""
    return term.value if isinstance(term, ox.NamedNode) else str(term)


class Steps:
    """The steps of one walk, and what it has looked up already."""

    def __init__(self, store: Store, direction: str, limit: int) -> None:
        self.store, self.limit = store, limit
        self.steps = self._up if direction == UP else self._down
        self.notes: list[str] = []
        self._details: dict[Node, bool] = {}
        self._present: dict[str, bool] = {}
        self._rare: dict[Node, list[Node] | None] = {}
        self._made: dict[Node, list[tuple[Node, str]]] = {}
        self._equals: dict[Node, list[tuple[Node, str, bool]]] = {}
        self._barren: set[Node] = set()

    # -- looking up

    def about(self, term: Node) -> tuple[dict[str, list[object]], list[ox.Quad]]:
        """What is said of a thing; of one with very many statements, what matters here."""
        quads = list(islice(self.store.quads(term, None, None), _TOLD))
        if len(quads) == _TOLD:
            wanted = (RDF_TYPE, *_BACK, Prov.wasInformedBy, SAME, *_PARTS, *_QUALIFIED)
            quads = [one for name in wanted for one in self._limited(term, name, None)]
        said: dict[str, list[object]] = {}
        for one in quads:
            values = said.setdefault(one.predicate.value, [])
            if one.object not in values:
                values.append(one.object)
        for name in _DETAIL_OF & said.keys():
            self._details |= dict.fromkeys(_nodes(said[name]), True)
        return said, quads

    def is_detail(self, term: Node, types: set[str] | None = None) -> bool:
        """Whether it explains an activity; its ``types``, where they are known."""
        if term not in self._details:
            if types is None:
                told = self.store.quads(term, _TYPE, None)
                types = {key(one.object) for one in told}
            self._details[term] = bool(types & DETAILS)
        return self._details[term]

    def explains(self, one: Reached, other: Node) -> bool:
        """Whether ``other`` is known to explain an activity; of settings, which are long, it is."""
        known = self._details.get(other)
        if known is None and Dnnprov.Training in one.types and self._is_a(other, Dnnprov.iTraining):
            known = self._details[other] = True
        return bool(known)

    def _has(self, name: str) -> bool:
        """Whether the store has any statement with this property."""
        if name not in self._present:
            found = next(iter(self.store.quads(None, _property(name), None)), None)
            self._present[name] = found is not None
        return self._present[name]

    def _limited(self, subject: Node | None, name: str, value: Node | None) -> Iterator[ox.Quad]:
        """Statements with one property, as many as there may be things in the answer."""
        if not self._has(name):
            return
        found = iter(self.store.quads(subject, _property(name), value))
        yield from islice(found, self.limit)
        if next(found, None) is not None:
            self._note(
                f"{key(value or subject)} is in more than {self.limit:,} relations "
                f"{name.rpartition('#')[2]}; only so many were followed"
            )

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)

    def _of(self, value: Node, name: str) -> Iterator[Node]:
        """What has the property ``name`` with this value."""
        yield from _nodes(one.subject for one in self._limited(None, name, value))

    # -- up

    def _up(self, one: Reached) -> Iterator[tuple[str, Node]]:
        said, origin = one.said, False
        for name in _BACK:
            for other in _nodes(said.get(name, ())):
                if name != Prov.specializationOf or not _CONTENT(key(other)):
                    origin |= name in _ORIGINS
                    yield name, other
        for name, (relation, influencer) in _QUALIFIED.items():
            for detail in _nodes(said.get(name, ())):
                for told in self.store.quads(detail, _property(influencer), None):
                    if isinstance(told.object, ox.NamedNode | ox.BlankNode):
                        origin |= relation != "used"
                        yield f"{PROV_NAMESPACE}{relation}", told.object
        for other in self._of(one.term, _GENERATED):
            origin = True
            yield Prov.wasGeneratedBy, other
        yield from self._informants(said)
        yield from self._same(one)
        for part in _nodes(said.get(Dnnprov.partOfTraining, ())):
            yield Dnnprov.partOfTraining, part
        if Dnnprov.Training in one.types and self._has(Dnnprov.resumedFrom):
            for execution in _nodes(said.get(Dnnprov.partOfExecution, ())):
                for told in self.store.quads(execution, _property(Dnnprov.resumedFrom), None):
                    yield from self._trainings(told.object)
        yield from self._made_elsewhere(one, origin)

    def _informants(self, said: dict[str, list[object]]) -> Iterator[tuple[str, Node]]:
        wholes = {other for name in _PARTS for other in said.get(name, ())}
        for other in _nodes(said.get(Prov.wasInformedBy, ())):
            if other not in wholes and not any(self._is_a(other, kind) for kind in _ASIDE):
                yield Prov.wasInformedBy, other

    def _same(self, one: Reached) -> Iterator[tuple[str, Node]]:
        if self._has(SAME):
            for other in (*_nodes(one.said.get(SAME, ())), *self._of(one.term, SAME)):
                yield SAME, other

    def _trainings(self, execution: object) -> Iterator[tuple[str, Node]]:
        if isinstance(execution, ox.NamedNode):
            for part in self._of(execution, Dnnprov.partOfExecution):
                if self._is_a(part, Dnnprov.Training):
                    yield Dnnprov.resumedFrom, part

    def _is_a(self, term: Node, kind: str) -> bool:
        return next(iter(self.store.quads(term, _TYPE, _property(kind))), None) is not None

    def _made_elsewhere(self, one: Reached, origin: bool) -> Iterator[tuple[str, Node]]:
        if one.distance == 0 and (_CONTENT(one.iri) or Dnnprov.Content in one.types):
            equal = self._equal(one.term)
            made = [other for other, _, generated in equal if generated]
            for other in made or [other for other, _, _ in equal]:
                yield EQUAL, other
            return
        contents = self._contents(one.said)
        found = [
            other
            for content in contents
            for other in self._generators(one, content, origin)
            if other != one.term
        ]
        yield from ((EQUAL, other) for other in found)
        members = _nodes(one.said.get(Prov.hadMember, ()))
        if origin or found or not members or self._barren.intersection(contents):
            return
        leading = [each for each in members[:_MEMBERS] if self._leads(one, each)]
        if not leading:
            self._barren.update(contents)
        yield from ((Prov.hadMember, each) for each in leading)

    def _leads(self, one: Reached, member: Node) -> bool:
        said, _ = self.about(member)
        if _ORIGINS & said.keys():
            return True
        return any(self._generators(one, content, False) for content in self._contents(said))

    def _contents(self, said: dict[str, list[object]]) -> list[Node]:
        """The content of a thing, also under the name that it has elsewhere."""
        own = [
            other for other in _nodes(said.get(Prov.specializationOf, ())) if _CONTENT(key(other))
        ]
        if self._has(SAME):
            for content in list(own):
                told = self.store.quads(content, _property(SAME), None)
                own += _nodes(other.object for other in told)
                own += self._of(content, SAME)
        return list(dict.fromkeys(own))

    def _generators(self, one: Reached, content: Node, origin: bool) -> list[Node]:
        """What generated this content in another record; in another source, with an origin."""
        few = self._few(content)
        if origin and few is None:
            return []
        if content not in self._made:
            told = self._makers(content) if few is None else self._makers_of(few)
            self._made[content] = list(islice(told, self.limit))
        place = _source if origin else str
        mine = {place(name) for name in one.graphs}
        return [other for other, graph in self._made[content] if place(graph) not in mine]

    def _few(self, content: Node) -> list[Node] | None:
        """What has a content, where that is rare."""
        if content not in self._rare:
            told = self.store.quads(None, _property(Prov.specializationOf), content)
            found = _nodes(one.subject for one in islice(told, _RARE + 1))
            self._rare[content] = found if len(found) <= _RARE else None
        return self._rare[content]

    def _makers_of(self, having: Sequence[Node]) -> Iterator[tuple[Node, str]]:
        for other in dict.fromkeys(having):
            graph, generated = self._place(other, typed=False)
            if generated:
                yield other, graph

    def _makers(self, content: Node) -> Iterator[tuple[Node, str]]:
        """What generated a content, and the graph that says so.

        One query, in which no name is read of all that only used it.
        """
        for name, text in _MAKERS.items():
            if isinstance(content, ox.NamedNode) and self._has(name):
                for row in select(self.store, text, {"content": content}):
                    for other in _nodes((row["other"],)):
                        yield other, key(row["graph"])

    def _equal(self, content: Node) -> list[tuple[Node, str, bool]]:
        """What has a content: it, a graph that tells of it, and whether that generated it."""
        if content not in self._equals:
            found = dict.fromkeys(self._of(content, Prov.specializationOf))
            self._equals[content] = [(other, *self._place(other)) for other in found]
        return self._equals[content]

    def _place(self, term: Node, *, typed: bool = True) -> tuple[str, bool]:
        """A graph that tells of a thing, and whether that says what generated it."""
        for name in (Prov.wasGeneratedBy, _QUALIFIED_GENERATION):
            if self._has(name):
                for told in self.store.quads(term, _property(name), None):
                    return key(told.graph_name), True
        if self._has(_GENERATED):
            for told in self.store.quads(None, _property(_GENERATED), term):
                return key(told.graph_name), True
        for told in self.store.quads(term, _TYPE, None) if typed else ():
            if not key(told.graph_name).endswith("/links"):
                return key(told.graph_name), False
        return "", False

    # -- down

    def _down(self, one: Reached) -> Iterator[tuple[str, Node]]:
        term, types = one.term, one.types
        for name in _BACK:
            if name != Prov.specializationOf or not _CONTENT(one.iri):
                for other in self._of(term, name):
                    yield name, other
        yield from self._qualified(term)
        for other in _nodes(one.said.get(_GENERATED, ())):
            yield Prov.wasGeneratedBy, other
        if not types & _WHOLE:
            for other in self._of(term, Prov.wasInformedBy):
                yield Prov.wasInformedBy, other
        yield from self._same(one)
        if Dnnprov.ExecuteDataflow in types:
            yield from ((Dnnprov.partOfExecution, each) for _, each in self._trainings(term))
        if Dnnprov.Training in types and self._has(Dnnprov.resumedFrom):
            for execution in _nodes(one.said.get(Dnnprov.partOfExecution, ())):
                for later in self._of(execution, Dnnprov.resumedFrom):
                    yield from self._trainings(later)
        yield from self._had_elsewhere(one)

    def _qualified(self, term: Node) -> Iterator[tuple[str, Node]]:
        for name, (relation, influencer) in _QUALIFIED.items():
            if self._has(name):
                for detail in self._of(term, influencer):
                    for other in self._of(detail, name):
                        yield f"{PROV_NAMESPACE}{relation}", other

    def _had_elsewhere(self, one: Reached) -> Iterator[tuple[str, Node]]:
        for whole in self._of(one.term, Prov.hadMember):
            said, _ = self.about(whole)
            if not _ORIGINS & said.keys():
                yield Prov.hadMember, whole
        if _CONTENT(one.iri) or Dnnprov.Content in one.types:
            contents = [one.term]
        elif one.distance == 0 or Prov.wasGeneratedBy in one.said:
            contents = self._contents(one.said)
        else:
            contents = []
        for content in contents:
            for other, graph, generated in self._equal(content):
                if other == one.term or (graph in one.graphs and one.distance):
                    continue
                if (
                    not generated
                    or not one.distance
                    or _source(graph) not in map(_source, one.graphs)
                ):
                    yield EQUAL, other


_TYPE = ox.NamedNode(RDF_TYPE)
_MADE = """
SELECT DISTINCT ?content ?other ?graph {
  ?other prov:specializationOf ?content . GRAPH ?graph { %s }
}
"""
_QUALIFIED_GENERATION = f"{PROV_NAMESPACE}qualifiedGeneration"
_MAKERS = {
    Prov.wasGeneratedBy: _MADE % "?other prov:wasGeneratedBy ?by",
    _QUALIFIED_GENERATION: _MADE % "?other prov:qualifiedGeneration ?by",
    _GENERATED: _MADE % "?by prov:generated ?other",
}
_PROPERTIES: dict[str, ox.NamedNode] = {}


def _property(name: str) -> ox.NamedNode:
    """The term, which is made once."""
    return _PROPERTIES.get(name) or _PROPERTIES.setdefault(name, ox.NamedNode(name))


def _nodes(values: Iterable[object]) -> list[Node]:
    return [one for one in values if isinstance(one, ox.NamedNode | ox.BlankNode)]


def _source(graph: str) -> str:
    """Who told a graph: all runs are kprov's own, and an import is one document."""
    return "run" if _IS_RUN(graph) else graph.partition("#")[0]


_IS_RUN = re.compile(r".*/run/[0-9a-f-]{36}", re.DOTALL).fullmatch
