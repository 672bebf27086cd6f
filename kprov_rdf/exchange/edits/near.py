"""Only what is a few steps of PROV relations from what a run is about."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, Dnnprov, Prov
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS
from kprov_rdf.exchange.selection import Graphs

_STARTS = {ox.NamedNode(Dnnprov.ExecuteDataflow), ox.NamedNode(Dnnprov.TrainedModel)}
_ACTIVITY = ox.NamedNode(Prov.Activity)
_QUALIFIED = {f"{PROV_NAMESPACE}{one.qualified}" for one in RELATIONS.values() if one.qualified} | {
    f"{PROV_NAMESPACE}{qualified}" for _, qualified in DERIVATIONS.values()
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
    details: set[object] = {t.object for t in told if t.predicate.value in _QUALIFIED}
    links, related = _links(told, details)
    kept = set(starts)
    for _ in range(steps):
        kept |= {other for node in kept for other in links[node]}
    return _kept(told, kept, related - kept, details)


def _links(
    told: Iterable[ox.Triple], details: set[object]
) -> tuple[dict[object, set[object]], set[object]]:
    """What each node is related to, and all nodes that are in a relation."""
    of_detail: dict[object, set[object]] = defaultdict(set)
    pairs: list[tuple[object, object]] = []
    for t in told:
        if not t.predicate.value.startswith(PROV_NAMESPACE) or isinstance(t.object, ox.Literal):
            continue
        if t.subject in details:
            of_detail[t.subject].add(t.object)
        elif t.predicate.value not in _QUALIFIED:
            pairs.append((t.subject, t.object))
    for t in told:
        if t.predicate.value in _QUALIFIED:
            pairs += ((t.subject, other) for other in of_detail[t.object])
    links: dict[object, set[object]] = defaultdict(set)
    for one, other in pairs:
        links[one].add(other)
        links[other].add(one)
    return links, set(links)


def _kept(
    told: Iterable[ox.Triple], kept: set[object], left: set[object], details: set[object]
) -> list[ox.Triple]:
    """The statements about the nodes ``kept``, without those that name a node of ``left``."""
    to_left = {
        t.subject
        for t in told
        if t.subject in details and t.predicate.value in _INFLUENCER and t.object in left
    }
    owned = {t.object for t in told if t.predicate.value in _QUALIFIED and t.subject in kept}
    gone = left | (details - owned) | to_left
    inside = kept | (owned - to_left)
    # Beside them what only explains a word that they use: the declaration of a metric.
    used = {
        term
        for t in told
        if t.subject in inside and t.object not in gone
        for term in (t.predicate, t.object)
    }
    inside |= used - left - details
    return [t for t in told if t.subject in inside and t.object not in gone]
