"""The values that a tracker logged of one training: by epochs, with their rates, or by other steps.

An epoch lasts from when the one before was logged until it was logged itself: trackers tell no
more. A rate is the one that was logged with the epoch.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kprov_capture.identity import Names
from kprov_capture.nquads import Iri, Value, as_double
from kprov_capture.series import Series
from kprov_capture.statements import property_for
from kprov_capture.terms import RDFS_LABEL, SETTINGS, Dnnprov, Prov
from kprov_rdf.exchange.foreign.names import RATE, same_rate
from kprov_rdf.exchange.statements import Statements

if TYPE_CHECKING:
    from kprov_rdf.exchange.foreign.training import Point

POINTS_A_LITERAL = 10_000


class Local:
    """The names of one training: what a run of kprov's own has as fragments of its graph."""

    def __init__(self, says: Statements, key: str) -> None:
        self.says = says
        self.key = key
        self._shared = Names("", says.base)
        self._metrics: dict[str, str] = {}

    def __call__(self, *parts: object) -> Iri:
        return self.says.name("run", self.key, *parts)

    def metric(self, name: str) -> str:
        """The property for a metric, declared where the ontology does not have it."""
        if name not in self._metrics:
            self._metrics[name] = property_for(self._shared, self.says, "metric", name)
        return self._metrics[name]


class Epochs:
    """The epochs of one training.

    ``values`` are the points of each epoch by number and metric, as logged, ``start`` is when the
    training began. ``settings`` are those that it began with, of which the rate is the first one
    logged where the tracker tells no other.
    """

    def __init__(
        self,
        local: Local,
        series: Mapping[str, Sequence["Point"]],
        start: datetime | None,
        settings: Mapping[str, Value],
    ) -> None:
        self.local = local
        self.values: dict[int, dict[str, list[Point]]] = defaultdict(dict)
        for name, points in series.items():
            for point in points:
                self.values[point.step].setdefault(name, []).append(point)
        self.numbers = sorted(self.values)
        self.rates = {point.step: as_double(point.value) for point in series.get(RATE, ())}
        self.settings = dict(settings)
        if RATE not in settings and self.rates:
            self.settings[RATE] = self.rates[min(self.rates)]
        self._times = dict(self._spans(start))

    def _spans(
        self, start: datetime | None
    ) -> Iterator[tuple[int, tuple[datetime | None, datetime | None]]]:
        """When each epoch began and ended; none begins before the one before it ended."""
        for number in self.numbers:
            logged = [one.time for many in self.values[number].values() for one in many if one.time]
            end = max(logged, default=None)
            if start and end:
                end = max(start, end)
            yield number, (start, end)
            start = end or start

    def say(self, tool: str) -> dict[str, Series]:
        """Say the epochs, and the adaptations of the rate; gives what is to be summed up."""
        summed: dict[str, Series] = defaultdict(Series)
        config, rate = 0, self.settings.get(RATE)
        for place, number in enumerate(self.numbers):
            new = self.rates.get(number)
            if new is not None and isinstance(rate, float) and not same_rate(rate, new):
                config += 1
                before = self.numbers[place - 1] if place else None
                self._adaptation(config, number, before, rate, new, tool)
                rate = new
            self._epoch(number, config)
            for name, points in self.values[number].items():
                if name != RATE:
                    summed[name].add(points[-1].value, number)
        return summed

    def _epoch(self, number: int, config: int) -> None:
        local, says = self.local, self.local.says
        activity, reported = local(f"epoch-{number}"), local(f"metrics-{number}")
        started, ended = self._times[number]
        says.node(
            activity,
            (Dnnprov.EpochExecution, Prov.Activity),
            (Dnnprov.partOfTraining, local("training")),
            (Prov.wasInformedBy, local("training")),
            (Prov.used, local(f"config-{config}")),
            (Prov.startedAtTime, started if ended else None),
            (Prov.endedAtTime, ended),
        )
        elapsed = (ended - started).total_seconds() if started and ended else None
        found = self.values[number]
        says.node(
            reported,
            (Dnnprov.oTraining, Prov.Entity),
            (Prov.wasGeneratedBy, activity),
            (Dnnprov.epoch, number),
            (Dnnprov.elapsedTime, elapsed),
            (Dnnprov.learningRate, self.rates.get(number)),
            *(
                (local.metric(name), as_double(points[-1].value))
                for name, points in found.items()
                if name != RATE
            ),
        )
        self._particulars(reported, found, ended)

    def _particulars(
        self, reported: Iri, found: Mapping[str, Sequence["Point"]], ended: datetime | None
    ) -> None:
        """Keep when each metric was logged where they differ, and values that were logged again."""
        says = self.local.says
        times = {
            name: points[-1].time.isoformat()
            for name, points in found.items()
            if points[-1].time is not None and points[-1].time != ended
        }
        again = {name: series(points[:-1]) for name, points in found.items() if len(points) > 1}
        if times:
            says.json(reported, says.property("attribute", "logged at"), times)
        if again:
            says.json(reported, says.property("attribute", "logged before"), again)

    def _adaptation(
        self, config: int, epoch: int, before: int | None, old: float, new: float, tool: str
    ) -> None:
        """The rate of ``epoch`` is another: a tracker does not tell what changed it."""
        local, says = self.local, self.local.says
        activity, after = local(f"adaptation-{config}"), local(f"config-{config}")
        revised = local(f"config-{config - 1}")
        at = self._times[epoch][0]
        says.node(
            activity,
            (Dnnprov.Adaptation, Prov.Activity),
            (Dnnprov.partOfExecution, local("execution")),
            (Dnnprov.ofTransformation, local("dataflow", "adaptation")),
            (Dnnprov.adapts, local("training")),
            (Dnnprov.technique, "unknown"),
            (Dnnprov.reason, f"{tool} logged another rate, and not what changed it"),
            (Prov.used, revised),
            (Prov.wasInformedBy, None if before is None else local(f"epoch-{before}")),
            (Prov.startedAtTime, at),
            (Prov.endedAtTime, at),
        )
        says.node(
            after,
            (Dnnprov.iTraining, Dnnprov.oAdaptation, Prov.Collection, Prov.Entity),
            (Prov.wasGeneratedBy, activity),
            (Prov.wasDerivedFrom, revised),
            (Prov.wasRevisionOf, revised),
            (Dnnprov.epoch, epoch),
            (Dnnprov.adaptedProperty, Iri(SETTINGS[RATE])),
            (Dnnprov.oldValue, old),
            (Dnnprov.newValue, new),
            (SETTINGS[RATE], new),
            (Dnnprov.optimizerName, self.settings.get("optimizer_name")),
        )
        says.link(local("training"), Prov.wasInformedBy, activity)
        says.link(local("training"), Prov.used, after)


def series(points: Sequence["Point"]) -> dict[str, list[Any]]:
    """Points as an object of JSON: the lists steps, values and, where there are any, times."""
    found: dict[str, list[Any]] = {
        "steps": [one.step for one in points],
        "values": [as_double(one.value) for one in points],
    }
    if any(one.time for one in points):
        found["times"] = [one.time.isoformat() if one.time else None for one in points]
    return found


def say_series(local: Local, name: str, points: Sequence["Point"]) -> Series:
    """Keep values that were not logged by epochs, such as those of batches.

    No node a value: the entity of the series has them as rdf:JSON of at most 10,000 points each,
    which has their steps, and the summary of the run has the minimum, the maximum and the mean.
    """
    says, iri = local.says, local("series", name)
    says.node(
        iri,
        (Prov.Entity,),
        (RDFS_LABEL, name),
        (Prov.wasGeneratedBy, local("training")),
    )
    for begin in range(0, len(points), POINTS_A_LITERAL):
        part = series(points[begin : begin + POINTS_A_LITERAL])
        says.json(iri, says.property("attribute", "series"), part)
    summed = Series()
    for point in points:
        summed.add(point.value, point.step)
    return summed
