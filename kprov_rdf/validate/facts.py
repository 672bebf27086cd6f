"""Whether a statement, some of whose terms are variables, can be found in a normal form."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from kprov_rdf.dm.model import ABSENT
from kprov_rdf.validate.closures import Closure
from kprov_rdf.validate.merging import IDENTIFIED
from kprov_rdf.validate.normal import NormalForm

# What each variable of a pattern stands for: a term of the normal form.
Bound = dict[int, int]
_Pair = tuple[int, int]


class Pattern(NamedTuple):
    """A statement to be found: a negative number is a variable, 0 what is not told.

    ``terms`` are its identifier and its arguments.
    """

    kind: str
    terms: tuple[int, ...]
    attributes: frozenset[_Pair]

    @property
    def variables(self) -> set[int]:
        found = {one for one in self.terms if one < ABSENT}
        return found | {value for _, value in self.attributes if value < ABSENT}


class Facts:
    """A normal form, as it is asked. Whatever is looked at is taken from its budget."""

    def __init__(self, form: NormalForm) -> None:
        self._form = form
        self._budget = form.budget
        self._index: dict[tuple[str, int], dict[int, list[int]]] = {}
        self._by_attribute: dict[str, dict[_Pair, list[int]]] = {}
        self._sets: dict[str, list[dict[int, set[int]]]] = {}
        self._having: dict[_Pair, set[int]] = {}
        self._communications: dict[_Pair, int] = {}

    def matches(self, pattern: Pattern, bound: Bound) -> Iterator[Bound]:
        """All ways to find the pattern: what each further one of its variables stands for."""
        kind = pattern.kind
        if kind == "entity":
            yield from self._entities(pattern, bound)
        elif kind == "alternateOf":
            yield from self._related(self._form.alternates, pattern, bound)
        elif kind == "specializationOf":
            yield from self._related(self._form.specializations, pattern, bound)
        else:
            yield from self._rows(kind, pattern, bound)
            if kind == "wasInfluencedBy":
                yield from self._influences(pattern, bound)
            elif kind == "wasInformedBy":
                yield from self._informed(pattern, bound)

    def candidates(self, pattern: Pattern) -> int:
        """About how many statements there are to look at for a pattern."""
        if pattern.kind in ("alternateOf", "specializationOf"):
            return 1 if max(pattern.terms) > ABSENT else len(self._form.entities)
        return len(self._candidates(pattern.kind, pattern, {}))

    # -- statements that are there

    def _column(self, kind: str, place: int) -> list[int]:
        """The identifiers (place 0) or an argument of the statements of a kind."""
        rows = self._form.rows[kind]
        return rows.columns[place - 1] if place else rows.ids

    def _rows_by(self, kind: str, place: int) -> dict[int, list[int]]:
        found = self._index.get((kind, place))
        if found is None:
            found = self._index[kind, place] = defaultdict(list)
            for row, number in enumerate(self._column(kind, place)):
                found[number].append(row)
        return found

    def _with_attribute(self, kind: str) -> dict[_Pair, list[int]]:
        found = self._by_attribute.get(kind)
        if found is None:
            found = self._by_attribute[kind] = defaultdict(list)
            for row, attributes in self._form.rows[kind].attributes.items():
                for pair in attributes:
                    found[pair].append(row)
        return found

    def _candidates(self, kind: str, pattern: Pattern, bound: Bound) -> list[int] | range:
        """The rows to look at: those that have the rarest of what is known of the pattern."""
        best: list[int] | range = range(len(self._form.rows[kind]))
        for place, term in enumerate(pattern.terms):
            known = term if term >= ABSENT else bound.get(term, ABSENT)
            if known:
                rows = self._rows_by(kind, place).get(known, [])
                best = rows if len(rows) < len(best) else best
        for pair in pattern.attributes:
            if pair[1] > ABSENT:
                rows = self._with_attribute(kind).get(pair, [])
                best = rows if len(rows) < len(best) else best
        return best

    def _rows(self, kind: str, pattern: Pattern, bound: Bound) -> Iterator[Bound]:
        """The pattern among the statements of a kind, in the first places that both have."""
        columns = [self._column(kind, place) for place in range(len(pattern.terms))]
        attributes = self._form.rows[kind].attributes
        for row in self._candidates(kind, pattern, bound):
            self._budget.spend()
            new = bind(pattern.terms, [column[row] for column in columns], bound)
            if new is not None:
                there = attributes.get(row, ())
                yield from self._attributed(pattern.attributes, there, bound, new)

    # -- what is not listed

    def _entities(self, pattern: Pattern, bound: Bound) -> Iterator[Bound]:
        """Declared ones, with what inference 21 gives them."""
        (term,) = pattern.terms
        known = term if term > ABSENT else bound.get(term, ABSENT)
        described = [self._described(pair) for pair in pattern.attributes if pair[1] > ABSENT]
        found = min(described, key=len, default=self._form.entities)
        open_ = frozenset(pair for pair in pattern.attributes if pair[1] < ABSENT)
        for entity in [known] if known else found:
            self._budget.spend()
            if entity in self._form.entities and all(entity in one for one in described):
                new = {} if known else {term: entity}
                there = self._attributes(entity) if open_ else ()
                yield from self._attributed(open_, there, bound, new)

    def _described(self, attribute: _Pair) -> set[int]:
        """The entities that have an attribute."""
        found = self._having.get(attribute)
        if found is None:
            rows = self._with_attribute("entity").get(attribute, [])
            found = {self._form.rows["entity"].ids[row] for row in rows}
            if 21 in self._form.rules:
                found = self._form.specializations.all_before(found)
            self._having[attribute] = found
        return found

    def _attributes(self, entity: int) -> list[_Pair]:
        told = self._form.rows["entity"].attributes
        by_id = self._rows_by("entity", 0)
        above = self._form.specializations.after(entity) if 21 in self._form.rules else set()
        found = [
            pair
            for one in (entity, *above)
            for row in by_id.get(one, ())
            for pair in told.get(row, ())
        ]
        self._budget.spend(len(found))
        return found

    def _related(self, closure: Closure, pattern: Pattern, bound: Bound) -> Iterator[Bound]:
        """Alternates and specializations."""
        one, other = pattern.terms[1:]
        first, second = (t if t > ABSENT else bound.get(t, ABSENT) for t in (one, other))
        if first and second:
            if (first, second) in closure:
                yield {}
            return
        for before in [first] if first else closure.before(second) if second else closure.terms():
            for after in [second] if second else closure.after(before):
                self._budget.spend()
                new = bind((one, other), (before, after), bound)
                if new is not None:
                    yield new

    def _influences(self, pattern: Pattern, bound: Bound) -> Iterator[Bound]:
        """Inference 15: any other relation is one, with the same identifier and attributes."""
        if 15 in self._form.rules:
            for kind in IDENTIFIED:
                if kind != pattern.kind:
                    yield from self._rows(kind, pattern, bound)
            yield from self._informed(pattern, bound)

    def _informed(self, pattern: Pattern, bound: Bound) -> Iterator[Bound]:
        """Inference 6; the identifier of what it concludes is a variable of the normal form."""
        identifier, later, earlier = pattern.terms
        if 6 not in self._form.rules or pattern.attributes or identifier > ABSENT:
            return
        used, users = self._linked("used")
        generated, generators = self._linked("wasGeneratedBy")
        first, second = (t if t > ABSENT else bound.get(t, ABSENT) for t in (later, earlier))
        if first and second:
            mine, theirs = used.get(first, set()), generators.get(second, set())
            self._budget.spend(min(len(mine), len(theirs)) + 1)
            pairs = [] if mine.isdisjoint(theirs) else [(first, second)]
            yield from self._inform(pattern, pairs, bound)
        elif second:
            for entity in generators.get(second, ()):
                pairs = [(one, second) for one in users.get(entity, ())]
                yield from self._inform(pattern, pairs, bound)
        else:
            for one in [first] if first else used:
                for entity in used.get(one, ()):
                    pairs = [(one, by) for by in generated.get(entity, ())]
                    yield from self._inform(pattern, pairs, bound)

    def _inform(self, pattern: Pattern, pairs: list[_Pair], bound: Bound) -> Iterator[Bound]:
        for pair in pairs:
            self._budget.spend()
            if pair not in self._communications:
                self._communications[pair] = self._form.variable()
            new = bind(pattern.terms, (self._communications[pair], *pair), bound)
            if new is not None:
                yield new

    def _linked(self, kind: str) -> list[dict[int, set[int]]]:
        """The second arguments of statements by the first, and the reverse."""
        found = self._sets.get(kind)
        if found is None:
            found = self._sets[kind] = [defaultdict(set), defaultdict(set)]
            columns = self._form.rows[kind].columns
            for one, other in zip(columns[0], columns[1], strict=True):
                found[0][one].add(other)
                found[1][other].add(one)
        return found

    def _attributed(
        self, wanted: frozenset[_Pair], found: Iterable[_Pair], bound: Bound, new: Bound
    ) -> Iterator[Bound]:
        """The ways to find all the attributes that are wanted."""
        there = frozenset(found) if wanted else frozenset()
        if not there.issuperset(pair for pair in wanted if pair[1] > ABSENT):
            return
        ways = [new]
        for name, variable in wanted:
            if variable < ABSENT:
                values = [value for one, value in there if one == name]
                self._budget.spend(len(ways) * len(there))
                ways = [
                    way | more
                    for way in ways
                    for value in values
                    if (more := bind((variable,), (value,), bound | way)) is not None
                ]
        yield from ways


def bind(terms: Iterable[int], values: Iterable[int], bound: Bound) -> Bound | None:
    """What the terms of a pattern stand for where they are these values; None: they are not."""
    new: Bound = {}
    for term, value in zip(terms, values, strict=True):
        if term > ABSENT:
            if term != value:
                return None
        elif term < ABSENT:
            known = bound.get(term) or new.get(term)
            if known is None and value != ABSENT:
                new[term] = value
            elif known != value or value == ABSENT:
                return None
    return new
