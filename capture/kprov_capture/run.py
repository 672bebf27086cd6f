"""Run: the framework-neutral recorder of one training and what goes before and follows it.

An adapter (``kprov_capture.keras``) calls it with raw values. On the calling
thread that is one queue put; see :mod:`kprov_capture.record`.
"""

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from kprov_capture import display, guard, statements, statements_data
from kprov_capture.facts import Change, Dataset, Layer
from kprov_capture.nquads import Value
from kprov_capture.record import Record, writer
from kprov_capture.series import Series

# The time that a training waits at its end for its last batches to be written: what
# follows may end the process without a word.
_END_SECONDS = 2.0
_UNENDED = {True: "RUNNING", False: "before its training"}


# Size and time of the last change, in ns.
FileState = tuple[int, int]


def file_state(path: str) -> FileState | None:
    """What a file that was written again since has otherwise; None where it cannot be told."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _relative(folder: os.PathLike[str]) -> str:
    try:
        return os.path.relpath(folder)
    except (OSError, ValueError):  # the working folder is gone, or on another drive
        return str(folder)


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
        # What a notebook shows, of the last epoch and the last adaptation.
        self._rate: float | None = None
        self._change: Change | None = None
        self.has_training = False
        # The number of the last export to each path, and the state of the file then.
        self.exported: dict[str, tuple[int, FileState | None]] = {}
        super().__init__(dataflow_tag, home=home, backend=backend, campaign=campaign)

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
            _relative(self.home),
            status,
            len(self._seconds),
            self._rate,
            self._change,
            # Copied at once: a metric may come that was not there before.
            self._series.copy(),
        )

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

    def adaptation(self, change: Change) -> None:
        """The learning rate changed; changes are numbered from 1."""
        self._put(self._write_adaptation, change)

    def end_training(self, status: str, error: str | None = None) -> None:
        """The training ended as FINISHED, INTERRUPTED or FINISHED_WITH_ERROR."""
        self._put(self._write_training_end, self.now(), status, error)
        if self._mine():
            writer.flush(_END_SECONDS)

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

    def model_file(self, started: float, ended: float, path: str, *, hashed: bool = True) -> int:
        """The model was saved; the file is hashed in the background (see release_data).

        Gives the number N of the export; the file is ``file-N``. With ``hashed=False`` the
        caller has it hashed, once it is finished.
        """
        number = self.number("export")
        self.exported[path] = number, file_state(path)
        self.tell(statements_data.model_export, number, started, ended, path)
        if hashed:
            self.hash_file(f"file-{number}", path)
        return number

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
        self._rate = rate
        for name, value in metrics.items():
            self._series.setdefault(name, Series()).add(value, number)
        self._append(
            statements.epoch(self.names, number, started, ended, elapsed, rate, config, metrics)
        )

    def _write_adaptation(self, change: Change) -> None:
        self._change = change
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
