"""Reading PROV-JSONLD (W3C member submission, 25 August 2024), without the network.

The format is JSON-LD of one shape: a statement is an object with the names that PROV-DM gives
its arguments (section 4). It is read as that shape, since its context only lives at an address,
and since PROV-O says less: the RDF of it would not tell what is absent.
"""

from collections.abc import Iterator
from typing import Any

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm import guards, names
from kprov_rdf.dm.detect import is_prov_jsonld_context
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import ABSENT, ELEMENTS, KINDS, Document, Instance
from kprov_rdf.dm.names import ARGUMENTS, Names, Times, UnreadableError
from kprov_rdf.dm.places import Places
from kprov_rdf.dm.relations import RELATIONS
from kprov_rdf.dm.repairs import Repairs
from kprov_rdf.dm.values import XSD

_DECLARE = 'Add "{}" to "@context", with the namespace that it stands for.'
# Section 4: the types of statements.
_KINDS = {"Entity": "entity", "Activity": "activity", "Agent": "agent"}
_KINDS |= {name: how.property for name, how in RELATIONS.items()}
_ATTRIBUTES = frozenset(("type", "label", "role", "location", "value"))
# The context says of these that a text is a name.
_REFERRING = frozenset(f"{PROV_NAMESPACE}{name}" for name in ("type", "role", "location"))


def read(data: bytes, name: str, repairs: Repairs | None = None) -> Document:
    """The statements of a PROV-JSONLD document; known defects are mended with ``repairs``.

    Raises ``MalformedError`` where it breaks the format or lacks a mandatory argument, with the
    line of the statement, and ``InputError`` for what is over a limit.
    """
    found = guards.load_json(data, name)
    text = guards.decoded(data, name)
    guards.check_characters(text, found, name)
    document = Document(name, "PROV-JSONLD", names.BoundedTerms(name))
    if not isinstance(found, dict) or not isinstance(found.get("@graph"), list):
        raise MalformedError(
            name, 'It has no list "@graph".', mend='Write the statements as a list in "@graph".'
        )
    reader = _Reader(document, Places(text), repairs)
    reader.graph(document.toplevel, found, reader.places.start(), {})
    document.notes += names.notes(0, reader.unidentified)
    return document


class _Reader:
    """Reads the statements of a document, and of the bundles in it."""

    def __init__(self, document: Document, places: Places, repairs: Repairs | None) -> None:
        self.places = places
        self.unidentified = 0
        self._into = document
        self._repairs = repairs
        self._times = Times(document.terms, repairs)

    def graph(
        self, instance: Instance, found: dict[str, Any], offset: int, outer: dict[str, str]
    ) -> None:
        """Read the list "@graph" of an object; ``outer`` are the prefixes around it."""
        inner = self._prefixes(found.get("@context"), self.places.line(offset))
        scope = self._names(inner, outer)
        offsets = self.places.items(self.places.members(offset)[1]["@graph"])
        for one, at in zip(found["@graph"], offsets, strict=True):
            line = self.places.line(at)
            if self._repairs:
                self._repairs.line = line
            try:
                if not isinstance(one, dict):
                    raise UnreadableError(
                        f"a statement is {names.json_kind(one)}", "Write an object."
                    )
                if "@graph" in one or "Bundle" in _types(one):
                    self._bundle(instance, one, at, inner)
                else:
                    self._statement(instance, one, line, scope)
            except MalformedError as error:
                raise error.placed(self.places.column()) from error
            except ValueError as error:
                raise MalformedError(
                    self._into.name,
                    f"In {_what(one)}, {error}.",
                    line=line,
                    column=self.places.column(),
                    mend=getattr(error, "mend", ""),
                ) from error

    def _prefixes(self, context: Any, line: int) -> dict[str, str]:
        """Prefixes and, as "", the default namespace of a @context (section 3).

        Addresses are not looked at: the one that is allowed is that of the format.
        """
        found: dict[str, str] = {}
        for one in context if isinstance(context, list) else [context]:
            if one is None or isinstance(one, str):
                continue
            if not isinstance(one, dict):
                raise MalformedError(
                    self._into.name, f'"@context" has {names.json_kind(one)} in it.', line=line
                )
            if is_prov_jsonld_context(one):
                continue
            default = one.get("@vocab") or one.get("@base")
            if isinstance(default, str):
                found[""] = self._namespace(default, "@vocab")
            for prefix, term in one.items():
                iri = term.get("@id") if isinstance(term, dict) and "@prefix" in term else term
                if isinstance(iri, str) and not prefix.startswith("@") and prefix != "prov":
                    found[prefix] = self._namespace(iri, prefix)
        for prefix, iri in found.items():
            self._into.declare(prefix, iri)
        return found

    def _namespace(self, iri: str, prefix: str) -> str:
        return names.namespace(iri, self._into.name, self._repairs, prefix)

    def _names(self, inner: dict[str, str], outer: dict[str, str]) -> Names:
        def find(prefix: str) -> str | None:
            return inner.get(prefix, outer.get(prefix))

        return Names(self._into.terms, find, _DECLARE, self._repairs)

    def _bundle(
        self, instance: Instance, found: dict[str, Any], at: int, outer: dict[str, str]
    ) -> None:
        if instance.name is not None:
            raise UnreadableError(
                "a bundle is in another bundle, which PROV-DM does not allow",
                "Move it to the toplevel.",
            )
        given = found.get("@id")
        if not isinstance(given, str):
            raise UnreadableError("the bundle has no name", 'Give it an "@id".')
        if not isinstance(found.setdefault("@graph", []), list):
            raise UnreadableError('its "@graph" is no list', "Write a list of statements.")
        inner = self._prefixes(found.get("@context"), self.places.line(at))
        text = self._into.terms.text[self._names(inner, outer)[given]]
        named = self._into.bundle(text.removeprefix("<").removesuffix(">"))
        if found["@graph"]:
            self.graph(named, found, at, outer)

    def _statement(
        self, instance: Instance, found: dict[str, Any], line: int, scope: Names
    ) -> None:
        kind = next((_KINDS[one] for one in _types(found) if one in _KINDS), None)
        if kind is None:
            raise UnreadableError(
                "there is no type of PROV-JSONLD", f"Give it an @type: {', '.join(_KINDS)}."
            )
        arguments = [ABSENT] * len(KINDS[kind].arguments)
        attributes = list(self._further_types(kind, found["@type"], scope))
        members: list[int] = []
        for key, value in found.items():
            if key.startswith("@") or value is None:
                continue
            place = ARGUMENTS[kind].get(key.removeprefix("prov:"))
            if place is None:
                attributes += self._attribute(key, value, scope)
                continue
            index, is_time = place
            if kind == "hadMember" and index == 1 and isinstance(value, list):
                members = [_reference(one, key, scope) for one in value]
                arguments[index] = members[0] if members else ABSENT
            elif is_time:
                arguments[index] = self._times[_text(value, key, self._repairs is not None)]
            else:
                arguments[index] = _reference(value, key, scope)
        identifier = self._identifier(kind, found.get("@id"), scope)
        for one in ([], *([other] for other in members[1:])):
            given = [arguments[0], *one] if one else arguments
            document = self._into.name
            names.add(instance, document, kind, identifier, given, line, attributes)

    def _further_types(self, kind: str, given: Any, scope: Names) -> Iterator[tuple[int, int]]:
        """What a statement is said to be beside a statement of its kind."""
        number = self._into.terms.number
        for one in given if isinstance(given, list) else ():
            if not isinstance(one, str) or _KINDS.get(_bare(one)) == kind:
                continue
            try:
                iri = scope.iri(one) if ":" in one else PROV_NAMESPACE + one
            except UnreadableError as error:
                self._into.notes.append(f"an @type is left out: {error}")
                continue
            yield number(f"<{PROV_NAMESPACE}type>"), number(f"<{iri}>")

    def _identifier(self, kind: str, given: Any, scope: Names) -> int:
        if given is None:
            if kind in ELEMENTS:
                raise UnreadableError(f"the {kind} has no identifier", 'Give it an "@id".')
            return ABSENT
        if not isinstance(given, str):
            raise UnreadableError(f'"@id" is {names.json_kind(given)}', "Write a name.")
        if not KINDS[kind].identified:
            self.unidentified += 1
            return ABSENT
        return scope[given]

    def _attribute(self, key: str, value: Any, scope: Names) -> Iterator[tuple[int, int]]:
        """The name and each value of an attribute (section 4.1)."""
        iri = PROV_NAMESPACE + key if key in _ATTRIBUTES else scope.iri(key)
        name = self._into.terms.number(f"<{iri}>")
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield name, self._value(one, iri, scope)

    def _value(self, value: Any, iri: str, scope: Names) -> int:
        terms = self._into.terms
        if isinstance(value, str) and iri in _REFERRING:
            return scope[value]
        if not isinstance(value, dict):
            return names.plain(value, terms)
        if isinstance(value.get("@id"), str):
            return scope[value["@id"]]
        given, language, kind = (value.get(key) for key in ("@value", "@language", "@type"))
        if given is None or isinstance(given, (dict, list)):
            raise UnreadableError(
                'a value has no text in "@value"',
                'Write it as {"@value": "text", "@type": "prefix:name"}.',
            )
        for one, what in ((language, "@language"), (kind, "@type")):
            if one is not None and not isinstance(one, str):
                raise UnreadableError(
                    f'the "{what}" of a value is {names.json_kind(one)}', "Write a text."
                )
        if language:
            return terms.literal(names.lexical(given), f"{XSD}string", language)
        if kind is None:
            return names.plain(given, terms)
        datatype = scope.iri(kind)
        if datatype in names.QUALIFIED_NAMES:
            return scope[names.lexical(given)]
        return terms.literal(names.lexical(given), datatype)


def _types(found: dict[str, Any]) -> list[str]:
    """The types of an object, without the prefix that ProvToolbox gives them."""
    given = found.get("@type")
    return [
        _bare(one)
        for one in (given if isinstance(given, list) else [given])
        if isinstance(one, str)
    ]


def _bare(name: str) -> str:
    return name.removeprefix("prov:").removeprefix("provext:")


def _what(found: Any) -> str:
    """A statement, for a message."""
    if not isinstance(found, dict):
        return '"@graph"'
    return " ".join(str(found.get(key, ""))[:80] for key in ("@type", "@id")).strip() or "an object"


def _text(value: Any, key: str, lenient: bool) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("@value")
    if lenient and isinstance(value, int | float) and not isinstance(value, bool):
        return names.lexical(value)
    if not isinstance(value, str):
        raise UnreadableError(f"{key} is {names.json_kind(value)}", "Write one text.")
    return value


def _reference(value: Any, key: str, scope: Names) -> int:
    """The name of an argument; null says nothing."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("@id", value.get("@value", value))
    if value is None:
        return ABSENT
    if not isinstance(value, str):
        raise UnreadableError(f"{key} is {names.json_kind(value)}", "Write one name.")
    return scope[value]
