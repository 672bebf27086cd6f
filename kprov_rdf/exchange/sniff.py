"""Which of the documents of other tools can be merged.

What is refused before a parser sees it, whichever the format, stands in ``dm.guards``.
"""

from dataclasses import dataclass

from kprov_rdf.dm.detect import family, which_json, which_xml
from kprov_rdf.dm.guards import load_json


@dataclass(frozen=True)
class Format:
    """A format that can be merged: its name for people, and its media type.

    ``folder``: whether a tool leaves it as a folder, too. For docs/exchange.md: the versions and
    forms that are read, what of them is ``kept``, and what is ``left`` out.
    """

    label: str
    media_type: str
    folder: bool = False
    versions: str = ""
    kept: str = ""
    left: str = ""


FORMATS = {
    "provjson": Format("PROV-JSON", "application/json"),
    "provn": Format("PROV-N", "text/provenance-notation"),
    "provxml": Format("PROV-XML", "application/provenance+xml"),
    "ttl": Format("Turtle", "text/turtle"),
    "trig": Format("TriG", "application/trig"),
    "nt": Format("N-Triples", "application/n-triples"),
    "nq": Format("N-Quads", "application/n-quads"),
    "rdfxml": Format("RDF/XML", "application/rdf+xml"),
    "jsonld": Format("JSON-LD", "application/ld+json"),
    "provjsonld": Format("PROV-JSONLD", "application/ld+json"),
}


def detect(data: bytes, name: str) -> str:
    """The key in ``FORMATS`` of a document: ``name`` says it, else what it begins with.

    Raises ``UnsupportedError`` for what is something else.
    """
    found = family(data, name) or "trig"
    if found == "json":
        return which_json(load_json(data, name), name)
    return which_xml(data, name) if found == "xml" else found
