"""Labels for blank nodes that depend on nothing but what the document says: RDFC-1.0.

The algorithm may take time beyond all measure for a small document made for that (RDF Dataset
Canonicalization, section 7.1, Dataset Poisoning), and cannot be stopped where it runs. So what is
not simple is done by a child with a limit of time. It is this module as a program.
"""

import json
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import pyoxigraph as ox

from kprov_rdf import child

SECONDS = 10.0
MAX_STATEMENTS = 500_000  # about blank nodes, whose labels take 2 kB each
_START = child.program("kprov_rdf.exchange.blanks")


def canonical(quads: Sequence[ox.Quad], seconds: float = SECONDS) -> tuple[list[ox.Quad], str]:
    """The statements with canonical labels, and a note where that would have taken too long.

    The labels are then numbers in the order in which the document has the nodes.
    """
    about = sum(
        isinstance(q.subject, ox.BlankNode) or isinstance(q.object, ox.BlankNode) for q in quads
    )
    if not about and not any(isinstance(q.graph_name, ox.BlankNode) for q in quads):
        return list(dict.fromkeys(quads)), ""
    if about > MAX_STATEMENTS:
        return _in_order(quads), (
            f"it has more than {MAX_STATEMENTS:,} statements about blank nodes, which are numbered "
            "in the order of the document instead of canonically (RDFC-1.0)"
        )
    if _simple(quads):
        return _canonical(quads), ""
    text = ox.serialize(quads, format=ox.RdfFormat.N_QUADS) or b""
    with closing(child.Child(_START)) as process:
        try:
            found = process.ask(text.decode(), seconds)
        except child.EndedError:
            return _in_order(quads), (
                f"its blank nodes have no canonical labels within {seconds:g} seconds (RDFC-1.0), "
                "and are numbered in the order of the document"
            )
    return sorted(ox.parse(found, ox.RdfFormat.N_QUADS), key=str), ""


def _simple(quads: Sequence[ox.Quad]) -> bool:
    """Whether each blank node is told from the others by its own statements.

    Then the algorithm is linear: nothing is left for Hash N-Degree Quads (section 4.8).
    """
    told: dict[str, list[tuple[str, ...]]] = {}
    for quad in quads:
        terms = (quad.subject, quad.predicate, quad.object, quad.graph_name)
        for one in terms:
            if isinstance(one, ox.BlankNode):
                said = tuple(
                    ("_:a" if other == one else "_:z")
                    if isinstance(other, ox.BlankNode)
                    else str(other)
                    for other in terms
                )
                told.setdefault(one.value, []).append(said)
    return all(n == 1 for n in Counter(tuple(sorted(said)) for said in told.values()).values())


def _canonical(quads: Sequence[ox.Quad]) -> list[ox.Quad]:
    dataset = ox.Dataset(quads)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    # A data set has another order each time, and what is numbered afterwards follows it.
    return sorted(dataset, key=str)


def _in_order(quads: Sequence[ox.Quad]) -> list[ox.Quad]:
    labels: dict[str, ox.BlankNode] = {}

    def node(term: Any) -> Any:
        if isinstance(term, ox.BlankNode):
            return labels.setdefault(term.value, ox.BlankNode(f"n{len(labels)}"))
        return term

    return [
        ox.Quad(node(q.subject), q.predicate, node(q.object), node(q.graph_name)) for q in quads
    ]


def main() -> None:
    """Answer each N-Quads document with its canonical form, as JSON on a line."""
    for line in sys.stdin:
        quads = list(ox.parse(json.loads(line), ox.RdfFormat.N_QUADS))
        text = ox.serialize(_canonical(quads), format=ox.RdfFormat.N_QUADS) or b""
        print(json.dumps(text.decode()), flush=True)
