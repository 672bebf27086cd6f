"""Only what is a few steps of PROV relations from what a run is about."""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, Dnnprov, Prov
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS
from kprov_rdf.exchange.selection import Graphs

_STARTS = {ox.NamedNode(Dnnprov.ExecuteDataflow), ox.NamedNode(Dnnprov.TrainedModel)}
_ACTIVITY = ox.NamedNode(Prov.Activity)
_QUALIFIED = {
    f"{PROV_NAMESPACE}{one.qualified}": f"{PROV_NAMESPACE}{one.property}"
    for one in RELATIONS.values()
    if one.qualified
} | {
    f"{PROV_NAMESPACE}{qualified}": f"{PROV_NAMESPACE}{name}"
    for name, qualified in DERIVATIONS.values()
}
_INFLUENCER = {f"{PROV_NAMESPACE}{one}" for one in ("agent", "entity", "activity", "influencer")}


def near(graphs: Graphs, steps: int) -> dict[str, list[ox.Triple]]:
    """The nodes of each graph that are within ``steps`` relations of its executions and models.

    A relation counts in both directions, and as one whether it is qualified or not. A graph
    without an execution or a model is seen from all its activities. Catalogs stay as they are.
    """
    return {
        name: list(told) if name.endswith("/catalog") else _near(told, steps)
        for name, told in graphs.items()
    }


def _near(told: Sequence[ox.Triple], steps: int) -> list[ox.Triple]:
    typed: dict[object, set[object]] = defaultdict(set)
    for triple in told:
        if triple.predicate.value == RDF_TYPE:
            typed[triple.subject].add(triple.object)
    starts = {node for node, kinds in typed.items() if kinds & _STARTS}
    starts = starts or {node for node, kinds in typed.items() if _ACTIVITY in kinds}
    if not starts:
        return list(told)
    links: dict[object, set[object]] = defaultdict(set)
    for one, _, other in pairs(told):
        links[one].add(other)
        links[other].add(one)
    inside = set(starts)
    for _ in range(steps):
        inside |= {other for node in inside for other in links[node]}
    return kept(told, inside)


def pairs(told: Sequence[ox.Triple]) -> list[tuple[object, str, object]]:
    """The relations of PROV: what is related, the property, to what; qualified ones by theirs."""
    details = _details(told)
    of_detail: dict[object, set[object]] = defaultdict(set)
    found: list[tuple[object, str, object]] = []
    for t in told:
        if not t.predicate.value.startswith(PROV_NAMESPACE) or isinstance(t.object, ox.Literal):
            continue
        if t.subject in details:
            of_detail[t.subject].add(t.object)
        elif t.predicate.value not in _QUALIFIED:
            found.append((t.subject, t.predicate.value, t.object))
    for t in told:
        how = _QUALIFIED.get(t.predicate.value)
        if how:
            found += ((t.subject, how, other) for other in of_detail[t.object])
    return found


def _details(told: Iterable[ox.Triple]) -> set[object]:
    return {t.object for t in told if t.predicate.value in _QUALIFIED}


def kept(told: Sequence[ox.Triple], nodes: Set[object]) -> list[ox.Triple]:
    """The statements about ``nodes``, without those that name what else is in a relation."""
    details = _details(told)
    left = {end for one, _, other in pairs(told) for end in (one, other)} - nodes
    to_left = {
        t.subject
        for t in told
        if t.subject in details and t.predicate.value in _INFLUENCER and t.object in left
    }
    owned = {t.object for t in told if t.predicate.value in _QUALIFIED and t.subject in nodes}
    gone = left | (details - owned) | to_left
    inside = nodes | (owned - to_left)
    # Beside them what only explains a word that they use: the declaration of a metric.
    used = {
        term
        for t in told
        if t.subject in inside and t.object not in gone
        for term in (t.predicate, t.object)
    }
    inside |= used - left - details
    return [t for t in told if t.subject in inside and t.object not in gone]
