"""JSON-LD of which parsers leave out in silence what they cannot take, mended before they do.

A node whose IRI has a blank is no node to them, and a prefix that nothing declares makes an IRI
of its own (JSON-LD 1.1 API, section 5.1 and 5.2).
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from kprov_rdf.dm.repairs import WELL_KNOWN, Repairs
from kprov_rdf.exchange.mend import is_legal, own

_BAD = re.compile(r"%(?![0-9A-Fa-f]{2})|[\x00-\x20<>\"{}|\\^`]")
_PREFIX = re.compile(r"([A-Za-z]+):(?!//)")
_NO_TAG = re.compile(r"[A-Za-z]+(?:_[A-Za-z0-9]+)+")
_SHOWN = 200


def mend(found: Any, repairs: Repairs) -> bytes | None:
    """The text of parsed JSON-LD with its known defects mended; None where there are none.

    Its contexts are taken as they stand: addresses in them must be replaced before.
    """
    mender = _Mender(found, repairs)
    mended = mender.value(found)
    missing = mender.undeclared()
    if missing:
        many = mended if isinstance(mended, list) else [mended]
        for one in many:
            given = one.get("@context")
            one["@context"] = [missing, *(given if isinstance(given, list) else [given])]
            if given is None:
                one["@context"] = missing
    elif not mender.changed:
        return None
    try:
        return json.dumps(mended, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:  # a number that JSON has and Python has not
        return None


class _Mender:
    """Walks through JSON-LD. ``changed`` tells whether anything is mended."""

    def __init__(self, found: Any, repairs: Repairs) -> None:
        self.changed = False
        self._repairs = repairs
        self._used: set[str] = set()
        self._defined: set[str] = set()
        self._remote = False
        # Terms for @id, @type and @language, and those whose texts are IRIs.
        self._keys = {one: one for one in ("@id", "@type", "@language")}
        self._references: set[str] = set()
        self._literals: set[str] = set()  # terms whose values are JSON and nothing else
        for context in _contexts(found):
            self._context(context)
        objects = found if isinstance(found, list) else [found]
        self._objects = bool(objects) and all(isinstance(one, dict) for one in objects)

    def _context(self, context: Any) -> None:
        if isinstance(context, str):
            self._remote = True
        if not isinstance(context, dict):
            return
        self._defined |= context.keys()
        for term, said in context.items():
            if isinstance(said, str) and said in self._keys:
                self._keys[term] = said
            if isinstance(said, dict):
                if said.get("@type") == "@id":
                    self._references.add(term)
                if said.get("@type") == "@json":
                    self._literals.add(term)
                self._note(str(said.get("@id", "")))
                self._note(str(said.get("@type", "")))
            elif isinstance(said, str):
                self._note(said)

    def _note(self, iri: str) -> None:
        prefix = _PREFIX.match(iri)
        if prefix and prefix[1] in WELL_KNOWN:
            self._used.add(prefix[1])

    def undeclared(self) -> dict[str, str]:
        """The well-known prefixes that it uses and no context has."""
        if self._remote or not self._objects:
            return {}
        missing = sorted(self._used - self._defined)
        return {prefix: self._repairs.namespace(prefix, 0) for prefix in missing}

    def value(self, found: Any) -> Any:
        """What is said, with its IRIs and languages mended."""
        if isinstance(found, list):
            return [self.value(one) for one in found]
        if not isinstance(found, dict) or found.get("@type") == "@json":
            return found
        mended: dict[str, Any] = {}
        for key, said in found.items():
            if key == "@context" or key in self._literals:
                mended[key] = said
                continue
            name = self._iri(key) if ":" in key else key
            kind = self._keys.get(key, "@id" if key in self._references else "")
            mended[key if name in found else name] = self._said(kind, said)
        return mended

    def _said(self, kind: str, said: Any) -> Any:
        if isinstance(said, list) and kind:
            return [self._said(kind, one) for one in said]
        if not isinstance(said, str) or not kind:
            return self.value(said)
        if kind != "@language":
            return self._iri(said)
        if not _NO_TAG.fullmatch(said):
            return said
        self.changed = True
        what = f"{said[:_SHOWN]} is no tag of a language; read with -"
        self._repairs.once("language-tag", said, what, 0)
        return said.replace("_", "-")

    def _iri(self, iri: str) -> str:
        self._note(iri)
        if iri.startswith("_:"):
            return iri
        mended = _BAD.sub(lambda one: f"%{ord(one[0]):02X}", iri)
        what = "has characters that no IRI has; read with them escaped"
        if "://" in mended and not is_legal(mended):
            mended = own(self._repairs.base, mended)
            what = "is no legal IRI; read as a name of the document"
        if mended != iri:
            self.changed = True
            self._repairs.once("illegal-iri", iri, f"{iri[:_SHOWN]!r} {what}", 0)
        return mended


def _contexts(found: Any) -> Iterator[Any]:
    """Each context in it, wherever it stands."""
    stack = [found]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack += one
        if isinstance(one, dict):
            given = one.get("@context")
            yield from given if isinstance(given, list) else [given]
            stack += one.values()
