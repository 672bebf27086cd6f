"""Run: the framework-neutral recorder of one training and what goes before and follows it.

An adapter (``kprov_capture.keras``) calls it with raw values. On the calling
thread that is one queue put; see :mod:`kprov_capture.record`.
"""

import math
import os
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from kprov_capture import guard, statements, statements_data
from kprov_capture.batches import Batches
from kprov_capture.facts import Change, Dataset, Layer
from kprov_capture.nquads import Value
from kprov_capture.record import Record, writer
from kprov_capture.series import Series
from kprov_capture.system import System

# The time that a training waits at its end for its last batches to be written: what
# follows may end the process without a word.
_END_SECONDS = 2.0


class Run(Record):
    """One run: an execution of a dataflow with one training.

    ``dataflow_tag`` names what is trained; ``home`` is the state folder. See
    :class:`kprov_capture.record.Record` for both.
    """

    def __init__(
        self,
        dataflow_tag: str,
        *,
        home: str | os.PathLike[str] | None = None,
        backend: str | None = None,
        campaign: str | None = None,
    ) -> None:
        self._optimizer: Value | None = None
        self._series: dict[str, Series] = {}
        self._seconds: list[float] = []
        self._datasets: list[str] = []
        self.has_training = False
        self._training_ended = False
        self._beginning = threading.Lock()
        self._batches: Batches | None = None
        self._system: System | None = None
        super().__init__(dataflow_tag, home=home, backend=backend, campaign=campaign)

    # -- on the calling thread: hand over raw values

    def start_training(
        self,
        settings: Mapping[str, Value],
        after: str | None = None,
    ) -> None:
        """The training begins. ``settings`` are hyperparameters by Keras's names.

        Call :meth:`dataset` for its data before. ``after`` is the IRI of the
        training that left the model in its present state, where there was one.
        """
        self.has_training = True
        datasets = tuple(self._datasets)
        self._put(self._write_training, self.now(), dict(settings), datasets, after)
        self.ask_environment()

    def architecture(self, layers: Sequence[Layer], parameters: int | None = None) -> None:
        """The layers of the model, and how many weights it has."""
        self.tell(statements.architecture, layers, parameters)

    def dataset(self, role: str, data: Dataset, arrays: Mapping[str, Any] | None = None) -> None:
        """Data in the role train, val or test; ``arrays`` are hashed in the background."""
        if role == "train":
            self._datasets.insert(0, data.local)
        elif role == "val":
            self._datasets.append(data.local)
        self.tell(statements_data.dataset, data)
        self.hash_arrays(data.local, arrays or {})

    def epoch(
        self,
        number: int,
        started: float,
        ended: float,
        elapsed: float,
        rate: float | None,
        config: int,
        metrics: Mapping[str, float],
    ) -> None:
        """An epoch ended.

        Times by :meth:`now`, ``elapsed`` in seconds; the rate in force, and the number
        of the configuration in force: 0, or that of the adaptation that generated it.
        """
        self._put(self._write_epoch, number, started, ended, elapsed, rate, config, metrics)
        if self._batches is not None:
            self._batches.epoch_ended(number)

    def batch(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """What was reported at a batch goes to ``series/{id}/batches.npy``.

        ``epoch`` and ``step`` count from 0. Any thread may call it, between
        :meth:`start_training` and :meth:`end_training`; it costs less than a microsecond.
        """
        batches = self._batches
        if batches is None:
            batches = self._begin_batches()
        if batches is not None:
            batches.add(epoch, step, metrics)

    @guard.guarded("record the metrics of a batch")
    def _begin_batches(self) -> Batches | None:
        with self._beginning:  # batches may come from several threads
            if self._batches is None and self._in_training("batch"):
                self._batches = Batches(self)
            return self._batches

    @guard.guarded("follow the load of the system")
    def follow_system(self, seconds: float) -> None:
        """Sample processor, memory and GPUs into ``series/{id}/system.npy`` till the training ends.

        Every ``seconds``, on a thread of its own. Call it after :meth:`start_training`.
        """
        if self._system is None and self._in_training("follow_system"):
            self._system = System(self, seconds)

    def _in_training(self, wanted: str) -> bool:
        if not self.has_training:
            raise RuntimeError(f"call start_training before {wanted}")
        return self._mine() and not self._training_ended

    def adaptation(self, change: Change) -> None:
        """The learning rate changed; changes are numbered from 1."""
        self._put(self._write_adaptation, change)

    def end_training(self, status: str, error: str | None = None) -> None:
        """The training ended as FINISHED, INTERRUPTED or FINISHED_WITH_ERROR."""
        self._end_series()
        self._put(self._write_training_end, self.now(), status, error)
        if self._mine():
            writer.flush(_END_SECONDS)

    def close(self, *, wait: bool = True) -> None:
        """End the execution. Harmless when repeated; nothing is recorded afterwards."""
        if self._mine():
            self._end_series()
        super().close(wait=wait)

    @guard.guarded("end the series of values")
    def _end_series(self) -> None:
        self._training_ended = True
        batches, self._batches = self._batches, None
        system, self._system = self._system, None
        for series in (batches, system):
            if series is not None:
                series.end(_END_SECONDS)

    def next_test_set(self) -> str:
        """The local name for the data of the next testing."""
        number = self.number("test-set")
        return "test-set" if number == 1 else f"test-set-{number}"

    def testing(
        self, started: float, ended: float, metrics: Mapping[str, float], local: str
    ) -> None:
        """An evaluation of the model on the data set ``local``."""
        number = self.number("testing")
        self.tell(statements_data.testing, self.plan, number, started, ended, local, dict(metrics))

    def model_file(self, started: float, ended: float, path: str) -> None:
        """The model was saved; the file is hashed in the background (see release_data)."""
        number = self.number("export")
        self.tell(statements_data.model_export, number, started, ended, path)
        self.hash_file(f"file-{number}", path)

    # -- on the writer thread: make statements and write them

    def _write_training(
        self,
        started: float,
        settings: dict[str, Value],
        datasets: Sequence[str],
        after: str | None,
    ) -> None:
        self._optimizer = settings.get("optimizer_name")
        self._append(
            statements.training_started(self.names, self.plan, started, settings, datasets, after)
        )

    def _write_epoch(
        self,
        number: int,
        started: float,
        ended: float,
        elapsed: float,
        rate: float | None,
        config: int,
        metrics: Mapping[str, float],
    ) -> None:
        self._seconds.append(elapsed)
        for name, value in metrics.items():
            self._series.setdefault(name, Series()).add(value, number)
        self._append(
            statements.epoch(self.names, number, started, ended, elapsed, rate, config, metrics)
        )

    def _write_adaptation(self, change: Change) -> None:
        self._append(statements.adaptation(self.names, self.plan, change, self._optimizer))

    def _write_training_end(self, ended: float, status: str, error: str | None) -> None:
        self._status = status
        self._append(
            statements.training_ended(
                self.names,
                ended,
                status,
                error,
                len(self._seconds),
                math.fsum(self._seconds) / len(self._seconds) if self._seconds else None,
                {name: series.summary() for name, series in self._series.items()},
                self._datasets[:1],
            ),
            sync=True,
        )
