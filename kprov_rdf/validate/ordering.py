"""Event ordering (PROV-CONSTRAINTS, 6.2): constraints 30 to 49 as a graph of events.

A node is an event, or all events that must be simultaneous: the generations of an entity (39),
its invalidations (40), the starts (31) and the ends (32) of an activity. An edge says that one
event is not after another, or, strictly, before it (only constraint 42). The order can hold
unless a strict edge is on a cycle. Nothing is closed transitively.

No rule puts an end or an invalidation before an event of another kind. So no cycle passes one,
unless events of two kinds have one identifier, which constraint 53 refuses; only then, or when
asked to, are they, and the usages of no derivation, in the graph.
"""

from array import array
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import NamedTuple

from kprov_rdf.dm.model import ABSENT, PLACEHOLDER
from kprov_rdf.validate.cycles import Digraph
from kprov_rdf.validate.kinds import Kinds
from kprov_rdf.validate.merging import Merged

GENERATION, USAGE, START, END, INVALIDATION = (
    "wasGeneratedBy", "used", "wasStartedBy", "wasEndedBy", "wasInvalidatedBy",
)  # fmt: skip
_EVENTS = (GENERATION, USAGE, START, END, INVALIDATION)
# The events of one thing are simultaneous, by this constraint.
_SIMULTANEOUS = {START: 31, END: 32, GENERATION: 39, INVALIDATION: 40}
_NO_ROW = -1
_VISITED = 300_000  # nodes, in search of cycles to tell; after that the others are counted


class Node(NamedTuple):
    """An event: its kind, of what (a term), and its row; -1 where it is inferred."""

    kind: str
    term: int
    row: int


class Order:
    """The graph of events of an instance. ``before``, ``after``: the nodes of each edge.

    ``rule`` is the constraint of an edge, ``kind`` and ``row`` the statement that it is by.
    """

    def __init__(
        self, merged: Merged, kinds: Kinds, rules: frozenset[int], full: bool = False
    ) -> None:
        self.nodes: list[Node] = []
        self.before, self.after = array("i"), array("i")
        self.rule, self.row = array("b"), array("i")
        self.kind: list[str] = []
        self._merged = merged
        self.rules = rules
        self._of: dict[str, dict[int, int]] = {kind: {} for kind in _SIMULTANEOUS}
        self._own: dict[tuple[str, int], int] = {}  # nodes of rows that are not the first of all
        self._identified: dict[int, int] = {}
        self._shared = self._shared_identifiers()
        self._full = full or bool(self._shared)
        self._existing(kinds)
        for number, rule in RULES.items():
            if number in rules:
                rule(self)

    # -- events

    def _shared_identifiers(self) -> set[int]:
        found = [self._merged.by_id(kind).keys() for kind in _EVENTS]
        return {one for mine, theirs in combinations(found, 2) for one in mine & theirs}

    def _existing(self, kinds: Kinds) -> None:
        """The events that there are: those told, and those that inferences 7 to 13 find."""
        entities = kinds.declared["entity"] if 7 in self.rules else ()
        activities = kinds.declared["activity"] if 8 in self.rules else ()
        for kind in _SIMULTANEOUS if self._full else (GENERATION, START):
            rows = self._merged.rows[kind]
            terms = self._merged.column(kind, 0)
            for row in self._merged.alive(kind):
                self._event(kind, terms[row], row, rows.ids[row])
            for term in entities if kind in (GENERATION, INVALIDATION) else activities:
                self._inferred(kind, term)
        for rule, kind, place in ((9, START, 1), (10, END, 1), (13, "wasAttributedTo", 0)):
            if rule in self.rules:
                for term in self._merged.column(kind, place):
                    self._inferred(GENERATION, term)

    def _inferred(self, kind: str, term: int) -> None:
        if term > PLACEHOLDER and term not in self._of[kind]:
            self._of[kind][term] = self._node(kind, term, _NO_ROW)

    def _node(self, kind: str, term: int, row: int) -> int:
        self.nodes.append(Node(kind, term, row))
        return len(self.nodes) - 1

    def _event(self, kind: str, term: int, row: int, identifier: int) -> None:
        """The node of a row: the first one of a thing stands for all that are simultaneous."""
        node = self._of[kind].get(term) if kind in self._of else None
        if node is None:
            node = self._node(kind, term, row)
            if kind in self._of:
                self._of[kind][term] = node
            else:
                self._own[kind, row] = node
        else:
            own = self._own[kind, row] = self._node(kind, term, row)
            if _SIMULTANEOUS[kind] in self.rules:
                self._both_ways(own, node, _SIMULTANEOUS[kind], kind, row)
        if identifier in self._shared:
            mine = self._own.get((kind, row), node)
            self._both_ways(mine, self._identified.setdefault(identifier, mine), 0, kind, row)

    def _both_ways(self, one: int, other: int, rule: int, kind: str, row: int) -> None:
        if one != other:
            self.add(one, other, rule, kind, row)
            self.add(other, one, rule, kind, row)

    def at(self, kind: str, row: int, term: int) -> int | None:
        """The node of a row of events."""
        found = self._own.get((kind, row))
        return self._of[kind].get(term) if found is None and kind in self._of else found

    def usages(self) -> Iterator[tuple[int, int, int, int]]:
        """Node, activity, entity and row of usages; if not full, of those of derivations alone."""
        activities, entities = (self._merged.column(USAGE, place) for place in (0, 1))
        rows: Iterator[int] | range | list[int] = self._merged.alive(USAGE)
        if not self._full:
            used = (usage for _, usage in self._merged.derived.values())
            rows = iter(sorted({self._merged.final(USAGE, row) for row in used}))
        ids = self._merged.rows[USAGE].ids
        for row in rows:
            if (USAGE, row) not in self._own:
                self._event(USAGE, entities[row], row, ids[row])
            yield self._own[USAGE, row], activities[row], entities[row], row

    # -- edges

    def add(self, before: int | None, after: int | None, rule: int, kind: str, row: int) -> None:
        """One event is not after another, where there are both; by 42 it is before it."""
        if before is None or after is None:
            return
        self.before.append(before)
        self.after.append(after)
        self.rule.append(rule)
        self.kind.append(kind)
        self.row.append(row)

    def between(self, rule: int, kind: str, *ends: tuple[str, int]) -> None:
        """For each statement of a kind: the event of one argument is not after that of another.

        ``ends`` are a kind of event and the place of the argument that it is of, twice.
        """
        (first, i), (second, j) = ends
        if not self._full and not {first, second} <= {GENERATION, START}:
            return
        mine, theirs = self._of[first], self._of[second]
        pairs = zip(self._merged.column(kind, i), self._merged.column(kind, j), strict=True)
        for row, (one, other) in enumerate(pairs):
            if one in mine and other in theirs:
                self.add(mine[one], theirs[other], rule, kind, row)

    def through(self, rule: int, kind: str, *ends: tuple[str, int]) -> None:
        """The same, also by way of things of which there are no events: the relation is transitive.

        That is inference 19; instead of its conclusions there are nodes for such things.
        """
        event = ends[0][0]
        if 19 not in self.rules or not (self._full or event == GENERATION):
            self.between(rule, kind, *ends)
            return
        known, others = self._of[event], dict[int, int]()
        first, second = (self._merged.column(kind, place) for _, place in ends)
        for row, pair in enumerate(zip(first, second, strict=True)):
            for term in pair:
                if term not in known and term not in others:
                    others[term] = self._node(event, term, _NO_ROW)
            one, other = (known.get(term, others.get(term)) for term in pair)
            self.add(one, other, rule, kind, row)

    def events(self, kind: str, *places: int) -> Iterator[tuple[int | None, int, tuple[int, ...]]]:
        """Node, row, and some arguments of each event of a kind."""
        if not self._full and kind not in (GENERATION, START):
            return
        terms = self._merged.column(kind, 0)
        columns = [self._merged.column(kind, place) for place in places]
        for row in self._merged.alive(kind):
            yield self.at(kind, row, terms[row]), row, tuple(column[row] for column in columns)

    def of(self, kind: str, term: int) -> int | None:
        """The node of the events of a thing."""
        return self._of[kind].get(term)

    def same(self, rule: int, first: str, second: str) -> None:
        """Of each thing that has both: the one event is not after the other."""
        if self._full:
            for term, node in self._of[first].items():
                self.add(node, self._of[second].get(term), rule, first, self.nodes[node].row)

    @property
    def merged(self) -> Merged:
        return self._merged

    # -- cycles

    def cycles(self, most: int) -> tuple[list[list[int]], int, int]:
        """For each strict edge that is on a cycle, unless it is on one told before: the shortest.

        Then how many strict edges more there are beyond ``most``, or after a long search, and how
        many components have several events of different things, and no strict edge.
        """
        if 42 not in self.rule:
            strict: list[int] = []
        else:
            strict = [edge for edge, rule in enumerate(self.rule) if rule == 42]
        graph = Digraph(len(self.nodes), self.before, self.after)
        component = graph.components()
        found: list[list[int]] = []
        broken: set[int | None] = set()
        told: set[int] = set()
        more = 0
        for edge in strict:
            one, other = self.before[edge], self.after[edge]
            if one != other and (one not in component or component[one] != component.get(other)):
                continue
            broken.add(component.get(one))
            if edge in told:
                continue
            if len(found) >= most or graph.visited > _VISITED:
                more += 1
                continue
            found.append([edge, *graph.shortest(other, one, component)])
            told.update(found[-1])
        things: dict[int, set[int]] = {}
        for node, number in component.items():
            things.setdefault(number, set()).add(self.nodes[node].term)
        loops = sum(len(of) > 1 for number, of in things.items() if number not in broken)
        return found, more, loops


def _start_precedes_end(order: Order) -> None:
    order.same(30, START, END)


def _usage_within_activity(order: Order) -> None:
    for node, activity, _, row in order.usages():
        order.add(order.of(START, activity), node, 33, USAGE, row)
        order.add(node, order.of(END, activity), 33, USAGE, row)


def _generation_within_activity(order: Order) -> None:
    for node, row, (activity,) in order.events(GENERATION, 1):
        order.add(order.of(START, activity), node, 34, GENERATION, row)
        order.add(node, order.of(END, activity), 34, GENERATION, row)


def _informed_by(order: Order) -> None:
    order.between(35, "wasInformedBy", (START, 1), (END, 0))


def _generation_precedes_invalidation(order: Order) -> None:
    order.same(36, GENERATION, INVALIDATION)


def _generation_precedes_usage(order: Order) -> None:
    for node, _, entity, row in order.usages():
        order.add(order.of(GENERATION, entity), node, 37, USAGE, row)


def _usage_precedes_invalidation(order: Order) -> None:
    for node, _, entity, row in order.usages():
        order.add(node, order.of(INVALIDATION, entity), 38, USAGE, row)


def _derivation_usage_generation(order: Order) -> None:
    made = order.merged.column("wasDerivedFrom", 0)
    for row, (generation, usage) in order.merged.derived.items():
        before = order.at(USAGE, order.merged.final(USAGE, usage), ABSENT)
        after = order.at(GENERATION, order.merged.final(GENERATION, generation), made[row])
        order.add(before, after, 41, "wasDerivedFrom", row)


def _derivation_generation_generation(order: Order) -> None:
    order.between(42, "wasDerivedFrom", (GENERATION, 1), (GENERATION, 0))


def _triggered(rule: int, kind: str) -> Callable[[Order], None]:
    """43 and 44: the trigger is generated before the event, and invalidated after it.

    By 9, 10 and 34 an unknown trigger was generated after its starter or ender had started.
    """

    def add(order: Order) -> None:
        for node, row, (trigger, activity) in order.events(kind, 1, 2):
            if trigger > PLACEHOLDER:
                order.add(order.of(GENERATION, trigger), node, rule, kind, row)
                order.add(node, order.of(INVALIDATION, trigger), rule, kind, row)
            else:
                order.add(order.of(START, activity), node, rule, kind, row)

    return add


def _specialization_generation(order: Order) -> None:
    order.through(45, "specializationOf", (GENERATION, 1), (GENERATION, 0))


def _specialization_invalidation(order: Order) -> None:
    order.through(46, "specializationOf", (INVALIDATION, 0), (INVALIDATION, 1))


def _associated_with(order: Order) -> None:
    told = [("wasAssociatedWith", 0, 1)]
    if 14 in order.rules:  # both agents of a delegation are associated with its activity
        told += [("actedOnBehalfOf", 2, 0), ("actedOnBehalfOf", 2, 1)]
    for kind, activity, agent in told:
        order.between(47, kind, (START, activity), (INVALIDATION, agent))
        order.between(47, kind, (GENERATION, agent), (END, activity))
        order.between(47, kind, (START, activity), (END, agent))
        order.between(47, kind, (START, agent), (END, activity))


def _attributed_to(order: Order) -> None:
    order.between(48, "wasAttributedTo", (GENERATION, 1), (GENERATION, 0))
    order.between(48, "wasAttributedTo", (START, 1), (GENERATION, 0))


def _acted_on_behalf_of(order: Order) -> None:
    order.between(49, "actedOnBehalfOf", (GENERATION, 1), (INVALIDATION, 0))
    order.between(49, "actedOnBehalfOf", (START, 1), (END, 0))


# Constraints 31, 32, 39 and 40 make the nodes; by 41 usages come before what they are used for.
RULES: dict[int, Callable[[Order], None]] = {
    30: _start_precedes_end,
    33: _usage_within_activity,
    34: _generation_within_activity,
    35: _informed_by,
    36: _generation_precedes_invalidation,
    37: _generation_precedes_usage,
    38: _usage_precedes_invalidation,
    41: _derivation_usage_generation,
    42: _derivation_generation_generation,
    43: _triggered(43, START),
    44: _triggered(44, END),
    45: _specialization_generation,
    46: _specialization_invalidation,
    47: _associated_with,
    48: _attributed_to,
    49: _acted_on_behalf_of,
}
