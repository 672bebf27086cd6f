"""The normal form of an instance (PROV-CONSTRAINTS, sections 6.1 and 7): all that it says.

The definitions, the inferences 5 to 21 and the uniqueness constraints 22 to 29 are applied until
nothing follows any more. ``Merged`` does what merges statements, with the inferences that can
make statements merge (9 to 11 and 15). An inference that says that something exists, of which it
has no name (5, 7 to 10, 13, 14), is drawn only where no statement says so already, and after
those that could. It makes new variables (negative numbers), which occur in its conclusion alone:
no inference makes a new activity, entity or delegation that another would be drawn from, save 9
and 10 from what 8 makes, and so all ends (appendix of the Recommendation on termination).

What would be quadratic is not listed but answered when asked: communications by 6, influences
by 15, alternates by 16 to 18 and 20, specializations by 19, inherited attributes by 21.

Which of several equal ways to name what exists is taken depends on the order of the rules, and a
document may say such things twice itself. But each way is a universal model: it can be mapped
onto any other, constants onto themselves (Fagin, Kolaitis, Miller and Popa, 2005, section 3, for
rules of just this form). So their cores are isomorphic, and two instances are equivalent where
the statements of each can be mapped into the normal form of the other. ``equivalence`` asks
that, which needs no core, and takes the order, duplicates and inferred statements away.

Three things are taken more generously than the letter of the Recommendation. The plan of an
association, and the activity of a derivation with its generation and its usage, are "not told"
where they are absent or "-": the formats but PROV-N have no other way to say it, and a statement
that tells them says all that one without them says. Inference 11 is drawn where the activity is
told. Statements without an identifier that say less than another follow from it.
"""

from collections import defaultdict

from kprov_capture.terms import PROV_NAMESPACE
from kprov_rdf.dm.model import ABSENT, PLACEHOLDER, Instance, Rows
from kprov_rdf.validate.catalog import RULES
from kprov_rdf.validate.closures import Budget, Closure
from kprov_rdf.validate.kinds import Kinds
from kprov_rdf.validate.merging import IDENTIFIED, Merged

ALL = frozenset(RULES)
# Definition 4: the arguments that are variables where they are not told; not times, which
# nothing but constraints 28 and 29 relates.
_EXPANDABLE = {
    "wasGeneratedBy": (1,),
    "used": (1,),
    "wasStartedBy": (1, 2),
    "wasEndedBy": (1, 2),
    "wasInvalidatedBy": (1,),
    "wasAssociatedWith": (1,),
    "actedOnBehalfOf": (1, 2),
}


class NormalForm:
    """What an instance says. ``rows`` are its statements but those of ``alternates``,
    ``specializations``, communications by 6, influences by 15 and attributes by 21.

    In ``rows``, a negative number is a variable, 0 what is not told. ``inferred`` has the number
    of the inference that made a row, by kind and row. ``rules`` are those that were applied.
    """

    def __init__(self, instance: Instance, rules: frozenset[int], budget: Budget) -> None:
        self.rules = rules
        self.budget = budget
        self.inferred: dict[tuple[str, int], int] = {}
        self._variables = 0
        self._merged = Merged(instance, rules)
        kinds = Kinds(self._merged, rules)
        self.entities = kinds.declared["entity"]
        self.rows = {kind: self._alive(kind) for kind in self._merged.rows}
        self._derivations()
        self._times()
        self.specializations = Closure(
            self._merged.pairs("specializationOf"), budget, transitive=19 in rules
        )
        self.alternates = self._alternates(instance)
        self._triggers()
        self._delegations()
        self._attributions()
        self._communications()
        self._elements()
        self._triggers()
        self._influences()

    def variable(self) -> int:
        """A new one."""
        self._variables -= 1
        return self._variables

    # -- what is told, as it is after merging

    def _alive(self, kind: str) -> Rows:
        """The statements of a kind, with variables for what definition 4 says there is."""
        merged, rows, term = self._merged, self._merged.rows[kind], self._merged.term
        alive = merged.alive(kind)
        columns = [[_told(term(column[row])) for row in alive] for column in rows.columns]
        found = Rows(columns, [term(rows.ids[row]) for row in alive], [0] * len(alive))
        for index, row in enumerate(alive):
            if row in rows.attributes:
                found.attributes[index] = [(n, term(v)) for n, v in rows.attributes[row]]
            if (kind, row) in merged.inferred:
                self.inferred[kind, index] = merged.inferred[kind, row][0]
        expanded = [columns[place] for place in _EXPANDABLE.get(kind, ())]
        for column in [found.ids, *expanded] if kind in IDENTIFIED else expanded:
            for index, number in enumerate(column):
                if number == ABSENT:
                    column[index] = self.variable()
        return found

    def _derivations(self) -> None:
        """A derivation by a known activity has the generation and the usage of inference 11."""
        merged = self._merged
        rows = self.rows["wasDerivedFrom"].columns
        places = {row: index for index, row in enumerate(merged.alive("wasDerivedFrom"))}
        for kind, which, column in (("wasGeneratedBy", 0, rows[3]), ("used", 1, rows[4])):
            events = {row: index for index, row in enumerate(merged.alive(kind))}
            for derivation, both in merged.derived.items():
                if derivation in places:
                    event = events[merged.final(kind, both[which])]
                    column[places[derivation]] = self.rows[kind].ids[event]

    def _times(self) -> None:
        """Constraints 28 and 29: an activity and all its starts, or ends, have one time."""
        activities = self.rows["activity"]
        for rule, place, kind in ((28, 0, "wasStartedBy"), (29, 1, "wasEndedBy")):
            if rule not in self.rules:
                continue
            events = self.rows[kind].columns
            known = dict(zip(activities.ids, activities.columns[place], strict=True))
            for activity, time in zip(events[0], events[3], strict=True):
                if activity in known and time:
                    known[activity] = time
            activities.columns[place][:] = [known[activity] for activity in activities.ids]
            events[3][:] = [
                known.get(activity) or time
                for activity, time in zip(events[0], events[3], strict=True)
            ]

    def _alternates(self, instance: Instance) -> Closure:
        """Inferences 12, 16 to 18 and 20."""
        pairs = list(self._merged.pairs("alternateOf"))
        if 12 in self.rules:
            number = instance.terms.number
            revision = (number(f"<{PROV_NAMESPACE}type>"), number(f"<{PROV_NAMESPACE}Revision>"))
            derivations = self.rows["wasDerivedFrom"]
            for row, attributes in derivations.attributes.items():
                if revision in attributes:
                    pairs.append((derivations.columns[0][row], derivations.columns[1][row]))
        if 20 in self.rules:
            pairs += self._merged.pairs("specializationOf")
        return Closure(
            pairs,
            self.budget,
            transitive=17 in self.rules,
            symmetric=18 in self.rules,
            reflexive=self.entities if 16 in self.rules else (),
        )

    # -- inferences with a conclusion that something exists

    def _add(self, rule: int, kind: str, *arguments: int) -> None:
        """A new statement without attributes; its identifier is a new variable."""
        rows = self.rows[kind]
        self.inferred[kind, len(rows)] = rule
        rows.ids.append(self.variable())
        rows.lines.append(0)
        for column, argument in zip(rows.columns, arguments, strict=True):
            column.append(argument)

    def _triggers(self) -> None:
        """Inferences 9 and 10, also where the trigger or who started it is not known."""
        generations = self.rows["wasGeneratedBy"].columns
        known = set(zip(generations[0], generations[1], strict=True))
        for rule, kind in ((9, "wasStartedBy"), (10, "wasEndedBy")):
            columns = self.rows[kind].columns
            for pair in zip(columns[1], columns[2], strict=True):
                if rule in self.rules and pair not in known:
                    known.add(pair)
                    self._add(rule, "wasGeneratedBy", *pair, ABSENT)

    def _delegations(self) -> None:
        """Inference 14."""
        associations = self.rows["wasAssociatedWith"].columns
        known = set(zip(associations[0], associations[1], strict=True))
        delegate, responsible, of = self.rows["actedOnBehalfOf"].columns
        for agents in (delegate, responsible):
            for pair in zip(of, agents, strict=True):
                if 14 in self.rules and pair not in known:
                    known.add(pair)
                    self._add(14, "wasAssociatedWith", *pair, ABSENT)

    def _attributions(self) -> None:
        """Inference 13."""
        generated = _both(self.rows["wasGeneratedBy"])[0]
        associated = _both(self.rows["wasAssociatedWith"])[1]
        attributions = self.rows["wasAttributedTo"].columns
        for entity, agent in sorted(set(zip(attributions[0], attributions[1], strict=True))):
            if 13 in self.rules and self._disjoint(generated[entity], associated[agent]):
                activity = self.variable()
                self._add(13, "wasGeneratedBy", entity, activity, ABSENT)
                self._add(13, "wasAssociatedWith", activity, agent, ABSENT)

    def _communications(self) -> None:
        """Inference 5."""
        generated = _both(self.rows["wasGeneratedBy"])[1]
        used = _both(self.rows["used"])[0]
        informed = self.rows["wasInformedBy"].columns
        for later, earlier in sorted(set(zip(informed[0], informed[1], strict=True))):
            if 5 in self.rules and self._disjoint(generated[earlier], used[later]):
                entity = self.variable()
                self._add(5, "wasGeneratedBy", entity, earlier, ABSENT)
                self._add(5, "used", later, entity, ABSENT)

    def _disjoint(self, one: set[int], other: set[int]) -> bool:
        self.budget.spend(min(len(one), len(other)) + 1)
        return one.isdisjoint(other)

    def _elements(self) -> None:
        """Inferences 7 and 8."""
        for kind in ("wasGeneratedBy", "wasInvalidatedBy") if 7 in self.rules else ():
            known = set(self.rows[kind].columns[0])
            for entity in sorted(self.entities - known):
                self._add(7, kind, entity, self.variable(), ABSENT)
        activities = self.rows["activity"]
        for place, kind in ((0, "wasStartedBy"), (1, "wasEndedBy")) if 8 in self.rules else ():
            events = self.rows[kind].columns
            there, at = set(events[0]), set(zip(events[0], events[3], strict=True))
            for activity, time in zip(activities.ids, activities.columns[place], strict=True):
                if (activity, time) not in at if time else activity not in there:
                    self._add(8, kind, activity, self.variable(), self.variable(), time)

    def _influences(self) -> None:
        """Inference 15 where several statements have one identifier: they are one influence."""
        if 15 not in self.rules:
            return
        by_id: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for kind in IDENTIFIED:
            for row, identifier in enumerate(self.rows[kind].ids):
                if identifier > ABSENT:
                    by_id[identifier].append((kind, row))
        influences = self.rows["wasInfluencedBy"]
        for identifier, rows in by_id.items():
            if len(rows) == 1:
                continue
            attributes = [p for kind, row in rows for p in self.rows[kind].attributes.get(row, ())]
            kind, row = rows[0]
            self._add(15, "wasInfluencedBy", *(c[row] for c in self.rows[kind].columns[:2]))
            influences.ids[-1] = identifier
            influences.attributes[len(influences) - 1] = attributes


def normal_form(
    instance: Instance, rules: frozenset[int] = ALL, budget: Budget | None = None
) -> NormalForm:
    """The normal form of an instance that is valid; what it is of another is not defined.

    ``rules`` are the numbers of the inferences and constraints to apply. Raises ``LimitError``
    where it, and what is asked of it, takes more steps than ``budget`` has.
    """
    return NormalForm(instance, rules, budget or Budget())


def _told(number: int) -> int:
    return ABSENT if number == PLACEHOLDER else number


def _both(rows: Rows) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """The first two arguments of statements: the second ones by the first, and the reverse."""
    after: dict[int, set[int]] = defaultdict(set)
    before: dict[int, set[int]] = defaultdict(set)
    for one, other in zip(rows.columns[0], rows.columns[1], strict=True):
        after[one].add(other)
        before[other].add(one)
    return after, before
