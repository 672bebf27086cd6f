"""Ways along the dataflow: which data sets stand between those that are asked for.

A transformation leads from each data set that it reads to each that it writes. All simple
paths from a source to a target count, as in DfAnalyzer: a row is joined along each of them, so
where elements came by one of two, include or exclude says which. Unlike there, a pair without a
path is refused and not multiplied.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kprov_rdf.builder.catalogue import Transformations
from kprov_rdf.builder.model import Query
from kprov_rdf.errors import InputError

_MAX_PATHS = 200
_MAX_STEPS = 20_000


@dataclass(frozen=True)
class Way:
    """Data sets and how they hang together.

    ``asked`` give rows. ``silent`` only lie between: that an element of them is there is all
    that is asked. ``pairs`` are neighbours.
    """

    asked: tuple[str, ...]
    silent: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()


def connect(query: Query, used: Sequence[str]) -> Way:
    """Data sets of the same run, whatever the dataflow says."""
    asked = tuple(dict.fromkeys([*query.source, *query.target, *query.include, *used]))
    wrong = [name for name in query.exclude if name in asked]
    if wrong:
        raise InputError(f"{wrong[0]} is excluded, and asked for as well.")
    return Way(_some(asked))


def _some(asked: tuple[str, ...]) -> tuple[str, ...]:
    if not asked:
        raise InputError(
            "Nothing is asked for. Name data sets or attributes, as in "
            "projection(otrainingmodel.epoch_id;otrainingmodel.loss)."
        )
    return asked


def find_way(query: Query, used: Sequence[str], transformations: Transformations) -> Way:
    """The way that a question takes. Raises ``InputError`` where there is none."""
    if bool(query.source) != bool(query.target):
        raise InputError("source(…) and target(…) go together; name the same set in both for one.")
    graph = _Graph(transformations)
    if query.source:
        pairs = [(one, other) for one in query.source for other in query.target]
        paths = []
        for one, other in pairs:
            found = list(graph.paths(one, other, query))
            if not found:
                raise graph.no_path(one, other, query)
            paths += found
    else:
        chosen = _some(tuple(dict.fromkeys([*used, *query.include])))
        paths = graph.between(chosen, query)
    on_way = list(dict.fromkeys(name for path in paths for name in path))
    away = [name for name in used if name not in on_way]
    if away:
        raise InputError(
            f"{away[0]} is asked for, but it lies on no path from {', '.join(query.source)} to "
            f"{', '.join(query.target)}, where there are {', '.join(on_way)}. Add it to source(…) "
            "or target(…), or leave both out."
        )
    between = dict.fromkeys(pair for path in paths for pair in pairwise(path))
    # Where nothing is said of what is wanted, sources and targets are.
    wanted = {*used} or {*query.source, *query.target}
    return Way(
        tuple(name for name in on_way if name in wanted),
        tuple(name for name in on_way if name not in wanted),
        tuple(between),
    )


class _Graph:
    def __init__(self, transformations: Transformations) -> None:
        self._transformations = transformations
        self._next: dict[str, list[str]] = {}
        for reads, writes in transformations.values():
            for one in reads:
                known = self._next.setdefault(one, [])
                known += [other for other in writes if other not in known and other != one]

    def paths(self, source: str, target: str, query: Query) -> Iterator[list[str]]:
        """All simple paths that have all that is included and nothing that is excluded."""
        steps = count = 0
        stack = [[source]] if source not in query.exclude else []
        useful = self._leading_to(target)
        while stack:
            path = stack.pop()
            steps += 1
            if path[-1] == target:
                if set(query.include) <= set(path):
                    count += 1
                    yield path
            else:
                following = [
                    name
                    for name in self._next.get(path[-1], ())
                    if name in useful and name not in path and name not in query.exclude
                ]
                stack += [[*path, name] for name in reversed(following)]
            if steps > _MAX_STEPS or count > _MAX_PATHS:
                raise InputError(
                    f"There are too many paths from {source} to {target}. Take some out with "
                    "exclude(…)."
                )

    def _leading_to(self, target: str) -> set[str]:
        before: dict[str, list[str]] = {}
        for one, following in self._next.items():
            for other in following:
                before.setdefault(other, []).append(one)
        return _reached(before, target)

    def between(self, chosen: Sequence[str], query: Query) -> list[list[str]]:
        """The paths that hold all of the chosen sets, from the first of them to the last."""
        if len(chosen) == 1:
            return [list(chosen)]
        after = {name: _reached(self._next, name) - {name} for name in chosen}
        first = [n for n in chosen if not any(n in after[o] and o not in after[n] for o in chosen)]
        last = [n for n in chosen if not any(o in after[n] and n not in after[o] for o in chosen)]
        found = [
            path
            for one in first
            for other in last
            if one != other
            for path in self.paths(one, other, query)
        ]
        covered = {name for path in found for name in path}
        for name in chosen:
            if name not in covered:
                rest = next(other for other in chosen if other != name)
                raise self.no_path(name, rest, query)
        _one_piece(found, chosen)
        return found

    def no_path(self, one: str, other: str, query: Query) -> InputError:
        """What to say where no path leads from the one to the other."""
        limits = [
            f"{word} {', '.join(names)}"
            for word, names in (("including", query.include), ("excluding", query.exclude))
            if names
        ]
        why = f" {' and '.join(limits)}" if limits else ""
        both = [set(self._next.get(name, ())) for name in (one, other)]
        reached = both[0] & both[1] - {one, other}
        hint = (
            f"Both lead to {', '.join(sorted(reached))}: add that as a target. "
            if reached and not limits
            else ""
        )
        return InputError(
            f"No path of the dataflow leads from {one} to {other}{why}, so their elements cannot "
            f"be joined. {hint}To join all elements of the same run, use mapping(RUN)."
        )


def _reached(following: dict[str, list[str]], start: str) -> set[str]:
    found, stack = {start}, [start]
    while stack:
        for name in following.get(stack.pop(), ()):
            if name not in found:
                found.add(name)
                stack.append(name)
    return found


def _one_piece(paths: Iterable[list[str]], chosen: Sequence[str]) -> None:
    beside: dict[str, list[str]] = {}
    for path in paths:
        for one, other in pairwise(path):
            beside.setdefault(one, []).append(other)
            beside.setdefault(other, []).append(one)
    apart = [name for name in chosen if name not in _reached(beside, chosen[0])]
    if apart:
        raise InputError(
            f"No path of the dataflow leads from {chosen[0]} to {apart[0]}, so their elements "
            "cannot be joined. To join all elements of the same run, use mapping(RUN)."
        )
