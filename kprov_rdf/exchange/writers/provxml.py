"""Writing PROV-XML (W3C Note, 30 April 2013)."""

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm.model import KINDS, TIMES, Document, Instance
from kprov_rdf.dm.values import XSD
from kprov_rdf.errors import UnsupportedError
from kprov_rdf.exchange.writers.content import (
    RESERVED,
    STRING,
    Content,
    Names,
    Statement,
    Text,
    statements,
)

# What XML 1.0 does not hold, not even as a reference (section 2.2).
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_LETTER = "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u0131"
_NAME = re.compile(rf"[{_LETTER}][{_LETTER}0-9.-]*\Z")
# The order in which the schema wants them (section 3); all others follow.
_ORDER = [PROV_NAMESPACE + name for name in ("label", "location", "role", "type", "value")]
# XML Schema calls itself without the "#" that PROV-DM has.
_NAMESPACES = {**RESERVED, "xsd": XSD.removesuffix("#"),
               "xsi": "http://www.w3.org/2001/XMLSchema-instance"}  # fmt: skip


def write(document: Document) -> Text:
    """A document as PROV-XML.

    Raises ``UnsupportedError`` for a character that XML has not, and for the name of an attribute
    that no name of an element of XML can be made of.
    """
    names = Names(document, ("_",), reserved=RESERVED)
    writer = _Writer(Content(document, names, "PROV-XML"))
    body = list(writer.statements(document.toplevel, "  "))
    for name, bundle in document.bundles.items():
        body.append(f"  <prov:bundleContent prov:id={_quoted(writer.content.bundle(name))}>")
        body += writer.statements(bundle, "    ")
        body.append("  </prov:bundleContent>")
    spaces = _NAMESPACES | {prefix: names.prefixes[prefix] for prefix in sorted(names.prefixes)}
    declared = "".join(
        f"\n    xmlns:{prefix}={_quoted(namespace)}" for prefix, namespace in spaces.items()
    )
    head = ['<?xml version="1.0" encoding="UTF-8"?>', f"<prov:document{declared}>"]
    lines = [*head, *body, "</prov:document>", ""]
    return Text("\n".join(lines).encode(), writer.content.notes)


def _checked(text: str) -> str:
    found = _NO_XML.search(text)
    if found:
        raise UnsupportedError(
            f"PROV-XML cannot hold the character U+{ord(found[0]):04X}, which is in "
            f"{text[:60]!r}: XML 1.0 has no way to write it. Ask for PROV-N or PROV-JSON."
        )
    return text


def _quoted(text: str) -> str:
    return quoteattr(_checked(text), {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})


def _escaped(text: str) -> str:
    return escape(_checked(text), {"\r": "&#13;"})


class _Writer:
    def __init__(self, content: Content) -> None:
        self.content = content
        self._elements: dict[int, str] = {}

    def statements(self, instance: Instance, indent: str) -> Iterator[str]:
        for one in statements(instance):
            identifier = ""
            if one.identifier:
                identifier = f" prov:id={_quoted(self.content.name(one.identifier))}"
            parts = list(self._parts(one))
            if not parts:
                yield f"{indent}<prov:{one.kind}{identifier}/>"
                continue
            yield f"{indent}<prov:{one.kind}{identifier}>"
            for part in parts:
                yield f"{indent}  {part}"
            yield f"{indent}</prov:{one.kind}>"

    def _parts(self, one: Statement) -> Iterator[str]:
        """The arguments, then the attributes in the order of the schema."""
        content = self.content
        for name, number in zip(KINDS[one.kind].arguments, one.arguments, strict=True):
            if number and name in TIMES:
                yield f"<prov:{name}>{content.time(number)}</prov:{name}>"
            elif number:
                yield f"<prov:{name} prov:ref={_quoted(content.name(number))}/>"
        for attribute, value in sorted(one.attributes, key=lambda pair: self._place(pair[0])):
            element = self._element(attribute)
            yield f"<{element}{self._value(value)}</{element}>"

    def _place(self, name: int) -> int:
        iri = self.content.iri(name)
        return _ORDER.index(iri) if iri in _ORDER else len(_ORDER)

    def _element(self, name: int) -> str:
        """The name of the element of an attribute: its local part has to be a name in XML."""
        found = self._elements.get(name)
        if found is None:
            iri = self.content.iri(name)
            prefix, local = self.content.names.parts(iri)
            whole = _NAME.search(iri)
            if not _NAME.fullmatch(local) and whole:
                prefix, local = self.content.names.prefix(iri[: whole.start()]), whole[0]
            if not _NAME.fullmatch(local):
                raise UnsupportedError(
                    f"PROV-XML cannot name the attribute <{iri}>: no end of it is the name of an "
                    "element. Ask for PROV-N or PROV-JSON."
                )
            found = self._elements[name] = f"{prefix}:{local}"
        return found

    def _value(self, number: int) -> str:
        """Section 2.2: the XML attributes and the text of a value."""
        found = self.content.value(number)
        if found is None:
            return f' xsi:type="xsd:QName">{_escaped(self.content.name(number))}'
        text = _escaped(found.lexical)
        if found.language:
            return f" xml:lang={_quoted(found.language)}>{text}"
        if found.datatype == STRING:
            return f">{text}"
        return f" xsi:type={_quoted(self.content.names(found.datatype))}>{text}"
