"""Writing PROV-N (REC-prov-n-20130430)."""

import re
from collections.abc import Iterator

from kprov_rdf.dm.model import ELEMENTS, KINDS, TIMES, Document, Instance
from kprov_rdf.dm.provn_lexer import LOCAL
from kprov_rdf.exchange.writers.content import (
    STRING,
    Content,
    Names,
    Statement,
    Text,
    statements,
)

# Section 3.7.1, production 53: what a local name has after a backslash.
_SPECIAL = re.compile(r"[='(),:;\[\]]|^[-.]|\.\Z")
_IN_STRING = re.compile(r'["\\\b\t\n\f\r]')
_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r",
}  # fmt: skip
_NO_IRI = re.compile(r'[<>"{}|^`\\\x00-\x20]')
_LANGUAGE = re.compile(r"[A-Za-z]+(?:-[A-Za-z0-9]+)*\Z")
_WIDTH = 100


def write(document: Document) -> Text:
    """A document as PROV-N."""
    names = Names(document, fits=lambda local: bool(LOCAL.fullmatch(_escaped(local))))
    content = Content(document, names, "PROV-N")
    writer = _Writer(content)
    body = list(writer.statements(document.toplevel, "  "))
    for name, bundle in document.bundles.items():
        body.append("")
        body.append(f"  bundle {_escaped_name(content.bundle(name))}")
        body += writer.statements(bundle, "    ")
        body.append("  endBundle")
    head = [
        f"  prefix {prefix} <{_NO_IRI.sub(_as_number, names.prefixes[prefix])}>"
        for prefix in sorted(names.prefixes)
    ]
    lines = ["document", *head, *([""] if head else []), *body, "endDocument", ""]
    return Text("\n".join(lines).encode(), content.notes)


def _escaped(local: str) -> str:
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", local)


def _escaped_name(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"{prefix}:{_escaped(local)}"


def _as_number(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04X}"


class _Writer:
    def __init__(self, content: Content) -> None:
        self._content = content
        self._names: dict[int, str] = {}

    def _name(self, number: int) -> str:
        found = self._names.get(number)
        if found is None:
            found = self._names[number] = _escaped_name(self._content.name(number))
        return found

    def statements(self, instance: Instance, indent: str) -> Iterator[str]:
        for one in statements(instance):
            head, pairs = self._statement(one)
            line = f"{indent}{head}, [{', '.join(pairs)}])" if pairs else f"{indent}{head})"
            if pairs and len(line) > _WIDTH:
                between = f",\n{indent}    "
                line = f"{indent}{head}, [{between[1:]}{between.join(pairs)}])"
            yield line

    def _statement(self, one: Statement) -> tuple[str, list[str]]:
        """A statement up to its arguments, and its attributes."""
        kind = KINDS[one.kind]
        given = [
            "-" if not number
            else self._content.time(number) if name in TIMES
            else self._name(number)
            for name, number in zip(kind.arguments, one.arguments, strict=True)
        ]  # fmt: skip
        # As few of the arguments as the grammar allows.
        least = next(count for count in kind.many if all(text == "-" for text in given[count:]))
        given = given[:least]
        identifier = self._name(one.identifier) if one.identifier else ""
        if one.kind in ELEMENTS:
            given.insert(0, identifier)
        elif identifier:
            given[0] = f"{identifier}; {given[0]}"
        name = "prov:mentionOf" if one.kind == "mentionOf" else one.kind
        return f"{name}({', '.join(given)}", self._attributes(one)

    def _attributes(self, one: Statement) -> list[str]:
        if one.attributes and not KINDS[one.kind].identified:
            self._content.note(f"PROV-N has no attributes of {one.kind}; they are left out")
            return []
        return [f"{self._name(name)}={self._value(value)}" for name, value in one.attributes]

    def _value(self, number: int) -> str:
        """Section 3.7.3: a literal, or the name of a thing."""
        found = self._content.value(number)
        if found is None:
            return f"'{self._name(number)}'"
        text = f'"{_IN_STRING.sub(lambda one: _ESCAPES[one[0]], found.lexical)}"'
        if found.language:
            if _LANGUAGE.match(found.language):
                return f"{text}@{found.language}"
            self._content.note("PROV-N has no such tags of languages; their texts have none in it")
            return text
        return (
            text
            if found.datatype == STRING
            else f"{text} %% {_escaped_name(self._content.names(found.datatype))}"
        )
