"""The names of a document of PROV-DM as terms of N-Quads: what ``quads`` asks for."""

import re
from typing import Protocol

_ILLEGAL = re.compile(r"[\x00-\x20<>\"{}|\\^`]")


class Naming(Protocol):
    """The names of a document as terms of N-Quads. Each is asked for once.

    A name comes as it stands in ``Terms``: ``<iri>``, where nothing says that the IRI is a legal
    or a whole one, or ``_:label``, where the label may be any text.
    """

    def thing(self, text: str) -> str:
        """A name where a subject or an object stands."""

    def term(self, text: str) -> str:
        """The name of a property, a class of PROV, or a datatype."""

    def graph(self, name: str | None) -> str:
        """The graph of the bundle of this name, without brackets; None: of the toplevel.

        An empty text is the default graph.
        """

    def fresh(self, kind: str) -> str:
        """The next node that qualifies a relation of this kind, which has no identifier."""


class Unscoped:
    """The names as they are, for documents whose IRIs are whole; blank nodes stay blank.

    ``toplevel`` is the graph of the toplevel instance; empty: the default graph.
    """

    def __init__(self, toplevel: str = "") -> None:
        self._toplevel = f"<{toplevel}>" if toplevel else ""
        self._blanks: dict[str, str] = {}
        self._count = 0

    def thing(self, text: str) -> str:
        if text.startswith("_:"):
            return self._blanks.setdefault(text, f"_:b{len(self._blanks) + 1}")
        escaped = _ILLEGAL.sub(lambda found: f"%{ord(found[0]):02X}", text[1:-1])
        return f"<{escaped}>"

    term = thing

    def graph(self, name: str | None) -> str:
        if name is None:
            return self._toplevel
        return self.thing(name if name.startswith("_:") else f"<{name}>")

    def fresh(self, kind: str) -> str:
        self._count += 1
        return f"_:{kind}-{self._count}"
