"""What the epochs of one run reported: read from its record once, then followed as it grows."""

import math
from bisect import insort
from collections.abc import Iterable, Iterator
from typing import cast

import pyoxigraph as ox

from kprov_capture.terms import RDF_TYPE, XSD_NAMESPACE, Dnnprov
from kprov_rdf import resources
from kprov_rdf.store import LocalStore, select

_EPOCHS = resources.texts("summaries", ".rq")["epochs.rq"]
_TYPE, _EPOCH = ox.NamedNode(RDF_TYPE), ox.NamedNode(Dnnprov.epoch)
_REPORT = ox.NamedNode(Dnnprov.oTraining)
_INTEGER = ox.NamedNode(f"{XSD_NAMESPACE}integer")
_NUMBERS = {_INTEGER, *(ox.NamedNode(XSD_NAMESPACE + n) for n in ("double", "float", "decimal"))}

Reported = tuple[int, float]
"""An epoch and the value that it reported."""


class Values:
    """The values of each metric by epoch; a statement that comes again changes nothing."""

    def __init__(self) -> None:
        self._epochs: dict[str, int] = {}
        self._reports: set[str] = set()
        self._values: dict[str, dict[str, float]] = {}
        self._counted: set[tuple[str, str]] = set()
        self._metrics: dict[str, list[Reported]] = {}

    @classmethod
    def read(cls, store: LocalStore, run: ox.NamedNode) -> "Values":
        """Those of a record."""
        found = cls()
        for row in select(store, _EPOCHS, {"run": run}):
            # The query gives IRIs, and numbers.
            report = cast(ox.NamedNode, row["metrics"]).value
            found._reports.add(report)
            found._number(report, cast(ox.NamedNode, row["metric"]), cast(ox.Literal, row["value"]))
        found._count(found._reports)
        return found

    def take(self, store: LocalStore, run: ox.NamedNode, subjects: Iterable[ox.NamedNode]) -> None:
        """Those of what the record says of these subjects, some of it perhaps since long ago."""
        for subject in subjects:
            said = list(store.about(subject, run))
            if not any(one.predicate == _TYPE and one.object == _REPORT for one in said):
                continue
            self._reports.add(subject.value)
            for one in said:
                if isinstance(one.object, ox.Literal) and one.object.datatype in _NUMBERS:
                    self._number(subject.value, one.predicate, one.object)
            self._count([subject.value])

    def _number(self, report: str, metric: ox.NamedNode, value: ox.Literal) -> None:
        if metric != _EPOCH:
            number = float(value.value.replace("INF", "inf"))
            self._values.setdefault(report, {})[metric.value] = number
        elif value.datatype == _INTEGER:
            self._epochs[report] = int(value.value)

    def _count(self, reports: Iterable[str]) -> None:
        for report in reports:
            if report not in self._epochs:
                continue
            for metric, value in self._values.pop(report, {}).items():
                if (report, metric) not in self._counted:
                    self._counted.add((report, metric))
                    pair = (self._epochs[report], value)
                    insort(self._metrics.setdefault(metric, []), pair, key=lambda one: one[0])

    def epochs(self) -> int:
        """How many epochs reported something."""
        return len({epoch for report, epoch in self._epochs.items() if report in self._reports})

    def metrics(self) -> Iterator[tuple[str, list[Reported]]]:
        """Each metric, and what was reported of it in the order of the epochs."""
        yield from sorted(self._metrics.items())


def mean(reported: Iterable[Reported]) -> float:
    """The mean of the values; NaN where one is."""
    values = [value for _, value in reported]
    try:
        return math.fsum(values) / len(values)
    except (OverflowError, ValueError):  # inf - inf, or beyond a double
        return sum(values) / len(values)


def lowest(reported: Iterable[Reported]) -> Reported | None:
    """The first of the lowest values; NaN is none."""
    return min(_real(reported), key=lambda one: (one[1], one[0]), default=None)


def highest(reported: Iterable[Reported]) -> Reported | None:
    """The first of the highest values; NaN is none."""
    return max(_real(reported), key=lambda one: (one[1], -one[0]), default=None)


def _real(reported: Iterable[Reported]) -> Iterator[Reported]:
    return (one for one in reported if not math.isnan(one[1]))
