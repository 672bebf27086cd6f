"""The forms of a document for programs: media types, suffixes, and the text."""

import re
from dataclasses import dataclass

import pyoxigraph as ox

from kprov_rdf.errors import UnsupportedError
from kprov_rdf.exchange import jsonld
from kprov_rdf.exchange.write import prefixes_for, prov, sorted_triples
from kprov_rdf.linked.documents import Document
from kprov_rdf.results import NOT_XML
from kprov_rdf.store import PREFIXES


@dataclass(frozen=True)
class Form:
    """A form: its suffix, what it is called, and its media types, the registered one first."""

    suffix: str
    label: str
    types: tuple[str, ...]


HTML = Form("html", "HTML", ("text/html", "application/xhtml+xml"))
# In the order in which a client that takes all of them gets one.
FORMS = (
    Form("ttl", "Turtle", ("text/turtle", "application/x-turtle", "application/turtle", "text/n3")),
    Form("jsonld", "JSON-LD", ("application/ld+json", "application/json")),
    Form("nt", "N-Triples", ("application/n-triples", "text/plain")),
    Form("rdf", "RDF/XML", ("application/rdf+xml", "application/xml", "text/xml")),
    Form("provn", "PROV-N", ("text/provenance-notation",)),
)
BY_SUFFIX = {form.suffix: form for form in (*FORMS, HTML)}
_RDF = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "rdf": ox.RdfFormat.RDF_XML,
}
# RDF/XML writes a property as an element, whose name is what follows the last other character.
_ELEMENT = re.compile(r"[^\W\d][\w.·-]*\Z")


def forms_of(document: Document) -> tuple[Form, ...]:
    """The forms that a document has beside HTML: PROV-N only where it is a run's record."""
    return FORMS if document.kind == "run" else FORMS[:-1]


def rdf(triples: list[ox.Triple], suffix: str, prefixes: dict[str, str] | None = None) -> bytes:
    """Statements in one of the RDF forms. Raises ``UnsupportedError`` for what it cannot say."""
    if suffix == "rdf":
        for triple in triples:
            if not _ELEMENT.search(triple.predicate.value):
                raise UnsupportedError(
                    f"RDF/XML cannot write the property {triple.predicate}: its end is no name of "
                    "XML. Ask for Turtle."
                )
            if isinstance(triple.object, ox.Literal) and NOT_XML.search(triple.object.value):
                raise UnsupportedError(
                    "RDF/XML cannot write a text with a control character, which is here. Ask for "
                    "Turtle."
                )
    if suffix == "jsonld":
        return jsonld.text({"": triples})
    given = {} if suffix == "nt" else PREFIXES | (prefixes or {})
    return ox.serialize(triples, format=_RDF[suffix], prefixes=given or None) or b""


def text(document: Document, suffix: str) -> bytes:
    """The document in the form with this suffix, in UTF-8."""
    if suffix == "provn":
        return prov("provn", document.subject, document.base, document.about, document.triples)
    if suffix == "jsonld":
        return jsonld.text({"": document.statements}, document.subject, document.base)
    prefixes = prefixes_for(document.subject, document.base)
    return rdf(sorted_triples(document.statements), suffix, prefixes)
