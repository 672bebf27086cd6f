"""Reading PROV-JSON (W3C member submission, 24 April 2013).

A number in the text is about the submission. What is no name, no value and no record in its
sense is malformed; an existential variable is a name that begins with ``_:``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm import guards, names, provone
from kprov_rdf.dm.dictionaries import DictionaryStatement
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.dm.model import ABSENT, ELEMENTS, KINDS, Document, Instance
from kprov_rdf.dm.names import ARGUMENTS, Names, Times, UnreadableError
from kprov_rdf.dm.places import Places
from kprov_rdf.dm.provjson_dictionary import RecordTerms, of_record
from kprov_rdf.dm.repairs import TERMS, Repairs
from kprov_rdf.dm.values import XSD, literal_term

_DECLARE = 'Add "{}" to "prefix", with the namespace that it stands for.'
_ATTRIBUTE = (-1, False)
_STRING = f"{XSD}string"


def read(data: bytes, name: str, repairs: Repairs | None = None) -> Document:
    """The statements of a PROV-JSON document; known defects are mended where ``repairs`` is given.

    Raises ``MalformedError`` where it breaks the format or lacks a mandatory argument, with the
    line of the record, and ``InputError`` for what is over a limit.
    """
    found = guards.load_json(data, name)
    text = guards.decoded(data, name)
    guards.check_characters(text, found, name)
    document = Document(name, "PROV-JSON", names.BoundedTerms(name))
    if not isinstance(found, dict):
        raise MalformedError(name, f"It is {names.json_kind(found)}, where an object is wanted.")
    _Reader(document, Places(text), repairs).document(found)
    return document


class _Reader:
    """Reads a document: the toplevel, then each bundle with the prefixes of both."""

    def __init__(self, document: Document, places: Places, repairs: Repairs | None) -> None:
        self._into = document
        self._places = places
        self._repairs = repairs
        self._times = Times(document.terms, repairs)
        self._dictionary = 0
        self._unidentified = 0

    def document(self, found: dict[str, Any]) -> None:
        top = self._places.start()
        prefixes = self._prefixes(found, 0)
        self._container(self._into.toplevel, found, top, self._names(prefixes, {}))
        if "bundle" in found:
            keys, values = self._places.members(top)
            self._bundles(found["bundle"], keys["bundle"], values["bundle"], prefixes)
        self._into.notes += names.notes(self._dictionary, self._unidentified)

    def _malformed(self, message: str, line: int, mend: str = "") -> MalformedError:
        return MalformedError(self._into.name, message, line=line, mend=mend)

    def _object(self, value: Any, what: str, line: int) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._malformed(
                f"{what} is {names.json_kind(value)}, where an object is wanted.", line
            )
        return value

    def _bundles(self, found: Any, key_at: int, at: int, outer: Mapping[str, str]) -> None:
        line = self._places.line(key_at)
        bundles = self._object(found, '"bundle"', line)
        keys, values = self._places.members(at)
        for key, content in bundles.items():
            line = self._places.line(keys[key])
            container = self._object(content, f"The bundle {key!r}", line)
            if container.get("bundle"):
                raise self._malformed(
                    f"The bundle {key!r} has a bundle in it, which PROV-DM does not allow.",
                    line,
                    "Move it to the toplevel.",
                )
            scope = self._names(self._prefixes(container, line), outer)
            try:
                name = self._into.terms.text[scope[key]]
            except UnreadableError as error:
                raise self._malformed(f"In a bundle's name {error}.", line, error.mend) from error
            instance = self._into.bundle(name.removeprefix("<").removesuffix(">"))
            self._container(instance, container, values[key], scope)

    def _prefixes(self, container: dict[str, Any], line: int) -> dict[str, str]:
        """Section 2.1. The default namespace has the prefix ""."""
        declared = self._object(container.get("prefix", {}), '"prefix"', line)
        if self._repairs:
            self._repairs.line = line
        found = {}
        for prefix, iri in declared.items():
            if not isinstance(iri, str):
                raise self._malformed(
                    f"The prefix {prefix!r} is declared as {names.json_kind(iri)}.",
                    line,
                    "Declare it as a text, the namespace that it stands for.",
                )
            short = "" if prefix == "default" else prefix
            found[short] = names.namespace(iri, self._into.name, self._repairs, prefix)
        if found.get("prov", PROV_NAMESPACE) != PROV_NAMESPACE:
            self._into.notes.append(
                f"read as PROV's own: the prefix prov, declared as {found['prov']}"
            )
        found.pop("prov", None)
        for prefix, iri in found.items():
            self._into.declare(prefix, iri)
        return found

    def _names(self, inner: Mapping[str, str], outer: Mapping[str, str]) -> Names:
        def find(prefix: str) -> str | None:
            return inner.get(prefix, outer.get(prefix))

        return Names(self._into.terms, find, _DECLARE, self._repairs)

    def _container(
        self, instance: Instance, found: dict[str, Any], offset: int, scope: Names
    ) -> None:
        kinds, values = self._places.members(offset)
        container = _Container(instance, self._into, scope, self._times, self._repairs)
        for kind, records in found.items():
            if kind in ("prefix", "bundle"):
                continue
            line = self._places.line(kinds[kind])
            known = kind in KINDS or kind in names.DICTIONARY
            if not (known or (self._repairs and kind in provone.KINDS_OF_PROVONE)):
                raise self._malformed(
                    f"{kind[:80]!r} is no kind of statement of PROV-JSON.",
                    line,
                    "Take it out, or say it as an attribute of a record.",
                )
            placed = self._object(records, f'"{kind}"', line)
            if kind in names.DICTIONARY:
                for key, record in placed.items():
                    made = container.dictionary(kind, key, record)
                    self._into.dictionaries += made
                    self._dictionary += not made
                continue
            if self._repairs and not known:
                provone.noted(kind, len(placed), self._repairs, line)
            keys, _ = self._places.members(values[kind])
            for key, record in placed.items():
                line = self._places.line(keys[key])
                try:
                    container.records(kind, key, record, line)
                except MalformedError as error:
                    raise error.placed(self._places.column()) from error
        container.finish()
        self._unidentified += container.unidentified


class _Attributes(dict[str, tuple[int, bool]]):
    """By the key of an attribute: the index of the argument that it is, and whether it is a time.

    The index is -1 for an attribute of any other name.
    """

    def __init__(self, kind: str, scope: Names) -> None:
        super().__init__()
        self._arguments = ARGUMENTS[kind]
        self._scope = scope

    def __missing__(self, key: str) -> tuple[int, bool]:
        local = names.of_prov(self._scope.iri(key))
        place = self[key] = self._arguments.get(local, _ATTRIBUTE)
        return place


class _Container:
    """Reads the records of one instance. Section 2.2: names, values and lists of them."""

    def __init__(
        self,
        instance: Instance,
        document: Document,
        scope: Names,
        times: Times,
        repairs: Repairs | None,
    ) -> None:
        self.unidentified = 0
        self._repairs = repairs
        # Relations of ProvONE: the kind, the record, its line.
        self._others: list[tuple[str, Any, int]] = []
        self._instance = instance
        self._document = document
        self._scope = scope
        self._times = times
        self._attributes: dict[str, _Attributes] = {}
        self._datatypes: dict[str, str] = {}
        # Relations whose key is a blank: the kind, the index of the row, the key.
        self._blank: list[tuple[str, int, str]] = []

    def records(self, kind: str, key: str, found: Any, line: int) -> None:
        """Read what stands under one key: a record, or a list of them (section 2.3)."""
        if self._repairs:
            self._repairs.line = line
            if kind in provone.RELATIONS:
                self._others += ((kind, one, line) for one in _listed(found))
                return
            if kind in provone.ELEMENTS:
                kind, found = provone.ELEMENTS[kind], provone.typed(kind, found)
        if kind not in self._attributes:
            self._attributes[kind] = _Attributes(kind, self._scope)
        try:
            for one in _listed(found):
                if not isinstance(one, dict):
                    raise UnreadableError(
                        f"the record is {names.json_kind(one)}",
                        "Write an object, or a list of them.",
                    )
                self._record(kind, key, one, line)
        except ValueError as error:
            raise MalformedError(
                self._document.name,
                f"In {kind} {key[:80]!r}, {error}.",
                line=line,
                mend=getattr(error, "mend", ""),
            ) from error

    def _record(self, kind: str, key: str, found: dict[str, Any], line: int) -> None:
        arguments = [ABSENT] * len(KINDS[kind].arguments)
        attributes: list[tuple[int, int]] = []
        members: list[int] = []
        places = self._attributes[kind]
        scope = self._scope
        number = self._document.terms.number
        if self._repairs:
            found = self._mended(kind, found, self._repairs)
        for attribute, value in found.items():
            index, is_time = places[attribute]
            if index < 0:
                name = scope[attribute]
                if type(value) is str:
                    attributes.append((name, number(literal_term(value))))
                elif type(value) is dict:
                    attributes.append((name, self._typed(value)))
                else:
                    attributes += [(name, one) for one in self._values(value)]
            elif is_time:
                if value is not None:
                    arguments[index] = self._times[
                        value if type(value) is str else _time(value, self._repairs is not None)
                    ]
            elif type(value) is str:
                arguments[index] = scope[value]
            elif kind == "hadMember" and isinstance(value, list):
                members = [self._reference(one, attribute) for one in value]
                arguments[index] = members[0] if members else ABSENT
            else:
                arguments[index] = self._reference(value, attribute)
        document = self._document.name
        identifier = self._identifier(kind, key)
        names.add(self._instance, document, kind, identifier, arguments, line, attributes)
        for member in members[1:]:
            more = [arguments[0], member]
            names.add(self._instance, document, kind, identifier, more, line, attributes)

    def _identifier(self, kind: str, key: str) -> int:
        if kind in ELEMENTS:
            return self._scope[key]
        blank = key.startswith("_:")
        if not KINDS[kind].identified:
            if not blank:
                self._scope.iri(key)
                self.unidentified += 1
            return ABSENT
        if blank:
            self._blank.append((kind, len(self._instance.rows[kind]), key))
            return ABSENT
        return self._scope[key]

    def _mended(self, kind: str, found: dict[str, Any], repairs: Repairs) -> dict[str, Any]:
        """A record without names that are empty, and with the prefix of PROV where it lacks."""
        kept = {}
        for key, value in found.items():
            full = key if key.startswith("prov:") else f"prov:{key}"
            local = full.removeprefix("prov:")
            index, _ = ARGUMENTS[kind].get(local, _ATTRIBUTE)
            if full != key and (index >= 0 or key in TERMS):
                if full in found or not self._scope.lacks_default():
                    kept[key] = value
                    continue
                repairs.once("unprefixed-term", key, f"{key!r} has no prefix; read as {full}")
            elif full != key:
                full = key
            if value == "" and index >= KINDS[kind].mandatory:
                repairs.add("empty-name", f"{full} is empty; read as left out")
            else:
                kept[full] = value
        return kept

    def finish(self) -> None:
        """Add what needs all other statements first: names of relations, relations of ProvONE."""
        self._name_variables()
        relations = provone.Relations(self._instance, self._scope, self._values)
        for kind, record, line in self._others:
            try:
                relations.add(kind, record, line)
            except ValueError as error:
                raise MalformedError(
                    self._document.name,
                    f"In {kind}, {error}.",
                    line=line,
                    mend=getattr(error, "mend", ""),
                ) from error

    def dictionary(self, kind: str, key: str, found: Any) -> list[DictionaryStatement]:
        """A statement of PROV-Dictionary; none of another form."""
        terms = RecordTerms(self._scope, self._values, self._reference)
        made = of_record(self._instance.name, kind, key, found, terms)
        return [made] if made else []

    def _name_variables(self) -> None:
        """Name the relations whose blank stands elsewhere, too, where it refers to them.

        Any other blank is how PROV-JSON writes a relation that has no identifier (section 2.3).
        """
        for kind, row, key in self._blank:
            if key in self._scope:
                self._instance.rows[kind].ids[row] = self._scope[key]

    def _reference(self, value: Any, attribute: str) -> int:
        """The name of an argument, however it is written; null says nothing."""
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, dict) and isinstance(value.get("$"), str):
            value = value["$"]
        if isinstance(value, str):
            return self._scope[value]
        if value is None:
            return ABSENT
        raise UnreadableError(
            f"{attribute} is {names.json_kind(value)}", "Write one name, as prefix:name."
        )

    def _values(self, value: Any) -> Iterator[int]:
        """The terms of an attribute's values; null says nothing (section 2.2)."""
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield self._typed(one)
            elif one is not None:
                yield names.plain(one, self._document.terms)

    def _typed(self, value: dict[str, Any]) -> int:
        given, language, kind = value.get("$"), value.get("lang"), value.get("type")
        if given is None or isinstance(given, (dict, list)):
            raise UnreadableError(
                'a value has no text in "$"', 'Write it as {"$": "text", "type": "prefix:name"}.'
            )
        for what in ("lang", "type"):
            if not isinstance(value.get(what, ""), (str, type(None))):
                found = names.json_kind(value[what])
                raise UnreadableError(f'the "{what}" of a value is {found}', "Write a text.")
        text = names.lexical(given)
        if language:
            return self._document.terms.literal(text, _STRING, language)
        if kind is None:
            return names.plain(given, self._document.terms)
        if kind not in self._datatypes:
            self._datatypes[kind] = self._scope.iri(kind)
        datatype = self._datatypes[kind]
        if datatype in names.QUALIFIED_NAMES:
            return self._scope[text]
        return self._document.terms.literal(text, datatype)


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _time(value: Any, lenient: bool) -> str:
    """What is written for a time: a text, a value with its type; if ``lenient``, a number."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        value = value.get("$")
    if lenient and isinstance(value, int | float) and not isinstance(value, bool):
        return names.lexical(value)
    if not isinstance(value, str):
        raise UnreadableError(
            f"a time is {names.json_kind(value)}", "Write it as in 2012-11-16T16:05:00Z."
        )
    return value
