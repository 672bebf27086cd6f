"""Keeps the store while a server runs: follows the journals, and lends snapshots."""

import logging
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kprov_capture.home import Home
from kprov_capture.process import describe
from kprov_rdf import ingest
from kprov_rdf.errors import BusyError, JournalDamagedError, KprovError, StorageError
from kprov_rdf.journal import RETRY_SECONDS
from kprov_rdf.readers import sweep
from kprov_rdf.runs import RunInfo, listing
from kprov_rdf.store import LocalStore, lend

# How soon a batch that is written is seen: an epoch stands in the page a tenth of a second later.
POLL_SECONDS = 0.1
# A training that is killed writes nothing; who lives is asked this often.
LIVING_SECONDS = 2.0
# A command waits so long for the first load; less than it waits for an answer.
LOAD_SECONDS = 100.0
REBUILD_SECONDS = 5.0
COPY_SECONDS = 2.0

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
        self._asked = 0.0  # when it was asked who lives
        self._rebuild = _Rebuild()
        self._damaged_since: float | None = None
        self._copy: _Copy | None = None
        self._failed = False  # the store takes nothing more, until it is opened anew
        self._listed: tuple[int, dict[int | None, list[RunInfo]]] = (-1, {})

    @property
    def store(self) -> LocalStore:
        """The store. Raises ``BusyError`` as long as it is not loaded."""
        if self._store is None:
            raise BusyError("The journals are being loaded. Try again in a moment.")
        return self._store

    @property
    def loaded(self) -> bool:
        return self._store is not None

    def runs(self, limit: int | None = None) -> list[RunInfo]:
        """The runs, the newest first, at most so many; listed once for each version."""
        version = self.version
        if self._listed[0] != version:
            self._listed = (version, {})
        listed = self._listed[1]
        if limit not in listed:
            listed[limit] = listing(self.store, self.living, limit=limit)
        return listed[limit]

    def follow(self, store: LocalStore) -> None:
        """Load what is there, and go on until :meth:`stop`: the work of a thread."""
        while not self._stopping.is_set():
            try:
                if self._failed:
                    self._reopen(store)
                self._turn(store)
            except StorageError as error:
                self._tell(str(error))
                self._failed = True
                self._stopping.wait(1)
            except Exception as error:
                _log.exception("following the journals failed; it is tried again")
                self._tell(f"The journals cannot be loaded: {error!r}")
                self._stopping.wait(1)
            self._stopping.wait(POLL_SECONDS)

    def _turn(self, store: LocalStore) -> None:
        """Load what is new, and ask now and then who lives."""
        seen, now = self._look(), time.monotonic()
        late = now - self._asked >= LIVING_SECONDS
        if seen != self._seen or not self.loaded or self._damaged_since is not None or late:
            with self._loading:
                self._refresh(store)
            self._seen, self._asked = seen, now

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

    def _refresh(self, store: LocalStore) -> KprovError | None:
        """Load the journals, and tell the streams; gives what is damaged.

        What does not match in a live journal may only not be there yet (a network file
        system): it is told when it stays so.
        """
        rebuilt = self._rebuild.finish(self.home, store)
        before = ingest.alive(self.home)
        progress = ingest.load_journals(self.home, store, patience=0)
        living = frozenset(before | ingest.alive(self.home))
        damage = progress.damage or self._rebuild.damage
        self._judge(damage)
        if rebuilt or progress.batches or living != self.living or not self.loaded:
            self.living = living
            self._store = store
            with self._changed:
                self.version += 1
                self._changed.notify_all()
        return damage

    def _judge(self, damage: KprovError | None) -> None:
        if damage is None:
            self._damaged_since = None
            self._tell("")
            return
        self._damaged_since = self._damaged_since or time.monotonic()
        if time.monotonic() - self._damaged_since >= RETRY_SECONDS or not self.loaded:
            self._tell(str(damage))

    def _reopen(self, store: LocalStore) -> None:
        """Open the store anew: after a full disk it takes nothing more, whatever is freed.

        Readers are told to come again until it is open; who still reads holds it for a moment.
        """
        with self._loading:
            self._store = None
            try:
                store.reopen()
            except (OSError, RuntimeError) as error:
                raise StorageError(
                    f"The store cannot be opened again: {error}. Free some space, or make the "
                    "folder writable; it is tried again by itself."
                ) from error
            self._failed = False

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

    def pause(self, seconds: float) -> None:
        """Wait so long, or until :meth:`stop`."""
        self._stopping.wait(seconds)

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

        Waits for the first load. Raises ``JournalDamagedError``, ``StorageError``, or
        ``BusyError`` where that takes too long.
        """
        if not self.loaded:
            self.wait(0, LOAD_SECONDS)
        store, until = self.store, time.monotonic() + RETRY_SECONDS
        while True:
            with self._loading:
                damage = self._refresh(store)
                if damage is None:
                    return lend(self.home, store, reader), self.living
            if time.monotonic() > until or self._rebuild.damage:
                raise damage
            self._stopping.wait(0.2)

    def compact(self) -> None:
        """Compact the store, and remove what readers left that are gone.

        Journals are loaded after it. Raises ``BusyError``, ``StorageError``.
        """
        store = self.store
        with self._loading:
            sweep(self.home)
            store.compact()

    @contextmanager
    def copy(self) -> Iterator[Path]:
        """A snapshot for queries, shared by those that come while nothing changes.

        While journals are loaded for long it is the one before.
        """
        copy = self._taken()
        try:
            yield copy.folder / "store"
        finally:
            copy.drop()

    def _taken(self) -> "_Copy":
        store = self.store
        free = self._loading.acquire(timeout=COPY_SECONDS)
        try:
            version = self.version
            if free and (self._copy is None or self._copy.version != version):
                old, self._copy = self._copy, _Copy(lend(self.home, store, describe()), version)
                if old:
                    old.drop()
            if self._copy is None or not self._copy.take():
                raise BusyError("The journals are being loaded. Try again in a moment.")
            return self._copy
        finally:
            if free:
                self._loading.release()


class _Rebuild:
    """Fills a store that was taken away; what is damaged is tried again now and then."""

    def __init__(self) -> None:
        self.damage: KprovError | None = None
        self._next: float | None = 0.0

    def finish(self, home: Home, store: LocalStore) -> bool:
        """Whether something was done."""
        if self._next is None or time.monotonic() < self._next:
            return False
        try:
            ingest.make_whole(home, store)
        except JournalDamagedError as error:
            self.damage, self._next = error, time.monotonic() + REBUILD_SECONDS
        else:
            self.damage = self._next = None
        return True


class _Copy:
    """A snapshot folder that is removed when nobody holds it; its maker is the first holder."""

    def __init__(self, folder: Path, version: int) -> None:
        self.folder = folder
        self.version = version
        self._holders = 1
        self._lock = threading.Lock()

    def take(self) -> bool:
        """Whether it is still there to be held."""
        with self._lock:
            self._holders += self._holders > 0
            return self._holders > 0

    def drop(self) -> None:
        with self._lock:
            self._holders -= 1
            last = self._holders == 0
        if last:
            shutil.rmtree(self.folder, ignore_errors=True)
