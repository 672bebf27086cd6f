"""A user's own rules for links between graphs, in a file of TOML.

    [[rule]]
    name = "same sample"
    property = "http://lab.example/barcode"  # things with the same value of it
    class = "http://www.w3.org/ns/prov#Entity"  # only those of this class; may be left out
    link = "specializationOf"  # or "sameAs"

    [[same]]
    name = "the microscope"
    things = ["http://lab.example/device/7", "urn:uuid:…"]
    link = "sameAs"

Things with the same value become specializations of one node, which stands for the value, or are
the same as it, which is what to say of activities: they specialize nothing. So the order of merges
does not matter here either.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kprov_capture.identity import segment
from kprov_capture.terms import Prov
from kprov_rdf.errors import InputError
from kprov_rdf.store import PREFIXES

_LINKS = {
    "specializationOf": Prov.specializationOf,
    "sameAs": "http://www.w3.org/2002/07/owl#sameAs",
}
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:[^\x00-\x20<>\"{}|\\^`]+\Z")
_KEYS = {"rule": {"name", "property", "class", "link"}, "same": {"name", "things", "link"}}
_BUILT_IN = ("content", "orcid", "base")
MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class Rule:
    """One rule: by the value of ``property``, or for ``things`` by name. ``how`` is an IRI."""

    name: str
    how: str
    property: str = ""
    kind: str = ""
    things: frozenset[str] = frozenset()

    def targets(
        self, iri: str, types: set[str], values: Iterable[tuple[str, str]], base: str
    ) -> Iterator[tuple[str, str]]:
        """What a thing is to be linked to, with the evidence."""
        if self.things:
            if iri in self.things:
                yield self._hub("\n".join(sorted(self.things)), base), "it is listed"
        elif not self.kind or self.kind in types:
            for name, value in values:
                if name == self.property and value:
                    why = f"its <{name}> is {value[:200]}"
                    yield self._hub(value, base), why

    def _hub(self, value: str, base: str) -> str:
        digest = hashlib.sha256(value.encode()).hexdigest()[:32]
        return f"{base}links#{segment(self.name)}-{digest}"


def read(data: bytes, name: str) -> list[Rule]:
    """The rules of a file. Raises ``InputError`` for what is none, with what was wanted."""
    if len(data) > MAX_BYTES:
        raise InputError(f"{name} is larger than 1 MiB, which no file of rules is.")
    try:
        found = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{name} is no TOML that can be read: {error}.") from error
    unknown = found.keys() - _KEYS.keys()
    if unknown or not found:
        said = f"found {', '.join(sorted(map(repr, unknown)))}" if unknown else "found nothing"
        raise InputError(f"{name}: a file of rules has [[rule]] and [[same]]; {said}.")
    return [
        _rule(kind, one, f"{name}: [[{kind}]] number {number}")
        for kind in _KEYS
        for number, one in enumerate(_tables(found.get(kind, []), kind, name), 1)
    ]


def _tables(found: Any, kind: str, name: str) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise InputError(f"{name}: write [[{kind}]] with two brackets before each rule.")
    return found


def _rule(kind: str, found: dict[str, Any], where: str) -> Rule:
    unknown = found.keys() - _KEYS[kind]
    if unknown:
        raise InputError(
            f"{where} has {', '.join(sorted(map(repr, unknown)))}; its keys are "
            f"{', '.join(sorted(_KEYS[kind]))}."
        )
    name = found.get("name")
    if not isinstance(name, str) or not name.strip():
        raise InputError(f'{where} has no name. Add name = "…": it says why things are linked.')
    if name in _BUILT_IN:
        raise InputError(f"{where} has the name {name!r}, which is that of a rule of kprov's own.")
    link = found.get("link", "specializationOf")
    if not isinstance(link, str) or link not in _LINKS:
        raise InputError(f"{where} has the link {link!r}; there are {', '.join(_LINKS)}.")
    if kind == "same":
        things = found.get("things")
        if not isinstance(things, list) or len(things) < 2:
            raise InputError(f'{where} wants things = ["IRI", "IRI"], at least two.')
        return Rule(name, _LINKS[link], things=frozenset(_iri(one, where) for one in things))
    of = _iri(found["class"], where) if "class" in found else ""
    return Rule(name, _LINKS[link], property=_iri(found.get("property"), where), kind=of)


def _iri(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _IRI.match(value):
        raise InputError(f'{where}: {value!r} is no IRI, such as "http://lab.example/barcode".')
    prefix = value.partition(":")[0]
    if prefix in PREFIXES:
        raise InputError(
            f"{where}: {value!r} has a prefix, and prefixes mean nothing here. Write "
            f'"{PREFIXES[prefix]}{value.partition(":")[2]}".'
        )
    return value
