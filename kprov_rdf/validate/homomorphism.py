"""Which statements of a document do not follow from another: a mapping of its variables.

A document follows from a normal form where its variables can be replaced by terms so that each
statement is there. Statements that share no variable are looked for by themselves, blocks of
those that do by going back (Dechter, 1990, graph-based backjumping) under a budget of steps.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator

from kprov_rdf.dm.model import ABSENT, PLACEHOLDER, Instance, Terms
from kprov_rdf.errors import LimitError
from kprov_rdf.validate.facts import Bound, Facts, Pattern
from kprov_rdf.validate.normal import NormalForm
from kprov_rdf.validate.twins import Twins


class Translation:
    """The numbers that the terms of one document have in another.

    A blank node becomes a negative number; a constant that the other does not have, one that
    none of its terms has.
    """

    def __init__(self, terms: Terms, other: Terms) -> None:
        known = {text: number for number, text in enumerate(other.text)}
        self._numbers = [
            -number if number in terms.variables else known.get(text, len(other) + number)
            for number, text in enumerate(terms.text)
        ]
        self._numbers[ABSENT] = self._numbers[PLACEHOLDER] = ABSENT

    def statements(self, instance: Instance) -> dict[Pattern, int]:
        """The statements of an instance, in the numbers of the other document, with their rows.

        Of equal ones only the first is there.
        """
        numbers = self._numbers
        found: dict[Pattern, int] = {}
        none: frozenset[tuple[int, int]] = frozenset()
        for kind, rows in instance.rows.items():
            for row, terms in enumerate(zip(rows.ids, *rows.columns, strict=True)):
                pairs = none
                if row in rows.attributes:
                    pairs = frozenset((numbers[n], numbers[v]) for n, v in rows.attributes[row])
                found.setdefault(Pattern(kind, tuple([numbers[one] for one in terms]), pairs), row)
        return found

    def pattern(self, own: Pattern) -> Pattern:
        """A statement whose terms have the numbers of their own document."""
        numbers = self._numbers
        terms = tuple([numbers[one] if one > ABSENT else one for one in own.terms])
        pairs = frozenset((numbers[n], numbers[v] if v > ABSENT else v) for n, v in own.attributes)
        return Pattern(own.kind, terms, pairs)


def lacking(
    patterns: list[Pattern], form: NormalForm, told: Iterable[Pattern] = ()
) -> list[Pattern]:
    """The statements that do not follow from a normal form, in their order.

    ``told`` are statements with variables that the normal form is known to have: blocks that
    are there with other names for the variables are then found soon. Of a block of statements
    that cannot all be true together, those are given that cannot be alone, or all.
    """
    facts = Facts(form)
    found: set[Pattern] = set()
    open_: list[Pattern] = []
    for pattern in patterns:
        if pattern.variables:
            open_.append(pattern)
        elif not _found(facts, pattern):
            found.add(pattern)
    twins = Twins(open_, list(told))
    for block in _blocks(open_):
        if not _renamed(block, twins) and not _mapped(block, facts):
            found.update([one for one in block if not _found(facts, one)] or block)
    return [pattern for pattern in patterns if pattern in found]


def _found(facts: Facts, pattern: Pattern) -> bool:
    return next(facts.matches(pattern, {}), None) is not None


def _blocks(patterns: list[Pattern]) -> list[list[Pattern]]:
    """The statements in groups that share variables."""
    parents: dict[int, int] = {}

    def top(variable: int) -> int:
        while parents.setdefault(variable, variable) != variable:
            parents[variable] = variable = parents[parents[variable]]
        return variable

    for pattern in patterns:
        first, *others = map(top, pattern.variables)
        for other in others:
            parents[top(other)] = top(first)
    found: dict[int, list[Pattern]] = defaultdict(list)
    for pattern in patterns:
        found[top(min(pattern.variables))].append(pattern)
    return list(found.values())


def _renamed(block: list[Pattern], twins: Twins) -> bool:
    """Whether a block is there with other variables; False where that takes too long to find."""
    if not all(map(twins.candidates, block)):
        return False
    try:
        return _mapped(block, twins)
    except LimitError:
        return False


def _mapped(block: list[Pattern], facts: Facts | Twins) -> bool:
    """Whether all statements of a block are there with the same terms for its variables."""
    order = _order(block, facts)
    level: dict[int, int] = {}
    for place, pattern in enumerate(order):
        for variable in pattern.variables:
            level.setdefault(variable, place)
    # The statements that decide of the variables of each, before its turn comes.
    above = [{level[v] for v in one.variables if level[v] < n} for n, one in enumerate(order)]
    bound: Bound = {}
    news: list[Bound] = []
    ways: list[Iterator[Bound]] = []
    guilty: list[set[int]] = []
    while len(news) < len(order):
        place = len(news)
        if place == len(ways):
            ways.append(facts.matches(order[place], bound))
            guilty.append(set(above[place]))
        new = next(ways[place], None)
        if new is not None:
            bound |= new
            news.append(new)
            continue
        if not guilty[place]:
            return False
        back = max(guilty[place])
        guilty[back] |= guilty[place] - {back}
        for undone in news[back:]:
            for variable in undone:
                del bound[variable]
        del news[back:], ways[back + 1 :], guilty[back + 1 :]
    return True


def _order(block: list[Pattern], facts: Facts | Twins) -> list[Pattern]:
    """The rarest statement first, then always one that has the fewest open variables."""
    having: dict[int, list[int]] = defaultdict(list)
    for place, pattern in enumerate(block):
        for variable in pattern.variables:
            having[variable].append(place)
    many = [facts.candidates(pattern) for pattern in block]
    open_ = [len(pattern.variables) for pattern in block]
    first = min(range(len(block)), key=lambda place: (many[place], open_[place]))
    heap = [(open_[first], many[first], first)]
    known: set[int] = set()
    done: dict[int, None] = {}
    while heap:
        _, _, place = heapq.heappop(heap)
        if place in done:
            continue
        done[place] = None
        for variable in block[place].variables - known:
            known.add(variable)
            for other in having[variable]:
                open_[other] -= 1
                if other not in done:
                    heapq.heappush(heap, (open_[other], many[other], other))
    return [block[place] for place in done]
