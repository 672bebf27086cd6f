"""Uniqueness (PROV-CONSTRAINTS, 6.1): statements of one identifier, or of one key, become one.

Terms are unified as in section 6.1: a variable becomes what it meets, two constants must be the
same. What is inferred on the way is inferred as soon as its arguments are known, so that each
rule is applied once to each statement. Time and memory are near-linear in the statements.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from kprov_rdf.dm.model import ABSENT, KINDS, PLACEHOLDER, Instance, Rows

# The two arguments of which there is one event: entity and activity, activity and starter.
_KEYS = {
    "wasGeneratedBy": (24, 0, 1),
    "wasInvalidatedBy": (25, 0, 1),
    "wasStartedBy": (26, 0, 2),
    "wasEndedBy": (27, 0, 2),
}
IDENTIFIED = tuple(
    kind.name for kind in KINDS.values() if kind.identified and kind.name not in
    ("entity", "activity", "agent")
)  # fmt: skip
# The relations whose identifiers are disjoint (constraint 53): not derivation, not influence.
DISJOINT = tuple(k for k in IDENTIFIED if k not in ("wasDerivedFrom", "wasInfluencedBy"))
_OBJECTS = ("entity", "activity", "agent")
MOST = 1000  # conflicts that are kept; the others are counted


@dataclass(frozen=True)
class Conflict:
    """Two statements that must be one, and cannot: their ``argument`` is not the same.

    ``argument`` is an index, or -1 for the identifier. ``rule`` is the constraint, ``also``
    the other rules that it took. A row is a kind and an index in it.
    """

    rule: int
    also: tuple[int, ...]
    first: tuple[str, int]
    second: tuple[str, int]
    argument: int
    values: tuple[int, int]


class Merged:
    """The statements of an instance after merging, and those that were inferred.

    ``rows`` are as in the instance, those inferred behind them; ``into`` leads from a row that
    was merged to the one that stands for it. ``inferred`` has the rule, and the statement that
    it was applied to.
    """

    def __init__(self, instance: Instance, rules: frozenset[int]) -> None:
        self.instance = instance
        self.rows = {
            kind: Rows([list(column) for column in rows.columns], list(rows.ids), list(rows.lines),
                       dict(rows.attributes))
            for kind, rows in instance.rows.items()
        }  # fmt: skip
        self.into: dict[str, dict[int, int]] = {kind: {} for kind in KINDS}
        self.inferred: dict[tuple[str, int], tuple[int, tuple[str, int]]] = {}
        self.conflicts: list[Conflict] = []
        self.more = 0
        self._rules = rules
        self._variables = instance.terms.variables
        self._size = len(instance.terms)
        self._parents: dict[int, int] = {}
        self._by_id: dict[str, dict[int, int]] = {kind: {} for kind in KINDS}
        self._by_key: dict[str, dict[int, int]] = {kind: {} for kind in _KEYS}
        self._dirty: list[tuple[str, int]] = []
        self._mentions: dict[int, list[tuple[str, int]]] | None = None
        self._applied: dict[tuple[str, int], list[int]] = {}
        self._clashed: set[tuple[str, int, int]] = set()
        self._overlaps: set[tuple[tuple[str, int], tuple[str, int]]] = set()
        # Of a derivation by a known activity: the rows of its generation and its usage.
        self.derived: dict[int, tuple[int, int]] = {}
        self._run()

    # -- what others ask

    def term(self, number: int) -> int:
        """What a term is after unification."""
        parents = self._parents
        while number in parents:
            up = parents[number]
            if up in parents:
                parents[number] = parents[up]
            number = up
        return number

    @property
    def unified(self) -> bool:
        """Whether any variable became something else."""
        return bool(self._parents)

    def final(self, kind: str, row: int) -> int:
        """The row that stands for this one."""
        into = self.into[kind]
        while row in into:
            up = into[row]
            if up in into:
                into[row] = into[up]
            row = up
        return row

    def column(self, kind: str, place: int) -> list[int]:
        """The terms in the place of one argument, in all rows, as they are after unification."""
        found = self.rows[kind].columns[place]
        return list(map(self.term, found)) if self.unified else found

    def pairs(self, kind: str) -> Iterator[tuple[int, int]]:
        """The same for the first two arguments."""
        return zip(self.column(kind, 0), self.column(kind, 1), strict=True)

    def alive(self, kind: str) -> range | list[int]:
        """The rows of a kind that stand for themselves."""
        into, count = self.into[kind], len(self.rows[kind])
        return [row for row in range(count) if row not in into] if into else range(count)

    def by_id(self, kind: str) -> dict[int, int]:
        """The row of each identifier of a kind, as they were; see ``final``."""
        return self._by_id[kind]

    def source(self, kind: str, row: int) -> tuple[str, int]:
        """The statement of the document that a row is, or was inferred from."""
        while (kind, row) in self.inferred:
            kind, row = self.inferred[kind, row][1]
        return kind, row

    # -- merging

    def _run(self) -> None:
        for kind in (*_OBJECTS, *IDENTIFIED):
            for row in range(len(self.instance.rows[kind])):
                self._enter(kind, row)
        for kind, infer in _INFER.items():
            for row in self.alive(kind):
                infer(self, row)
        while self._dirty or self._shared():
            while self._dirty:
                kind, row = self._dirty.pop()
                row = self.final(kind, row)
                self._enter(kind, row)
                if kind in _INFER:
                    _INFER[kind](self, self.final(kind, row))

    def _enter(self, kind: str, row: int) -> None:
        """Look for statements that this one must be one with."""
        rows = self.rows[kind]
        identifier = self.term(rows.ids[row])
        if identifier > PLACEHOLDER:
            other = self._by_id[kind].setdefault(identifier, row)
            row = self._merge(kind, other, row, 22 if kind in _OBJECTS else 23)
        if kind in _KEYS:
            rule, i, j = _KEYS[kind]
            first, second = self.term(rows.columns[i][row]), self.term(rows.columns[j][row])
            if first > PLACEHOLDER and second > PLACEHOLDER:
                other = self._by_key[kind].setdefault(first * self._size + second, row)
                self._merge(kind, other, row, rule)

    def _merge(self, kind: str, one: int, drop: int, rule: int) -> int:
        """Make one statement of two, if they can be; the one that goes on."""
        keep = self.final(kind, one)
        if keep == drop:
            return keep
        if rule not in self._rules or self._clash(kind, keep, drop, rule):
            return drop
        rows = self.rows[kind]
        rows.ids[keep] = self._unify(rows.ids[keep], rows.ids[drop])
        if rule > 23 and 23 not in self._rules:
            return drop
        for column in rows.columns:
            # One variable may stand in several arguments, and now be something else.
            if not self._unifiable(column[keep], column[drop]):
                self._clash(kind, keep, drop, rule)
                return drop
            column[keep] = self._unify(column[keep], column[drop])
        self.into[kind][drop] = keep
        if drop in rows.attributes:
            rows.attributes[keep] = rows.attributes.get(keep, []) + rows.attributes[drop]
        self._dirty.append((kind, keep))
        return keep

    def _clash(self, kind: str, keep: int, drop: int, rule: int) -> bool:
        """Whether two statements cannot be one; then it is noted."""
        if (kind, keep, drop) in self._clashed:
            return True
        rows = self.rows[kind]
        pairs = [(-1, rows.ids[keep], rows.ids[drop])] if kind not in _OBJECTS else []
        if rule <= 23 or 23 in self._rules:
            pairs += [(i, column[keep], column[drop]) for i, column in enumerate(rows.columns)]
        for argument, one, other in pairs:
            if not self._unifiable(one, other):
                self._clashed.add((kind, keep, drop))
                # Equal keys make the identifiers equal (24-27), and these the arguments (23).
                number, also = (23, (rule,)) if rule > 23 and argument >= 0 else (rule, ())
                self._note(
                    Conflict(number, also, (kind, keep), (kind, drop), argument, (one, other))
                )
                return True
        return False

    def _note(self, conflict: Conflict) -> None:
        if len(self.conflicts) < MOST:
            self.conflicts.append(conflict)
        else:
            self.more += 1

    def _unifiable(self, one: int, other: int) -> bool:
        if ABSENT in (one, other):
            return True
        one, other = self.term(one), self.term(other)
        return one == other or one in self._variables or other in self._variables

    def _unify(self, one: int, other: int) -> int:
        """The term that both are from now on; they are unifiable."""
        if ABSENT in (one, other):
            return one + other
        one, other = self.term(one), self.term(other)
        if one == other:
            return one
        mentions = self._index()
        if other in self._variables and (
            one not in self._variables
            or len(mentions.get(one, ())) > len(mentions.get(other, ()))
        ):  # fmt: skip
            one, other = other, one
        self._parents[one] = other
        moved = mentions.pop(one, [])
        self._dirty += moved
        if other in self._variables:
            mentions.setdefault(other, []).extend(moved)
        return other

    def _index(self) -> dict[int, list[tuple[str, int]]]:
        """The rows that mention each variable."""
        if self._mentions is None:
            self._mentions = defaultdict(list)
            for kind in (*IDENTIFIED, *_OBJECTS):
                rows = self.rows[kind]
                for column in (rows.ids, *rows.columns):
                    for row, number in enumerate(column):
                        if number in self._variables:
                            self._mentions[number].append((kind, row))
        return self._mentions

    # -- inferences whose conclusions may have to be merged

    def _infer(self, rule: int, source: tuple[str, int], kind: str, values: list[int]) -> int:
        """Add a statement, given by its identifier and its arguments but the time."""
        rows = self.rows[kind]
        row = len(rows)
        rows.ids.append(values[0])
        rows.lines.append(0)
        for column, value in zip(rows.columns, [*values[1:], ABSENT], strict=True):
            column.append(value)
        self.inferred[kind, row] = (rule, source)
        if self._mentions is not None:
            for value in values:
                if value in self._variables:
                    self._mentions[self.term(value)].append((kind, row))
        self._enter(kind, row)
        return row

    def _news(self, rule: int, source: tuple[str, int], arguments: list[int]) -> bool:
        """Whether a rule was not applied to a statement yet as it now is."""
        if rule not in self._rules or self._applied.get(source) == arguments:
            return False
        self._applied[source] = arguments
        return True

    def _derived(self, row: int) -> None:
        """Inference 11: a derivation by a known activity takes a usage and a generation."""
        arguments = [column[row] for column in self.rows["wasDerivedFrom"].columns]
        made, used, activity, generation, usage = arguments
        source = ("wasDerivedFrom", row)
        if activity > PLACEHOLDER and self._news(11, source, arguments):
            self.derived[row] = (
                self._infer(11, source, "wasGeneratedBy", [generation, made, activity]),
                self._infer(11, source, "used", [usage, activity, used]),
            )

    def _triggered(self, kind: str, rule: int, row: int) -> None:
        """Inferences 9 and 10: the starter, or the ender, generated the trigger."""
        _, trigger, activity, _ = (column[row] for column in self.rows[kind].columns)
        known = trigger > PLACEHOLDER and activity > PLACEHOLDER
        if known and self._news(rule, (kind, row), [trigger, activity]):
            self._infer(rule, (kind, row), "wasGeneratedBy", [ABSENT, trigger, activity])

    def _shared(self) -> bool:
        """Inference 15: relations of one identifier are the same influence. True: more to do."""
        if not {15, 23} <= self._rules:
            return False
        before = len(self._parents)
        for one, other in combinations(IDENTIFIED, 2):
            if one in DISJOINT and other in DISJOINT:
                continue  # constraint 53 says it
            mine, theirs = self._by_id[one], self._by_id[other]
            for identifier in mine.keys() & theirs.keys():
                self._same_influence((one, mine[identifier]), (other, theirs[identifier]))
        return bool(self._dirty) or len(self._parents) > before

    def _same_influence(self, *pair: tuple[str, int]) -> None:
        one, other = ((kind, self.final(kind, row)) for kind, row in pair)
        for argument in (0, 1):
            first, second = (self.rows[kind].columns[argument][row] for kind, row in (one, other))
            if self._unifiable(first, second):
                value = self._unify(first, second)
                for kind, row in (one, other):
                    self._complete(kind, row, argument, value)
            elif (one, other) not in self._overlaps:
                self._overlaps.add((one, other))
                self._note(Conflict(23, (15,), one, other, argument, (first, second)))

    def _complete(self, kind: str, row: int, argument: int, value: int) -> None:
        """Give an argument that was not told the value that another statement tells."""
        column = self.rows[kind].columns[argument]
        if column[row] == ABSENT != value:
            column[row] = value
            self._dirty.append((kind, row))
            if self._mentions is not None and value in self._variables:
                self._mentions[value].append((kind, row))


_INFER: dict[str, Callable[[Merged, int], None]] = {
    "wasDerivedFrom": Merged._derived,
    "wasStartedBy": lambda merged, row: merged._triggered("wasStartedBy", 9, row),
    "wasEndedBy": lambda merged, row: merged._triggered("wasEndedBy", 10, row),
}
