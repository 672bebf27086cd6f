"""PROV-CONSTRAINTS by the letter: each rule as the Recommendation writes it, applied until nothing
changes, and the order of events closed transitively. Slow, and small enough to be compared with it.

A statement is a tuple of its kind, its identifier, and its arguments. Terms are texts; a variable
begins with "?", the placeholder is "-".
"""

import itertools
from collections.abc import Iterable, Iterator

Statement = tuple[str, ...]
Told = tuple[str, str | None, tuple[str | None, ...]]
_NINE = (
    "used", "wasGeneratedBy", "wasInvalidatedBy", "wasStartedBy", "wasEndedBy", "wasInformedBy",
    "wasAttributedTo", "wasAssociatedWith", "actedOnBehalfOf",
)  # fmt: skip
_ELEVEN = (*_NINE, "wasDerivedFrom", "wasInfluencedBy")


class InvalidError(Exception):
    """The instance is invalid; the number of the constraint."""


class Chase:
    """An instance on the way to its normal form."""

    def __init__(self, statements: Iterable[Told]) -> None:
        self.count = 0
        self.found: set[Statement] = set()
        for kind, identifier, arguments in statements:
            self.found.add(self._expanded(kind, identifier, arguments))

    def fresh(self) -> str:
        self.count += 1
        return f"?{self.count}"

    def _expanded(
        self, kind: str, identifier: str | None, arguments: tuple[str | None, ...]
    ) -> Statement:
        """Definitions 1 to 4."""
        kept: tuple[int, ...] = (2,) if kind == "wasAssociatedWith" else ()
        if kind == "wasDerivedFrom" and arguments[2] is None:
            kept = (2, 3, 4)
        told = [
            one if one is not None else "-" if place in kept else self.fresh()
            for place, one in enumerate(arguments)
        ]
        if kind in ("alternateOf", "specializationOf", "hadMember"):
            return (kind, *told)
        return (kind, identifier or self.fresh(), *told)

    def of(self, kind: str) -> list[Statement]:
        return [one for one in self.found if one[0] == kind]

    # -- inferences: what follows and is not there

    def inferences(self) -> Iterator[list[Statement]]:  # noqa: PLR0912
        new = self.fresh
        for _, _, a2, a1 in self.of("wasInformedBy"):  # 5
            made = {e for _, _, e, a, _ in self.of("wasGeneratedBy") if a == a1}
            if not any(a == a2 and e in made for _, _, a, e, _ in self.of("used")):
                e = new()
                yield [("wasGeneratedBy", new(), e, a1, new()), ("used", new(), a2, e, new())]
        informed = {(a2, a1) for _, _, a2, a1 in self.of("wasInformedBy")}
        for _, _, e, a1, _ in self.of("wasGeneratedBy"):  # 6
            for _, _, a2, used, _ in self.of("used"):
                if used == e and (a2, a1) not in informed:
                    yield [("wasInformedBy", new(), a2, a1)]
        generated = {(e, a) for _, _, e, a, _ in self.of("wasGeneratedBy")}
        entities = {e for e, _ in generated}
        invalidated = {e for _, _, e, _, _ in self.of("wasInvalidatedBy")}
        for _, e in self.of("entity"):  # 7
            if e not in entities:
                yield [("wasGeneratedBy", new(), e, new(), new())]
            if e not in invalidated:
                yield [("wasInvalidatedBy", new(), e, new(), new())]
        starts = {(a, t) for _, _, a, _, _, t in self.of("wasStartedBy")}
        ends = {(a, t) for _, _, a, _, _, t in self.of("wasEndedBy")}
        for _, a, t1, t2 in self.of("activity"):  # 8
            if (a, t1) not in starts:
                yield [("wasStartedBy", new(), a, new(), new(), t1)]
            if (a, t2) not in ends:
                yield [("wasEndedBy", new(), a, new(), new(), t2)]
        for kind in ("wasStartedBy", "wasEndedBy"):  # 9, 10
            for _, _, _, e, a, _ in self.of(kind):
                if (e, a) not in generated:
                    yield [("wasGeneratedBy", new(), e, a, new())]
        usages = {(i, a, e) for _, i, a, e, _ in self.of("used")}
        generations = {(i, e, a) for _, i, e, a, _ in self.of("wasGeneratedBy")}
        for _, _, e2, e1, a, g, u in self.of("wasDerivedFrom"):  # 11
            if "-" not in (a, g, u):
                if (u, a, e1) not in usages:
                    yield [("used", u, a, e1, new())]
                if (g, e2, a) not in generations:
                    yield [("wasGeneratedBy", g, e2, a, new())]
        associated = {(a, ag) for _, _, a, ag, _ in self.of("wasAssociatedWith")}
        for _, _, e, ag in self.of("wasAttributedTo"):  # 13
            if not any(made == e and (a, ag) in associated for made, a in generated):
                a = new()
                yield [
                    ("wasGeneratedBy", new(), e, a, new()),
                    ("wasAssociatedWith", new(), a, ag, new()),
                ]
        for _, _, ag1, ag2, a in self.of("actedOnBehalfOf"):  # 14
            for ag in (ag1, ag2):
                if (a, ag) not in associated:
                    yield [("wasAssociatedWith", new(), a, ag, new())]
        for one in list(self.found):  # 15
            if one[0] in _ELEVEN and ("wasInfluencedBy", one[1], one[2], one[3]) not in self.found:
                yield [("wasInfluencedBy", one[1], one[2], one[3])]
        special = {(e1, e2) for _, e1, e2 in self.of("specializationOf")}
        for (e1, e2), (other, e3) in itertools.product(special, special):  # 19
            if e2 == other and (e1, e3) not in special:
                yield [("specializationOf", e1, e3)]
        for e2, e1 in special:  # 21
            if ("entity", e1) in self.found and ("entity", e2) not in self.found:
                yield [("entity", e2)]

    # -- uniqueness: pairs of terms that are the same, and by which constraint

    def equalities(self) -> Iterator[tuple[int, str, str]]:
        for kind, rule in (("activity", 22), *((kind, 23) for kind in _ELEVEN)):
            for one, other in itertools.combinations(self.of(kind), 2):
                if one[1] == other[1]:
                    yield from ((rule, *pair) for pair in zip(one[2:], other[2:], strict=True))
        for kind, rule, i, j in (
            ("wasGeneratedBy", 24, 2, 3), ("wasInvalidatedBy", 25, 2, 3),
            ("wasStartedBy", 26, 2, 4), ("wasEndedBy", 27, 2, 4),
        ):  # fmt: skip
            for one, other in itertools.combinations(self.of(kind), 2):
                if (one[i], one[j]) == (other[i], other[j]):
                    yield rule, one[1], other[1]
        for rule, place, kind in ((28, 2, "wasStartedBy"), (29, 3, "wasEndedBy")):
            for activity in self.of("activity"):
                for event in self.of(kind):
                    if event[2] == activity[1]:
                        yield rule, activity[place], event[5]

    def unify(self) -> bool:
        """Make one pair of terms one. False: there is none that is not."""
        for rule, one, other in self.equalities():
            if one == other:
                continue
            if not one.startswith("?"):
                one, other = other, one  # noqa: PLW2901
            if not one.startswith("?"):
                raise InvalidError(rule)
            self.found = {
                (kind, *(other if term == one else term for term in terms))
                for kind, *terms in self.found
            }
            return True
        return False

    def normalise(self) -> None:
        while True:
            while self.unify():
                pass
            step = next(self.inferences(), None)
            if step is None:
                return
            self.found.update(step)

    # -- order: before, after, and whether strictly

    def orders(self) -> Iterator[tuple[str, str, bool]]:
        gen = [(i, e, a) for _, i, e, a, _ in self.of("wasGeneratedBy")]
        use = [(i, a, e) for _, i, a, e, _ in self.of("used")]
        inv = [(i, e, a) for _, i, e, a, _ in self.of("wasInvalidatedBy")]
        start = [(i, a, e) for _, i, a, e, _, _ in self.of("wasStartedBy")]
        end = [(i, a, e) for _, i, a, e, _, _ in self.of("wasEndedBy")]

        def pairs(one: list[tuple[str, str, str]], i: int, other: list[tuple[str, str, str]], j: int
                  ) -> Iterator[tuple[str, str, bool]]:  # fmt: skip
            """Events that share a term are in order."""
            for first, second in itertools.product(one, other):
                if first[i] == second[j]:
                    yield first[0], second[0], False

        yield from pairs(start, 1, end, 1)  # 30
        yield from pairs(start, 1, start, 1)  # 31
        yield from pairs(end, 1, end, 1)  # 32
        yield from pairs(start, 1, use, 1)  # 33
        yield from pairs(use, 1, end, 1)
        yield from pairs(start, 1, gen, 2)  # 34
        yield from pairs(gen, 2, end, 1)
        yield from pairs(gen, 1, inv, 1)  # 36
        yield from pairs(gen, 1, use, 2)  # 37
        yield from pairs(use, 2, inv, 1)  # 38
        yield from pairs(gen, 1, gen, 1)  # 39
        yield from pairs(inv, 1, inv, 1)  # 40
        for _, _, _, _, a, g, u in self.of("wasDerivedFrom"):  # 41
            if "-" not in (a, g, u):
                yield u, g, False
        for events in (start, end):  # 43, 44
            yield from pairs(gen, 1, events, 2)
            yield from pairs(events, 2, inv, 1)

        def related(kind: str, one: list[tuple[str, str, str]], i: int,
                    other: list[tuple[str, str, str]], j: int, strict: bool = False
                    ) -> Iterator[tuple[str, str, bool]]:  # fmt: skip
            """Events of two arguments of a statement are in order."""
            for told in self.of(kind):
                for first, second in itertools.product(one, other):
                    if first[1] == told[i] and second[1] == told[j]:
                        yield first[0], second[0], strict

        yield from related("wasInformedBy", start, 3, end, 2)  # 35
        yield from related("wasDerivedFrom", gen, 3, gen, 2, True)  # 42
        yield from related("specializationOf", gen, 2, gen, 1)  # 45
        yield from related("specializationOf", inv, 1, inv, 2)  # 46
        yield from related("wasAssociatedWith", start, 2, inv, 3)  # 47
        yield from related("wasAssociatedWith", gen, 3, end, 2)
        yield from related("wasAssociatedWith", start, 2, end, 3)
        yield from related("wasAssociatedWith", start, 3, end, 2)
        yield from related("wasAttributedTo", gen, 3, gen, 2)  # 48
        yield from related("wasAttributedTo", start, 3, gen, 2)
        yield from related("actedOnBehalfOf", gen, 3, inv, 2)  # 49
        yield from related("actedOnBehalfOf", start, 3, end, 2)

    def ordered(self) -> None:
        strict: dict[tuple[str, str], bool] = {}
        for before, after, how in self.orders():
            strict[before, after] = strict.get((before, after), False) or how
        events = {event for pair in strict for event in pair}
        for middle, first, last in itertools.product(events, repeat=3):
            one, other = strict.get((first, middle)), strict.get((middle, last))
            if one is not None and other is not None:
                strict[first, last] = strict.get((first, last), False) or one or other
        if any(strict.get((event, event)) for event in events):
            raise InvalidError(42)

    # -- typing and impossibility

    def typed(self) -> Iterator[tuple[str, str]]:
        """Constraint 50."""
        places = {
            "entity": {1: "e"}, "activity": {1: "a"}, "agent": {1: "g"}, "used": {2: "a", 3: "e"},
            "wasGeneratedBy": {2: "e", 3: "a"}, "wasInformedBy": {2: "a", 3: "a"},
            "wasStartedBy": {2: "a", 3: "e", 4: "a"}, "wasEndedBy": {2: "a", 3: "e", 4: "a"},
            "wasInvalidatedBy": {2: "e", 3: "a"}, "wasDerivedFrom": {2: "e", 3: "e", 4: "a"},
            "wasAttributedTo": {2: "e", 3: "g"}, "wasAssociatedWith": {2: "a", 3: "g", 4: "e"},
            "actedOnBehalfOf": {2: "g", 3: "g", 4: "a"}, "alternateOf": {1: "e", 2: "e"},
            "specializationOf": {1: "e", 2: "e"}, "hadMember": {1: "e", 2: "e"},
        }  # fmt: skip
        for one in self.found:
            for place, type_ in places.get(one[0], {}).items():
                if one[place] != "-":
                    yield one[place], type_

    def possible(self) -> None:
        for _, _, _, _, a, g, u in self.of("wasDerivedFrom"):
            if a == "-" and {g, u} != {"-"}:
                raise InvalidError(51)
        if any(one == other for _, one, other in self.of("specializationOf")):
            raise InvalidError(52)
        named = {kind: {one[1] for one in self.of(kind)} for kind in _ELEVEN}
        for one, other in itertools.combinations(_NINE, 2):
            if named[one] & named[other]:
                raise InvalidError(53)
        for kind in ("entity", "activity", "agent"):
            mine = {one[1] for one in self.of(kind)}
            if any(mine & theirs for theirs in named.values()):
                raise InvalidError(54)
        typed = set(self.typed())
        if any((term, "a") in typed for term, type_ in typed if type_ == "e"):
            raise InvalidError(55)


def valid(statements: Iterable[Told]) -> bool:
    """Whether an instance is valid; attributes are not looked at."""
    chase = Chase(statements)
    try:
        chase.normalise()
        chase.ordered()
        chase.possible()
    except InvalidError:
        return False
    return True
