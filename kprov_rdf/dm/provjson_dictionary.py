"""Statements of PROV-Dictionary in PROV-JSON, as ProvToolbox writes them: no specification does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kprov_rdf.dm.dictionaries import DictionaryStatement
from kprov_rdf.dm.names import Names, of_prov

_MEMBER = "hadDictionaryMember"


@dataclass(frozen=True)
class RecordTerms:
    """How the terms of a record become numbers: names, the values of attributes, references."""

    scope: Names
    values: Callable[[Any], Iterator[int]]
    reference: Callable[[Any, str], int]


def of_record(
    instance: str | None, kind: str, key: str, found: Any, terms: RecordTerms
) -> DictionaryStatement | None:
    """The statement that a record makes; None for another form, whatever that is."""
    scope, reference = terms.scope, terms.reference
    try:
        names = {name: of_prov(scope.iri(name)) or name for name in found}
        given = {names[name]: value for name, value in found.items()}
        owner = given.pop("dictionary" if kind == _MEMBER else "after")
        before = 0 if kind == _MEMBER else reference(given.pop("before"), "prov:before")
        pairs = tuple(
            (next(terms.values(one)), reference(entity, "prov:entity"))
            for one, entity in _pairs(kind, given)
        )
        attributes = tuple(
            (scope[name], one)
            for name, value in found.items()
            if names[name] in given
            for one in terms.values(value)
        )
        dictionary = reference(owner, "prov:dictionary")
        identifier = 0 if key.startswith("_:") else scope[key]
    except (ValueError, LookupError, AttributeError, TypeError, StopIteration, RuntimeError):
        return None
    lacking = kind != "derivedByRemovalFrom" and not all(entity for _, entity in pairs)
    if not dictionary or lacking or (kind != _MEMBER and not before):
        return None
    return DictionaryStatement(instance, kind, dictionary, before, pairs, identifier, attributes)


def _pairs(kind: str, given: dict[str, Any]) -> list[tuple[Any, Any]]:
    """The keys and the entities, which are taken out; of a removal, keys."""
    if kind == _MEMBER:
        return [(given.pop("key"), given.pop("entity"))]
    if kind == "derivedByInsertionFrom":
        return [(one["key"], one["$"]) for one in given.pop("key-entity-set")]
    return [(one, None) for one in given.pop("key-set")]
