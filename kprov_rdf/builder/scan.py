"""Reads the tokens of a specification where the parser wants them, and says where it stands."""

import re

from kprov_rdf.builder.model import Attribute
from kprov_rdf.errors import InputError

MAX_LENGTH = 64 * 1024
_BLANK = re.compile(r"(?:\s|#[^\n]*)*+")
_WORD = re.compile(r"[^\W\d]\w*")
_TEXT = re.compile(r"'((?:[^']|'')*+)'")
_QUOTED = re.compile(r'"((?:[^"]|"")*+)"')
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?!\w)")
_BARE = re.compile(r"[^\s;()'\"]+")
_SHOWN = 30


class Scanner:
    """A place in a text."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_LENGTH:
            raise InputError(
                f"The specification has {len(text):,} characters; at most {MAX_LENGTH:,} are read."
            )
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InputError(f"The specification is not Unicode text: {error}.") from error
        self.text = text
        self.at = 0
        self.skip()

    def skip(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What the pattern finds here; then blanks are skipped."""
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()
            self.skip()
        return found

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    def sees(self, sign: str) -> bool:
        return self.text.startswith(sign, self.at)

    def sees_name(self) -> bool:
        """Whether a name begins here."""
        return self.sees('"') or _WORD.match(self.text, self.at) is not None

    def take(self, sign: str) -> bool:
        """Whether the sign stands here; then it is passed."""
        if not self.sees(sign):
            return False
        self.at += len(sign)
        self.skip()
        return True

    def want(self, sign: str) -> None:
        if not self.take(sign):
            raise self.error(f"{sign!r} was wanted")

    def word(self) -> str | None:
        found = self.match(_WORD)
        return found[0] if found else None

    def keyword(self, *wanted: str) -> str | None:
        """One of these words, in any case, where it stands here."""
        found = _WORD.match(self.text, self.at)
        if not found or found[0].upper() not in wanted:
            return None
        self.at = found.end()
        self.skip()
        return found[0].upper()

    def name(self, what: str) -> str:
        """A name: a word, or anything in double quotes."""
        found = self.match(_QUOTED)
        if found:
            name = found[1].replace('""', '"')
            if name:
                return name
            raise self.error(f"the name of {what} is empty")
        word = self.word()
        if word is None:
            raise self.error(f"the name of {what} was wanted")
        return word

    def attribute(self) -> Attribute:
        """``dataset.attribute``."""
        start = self.at
        dataset = self.name("a data set")
        if not self.take("."):
            self.at = start
            raise self.error(f"an attribute is written as dataset.attribute, not {dataset!r} alone")
        return Attribute(dataset, self.name("an attribute"))

    def string(self) -> str | None:
        """A text in single quotes, in which a quote is doubled."""
        found = self.match(_TEXT)
        return found[1].replace("''", "'") if found else None

    def number(self) -> str | None:
        found = self.match(_NUMBER)
        return found[0] if found else None

    def bare(self) -> str | None:
        """What needs no quotes: a tag, the name of a run, a time."""
        found = self.match(_BARE)
        return found[0] if found else None

    def error(self, wanted: str, at: int | None = None) -> InputError:
        """What is wrong, with line and column."""
        at = self.at if at is None else at
        before = self.text[:at]
        line, column = before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1
        found = self.text[at : at + _SHOWN].split("\n")[0].strip()
        told = (
            f"found {found!r}" if found else "the line ends" if at < len(self.text) else "it ends"
        )
        return InputError(f"The specification, line {line}, column {column}: {wanted}; {told}.")
