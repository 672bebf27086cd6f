"""Where the parts of a JSON document stand, which Python's parser does not tell."""

import re
from collections.abc import Callable
from json import JSONDecoder
from json.decoder import scanstring  # type: ignore[attr-defined]

_SPACE = re.compile(r"[ \t\n\r]*")
_MARK = re.compile(r"[ \t\n\r]*([:,\]}])[ \t\n\r]*")


class Places:
    """Offsets and lines in a text that is known to be valid JSON.

    Each call takes time in proportion to the part that it looks at.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._value = JSONDecoder().scan_once  # type: ignore[attr-defined]
        # In valid JSON it always matches.
        self._mark: Callable[[str, int], re.Match[str]] = _MARK.match  # type: ignore[assignment]
        self._known = (0, 1)  # an offset, and its line

    def start(self) -> int:
        """The offset of the whole value."""
        return self._skip(0)

    def _skip(self, offset: int) -> int:
        found = _SPACE.match(self._text, offset)
        return found.end() if found else offset

    def line(self, offset: int) -> int:
        """The line of an offset, from 1. Quick for one that is near that of the last call."""
        before, line = self._known
        if offset >= before:
            line += self._text.count("\n", before, offset)
        else:
            line -= self._text.count("\n", offset, before)
        self._known = (offset, line)
        return line

    def column(self) -> int:
        """The column, from 1, of the offset of which ``line`` was asked last."""
        offset, _ = self._known
        return offset - self._text.rfind("\n", 0, offset)

    def members(self, offset: int) -> tuple[dict[str, int], dict[str, int]]:
        """By the keys of the object at ``offset``: the offsets of the keys, and of the values."""
        text, value, mark = self._text, self._value, self._mark
        keys: dict[str, int] = {}
        values: dict[str, int] = {}
        at = self._skip(offset + 1)
        while text[at] == '"':
            key, end = scanstring(text, at + 1, True)
            start = mark(text, end).end()
            keys[key], values[key] = at, start
            after = mark(text, value(text, start)[1])
            if after[1] != ",":
                break
            at = after.end()
        return keys, values

    def items(self, offset: int) -> list[int]:
        """The offsets of the items of the array at ``offset``."""
        text, value, mark = self._text, self._value, self._mark
        found: list[int] = []
        at = self._skip(offset + 1)
        while text[at] != "]":
            found.append(at)
            after = mark(text, value(text, at)[1])
            if after[1] != ",":
                break
            at = after.end()
        return found
