"""What differs between two runs of a store, and from which epoch their metrics part.

Names are the ontology's, as ``kprov show`` prints them. When something was done, how long it took,
and under which id is no difference: the same training twice, with one seed, is the same.
"""

import math
import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import cast

from kprov_rdf.comparison.said import Facts, Said, Things, Value
from kprov_rdf.errors import NotFoundError
from kprov_rdf.runs import RunInfo, listing
from kprov_rdf.store import Store

_COUNTED = re.compile(r"_\d+\Z")


@dataclass(frozen=True)
class Difference:
    """A value that is not the same in both runs; None where one has none."""

    name: str
    a: Value
    b: Value


@dataclass(frozen=True)
class Section:
    """What differs of one subject, and how many values are the same.

    ``things`` is how many things those are of, where one thing has several: layers.
    """

    title: str
    differences: tuple[Difference, ...]
    same: int
    things: int | None = None


@dataclass(frozen=True)
class Parting:
    """A metric of both runs that differs from ``epoch`` on.

    ``a`` and ``b`` are its values there; ``largest`` is the largest difference in any epoch that
    both have, in epoch ``largest_epoch``.
    """

    metric: str
    epoch: int
    a: float
    b: float
    largest: float
    largest_epoch: int


@dataclass(frozen=True)
class Comparison:
    """Two runs. ``shared`` are the epochs of both, ``alike`` the metrics that never part."""

    a: RunInfo
    b: RunInfo
    tolerance: float
    sections: tuple[Section, ...]
    partings: tuple[Parting, ...]
    alike: tuple[str, ...]
    shared: tuple[int, ...]

    @property
    def same(self) -> bool:
        return not self.partings and not any(one.differences for one in self.sections)

    def as_json(self) -> dict[str, Value]:
        """Itself as an object of JSON; what JSON has no number for is a text, as XSD writes it."""
        found = {
            "same": self.same,
            "a": {"run": self.a.iri, "dataflow": self.a.tag},
            "b": {"run": self.b.iri, "dataflow": self.b.tag},
            "tolerance": self.tolerance,
            "sections": {
                one.title: {"same": one.same, "differences": [vars(d) for d in one.differences]}
                for one in self.sections
            },
            "metrics": {
                "epochs": list(self.shared),
                "alike": list(self.alike),
                "part": [vars(one) for one in self.partings],
            },
        }
        return cast(dict[str, Value], _finite(found))


def _finite(value: Value) -> Value:
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"
    return value


def compare(
    store: Store,
    run_a: str,
    run_b: str,
    tolerance: float = 0.0,
    living: Set[str] = frozenset(),
) -> Comparison:
    """Compare two runs, which are IRIs of graphs of the store; ``living`` those that go on.

    Metrics are the same where they differ by ``tolerance`` or less. Raises ``NotFoundError`` for
    what is no run.
    """
    a, b = (Said(store, _found(store, run, living)) for run in (run_a, run_b))
    sections = [
        _section("parameters", a.parameters(), b.parameters()),
        _layers(a.layers(), b.layers()),
        _nested("data", a.data(), b.data()),
        _section("code", a.code(), b.code()),
        _section("environment", a.environment(), b.environment()),
        _section("packages", a.packages(), b.packages()),
        _section("adaptations", a.adaptations(), b.adaptations()),
        _section("outcome", a.outcome(), b.outcome(), tolerance),
    ]
    mine, others = a.metrics(), b.metrics()
    shared = {epoch for one in mine.values() for epoch in one} & {
        epoch for one in others.values() for epoch in one
    }
    partings, alike = [], []
    for name in sorted(mine.keys() & others.keys()):
        found = _parting(name, mine[name], others[name], tolerance)
        partings += [found] if found else []
        alike += [] if found else [name]
    one, other = (dict.fromkeys(sorted(told), "reported") for told in (mine, others))
    sections.append(_section("metrics", one, other))
    partings.sort(key=lambda one: (one.epoch, one.metric))
    return Comparison(
        a.info, b.info, tolerance, tuple(sections), tuple(partings), tuple(alike),
        tuple(sorted(shared)),
    )  # fmt: skip


def _found(store: Store, run: str, living: Set[str]) -> RunInfo:
    found = listing(store, living, run)
    if not found:
        raise NotFoundError(f"{run} is no run of the store. 'kprov runs' lists all.")
    return found[0]


def _section(title: str, a: Facts, b: Facts, tolerance: float = 0.0) -> Section:
    found, same = [], 0
    for name in dict.fromkeys((*a, *b)):
        one, other = a.get(name), b.get(name)
        if _equal(one, other, tolerance):
            same += 1
        else:
            found.append(Difference(name, one, other))
    return Section(title, tuple(found), same)


def _equal(one: Value, other: Value, tolerance: float) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return _distance(one, other) <= tolerance
    return bool(one == other)


def _distance(one: float, other: float) -> float:
    """How far two values are apart; NaN is the same as NaN, and an infinity as itself."""
    if one == other or (math.isnan(one) and math.isnan(other)):
        return 0.0
    found = abs(one - other)
    return math.inf if math.isnan(found) else found


def _parting(
    name: str, mine: Mapping[int, float], others: Mapping[int, float], tolerance: float
) -> Parting | None:
    apart = {epoch: _distance(mine[epoch], others[epoch]) for epoch in mine.keys() & others.keys()}
    first = min((epoch for epoch, far in apart.items() if far > tolerance), default=None)
    if first is None:
        return None
    largest = max(sorted(apart), key=apart.__getitem__)
    return Parting(name, first, mine[first], others[first], apart[largest], largest)


def _layers(a: Things, b: Things) -> Section:
    """The layers of both by name; those that Keras counts, else, by class and order.

    In one process the second ``Dense`` without a name is ``dense_1``, in whichever model.
    """
    renamed: dict[str, str] = {}
    left = {name: one for name, one in b.items() if name not in a}
    for name in a:
        if name in b:
            continue
        stem = _COUNTED.sub("", name)
        match = next((x for x in left if _COUNTED.sub("", x) == stem), None)
        if match is not None:
            renamed[match] = name
            del left[match]
    ordered = {renamed.get(name, name): one for name, one in b.items()}
    section = replace(_nested("layers", a, ordered), things=len(a))
    order = [[x for x in one if x in a and x in ordered] for one in (a, ordered)]
    if order[0] == order[1]:
        return section
    moved = Difference("order", order[0], order[1])
    return replace(section, differences=(*section.differences, moved))


def _nested(title: str, a: Things, b: Things) -> Section:
    """What differs of things that have names: ``name.units`` is one fact of one that both have."""
    found: list[Difference] = []
    same = 0
    gone: list[str] = []
    for name in dict.fromkeys((*a, *b)):
        if name in a and name in b:
            inner = _section(title, a[name], b[name])
            same += inner.same
            found += (replace(one, name=f"{name}.{one.name}") for one in inner.differences)
        elif not name.startswith(tuple(gone)):
            gone += (f"{name}-", f"{name}.")  # its parts are not listed beside it
            found.append(Difference(name, a.get(name), b.get(name)))
    return Section(title, tuple(found), same)


def summary(sections: Iterable[Section]) -> str:
    """The subjects in which nothing differs, in a line."""
    return ", ".join(
        one.title if one.things is None else f"{one.title} ({one.things})"
        for one in sections
        if not one.differences and one.same
    )
