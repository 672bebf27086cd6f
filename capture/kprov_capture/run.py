"""Run: the framework-neutral recorder of one training and what follows it.

An adapter (``kprov_capture.keras``) calls it with raw values. On the calling
thread that is one queue put; a background thread turns the values into
statements and appends them to the run's journal.
"""

import atexit
import contextlib
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kprov_capture import environment, fingerprint, guard, process, statements, statements_data
from kprov_capture import home as homes
from kprov_capture.background import Background, Ticket
from kprov_capture.facts import Change, Dataset, Layer
from kprov_capture.identity import Names, uuid7
from kprov_capture.journal import SUFFIX, Journal, header
from kprov_capture.nquads import Value
from kprov_capture.series import Series

_EXIT_SECONDS = 30.0
# The time that a training waits at its end for its last batches to be written: what
# follows may end the process without a word.
_END_SECONDS = 2.0

_open: set["Run"] = set()
_open_lock = threading.Lock()
_announced = False


def _steady() -> float:
    """Seconds on a clock that is never set; where there is one that counts sleep, that one."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def _heartbeat() -> None:
    for run in list(_open):
        with contextlib.suppress(OSError):  # its file was taken away; the others live on
            run._journal.touch()


_writer = Background("kprov-writer", _heartbeat, process.HEARTBEAT_SECONDS)
_helper = Background("kprov-helper")  # hashing and the environment: slow, and never in the way


def _close_all() -> None:
    """At the end of the process: close what is open, and wait until it is written."""
    for run in list(_open):
        run.close(wait=False)
    if not (_helper.flush(_EXIT_SECONDS) and _writer.flush(_EXIT_SECONDS)):
        guard.log.warning("kprov did not finish writing in time; the last records may be missing")


def _forget_all() -> None:
    """In a forked child: the runs are the parent's to record."""
    _open.clear()


def _close_with_worker() -> None:
    """A process of multiprocessing ends without atexit: it has finalizers of its own."""
    module = sys.modules.get("multiprocessing.util")
    parent = sys.modules.get("multiprocessing.process")
    if module is not None and parent is not None and parent.parent_process() is not None:
        module.Finalize(None, _close_all, exitpriority=10)


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


class Run:
    """One run: an execution of a dataflow with one training.

    ``dataflow_tag`` names what is trained; ``home`` is the state folder (found
    as ``kprov_capture.home.find`` says where it is not given). Opening a run
    creates the folder and the journal. Raises ``HomeError`` where that fails.
    """

    def __init__(
        self,
        dataflow_tag: str,
        *,
        home: str | os.PathLike[str] | None = None,
        backend: str | None = None,
    ) -> None:
        place = homes.create(homes.find(home))
        self.tag = dataflow_tag
        self.home: Path = place.path
        self.names = Names(uuid7(), place.base())
        # Times are a wall clock reading plus a steady clock, so that a clock that
        # is set back in mid-training makes no epoch end before it began.
        self._wall, self._steady = time.time(), _steady()
        self._journal = Journal(
            place.journal / f"{self.names.run_id}{SUFFIX}",
            header(self.names.run, process.describe()),
        )
        self._pid = os.getpid()
        self._optimizer: Value | None = None
        self._series: dict[str, Series] = {}
        self._seconds: list[float] = []
        self._testings = self._exports = self._test_sets = 0
        self._status: str | None = None
        self._datasets: list[str] = []
        self._tickets: list[Ticket] = []
        self._backend = backend
        self._environment_asked = False
        self.closed = False
        with _open_lock:
            if not _open:
                _close_with_worker()
            _open.add(self)
        self._put(self._write_opening, self.now())
        self._announce()

    @property
    def id(self) -> str:
        """The run's UUID. People and commands use its last 8 digits."""
        return self.names.run_id

    def _announce(self) -> None:
        """One line, for the first run of the process."""
        global _announced
        if not _announced:
            _announced = True
            # No working folder, no standard error: no reason not to record.
            with contextlib.suppress(OSError, ValueError, AttributeError):
                short, folder = self.id[-8:], os.path.relpath(self.home)
                line = f"kprov: recording run {short} in {folder} (kprov show {short})"
                print(line, file=sys.stderr)

    def now(self) -> float:
        """Seconds since 1970; never goes back within a run."""
        return self._wall + (_steady() - self._steady)

    # -- on the calling thread: hand over raw values

    def _mine(self) -> bool:
        """False after the run was closed, and in a forked child: the run is the parent's."""
        return not self.closed and os.getpid() == self._pid

    def _put(self, job: Callable[..., None], *args: Any) -> None:
        if self._mine():
            _writer.put(job, *args)

    def start_training(
        self,
        settings: Mapping[str, Value],
        after: str | None = None,
    ) -> None:
        """The training begins. ``settings`` are hyperparameters by Keras's names.

        Call :meth:`dataset` for its data before. ``after`` is the IRI of the
        training that left the model in its present state, where there was one.
        """
        self._put(self._write_training, self.now(), dict(settings), after)
        self._ask_environment()

    def _ask_environment(self) -> None:
        """After the data sets, which have to be hashed before they may change."""
        if not self._environment_asked and self._mine():
            self._environment_asked = True
            _helper.put(self._find_environment)
            _helper.put(self._find_code)

    def architecture(self, layers: Sequence[Layer], parameters: int | None = None) -> None:
        """The layers of the model, and how many weights it has."""
        self._put(self._write_architecture, layers, parameters)

    def dataset(self, role: str, data: Dataset, arrays: Mapping[str, Any] | None = None) -> None:
        """Data in the role train, val or test; ``arrays`` are hashed in the background."""
        self._put(self._write_dataset, role, data)
        if arrays and self._mine():
            ticket = Ticket()
            self._tickets.append(ticket)
            _helper.put(self._hash_dataset, data.local, dict(arrays), ticket)

    def release_data(self, seconds: float = 5.0) -> None:
        """Call it when data and files may change again: waits until they are hashed.

        What takes longer than ``seconds`` is recorded without a hash, since that
        might be of other data.
        """
        deadline = time.monotonic() + seconds
        for ticket in self._tickets:
            ticket.late = not ticket.done.wait(max(0.0, deadline - time.monotonic()))
        self._tickets.clear()

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
            _writer.flush(_END_SECONDS)

    def next_test_set(self) -> str:
        """The local name for the data of the next testing."""
        self._test_sets += 1
        return "test-set" if self._test_sets == 1 else f"test-set-{self._test_sets}"

    def testing(
        self, started: float, ended: float, metrics: Mapping[str, float], local: str
    ) -> None:
        """An evaluation of the model on the data set ``local``."""
        self._put(self._write_testing, started, ended, dict(metrics), local)

    def model_file(self, started: float, ended: float, path: str) -> None:
        """The model was saved; the file is hashed in the background (see release_data)."""
        if not self._mine():
            return
        self._exports += 1
        self._put(self._write_export, self._exports, started, ended, path)
        ticket = Ticket()
        self._tickets.append(ticket)
        _helper.put(self._hash_file, self._exports, path, ticket)

    def settle(self, seconds: float) -> bool:
        """Wait until all that was handed over is in the journal; False when it takes longer."""
        deadline = time.monotonic() + seconds
        if not _helper.flush(seconds):
            return False
        return _writer.flush(max(0.0, deadline - time.monotonic()))

    def close(self, *, wait: bool = True) -> None:
        """End the execution. Harmless when repeated; nothing is recorded afterwards.

        With ``wait`` everything is written when it returns, or a minute has passed.
        """
        if self.closed or os.getpid() != self._pid:
            return
        self._ask_environment()
        self.closed = True
        with _open_lock:
            _open.discard(self)
        # By way of the helper: what it is finding out comes before the end of the run.
        _helper.put(_writer.put, self._write_closing, self.now())
        if wait and not self.settle(2 * _EXIT_SECONDS):
            guard.log.warning("kprov did not finish writing %s in time", self._journal.path)

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -- on the writer thread: make statements and write them

    def _append(self, text: str, *, end: bool = False, sync: bool = False) -> None:
        if not self._journal.ended:
            self._journal.append(text, end=end, sync=sync)

    def _write_opening(self, started: float) -> None:
        self._append(
            statements.opening(
                self.names,
                self.tag,
                started,
                environment.library(),
                environment.person(),
                environment.machine(),
            )
        )

    def _write_training(
        self,
        started: float,
        settings: dict[str, Value],
        after: str | None,
    ) -> None:
        self._optimizer = settings.get("optimizer_name")
        self._append(
            statements.training_started(
                self.names, self.tag, started, settings, self._datasets, after
            )
        )

    def _write_architecture(self, layers: Sequence[Layer], parameters: int | None) -> None:
        self._append(statements.architecture(self.names, layers, parameters))

    def _write_dataset(self, role: str, data: Dataset) -> None:
        if role == "train":
            self._datasets.insert(0, data.local)
        elif role == "val":
            self._datasets.append(data.local)
        self._append(statements_data.dataset(self.names, data))

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
        self._append(statements.adaptation(self.names, self.tag, change, self._optimizer))

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

    def _write_testing(
        self, started: float, ended: float, metrics: dict[str, float], local: str
    ) -> None:
        self._testings += 1
        self._append(
            statements_data.testing(
                self.names, self.tag, self._testings, started, ended, local, metrics
            )
        )

    def _write_export(self, number: int, started: float, ended: float, path: str) -> None:
        self._append(statements_data.model_export(self.names, number, started, ended, path))

    def _write_closing(self, ended: float) -> None:
        status = self._status or "INTERRUPTED"
        self._append(statements.closing(self.names, ended, status), end=True, sync=True)

    # -- on the helper thread: find out slow things, and hand them to the writer

    def _find_environment(self) -> None:
        properties, packages = environment.software(self._backend)
        _writer.put(self._append, statements_data.environment(self.names, properties, packages))

    def _find_code(self) -> None:
        _writer.put(self._append, statements_data.source_code(self.names, environment.code()))

    def _hash_dataset(self, local: str, arrays: dict[str, Any], ticket: Ticket) -> None:
        try:
            whole, parts = fingerprint.of_arrays(arrays)
            text = statements_data.dataset_content(self.names, local, whole, parts)
        except (TypeError, ValueError) as error:
            text = statements_data.unhashed(self.names, local, str(error))
        self._tell_content(local, text, ticket)

    def _hash_file(self, number: int, path: str, ticket: Ticket) -> None:
        local = f"file-{number}"
        try:
            text = statements_data.file_content(self.names, local, fingerprint.of_file(path))
        except OSError as error:
            text = statements_data.unhashed(self.names, local, f"it could not be read: {error}")
        self._tell_content(local, text, ticket)

    def _tell_content(self, local: str, text: str, ticket: Ticket) -> None:
        if ticket.late:
            reason = "it may have changed while it was being hashed"
            text = statements_data.unhashed(self.names, local, reason)
        ticket.done.set()
        _writer.put(self._append, text)
