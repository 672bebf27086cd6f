"""The journals that trainers elsewhere send: written into the folder as a local writer would.

``journal/<run>.received`` marks them: only those are ever written to. How far a
journal goes is what its file says, so a server that was killed goes on where it was.
"""

import os
import struct
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from kprov_capture.home import Home
from kprov_capture.identity import Names
from kprov_capture.journal import SUFFIX
from kprov_rdf import journal
from kprov_rdf.errors import LimitError, RefusedError, StorageError
from kprov_rdf.exchange import merge
from kprov_rdf.journal import Position, Reading
from kprov_rdf.server.admit import check, head, whole

# Of one run, since ingest reads a journal into memory.
MAX_RUN = 512 << 20
_LOCKS = 64
_MOST_KNOWN = 10_000
_LONGEST_LINE = 4097


@dataclass(frozen=True)
class Held:
    """What there is of a run: bytes of whole batches, and whether it ended."""

    size: int
    ended: bool


class TooLargeError(LimitError):
    """A run has more bytes than are taken of one."""


class Received:
    """Takes batches of runs into the folder ``home``; what is sent at once is taken in turn."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._locks = [threading.Lock() for _ in range(_LOCKS)]
        # How far each file was checked, so that it is not read again for each batch.
        self._known: dict[str, Position] = {}

    def held(self, run_id: str) -> Held:
        """What there is of a run, whoever wrote it. Raises ``KprovError`` where it is damaged."""
        with self._lock(run_id):
            return self._look(run_id)[0]

    def touch(self, run_id: str, age: float) -> Held:
        """A sign of life of its writer, ``age`` seconds old."""
        with self._lock(run_id):
            held, _ = self._look(run_id)
            if held.size and not held.ended and self._mark(run_id).exists():
                self._date(run_id, age)
            return held

    def append(self, run_id: str, offset: int, body: bytes, age: float) -> tuple[Held, bool]:
        """Add the whole batches of ``body``; what there is then, and whether they belonged there.

        They do where ``offset`` is how much there was and the run had not ended. Raises
        ``RefusedError`` for what is not taken, ``TooLargeError``, ``StorageError``.
        """
        with self._lock(run_id):
            held, start = self._look(run_id)
            if held.ended or offset != held.size:
                return held, False
            if offset + len(body) > MAX_RUN:
                raise TooLargeError(f"Of one run at most {MAX_RUN >> 20} MiB are taken.")
            found = whole(body, start)
            if found.text:
                names = head(run_id, self._first_line(run_id, body, offset))
                check(names, found.text, first=offset == 0)
                self._take(names, offset, found)
                self._date(run_id, age)
            return Held(found.position.offset, found.ended), True

    def _take(self, names: Names, offset: int, found: Reading) -> None:
        run_id = names.run_id
        if offset == 0:
            self._begin(names)
        elif not self._mark(run_id).exists():
            raise RefusedError(f"Run {run_id} is recorded on the server's own machine.")
        self._write(run_id, offset, found.text, found.ended)
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known[run_id] = found.position
        if found.ended:
            del self._known[run_id]

    # -- files

    def _lock(self, run_id: str) -> threading.Lock:
        return self._locks[hash(run_id) % _LOCKS]

    def _path(self, run_id: str) -> Path:
        return self._home.journal / f"{run_id}{SUFFIX}"

    def _mark(self, run_id: str) -> Path:
        return self._path(run_id).with_suffix(".received")

    def _look(self, run_id: str) -> tuple[Held, Position]:
        """How far the journal goes. Ingest may put it away between two looks."""
        path, known = self._path(run_id), self._known.get(run_id)
        try:
            if known and path.stat().st_size == known.offset:
                return Held(known.offset, False), known
            reading = journal.read(path, patience=0)
            return Held(reading.position.offset, reading.ended), reading.position
        except (FileNotFoundError, StorageError):
            if path.exists():
                raise
            done = self._home.done / f"{path.name}.gz"
            if done.exists():
                return Held(_unpacked(done), True), Position()
            return Held(0, False), Position()

    def _first_line(self, run_id: str, body: bytes, offset: int) -> bytes:
        if offset == 0:
            return body[:_LONGEST_LINE].partition(b"\n")[0]
        with self._path(run_id).open("rb") as file:
            return file.readline(_LONGEST_LINE).rstrip(b"\n")

    def _begin(self, names: Names) -> None:
        """Mark a new journal as one that is received, unless there is a graph of its name."""
        with merge.alone(self._home):
            if merge.is_there(self._home, names.run):
                raise RefusedError(f"There is a graph {names.run} already, from elsewhere.")
            path = self._path(names.run_id)
            try:
                self._mark(names.run_id).touch()
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))
            except OSError as error:
                raise _not_written(path, error) from error

    def _write(self, run_id: str, offset: int, text: bytes, ended: bool) -> None:
        """Write from ``offset`` on, over what a server that was killed left torn there."""
        path = self._path(run_id)
        try:
            handle = os.open(path, os.O_WRONLY)
            try:
                os.ftruncate(handle, offset)
                os.lseek(handle, offset, os.SEEK_SET)
                rest = memoryview(text)
                while rest:
                    rest = rest[os.write(handle, rest) :]
                if ended:  # the sender forgets it then
                    os.fsync(handle)
            except OSError:
                os.ftruncate(handle, offset)
                raise
            finally:
                os.close(handle)
        except OSError as error:
            raise _not_written(path, error) from error

    def _date(self, run_id: str, age: float) -> None:
        """The time of a journal is the last sign of life of its writer."""
        try:
            then = time.time() - age
            os.utime(self._path(run_id), (then, then))
        except OSError:
            pass  # put away just now


def _not_written(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The journal {path.name} cannot be written on the server: {error.strerror or error}. "
        "Free some space there, or make the folder writable; it is sent again by itself."
    )


def _unpacked(path: Path) -> int:
    """The size of what gzip compressed, as its last four bytes say (RFC 1952 section 2.3.1)."""
    with path.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return int(struct.unpack("<I", file.read(4))[0])
