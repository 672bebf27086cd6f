"""The blank nodes of two documents that stand for the same: found by what is said of them.

Of each variable a colour is computed from the statements that it is in, round by round from the
colours of the others (Weisfeiler and Leman, 1968). Where one document is the other with its
blank nodes renamed, a statement needs to be looked for only among those of its colours.
"""

from collections import defaultdict
from collections.abc import Iterator

from kprov_rdf.dm.model import ABSENT
from kprov_rdf.validate.closures import Budget
from kprov_rdf.validate.facts import Bound, Pattern, bind

# A change further away than this many statements does not change a colour.
_ROUNDS = 16
# Steps of one search, which there is another one behind.
_MOST_STEPS = 200_000
_Colours = dict[int, int]


class Twins:
    """Statements of another document, as those of one (``mine``) are looked for among them."""

    def __init__(self, mine: list[Pattern], theirs: list[Pattern]) -> None:
        self._colours = _coloured(mine, theirs)
        self._theirs = theirs
        self._by_colour: dict[int, list[int]] = defaultdict(list)
        self._by_term: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        for row, pattern in enumerate(theirs):
            colour = _colour(pattern, self._colours[1])
            self._by_colour[colour].append(row)
            for place, term in enumerate(_terms(pattern)):
                if term < ABSENT:
                    self._by_term[colour, place, term].append(row)
        self.budget = Budget(_MOST_STEPS)

    def candidates(self, pattern: Pattern) -> int:
        """How many statements have the colours of one."""
        return len(self._by_colour.get(_colour(pattern, self._colours[0]), ()))

    def matches(self, pattern: Pattern, bound: Bound) -> Iterator[Bound]:
        """The ways to find a statement, as ``Facts.matches`` gives them."""
        colour = _colour(pattern, self._colours[0])
        terms = _terms(pattern)
        best = self._by_colour.get(colour, [])
        for place, term in enumerate(terms):
            if term in bound:
                rows = self._by_term.get((colour, place, bound[term]), [])
                best = rows if len(rows) < len(best) else best
        for row in best:
            self.budget.spend()
            other = _terms(self._theirs[row])
            if self._theirs[row].kind == pattern.kind and len(other) == len(terms):
                new = bind(terms, other, bound)
                if new is not None:
                    yield new


def _terms(pattern: Pattern) -> tuple[int, ...]:
    """The terms of a statement, and its attributes, those with variables last, by their names."""
    pairs = sorted(pattern.attributes, key=lambda pair: (pair[1] < ABSENT, pair))
    return (*pattern.terms, *(one for pair in pairs for one in pair))


def _colour(pattern: Pattern, colours: _Colours) -> int:
    """What a statement looks like with the colours of its variables in their place."""
    terms = tuple([colours[one] if one < ABSENT else one for one in pattern.terms])
    pairs = frozenset((name, colours.get(value, value)) for name, value in pattern.attributes)
    return hash((pattern.kind, terms, pairs))


def _coloured(*documents: list[Pattern]) -> tuple[_Colours, ...]:
    """The colours of the variables of each document, which can be compared."""
    found = tuple(
        {variable: 0 for pattern in patterns for variable in pattern.variables}
        for patterns in documents
    )
    places = [
        [
            (
                pattern,
                [(place, term) for place, term in enumerate(_terms(pattern)) if term < ABSENT],
            )
            for pattern in patterns
        ]
        for patterns in documents
    ]
    before = 1
    for _ in range(_ROUNDS):
        for colours, rows in zip(found, places, strict=True):
            more: dict[int, int] = defaultdict(int)
            for pattern, variables in rows:
                colour = _colour(pattern, colours)
                for place, variable in variables:
                    at = place if place < len(pattern.terms) else -1
                    more[variable] += hash((colour, at))
            for variable, added in more.items():
                colours[variable] = hash((colours[variable], added))
        now = sum(len(set(colours.values())) for colours in found)
        if now == before:
            break
        before = now
    return found
