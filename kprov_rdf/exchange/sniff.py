"""What a document of another tool is, and what is refused before a parser sees it.

The suffix says the format, else the beginning of the text. The parsers behind are
not made for strangers: pyoxigraph's ends the process where JSON or triple terms
are nested deep, and a DTD may name files to read. So depth and DTDs are looked
for first, and nothing is ever fetched.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kprov_rdf.errors import InputError, UnsupportedError

MAX_DEPTH = 200


@dataclass(frozen=True)
class Format:
    """A format that can be merged: its name for people, and its media type."""

    label: str
    media_type: str


FORMATS = {
    "provjson": Format("PROV-JSON", "application/json"),
    "provn": Format("PROV-N", "text/provenance-notation"),
    "provxml": Format("PROV-XML", "application/provenance+xml"),
    "ttl": Format("Turtle", "text/turtle"),
    "trig": Format("TriG", "application/trig"),
    "nt": Format("N-Triples", "application/n-triples"),
    "nq": Format("N-Quads", "application/n-quads"),
    "jsonld": Format("JSON-LD", "application/ld+json"),
}
_BY_SUFFIX = {
    ".provn": "provn",
    ".ttl": "ttl",
    ".trig": "trig",
    ".nt": "nt",
    ".nq": "nq",
    # These say too little: what is in them decides.
    ".json": "json",
    ".jsonld": "json",
    ".provjson": "json",
    ".xml": "xml",
    ".provx": "xml",
    ".rdf": "xml",
    ".owl": "xml",
}
# The keywords of PROV-JSON (W3C submission, section 3): records, prefixes, bundles.
_PROV_JSON = {
    "prefix", "bundle", "entity", "activity", "agent", "used", "wasGeneratedBy",
    "wasInformedBy", "wasStartedBy", "wasEndedBy", "wasInvalidatedBy", "wasDerivedFrom",
    "wasAttributedTo", "wasAssociatedWith", "actedOnBehalfOf", "wasInfluencedBy",
    "specializationOf", "alternateOf", "hadMember", "mentionOf",
}  # fmt: skip
# Keys that other tools' JSON has, and whose it then is.
_LOOKALIKES = {
    "OpenLineage": {"eventType", "schemaURL", "job"},
    "FlowCept": {"campaign_id", "task_id", "workflow_id"},
    "an MLflow run": {"run_uuid", "experiment_id"},
}
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)
_JSON_BRACKETS = re.compile(rb"[\[{\]}]")
_TRIPLE_TERMS = re.compile(rb"<<\(|\)>>")
_XML = re.compile(rb"\s*<(\?xml|!|[\w.-]+(:[\w.-]+)?\s+[^>]*xmlns)")
_RDF_XML = re.compile(rb"<(\w+:)?RDF[\s>]")
_PROV_N = re.compile(rb"(?>\s+|//[^\n]*\n|/\*(?>[^*]+|\*(?!/))*\*/)*+document\b")
_N_QUADS = re.compile(
    rb"(?:\s|#[^\n]*\n)*+(<[^>]*>|_:\S+)[ \t]+<[^>]*>[ \t]+"
    rb'(<[^>]*>|_:\S+|"([^"\\\n]|\\.)*"(@\S+|\^\^<[^>]*>)?)[ \t]+(<[^>]*>|_:\S+)[ \t]*\.'
)
_XML_ENCODING = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["']([^"']*)""")


def detect(data: bytes, name: str) -> str:
    """The key in ``FORMATS`` of a document: ``name`` says it, else what it begins with.

    Raises ``UnsupportedError`` for what is something else.
    """
    found = _BY_SUFFIX.get(Path(name).suffix.lower()) or _by_content(data)
    if found == "json":
        return _which_json(load_json(data, name), name)
    if found == "xml":
        if _RDF_XML.search(data[:100_000]):
            raise UnsupportedError(
                f"{name} is RDF/XML, which kprov does not read yet. Convert it to Turtle first, "
                f"for example with 'rapper -o turtle {name}'."
            )
        return "provxml"
    return found


def _by_content(data: bytes) -> str:
    if data.lstrip()[:1] in (b"{", b"["):
        return "json"
    if _XML.match(data):
        return "xml"
    if _PROV_N.match(data[:100_000]):
        return "provn"
    # TriG covers Turtle and N-Triples.
    return "nq" if _N_QUADS.match(data[:100_000]) else "trig"


def _refuse_deep(data: bytes, brackets: re.Pattern[bytes], name: str) -> None:
    depth = 0
    for found in brackets.finditer(data):
        depth += 1 if found[0] in (b"{", b"[", b"<<(") else -1
        if depth > MAX_DEPTH:
            raise InputError(
                f"{name} is nested more than {MAX_DEPTH} levels deep, which no provenance is. "
                "It was not read."
            )


def check_rdf(data: bytes, name: str) -> None:
    """Refuse what would end the process in the parser of Turtle, TriG, N-Triples, N-Quads."""
    _refuse_deep(data, _TRIPLE_TERMS, name)


def check_xml(data: bytes, name: str) -> None:
    """Refuse DTDs, wherever they stand, and encodings that could hide one."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise InputError(
            f"{name} has a DOCTYPE, which could make the parser read other files. PROV-XML needs "
            "none; take it out and try again."
        )
    declared = _XML_ENCODING.match(data)
    if declared and declared[1].upper() not in (b"UTF-8", b"ASCII", b"US-ASCII"):
        raise InputError(
            f"{name} is encoded as {declared[1].decode('ascii', 'replace')}. Convert it to UTF-8 "
            "first, for example with iconv."
        )


def load_json(data: bytes, name: str) -> Any:
    """JSON that is not nested too deep. Raises ``InputError``, with line and column."""
    _refuse_deep(_STRINGS.sub(b"", data), _JSON_BRACKETS, name)

    def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            again = Counter(key for key, _ in pairs).most_common(1)[0][0]
            raise InputError(
                f"{name} has the key {again!r} twice in one object, of which JSON keeps one: "
                "something would be lost. Make it one key."
            )
        return found

    try:
        # As text: of bytes, json would guess the encoding, and not always as UTF-8.
        return json.loads(data.decode("utf-8"), object_pairs_hook=unrepeated)
    except ValueError as error:
        raise InputError(f"{name} is no JSON: {error}.") from error


def _which_json(found: Any, name: str) -> str:
    keys = set(found) if isinstance(found, dict) else set()
    items = found if isinstance(found, list) else [found]
    if not keys & {"@context", "@graph", "@id"} and (keys & _PROV_JSON or found == {}):
        return "provjson"
    first: dict[str, Any] = next((one for one in items if isinstance(one, dict)), {})
    if any(key.startswith("@") for key in first):
        _refuse_contexts(items, name)
        return "jsonld"
    for tool, marks in _LOOKALIKES.items():
        if len(marks & set(first)) >= 2:
            raise UnsupportedError(
                f"{name} looks like {tool}'s own JSON, which kprov does not read. It reads "
                f"{', '.join(one.label for one in FORMATS.values())}."
            )
    listed = ", ".join(sorted(map(repr, first))[:6]) or "none"
    raise UnsupportedError(
        f"{name} is JSON, but neither PROV-JSON nor JSON-LD: PROV-JSON has keys such as 'prefix', "
        f"'entity' and 'activity'; found {listed}."
    )


def _refuse_contexts(items: list[Any], name: str) -> None:
    """Refuse JSON-LD whose @context is an address: nothing is fetched from the network."""
    stack: list[Any] = list(items)
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack += one
        if not isinstance(one, dict):
            continue
        stack += one.values()
        given = one.get("@context")
        contexts = [*(given if isinstance(given, list) else [given]), one.get("@import")]
        for context in contexts:
            if not isinstance(context, str):
                continue
            if "w3id.org/ro/crate" in context:
                raise UnsupportedError(
                    f"{name} looks like an RO-Crate. It tells its provenance in the terms of "
                    "schema.org, which kprov does not read."
                )
            raise UnsupportedError(
                f"The @context of {name} is at {context}, and kprov fetches nothing from the "
                "network. Write the context into the document, or expand it first with a "
                "JSON-LD processor."
            )


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
