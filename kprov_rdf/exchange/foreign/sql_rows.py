"""The rows of a ``COPY`` of MonetDB: lines of cells, of which texts may be in quotes.

1|"alexnet-df-1"| 0.05|NULL
"""

import re

Cell = str | int | float | None

_ESCAPE = re.compile(r"\\([0-7]{3}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b", "0": "\0"}


def unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        told = found[1]
        if told[0] in "01234567" and len(told) == 3:
            return chr(int(told, 8) & 0xFF)
        if told[0] == "x" and len(told) == 3:
            return chr(int(told[1:], 16))
        return _ESCAPES.get(told, told)

    return _ESCAPE.sub(one, text) if "\\" in text else text


class Layout:
    """How the rows of a COPY are written."""

    def __init__(self, between: str, ends: str, quote: str, missing: str) -> None:
        self.between, self.ends, self.quote, self.missing = between, ends, quote, missing
        mark = re.escape(quote or '"')
        self._quoted = re.compile(rf"{mark}(?:[^{mark}\\]++|\\.|{mark}{mark})*+{mark}", re.DOTALL)
        stops = f"{re.escape(ends)}|{re.escape(between)}"
        self._bare = re.compile(rf"(?:(?!{stops})(?:\\.|.))*+", re.DOTALL)
        self._blanks = re.compile(" *+" if between != " " else "")

    def row(self, text: str, at: int) -> tuple[list[Cell] | None, int]:
        """The cells from ``at``, and where the next row begins; None where it is damaged."""
        row: list[Cell] = []
        while True:
            start = self._blanks.match(text, at)
            at = start.end() if start else at
            quoted = bool(self.quote) and text.startswith(self.quote, at)
            found = (self._quoted if quoted else self._bare).match(text, at)
            if found is None:
                return None, at
            at = found.end()
            if quoted:
                row.append(unescaped(found[0][1:-1].replace(self.quote * 2, self.quote)))
            else:
                raw = found[0].strip()
                row.append(None if raw == self.missing else unescaped(raw))
            if text.startswith("\r" + self.ends, at):
                at += 1
            if text.startswith(self.ends, at) or at >= len(text):
                return row, at + len(self.ends)
            if not text.startswith(self.between, at):
                return None, at
            at += len(self.between)
