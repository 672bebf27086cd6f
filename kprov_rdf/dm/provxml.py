"""Reading PROV-XML (W3C Note, 30 April 2013), and the dialect of it that ProvToolbox writes.

A number in the text is about the Note. Elements are read one statement at a time; the
declarations of namespaces are followed as they come and go.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm import guards, names
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import ABSENT, ELEMENTS, KINDS, Document
from kprov_rdf.dm.names import ARGUMENTS, Names, Times
from kprov_rdf.dm.values import literal_term
from kprov_rdf.errors import InputError, UnsupportedError

_PROV = f"{{{PROV_NAMESPACE}}}"
_ID, _REF = f"{_PROV}id", f"{_PROV}ref"
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_DECLARE = 'Declare it: xmlns:{}="…", with the namespace that it stands for.'
# Elements for a kind of statement with a type of PROV (section 3, "PROV-XML type").
_TYPED = {
    "wasRevisionOf": ("wasDerivedFrom", "Revision"),
    "wasQuotedFrom": ("wasDerivedFrom", "Quotation"),
    "hadPrimarySource": ("wasDerivedFrom", "PrimarySource"),
    "softwareAgent": ("agent", "SoftwareAgent"),
    "person": ("agent", "Person"),
    "organization": ("agent", "Organization"),
    "plan": ("entity", "Plan"),
    "collection": ("entity", "Collection"),
    "emptyCollection": ("entity", "EmptyCollection"),
    "bundle": ("entity", "Bundle"),
    "dictionary": ("entity", "Dictionary"),
    "emptyDictionary": ("entity", "EmptyDictionary"),
}
_STATEMENTS = {**{kind: (kind, "") for kind in KINDS}, **_TYPED}


def read(data: bytes, name: str) -> Document:
    """The statements of a PROV-XML document.

    Raises ``MalformedError`` where it breaks the format or lacks a mandatory argument, with the
    line of the element, ``InputError`` for what is over a limit or has a DTD, and
    ``UnsupportedError`` for XML that is something else.
    """
    data = data.removeprefix(guards.BOM)
    guards.decoded(data, name)
    guards.check_xml(data, name)
    document = Document(name, "PROV-XML")
    reader = _Reader(document)
    try:
        for event, subject in _events(data, name):
            reader.take(event, subject)
    except ValueError as error:
        message, mend = f"In {reader.where}, {error}.", getattr(error, "mend", "")
        raise MalformedError(name, message, line=reader.line, mend=mend) from error
    document.notes += names.notes(reader.dictionary, reader.unidentified)
    if reader.others:
        plural = "element" if reader.others == 1 else "elements"
        document.notes.append(f"{reader.others:,} {plural} left out that are not of PROV")
    return document


def _events(data: bytes, name: str) -> Iterator[tuple[str, Any]]:
    """What lxml finds. Its own limits stay: on depth, and on the length of a text."""
    from lxml import etree

    try:
        yield from etree.iterparse(
            BytesIO(data),
            events=("start", "end", "start-ns", "end-ns"),
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )
    except etree.XMLSyntaxError as error:
        message = str(error.msg)
        if "XML_PARSE_HUGE" in message or "too long" in message or "huge" in message.lower():
            raise InputError(f"{name} is over a limit of the XML parser: {message}.") from error
        line, column = error.position
        raise MalformedError(
            name, f"It is no XML: {message}.", line=line or 0, column=column or 0
        ) from error


class _Record:
    """A statement in the making."""

    def __init__(self, kind: str, special: str, identifier: int, line: int) -> None:
        self.kind = kind
        self.special = special
        self.identifier = identifier
        self.line = line
        self.arguments = [ABSENT] * len(KINDS[kind].arguments)
        self.attributes: list[tuple[int, int]] = []
        self.members: list[int] = []


class _Reader:
    """Takes the events of the parser, and adds the statements to a document.

    ``line`` is where the element stands that was looked at last, ``where`` what it belongs to.
    """

    def __init__(self, document: Document) -> None:
        self.line = 0
        self.where = "prov:document"
        self.dictionary = 0
        self.unidentified = 0
        self.others = 0
        self._into = document
        self._instance = document.toplevel
        self._depth = 0
        # The depth of what holds the statements: prov:document, or a bundle within it.
        self._holder = 1
        self._record: _Record | None = None
        self._declared: dict[str, list[str]] = {}
        self._open: list[str] = []
        self._names = Names(document.terms, self._namespace, _DECLARE)
        self._times = Times(document.terms)
        self._tags: dict[str, int] = {}

    def _namespace(self, prefix: str) -> str | None:
        found = self._declared.get(prefix)
        if found:
            return names.namespace(found[-1])
        return None if prefix else ""  # without a default namespace, a name is in none

    def take(self, event: str, subject: Any) -> None:
        """One event of ``lxml.etree.iterparse``."""
        if event == "start":
            self._depth += 1
            if self._depth <= self._holder + 2:
                self._start(subject)
            elif self._depth > guards.MAX_DEPTH:
                raise guards.too_deep(self._into.name)
        elif event == "end":
            self._end(subject)
            self._depth -= 1
        else:
            if self._names:
                self._names.clear()
            if event == "start-ns":
                prefix, iri = subject
                self._open.append(prefix)
                self._declared.setdefault(prefix, []).append(iri or "")
                self._into.prefixes.setdefault(iri or "", prefix)
            else:
                self._declared[self._open.pop()].pop()

    def _malformed(self, message: str, mend: str = "") -> MalformedError:
        return MalformedError(self._into.name, message, line=self.line, mend=mend)

    def _start(self, element: Any) -> None:
        self.line = element.sourceline or 0
        tag: str = element.tag
        if self._depth == 1:
            if tag != f"{_PROV}document":
                raise UnsupportedError(
                    f"{self._into.name} is XML, but no PROV-XML: its root is {tag[:200]}, where "
                    f"{_PROV}document is wanted."
                )
        elif self._depth == self._holder + 1:
            self._statement(element, names.of_prov(tag[1:].replace("}", "", 1)))
        elif self._record and self._record.special == "Bundle" and self._is_content(tag):
            # ProvToolbox's name for prov:bundleContent.
            parent = element.getparent()
            self._record = None
            self._enter(parent)
            self._statement(element, tag[len(_PROV) :])

    def _is_content(self, tag: str) -> bool:
        return tag.startswith(_PROV) and tag[len(_PROV) :] in _STATEMENTS

    def _enter(self, element: Any) -> None:
        """A bundle begins."""
        identifier = element.get(_ID)
        if identifier is None:
            raise self._malformed("A bundle has no prov:id.", "Give it one.")
        if self._holder > 1:
            raise self._malformed(
                f"The bundle {identifier[:80]!r} is in another bundle, which PROV-DM does not "
                "allow.",
                "Move it to the toplevel.",
            )
        text = self._into.terms.text[self._name(identifier)]
        self._instance = self._into.bundle(text.removeprefix("<").removesuffix(">"))
        self._holder += 1

    def _statement(self, element: Any, local: str) -> None:
        self.where = f"prov:{local[:80]}"
        if local == "bundleContent":
            self._enter(element)
            return
        if local in names.DICTIONARY:
            self.dictionary += 1
            return
        if not local or local == "other":
            self.others += 1
            return
        if local not in _STATEMENTS:
            raise self._malformed(f"prov:{local[:80]} is no element of PROV-XML.", "Take it out.")
        kind, special = _STATEMENTS[local]
        identifier = ABSENT
        if (given := element.get(_ID)) is not None:
            identifier = self._name(given)
            if not KINDS[kind].identified:
                self.unidentified += 1
                identifier = ABSENT
        elif kind in ELEMENTS:
            raise self._malformed(f"prov:{local} has no prov:id, which PROV-DM demands.", "Add it.")
        self._record = _Record(kind, special, identifier, self.line)
        if (given := element.get(_XSI_TYPE)) is not None:
            self._type(self._name(given))
        if special:
            self._type(self._into.terms.number(f"<{PROV_NAMESPACE}{special}>"))

    def _type(self, value: int) -> None:
        if self._record:
            name = self._into.terms.number(f"<{PROV_NAMESPACE}type>")
            self._record.attributes.append((name, value))

    def _end(self, element: Any) -> None:
        if self._depth == self._holder + 2 and self._record:
            self.line = element.sourceline or 0
            self._part(self._record, element)
        elif self._depth == self._holder + 1:
            if self._record:
                self._finish(self._record)
                self._record = None
            element.clear()
            before = element.getprevious()
            if before is not None:
                element.getparent().remove(before)
        elif self._depth == self._holder and self._holder > 1:
            self._holder -= 1
            self._instance = self._into.toplevel
            element.clear()

    def _finish(self, record: _Record) -> None:
        first, *more = record.members or [ABSENT]
        if first:
            record.arguments[1] = first
        for arguments in (record.arguments, *([record.arguments[0], one] for one in more)):
            names.add(
                self._instance,
                self._into.name,
                record.kind,
                record.identifier,
                arguments,
                record.line,
                record.attributes,
            )

    def _part(self, record: _Record, element: Any) -> None:
        """An argument or an attribute of a statement."""
        tag: str = element.tag
        local = tag[len(_PROV) :] if tag.startswith(_PROV) else ""
        place = ARGUMENTS[record.kind].get(local)
        if place is None:
            if tag not in self._tags:
                space, _, name = tag[1:].rpartition("}") if tag[0] == "{" else ("", "", tag)
                self._tags[tag] = self._into.terms.number(f"<{names.namespace(space)}{name}>")
            record.attributes.append((self._tags[tag], self._value(element)))
            return
        index, is_time = place
        value = self._times[element.text or ""] if is_time else self._reference(element, local)
        if record.kind == "hadMember" and local == "entity":
            record.members.append(value)
        elif record.arguments[index] != ABSENT:
            raise self._malformed(f"{record.kind} has prov:{local} twice.", "Keep one.")
        else:
            record.arguments[index] = value

    def _name(self, text: str) -> int:
        text = text.strip()
        if text.startswith("_:") and self._declared.get("_"):
            return self._into.terms.number(f"<{self._names.iri(text)}>")
        return self._names[text]

    def _reference(self, element: Any, local: str) -> int:
        given = element.get(_REF)
        if given is None and len(element) == 1:  # ProvToolbox wraps the members of a collection
            given = element[0].get(_REF)
        if given is None:
            given = (element.text or "").strip()
        if not given:
            raise self._malformed(
                f"prov:{local} refers to nothing.", 'Give it prov:ref="…", or take it out.'
            )
        return self._name(given)

    def _value(self, element: Any) -> int:
        """The value of an attribute (section 2.2): a name, or a text with type or language."""
        if (given := element.get(_REF)) is not None:
            return self._name(given)
        text = "".join(element.itertext()) if len(element) else element.text or ""
        language, kind = element.get(_LANGUAGE), element.get(_XSI_TYPE)
        number = self._into.terms.number
        if language:
            return number(literal_term(text, language=language))
        if kind is None:
            return number(literal_term(text))
        datatype = self._names.iri(kind.strip())
        if datatype in names.QUALIFIED_NAMES:
            return self._name(text)
        return number(literal_term(text, datatype))
