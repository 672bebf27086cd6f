"""Reading the part of YAML that trackers write: block mappings and lists of scalars.

Of YAML 1.1 (https://yaml.org/spec/1.1/) it takes block mappings, block lists, plain, quoted and
literal scalars (|), comments, and empty flow collections or such as are JSON. It refuses all by
which a small document may become a large one or an object: anchors, aliases, tags, merge keys,
directives, and more than one document.
"""

import json
import re
from typing import Any

from kprov_rdf.dm.guards import decoded
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError

MAX_BYTES = 1 << 23
MAX_DEPTH = 30
# A key is at most 1,024 characters long (section 7.4.2 of YAML 1.2).
_KEY = re.compile(
    r"""(?P<key>'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|"""
    r"""(?:[^\s#'"&*!%@`\[\]{},|>?:-]|[-?:](?=\S))(?:[^#:]|:(?=\S)|(?<=\S)\#){0,1023}?)"""
    r"""[ \t]{0,64}:(?:\s+|\Z)"""
)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,400})\Z")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".nan": float("nan"), ".NaN": float("nan"), ".NAN": float("nan"),
    ".inf": float("inf"), "+.inf": float("inf"), "-.inf": float("-inf"),
}  # fmt: skip
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f",
    "r": "\r", "e": "\x1b", " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0",
    "L": "\u2028", "P": "\u2029",
}  # fmt: skip
_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|x([0-9a-fA-F]{2})"
    r"|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))",
    re.DOTALL,
)
_END_DOUBLE = re.compile(r'(?:[^"\\]|\\.)*\\?')
_END_SINGLE = re.compile(r"(?:[^']|'')*")
_REFUSED = {
    "&": "an anchor", "*": "an alias", "!": "a tag", "%": "a directive",
    ">": "a folded text", "?": "a compound key", "@": "a reserved sign", "`": "a reserved sign",
}  # fmt: skip


def load(data: bytes, name: str) -> Any:
    """The value of a document. Raises ``MalformedError``, or ``InputError`` over a limit."""
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES >> 20} MiB, which no such file is.")
    return _Reader(decoded(data, name), name).document()


class _Reader:
    """``lines`` are those that say something, as indent, text and number from 1."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.raw = text.replace("\r\n", "\n").split("\n")
        self.place = 0

    def wrong(self, message: str, mend: str = "") -> MalformedError:
        line = min(self.place + 1, len(self.raw))
        return MalformedError(self.name, message, line=line, mend=mend)

    def line(self) -> tuple[int, str] | None:
        """Indent and text of the next line that says something; it is not yet read."""
        while self.place < len(self.raw):
            text = self.raw[self.place].rstrip(" ")
            bare = text.lstrip(" ")
            if bare and not bare.startswith("#"):
                if "\t" in text[: len(text) - len(text.lstrip())]:
                    raise self.wrong("A line is indented by a tab, which YAML forbids.")
                return len(text) - len(bare), bare
            self.place += 1
        return None

    def document(self) -> Any:
        first = self.line()
        if first is not None and first[1] == "---":
            self.place += 1
            first = self.line()
        if first is None:
            return None
        found = self.node(first[0], 0)
        if self.line() is not None:
            raise self.wrong("Here is more than one document, or a line is indented wrong.")
        return found

    def node(self, indent: int, depth: int) -> Any:
        """The block that begins at the next line, which stands at ``indent``."""
        if depth > MAX_DEPTH:
            raise self.wrong(f"It is nested more than {MAX_DEPTH} levels deep.")
        found = self.line() or (indent, "")
        if found[1] == "-" or found[1].startswith("- "):
            return self.items(indent, depth)
        if _KEY.match(found[1]):
            return self.mapping(indent, depth)
        return self.scalar(found[1], indent - 1)

    def items(self, indent: int, depth: int) -> list[Any]:
        found: list[Any] = []
        while (line := self.line()) and line[0] == indent:
            if line[1] != "-" and not line[1].startswith("- "):
                break
            rest = line[1][1:].lstrip(" ")
            if not rest or rest.startswith("#"):
                self.place += 1
                found.append(self.below(indent, depth, same=False))
                continue
            # What follows the dash is a block of its own, indented by where it stands.
            inner = indent + len(line[1]) - len(rest)
            self.raw[self.place] = " " * inner + rest
            found.append(self.node(inner, depth + 1))
        return found

    def mapping(self, indent: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (line := self.line()) and line[0] == indent:
            match = _KEY.match(line[1])
            if not match:
                break
            key = self.key(match["key"])
            if key in found:
                raise self.wrong(f"It has the key {key!r} twice.", "Make it one key.")
            rest = line[1][match.end() :]
            if not rest or rest.startswith("#"):
                self.place += 1
                found[key] = self.below(indent, depth, same=True)
            else:
                found[key] = self.scalar(rest, indent)
        return found

    def key(self, text: str) -> str:
        if text[0] == "'":
            return text[1:-1].replace("''", "'")
        if text[0] == '"':
            return self.escaped(text[1:-1])
        if text == "<<":
            raise self.wrong("It has a merge key (<<), which is not read.")
        return text

    def below(self, indent: int, depth: int, *, same: bool) -> Any:
        """What is indented deeper than a key or a dash: nothing is null."""
        line = self.line()
        if line is None:
            return None
        dash = line[1] == "-" or line[1].startswith("- ")
        if line[0] > indent or (same and dash and line[0] == indent):
            return self.node(line[0], depth + 1)
        return None

    def scalar(self, text: str, indent: int) -> Any:
        """A value that begins with ``text`` in this line; it goes on in lines that are deeper."""
        first = text[0]
        if first in "'\"":
            return self.quoted(text)
        if first == "|":
            return self.literal(text, indent)
        if first in "[{":
            self.place += 1
            return self.flow(text)
        if first in _REFUSED:
            raise self.wrong(f"It has {_REFUSED[first]}, which is not read.", "Write it plainly.")
        parts = [text]
        self.place += 1
        while (line := self.line()) and line[0] > indent:
            parts.append(line[1])
            self.place += 1
        return _plain(" ".join(part.split(" #")[0].rstrip() for part in parts))

    def quoted(self, text: str) -> str:
        quote, parts = text[0], [text[1:]]
        while (end := _closing(parts[-1], quote)) is None:
            self.place += 1
            if self.place >= len(self.raw):
                raise self.wrong("A quoted text does not end.")
            parts.append(self.raw[self.place].strip(" \t"))
        rest = parts[-1][end + 1 :].strip()
        if rest and not rest.startswith("#"):
            raise self.wrong("Something stands behind a quoted text.")
        self.place += 1
        parts[-1] = parts[-1][:end]
        folded = _folded(parts, escapes=quote == '"')
        return self.escaped(folded) if quote == '"' else folded.replace("''", "'")

    def escaped(self, text: str) -> str:
        def one(found: re.Match[str]) -> str:
            high, low, digits, sign = found[1], found[2], found[3] or found[4] or found[5], found[6]
            if high:  # a character in two halves, as JSON writes it
                return (
                    (chr(int(high, 16)) + chr(int(low, 16)))
                    .encode("utf-16", "surrogatepass")
                    .decode("utf-16")
                )
            if digits is None:
                if sign not in _ESCAPES:
                    raise self.wrong(f"There is no escape \\{sign}.")
                return _ESCAPES[sign]
            code = int(digits, 16)
            if code > 0x10FFFF or 0xD800 <= code < 0xE000:
                raise self.wrong(f"There is no character {digits}.")
            return chr(code)

        return _ESCAPE.sub(one, text)

    def literal(self, text: str, indent: int) -> str:
        """A text behind |, of lines as they stand (section 9.3.2)."""
        if text.split(" #", maxsplit=1)[0].strip() not in ("|", "|-", "|+"):
            raise self.wrong("It has a text with an indicator of its indent, which is not read.")
        self.place += 1
        lines: list[str] = []
        inner: int | None = None
        while self.place < len(self.raw):
            line = self.raw[self.place]
            if line.strip(" "):
                deep = len(line) - len(line.lstrip(" "))
                if deep <= indent:
                    break
                inner = deep if inner is None else inner
            lines.append(line[inner or 0 :])
            self.place += 1
        body = "\n".join(lines)
        if text.startswith("|+"):
            return body + "\n"
        body = body.rstrip("\n")
        return body if text.startswith("|-") else body + "\n"

    def flow(self, text: str) -> Any:
        try:
            return json.loads(text.split(" #", maxsplit=1)[0])
        except (ValueError, RecursionError) as error:
            raise self.wrong("It has a collection in brackets, which is read as JSON only.") from (
                error
            )


def _closing(text: str, quote: str) -> int | None:
    """Where the quote is that ends a text; None where it goes on in the next line."""
    end = (_END_DOUBLE if quote == '"' else _END_SINGLE).match(text)
    return end.end() if end and end.end() < len(text) else None


def _folded(parts: list[str], escapes: bool) -> str:
    """The lines of a quoted text as one (section 9.1): a break is a blank, an empty line one."""
    text = parts[0].rstrip(" \t") if len(parts) > 1 else parts[0]
    breaks = 0
    for place, part in enumerate(parts[1:], 2):
        if not part and place < len(parts):
            breaks += 1
            continue
        if escapes and not breaks and (len(text) - len(text.rstrip("\\"))) % 2:
            text = text[:-1] + part
        else:
            text += "\n" * breaks or " "
            text += part
        breaks = 0
    return text


def _plain(text: str) -> str | int | float | bool | None:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text
