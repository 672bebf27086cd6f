"""One run: its metrics as arrays, its settings, and what happened to it."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex

from kprov_rdf import query, resources
from kprov_rdf.analysis import asking, display, epochs, recorded
from kprov_rdf.analysis.needed import package
from kprov_rdf.analysis.result import Result
from kprov_rdf.analysis.rows import Value
from kprov_rdf.analysis.snapshot import Opened
from kprov_rdf.errors import InputError, NotFoundError
from kprov_rdf.parameters import at_best
from kprov_rdf.runs import RunInfo

if TYPE_CHECKING:
    import numpy as np
    import pandas
    from matplotlib.axes import Axes


class Best(NamedTuple):
    """The best value of a metric, and the epoch that reported it."""

    epoch: int
    value: float


class Run:
    """A run as it was when the store was opened.

    ``iri``, ``id``, ``short`` (the last 8 digits), ``tag``, ``status``, ``started`` and
    ``ended`` (with zones), ``seconds``, ``optimizer`` and ``planned`` (epochs) are as ``kprov
    runs`` has them; what is not known is None.
    """

    def __init__(self, opened: Opened, info: RunInfo) -> None:
        self._opened, self.info = opened, info
        self.iri, self.id, self.short, self.tag = info.iri, info.id, info.short, info.tag
        self.status, self.started, self.ended = info.status, info.started, info.ended
        self.seconds, self.optimizer, self.planned = info.seconds, info.optimizer, info.planned

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and other.iri == self.iri

    def __hash__(self) -> int:
        return hash(self.iri)

    @cached_property
    def _epochs(self) -> epochs.Epochs:
        return epochs.read(self._opened.store, self.iri)

    @property
    def epochs(self) -> "np.ndarray[Any, Any]":
        """Numbers of the epochs that ended, from 0; shape (n,)."""
        numpy = package("numpy", "An array of epochs")
        found: np.ndarray[Any, Any] = numpy.array(self._epochs.numbers, "int64")
        return found

    @cached_property
    def metrics(self) -> Mapping[str, "np.ndarray[Any, Any]"]:
        """The values of each metric, by the name that the framework gave it.

        An array has shape (n,), a value for each of ``epochs``, NaN where it was not reported.
        """
        return {name: self[name] for name in self._epochs.metrics}

    @property
    def history(self) -> dict[str, list[float]]:
        """What Keras' ``History.history`` has: only the values that were reported, in order.

        Without the learning rate that some callbacks put there: it is ``run["learning_rate"]``.
        """
        return {name: [y for _, y in self._epochs.points(name)] for name in self._epochs.metrics}

    def points(self, name: str) -> list[tuple[int, float]]:
        """Epochs and values of a metric, only of epochs that reported it.

        ``learning_rate`` and ``elapsed_time`` (seconds) count as metrics here. Raises
        ``NotFoundError`` for another name.
        """
        if self._epochs.values(name) is None:
            known = ", ".join([*self._epochs.metrics, *self._epochs.told])
            raise NotFoundError(
                f"The run {self.short} reported no metric {name!r}; it has {known}."
            )
        return list(self._epochs.points(name))

    def __getitem__(self, name: str) -> "np.ndarray[Any, Any]":
        """The values of a metric, the ``learning_rate`` or the ``elapsed_time`` of each epoch."""
        told = dict(self.points(name))
        values = [told.get(number, math.nan) for number in self._epochs.numbers]
        found: np.ndarray[Any, Any] = package("numpy", "An array").array(values, "float64")
        return found

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._epochs.values(name) is not None

    __iter__ = None  # or Python would take the metrics for a sequence

    def to_pandas(self) -> "pandas.DataFrame":
        """A row an epoch, which is the index; columns are the rate, the duration and the metrics.

        Raises ``UnsupportedError`` where pandas is not installed.
        """
        pandas = package("pandas", "A data frame")
        columns = {name: self[name] for name in (*self._epochs.told, *self._epochs.metrics)}
        return pandas.DataFrame(columns, index=pandas.Index(self.epochs, name="epoch"))

    def best(self, metric: str = "val_loss", mode: str = "auto") -> Best:
        """The best finite value of a metric, of several equal ones the first.

        ``mode`` is ``min``, ``max``, or ``auto``: what the name of the metric says, as in the
        question ``best``. Raises ``NotFoundError`` where there is no value, ``InputError`` for
        another mode.
        """
        if mode not in ("auto", "min", "max"):
            raise InputError(f"mode is min, max or auto; found {mode!r}.")
        greater = (at_best(metric) if mode == "auto" else mode) == "max"
        finite = [Best(x, y) for x, y in self.points(metric) if math.isfinite(y)]
        if not finite:
            raise NotFoundError(f"The run {self.short} has no finite value of {metric!r} yet.")
        return (max if greater else min)(finite, key=lambda one: one.value)

    @cached_property
    def settings(self) -> dict[str, Value]:
        """What the training began with, by the names that Keras or the user gave."""
        return recorded.settings(self._opened.store, self.iri)

    def table(self, name: str) -> Result:
        """The answer to a question of the catalogue that is about one run, as ``layers``."""
        return asking.rows(self._opened, query.find(name), self.iri)

    adaptations = property(
        lambda self: self.table("adaptations"), doc="What was changed, when, by what, and why."
    )
    tests = property(lambda self: self.table("tests"), doc="What ``evaluate`` reported.")
    layers = property(lambda self: self.table("layers"), doc="The layers of the network.")
    data = property(lambda self: self.table("data"), doc="The data that it used.")
    files = property(lambda self: self.table("files"), doc="The files that it wrote.")

    @property
    def environment(self) -> Result:
        """Python, the operating system, hardware, and the packages that were imported."""
        text = resources.texts("analysis", ".rq")["environment.rq"]
        return asking.rows(self._opened, query.parse("environment", text), self.iri)

    def series(self, name: str | None = None) -> Mapping[str, "np.ndarray[Any, Any]"]:
        """Values per batch (``batches``) or of the load (``system``), as arrays by column.

        Raises ``NotFoundError`` where there are none, or the file is not where it was.
        """
        return recorded.series(self._opened, self.iri, name)

    def plot(
        self, *metrics: str, ax: "Axes | None" = None, adaptations: bool = True, best: bool = True
    ) -> "Axes":
        """Draw metrics over the epochs: ``loss`` and ``val_loss`` unless others are named.

        Changes of the learning rate are marked, and the best epoch of the last metric. Gives
        the axes, which are ``ax`` where that is given. Raises ``UnsupportedError`` where
        matplotlib is not installed.
        """
        from kprov_rdf.analysis import plots

        return plots.plot(self, metrics, ax, adaptations=adaptations, best=best)

    def __repr__(self) -> str:
        return display.line(self)

    def _repr_html_(self) -> str:
        return display.page(self)


class RunList(list[Run]):
    """Runs, as a list that a notebook shows as a table."""

    def __getitem__(self, index: SupportsIndex | slice) -> Any:
        found = super().__getitem__(index)
        return RunList(found) if isinstance(found, list) else found

    def to_pandas(self) -> "pandas.DataFrame":
        """A row a run: what ``kprov runs`` lists. The settings are in ``run.settings``."""
        return display.listing(self).to_pandas()

    def _repr_html_(self) -> str:
        return display.table(self)
