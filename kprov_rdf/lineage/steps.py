"""One step of a walk: what a thing was made of, or what was made of it, by the indexes."""

import re
from collections.abc import Iterator
from itertools import islice

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, Dnnprov, Prov
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS
from kprov_rdf.lineage.lookups import GENERATED, Lookups, Reached
from kprov_rdf.store import Store
from kprov_rdf.summaries.generated import is_content

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
_ASIDE = _WHOLE | {Dnnprov.Adaptation, Dnnprov.EarlyTermination}
_SETTINGS, _TRAINING = frozenset((Dnnprov.iTraining,)), frozenset((Dnnprov.Training,))
_PARTS = (Dnnprov.partOfExecution, Dnnprov.partOfTraining)
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
# Of a thing that says where it came from, equal content elsewhere is met only where that was
# generated so few times.
_RARE = 50
_MEMBERS = 64


# All that a step is found by.
_FOLLOWED = (RDF_TYPE, *_BACK, Prov.wasInformedBy, SAME, *_PARTS, *_QUALIFIED)


class Steps:
    """The steps of one walk, and what it has found out already."""

    def __init__(self, store: Store, direction: str, limit: int) -> None:
        self.lookups, self._limit = Lookups(store, limit, _FOLLOWED), limit
        self.steps = self._up if direction == UP else self._down
        self._details: dict[str, bool] = {}
        self._makers: dict[tuple[str, bool], list[tuple[str, str]]] = {}
        self._equals: dict[str, list[tuple[str, set[str], bool]]] = {}
        self._barren: set[str] = set()

    def reach(self, iri: str, distance: int) -> Reached:
        """A thing that was met."""
        found = self.lookups.about(iri)
        for name in () if _DETAIL_OF.isdisjoint(found.by) else _DETAIL_OF & found.by.keys():
            self._details |= dict.fromkeys(found.by[name], True)
        return Reached(iri, distance, found, self.lookups)

    def is_detail(self, iri: str) -> bool:
        """Whether it explains an activity."""
        if iri not in self._details:
            self._details[iri] = self.lookups.is_a(iri, DETAILS)
        return self._details[iri]

    def explains(self, one: Reached, other: str) -> bool:
        """Whether ``other`` is known to explain an activity; of settings, which are long, it is."""
        known = self._details.get(other)
        if known is None and Dnnprov.Training in one.types:
            known = self.lookups.is_a(other, _SETTINGS) or None
            if known:
                self._details[other] = True
        return bool(known)

    # -- up

    def _up(self, one: Reached) -> Iterator[tuple[str, str]]:
        by, origin, look = one.related.by, False, self.lookups
        for name in _BACK:
            for other in by.get(name, ()):
                if name != Prov.specializationOf or not is_content(other):
                    origin |= name in _ORIGINS
                    yield name, other
        for relation, other in () if _QUALIFIED.keys().isdisjoint(by) else self._told_by_nodes(by):
            origin |= relation != Prov.used
            yield relation, other
        if look.has(GENERATED):
            for other in look.having(GENERATED, one.iri):
                origin = True
                yield Prov.wasGeneratedBy, other
        if Prov.wasInformedBy in by:
            yield from self._informants(by)
        yield from self._same(one)
        for part in by.get(Dnnprov.partOfTraining, ()):
            yield Dnnprov.partOfTraining, part
        if Dnnprov.Training in one.types and look.has(Dnnprov.resumedFrom):
            for execution in by.get(Dnnprov.partOfExecution, ()):
                for other in look.values(execution, Dnnprov.resumedFrom):
                    yield from self._trainings(other)
        yield from self._made_elsewhere(one, origin)

    def _told_by_nodes(self, by: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
        """The same relations, where nodes of their own tell them."""
        for name, (relation, influencer) in _QUALIFIED.items():
            for detail in by.get(name, ()):
                for other in self.lookups.values(detail, influencer):
                    yield f"{PROV_NAMESPACE}{relation}", other

    def _informants(self, by: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
        wholes = {other for name in _PARTS for other in by.get(name, ())}
        for other in by[Prov.wasInformedBy]:
            if other not in wholes and not self.lookups.is_a(other, _ASIDE):
                yield Prov.wasInformedBy, other

    def _same(self, one: Reached) -> Iterator[tuple[str, str]]:
        if self.lookups.has(SAME):
            for other in (*one.related.by.get(SAME, ()), *self.lookups.having(SAME, one.iri)):
                yield SAME, other

    def _trainings(self, execution: str) -> Iterator[tuple[str, str]]:
        for part in self.lookups.having(Dnnprov.partOfExecution, execution):
            if self.lookups.is_a(part, _TRAINING):
                yield Dnnprov.resumedFrom, part

    def _made_elsewhere(self, one: Reached, origin: bool) -> Iterator[tuple[str, str]]:
        if one.distance == 0 and (is_content(one.iri) or Dnnprov.Content in one.types):
            equal = self._equal(one.iri)
            made = [other for other, _, generated in equal if generated]
            for other in made or [other for other, _, _ in equal]:
                yield EQUAL, other
            return
        contents = self._contents(one.related.by)
        found = False
        for content in contents:
            for other in self._generators(one, content, origin):
                if other != one.iri:
                    found = True
                    yield EQUAL, other
        members = one.related.by.get(Prov.hadMember, ())
        if origin or found or not members or self._barren.intersection(contents):
            return
        leading = [each for each in members[:_MEMBERS] if self._leads(one, each)]
        if not leading:
            self._barren.update(contents)
        yield from ((Prov.hadMember, each) for each in leading)

    def _leads(self, one: Reached, member: str) -> bool:
        by = self.lookups.about(member).by
        if not _ORIGINS.isdisjoint(by):
            return True
        return any(self._generators(one, content, False) for content in self._contents(by))

    def _contents(self, by: dict[str, list[str]]) -> list[str]:
        """The content of a thing, also under the name that it has elsewhere."""
        own = [other for other in by.get(Prov.specializationOf, ()) if is_content(other)]
        if own and self.lookups.has(SAME):
            for content in list(own):
                own += self.lookups.values(content, SAME)
                own += self.lookups.having(SAME, content)
            own = list(dict.fromkeys(own))
        return own

    def _generators(self, one: Reached, content: str, origin: bool) -> list[str]:
        """What generated this content in another record; in another source, with an origin."""
        if (content, origin) not in self._makers:
            most = _RARE + 1 if origin else self._limit
            self._makers[content, origin] = list(islice(self.lookups.makers(content), most))
        makers = self._makers[content, origin]
        if not makers or (origin and len(makers) > _RARE):
            return []
        place = _source if origin else str
        mine = {place(name) for name in one.graphs}
        return list(dict.fromkeys(other for other, graph in makers if place(graph) not in mine))

    def _equal(self, content: str) -> list[tuple[str, set[str], bool]]:
        """What has a content: it, the graphs that tell of it, and whether they generated it."""
        if content not in self._equals:
            found = dict.fromkeys(self.lookups.having(Prov.specializationOf, content))
            self._equals[content] = [(other, *self._places(other)) for other in found]
        return self._equals[content]

    def _places(self, iri: str) -> tuple[set[str], bool]:
        """The graphs that say what generated a thing, or else what it is; and which they are."""
        graphs = self.lookups.generations(iri)
        if graphs:
            return graphs, True
        told = self.lookups.graphs_of(iri, RDF_TYPE, None)
        return {name for name in told if not name.endswith("/links")}, False

    # -- down

    def _down(self, one: Reached) -> Iterator[tuple[str, str]]:
        iri, types, look = one.iri, one.types, self.lookups
        for name in _BACK:
            if name != Prov.specializationOf or not is_content(iri):
                for other in look.having(name, iri):
                    yield name, other
        yield from self._qualified(iri)
        for other in one.related.by.get(GENERATED, ()):
            yield Prov.wasGeneratedBy, other
        if _WHOLE.isdisjoint(types):
            for other in look.having(Prov.wasInformedBy, iri):
                yield Prov.wasInformedBy, other
        yield from self._same(one)
        if Dnnprov.ExecuteDataflow in types:
            yield from ((Dnnprov.partOfExecution, each) for _, each in self._trainings(iri))
        if Dnnprov.Training in types and look.has(Dnnprov.resumedFrom):
            for execution in one.related.by.get(Dnnprov.partOfExecution, ()):
                for later in look.having(Dnnprov.resumedFrom, execution):
                    yield from self._trainings(later)
        yield from self._had_elsewhere(one)

    def _qualified(self, iri: str) -> Iterator[tuple[str, str]]:
        for name, (relation, influencer) in _QUALIFIED.items():
            if self.lookups.has(name):
                for detail in self.lookups.having(influencer, iri):
                    for other in self.lookups.having(name, detail):
                        yield f"{PROV_NAMESPACE}{relation}", other

    def _had_elsewhere(self, one: Reached) -> Iterator[tuple[str, str]]:
        for whole in self.lookups.having(Prov.hadMember, one.iri):
            if _ORIGINS.isdisjoint(self.lookups.about(whole).by):
                yield Prov.hadMember, whole
        if is_content(one.iri) or Dnnprov.Content in one.types:
            contents = [one.iri]
        elif one.distance == 0 or Prov.wasGeneratedBy in one.related.by:
            contents = self._contents(one.related.by)
        else:
            contents = []
        for content in contents:
            sources = {_source(name) for name in one.graphs}
            for other, graphs, generated in self._equal(content):
                if other == one.iri or (one.distance and not graphs.isdisjoint(one.graphs)):
                    continue
                if (
                    not generated
                    or not one.distance
                    or sources.isdisjoint(_source(name) for name in graphs)
                ):
                    yield EQUAL, other


def _source(graph: str) -> str:
    """Who told a graph: all runs are kprov's own, and an import is one document."""
    return "run" if _IS_RUN(graph) else graph.partition("#")[0]


_IS_RUN = re.compile(r".*/run/[0-9a-f-]{36}", re.DOTALL).fullmatch
