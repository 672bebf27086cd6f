"""Relations that are closed under rules (transitive, symmetric, reflexive), never listed in full.

What is asked of them is counted, so that no question takes for ever.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable

from kprov_rdf.errors import LimitError

# Candidates and links that are looked at: about a quarter of a minute.
MOST_STEPS = 2_000_000
# Of the closures that are kept, the terms together.
_MOST_KEPT = 1_000_000


class Budget:
    """The steps that may be taken; one more raises ``LimitError``."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._steps = self._left = steps

    def spend(self, steps: int = 1) -> None:
        self._left -= steps
        if self._left < 0:
            raise LimitError(
                f"Whether these documents say the same was not found in {self._steps:,} steps. "
                "That is so where many statements have blank nodes and little else, or where "
                "there are long chains of specializations. Give the blank nodes IRIs, or compare "
                "parts of the documents."
            )


class Closure:
    """A relation of terms, given by some of its pairs, and what follows of it.

    ``reflexive`` are the terms that it relates to themselves.
    """

    def __init__(
        self,
        pairs: Iterable[tuple[int, int]],
        budget: Budget,
        *,
        transitive: bool,
        symmetric: bool = False,
        reflexive: Collection[int] = (),
    ) -> None:
        self._budget = budget
        self._transitive, self._symmetric, self._reflexive = transitive, symmetric, reflexive
        self._after: dict[int, set[int]] = defaultdict(set)
        self._before = self._after if symmetric else defaultdict(set)
        for one, other in pairs:
            self._after[one].add(other)
            self._before[other].add(one)
        self._kept: dict[tuple[bool, int], set[int]] = {}
        self._size = 0

    def __contains__(self, pair: tuple[int, int]) -> bool:
        one, other = pair
        if other in self._after.get(one, ()) or (one == other and one in self._reflexive):
            return True
        return self._transitive and other in self._closed(one, True)

    def after(self, term: int) -> set[int]:
        """All that a term is related to."""
        return self._with_itself(term, True)

    def before(self, term: int) -> set[int]:
        """All that are related to a term."""
        return self._with_itself(term, False)

    def all_before(self, terms: Collection[int]) -> set[int]:
        """These, and all that are related to one of them."""
        found, todo = set(terms), list(terms)
        while todo:
            new = self._before.get(todo.pop(), set()) - found
            found |= new
            todo += new if self._transitive else ()
        self._budget.spend(len(found) + 1)
        return found

    def terms(self) -> list[int]:
        """All that are related to something."""
        return sorted({*self._after, *self._reflexive})

    def _with_itself(self, term: int, forward: bool) -> set[int]:
        found = self._closed(term, forward)
        return found | {term} if term in self._reflexive else found

    def _closed(self, term: int, forward: bool) -> set[int]:
        links = self._after if forward else self._before
        if not self._transitive:
            return links.get(term, set())
        kept = self._kept.get((forward, term))
        if kept is not None:
            return kept
        found: set[int] = set()
        todo = [term]
        while todo:
            new = links.get(todo.pop(), set()) - found
            found |= new
            todo += new
        self._budget.spend(len(found) + 1)
        self._size += len(found)
        if self._size > _MOST_KEPT:
            self._kept.clear()
            self._size = len(found)
        # All that are related to each other have one and the same set.
        for one in found if self._symmetric else (term,):
            self._kept[forward, one] = found
        return found
