"""Entities, activities, agents: typing and impossibility (PROV-CONSTRAINTS, 6.3 and 6.4).

Each function finds what violates one constraint, as the terms or rows that do.
"""

from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm.model import KINDS, PLACEHOLDER
from kprov_rdf.validate.cycles import Digraph
from kprov_rdf.validate.merging import DISJOINT, IDENTIFIED, Merged

# Constraint 50: what the arguments of each statement are, by position.
_ENTITY, _ACTIVITY, _AGENT = "entity", "activity", "agent"
TYPES: dict[str, dict[int, str]] = {
    "wasGeneratedBy": {0: _ENTITY, 1: _ACTIVITY},
    "used": {0: _ACTIVITY, 1: _ENTITY},
    "wasInformedBy": {0: _ACTIVITY, 1: _ACTIVITY},
    "wasStartedBy": {0: _ACTIVITY, 1: _ENTITY, 2: _ACTIVITY},
    "wasEndedBy": {0: _ACTIVITY, 1: _ENTITY, 2: _ACTIVITY},
    "wasInvalidatedBy": {0: _ENTITY, 1: _ACTIVITY},
    "wasDerivedFrom": {0: _ENTITY, 1: _ENTITY, 2: _ACTIVITY},
    "wasAttributedTo": {0: _ENTITY, 1: _AGENT},
    "wasAssociatedWith": {0: _ACTIVITY, 1: _AGENT, 2: _ENTITY},
    "actedOnBehalfOf": {0: _AGENT, 1: _AGENT, 2: _ACTIVITY},
    "alternateOf": {0: _ENTITY, 1: _ENTITY},
    "specializationOf": {0: _ENTITY, 1: _ENTITY},
    "hadMember": {0: _ENTITY, 1: _ENTITY},
    "mentionOf": {0: _ENTITY, 1: _ENTITY},
}


class Kinds:
    """The statements of the elements, with those that inference 21 adds."""

    def __init__(self, merged: Merged, rules: frozenset[int]) -> None:
        self._merged = merged
        self._rules = rules
        self.declared = {kind: self._identifiers(kind) for kind in (_ENTITY, _ACTIVITY, _AGENT)}
        self._specific: dict[int, list[int]] = defaultdict(list)
        for specific, general in merged.pairs("specializationOf"):
            self._specific[general].append(specific)
        if 21 in rules and self._specific:
            self.declared[_ENTITY] |= self._below(dict.fromkeys(self.declared[_ENTITY], 0)).keys()

    def _identifiers(self, kind: str) -> set[int]:
        found = set(self._merged.rows[kind].ids)
        return set(map(self._merged.term, found)) if self._merged.unified else found

    def _below(self, general: dict[int, int]) -> dict[int, int]:
        """All that are specializations of these, through others also, with what is told of them."""
        todo, found = [one for one in general if one in self._specific], dict(general)
        while todo:
            above = todo.pop()
            for one in self._specific.get(above, ()):
                if one not in found:
                    found[one] = found[above]
                    todo.append(one)
        return found

    def typed(self) -> dict[str, set[int]]:
        """Constraint 50: which terms are of which type."""
        found = {kind: set(terms) for kind, terms in self.declared.items()}
        if 50 not in self._rules:
            return found
        for kind, places in TYPES.items():
            for place, type_ in places.items():
                found[type_].update(self._merged.column(kind, place))
        for terms in found.values():
            terms -= {0, PLACEHOLDER}
        return found

    def both(self) -> list[int]:
        """Constraint 55: what is an entity and an activity."""
        typed = self.typed()
        return sorted(typed[_ENTITY] & typed[_ACTIVITY])

    def uses(self, term: int, type_: str) -> tuple[str, int] | None:
        """The first statement that makes a term what it is; None where inference 21 does."""
        for kind in (type_, *TYPES):
            rows = self._merged.rows[kind]
            places = [place for place, one in TYPES.get(kind, {}).items() if one == type_]
            columns = [rows.ids] if kind == type_ else [rows.columns[place] for place in places]
            for column in columns:
                for row, number in enumerate(column):
                    if self._merged.term(number) == term:
                        return kind, row
        return None

    def unspecified(self) -> Iterator[int]:
        """Constraint 51: derivations with a generation or a usage, and without an activity."""
        activities, *events = (self._merged.column("wasDerivedFrom", place) for place in (2, 3, 4))
        for row in self._merged.alive("wasDerivedFrom"):
            if activities[row] <= PLACEHOLDER and any(one[row] > PLACEHOLDER for one in events):
                yield row

    def reflexive(self) -> Iterator[list[int]]:
        """Constraint 52: cycles of specializations, as rows; by inference 19 each is reflexive."""
        rows = self._merged.rows["specializationOf"]
        pairs = list(self._merged.pairs("specializationOf"))
        nodes = {term: node for node, term in enumerate({one for pair in pairs for one in pair})}
        before = [nodes[specific] for specific, _ in pairs]
        after = [nodes[general] for _, general in pairs]
        graph = Digraph(len(nodes), before, after)
        component = graph.components() if 19 in self._rules else {}
        seen = set()
        for row in range(len(rows)):
            one, other = before[row], after[row]
            if one == other:
                yield [row]
            elif one in component and component[one] == component.get(other) not in seen:
                seen.add(component[one])
                yield [row, *graph.shortest(other, one, component)]

    def shared(self) -> Iterator[tuple[int, tuple[str, int], tuple[str, int]]]:
        """Constraint 53: identifiers of two relations, and the two statements."""
        for one, other in combinations(DISJOINT, 2):
            yield from self._common(one, self._merged.by_id(one), other)

    def overlapping(self) -> Iterator[tuple[int, tuple[str, int], tuple[str, int]]]:
        """Constraint 54: identifiers of an element and a relation, and the two statements."""
        for element in (_ENTITY, _ACTIVITY, _AGENT):
            mine = self._merged.by_id(element)
            if element == _ENTITY and 21 in self._rules:
                mine = self._below(mine)
            for relation in IDENTIFIED:
                yield from self._common(element, mine, relation)

    def _common(
        self, one: str, mine: dict[int, int], other: str
    ) -> Iterator[tuple[int, tuple[str, int], tuple[str, int]]]:
        theirs = self._merged.by_id(other)
        for identifier in sorted(mine.keys() & theirs.keys()):
            if identifier == self._merged.term(identifier):  # not what a variable was before
                yield identifier, (one, mine[identifier]), (other, theirs[identifier])

    def filled(self) -> Iterator[tuple[int, int]]:
        """Constraint 56: rows of memberships of an empty collection, and the row that says it."""
        number = self._merged.instance.terms.number
        pair = (number(f"<{PROV_NAMESPACE}type>"), number(f"<{PROV_NAMESPACE}EmptyCollection>"))
        rows = self._merged.rows[_ENTITY]
        empty = {
            self._merged.term(rows.ids[row]): row
            for row, attributes in rows.attributes.items()
            if pair in attributes
        }
        told = self._below(empty) if 21 in self._rules else empty
        for row, collection in enumerate(self._merged.column("hadMember", 0)):
            if collection in told:
                yield row, told[collection]


assert TYPES.keys() <= KINDS.keys()  # noqa: S101  (a misspelt kind would be of no type)
