"""Reading PROV-XML (W3C Note, 30 April 2013), and the dialect of it that ProvToolbox writes.

A number in the text is about the Note. The parser is Python's own, expat: it opens nothing, has
no tree that could be too deep, and tells the line of any element, where lxml stops at 65,535.
"""

from xml.parsers import expat

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm import guards, names, xml_prefixes
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import ABSENT, ELEMENTS, KINDS, Document
from kprov_rdf.dm.names import ARGUMENTS, Names, Times
from kprov_rdf.dm.repairs import Repairs
from kprov_rdf.dm.values import XSD
from kprov_rdf.errors import UnsupportedError

# Expat puts it between a namespace and a local name; no namespace has it.
_BETWEEN = "\n"
_PROV = PROV_NAMESPACE + _BETWEEN
_ID, _REF = f"{_PROV}id", f"{_PROV}ref"
_XSI_TYPE = f"http://www.w3.org/2001/XMLSchema-instance{_BETWEEN}type"
_LANGUAGE = f"http://www.w3.org/XML/1998/namespace{_BETWEEN}lang"
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


def read(data: bytes, name: str, repairs: Repairs | None = None) -> Document:
    """The statements of a PROV-XML document; known defects are mended where ``repairs`` is given.

    Raises ``MalformedError`` where it breaks the format or lacks a mandatory argument, with the
    line of the element, ``InputError`` for what is over a limit or has a DTD, and
    ``UnsupportedError`` for XML that is something else.
    """
    data = data.removeprefix(guards.BOM)
    guards.decoded(data, name)
    guards.check_xml(data, name)
    document = Document(name, "PROV-XML", names.BoundedTerms(name))
    if repairs:
        data = xml_prefixes.declared(data, repairs) or data
    reader = _Reader(document, repairs)
    try:
        reader.parse(data)
    except expat.ExpatError as error:
        raise guards.not_xml(error, name) from error
    except MalformedError as error:
        raise error.placed(reader.column) from error
    except ValueError as error:
        message, mend = f"In {reader.where}, {error}.", getattr(error, "mend", "")
        raise MalformedError(
            name, message, line=reader.line, column=reader.column, mend=mend
        ) from error
    document.notes += names.notes(reader.dictionary, reader.unidentified)
    if reader.others:
        plural = "element" if reader.others == 1 else "elements"
        document.notes.append(f"{reader.others:,} {plural} left out that are not of PROV")
    return document


class _Record:
    """A statement in the making. ``given`` are the XML attributes of its element."""

    def __init__(self, element: "_Element", kind: str, special: str, identifier: int) -> None:
        self.given = element.given
        self.line = element.line
        self.column = element.column
        self.kind = kind
        self.special = special
        self.identifier = identifier
        self.arguments = [ABSENT] * len(KINDS[kind].arguments)
        self.attributes: list[tuple[int, int]] = []
        self.members: list[int] = []


class _Element:
    """An element below a statement: its name, its XML attributes, its text, its first child's."""

    __slots__ = ("child", "column", "given", "line", "tag", "text")

    def __init__(self, tag: str, given: dict[str, str], line: int, column: int) -> None:
        self.tag = tag
        self.given = given
        self.line = line
        self.column = column
        self.text: list[str] = []
        self.child: dict[str, str] = {}


class _Reader:
    """Takes what the parser finds, and adds the statements to a document.

    ``line`` and ``column`` are where the element stands that was looked at last, ``where`` what it
    belongs to.
    """

    def __init__(self, document: Document, repairs: Repairs | None) -> None:
        self.line = self.column = 0
        self._repairs = repairs
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
        self._part: _Element | None = None  # of that statement
        self._declared: dict[str, list[str]] = {}
        self._names = Names(document.terms, self._namespace, _DECLARE, repairs)
        self._times = Times(document.terms, repairs)
        self._tags: dict[str, int] = {}

    def _namespace(self, prefix: str) -> str | None:
        found = self._declared.get(prefix)
        if found:
            return found[-1]
        # Without a default namespace, a name is in none.
        return None if prefix or self._repairs else ""

    def parse(self, data: bytes) -> None:
        """Read a whole document. Raises ``ValueError`` for a name or a time that is none."""
        self._parser = parser = expat.ParserCreate("utf-8", _BETWEEN)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartNamespaceDeclHandler = self._declare
        parser.EndNamespaceDeclHandler = self._undeclare
        parser.Parse(data, True)

    def _declare(self, prefix: str | None, iri: str | None) -> None:
        self._names.clear()
        self._placed(self._parser.CurrentLineNumber)
        namespace = self._space(iri or "", prefix or "")
        self._declared.setdefault(prefix or "", []).append(namespace)
        self._into.declare(prefix or "", namespace)

    def _space(self, iri: str, prefix: str) -> str:
        # In XML, the namespace of XML Schema rightly has no "#".
        namespace = names.namespace(iri, self._into.name)
        return self._repairs.absolute(prefix, namespace) if self._repairs else namespace

    def _placed(self, line: int) -> None:
        if self._repairs:
            self._repairs.line = line

    def _undeclare(self, prefix: str | None) -> None:
        self._names.clear()
        self._declared[prefix or ""].pop()

    def _characters(self, text: str) -> None:
        if self._part:
            self._part.text.append(text)

    def _malformed(self, message: str, mend: str = "") -> MalformedError:
        return MalformedError(self._into.name, message, line=self.line, mend=mend)

    def _start(self, tag: str, given: dict[str, str]) -> None:
        self._depth += 1
        below = self._depth - self._holder
        if below > 2:
            if self._depth > guards.MAX_DEPTH:
                raise guards.too_deep(self._into.name)
            if self._part and not self._part.child:
                self._part.child = given
            return
        self.line = self._parser.CurrentLineNumber
        self.column = self._parser.CurrentColumnNumber + 1
        self._placed(self.line)
        element = _Element(tag, given, self.line, self.column)
        if self._depth == 1:
            if tag != f"{_PROV}document":
                raise UnsupportedError(
                    f"{self._into.name} is XML, but no PROV-XML: its root is {_shown(tag)}, where "
                    f"{_shown(_PROV)}document is wanted."
                )
        elif below == 1:
            self._statement(element)
        elif self._record and self._record.special == "Bundle" and self._is_content(tag):
            # ProvToolbox's name for prov:bundleContent.
            outer, self._record = self._record, None
            self._enter(outer.given)
            self._statement(element)
        elif self._record:
            self._part = element

    def _is_content(self, tag: str) -> bool:
        return tag.startswith(_PROV) and tag[len(_PROV) :] in _STATEMENTS

    def _enter(self, given: dict[str, str]) -> None:
        """A bundle begins."""
        identifier = given.get(_ID)
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

    def _statement(self, element: _Element) -> None:
        local = element.tag[len(_PROV) :] if element.tag.startswith(_PROV) else ""
        self.where = f"prov:{local[:80]}"
        if local == "bundleContent":
            self._enter(element.given)
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
        if (given := element.given.get(_ID)) is not None:
            identifier = self._name(given)
            if not KINDS[kind].identified:
                self.unidentified += 1
                identifier = ABSENT
        elif kind in ELEMENTS:
            raise self._malformed(f"prov:{local} has no prov:id, which PROV-DM demands.", "Add it.")
        self._record = _Record(element, kind, special, identifier)
        if (given := element.given.get(_XSI_TYPE)) is not None:
            self._type(self._name(given))
        if special:
            self._type(self._into.terms.number(f"<{PROV_NAMESPACE}{special}>"))

    def _type(self, value: int) -> None:
        if self._record:
            name = self._into.terms.number(f"<{PROV_NAMESPACE}type>")
            self._record.attributes.append((name, value))

    def _end(self, _tag: str) -> None:
        below = self._depth - self._holder
        self._depth -= 1
        if below == 2 and self._record and self._part:
            self._add(self._record, self._part)
            self._part = None
        elif below == 1 and self._record:
            self._finish(self._record)
            self._record = None
        elif below == 0 and self._holder > 1:
            self._holder -= 1
            self._instance = self._into.toplevel

    def _finish(self, record: _Record) -> None:
        self.column = record.column
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

    def _add(self, record: _Record, element: _Element) -> None:
        """An argument or an attribute of a statement."""
        tag = element.tag
        local = tag[len(_PROV) :] if tag.startswith(_PROV) else ""
        place = ARGUMENTS[record.kind].get(local)
        self.line, self.column = element.line, element.column
        self._placed(self.line)
        if place is None:
            if tag not in self._tags:
                space, _, name = tag.rpartition(_BETWEEN)
                self._tags[tag] = self._into.terms.number(f"<{self._space(space, '')}{name}>")
            record.attributes.append((self._tags[tag], self._value(element)))
            return
        index, is_time = place
        value = self._times["".join(element.text)] if is_time else self._reference(element, local)
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

    def _reference(self, element: _Element, local: str) -> int:
        # ProvToolbox wraps the members of a collection.
        given = element.given.get(_REF) or element.child.get(_REF) or "".join(element.text).strip()
        if not given:
            raise self._malformed(
                f"prov:{local} refers to nothing.", 'Give it prov:ref="…", or take it out.'
            )
        return self._name(given)

    def _value(self, element: _Element) -> int:
        """The value of an attribute (section 2.2): a name, or a text with type or language."""
        if (given := element.given.get(_REF)) is not None:
            return self._name(given)
        text = "".join(element.text)
        language, kind = element.given.get(_LANGUAGE), element.given.get(_XSI_TYPE)
        literal = self._into.terms.literal
        if language or kind is None:
            return literal(text, f"{XSD}string", language or "")
        datatype = self._names.iri(kind.strip())
        if datatype in names.QUALIFIED_NAMES:
            return self._name(text)
        return literal(text, datatype)


def _shown(tag: str) -> str:
    """The name of an element, as people write it."""
    space, between, local = tag.rpartition(_BETWEEN)
    return f"{{{space[:200]}}}{local[:80]}" if between else local[:80]
