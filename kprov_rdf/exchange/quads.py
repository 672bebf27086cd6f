"""Statements of PROV-DM as PROV-O, in N-Quads. The inverse is ``records``.

A relation is said by its property (PROV-O section 3.1, table 2) where both ends are known. What
else it tells makes a node that qualifies it (section 3.3, table 3): an identifier, a time, an
attribute, or a further argument.

What ``records`` marks as dnnprov:Undeclared is no statement of the document: the class of such
an element, and what the qualified form of such a relation implies, are left out again.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, RDFS_LABEL, Dnnprov
from kprov_rdf.dm.model import ELEMENTS, PLACEHOLDER, Document, Instance, Rows
from kprov_rdf.dm.relations import DERIVATIONS, RELATIONS, Relation
from kprov_rdf.dm.values import XSD
from kprov_rdf.errors import InputError

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
_ILLEGAL = re.compile(r"[\x00-\x20<>\"{}|\\^`]")

_Pairs = Sequence[tuple[int, int]]


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


def nquads(document: Document, naming: Naming) -> Iterator[str]:
    """The lines of N-Quads that say a document: the toplevel, then each bundle in its graph.

    What PROV-O has no words for is told in ``document.notes`` at the end. Raises ``InputError``
    for a language tag that RDF does not allow.
    """
    terms = _Terms(document, naming)
    for instance in document.instances():
        if len(instance):
            yield from _Instance(instance, terms, naming).lines()
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

    def is_name(self, number: int) -> bool:
        return not self._text[number].startswith('"')


_PROV = f"<{PROV_NAMESPACE}"


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
