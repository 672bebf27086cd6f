"""A lineage as JSON, and as a picture in the style of W3C PROV."""

import json
from collections.abc import Mapping
from typing import Any

import pyoxigraph as ox

from kprov_capture.terms import RDFS_LABEL, Prov
from kprov_rdf.errors import LimitError
from kprov_rdf.exchange.edits.near import kept
from kprov_rdf.exchange.formats import picture
from kprov_rdf.exchange.selection import Selection
from kprov_rdf.lineage.steps import EQUAL
from kprov_rdf.lineage.told import Told
from kprov_rdf.lineage.walk import Lineage
from kprov_rdf.store import Store


def as_json(lineage: Lineage, told: Mapping[str, Told]) -> str:
    """One object: ``of``, ``direction``, ``depth``, ``nodes``, ``edges``, ``more``, ``notes``.

    Nodes come nearest first, edges sorted; an edge leads from what is ``later`` to what is
    ``earlier``, also where the walk went down.
    """
    found = {
        "of": list(lineage.of),
        "direction": lineage.direction,
        "depth": lineage.depth,
        "nodes": [_node(lineage, one) for one in told.values()],
        "edges": [
            {"later": one.later, "relation": one.relation, "earlier": one.earlier}
            for one in lineage.edges
        ],
        "more": lineage.more,
        "notes": lineage.notes,
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _node(lineage: Lineage, told: Told) -> dict[str, Any]:
    reached = lineage.nodes[told.iri]
    around = told.circumstances
    return {
        "iri": told.iri,
        "kind": told.kind,
        "name": told.name,
        "distance": reached.distance,
        "types": sorted(reached.types),
        "graphs": reached.graphs,
        "record": told.record or None,
        "tag": told.tag or None,
        "at": told.at or None,
        "sha256": told.sha256 or None,
        "values": told.values,
        "code": around.code if around else None,
        "environment": around.environment if around else None,
        "agents": list(around.agents) if around else None,
    }


def as_picture(store: Store, lineage: Lineage, form: str) -> bytes:
    """DOT, or an image of it by Graphviz.

    Raises ``LimitError`` where nobody could read it, and ``UnsupportedError`` without Graphviz.
    """
    if len(lineage.nodes) > picture.MOST_NODES:
        raise LimitError(
            f"The picture would have {len(lineage.nodes):,} nodes, and nobody can read more than "
            f"{picture.MOST_NODES}. --depth 6 leaves out what is further away; the formats tree "
            "and json have all."
        )
    text = picture.dot(_selection(store, lineage))
    return text.encode() if form == "dot" else picture.render(text, form)


def _selection(store: Store, lineage: Lineage) -> Selection:
    """What the graphs say of what was reached, and of the content by which it is joined."""
    nodes = {one.term for one in lineage.nodes.values()}
    contents: set[object] = set()
    for edge in lineage.edges:
        if edge.relation == EQUAL:
            for iri in (edge.later, edge.earlier):
                contents.update(lineage.nodes[iri].said.get(Prov.specializationOf, ()))
    graphs: dict[str, list[ox.Triple]] = {}
    for one in lineage.nodes.values():
        for quad in one.quads:
            if isinstance(quad.graph_name, ox.NamedNode):
                graphs.setdefault(quad.graph_name.value, []).append(quad.triple)
    chosen = {name: kept(told, nodes | contents) for name, told in graphs.items()}
    catalog = []
    for name in chosen:
        document = ox.NamedNode(name.partition("#")[0])
        labels = store.quads(document, ox.NamedNode(RDFS_LABEL), None)
        catalog += [one.triple for one in labels]
    return Selection({**chosen, "/catalog": catalog}, lineage.of, "")
