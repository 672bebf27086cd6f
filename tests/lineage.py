"""What PROV alone tells: for the tests that leave DNNProv out."""

from collections.abc import Iterable

import pyoxigraph as ox

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE


def without_dnnprov(triples: Iterable[ox.Triple]) -> list[ox.Triple]:
    """The statements in which no term of DNNProv stands."""
    return [
        triple
        for triple in triples
        if not triple.predicate.value.startswith(DNNPROV_NAMESPACE)
        and not getattr(triple.object, "value", "").startswith(DNNPROV_NAMESPACE)
    ]


def reachable(triples: Iterable[ox.Triple], start: str) -> set[str]:
    """What PROV relations lead to from one node, with every other statement left out."""
    edges: dict[str, set[str]] = {}
    for triple in triples:
        is_prov = triple.predicate.value.startswith(PROV_NAMESPACE)
        if is_prov and isinstance(triple.object, ox.NamedNode):
            edges.setdefault(triple.subject.value, set()).add(triple.object.value)
    seen, todo = set(), [start]
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += edges.get(node, ())
    return seen
