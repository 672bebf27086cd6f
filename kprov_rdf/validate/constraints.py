"""PROV-CONSTRAINTS (Recommendation of 30 April 2013): whether a document is valid, and why not.

Each instance is checked by itself, the toplevel and every bundle (section 7). Inferences whose
conclusions no constraint can fail on are not drawn here: 5 and 6 (35, 37 and 33 order the same
events), 12, 16 to 18 and 20. ``normal`` draws them all.
"""

from collections.abc import Iterator
from itertools import islice

from kprov_rdf.dm.memory import without_collector
from kprov_rdf.dm.model import PLACEHOLDER, Document, Instance
from kprov_rdf.validate.catalog import RULES
from kprov_rdf.validate.kinds import Kinds
from kprov_rdf.validate.merging import Merged
from kprov_rdf.validate.ordering import Order
from kprov_rdf.validate.reasons import MEND, Words
from kprov_rdf.validate.violations import Cited, Outcome, Violation

ALL = frozenset(RULES)
# Violations of one constraint in one instance that are listed; the others are counted.
MOST = 100


def check(document: Document, rules: frozenset[int] = ALL) -> list[Outcome]:
    """What the constraints say of each instance that says anything, the toplevel first.

    ``rules`` are the numbers of the inferences and constraints to apply; all of them is what
    the Recommendation says.
    """
    found = []
    malformed = {error.instance for error in document.malformed}
    with without_collector():
        for instance in document.instances():
            if len(instance) or instance is document.toplevel or instance.name in malformed:
                found.append(_Check(document, instance, rules).outcome())
    return found


class _Check:
    """One instance."""

    def __init__(self, document: Document, instance: Instance, rules: frozenset[int]) -> None:
        self._document = document
        self._instance = instance
        self._rules = rules
        self._merged = Merged(instance, rules)
        self._kinds = Kinds(self._merged, rules)
        self._words = Words(document, self._merged)
        self._more = self._merged.more

    def outcome(self) -> Outcome:
        violations = [*self._malformed(), *self._uniqueness()]
        for number, check in (
            (28, self._activity_times(28, 0, "wasStartedBy")),
            (29, self._activity_times(29, 1, "wasEndedBy")),
            (51, self._unspecified()),
            (52, self._reflexive()),
            (53, self._shared_identifiers()),
            (54, self._overlapping()),
            (55, self._disjoint()),
            (56, self._empty()),
        ):
            if number in self._rules:
                violations += islice(check, MOST)
                self._more += sum(1 for _ in check)
        order = Order(self._merged, self._kinds, self._rules)
        cycles, more, loops = order.cycles(MOST)
        violations += [self._cycle(order, edges) for edges in cycles]
        return Outcome(
            self._document.name,
            self._instance.name,
            self._document.form,
            len(self._instance),
            tuple(violations),
            loops,
            self._more + more,
        )

    def _violation(
        self, number: int, message: str, cited: tuple[Cited, ...], also: tuple[int, ...] = ()
    ) -> Violation:
        name = self._instance.name
        return Violation(self._document.name, name, number, message, MEND[number], cited, also)

    def _malformed(self) -> Iterator[Violation]:
        """What breaks PROV-DM in this instance; a union has one for those of all its parts."""
        whole = bool(self._document.parts)
        for error in self._document.malformed:
            if whole or error.instance == self._instance.name:
                cited = (Cited("", error.line, error.document),) if error.line else ()
                at = (error.document, error.instance)
                yield Violation(*at, None, error.message, error.mend, cited)

    def _uniqueness(self) -> Iterator[Violation]:
        """Constraints 22 to 27."""
        words = self._words
        for one in self._merged.conflicts[:MOST]:
            first, second = map(words.name, one.values)
            identifier = self._merged.rows[one.first[0]].ids[one.first[1]]
            same = f"the identifier {words.name(identifier)}" if one.rule < 24 else "one key"
            yield self._violation(
                one.rule,
                f"Two statements have {same} and so are one, but the {words.argument(one)} is "
                f"{first} in one and {second} in the other.",
                words.told(one),
                one.also,
            )
        self._more += max(0, len(self._merged.conflicts) - MOST)

    def _activity_times(self, number: int, place: int, kind: str) -> Iterator[Violation]:
        """Constraints 28 and 29: all starts, or ends, of a declared activity have its time."""
        activities = self._merged.rows["activity"]
        ids = self._merged.by_id("activity")
        times: dict[int, tuple[int, tuple[str, int]]] = {}
        for activity, row in ids.items():
            row_ = self._merged.final("activity", row)
            time = activities.columns[place][row_]
            if time > PLACEHOLDER:
                times[activity] = (time, ("activity", row_))
        told = self._merged.rows[kind].columns[3]
        of = self._merged.column(kind, 0)
        for row in self._merged.alive(kind):
            if told[row] > PLACEHOLDER and of[row] in ids:
                time, where = times.setdefault(of[row], (told[row], (kind, row)))
                if time != told[row]:
                    name = self._words.name
                    yield self._violation(
                        number,
                        f"The activity {name(of[row])} has one {('start', 'end')[place]} time, but "
                        f"it is {name(time)} in one statement and {name(told[row])} in another.",
                        (self._words.cited(*where), self._words.cited(kind, row)),
                    )

    def _unspecified(self) -> Iterator[Violation]:
        for row in self._kinds.unspecified():
            yield self._violation(
                51,
                "A derivation has a generation or a usage, but no activity that they are by.",
                (self._words.cited("wasDerivedFrom", row),),
            )

    def _reflexive(self) -> Iterator[Violation]:
        for rows in self._kinds.reflexive():
            term = self._merged.column("specializationOf", 0)[rows[0]]
            yield self._violation(
                52,
                f"{self._words.name(term)} is a specialization of itself.",
                tuple(self._words.cited("specializationOf", row) for row in rows),
                (19,) if len(rows) > 1 else (),
            )

    def _shared_identifiers(self) -> Iterator[Violation]:
        for identifier, one, other in self._kinds.shared():
            yield self._violation(
                53,
                f"{self._words.name(identifier)} identifies both a {one[0]} and a {other[0]}.",
                (self._words.cited(*one), self._words.cited(*other)),
            )

    def _overlapping(self) -> Iterator[Violation]:
        for identifier, one, other in self._kinds.overlapping():
            declared = self._merged.term(self._merged.rows[one[0]].ids[one[1]])
            yield self._violation(
                54,
                f"{self._words.name(identifier)} is an {one[0]}, and identifies a {other[0]}.",
                (self._words.cited(*one), self._words.cited(*other)),
                () if declared == identifier else (21,),
            )

    def _disjoint(self) -> Iterator[Violation]:
        found = self._kinds.both()
        self._more += max(0, len(found) - MOST)
        for term in found[:MOST]:  # what makes each of them so is looked for one by one
            uses = (self._kinds.uses(term, kind) for kind in ("entity", "activity"))
            yield self._violation(
                55,
                f"{self._words.name(term)} is both an entity and an activity.",
                tuple(self._words.cited(*use) for use in uses if use),
                (50,),
            )

    def _empty(self) -> Iterator[Violation]:
        for row, entity in self._kinds.filled():
            collection = self._merged.column("hadMember", 0)[row]
            yield self._violation(
                56,
                f"{self._words.name(collection)} is an empty collection, and has a member.",
                (self._words.cited("entity", entity), self._words.cited("hadMember", row)),
                (50,),
            )

    def _cycle(self, order: Order, edges: list[int]) -> Violation:
        """Constraint 42, with the others that lead back to where its events began."""
        chain = self._words.chain(order, edges)
        first, last = chain[0].event, (chain[1] if len(chain) > 1 else chain[0]).event
        also = {step.constraint for step in chain} - {0, 42}
        cited = dict.fromkeys(step.cited for step in chain if step.cited)
        return Violation(
            self._document.name,
            self._instance.name,
            42,
            f"The {first} would be before itself."
            if len(chain) == 1
            else f"The {first} is before the {last} by one statement, and not before it by others.",
            MEND[42],
            tuple(cited),
            tuple(sorted(also)),
            chain,
        )
