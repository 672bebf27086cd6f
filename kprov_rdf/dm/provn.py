"""Documents in PROV-N (REC-prov-n-20130430) as statements.

The grammar is the Recommendation's, and what tools write beside it: bundles and expressions in any
order, ``default`` anywhere among the prefixes, ``prov``, ``xsd`` or the same prefix declared once
more, and ``mentionOf`` without its prefix.
"""

import re
from difflib import get_close_matches

from kprov_capture.terms import PROV_NAMESPACE
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
from kprov_rdf.dm.provn_lexer import END, IRI, MARK, NAME, PREFIX, TIME, Tokens
from kprov_rdf.dm.provn_names import Names
from kprov_rdf.dm.provn_values import extension, pairs, time
from kprov_rdf.errors import InputError

MAX_BYTES = 1 << 28  # some two million statements
_NOTED = 20  # extensions
_MENTION = f"<{PROV_NAMESPACE}mentionOf>"
_ARGUMENTS = (NAME, TIME)
_MOST = 5  # arguments of any kind, beside the identifier
_ORDINALS = ("first", "second", "third", "fourth", "fifth")
_WANTED = {
    "entity": "an entity", "activity": "an activity", "agent": "an agent", "plan": "a plan",
    "informed": "an activity", "informant": "an activity", "collection": "a collection",
    "trigger": "an entity", "starter": "an activity", "ender": "an activity",
    "generatedEntity": "an entity", "usedEntity": "an entity", "generation": "a generation",
    "usage": "a usage", "delegate": "an agent", "responsible": "an agent",
    "influencee": "what was influenced", "influencer": "what influenced it",
    "alternate1": "an entity", "alternate2": "an entity", "specificEntity": "an entity",
    "generalEntity": "an entity", "bundle": "a bundle",
}  # fmt: skip


def read(data: bytes, name: str) -> Document:
    """The statements of a PROV-N document, which is called ``name`` in messages.

    Raises ``MalformedError``, with line and column, where it breaks the grammar, lacks an argument
    or uses a prefix that nothing declares; ``InputError`` where it is too large or not UTF-8.
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
    return _Reader(source, name).document()


class _Reader:
    """Reads one document, from its first token to its last."""

    def __init__(self, source: str, name: str) -> None:
        self._tokens = Tokens(source, name)
        self._document = Document(name, "PROV-N", BoundedTerms(name))
        self._terms = self._document.terms
        # The numbers of times by how they are written.
        self._times: dict[str, int] = {}
        # How often each extension stands there, and in which line first.
        self._extensions: dict[str, tuple[int, int]] = {}
        self._bundles = 0

    def document(self) -> Document:
        """Section 3.8, production 1: ``document … endDocument``."""
        tokens = self._tokens
        if tokens.text != "document":
            raise tokens.error(
                "PROV-N begins with 'document'", "Put it first, and 'endDocument' last."
            )
        tokens.advance()
        names = Names(self._terms)
        self._declarations(names)
        while tokens.text != "endDocument":
            if tokens.text == "bundle":
                self._bundle(names)
            else:
                self._expression(self._document.toplevel, names, "endDocument")
        tokens.advance()
        if tokens.kind != END:
            raise tokens.error("Nothing may follow 'endDocument'")
        self._document.notes += self._notes()
        return self._document

    def _declarations(self, names: Names) -> None:
        tokens = self._tokens
        while tokens.text in ("prefix", "default"):
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
        while tokens.text != "endBundle":
            self._expression(instance, names, "endBundle")
        tokens.advance()

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
            raise tokens.error(*_no_statement(word, end))
        number = names.number(word, tokens.error)
        if self._terms.text[number] == _MENTION:
            return KINDS["mentionOf"]
        count, first = self._extensions.get(word, (0, line))
        self._extensions[word] = count + 1, first
        parts = extension(tokens, names)
        local = of_prov(self._terms.text[number][1:-1])
        if local in DICTIONARY:
            made = of_extension(instance.name, local, parts, self._terms.text)
            self._document.dictionaries += [made] if made else []
        return None

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
        if not kind.identified:
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
        if len(plain) not in kind.many:
            raise self._miscounted(kind, given, begun)
        numbers = []
        for position, found in enumerate(plain):
            if found[MARK]:
                if position < kind.mandatory:
                    raise self._tokens.error(
                        _needed(kind, position), "Name it, or leave the statement out.", found
                    )
                numbers.append(PLACEHOLDER)
            elif kind.arguments[position] in TIMES:
                numbers.append(self._times.get(found[TIME]) or self._time(kind, found))
            else:
                numbers.append(
                    names.numbers.get(found[NAME])
                    or self._name(found, names, _needed(kind, position))
                )
        return numbers + [PLACEHOLDER] * (len(kind.arguments) - len(plain))

    def _time(self, kind: Kind, found: re.Match[str]) -> int:
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

    def _miscounted(
        self, kind: Kind, given: list[re.Match[str]], begun: re.Match[str]
    ) -> MalformedError:
        """The error of an expression that has too many arguments, or too few."""
        own = kind.name in ELEMENTS  # the identifier is one of them
        if not own and len(given) < kind.many[0]:
            return self._tokens.wrong(f"{_needed(kind, len(given))}.", "Name it.", begun)
        counts = [many + own for many in kind.many]
        takes = " or ".join(map(str, counts)) + " argument" + "s" * (counts != [1])
        more = len(given) > counts[-1]
        filled = given[:own] + _filled(kind, given[own:])
        written = ", ".join(one[one.lastindex or 0][:60] if one else "-" for one in filled)
        return self._tokens.wrong(
            f"{kind.name} takes {takes}, and has {'more' if more else len(given)}.",
            f"Write {kind.name}({written})." if len(filled) in counts and not more else "",
            begun,
        )


def _needed(kind: Kind, position: int) -> str:
    wanted = _WANTED[kind.arguments[position]]
    return f"{kind.name} needs {wanted} as its {_ORDINALS[position]} argument"


def _filled(kind: Kind, given: list[re.Match[str]]) -> list[re.Match[str] | None]:
    """The arguments, with None where the next one is of another kind; empty where that fails."""
    left = list(given)
    filled: list[re.Match[str] | None] = []
    for slot in kind.arguments[: next((many for many in kind.many if many >= len(given)), 0)]:
        fits = left and (left[0][MARK] or (left[0].lastindex == TIME) == (slot in TIMES))
        filled.append(left.pop(0) if fits else None)
    return [] if left else filled


def _no_statement(word: str, end: str) -> tuple[str, str]:
    """What to say of a word that begins no statement."""
    if word in ("prefix", "default"):
        return "Declarations stand before the first statement", "Move it there."
    if word in ("bundle", "endBundle", "document", "endDocument"):
        return f"A statement or '{end}' is missing", (
            "A bundle ends with 'endBundle', and holds no other bundle."
            if end == "endBundle"
            else ""
        )
    near = get_close_matches(word[:40], KINDS, 1)
    return "A statement of PROV-N is missing", (
        f"Did you mean {near[0]}?" if near else "An extension of PROV-N has a name with a prefix."
    )
