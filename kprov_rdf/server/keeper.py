"""Keeps the store while a server runs: follows the journals, and lends snapshots."""

import logging
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kprov_capture.home import Home
from kprov_capture.process import describe
from kprov_rdf import ingest
from kprov_rdf.errors import BusyError, JournalDamagedError, KprovError
from kprov_rdf.store import LocalStore, lend

# How soon a batch that is written is seen: an epoch stands in the page a tenth of a second later.
POLL_SECONDS = 0.1
# A training that is killed writes nothing; who lives is asked this often.
LIVING_SECONDS = 2.0

_log = logging.getLogger(__name__)


class Keeper:
    """Owns the store of ``home`` and brings it up to date.

    ``version`` grows when something changed: statements, or which runs live. ``problem``
    says what keeps the journals from being loaded, "" where nothing does.
    """

    def __init__(self, home: Home) -> None:
        self.home = home
        self.base = home.base()
        self.version = 0
        self.problem = ""
        self.living: frozenset[str] = frozenset()
        self._store: LocalStore | None = None
        self._loading = threading.Lock()  # held while journals are loaded or the store is copied
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._seen: object = None
        self._copy: _Copy | None = None

    @property
    def store(self) -> LocalStore:
        """The store. Raises ``BusyError`` as long as it is not loaded."""
        if self._store is None:
            raise BusyError("The journals are being loaded. Try again in a moment.")
        return self._store

    @property
    def loaded(self) -> bool:
        return self._store is not None

    def follow(self, store: LocalStore) -> None:
        """Load what is there, and go on until :meth:`stop`: the work of a thread."""
        with self._loading:
            try:
                ingest.make_whole(self.home, store)
            except KprovError as error:
                self._tell(str(error))
        asked = 0.0
        while not self._stopping.is_set():
            try:
                asked = self._turn(store, asked)
            except KprovError as error:
                self._tell(str(error))
            except Exception:
                _log.exception("following the journals failed; it is tried again")
                self._stopping.wait(1)
            self._stopping.wait(POLL_SECONDS)

    def _turn(self, store: LocalStore, asked: float) -> float:
        """Load what is new; time for asking who lives is counted in turns."""
        seen = self._look()
        if seen != self._seen or not self.loaded or asked >= LIVING_SECONDS:
            with self._loading:
                self._refresh(store)
            self._seen = seen
            return 0.0
        return asked + POLL_SECONDS

    def _look(self) -> object:
        """Names, sizes and times of the journals: cheaper than opening them."""
        found = []
        for path in self.home.journal.glob("*.nq"):
            try:
                stat = path.stat()
            except FileNotFoundError:
                continue
            found.append((path.name, stat.st_size, stat.st_mtime_ns))
        return sorted(found)

    def _refresh(self, store: LocalStore) -> None:
        before = ingest.alive(self.home)
        problem, batches = "", 0
        try:
            batches = ingest.catch_up(self.home, store).batches
        except JournalDamagedError as error:
            problem, batches = str(error), 1  # others may have been loaded
        living = frozenset(before | ingest.alive(self.home))
        self._tell(problem)
        if batches or living != self.living or not self.loaded:
            self.living = living
            self._store = store
            with self._changed:
                self.version += 1
                self._changed.notify_all()

    def _tell(self, problem: str) -> None:
        if problem and problem != self.problem:
            _log.error("%s", problem)
        self.problem = problem

    def wait(self, version: int, seconds: float) -> int:
        """Wait until something changed after ``version``, at most so long; the version then."""
        with self._changed:
            self._changed.wait_for(
                lambda: self.version != version or self._stopping.is_set(), seconds
            )
            return self.version

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def stop(self) -> None:
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Remove what was lent to queries. The store is closed by whoever opened it."""
        if self._copy:
            self._copy.drop()

    def lend(self, reader: Mapping[str, object]) -> tuple[Path, frozenset[str]]:
        """A snapshot folder with all that the journals hold, for another process to remove.

        Raises ``JournalDamagedError`` or ``StorageError``.
        """
        store = self.store
        with self._loading:
            living = ingest.current(self.home, store)
            return lend(self.home, store, reader), frozenset(living)

    @contextmanager
    def copy(self) -> Iterator[Path]:
        """A snapshot for queries, shared by those that come while nothing changes."""
        store = self.store
        with self._loading:
            version = self.version
            if self._copy is None or self._copy.version != version:
                old, self._copy = self._copy, _Copy(lend(self.home, store, describe()), version)
                if old:
                    old.drop()
            copy = self._copy
            copy.take()
        try:
            yield copy.folder / "store"
        finally:
            copy.drop()


class _Copy:
    """A snapshot folder that is removed when nobody holds it; its maker is the first holder."""

    def __init__(self, folder: Path, version: int) -> None:
        self.folder = folder
        self.version = version
        self._holders = 1
        self._lock = threading.Lock()

    def take(self) -> None:
        with self._lock:
            self._holders += 1

    def drop(self) -> None:
        with self._lock:
            self._holders -= 1
            last = self._holders == 0
        if last:
            shutil.rmtree(self.folder, ignore_errors=True)
