"""What format a document is in: its name says it, else what it begins with."""

import re
from pathlib import Path
from typing import Any

from kprov_rdf.dm.guards import BOM, check_xml, decoded, load_json
from kprov_rdf.errors import UnsupportedError

# The formats, by their keys, as people call them.
LABELS = {
    "provn": "PROV-N",
    "provjson": "PROV-JSON",
    "provxml": "PROV-XML",
    "provjsonld": "PROV-JSONLD",
    "ttl": "Turtle",
    "trig": "TriG",
    "nt": "N-Triples",
    "nq": "N-Quads",
    "rdfxml": "RDF/XML",
    "jsonld": "JSON-LD",
}
_BY_SUFFIX = {".provn": "provn", ".ttl": "ttl", ".trig": "trig", ".nt": "nt", ".nq": "nq"}
# These say too little: what is in them decides.
_FAMILIES = dict.fromkeys((".json", ".jsonld", ".provjson"), "json")
_FAMILIES |= dict.fromkeys((".xml", ".provx", ".rdf", ".owl"), "xml")
SUFFIXES = frozenset(_BY_SUFFIX | _FAMILIES)
# The keywords of PROV-JSON (W3C submission, section 3): records, prefixes, bundles.
_PROV_JSON = {
    "prefix", "bundle", "entity", "activity", "agent", "used", "wasGeneratedBy",
    "wasInformedBy", "wasStartedBy", "wasEndedBy", "wasInvalidatedBy", "wasDerivedFrom",
    "wasAttributedTo", "wasAssociatedWith", "actedOnBehalfOf", "wasInfluencedBy",
    "specializationOf", "alternateOf", "hadMember", "mentionOf",
}  # fmt: skip
# Keys that other tools' JSON has, whose it then is, and what 'kprov merge' reads of them.
_LOOKALIKES = {
    "OpenLineage": ({"eventType", "schemaURL", "job"}, "it"),
    "FlowCept": ({"campaign_id", "task_id", "workflow_id"}, "it"),
    "an MLflow run": ({"run_uuid", "experiment_id"}, "the folder mlruns"),
}
_BEGINNING = 100_000
_FIRST_KEY = re.compile(rb'\s*\{\s*"([A-Za-z]+)"\s*:\s*\{')
_NO_JSON = re.compile(rb"\s*(\{\s*(<|[\w-]*:\w)|\[\s*(<|a\s|[\w-]*:\w|\]\s*[^\s,\]]))")
_XML = re.compile(rb"\s*<(\?|!|html\b|[\w.-]+(:[\w.-]+)?\s[^>]*xmlns)")
_ROOT = re.compile(
    rb"(?>\s+|<\?(?:[^?]|\?(?!>))*+\?>|<!--(?:[^-]|-(?!->))*+-->"
    rb"|<!DOCTYPE(?>[^\[>]+)(?:\[[^\]]*+\]\s*)?>)*+<((?:[\w.-]+:)?([\w.-]+))(?=[\s/>])"
)
# Some tools leave "document" out: what is missing is then told by the reader.
_PROV_N = re.compile(
    rb"(?>\s+|//[^\n]*\n|/\*(?>[^*]+|\*(?!/))*\*/)*+(document\b|default\s+<"
    rb"|prefix\s+[\w.-]+\s+<|(entity|activity|agent|used|was[A-Z]\w+)\s*\()"
)
_N_QUADS = re.compile(
    rb"(?:\s|#[^\n]*\n)*+(<[^>]*>|_:\S+)[ \t]+<[^>]*>[ \t]+"
    rb'(<[^>]*>|_:\S+|"([^"\\\n]|\\.)*"(@\S+|\^\^<[^>]*>)?)[ \t]+(<[^>]*>|_:\S+)[ \t]*\.'
)
# A name with a prefix cannot come first: its prefix has to be declared before.
_TURTLE = re.compile(
    rb"(?:\s|#[^\n]*\n)*+(@?prefix\s+[\w.-]*:\s*<|@?base\s+<|@?version\s+[\"']"
    rb"|graph\s+[<_:\w]|<[^>\s]*>|_:|[\[({])",
    re.IGNORECASE,
)


def detect(data: bytes, name: str) -> str:
    """The key in ``LABELS`` of a document's format.

    JSON-LD and PROV-JSONLD are told apart, but not looked at closer. Raises ``UnsupportedError``
    for what is something else, and ``MalformedError`` for what is broken JSON.
    """
    if not data.strip():
        raise UnsupportedError(f"{name} is empty: there is no provenance in it.")
    decoded(data, name)
    found = family(data, name)
    if found == "json":
        key = _FIRST_KEY.match(data.removeprefix(BOM))
        if (
            key
            and key[1].decode() in _PROV_JSON
            and not any(one in data for one in (b'"@context"', b'"@graph"', b'"@id"'))
        ):
            return "provjson"  # without reading all of it
        return which_json(load_json(data, name), name)
    if found == "xml":
        return which_xml(data, name)
    if found is None:
        what = "is binary" if b"\0" in data else "is in no format of provenance that is known"
        raise UnsupportedError(f"{name} {what}. These are: {', '.join(LABELS.values())}.")
    return found


def family(data: bytes, name: str) -> str | None:
    """As ``detect``, but only "json" or "xml" for what is written in these; None: not known."""
    suffix = Path(name).suffix.lower()
    if suffix in _BY_SUFFIX:
        return _BY_SUFFIX[suffix]
    data = data.removeprefix(BOM)
    told, found = _FAMILIES.get(suffix), _by_content(data)
    if told == "json" and data.lstrip()[:1] in (b"{", b"["):
        return told
    if told == "xml" and data.lstrip()[:1] == b"<":
        return told
    return found or told


def _by_content(data: bytes) -> str | None:
    beginning = data[:_BEGINNING]
    if data.lstrip()[:1] in (b"{", b"["):
        return "trig" if _NO_JSON.match(beginning) else "json"
    if _XML.match(beginning):
        return "xml"
    if _PROV_N.match(beginning):
        return "provn"
    if _N_QUADS.match(beginning):
        return "nq"
    # TriG covers Turtle and N-Triples.
    return "trig" if _TURTLE.match(beginning) else None


def which_xml(data: bytes, name: str) -> str:
    """Which of the formats in XML: "provxml" or "rdfxml". Raises ``UnsupportedError``."""
    root = _ROOT.match(data.removeprefix(BOM)[:_BEGINNING])
    if root and root[2] == b"RDF":
        return "rdfxml"
    check_xml(data, name)
    if root and root[2] != b"document":
        raise UnsupportedError(
            f"{name} is XML, but neither PROV-XML nor RDF/XML: its root is "
            f"{root[1].decode('utf-8', 'replace')[:200]}."
        )
    return "provxml"


def which_json(found: Any, name: str) -> str:
    """Which of the formats in JSON. Raises ``UnsupportedError``, with whose JSON it is."""
    keys = set(found) if isinstance(found, dict) else set()
    items = found if isinstance(found, list) else [found]
    if not keys & {"@context", "@graph", "@id"} and (keys & _PROV_JSON or found == {}):
        return "provjson"
    first: dict[str, Any] = next((one for one in items if isinstance(one, dict)), {})
    if any(key.startswith("@") for key in first):
        return "provjsonld" if _is_prov_jsonld(found) else "jsonld"
    for tool, (marks, read) in _LOOKALIKES.items():
        if len(marks & set(first)) >= 2:
            raise UnsupportedError(
                f"{name} looks like {tool}'s own JSON, which is neither PROV nor RDF. "
                f"'kprov merge' reads {read}, and says it in PROV-O."
            )
    listed = ", ".join(sorted(map(repr, first))[:6]) or "none"
    raise UnsupportedError(
        f"{name} is JSON, but neither PROV-JSON nor JSON-LD: PROV-JSON has keys such as 'prefix', "
        f"'entity' and 'activity'; found {listed}."
    )


def _is_prov_jsonld(found: Any) -> bool:
    """Whether the context is that of PROV-JSONLD, by its address or in the document itself."""
    if not isinstance(found, dict) or not isinstance(found.get("@graph"), list):
        return False
    context = found.get("@context")
    for one in context if isinstance(context, list) else [context]:
        if isinstance(one, str) and "prov-jsonld" in one:
            return True
        if isinstance(one, dict) and is_prov_jsonld_context(one):
            return True
    return False


def is_prov_jsonld_context(context: dict[str, Any]) -> bool:
    """Whether an object is the context of PROV-JSONLD itself, whose terms have scopes."""
    return all(isinstance(context.get(term), dict) for term in ("Entity", "Usage", "Membership"))
