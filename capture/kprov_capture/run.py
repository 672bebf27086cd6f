"""Run: the framework-neutral recorder of one training and what goes before and follows it.

An adapter (``kprov_capture.keras``) calls it with raw values. On the calling
thread that is one queue put; see :mod:`kprov_capture.record`.
"""

import math
import operator
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kprov_capture import (
    display,
    guard,
    statements,
    statements_change,
    statements_data,
    statements_model,
)
from kprov_capture.dataflow import Dataflow
from kprov_capture.facts import (
    Change,
    Dataset,
    Earlier,
    Ending,
    Layer,
    Rule,
    Stop,
)
from kprov_capture.measured import Measured
from kprov_capture.model_files import ModelFiles
from kprov_capture.nquads import Value
from kprov_capture.prepared import Prepared
from kprov_capture.record import active, writer
from kprov_capture.series import Series
from kprov_capture.workers import Worker

# The time that a training waits at its end for its last batches to be written: what
# follows may end the process without a word.
_END_SECONDS = 2.0


_UNENDED = {True: "RUNNING", False: "before its training"}


class Run(Prepared, ModelFiles, Measured):
    """One run: an execution of a dataflow with one training.

    ``dataflow_tag`` names what is trained, or is the specification of the dataflow;
    ``home`` is the state folder. See :class:`kprov_capture.record.Record` for both.
    """

    def __init__(
        self,
        dataflow_tag: str | Dataflow,
        *,
        home: str | os.PathLike[str] | None = None,
        backend: str | None = None,
        campaign: str | None = None,
        dataflow: Dataflow | None = None,
    ) -> None:
        self._optimizer: Value | None = None
        self._series: dict[str, Series] = {}
        self._seconds: list[float] = []
        # Local names of the data by role, and of the models that it began with.
        self._data: dict[str, list[str]] = {"train": [], "val": [], "test": []}
        self._pretrained: tuple[str, ...] = ()
        # What a notebook shows, of the last epoch and the last adaptation.
        self._rate: float | None = None
        self._change: Change | None = None
        super().__init__(
            dataflow_tag, home=home, backend=backend, campaign=campaign, dataflow=dataflow
        )

    def __repr__(self) -> str:
        return display.line(self._shown())

    @guard.guarded("show the run")
    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return display.html(self._shown())

    def _shown(self) -> display.Shown:
        """What the writer thread has come to; it goes on meanwhile."""
        status = self._status
        if status is None:
            status = self._default_status if self.closed else _UNENDED[self.has_training]
        return display.Shown(
            self.id,
            self.names.run,
            self.tag,
            display.relative(self.home),
            status,
            len(self._seconds),
            self._rate,
            self._change,
            # Copied at once: a metric may come that was not there before, yet without a value.
            {name: one for name, one in self._series.copy().items() if one.values},
        )

    # -- on the calling thread: hand over raw values

    def start_training(
        self,
        settings: Mapping[str, Value],
        after: Earlier | None = None,
        *,
        rules: Sequence[Rule] = (),
        pretrained: Sequence[str] = (),
    ) -> None:
        """The training begins. ``settings`` are hyperparameters by Keras's names.

        Call :meth:`dataset` for its data before. ``after`` is what an earlier training
        left of the model, where there was one; ``rules`` are its callbacks; ``pretrained``
        what :meth:`model_read` gave for the files that its weights come from.
        """
        self.has_training = True
        self._pretrained = tuple(pretrained)
        started = self.now()
        self._optimizer = settings.get("optimizer_name")
        self.tell(
            statements.training_started, self.plan, started, dict(settings),
            self._data["train"][:], self._data["val"][:], rules, self._pretrained,
        )  # fmt: skip
        if after is not None:
            self.tell(statements_change.continued, self.plan, started, after)
        self.ask_environment()

    def architecture(
        self,
        layers: Sequence[Layer],
        parameters: int | None = None,
        trainable: int | None = None,
    ) -> None:
        """The layers of the model, how many weights it has, and how many of them can change."""
        self.tell(statements_model.architecture, layers, parameters, trainable)

    def workers(self, worker: Worker) -> None:
        """The training is one of several processes; of one that is alone nothing is said."""
        if worker.count > 1 and worker.rank is not None:
            self.tell(statements_data.workers, worker.count, worker.rank)

    def dataset(
        self,
        role: str,
        data: Dataset,
        arrays: Mapping[str, Any] | None = None,
        source: Any = None,
    ) -> None:
        """Data in the role train, val or test; ``arrays`` are hashed in the background.

        ``source`` is the object that was given to the training, or a tuple of them: where
        a step of the preparation made it, the data are derived from what that made.
        """
        self._data[role].append(data.local)
        self.tell(statements_data.dataset, data)
        if self._steps is not None and self._mine():
            self._steps.follow(data.local, source)
        self.hash_arrays(data.local, arrays or {})

    def epoch(
        self,
        number: int,
        started: float,
        ended: float,
        elapsed: float,
        rate: float | None,
        config: int,
        metrics: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], Mapping[str, float] | None] | None = None,
    ) -> None:
        """An epoch ended.

        Times by :meth:`now`, ``elapsed`` in seconds; the rate in force, and the number
        of the configuration in force: 0, or that of the adaptation that generated it.
        ``read``, called in the background, tells what of ``metrics`` are numbers.
        Raises ``TypeError`` for a number that is none: IRIs are made of it.
        """
        self._put(
            self._write_epoch, operator.index(number), started, ended, elapsed, rate, config,
            metrics, read,
        )  # fmt: skip
        if self._batches is not None:
            self._batches.epoch_ended(number)

    def adaptation(self, change: Change) -> None:
        """A setting changed; changes are numbered from 1."""
        self._change = change
        self.tell(statements_change.adaptation, self.plan, change, self._optimizer)

    def end_training(
        self,
        status: str,
        error: str | None = None,
        *,
        stop: Stop | None = None,
        restored: tuple[int, str] | None = None,
    ) -> None:
        """The training ended as FINISHED, INTERRUPTED or FINISHED_WITH_ERROR.

        ``stop`` is the decision that ended it early. ``restored`` is the epoch whose
        weights the model was given back at the end, and what did that; call
        :meth:`checkpoint` for that epoch before.
        """
        self._end_series()
        back = None if restored is None else (self.number("restoration"), *restored)
        ending = Ending(
            self.now(), status, error, stop, back, self._pretrained, tuple(self._resumed)
        )
        self._put(self._write_training_end, ending, self._data["train"][:1])
        if self._mine():
            writer.flush(_END_SECONDS)

    def next_test_set(self) -> str:
        """The local name for the data of the next testing."""
        number = self.number("test-set")
        return "test-set" if number == 1 else f"test-set-{number}"

    def testing(
        self,
        started: float,
        ended: float,
        metrics: Mapping[str, float],
        local: str,
        model: str | None = None,
    ) -> None:
        """An evaluation on the data set ``local``: of ``model``, or of what the training left."""
        self._used = True
        self.tell(
            statements_data.testing, self.plan, self.number("testing"), started, ended, local,
            dict(metrics), model or self.model,
        )  # fmt: skip

    # -- on the writer thread: make statements and write them

    def _write_epoch(
        self,
        number: int,
        started: float,
        ended: float,
        elapsed: float,
        rate: float | None,
        config: int,
        given: Mapping[str, Any],
        read: Callable[[Mapping[str, Any]], Mapping[str, float] | None] | None,
    ) -> None:
        metrics = given if read is None else read(given) or {}
        self._seconds.append(elapsed)
        self._rate = rate
        for name, value in metrics.items():
            self._series.setdefault(name, Series()).add(value, number)
        self._append(
            statements.epoch(self.names, number, started, ended, elapsed, rate, config, metrics)
        )

    def _write_training_end(self, ending: Ending, datasets: Sequence[str]) -> None:
        self._status = ending.status
        self._append(
            statements_change.training_ended(
                self.names,
                ending,
                len(self._seconds),
                math.fsum(self._seconds) / len(self._seconds) if self._seconds else None,
                {name: series.summary() for name, series in self._series.items()},
                datasets,
            ),
            sync=True,
        )


def run_for_training(
    tag: str,
    *,
    home: str | os.PathLike[str] | None,
    backend: str,
    campaign: str | None,
) -> tuple[Run, bool]:
    """The active run where it has no training yet, and True; or a run of its own, and False.

    What is not given is as in the active record, where there is one.
    """
    around = active()
    if isinstance(around, Run) and around.claim():
        around._backend = around._backend or backend
        return around, True
    run = Run(
        tag,
        home=home or (around.home if around else None),
        backend=backend,
        campaign=campaign or (around.campaign if around else None),
    )
    return run, False
