"""Record: the journal of one execution of a dataflow, and the threads that write it.

On the calling thread a fact costs one queue put. A writer thread turns facts into
statements and appends them to the journal; a helper thread does what is slow (hashing,
the environment). What a record says of trainings is in :mod:`kprov_capture.run`.
"""

import atexit
import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Self

from kprov_capture import (
    environment,
    fingerprint,
    guard,
    process,
    statements,
    statements_data,
    statements_dataflow,
    target,
)
from kprov_capture import home as homes
from kprov_capture.background import Background, Ticket
from kprov_capture.dataflow import Dataflow
from kprov_capture.facts import ArrayContent
from kprov_capture.identity import Names, uuid7
from kprov_capture.journal import SUFFIX, Journal, header
from kprov_capture.person import person
from kprov_capture.redaction import Redaction

if TYPE_CHECKING:
    from kprov_capture.shipper import Shipper

_EXIT_SECONDS = 30.0

_open: set["Record"] = set()
# Python may collect a model at any time, also where this is held, and close its run.
_open_lock = threading.RLock()
_announced = False
_active: ContextVar["Record | None"] = ContextVar("kprov_active", default=None)


def _heartbeat() -> None:
    for record in list(_open):
        with contextlib.suppress(OSError):  # its file was taken away; the others live on
            record._journal.touch()


writer = Background("kprov-writer", _heartbeat, process.HEARTBEAT_SECONDS)
helper = Background("kprov-helper")
# Files of any size are hashed on a thread of their own: data in memory do not wait for them.
files = Background("kprov-files")


def _close_all() -> None:
    """At the end of the process: close what is open, and wait until it is written."""
    for record in list(_open):
        with contextlib.suppress(RuntimeError):  # no thread could be started for it
            record.close(wait=False)
    threads = (files, helper, writer)
    if not all(thread.flush(_EXIT_SECONDS) for thread in threads):
        guard.warn("kprov did not finish writing in time; the last records may be missing")
    shipper = sys.modules.get("kprov_capture.shipper")
    if shipper is not None:
        shipper.drain()


@guard.guarded("begin to send what is recorded")
def _follow(place: homes.Home, run_id: str) -> "Shipper | None":
    """Have the journal of a new run sent, where a server is set."""
    try:
        to = target.find(place.path)
    except target.DeliveryError as error:
        guard.report(error, "find the server to send to")
        return None
    if to is None:
        return None
    from kprov_capture import shipper  # what most do not need costs most no time

    return shipper.follow(place, to, run_id)


def _forget_all() -> None:
    """In a forked child: the runs are the parent's to record."""
    global _open_lock
    _open_lock = threading.RLock()  # whoever held it is not here
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


class Record:
    """One execution of a dataflow, written to a journal of its own.

    ``dataflow_tag`` is its tag, or all of its specification, which may be given as
    ``dataflow`` too.

    ``home`` is the state folder (found as ``kprov_capture.home.find`` says where it is
    not given). Opening a record creates the folder and the journal. ``campaign`` names
    the group of runs that it belongs to. Raises ``HomeError`` where the folder cannot be
    used.

    Used in a ``with`` statement, it is the active record of the thread: the first
    training that is recorded there joins it.
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
        if campaign is not None and not isinstance(campaign, str):
            raise TypeError(f"a campaign is a name, such as 'search-1'; found {campaign!r}")
        if isinstance(dataflow_tag, Dataflow):
            dataflow = dataflow_tag
        tag = dataflow_tag.tag if isinstance(dataflow_tag, Dataflow) else dataflow_tag
        self.dataflow = dataflow or Dataflow(tag)
        place = homes.create(homes.find(home))
        self.tag = tag
        self.home: Path = place.path
        # Before the names, in which a secret may stand too.
        self._redact = Redaction(place.redacted())
        self.names = Names(uuid7(), place.base())
        self.campaign = campaign
        # The plan that it follows: an IRI that names a version of a dataflow.
        self.plan = self.names.dataflow(tag, self.dataflow.specification())
        # Times are a wall clock reading plus a steady clock, so that a clock that
        # is set back in mid-training makes no epoch end before it began.
        self._wall, self._steady = time.time(), process.steady()
        self._journal = Journal(
            place.journal / f"{self.names.run_id}{SUFFIX}",
            header(self.names.run, process.describe()),
        )
        self._shipper = _follow(place, self.names.run_id)
        self._pid = os.getpid()
        # Of the training, and what the execution has where there was none.
        self._status: str | None = None
        self._default_status = "INTERRUPTED"
        self._tickets: list[Ticket] = []
        self._backend = backend
        self._environment_asked = False
        self._numbers: dict[str, int] = {}
        # Makes the statements that follow from the content of a data set.
        self.on_content: Callable[[str, Sequence[ArrayContent]], str] | None = None
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
            # No working folder, no standard error, or one that raises: no reason not to record.
            with contextlib.suppress(Exception):
                short, folder = self.id[-8:], os.path.relpath(self.home)
                line = f"kprov: recording run {short} in {folder} (kprov show {short})"
                if sys.stderr is not None:  # print() takes standard output for None
                    print(line, file=sys.stderr)

    def now(self) -> float:
        """Seconds since 1970; never goes back within a run."""
        return self._wall + (process.steady() - self._steady)

    # -- on the calling thread: hand over raw values

    def _mine(self) -> bool:
        """False after the record was closed, and in a forked child: it is the parent's."""
        return not self.closed and os.getpid() == self._pid

    def _put(self, job: Callable[..., None], *args: Any) -> None:
        """Have ``job(*args)`` done on the writer thread."""
        if self._mine():
            writer.put(job, *args)

    def _later(self, job: Callable[..., None], *args: Any) -> None:
        """Have ``job(*args)`` done on the helper thread, where it may take long."""
        if self._mine():
            helper.put(job, *args)

    def tell(self, make: Callable[..., str], *args: Any) -> None:
        """Have the statements ``make(names, *args)`` written as one batch.

        ``make`` is a pure function of values that do not change any more.
        """
        self._put(self._write_made, make, args)

    def number(self, kind: str) -> int:
        """1, 2, … for the things of one kind; called on the thread that hands them over."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return self._numbers[kind]

    def hash_arrays(self, local: str, arrays: Mapping[str, Any]) -> None:
        """Hash the arrays of the data set ``local`` in the background (see release_data)."""
        if arrays and self._mine():
            self._later(self._hash_arrays, local, dict(arrays), self._ticket())

    def hash_file(self, local: str, path: str) -> Ticket:
        """Hash the file that is ``local`` in the background (see release_data)."""
        ticket = self._ticket()
        self._later(self._hash_file, local, path, ticket)
        return ticket

    def hash_finished_file(self, local: str, path: str) -> None:
        """Hash the file that is ``local`` in the background; nobody changes it any more."""
        self._later(self._hash_file, local, path, Ticket())

    def _ticket(self) -> Ticket:
        ticket = Ticket()
        if self._mine():
            self._tickets.append(ticket)
        return ticket

    def release_data(self, seconds: float = 5.0) -> None:
        """Call it when data and files may change again: waits until they are hashed.

        What takes longer than ``seconds`` is recorded without a hash, since that
        might be of other data.
        """
        if not self._mine():
            return
        deadline = time.monotonic() + seconds
        for ticket in self._tickets:
            ticket.late = not ticket.done.wait(max(0.0, deadline - time.monotonic()))
        self._tickets.clear()

    def ask_environment(self) -> None:
        """Find out about software, hardware and code, once.

        After the data sets were handed over, which have to be hashed before they change.
        """
        if not self._environment_asked and self._mine():
            self._environment_asked = True
            self._later(self._find_environment)
            self._later(self._find_code)

    def settle(self, seconds: float) -> bool:
        """Wait until all that was handed over is in the journal; False when it takes longer."""
        deadline = time.monotonic() + seconds
        return all(
            thread.flush(max(0.0, deadline - time.monotonic()))
            for thread in (files, helper, writer)
        )

    def conclude(self, status: str) -> None:
        """What the execution has for a status at its close, where no training says another."""
        self._default_status = status

    def document(self, seconds: float) -> bytes:
        """The journal as far as it is written: whole batches, with the chain of their digests.

        Waits ``seconds`` at most for what was handed over. Raises ``OSError`` where it
        cannot be read, or is not read in that time.
        """
        deadline = time.monotonic() + seconds
        self.settle(seconds / 2)
        found: SimpleQueue[bytes | OSError] = SimpleQueue()
        # On the writer thread, where nothing is written meanwhile.
        writer.put(self._read_document, found)
        try:
            read = found.get(timeout=max(0.0, deadline - time.monotonic()))
        except Empty:
            raise TimeoutError(f"{self._journal.path} was not read in time") from None
        if isinstance(read, OSError):
            raise read
        return read

    def close(self, *, wait: bool = True) -> None:
        """End the execution. Harmless when repeated; nothing is recorded afterwards.

        With ``wait`` everything is written when it returns, or a minute has passed.
        """
        if self.closed or os.getpid() != self._pid:
            return
        self.ask_environment()
        self.closed = True
        with _open_lock:
            _open.discard(self)
        # By way of the helpers: what they are finding out comes before the end of the run.
        files.put(helper.put, writer.put, self._write_closing, self.now())
        if wait and not self.settle(2 * _EXIT_SECONDS):
            guard.warn("kprov did not finish writing %s in time", self._journal.path)

    def __enter__(self) -> Self:
        self._token = _active.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, *exception: object) -> None:
        _active.reset(self._token)
        if kind is None:
            self._default_status = "FINISHED"
        elif issubclass(kind, Exception):
            self._default_status = "FINISHED_WITH_ERROR"
        self.close()

    # -- on the writer thread: make statements and write them

    def _append(self, text: str, *, end: bool = False, sync: bool = False) -> None:
        if not self._journal.ended:
            self._journal.append(self._redact(text), end=end, sync=sync)
            if self._shipper is not None:
                self._shipper.wake()

    def _write_made(self, make: Callable[..., str], args: tuple[Any, ...]) -> None:
        self._append(make(self.names, *args))

    def _write_opening(self, started: float) -> None:
        opening = statements.opening(
            self.names,
            self.tag,
            self.plan,
            started,
            environment.library(),
            person(),
            environment.machine(),
            self.campaign,
        )
        self._append(opening + statements_dataflow.plan(self.names, self.plan, self.dataflow))

    def _write_closing(self, ended: float) -> None:
        status = self._status or self._default_status
        self._append(statements.closing(self.names, ended, status), end=True, sync=True)

    def _read_document(self, found: "SimpleQueue[bytes | OSError]") -> None:
        try:
            found.put(self._journal.written())
        except OSError as error:
            found.put(error)

    # -- on the helper thread: find out slow things, and hand them to the writer

    def _find_environment(self) -> None:
        properties, packages = environment.software(self._backend)
        text = statements_data.environment(
            self.names, properties, packages, environment.accelerators()
        )
        writer.put(self._append, text)

    def _find_code(self) -> None:
        writer.put(self._append, statements_data.source_code(self.names, environment.code()))

    def _hash_arrays(self, local: str, arrays: dict[str, Any], ticket: Ticket) -> None:
        try:
            whole, parts = fingerprint.of_arrays(arrays)
            text = statements_data.dataset_content(self.names, local, whole, parts)
            if self.on_content is not None and not ticket.late:
                text += self.on_content(local, parts)
        except Exception as error:  # objects have no bytes, memory ends, arrays of others raise
            text = statements_data.unhashed(self.names, local, guard.text_of(error))
        self._tell_content(local, text, ticket)

    def _hash_file(self, local: str, path: str, ticket: Ticket) -> None:
        try:
            text = statements_data.file_content(self.names, local, fingerprint.of_file(path))
        except Exception as error:
            reason = f"it could not be read: {guard.text_of(error)}"
            text = statements_data.unhashed(self.names, local, reason)
        self._tell_content(local, text, ticket)

    def _tell_content(self, local: str, text: str, ticket: Ticket) -> None:
        if ticket.late:
            reason = "it may have changed while it was being hashed"
            text = statements_data.unhashed(self.names, local, reason)
        ticket.done.set()
        writer.put(self._append, text)


def active() -> Record | None:
    """The open record of the innermost ``with`` statement of this thread."""
    record = _active.get()
    return record if record is not None and record._mine() else None
