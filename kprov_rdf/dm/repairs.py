"""Known defects of real documents, each with the rule by which it is repaired.

A reader that is given ``Repairs`` mends what a rule below tells how to mend, and lists it there;
one that is given None refuses the document. No rule guesses what a tool meant where two
readings are possible, or leaves a statement out: what no rule covers stays an error.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation

from kprov_rdf.dm.times import time_term
from kprov_rdf.dm.values import XSD, XSD_VARIANTS
from kprov_rdf.errors import InputError


@dataclass(frozen=True)
class Rule:
    """What is wrong, how it is read, and which tools write it."""

    what: str
    how: str
    tools: str


RULES = {
    "undeclared-prefix": Rule(
        "A prefix that nothing declares",
        "a well-known one has its namespace, any other one of the document's own",
        "cwlprov, Taverna, NIDM, yProv4ML",
    ),
    "late-declaration": Rule(
        "A prefix that is used where its declaration does not hold",
        "as it is declared elsewhere in the document",
        "scripts that join documents",
    ),
    "relative-namespace": Rule(
        "A namespace that is a plain word or a relative address",
        "as one of the document's own",
        "yProv4ML, Git2PROV",
    ),
    "no-default-namespace": Rule(
        "Names without prefix, and no default namespace",
        "as names of the document's own",
        "noWorkflow, versioned-prov, cwlprov",
    ),
    "xsd-namespace": Rule(
        "The namespace of XML Schema, written otherwise",
        f"as {XSD}",
        "yProv4ML, old versions of prov",
    ),
    "illegal-name": Rule(
        "A name with blanks or other characters that no name has",
        "with these characters escaped",
        "yProv4ML, noWorkflow, Git2PROV, scripts that write Turtle",
    ),
    "doubled-prefix": Rule(
        "A name that has its prefix twice", "with the prefix once", "NIDM"
    ),
    "unprefixed-term": Rule(
        "A term of PROV without prefix, such as type or label, and no default namespace",
        "as the term of PROV",
        "noWorkflow, versioned-prov",
    ),
    "blank-node": Rule(
        "A blank node, which PROV-N does not have",
        "as an existential variable",
        "scripts that turn RDF into PROV-N",
    ),
    "empty-name": Rule(
        "An optional argument whose name is empty", "as left out", "hand-written exporters"
    ),
    "no-document": Rule(
        "PROV-N without document and endDocument",
        "as if they were there",
        "noWorkflow, versioned-prov",
    ),
    "argument-count": Rule(
        "An expression of PROV-N that leaves out arguments without '-'",
        "with '-' where the next argument is of another kind, and at the end",
        "Git2PROV, hand-written exporters",
    ),
    "attributes-kept": Rule(
        "Attributes of a relation to which PROV-DM gives none",
        "with its attributes",
        "noWorkflow, versioned-prov",
    ),
    "unprefixed-extension": Rule(
        "An expression that PROV-N does not have, without a prefix",
        "as an extension",
        "versioned-prov",
    ),
    "broken-text": Rule(
        "A text with quotes or backslashes that are not escaped",
        "to the quotes before the next attribute",
        "noWorkflow, Git2PROV",
    ),
    "broken-attribute": Rule(
        "An attribute with ':=', or whose value has no quotes",
        "with '='; the value as a name, a number or a text, as it looks",
        "noWorkflow, hand-written exporters",
    ),
    "epoch-time": Rule(
        "A number where a time is wanted",
        "as seconds since 1970, or by its size as milli-, micro- or nanoseconds",
        "yProv4ML, exporters in Python and JavaScript",
    ),
    "time-format": Rule(
        "A date without time, or a time that is not written as xsd:dateTime",
        "a date as its midnight, a time as xsd:dateTime writes it",
        "hand-written exporters",
    ),
    "provone-kind": Rule(
        "PROV-JSON with the kinds of ProvONE",
        "elements as those of PROV with a type, relations as attributes",
        "provonetoolbox",
    ),
    "illegal-iri": Rule(
        "An IRI with blanks or other characters that no IRI has",
        "with these characters escaped by %",
        "Taverna, scripts that write file names",
    ),
    "relative-iri": Rule(
        "A relative IRI, where the format has whole ones",
        "as a name of the document's own",
        "scripts that write N-Triples",
    ),
    "illegal-node-id": Rule(
        "rdf:nodeID or rdf:ID that is no name of XML, such as an IRI",
        "as a name made from it",
        "DataONE",
    ),
    "language-tag": Rule(
        "A locale such as en_US where a language is wanted", "as en-US", "NIDM, R packages"
    ),
}  # fmt: skip
# What documents use without declaring it. Schemes of IRIs stand for themselves.
WELL_KNOWN = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "oa": "http://www.w3.org/ns/oa#",
    "ore": "http://www.openarchives.org/ore/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "pav": "http://purl.org/pav/",
    "prov": "http://www.w3.org/ns/prov#",
    "provone": "http://purl.dataone.org/provone/2015/01/15/ontology#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "s": "http://schema.org/",
    "schema": "http://schema.org/",
    "sdo": "http://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "wf4ever": "http://purl.org/wf4ever/wf4ever#",
    "wfdesc": "http://purl.org/wf4ever/wfdesc#",
    "wfprov": "http://purl.org/wf4ever/wfprov#",
    "xsd": XSD,
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}  # fmt: skip
_SCHEMES = frozenset(
    ("ark", "arcp", "doi", "file", "ftp", "http", "https", "info", "mailto", "ni", "tag", "tel",
     "urn")
)  # fmt: skip
# The terms of PROV that an attribute without prefix is taken for.
TERMS = frozenset(("type", "label", "value", "role", "location"))
MAX_LISTED = 300
MAX_UNDECLARED = 1000  # prefixes
_SHOWN = 200
ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_NO_IRI = re.compile(r"[\x00-\x20<>\"{}|\\^`]")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,2})?")
_MOMENT = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})"
    r"(?:(?:T|t|[ ]+)([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:[.,]([0-9]{1,18}))?)?"
    r"[ ]*(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
_EPOCH = datetime(1970, 1, 1)
# Less than three years of seconds is rather how long something took.
_EARLIEST, _LATEST = 10**8, 10**11


@dataclass(frozen=True)
class Repair:
    """What one rule mended: ``what`` says it for people, ``line`` is from 1 (0: not known)."""

    rule: str
    what: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}" + (f" (line {self.line})" if self.line else "")


class Repairs:
    """Collects the repairs of one document, which is called ``name`` in messages.

    ``base`` is the namespace that is reserved for names that only the document knows:
    ``Scope.base`` of the exchange. ``line`` is where the reader is. ``listed`` has the first
    ``MAX_LISTED`` repairs, ``counts`` how many there were by each rule.
    """

    def __init__(self, base: str, name: str) -> None:
        self.base = base
        self.name = name
        self.line = 0
        self.listed: list[Repair] = []
        self.counts: Counter[str] = Counter()
        self._namespaces: dict[str, str] = {}
        self._noted: set[tuple[str, str]] = set()
        self._tried: list[Repair] | None = None

    def __bool__(self) -> bool:
        return True  # also while there is none

    def add(self, rule: str, what: str, line: int | None = None, keep: bool = False) -> None:
        """Note a repair; ``line`` is that of the reader where it is None.

        With ``keep`` it is not noted again where a statement is tried once more.
        """
        repair = Repair(rule, what, self.line if line is None else line)
        if self._tried is not None and not keep:
            self._tried.append(repair)
            return
        self.counts[rule] += 1
        if len(self.listed) < MAX_LISTED:
            self.listed.append(repair)

    def once(self, rule: str, key: str, what: str, line: int | None = None) -> None:
        """Note a repair of one name or prefix, however often it is used."""
        if (rule, key) not in self._noted:
            if len(self._noted) < MAX_LISTED:
                self._noted.add((rule, key))
            self.add(rule, what, line, keep=True)

    def attempt(self) -> None:
        """From here, hold back what is noted until ``settle`` tells whether it holds."""
        self._tried = []

    def settle(self, holds: bool) -> None:
        """Note what was held back, or forget it."""
        tried, self._tried = self._tried or [], None
        for one in tried if holds else ():
            self.add(one.rule, one.what, one.line)

    def told(self) -> Iterator[str]:
        """All of them, for people."""
        yield from map(str, self.listed)
        more = self.counts - Counter(one.rule for one in self.listed)
        yield from (f"{rule}: {count:,} more" for rule, count in more.items())

    def namespace(self, prefix: str, line: int | None = None, own: str = "") -> str:
        """The namespace of a prefix that nothing declares; "" is that of names without one.

        ``own`` is the part of ``base`` that names without prefix are in. Raises ``InputError``
        where there are too many.
        """
        found = self._namespaces.get(prefix)
        if found is not None:
            return found
        if len(self._namespaces) >= MAX_UNDECLARED:
            raise InputError(
                f"{self.name} uses more than {MAX_UNDECLARED:,} prefixes that it does not declare, "
                "which no provenance does. Declare them, and try again."
            )
        if not prefix:
            found = self.base + own
            self.add(
                "no-default-namespace",
                "names without prefix have no namespace; read as names of the document",
                line,
                keep=True,
            )
        elif prefix.lower() in _SCHEMES:
            found = f"{prefix}:"
            what = f"{prefix!r} is not declared; read as an IRI"
            self.add("undeclared-prefix", what, line, keep=True)
        else:
            found = WELL_KNOWN.get(prefix)
            read = found or "names of the document"
            found = found or f"{self.base}{escaped(prefix)}:"
            what = f"{prefix[:_SHOWN]!r} is not declared; read as {read}"
            self.add("undeclared-prefix", what, line, keep=True)
        self._namespaces[prefix] = found
        return found

    def absolute(self, prefix: str, namespace: str, line: int | None = None) -> str:
        """A namespace that is declared: as it is, or mended where it is relative or XSD's."""
        shown = f"{prefix[:_SHOWN]!r} is declared as {namespace[:_SHOWN]!r}"
        if namespace in XSD_VARIANTS:
            if namespace != XSD:
                self.once("xsd-namespace", namespace, f"{shown}; read as {XSD}", line)
            return XSD
        if ABSOLUTE.match(namespace) or namespace.startswith(self.base):
            return namespace
        what = f"{shown}, which is relative; read as names of the document"
        self.once("relative-namespace", namespace, what, line)
        return f"{self.base}{namespace}" + ":" * (namespace[-1:] not in ("", "#", "/", ":"))

    def name_of(self, name: str) -> None:
        """Note a name that no IRI can have."""
        if _NO_IRI.search(name):
            what = f"{name[:_SHOWN]!r} has characters that no name has; read with them escaped"
            self.once("illegal-name", name, what)

    def time(self, lexical: str) -> str | None:
        """A time as xsd:dateTime where a rule can make one of it, which is then noted."""
        text = lexical.strip(" \t\r\n")
        rule, found = "epoch-time", _from_number(text)
        if found is None:
            rule, found = "time-format", _from_moment(text)
        if found is None:
            return None
        try:
            time_term(found)
        except ValueError:
            return None
        self.add(rule, f"{text[:_SHOWN]!r} is no xsd:dateTime; read as {found}")
        return found


def escaped(iri: str) -> str:
    """An IRI with % and digits for each character that none has (RFC 3987, section 2.2)."""
    return _NO_IRI.sub(lambda found: f"%{ord(found[0]):02X}", iri)


def _from_number(text: str) -> str | None:
    """Seconds since 1970, or what they are a thousand, million or milliard times of."""
    if not _NUMBER.fullmatch(text):
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    for scale in (0, 3, 6, 9):
        seconds = number.scaleb(-scale)
        if _EARLIEST <= seconds < _LATEST:
            whole = int(seconds)
            fraction = f"{seconds - whole:f}".partition(".")[2].rstrip("0")
            moment = _EPOCH + timedelta(seconds=whole)
            return f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{fraction}" if fraction else "") + "Z"
    return None


def _from_moment(text: str) -> str | None:
    found = _MOMENT.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups(default="")
    if zone.upper() in ("Z", "UTC", "GMT"):
        zone = "Z"
    elif zone:
        zone = f"{zone[:3]}:{zone[3:].lstrip(':') or '00'}"
    fraction = f".{fraction}" if fraction else ""
    time = f"{hour or '00'}:{minute or '00'}:{second or '00'}"
    return f"{year}-{month}-{day}T{time}{fraction}{zone}"
