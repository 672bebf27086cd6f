"""Executions elsewhere, of which messages tell this server: each is written to a journal.

An execution is named by its dataflow and the client's tag for it. The messages say when a
task ends, and never that there will be no other. So an execution is over when all its tasks
are, and nothing new was heard for an hour or the server ends; where a task is left open,
after a day. Its end is that of the last thing that was told, not the time of the verdict.
What comes later is of another run, which was informed by the first.

What a server knows of an execution are the messages, which stand in the journal as comments:
one that begins anew reads them again, and goes on. Clients without a tag for the execution
have one until their dataflow is sent again and a task that it has begins anew.
"""

import gzip
import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kprov_capture import environment, registry, statements, statements_dataflow
from kprov_capture.dataflow import Dataflow
from kprov_capture.home import Home
from kprov_capture.identity import Names, uuid7
from kprov_capture.journal import HEADER, SUFFIX, Journal
from kprov_capture.messages import TaskMessage, read_dataflow, read_task
from kprov_capture.process import HEARTBEAT_SECONDS
from kprov_capture.told import Execution
from kprov_rdf import journal
from kprov_rdf.errors import BusyError, InputError, KprovError, StorageError

QUIET_SECONDS = 3600.0
LOST_SECONDS = 24 * 3600.0
MOST_OPEN = 1000
MOST_READ = 64
_MESSAGE = b"# message "
_log = logging.getLogger(__name__)

Key = tuple[str, str | None]


def _comment(at: float, kind: str, message: Any) -> str:
    return f"{_MESSAGE.decode()}{json.dumps({'at': at, kind: message})}\n"


@dataclass
class _Relayed:
    """One execution; ``journal`` is None where it is over."""

    names: Names
    plan: str
    state: Execution
    journal: Journal | None

    def write(self, text: str, *, end: bool = False) -> None:
        assert self.journal is not None  # noqa: S101
        self.journal.append(text, end=end, sync=end)

    def take(self, message: TaskMessage, raw: Any, at: float) -> None:
        told = self.state.take(message, at)
        if told is not None:
            text = statements_dataflow.task(self.names, self.plan, told)
            self.write(_comment(at, "task", raw) + text)

    def revise(self, flow: Dataflow, raw: Any, at: float) -> None:
        """Go on by another version of the plan."""
        before, self.plan = self.plan, self.names.dataflow(flow.tag, flow.specification())
        self.state.flow = flow
        library = environment.library()
        text = statements_dataflow.revised_plan(self.names, before, self.plan, flow, library)
        self.write(_comment(at, "dataflow", raw) + text)

    def end(self) -> None:
        self.write(statements.closing(self.names, self.state.last, self.state.status), end=True)
        self.journal = None


def _begin(
    home: Home, key: Key, flow: Dataflow, raw: Any, at: float, after: str | None
) -> _Relayed:
    names = Names(uuid7(), home.base())
    plan = names.dataflow(flow.tag, flow.specification())
    # Any server of this folder may go on with it: its age says whether one does.
    told = {
        "run": names.run,
        "process": {"scope": "relayed"},
        "execution": {"dataflow": key[0], "exec": key[1]},
    }
    first = f"{HEADER}{json.dumps(told)}\n"
    text = statements_dataflow.relayed_opening(names, plan, flow, at, environment.library(), after)
    if key[1] is not None:
        text += statements_dataflow.execution_tag(names, key[1])
    path = home.journal / f"{names.run_id}{SUFFIX}"
    found = _Relayed(names, plan, Execution(flow), Journal(path, first))
    try:
        found.write(_comment(at, "dataflow", raw) + text)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return found


def _restore(run: str, text: bytes, written: Journal | None) -> _Relayed:
    """An execution from what its journal says."""
    base, _, run_id = run.rpartition("run/")
    found: _Relayed | None = None
    for line in text.splitlines():
        if not line.startswith(_MESSAGE):
            continue
        told = json.loads(line.removeprefix(_MESSAGE))
        if "dataflow" in told:
            flow = read_dataflow(told["dataflow"])
            state = found.state if found else Execution(flow)
            state.flow = flow
            names = Names(run_id, base)
            plan = names.dataflow(flow.tag, flow.specification())
            found = _Relayed(names, plan, state, written)
        elif found:
            found.state.take(read_task(told["task"]), told["at"])
    if found is None:
        raise ValueError("no message stands in it")
    return found


@dataclass
class _Known:
    """The executions by their names; of those that are over, the ids of their runs."""

    open: dict[Key, _Relayed] = field(default_factory=dict)
    over: dict[Key, list[str]] = field(default_factory=dict)
    read: dict[str, _Relayed] = field(default_factory=dict)

    def ended(self, key: Key, run_id: str) -> None:
        runs = self.over.setdefault(key, [])
        if run_id not in runs:
            runs.append(run_id)
            runs.sort()  # ids begin with the time


class Relay:
    """Takes messages, and keeps the journals of the executions that they tell of."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._lock = threading.Lock()
        self._known = _Known()
        self._renewed: dict[str, list[tuple[TaskMessage, Any, float]]] = {}
        self._looked = False
        self._last = 0.0
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Go on with what another server left open."""
        with self._lock:
            for path in sorted(self.home.journal.glob(f"*{SUFFIX}")):
                self._resume(path)
            self._watch()

    def dataflow(self, message: Any) -> None:
        """A dataflow was specified, perhaps anew. Raises ``InputError``, ``StorageError``."""
        with self._lock, _told():
            tag = registry.register(self.home.path, message).tag
            if (tag, None) in self._known.open:
                self._renewed[tag] = []

    def task(self, raw: Any) -> None:
        """Something happened to a task. When it returns, what is new stands in the journal.

        Raises ``InputError`` where it cannot be understood or fits no dataflow that is known,
        ``StorageError`` where it cannot be written.
        """
        with self._lock, _told():
            message = read_task(raw)
            self._last = at = max(time.time(), self._last)
            key = (message.dataflow, message.execution)
            found, earlier = self._known.open.get(key), self._earlier(key)
            for one in (found, *earlier):
                if one is not None:
                    self._revise(one, message, at)
            # Where it only begins or ends a task that is told of here, it is about that one.
            here = found is not None and found.state.has(message) and not message.tells
            if not here and any(one.state.knows(message) for one in earlier):
                return
            if found is None:
                after = earlier[-1].names.execution if earlier and key[1] is not None else None
                self._new(key, [(message, raw, at)], after)
            elif not self._renews(key, found, message, raw, at):
                found.take(message, raw, at)

    def _renews(self, key: Key, found: _Relayed, message: TaskMessage, raw: Any, at: float) -> bool:
        """Whether a client that does not name its execution repeats one, or begins another."""
        kept = self._renewed.get(key[0]) if key[1] is None else None
        if kept is None:
            return False
        if found.state.knows(message):
            kept.append((message, raw, at))
            return True
        if any(one.key == message.key and not one.tells for one, _, _ in kept):
            self._end(key)
            self._new(key, [*kept, (message, raw, at)])
            return True
        return False

    def _new(
        self, key: Key, messages: list[tuple[TaskMessage, Any, float]], after: str | None = None
    ) -> None:
        flow, specification = registry.find(self.home.path, key[0])
        for message, _, at in messages:
            Execution(flow).take(message, at)  # before a journal is made for it
        if len(self._known.open) >= MOST_OPEN:
            raise BusyError(f"{MOST_OPEN} executions are open; end some, or try again later.")
        found = _begin(self.home, key, flow, specification, messages[0][2], after)
        self._known.open[key] = found
        self._renewed.pop(key[0], None)
        self._watch()
        for message, raw, at in messages:
            found.take(message, raw, at)

    def _revise(self, found: _Relayed, message: TaskMessage, at: float) -> None:
        """Take the plan that was sent since, where the message fits that one only."""
        try:
            found.state.knows(message)
        except ValueError:
            flow, raw = registry.find(self.home.path, message.dataflow)
            Execution(flow).take(message, at)
            if found.journal is not None:
                found.revise(flow, raw, at)
            else:
                found.state.flow = flow  # to compare with; what is over is not written to

    # -- what is known, here and in the journals

    def _earlier(self, key: Key) -> list[_Relayed]:
        """The executions of this name that are over, the first one first."""
        self._look()
        found = []
        for run_id in self._known.over.get(key, ()):
            if run_id not in self._known.read:
                if len(self._known.read) >= MOST_READ:
                    self._known.read.clear()
                run = f"{self.home.base()}run/{run_id}"
                try:
                    restored = _restore(run, self._text(f"{run_id}{SUFFIX}"), None)
                except ValueError as error:  # its journal was taken away
                    _log.warning("the execution %s cannot be compared with: %s", run, error)
                    continue
                self._known.read[run_id] = restored
            found.append(self._known.read[run_id])
        return found

    def _look(self) -> None:
        """Find out once which executions are over."""
        if self._looked:
            return
        self._looked = True
        for path in sorted(self.home.done.glob(f"*{SUFFIX}.gz")):
            try:
                with gzip.open(path) as file:
                    line = file.readline(100_000)
                told = json.loads(line.decode().removeprefix(HEADER))["execution"]
                self._known.ended((told["dataflow"], told["exec"]), path.name.partition(".")[0])
            except (OSError, EOFError, ValueError, KeyError, TypeError):
                continue  # another kind of journal, or a damaged one, which ingest tells of

    def _text(self, name: str) -> bytes:
        """A journal, wherever it is: ingest may move it between two looks."""
        for _ in range(2):
            path = self.home.journal / name
            if path.exists():
                return journal.read(path).text
            if (self.home.done / f"{name}.gz").exists():
                return gzip.decompress((self.home.done / f"{name}.gz").read_bytes())
        return b""

    def _resume(self, path: Path) -> None:
        try:
            told = journal.describe(path)
            named = told.get("execution")
            if named is None:
                return
            key = (named["dataflow"], named["exec"])
            reading = journal.read(path, patience=0)
            if reading.ended:
                self._known.ended(key, path.name.removesuffix(SUFFIX))
                return
            at = reading.position
            written = Journal.resumed(path, at.offset, at.batches, at.digest)
            self._known.open[key] = _restore(told["run"], reading.text, written)
            self._last = max(self._last, self._known.open[key].state.last)
        except (KprovError, OSError, ValueError, KeyError, TypeError) as error:
            _log.warning("the execution in %s cannot be gone on with: %s", path, error)

    # -- as time passes

    def _watch(self) -> None:
        if self._known.open and self._thread is None:
            self._thread = threading.Thread(target=self._beat, name="relay", daemon=True)
            self._thread.start()

    def _beat(self) -> None:
        while not self._stopping.wait(HEARTBEAT_SECONDS):
            self.turn(time.time())

    def turn(self, now: float) -> None:
        """Show that the open ones are open, and end those of which nothing is heard."""
        with self._lock:
            for key, found in list(self._known.open.items()):
                quiet = now - found.state.last
                try:
                    if quiet > (QUIET_SECONDS if found.state.over else LOST_SECONDS):
                        self._end(key)
                    elif found.journal:
                        found.journal.touch()
                except OSError as error:
                    _log.warning("%s cannot be written: %s", found.names.run, error)

    def _end(self, key: Key) -> None:
        found = self._known.open[key]
        found.end()
        del self._known.open[key]
        self._known.ended(key, found.names.run_id)
        self._known.read[found.names.run_id] = found

    def close(self) -> None:
        """End the executions of which every task has ended; the others wait for a new server."""
        self._stopping.set()
        with self._lock:
            for key, found in list(self._known.open.items()):
                try:
                    if found.state.over:
                        self._end(key)
                except OSError as error:
                    _log.warning("%s cannot be ended: %s", found.names.run, error)


@contextmanager
def _told() -> Iterator[None]:
    """Errors of what is used here, as those that the server answers with."""
    try:
        yield
    except ValueError as error:
        raise InputError(str(error)) from error
    except OSError as error:
        raise StorageError(f"It could not be written: {error}. Free some space.") from error
