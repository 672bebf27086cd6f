"""Documents in PROV-N (REC-prov-n-20130430) as statements.

The grammar is the Recommendation's, and what tools write beside it: bundles and expressions in any
order, ``default`` anywhere among the prefixes, ``prov``, ``xsd`` or the same prefix declared once
more, and ``mentionOf`` without its prefix.
"""

import re
from collections.abc import Iterator, Sequence

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm import provn_mend
from kprov_rdf.dm.dictionaries import of_extension
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import (
    ELEMENTS,
    KINDS,
    MAX_BUNDLES,
    PLACEHOLDER,
    TIMES,
    Document,
    Instance,
    Kind,
)
from kprov_rdf.dm.names import DICTIONARY, BoundedTerms, of_prov
from kprov_rdf.dm.provn_arguments import filled, miscounted, needed, no_statement
from kprov_rdf.dm.provn_lexer import END, IRI, MARK, NAME, PREFIX, TIME, Tokens
from kprov_rdf.dm.provn_names import Names
from kprov_rdf.dm.provn_values import extension, pairs, time
from kprov_rdf.dm.repairs import Repairs
from kprov_rdf.errors import InputError

MAX_BYTES = 1 << 28  # some two million statements
_NOTED = 20  # extensions
_MENTION = f"<{PROV_NAMESPACE}mentionOf>"
_DECLARATION = re.compile(r"\bprefix[ \t]+([\w.\-]+)[ \t]+<([^<>\"{}|^`\\\s]*)>")
# Words that begin what is no expression.
_WORDS = ("document", "endDocument", "bundle", "endBundle", "prefix", "default")
_ARGUMENTS = (NAME, TIME)
_MOST = 5  # arguments of any kind, beside the identifier


def read(data: bytes, name: str, repairs: Repairs | None = None) -> Document:
    """The statements of a PROV-N document, which is called ``name`` in messages.

    Known defects are mended where ``repairs`` is given. Raises ``MalformedError``, with line and
    column, where it breaks the grammar, lacks an argument or uses a prefix that nothing declares;
    ``InputError`` where it is too large or not UTF-8.
    """
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{name} has {len(data) >> 20} MiB, more than the {MAX_BYTES >> 20} MiB of PROV-N that "
            "are read. Split it, or convert it to N-Quads first."
        )
    try:
        source = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"{name} is not UTF-8, which PROV-N is: line {line} has the byte "
            f"0x{error.object[error.start]:02x}. Convert it first, for example with iconv."
        ) from error
    return _Reader(source, name, repairs).document()


class _Reader:
    """Reads one document, from its first token to its last."""

    def __init__(self, source: str, name: str, repairs: Repairs | None) -> None:
        self._tokens = Tokens(source, name)
        self._source = source
        self._repairs = repairs
        # Once an expression was mended: the part that is read, and where the others begin.
        self._part = 0, len(source)
        self._starts: Iterator[int] | None = None
        self._line, self._counted = 1, 0  # where it begins, in lines
        self._begun = False  # with "document"
        self._document = Document(name, "PROV-N", BoundedTerms(name))
        self._terms = self._document.terms
        # The numbers of times by how they are written.
        self._times: dict[str, int] = {}
        # How often each extension stands there, and in which line first.
        self._extensions: dict[str, tuple[int, int]] = {}
        self._bundles = 0

    def document(self) -> Document:
        """Section 3.8, production 1: ``document … endDocument``."""
        self._begun = self._tokens.text == "document"
        if self._begun:
            self._tokens.advance()
        elif self._repairs is None:
            raise self._tokens.error(
                "PROV-N begins with 'document'", "Put it first, and 'endDocument' last."
            )
        else:
            what = "'document' is missing; read as if it and 'endDocument' were there"
            self._repairs.add("no-document", what, self._tokens.line())
        elsewhere = _declared(self._source) if self._repairs else None
        names = Names(self._terms, None, self._repairs, elsewhere)
        self._declarations(names)
        self._statements(self._document.toplevel, names, "endDocument")
        if self._tokens.kind != END:
            self._tokens.advance()
        if self._tokens.kind != END or self._next():
            raise self._tokens.error("Nothing may follow 'endDocument'")
        self._document.notes += self._notes()
        return self._document

    def _statements(self, instance: Instance, names: Names, end: str) -> None:
        """Read statements, to the word that ends them."""
        top = end == "endDocument"
        while (text := self._tokens.text) != end:
            if self._tokens.kind == END and self._repairs:
                if self._next():
                    continue
                if top and not self._begun:
                    return
            if text == "bundle" and top:
                self._bundle(names)
            elif text in ("prefix", "default") and self._repairs:
                self._repairs.add(
                    "late-declaration",
                    "a prefix is declared after statements; read as if before",
                    self._tokens.line(),
                )
                self._declarations(names)
            elif self._repairs:
                self._mended(instance, names, end, self._repairs)
            else:
                self._expression(instance, names, end)

    def _mended(self, instance: Instance, names: Names, end: str, repairs: Repairs) -> None:
        """One expression, mended where it has to be, and what follows it part by part."""
        tokens = self._tokens
        start, repairs.line = tokens.start, tokens.line()
        repairs.attempt()
        try:
            self._expression(instance, names, end)
        except MalformedError as error:
            repairs.settle(False)
            if tokens.source is not self._source:
                raise
            if self._starts is None:
                found = provn_mend.STARTS.finditer(self._source, start + 1)
                self._starts = (one.start() for one in found)
                self._part = start, next(self._starts, len(self._source))
            text = provn_mend.statement(self._source[start : self._part[1]], repairs)
            if text is None:
                raise
            self._tokens = Tokens(text, self._document.name, line=repairs.line)
            try:
                self._expression(instance, names, end)
            except MalformedError:
                raise error from None  # of what stands there
        else:
            repairs.settle(True)

    def _next(self) -> bool:
        """Go to the next part, where there is one."""
        end = self._part[1]
        if self._starts is None or end == len(self._source):
            return False
        line = self._line + self._source.count("\n", self._counted, end)
        self._line, self._counted = line, end
        self._part = end, next(self._starts, len(self._source))
        self._tokens = Tokens(self._source, self._document.name, *self._part, line=line)
        return True

    def _declarations(self, names: Names) -> None:
        while True:
            tokens = self._tokens
            if tokens.kind == END and self._next():
                continue
            if tokens.text not in ("prefix", "default"):
                return
            if self._repairs:
                self._repairs.line = tokens.line()
            prefix = ""
            if tokens.text == "prefix":
                tokens.advance()
                if tokens.kind != NAME or not PREFIX.fullmatch(tokens.text):
                    raise tokens.error(
                        "'prefix' is followed by the prefix that it declares",
                        "It begins with a letter and has no colon: prefix ex <…>.",
                    )
                prefix = tokens.text
            tokens.advance()
            if tokens.kind != IRI:
                raise tokens.error(
                    "A namespace is an IRI between < and >", f"Write prefix {prefix or 'ex'} <…>."
                )
            wrong = names.declare(prefix, tokens.plain())
            if wrong:
                raise tokens.error(wrong, "Give this one a prefix of its own.")
            self._document.declare(prefix, tokens.plain())
            tokens.advance()

    def _bundle(self, outer: Names) -> None:
        """Production 6. Its identifier may be in a namespace that only the bundle declares."""
        tokens = self._tokens
        tokens.advance()
        if tokens.kind != NAME:
            raise tokens.error("'bundle' is followed by the identifier of the bundle")
        found, line = tokens.found, tokens.line()
        tokens.advance()
        names = Names(self._terms, outer)
        self._declarations(names)
        self._bundles += 1
        if self._bundles > MAX_BUNDLES:
            raise InputError(
                f"{self._document.name} has more than {MAX_BUNDLES:,} bundles, which takes too "
                "much memory. Split it."
            )
        number = self._name(found, names, "")
        iri = self._terms.text[number][1:-1]
        if iri in self._document.bundles:
            self._document.notes.append(
                f"the bundle {found[NAME][:60]} in line {line} is there twice, and read as one"
            )
        instance = self._document.bundle(iri)
        names = names if names.declared() else outer
        self._statements(instance, names, "endBundle")
        self._tokens.advance()

    def _expression(self, instance: Instance, names: Names, end: str) -> None:
        """Production 2: one expression, from its name to its ``)``."""
        tokens = self._tokens
        line, begun = tokens.line(), tokens.found
        kind = KINDS.get(tokens.text)
        if kind is None:
            kind = self._unknown(instance, names, end, line)
            if kind is None:
                return
        tokens.advance()
        tokens.expect("(", f"{kind.name} is followed by '('")
        identifier = 0
        given: list[re.Match[str]] = []
        attributes: list[tuple[int, int]] = []
        while True:
            if tokens.kind in _ARGUMENTS or tokens.text == "-":
                given.append(tokens.found)
                tokens.advance()
            elif tokens.text == "[" and given:
                attributes = self._attributes(kind, names)
                break
            else:
                raise tokens.error(f"{kind.name} takes names, times, or '-' for what is left out")
            if tokens.text == "," and len(given) <= _MOST:
                tokens.advance()
            elif tokens.text == ";" and len(given) == 1 and not identifier:
                identifier = self._identifier(kind, given.pop(), names)
                tokens.advance()
            else:
                break
        if len(given) <= _MOST:
            tokens.expect(")", f"{kind.name}(… lacks ',' or ')'")
        if kind.name in ELEMENTS:
            identifier = self._name(given[0], names, f"{kind.name} needs an identifier")
        arguments = self._arguments(kind, given, names, begun)
        instance.add(kind.name, identifier or PLACEHOLDER, arguments, line, attributes)

    def _unknown(self, instance: Instance, names: Names, end: str, line: int) -> Kind | None:
        """What is not among the expressions of PROV-DM: a mention, or an extension.

        Of extensions, those of PROV-Dictionary are kept.
        """
        tokens = self._tokens
        word = tokens.text
        if tokens.kind != NAME:
            raise tokens.error(f"A statement or '{end}' is missing")
        if ":" not in word.replace("\\:", ""):
            self._unprefixed(word, end)
        number = names.number(word, tokens.error)
        if self._terms.text[number] == _MENTION:
            return KINDS["mentionOf"]
        count, first = self._extensions.get(word, (0, line))
        self._extensions[word] = count + 1, first
        start = tokens.start
        parts = extension(tokens, names)
        local = of_prov(self._terms.text[number][1:-1])
        made = None
        if local in DICTIONARY:
            made = of_extension(instance.name, local, parts, self._terms.text)
        if made:
            self._document.dictionaries.append(made)
        elif self._repairs:  # who stores the document keeps them
            self._document.extensions.append((line, tokens.source[start : tokens.start].rstrip()))
        return None

    def _unprefixed(self, word: str, end: str) -> None:
        """Refuse a word that begins no statement, unless an extension may lack its prefix."""
        following = self._tokens.source[self._tokens.start + len(word) :][:20].lstrip()
        if self._repairs is None or not following.startswith("(") or word in _WORDS:
            raise self._tokens.error(*no_statement(word, end))
        what = f"{word[:60]!r} is no expression of PROV-N; read as an extension"
        self._repairs.once("unprefixed-extension", word, what)

    def _identifier(self, kind: Kind, found: re.Match[str], names: Names) -> int:
        """The number of the optional identifier before ``;``."""
        if kind.name in ELEMENTS:
            raise self._tokens.error(f"The identifier of {kind.name} is followed by ',' or ')'")
        if not kind.identified:
            raise self._tokens.error(
                f"{kind.name} has no identifier of its own", "Leave it out, with its ';'."
            )
        if found[MARK]:
            return PLACEHOLDER
        return self._name(found, names, "An identifier stands before ';'")

    def _attributes(self, kind: Kind, names: Names) -> list[tuple[int, int]]:
        if not kind.identified and self._repairs:
            what = f"{kind.name} has no attributes in PROV-DM; read with them"
            self._repairs.add("attributes-kept", what)
        elif not kind.identified:
            raise self._tokens.error(
                f"{kind.name} has no attributes", "Leave them out, with their brackets."
            )
        return pairs(self._tokens, names)

    def _name(self, found: re.Match[str], names: Names, wanted: str) -> int:
        """The number of what has to be a name."""
        tokens = self._tokens
        if found.lastindex != NAME:
            raise tokens.error(wanted, found=found)
        return names.number(found[NAME], lambda said, mend: tokens.error(said, mend, found))

    def _arguments(
        self, kind: Kind, given: list[re.Match[str]], names: Names, begun: re.Match[str]
    ) -> list[int]:
        plain = given[1:] if kind.name in ELEMENTS else given
        slots: Sequence[re.Match[str] | None] = plain
        if len(plain) not in kind.many:
            slots = filled(kind, plain) if self._repairs else []
            if self._repairs is None or len(slots) not in kind.many or len(plain) < kind.mandatory:
                raise miscounted(self._tokens, kind, given, begun)
            count = f"{kind.name} has {len(given)} arguments, of {len(slots)}"
            self._repairs.add("argument-count", f"{count}; read with '-' for the others")
        numbers = []
        for position, found in enumerate(slots):
            if found is None:
                numbers.append(PLACEHOLDER)
            elif found[MARK]:
                if position < kind.mandatory:
                    raise self._tokens.error(
                        needed(kind, position), "Name it, or leave the statement out.", found
                    )
                numbers.append(PLACEHOLDER)
            elif kind.arguments[position] in TIMES:
                numbers.append(self._times.get(found[TIME]) or self._time(kind, found))
            else:
                numbers.append(
                    names.numbers.get(found[NAME])
                    or self._name(found, names, needed(kind, position))
                )
        return numbers + [PLACEHOLDER] * (len(kind.arguments) - len(slots))

    def _time(self, kind: Kind, found: re.Match[str]) -> int:
        if self._repairs and not found[TIME] and (mended := self._repairs.time(found[NAME])):
            return self._terms.time(mended)
        if not found[TIME]:
            raise self._tokens.error(
                f"{kind.name} has a time there, such as 2012-11-16T16:05:00Z, or '-'", found=found
            )
        number = time(self._tokens, self._terms, found)
        self._times[found[TIME]] = number
        return number

    def _notes(self) -> list[str]:
        notes = [
            f"{name[:60]} is an extension, of which PROV says nothing: {count} x, first in line "
            f"{line}"
            for name, (count, line) in list(self._extensions.items())[:_NOTED]
        ]
        more = len(self._extensions) - _NOTED
        return [*notes, f"and {more} more extensions"] if more > 0 else notes


def _declared(source: str) -> dict[str, str]:
    """What is declared anywhere, by prefix."""
    return dict(_DECLARATION.findall(source))
