"""Graphs of RDF as statements of PROV-DM, without loss. The inverse of ``quads``.

A statement of PROV-DM takes the quads that ``quads`` would say of it, and what no statement takes
is an attribute: of the relation that a node qualifies, or of an element. Where PROV-DM must say
more than the graph does, it says that it is dnnprov:Undeclared: an element without a class of
PROV, a qualified relation without the plain one, and a relation with a time, which would have a
node that qualifies it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, RDFS_LABEL
from kprov_rdf.dm.memory import without_collector
from kprov_rdf.dm.model import ABSENT, KINDS, Document, Instance
from kprov_rdf.dm.names import ARGUMENTS
from kprov_rdf.dm.provo import element_classes
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS, Relation
from kprov_rdf.exchange.jsonld import natural
from kprov_rdf.exchange.quads import UNDECLARED
from kprov_rdf.exchange.record_terms import Numbers, cover, once

_PROV_ATTRIBUTES = {
    RDFS_LABEL: f"{PROV_NAMESPACE}label",
    f"{PROV_NAMESPACE}atLocation": f"{PROV_NAMESPACE}location",
    f"{PROV_NAMESPACE}hadRole": f"{PROV_NAMESPACE}role",
}
_ELEMENTS = {"Entity": "entity", "Activity": "activity", "Agent": "agent"}
# Properties that PROV-O has other names for, and those.
_RENAMED = {name: known for known, name in _PROV_ATTRIBUTES.items()}
_PROV_TYPE = f"{PROV_NAMESPACE}type"
_SPECIAL = frozenset(f"<{PROV_NAMESPACE}{name}>" for name in DERIVATIONS)
_OF_ACTIVITY = ("startedAtTime", "endedAtTime")
# By the property that links to a node: the relation that it qualifies, itself, a derivation's kind.
_LINKS = {
    PROV_NAMESPACE + how.qualified: (name, how.qualified, "")
    for name, how in RELATIONS.items()
    if how.qualified
} | {
    PROV_NAMESPACE + link: ("Derivation", link, special)
    for special, (_, link) in DERIVATIONS.items()
}
# By a property of a subject: the relation that it says, or the time of.
_RELATED = {
    PROV_NAMESPACE + local: name
    for name, how in RELATIONS.items()
    for local in (how.property, how.time)
    if local
} | {PROV_NAMESPACE + local: "Derivation" for local, _ in DERIVATIONS.values()}

_Triple = tuple[int, str, int]


def document(
    graphs: Mapping[str, Iterable[ox.Triple]],
    toplevel: str,
    prefixes: Mapping[str, str] | None = None,
) -> Document:
    """The statements of some graphs, by their names: an IRI, ``_:label``, or "" for the default.

    The graph ``toplevel`` is the toplevel instance, every other one a bundle. Things are in the
    natural order of their names. ``prefixes`` are for the text of it. Raises ``UnsupportedError``
    for a triple term.
    """
    made = Document(toplevel or "the statements", "RDF")
    for prefix, namespace in (prefixes or {}).items():
        made.declare(prefix, namespace)
    with without_collector():
        for name, triples in sorted(graphs.items(), key=lambda one: natural(one[0])):
            instance = made.toplevel if name == toplevel else made.bundle(name or "urn:default")
            _Graph(made, instance).add(triples)
    return made


@dataclass
class _Record:
    kind: str
    identifier: int
    arguments: Sequence[int]
    attributes: list[tuple[int, int]] = field(default_factory=list)


class _Graph:
    """What one graph says: ``_said`` by subject and property, ``_left`` what is not taken yet."""

    def __init__(self, made: Document, instance: Instance) -> None:
        self._document = made
        self._instance = instance
        self._text = made.terms.text
        self._numbers = Numbers(made)
        self._is_name = self._numbers.is_name
        self._said: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._left: dict[_Triple, None] = {}
        self._records: list[_Record] = []
        self._of_node: dict[int, _Record] = {}
        # The kinds of relations that nodes qualify, by their subjects.
        self._qualifying: dict[int, set[str]] = defaultdict(set)
        self._type = made.terms.number(f"<{PROV_NAMESPACE}type>")
        self._undeclared = (self._type, made.terms.number(UNDECLARED))

    def add(self, triples: Iterable[ox.Triple]) -> None:
        self._collect(triples)
        subjects = list(self._said)
        for subject in subjects:
            for link in sorted(_LINKS.keys() & self._said[subject].keys()):
                self._qualified(subject, link)
        for subject in subjects:
            names = {_RELATED[one] for one in _RELATED.keys() & self._said[subject].keys()}
            if "Mention" in names:
                self._mentions(subject)
            if "Derivation" in names:
                self._derivations(subject)
            for name in sorted(names):
                self._plain(RELATIONS[name], subject)
        rest: dict[int, list[_Triple]] = defaultdict(list)
        for triple in self._left:
            rest[triple[0]].append(triple)
        for subject in subjects:
            self._element(subject, rest.get(subject, []))
        for one in self._records:
            self._instance.add(one.kind, one.identifier, one.arguments, 0, one.attributes)

    def _collect(self, triples: Iterable[ox.Triple]) -> None:
        number = self._numbers.of
        given: dict[int, dict[str, dict[int, None]]] = defaultdict(lambda: defaultdict(dict))
        for subject, predicate, term in triples:
            given[number(subject)][predicate.value][number(term)] = None
        text = self._text
        for one in sorted(given, key=lambda found: natural(text[found].rstrip(">"))):
            said = self._said[one] = defaultdict(list)
            for name in sorted(given[one]):
                values = list(given[one][name])
                if len(values) > 1:
                    values.sort(key=lambda found: natural(text[found].rstrip(">")))
                said[name] = values
                for value in values:
                    self._left[one, name, value] = None

    def _get(self, subject: int, local: str) -> list[int]:
        """The values of a property of PROV."""
        said = self._said.get(subject)
        return said.get(PROV_NAMESPACE + local, []) if said else []

    def _names(self, subject: int, local: str) -> list[int]:
        return [one for one in self._get(subject, local) if self._is_name(one)]

    def _is(self, subject: int, local: str) -> bool:
        said = self._said.get(subject)
        return said is not None and self._prov(local) in said.get(RDF_TYPE, ())

    def _prov(self, local: str) -> int:
        return self._document.terms.number(f"<{PROV_NAMESPACE}{local}>")

    def _has(self, subject: int, local: str, value: int) -> bool:
        return value in self._get(subject, local)

    def _take(self, subject: int, local: str, value: int) -> None:
        self._left.pop((subject, PROV_NAMESPACE + local, value), None)

    def _take_type(self, subject: int, local: str) -> None:
        self._left.pop((subject, RDF_TYPE, self._prov(local)), None)

    def _is_left(self, subject: int, local: str, value: int) -> bool:
        return (subject, PROV_NAMESPACE + local, value) in self._left

    def _add(
        self, kind: str, identifier: int, arguments: Sequence[int], *attributes: tuple[int, int]
    ) -> _Record:
        record = _Record(kind, identifier, arguments, list(attributes))
        self._records.append(record)
        return record

    # -- relations

    def _qualified(self, subject: int, property_: str) -> None:
        """The relations of a subject that nodes qualify, by one property that links to them."""
        name, link, special = _LINKS[property_]
        how = RELATIONS[name]
        kind = KINDS[how.property]
        for node in self._names(subject, link):
            targets = self._names(node, how.influencer)
            if not targets and kind.mandatory > 1:
                continue
            values = [targets, *(self._values(node, how.more[one]) for one in how.more)]
            for row in cover(values):
                # Of a time, the term that RDF has for it.
                arguments = [
                    self._numbers.time(value) if argument == "time" else value
                    for argument, value in zip(kind.arguments[1:], row, strict=True)
                ]
                pairs = [(self._type, self._prov(special))] if special else []
                implied = list(self._implied(how, subject, row, special))
                if not all(self._has(subject, *one) for one in implied):
                    pairs.append(self._undeclared)
                    implied = []
                record = self._add(kind.name, node, [subject, *arguments], *pairs)
                self._qualifying[subject].add(kind.name)
                self._of_node.setdefault(node, record)
                for one in implied:
                    self._take(subject, *one)
                properties = [how.influencer, *how.more.values()]
                for local, value in zip(properties, row, strict=True):
                    self._take(node, local, value)
            self._take(subject, link, node)
            self._take_type(node, name)
            if special:
                self._take_type(node, special)

    def _values(self, node: int, local: str) -> list[int]:
        if local == "atTime":
            return [one for one in self._get(node, local) if self._numbers.time(one)]
        return self._names(node, local)

    def _implied(
        self, how: Relation, subject: int, row: Sequence[int], special: str
    ) -> Iterator[tuple[str, int]]:
        """What ``quads`` says of the subject beside the link: property and value."""
        target = row[0]
        if target:
            yield how.property, target
            if special:
                yield DERIVATIONS[special][0], target
        time = row[-1] if how.time else ABSENT
        if time and not (self._is(subject, "Activity") and self._times(subject, how.time)):
            yield how.time, time

    def _times(self, subject: int, local: str) -> list[int]:
        return [one for one in self._get(subject, local) if self._numbers.time(one)]

    def _mentions(self, subject: int) -> None:
        things, bundles = (self._names(subject, one) for one in ("mentionOf", "asInBundle"))
        if not (things and bundles):
            return
        for thing, bundle in cover([things, bundles]):
            self._add("mentionOf", ABSENT, [subject, thing, bundle])
            self._take(subject, "mentionOf", thing)
            self._take(subject, "asInBundle", bundle)

    def _derivations(self, subject: int) -> None:
        """Those that say of which special kind they are, each with all of its kinds."""
        found: dict[int, list[str]] = defaultdict(list)
        for special, (local, _) in DERIVATIONS.items():
            for value in self._names(subject, local):
                if self._is_left(subject, local, value):
                    found[value].append(special)
                    self._take(subject, local, value)
        for value, specials in found.items():
            types = [(self._type, self._prov(one)) for one in specials]
            if not self._has(subject, "wasDerivedFrom", value):
                types.append(self._undeclared)
            self._add("wasDerivedFrom", ABSENT, [subject, value, ABSENT, ABSENT, ABSENT], *types)
            self._take(subject, "wasDerivedFrom", value)

    def _plain(self, how: Relation, subject: int) -> None:
        """The relations that nothing qualifies, and times that stand alone."""
        kind = KINDS[how.property]
        more = len(kind.arguments) - 2
        if how.time and kind.name not in self._qualifying[subject]:
            self._timed(how, subject)
        if how.property != "mentionOf":
            for value in self._names(subject, how.property):
                if self._is_left(subject, how.property, value):
                    self._add(kind.name, ABSENT, [subject, value, *[ABSENT] * more])
                    self._take(subject, how.property, value)
        if not how.time or (how.time in _OF_ACTIVITY and self._is(subject, "Activity")):
            return
        for value in self._times(subject, how.time):
            if self._is_left(subject, how.time, value):
                arguments = [subject, *[ABSENT] * more, self._numbers.time(value)]
                self._add(kind.name, ABSENT, arguments)
                self._take(subject, how.time, value)

    def _timed(self, how: Relation, subject: int) -> None:
        """The only event of a kind with its only time, which cannot be that of another one."""
        targets, times = self._names(subject, how.property), self._times(subject, how.time)
        if how.time in _OF_ACTIVITY or len(targets) != 1 or len(times) != 1:
            return
        arguments = [subject, targets[0], self._numbers.time(times[0])]
        self._add(how.property, ABSENT, arguments, self._undeclared)
        self._take(subject, how.property, targets[0])
        self._take(subject, how.time, times[0])

    # -- elements

    def _element(self, subject: int, rest: list[_Triple]) -> None:
        """The records of a thing that has a class of PROV, and all that is left to say of it."""
        kinds = [kind for name, kind in _ELEMENTS.items() if self._is(subject, name)]
        classes = {self._prov(name) for name in _ELEMENTS}
        taken = {(subject, RDF_TYPE, one) for one in classes}
        records: list[_Record] = []
        for kind in kinds:
            if kind == "activity":
                starts, ends = (self._times(subject, one) for one in _OF_ACTIVITY)
                for local, values in zip(_OF_ACTIVITY, (starts, ends), strict=True):
                    taken |= {(subject, PROV_NAMESPACE + local, one) for one in values}
                for row in once([starts, ends]):
                    times = [self._numbers.time(one) if one else ABSENT for one in row]
                    records.append(self._add(kind, subject, times))
            else:
                records.append(self._add(kind, subject, ()))
        if subject in self._of_node and not kinds:
            records.append(self._of_node[subject])
        left = [triple for triple in rest if triple not in taken]
        if left:
            self._attributes(subject, records[0] if records else None, left)

    def _attributes(self, subject: int, record: _Record | None, left: list[_Triple]) -> None:
        """Say all that is left of a thing, of ``record`` where that may have such an attribute.

        It may not where the attribute would be taken for an argument, or say more than it does.
        """
        undeclared: dict[str, _Record] = {}
        kind = self._kind(subject) if record is None else "entity"
        for _, predicate, value in left:
            pair = self._pair(predicate, value)
            if pair == self._undeclared:
                self._note(f"{UNDECLARED} is no statement of a document, and left out")
            elif record and self._may_have(record.kind, pair):
                record.attributes.append(pair)
            else:
                fitting = kind if self._may_have(kind, pair) else "entity"
                if fitting not in undeclared:
                    arguments = [ABSENT] * len(KINDS[fitting].arguments)
                    undeclared[fitting] = self._add(fitting, subject, arguments, self._undeclared)
                undeclared[fitting].attributes.append(pair)

    def _kind(self, subject: int) -> str:
        """What a thing without a class of PROV is, as far as its other classes tell."""
        known = element_classes()
        for one in self._said[subject].get(RDF_TYPE, ()):
            for kind in known.get(self._text[one][1:-1], ()):
                return kind
        return "entity"

    def _pair(self, predicate: str, value: int) -> tuple[int, int]:
        """The name and the value of the attribute that ``quads`` takes for this."""
        if predicate == RDF_TYPE and self._is_name(value):
            return self._type, value
        if predicate in _RENAMED or (predicate == _PROV_TYPE and self._is_name(value)):
            self._note(f"<{predicate}> is PROV-DM's name of {_RENAMED.get(predicate, 'rdf:type')}")
        name = _PROV_ATTRIBUTES.get(predicate, predicate)
        return self._document.terms.number(f"<{name}>"), value

    def _note(self, text: str) -> None:
        if text not in self._document.notes:
            self._document.notes.append(text)

    def _may_have(self, kind: str, pair: tuple[int, int]) -> bool:
        name, value = (self._text[one] for one in pair)
        if kind == "wasDerivedFrom" and pair[0] == self._type and value in _SPECIAL:
            return False
        return name.removeprefix(f"<{PROV_NAMESPACE}")[:-1] not in ARGUMENTS[kind]
