"""Graphs of RDF, and what is said of them after they were something else."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pyoxigraph as ox

from kprov_rdf.dm import provjson, provjsonld, provn, provxml
from kprov_rdf.dm.model import Document
from kprov_rdf.dm.values import literal_term
from kprov_rdf.exchange.naming import Unscoped
from kprov_rdf.exchange.quads import nquads

READERS = {
    "provn": provn.read,
    "provjson": provjson.read,
    "provxml": provxml.read,
    "provjsonld": provjsonld.read,
}
# What the prov package calls them.
OF_PROV = {"provn": "provn", "provjson": "json", "provxml": "xml", "provjsonld": "jsonld"}
Graphs = dict[str, list[ox.Triple]]
Said = dict[str, set[tuple[str, str, str]]]


def graphs(data: bytes | str, form: ox.RdfFormat = ox.RdfFormat.TRIG) -> Graphs:
    """The graphs of a document by name; "" is the default graph."""
    found: Graphs = defaultdict(list)
    for quad in ox.parse(data, form, base_iri="http://base.example/"):
        name = quad.graph_name
        key = "" if isinstance(name, ox.DefaultGraph) else str(name).strip("<>")
        found[key].append(quad.triple)
    return dict(found)


def said(of: Mapping[str, Iterable[ox.Triple]]) -> Said:
    """What graphs say, with one way to write each value."""
    return {
        name: {(str(t.subject), t.predicate.value, _value(t.object)) for t in triples}
        for name, triples in of.items()
    }


def _value(term: object) -> str:
    if isinstance(term, ox.Literal):
        return literal_term(term.value, term.datatype.value, term.language or "")
    return str(term)


def quads(document: Document, toplevel: str = "") -> Graphs:
    """What a document says in RDF."""
    lines = "".join(nquads(document, Unscoped(toplevel)))
    return graphs(lines, ox.RdfFormat.N_QUADS)
