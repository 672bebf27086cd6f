"""Prefixes that XML uses and does not declare: a parser that knows namespaces refuses them."""

from collections import Counter
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from kprov_rdf.dm.repairs import Repairs

_SHOWN = 80


def declared(data: bytes, repairs: Repairs) -> bytes | None:
    """The same document with what it does not declare declared at its root.

    None where nothing is missing, or where it is no XML. Lines stay as they are. Raises
    ``InputError`` where too many prefixes are missing.
    """
    finder = _Finder()
    try:
        finder.parse(data)
    except expat.ExpatError:
        return None  # told by who reads it
    if not finder.missing:
        return None
    texts = []
    for prefix, line in finder.missing.items():
        namespace = finder.elsewhere.get(prefix)
        if namespace is None:
            namespace = repairs.namespace(prefix, line)
        else:
            what = f"{prefix[:_SHOWN]!r} is declared elsewhere; read as there"
            repairs.add("late-declaration", what, line)
        texts.append(f" xmlns:{prefix}={quoteattr(namespace)}")
    return data[: finder.at] + "".join(texts).encode() + data[finder.at :]


class _Finder:
    """Looks for prefixes of elements and attributes outside the elements that declare them.

    ``missing`` has the line of the first use of each, ``elsewhere`` what is declared anywhere,
    ``at`` is where an attribute of the root can be put.
    """

    def __init__(self) -> None:
        self.missing: dict[str, int] = {}
        self.elsewhere: dict[str, str] = {}
        self.at = 0
        self._here: Counter[str] = Counter(("xml", "xmlns"))
        self._ends: list[list[str]] = []
        self._parser = expat.ParserCreate("utf-8")

    def parse(self, data: bytes) -> None:
        """Read all of it. Raises ``ExpatError``."""
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.Parse(data, True)

    def _start(self, tag: str, given: dict[str, str]) -> None:
        if not self.at:
            self.at = self._parser.CurrentByteIndex + 1 + len(tag.encode())
        own = [name[6:] for name in given if name.startswith("xmlns:")]
        for prefix in own:
            self._here[prefix] += 1
            self.elsewhere.setdefault(prefix, given[f"xmlns:{prefix}"])
        self._ends.append(own)
        for name in (tag, *given):
            prefix, colon, _ = name.partition(":")
            if colon and not self._here[prefix]:
                self.missing.setdefault(prefix, self._parser.CurrentLineNumber)

    def _end(self, _tag: str) -> None:
        for prefix in self._ends.pop():
            self._here[prefix] -= 1
