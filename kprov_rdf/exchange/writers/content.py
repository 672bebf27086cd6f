"""What the writers share: qualified names, literals, and statements, one after the other."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm.model import PLACEHOLDER, Document, Instance
from kprov_rdf.dm.names import BLANK, QUALIFIED_NAMES
from kprov_rdf.dm.values import XSD
from kprov_rdf.store import PREFIXES

STRING = f"{XSD}string"
RESERVED = {"prov": PROV_NAMESPACE, "xsd": XSD}
_KNOWN = {namespace: prefix for prefix, namespace in PREFIXES.items()} | {
    "http://www.w3.org/2002/07/owl#": "owl",
    "http://www.w3.org/2004/02/skos/core#": "skos",
    "http://xmlns.com/foaf/0.1/": "foaf",
    "https://schema.org/": "schema",
    BLANK: "blank",
}
# Legal in all four formats.
_PREFIX = re.compile(r"(?!xml|[dD]efault\Z)[A-Za-z](?:[A-Za-z0-9_-]{0,30}[A-Za-z0-9])?\Z")
_SEPARATOR = re.compile(r"[#/:]")
_LITERAL = re.compile(r'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9A-F]{4})|(.))")
_CHARACTERS = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


@dataclass(frozen=True)
class Text:
    """A document as UTF-8 text; ``notes`` tell what the format could not say as it is."""

    data: bytes
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Literal:
    """A literal; ``datatype`` is an IRI, ``language`` a tag or empty."""

    lexical: str
    datatype: str = STRING
    language: str = ""


@dataclass(frozen=True)
class Statement:
    """One statement: the numbers of its terms, 0 for what is not said.

    ``attributes`` are in the order of the document, pairs of a name and a value.
    """

    kind: str
    identifier: int
    arguments: Sequence[int]
    attributes: Sequence[tuple[int, int]]


def statements(instance: Instance) -> Iterator[Statement]:
    """The statements of an instance: elements first, then the relations, kind by kind."""
    for kind, rows in instance.rows.items():
        for row, identifier in enumerate(rows.ids):
            arguments = [
                column[row] if column[row] != PLACEHOLDER else 0 for column in rows.columns
            ]
            yield Statement(kind, identifier, arguments, rows.attributes.get(row, ()))


class Names:
    """Qualified names for the IRIs of one document. ``prefixes`` are those that were needed.

    ``taken`` are prefixes that mean something else in the format. ``fits`` says whether the format
    can write a local name.
    """

    def __init__(
        self,
        document: Document,
        taken: Collection[str] = (),
        fits: Callable[[str], bool] = bool,
        reserved: dict[str, str] = RESERVED,
    ) -> None:
        self.prefixes: dict[str, str] = {}
        self._fits = fits
        self._reserved = {namespace: prefix for prefix, namespace in reserved.items()}
        self._wanted = {**_KNOWN, **document.prefixes}
        self._taken = {*taken, *reserved}
        self._by_namespace = dict(self._reserved)
        self._names: dict[str, tuple[str, str]] = {}
        self._numbered = 0

    def __call__(self, iri: str) -> str:
        """The qualified name of an IRI."""
        return ":".join(self.parts(iri))

    def parts(self, iri: str) -> tuple[str, str]:
        """The prefix and the local name of an IRI."""
        found = self._names.get(iri)
        if found is None:
            cut = self._cut(iri)
            found = self._names[iri] = (self.prefix(iri[:cut]), iri[cut:])
        return found

    def _cut(self, iri: str) -> int:
        """Where the local name begins: after a namespace that has a prefix, else the last one."""
        cuts = [found.end() for found in _SEPARATOR.finditer(iri) if found.end() < len(iri)]
        for cut in reversed(cuts):
            known = iri[:cut] in self._reserved or iri[:cut] in self._wanted
            if known and self._fits(iri[cut:]):
                return cut
        last = max((cut for cut in cuts if iri[cut - 1] != ":"), default=0)
        last = last or max(cuts, default=0) or min(1, len(iri) - 1)
        return last if self._fits(iri[last:]) else len(iri)

    def prefix(self, namespace: str) -> str:
        """The prefix of a namespace."""
        found = self._by_namespace.get(namespace)
        if found is None:
            wanted = self._wanted.get(namespace, "")
            while not _PREFIX.match(wanted) or wanted in self._taken:
                self._numbered += 1
                wanted = f"ns{self._numbered}"
            self._taken.add(wanted)
            self._by_namespace[namespace] = found = wanted
            self.prefixes[wanted] = namespace
        return found


class Content:
    """The terms of a document as a format has them."""

    def __init__(self, document: Document, names: Names, form: str) -> None:
        self.names = names
        self.notes: list[str] = []
        self._form = form
        self._text = document.terms.text
        self._written = document.terms.written
        if document.dictionaries:
            count = len(document.dictionaries)
            self.note(f"{count:,} of the statements are of PROV-Dictionary, and left out")

    def name(self, number: int) -> str:
        """The qualified name of a thing."""
        return self.names(self.iri(number))

    def bundle(self, name: str) -> str:
        """The qualified name of a bundle."""
        return self.names(self._named(name) if name.startswith("_:") else name)

    def iri(self, number: int) -> str:
        """The IRI of a name; of a blank node, one that the readers take for it."""
        text = self._text[number]
        return self._named(text) if text.startswith("_:") else text[1:-1]

    def _named(self, label: str) -> str:
        self.note(f"blank nodes have names in {self._form}, which begin with {BLANK}")
        return BLANK + label[2:]

    def time(self, number: int) -> str:
        """A time as it was written."""
        return self._written.get(number, self._text[number])[1:-1]

    def value(self, number: int) -> Literal | None:
        """The literal of this number; None for a name."""
        text = self._written.get(number, self._text[number])
        found = _LITERAL.match(text)
        if found is None:
            return None
        lexical = found[1]
        if "\\" in lexical:
            lexical = _ESCAPE.sub(_unescaped, lexical)
        kind = text[found.end() :]
        if not kind:
            return Literal(lexical, f"{XSD}dateTime")
        if kind.startswith("@"):
            return Literal(lexical, language=kind[1:])
        datatype = kind[3:-1]
        if datatype in QUALIFIED_NAMES:
            self.note(
                f"{self._form} takes what has the type <{datatype}> for a name: it is a text in it"
            )
            return Literal(lexical)
        return Literal(lexical, datatype)

    def note(self, text: str) -> None:
        """Tell something once."""
        if text not in self.notes:
            self.notes.append(text)


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return _CHARACTERS.get(found[2], found[2])
