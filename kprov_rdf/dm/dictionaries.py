"""Statements of PROV-Dictionary (W3C Note, 30 April 2013), which no constraint is about.

They are kept beside those of PROV-DM, for what says them in RDF.
"""

from collections.abc import Sequence
from dataclasses import dataclass

# What an extension of PROV-N has in its brackets: the number of a term (0 for "-"), attributes as
# a tuple of pairs, ";" after an identifier, and a list for what has brackets of its own.
Part = int | str | tuple[tuple[int, int], ...] | list["Part"]


@dataclass(frozen=True)
class DictionaryStatement:
    """One statement; what stands in it are numbers of terms, 0 for what is not said.

    ``instance`` is the name of the bundle; None: the toplevel. ``dictionary`` is what has the
    ``pairs`` of a key and an entity, or is derived by them from ``before``: of a removal they are
    keys only.
    """

    instance: str | None
    kind: str
    dictionary: int
    before: int
    pairs: tuple[tuple[int, int], ...]
    identifier: int = 0
    attributes: tuple[tuple[int, int], ...] = ()


def of_extension(
    instance: str | None, kind: str, parts: Sequence[Part], text: Sequence[str]
) -> DictionaryStatement | None:
    """The statement that an extension of PROV-N makes (section 4); None for another form.

    ``text`` is that of ``Terms``: names stand where names are wanted.
    """
    identifier: Part = 0
    if len(parts) > 1 and parts[1] == ";":
        identifier, parts = parts[0], parts[2:]
    attributes: Part = ()
    if parts and isinstance(parts[-1], tuple):
        attributes, parts = parts[-1], parts[:-1]
    if len(parts) != 3:
        return None
    first, second, last = parts
    if not (isinstance(first, int) and isinstance(second, int) and first and second):
        return None
    if not (isinstance(identifier, int) and isinstance(attributes, tuple)):
        return None
    before, found = second, last
    if kind == "hadDictionaryMember":
        before, found = 0, [[last, second]]
    pairs = [_pair(one, kind) for one in found] if isinstance(found, list) else [None]
    if None in pairs:
        return None
    whole = tuple(pair for pair in pairs if pair)
    named = (identifier, first, before, *(entity for _, entity in whole))
    if any(text[one].startswith('"') for one in named):
        return None
    return DictionaryStatement(instance, kind, first, before, whole, identifier, attributes)


def _pair(part: Part, kind: str) -> tuple[int, int] | None:
    """A key and an entity; of a removal, a key."""
    if kind == "derivedByRemovalFrom":
        return (part, 0) if isinstance(part, int) and part else None
    if not isinstance(part, list) or len(part) != 2:
        return None
    key, entity = part
    both = isinstance(key, int) and isinstance(entity, int) and key and entity
    return (key, entity) if both else None  # type: ignore[return-value]
