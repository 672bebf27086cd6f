"""Statements of PROV-DM as PROV-O, in N-Quads. The inverse is ``records``.

A relation is said by its property (PROV-O section 3.1, table 2) where both ends are known. What
else it tells makes a node that qualifies it (section 3.3, table 3): an identifier, a time, an
attribute, or a further argument.

What ``records`` marks as dnnprov:Undeclared is no statement of the document: the class of such
an element, and what the qualified form of such a relation implies, are left out again.
"""

import re
from collections.abc import Iterator, Sequence

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, RDFS_LABEL, Dnnprov
from kprov_rdf.dm.dictionaries import DictionaryStatement
from kprov_rdf.dm.model import ELEMENTS, PLACEHOLDER, Document, Instance, Rows
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS, Relation
from kprov_rdf.dm.values import XSD
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.naming import Naming

_PROPERTIES = {"label": RDFS_LABEL} | {
    old: PROV_NAMESPACE + new for old, new in (("location", "atLocation"), ("role", "hadRole"))
}
_ELEMENT_CLASSES = {"entity": "Entity", "activity": "Activity", "agent": "Agent"}
_ELEMENT_TIMES = ("startedAtTime", "endedAtTime")
_CLASSES = {how.property: name for name, how in RELATIONS.items()}
_TYPE = f"<{PROV_NAMESPACE}type>"
_A = f"<{RDF_TYPE}>"
_RDF = RDF_TYPE.removesuffix("type")
UNDECLARED = f"<{Dnnprov.Undeclared}>"
_DERIVATIONS = {f"<{PROV_NAMESPACE}{name}>": name for name in DERIVATIONS}
# What RDF gives no literal without a tag.
_TAGGED = frozenset(
    f"<{RDF_TYPE.removesuffix('type')}{one}>" for one in ("langString", "dirLangString")
)
_LEXICAL = re.compile(r'"(?:[^"\\]++|\\.)*+"', re.DOTALL)

_Pairs = Sequence[tuple[int, int]]


def nquads(document: Document, naming: Naming) -> Iterator[str]:
    """The lines of N-Quads that say a document: the toplevel, then each bundle in its graph.

    What PROV-O has no words for is told in ``document.notes`` at the end. Raises ``InputError``
    for a language tag that RDF does not allow.
    """
    terms = _Terms(document, naming)
    for instance in document.instances():
        if len(instance):
            yield from _Instance(instance, terms, naming).lines()
    for statement in document.dictionaries:
        yield from _dictionary(statement, terms, naming)
    document.notes += terms.notes


class _Terms(dict[int, str]):
    """The terms of a document as N-Quads, by their numbers."""

    def __init__(self, document: Document, naming: Naming) -> None:
        super().__init__()
        self._name = document.name
        self._text = document.terms.text
        self._written = document.terms.written
        self._naming = naming
        self._kinds: dict[str, str] = {}  # what follows the text of a literal, by how Terms has it
        self.predicates: dict[int, str] = {}
        self.notes: list[str] = []

    def __missing__(self, number: int) -> str:
        text = self._text[number]
        if not text.startswith('"'):
            found = self[number] = self._naming.thing(text)
            return found
        text = self._written.get(number, text)
        # Nothing is said of datatypes and tags: only what stands before them has an end.
        end = _LEXICAL.match(text).end()  # type: ignore[union-attr]
        kind = text[end:]
        if kind not in self._kinds:
            self._kinds[kind] = self._kind(kind)
        return text[:end] + self._kinds[kind]

    def _kind(self, kind: str) -> str:
        if not kind:  # a time
            return f"^^<{XSD}dateTime>"
        if kind.startswith("@"):
            try:
                ox.Literal("", language=kind[1:])
            except ValueError as error:
                raise InputError(
                    f"{self._name} holds a value that RDF cannot say: {kind[1:80]!r} is no tag of "
                    f"a language. {error}. Write one such as en or en-GB."
                ) from error
            return kind
        datatype = kind[2:]
        if datatype in _TAGGED:
            self.notes.append(
                f"a value has the datatype {datatype} and no language: it is kept as a text"
            )
            return ""
        if datatype in (f"<{XSD}string>", f"<{PROV_NAMESPACE}InternationalizedString>"):
            return ""
        return f"^^{self._naming.term(datatype)}"

    def predicate(self, name: int) -> str:
        """The property that an attribute of this name is."""
        found = self.predicates.get(name)
        if found is None:
            text = self._text[name]
            local = text[len(PROV_NAMESPACE) + 1 : -1] if text.startswith(_PROV) else ""
            known = _PROPERTIES.get(local)
            found = self.predicates[name] = f"<{known}>" if known else self._naming.term(text)
        return found

    def is_type(self, name: int) -> bool:
        return self._text[name] == _TYPE

    def is_name(self, number: int) -> bool:
        return not self._text[number].startswith('"')


_PROV = f"<{PROV_NAMESPACE}"
# Of the derivations of PROV-Dictionary: the class of the node, and its link to a pair or a key.
_DICTIONARY_NODES = {
    "derivedByInsertionFrom": ("Insertion", "insertedKeyEntityPair"),
    "derivedByRemovalFrom": ("Removal", "removedKey"),
}


def _prov(local: str) -> str:
    return f"{_PROV}{local}>"


class _Instance:
    """Makes the lines of one instance."""

    def __init__(self, instance: Instance, terms: _Terms, naming: Naming) -> None:
        self._instance = instance
        self._terms = terms
        self._fresh = naming.fresh
        graph = naming.graph(instance.name)
        self._end = f" {graph} .\n" if graph else " .\n"
        self._type = instance.terms.number(_TYPE)
        self._undeclared = (self._type, instance.terms.number(UNDECLARED))
        # The times that things have said of themselves: subject, property.
        self._timed: dict[tuple[int, str], int] = {}

    def lines(self) -> Iterator[str]:
        # Elements first: a time that an activity states itself is not said of its start again.
        for kind in ELEMENTS:
            yield from self._elements(kind, self._instance.rows[kind])
        for kind, rows in self._instance.rows.items():
            if len(rows) and kind not in ELEMENTS:
                yield from self._relations(kind, rows)

    def _elements(self, kind: str, rows: Rows) -> Iterator[str]:
        terms, end = self._terms, self._end
        is_element = f" {_A} {_prov(_ELEMENT_CLASSES[kind])}{end}"
        times = [
            (column, name, f" {_prov(name)} ")
            for column, name in zip(rows.columns, _ELEMENT_TIMES, strict=False)
        ]
        attributes = rows.attributes
        for row, identifier in enumerate(rows.ids):
            node = terms[identifier]
            pairs = attributes.get(row, ())
            if self._undeclared not in pairs:
                yield node + is_element
            for column, name, predicate in times:
                if column[row] > PLACEHOLDER:
                    self._timed[identifier, name] = column[row]
                    yield f"{node}{predicate}{terms[column[row]]}{end}"
            if pairs:
                yield from self._attributes(node, pairs)

    def _attributes(self, node: str, pairs: _Pairs) -> Iterator[str]:
        terms, end = self._terms, self._end
        predicates, predicate = terms.predicates, terms.predicate
        for name, value in pairs:
            if (name, value) == self._undeclared:
                continue
            if name == self._type and terms.is_name(value):
                yield f"{node} {_A} {terms[value]}{end}"
            else:
                said = predicates.get(name) or predicate(name)
                yield f"{node} {said} {terms[value]}{end}"

    def _relations(self, kind: str, rows: Rows) -> Iterator[str]:
        how = RELATIONS[_CLASSES[kind]]
        terms, end = self._terms, self._end
        plain = f" {_prov(how.property)} "
        sources, targets, *others = rows.columns
        for row, identifier in enumerate(rows.ids):
            source, target = sources[row], targets[row]
            pairs: _Pairs = rows.attributes.get(row, ())
            subject = terms[source]
            # Attributes may tell that the plain relation is not said.
            if target > PLACEHOLDER and not (pairs and how.qualified):
                yield f"{subject}{plain}{terms[target]}{end}"
                if not identifier and not pairs:
                    for column in others:
                        if column[row] > PLACEHOLDER:
                            break
                    else:
                        continue
            more = [column[row] for column in others]
            if how.qualified:
                yield from self._qualified(how, source, target, more, identifier, pairs)
            else:
                yield from self._unqualified(how, (source, target, *more), pairs)

    def _unqualified(self, how: Relation, arguments: Sequence[int], pairs: _Pairs) -> Iterator[str]:
        """A relation for which PROV-O has no node: a mention says its bundle.

        Its attributes, which PROV-DM does not give it, are those of the statement (RDF Schema,
        section 5.3).
        """
        subject, end = self._terms[arguments[0]], self._end
        if len(arguments) > 2:
            yield f"{subject} {_prov('asInBundle')} {self._terms[arguments[2]]}{end}"
        if pairs:
            node = self._fresh(how.property)
            yield f"{node} {_A} <{_RDF}Statement>{end}"
            yield f"{node} <{_RDF}subject> {subject}{end}"
            yield f"{node} <{_RDF}predicate> {_prov(how.property)}{end}"
            yield f"{node} <{_RDF}object> {self._terms[arguments[1]]}{end}"
            yield from self._attributes(node, pairs)

    def _qualified(
        self,
        how: Relation,
        source: int,
        target: int,
        others: Sequence[int],
        identifier: int,
        pairs: _Pairs,
    ) -> Iterator[str]:
        """A relation that PROV-O has a node for; the plain one is said already without ``pairs``.

        An undeclared one says nothing of the subject but the link to the node. Without an
        identifier it has no node but for what else it tells, and is no wider than its special kind.
        """
        terms, end = self._terms, self._end
        subject = terms[source]
        undeclared = self._undeclared in pairs
        implied = not (identifier and undeclared)
        special, rest = self._specials(how, pairs)
        known = target > PLACEHOLDER
        if known and implied:
            if pairs and not (undeclared and special):
                yield f"{subject} {_prov(how.property)} {terms[target]}{end}"
            for one in special:
                yield f"{subject} {_prov(DERIVATIONS[one][0])} {terms[target]}{end}"
        more = [
            (name, value)
            for name, value in zip(how.more, others, strict=True)
            if value > PLACEHOLDER
        ]
        timed = False  # whether the subject says all that the relation tells, but for its object
        if how.time and more and more[-1][0] == "time":
            said = self._timed.get((source, how.time))
            if said is None and implied:
                yield f"{subject} {_prov(how.time)} {terms[more[-1][1]]}{end}"
            timed = len(more) == 1 and said in (None, more[-1][1])
        plain = (not more or (undeclared and timed)) if known else timed
        if plain and not (identifier or rest):
            return
        node = terms[identifier] if identifier else self._fresh(how.property)
        for one in [*special, _CLASSES[how.property]]:
            yield f"{node} {_A} {_prov(one)}{end}"
        for link in [DERIVATIONS[one][1] for one in special] or [how.qualified]:
            yield f"{subject} {_prov(link)} {node}{end}"
        if known:
            yield f"{node} {_prov(how.influencer)} {terms[target]}{end}"
        for name, value in more:
            yield f"{node} {_prov(how.more[name])} {terms[value]}{end}"
        yield from self._attributes(node, rest)

    def _specials(self, how: Relation, pairs: _Pairs) -> tuple[list[str], _Pairs]:
        """The types of a derivation that have a property of their own, and all else of it."""
        if not pairs:
            return [], pairs
        text = self._instance.terms.text
        derivation = how.property == "wasDerivedFrom"
        special, rest = [], []
        for name, value in pairs:
            if (name, value) == self._undeclared:
                continue
            found = _DERIVATIONS.get(text[value]) if derivation and name == self._type else None
            if found:
                special.append(found)
            else:
                rest.append((name, value))
        return special, rest


def _dictionary(one: DictionaryStatement, terms: _Terms, naming: Naming) -> Iterator[str]:
    """PROV-Dictionary, section 5: a node for each pair, and one for what a derivation tells."""
    graph = naming.graph(one.instance)
    end = f" {graph} .\n" if graph else " .\n"
    subject, before = terms[one.dictionary], terms[one.before] if one.before else ""
    node = terms[one.identifier] if one.identifier else ""
    link, owner = "hadDictionaryMember", subject
    if before:
        name, link = _DICTIONARY_NODES[one.kind]
        owner = node = node or naming.fresh(one.kind)
        yield f"{subject} {_prov(one.kind)} {before}{end}"
        yield f"{subject} {_prov(f'qualified{name}')} {node}{end}"
        yield f"{node} {_A} {_prov(name)}{end}"
        yield f"{node} {_prov('dictionary')} {before}{end}"
    for key, entity in one.pairs:
        if not entity:
            yield f"{owner} {_prov(link)} {terms[key]}{end}"
            continue
        pair = naming.fresh("pair") if before or not node else node
        node = node or pair
        yield f"{owner} {_prov(link)} {pair}{end}"
        yield f"{pair} {_A} {_prov('KeyEntityPair')}{end}"
        yield f"{pair} {_prov('pairKey')} {terms[key]}{end}"
        yield f"{pair} {_prov('pairEntity')} {terms[entity]}{end}"
    for attribute, value in one.attributes:
        is_type = terms.is_type(attribute) and terms.is_name(value)
        said = _A if is_type else terms.predicate(attribute)
        yield f"{node} {said} {terms[value]}{end}"
