"""From one thing, step by step, to what it was made of, or to what was made of it.

Every step looks up the statements about one thing in an index of the store, so that the size of
the store does not matter, nor that of the graphs that are met. The walk is breadth first, goes to
nothing twice, and stops at a depth and at a number of things.

A step goes along a relation of PROV: generation, usage, derivation, specialization, alternate, a
communication of activities that are no run (a run informs all that it had done), and owl:sameAs.
Two more are DNNProv's: an epoch is part of its training, and a training that resumes another.

Content leads from one record to another, with care: what millions of runs used joins all of them.
So from a thing whose own record does not say where it came from, the walk goes up to what
generated equal content, and never to what only used it; and down from what was generated, to those
who had it from elsewhere. Of the thing that was asked for, all with equal content are met.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE, Prov
from kprov_rdf.lineage.lookups import Reached
from kprov_rdf.lineage.steps import EQUAL, UP, Steps
from kprov_rdf.store import Store

MOST = 1000


class Edge(NamedTuple):
    """``later`` came of ``earlier``, by a relation: the local name of a property.

    ``equalContent`` stands for two specializations of one content.
    """

    later: str
    relation: str
    earlier: str


@dataclass
class Lineage:
    """What was reached from ``of``, in the order in which it was, and the relations between.

    ``more`` is how many things are a step further than ``depth`` or ``limit`` let the walk go;
    ``notes`` tell where it did not look at all.
    """

    of: tuple[str, ...]
    direction: str
    depth: int | None
    nodes: dict[str, Reached] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    more: int = 0
    notes: list[str] = field(default_factory=list)


def trace(
    store: Store,
    of: Sequence[str],
    direction: str = UP,
    depth: int | None = None,
    limit: int = MOST,
) -> Lineage:
    """The lineage of the things ``of``, which are IRIs: up to their origins, or down.

    At most ``limit`` things are reached, those of ``of`` beside, and only what is ``depth``
    relations away or fewer.
    """
    found = Lineage(tuple(of), direction, depth)
    walk = Steps(store, direction, max(1, limit))
    waiting = deque((iri, 0) for iri in of)
    seen, beyond = set(of), set[str]()
    most = limit + len(seen)
    edges: dict[tuple[str, str], str] = {}
    while waiting:
        iri, distance = waiting.popleft()
        one = walk.reach(iri, distance)
        if distance and walk.is_detail(iri):
            continue
        found.nodes[iri] = one
        for relation, other in walk.steps(one):
            pair = (iri, other) if direction == UP else (other, iri)
            if _says_more(relation, edges.get(pair)):
                edges[pair] = relation
            if other in seen or walk.explains(one, other):
                continue
            if (depth is not None and distance >= depth) or len(seen) >= most:
                if not walk.is_detail(other):
                    beyond.add(other)
            else:
                seen.add(other)
                waiting.append((other, distance + 1))
    found.edges = sorted(
        Edge(later, relation.removeprefix(PROV_NAMESPACE).removeprefix(DNNPROV_NAMESPACE), earlier)
        for (later, earlier), relation in edges.items()
        if later in found.nodes and earlier in found.nodes
    )
    found.more, found.notes = len(beyond - seen), walk.lookups.notes
    return found


def _says_more(relation: str, told: str | None) -> bool:
    """A revision is a derivation, too; and equal content says the least."""
    return told in (None, EQUAL) or (told == Prov.wasDerivedFrom and relation != EQUAL)
