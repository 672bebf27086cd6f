"""Which of the documents of other tools can be merged.

What is refused before a parser sees it, whichever the format, stands in ``dm.guards``.
"""

from dataclasses import dataclass
from typing import Any

from kprov_rdf.dm.detect import family, which_json, which_xml
from kprov_rdf.dm.guards import load_json, refuse_contexts


@dataclass(frozen=True)
class Format:
    """A format that can be merged: its name for people, and its media type.

    ``folder``: whether a tool leaves it as a folder, too.
    """

    label: str
    media_type: str
    folder: bool = False


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
        parsed = load_json(data, name)
        key = which_json(parsed, name)
        if key == "jsonld":
            refuse_contexts(parsed, name)
        return key
    return which_xml(data, name) if found == "xml" else found


_INDICES = {"@index", "@id", "@type", "@graph", "@language"}


def _listed(value: Any) -> list[str]:
    """What may be one text or a list of them."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def undefined_keys(found: Any) -> list[str]:
    """The keys of JSON-LD that no context in it defines, sorted: no statement is made of them.

    Empty where that cannot be said so simply: where a context has a @vocab, where keys are an
    index or a language (@container), and where values are not JSON-LD (@json).
    """
    defined: set[str] = set()
    keys: set[str] = set()
    stack: list[tuple[Any, bool]] = [(found, False)]
    while stack:
        one, in_context = stack.pop()
        if isinstance(one, list):
            stack += ((item, in_context) for item in one)
        if not isinstance(one, dict):
            continue
        indexed = _INDICES & set(_listed(one.get("@container")))
        if one.get("@vocab") is not None or indexed or "@json" in one.values():
            return []
        (defined if in_context else keys).update(one)
        stack += ((value, in_context or key == "@context") for key, value in one.items())
    # Any other key with a colon is an IRI.
    return sorted(key for key in keys - defined if ":" not in key and not key.startswith("@"))
