r"""The tokens of PROV-N (REC-prov-n-20130430, sections 3.7 and 3.8).

One expression finds them all. Where tokens overlap it takes the longest, as the grammar wants:
``ex:a//b`` is a name and no comment. Nothing in it goes back over what it has read.
"""

import re

from kprov_rdf.dm.malformed import MalformedError

_BASE = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_CHARS = rf"\-0-9_{_BASE}\u00b7\u0300-\u036f\u203f-\u2040"
_OTHERS = r"/@~&+*?#$!"
# The production PN_CHARS_ESC lacks \", which the text before it names.
_ESCAPES = r"%[0-9A-Fa-f]{2}|\\[='(),\-:;\[\].\"]"
_AFTER = rf"(?>[{_CHARS}]++|\.++(?=[{_CHARS}]))*+"
_LOCAL = (
    rf"(?:[_0-9{_BASE}{_OTHERS}]|{_ESCAPES})"
    rf"(?>[{_CHARS}{_OTHERS}]++|{_ESCAPES}|\.++(?=[{_CHARS}{_OTHERS}]|{_ESCAPES}))*+"
)
LOCAL = re.compile(_LOCAL)  # a local name, with its escapes
# A prefix may not begin with "_"; where one does, that is what has to be told.
_QUALIFIED_NAME = rf"(?>[_{_BASE}]{_AFTER}:(?:{_LOCAL})?+|{_LOCAL})"
PREFIX = re.compile(rf"[{_BASE}]{_AFTER}")
LEGAL_NAME = re.compile(rf"[{_BASE}]{_AFTER}:(?:{_LOCAL})?+|{_LOCAL}")
# What may stand in a local name without an escape, though not everywhere in it.
LOCAL_CHARACTER = re.compile(rf"[{_CHARS}{_OTHERS}.]")
_HEX = r"u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}"

MARK, TIME, NAME, NUMBER, STRING, QUOTED_NAME, IRI, END, _BAD = range(1, 10)
_TOKEN = re.compile(
    r"(?>[ \t\r\n\f]++|//[^\r\n]*+|/\*(?>[^*]++|\*(?!/))*+\*/)*+"
    r"(?:([(),;=\[\]{}]|%%|-(?![0-9]))"
    r"|(-?[0-9]{4,}+-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]++)?+"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})?+)"
    rf"|((?!/\*){_QUALIFIED_NAME})"
    r"|(-[0-9]++)"
    r'|("""(?>[^"\\]++|\\.|"{1,2}+(?!"))*+"""|(?!""")"(?>[^"\\\r\n]++|\\.)*+")'
    rf"|('{_QUALIFIED_NAME}')"
    rf'|(<(?>[^<>"{{}}|^`\\\x00-\x20]++|\\(?:{_HEX}))*+>)'
    r"|(\Z)|(/\*|.))",
    re.DOTALL,
)
_ESCAPED = re.compile(rf"\\(?:({_HEX})|(.))", re.DOTALL)
_CHARACTERS = {
    "t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\",
}  # fmt: skip
_MENDS = {
    "/*": "A comment that begins with /* ends with */.",
    ":": r"A colon within a local name is written \:.",
    '"': 'A string ends with the quotes that it began with; one that has line breaks is '
    'written between """ and """, and \\" is a quote within it.',
    "'": r"Within ' and ' stands a qualified name such as 'prov:Plan', where another colon is "
    r'written \:; a text stands between " and ".',
    "<": "An IRI ends with > and has neither spaces nor any of \" { } | ^ ` \\.",
    "\\": r"""In a local name, \ stands before one of = ' ( ) , - : ; [ ] . only.""",
    "%": "In a local name, % stands before two hexadecimal digits.",
    ".": r"A local name that begins or ends with a dot is written with \. there.",
}  # fmt: skip
_SHOWN = 40  # characters of what was found


class Tokens:
    """The tokens of a document, one after the other, from the first.

    ``kind`` is one of the constants above, ``text`` the token as it is written: no two kinds have
    a text in common. ``found`` is what an error can be told of later on.
    """

    def __init__(
        self, source: str, document: str, start: int = 0, end: int | None = None, line: int = 1
    ) -> None:
        self.document = document
        self.source = source
        # What is looked at, and the line in which that begins.
        self._end = len(source) if end is None else end
        self._step = _TOKEN.finditer(source, start, self._end).__next__
        self._line, self._counted = line, start
        self.advance()

    def advance(self) -> None:
        """Go to the next token. There is none after ``END``."""
        self.found = found = self._step()
        self.kind = kind = found.lastindex or END
        self.text = found[kind]

    @property
    def start(self) -> int:
        """The offset of this token."""
        return self.found.start(self.kind)

    def line(self) -> int:
        """The line of this token, from 1."""
        start = self.start
        self._line += self.source.count("\n", self._counted, start)
        self._counted = start
        return self._line

    def expect(self, text: str, wanted: str = "") -> None:
        """Go on after this text. Raises ``MalformedError`` where something else stands."""
        if self.text != text:
            raise self.error(wanted or f"'{text}' is missing")
        self.advance()

    def error(
        self, message: str, mend: str = "", found: re.Match[str] | None = None
    ) -> MalformedError:
        """The error of a token, this one where ``found`` is None, and what stands there."""
        at = found or self.found
        kind = at.lastindex or END
        here = at[kind][:_SHOWN]
        if kind == END:
            here = "the end of the document"
        elif kind == _BAD:
            start = at.start(kind)
            here = " ".join(self.source[start : start + _SHOWN].split())
            if not at[kind].isprintable():
                here = f"the character U+{ord(at[kind]):04X}"
            mend = _MENDS.get(at[kind], mend)
        return self.wrong(f"{message}; found {here}" + "." * (here[-1:] != "."), mend, at)

    def wrong(self, message: str, mend: str, found: re.Match[str]) -> MalformedError:
        """The error of a token, in these words."""
        start = found.start(found.lastindex or END)
        return MalformedError(
            self.document,
            message,
            line=self._line_of(start),
            column=start - self.source.rfind("\n", 0, start),
            mend=mend,
        )

    def _line_of(self, start: int) -> int:
        if start >= self._counted:
            return self._line + self.source.count("\n", self._counted, start)
        return self._line - self.source.count("\n", start, self._counted)

    def plain(self) -> str:
        """What this ``STRING`` or ``IRI`` says, without what encloses it, and without escapes."""
        width = 3 if self.text.startswith('"""') else 1
        text = self.text[width:-width]
        return _ESCAPED.sub(self._character, text) if "\\" in text else text

    def _character(self, escaped: re.Match[str]) -> str:
        if escaped[1]:
            code = int(escaped[1][1:], 16)
            if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
                return chr(code)
        elif escaped[2] in _CHARACTERS:
            return _CHARACTERS[escaped[2]]
        raise self.error(
            f"The escape {escaped[0]} means no character", r"A backslash itself is written \\."
        )
