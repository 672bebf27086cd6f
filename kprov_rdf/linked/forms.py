"""The forms of a document for programs: media types, suffixes, and the text."""

from dataclasses import dataclass

import pyoxigraph as ox

from kprov_rdf.exchange import jsonld
from kprov_rdf.exchange.formats import prov as formats_prov
from kprov_rdf.exchange.formats import rdf as formats_rdf
from kprov_rdf.exchange.writing import prefixes_for, sorted_triples
from kprov_rdf.linked.documents import Document


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


def forms_of(document: Document) -> tuple[Form, ...]:
    """The forms that a document has beside HTML: PROV-N only where it is a run's record."""
    return FORMS if document.kind == "run" else FORMS[:-1]


def rdf(triples: list[ox.Triple], suffix: str, prefixes: dict[str, str] | None = None) -> bytes:
    """Statements in one of the RDF forms. Raises ``UnsupportedError`` for what it cannot say."""
    if suffix == "jsonld":
        return jsonld.text({"": triples})
    return formats_rdf.triples(triples, suffix, prefixes)


def text(document: Document, suffix: str) -> bytes:
    """The document in the form with this suffix, in UTF-8."""
    if suffix == "provn":
        catalog = f"{document.base}catalog"
        told = {catalog: document.about, document.subject: document.triples}
        return formats_prov.graphs(told, catalog, document.subject, document.base, "provn").data
    if suffix == "jsonld":
        return jsonld.text({"": document.statements}, document.subject, document.base)
    prefixes = prefixes_for(document.subject, document.base)
    return rdf(sorted_triples(document.statements), suffix, prefixes)
