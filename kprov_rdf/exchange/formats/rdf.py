"""RDF: Turtle, TriG, N-Quads, N-Triples, RDF/XML, JSON-LD."""

import re
from collections.abc import Sequence

import pyoxigraph as ox

from kprov_rdf.errors import UnsupportedError
from kprov_rdf.exchange import jsonld
from kprov_rdf.exchange.formats import Written
from kprov_rdf.exchange.selection import Selection, base_of
from kprov_rdf.exchange.writing import prefixes_for
from kprov_rdf.store import PREFIXES

_FORMATS = {
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "nq": ox.RdfFormat.N_QUADS,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
}
_ONE_GRAPH = {"ttl": "Turtle", "nt": "N-Triples", "rdf": "RDF/XML"}
# RDF/XML writes a property as an element, whose name is what follows the last other character.
_ELEMENT = re.compile(r"[^\W\d][\w.·-]*\Z")
# What no document of XML 1.0 can hold (section 2.2).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(selection: Selection, form: str) -> Written:
    """See ``document``."""
    return Written(document(selection, form))


def document(selection: Selection, form: str) -> bytes:
    """A document of the selected graphs.

    Formats of one graph hold that of the record, and not what the catalog says of it. Raises
    ``UnsupportedError`` where several records are to go into such a format, and for what RDF/XML
    cannot say.
    """
    record = selection.records[0] if len(selection.records) == 1 else ""
    if form == "jsonld":
        return jsonld.text(selection.graphs, record, selection.base)
    prefixes = _prefixes(selection, record)
    if form in _ONE_GRAPH:
        graphs = selection.about_records
        if len(graphs) > 1:
            raise UnsupportedError(
                f"{_ONE_GRAPH[form]} holds one graph, and these are {len(graphs)}. Write TriG, "
                "N-Quads or JSON-LD (.trig, .nq, .jsonld), which keep them apart."
            )
        return triples(next(iter(graphs.values()), ()), form, prefixes)
    quads = [
        ox.Quad(t.subject, t.predicate, t.object, ox.NamedNode(name) if name else None)
        for name, told in selection.graphs.items()
        for t in told
    ]
    given = None if form == "nq" else prefixes
    return ox.serialize(quads, format=_FORMATS[form], prefixes=given) or b""


def _prefixes(selection: Selection, record: str) -> dict[str, str]:
    base = base_of(record, selection.base)
    prefixes = prefixes_for(record, base)
    return prefixes if record else {k: v for k, v in prefixes.items() if k != "r"}


def triples(told: Sequence[ox.Triple], form: str, prefixes: dict[str, str] | None = None) -> bytes:
    """Statements of one graph in Turtle, N-Triples or RDF/XML.

    Raises ``UnsupportedError`` for what RDF/XML cannot say.
    """
    if form == "rdf":
        refuse_for_xml(told)
    given = {} if form == "nt" else PREFIXES | (prefixes or {})
    return ox.serialize(told, format=_FORMATS[form], prefixes=given or None) or b""


def refuse_for_xml(told: Sequence[ox.Triple]) -> None:
    """Raise ``UnsupportedError`` where RDF/XML cannot say one of the statements."""
    for triple in told:
        if not _ELEMENT.search(triple.predicate.value):
            raise UnsupportedError(
                f"RDF/XML cannot write the property {triple.predicate}: its end is no name of "
                "XML. Ask for Turtle."
            )
        if isinstance(triple.object, ox.Literal) and _NOT_XML.search(triple.object.value):
            raise UnsupportedError(
                "RDF/XML cannot write a text with a control character, which is here. Ask for "
                "Turtle."
            )
