"""Loads journals into the store: each batch at least once, which is as good as once.

How far a journal was loaded stands in ``<run>.position`` beside it, written
after the load; statements are a set with fixed names, so that loading a batch
again changes nothing. A finished journal is checked as a whole, compressed into
``journal/done/``, and removed. Those of records that were removed are not loaded (``removals``).
"""

import contextlib
import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kprov_capture.home import Home
from kprov_capture.journal import SUFFIX
from kprov_capture.process import is_alive
from kprov_rdf import journal, owner, removals, summaries
from kprov_rdf.borrow import borrow
from kprov_rdf.errors import InputError, JournalDamagedError, KprovError, StoreLockedError
from kprov_rdf.journal import Position, Reading
from kprov_rdf.owner import Address
from kprov_rdf.store import LocalStore, Snapshot, owned, snapshot


@dataclass(frozen=True)
class Progress:
    """What a catch-up did, and what kept it from one of the journals."""

    batches: int
    finished: int
    damage: JournalDamagedError | None = None


# After these, links may lead to what is not there.
_JOINING = ("links-", removals.PREFIX)


def _position_file(path: Path) -> Path:
    return path.with_suffix(".position")


def _position(path: Path) -> Position:
    try:
        found = json.loads(_position_file(path).read_text("ascii"))
        return Position(found["offset"], found["batches"], bytes.fromhex(found["digest"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Position()  # not there, or cut short: load it all again, which is harmless


def _archive(home: Home, path: Path, whole: bytes) -> None:
    """Compress a finished journal, of which every batch was checked, into ``done/``."""
    journal.replace(home.done / f"{path.name}.gz", gzip.compress(whole, mtime=0))
    _position_file(path).unlink(missing_ok=True)
    path.unlink()
    path.with_suffix(".received").unlink(missing_ok=True)


def _load(store: LocalStore, path: Path, patience: float | None) -> tuple[Reading, int]:
    journal.describe(path)
    before = _position(path)
    reading = journal.read(path, before, patience)
    new = reading.position.batches - before.batches
    if reading.ended and before.offset:
        # Once more from the start: to check it as a whole, and because after a power cut
        # the note of how far it was loaded may have outlived what was loaded.
        reading = journal.read(path, patience=patience)
    if reading.text:
        try:
            store.load(reading.text)
        except InputError as error:
            summaries.relate(store, reading.text)  # parts of it may be in the store
            raise JournalDamagedError(
                f"The journal {path} holds something else than N-Quads: {error} "
                f"Take it away and try again: mv {path} {path}.damaged"
            ) from error
        # Before the note of how far it was loaded: what is cut short here is done again.
        summaries.update(store, reading.text)
        # Of a journal that ended there is no note: it is put away now, or, if that is cut
        # short, read again.
        if not reading.ended:
            at = reading.position
            told = {"offset": at.offset, "batches": at.batches, "digest": at.digest.hex()}
            journal.replace(_position_file(path), json.dumps(told).encode())
    return reading, new


def _journals(home: Home) -> list[Path]:
    """The journals, oldest first; reading a pipe of that name would never end."""
    return [path for path in sorted(home.journal.glob(f"*{SUFFIX}")) if path.is_file()]


def catch_up(home: Home, store: LocalStore) -> Progress:
    """Load all that the journals hold beyond what was loaded before.

    Raises ``JournalDamagedError`` for the first damaged journal, after the
    others are loaded.
    """
    progress = load_journals(home, store)
    if progress.damage:
        raise progress.damage
    return progress


def load_journals(home: Home, store: LocalStore, patience: float | None = None) -> Progress:
    """The same, telling of the first damaged journal instead of raising.

    ``patience`` is that of :func:`journal.read`.
    """
    if not summaries.is_whole(store):  # new, or of a version that made others
        summaries.rebuild(store)
    first_error: JournalDamagedError | None = None
    batches = 0
    finished: list[tuple[Path, bytes]] = []
    links = False
    for path in _journals(home):
        which, removed = removals.stem_of(path.name), removals.of_removal(path.name)
        try:
            if which and removals.is_removed(home, which):
                removals.put_aside(home, which)
                continue
            if removed:
                summaries.remove(store, removals.obey(home, store, removed))
            reading, new = _load(store, path, patience)
        except JournalDamagedError as error:
            first_error = first_error or error
            continue
        batches += new
        links |= path.name.startswith(_JOINING)
        if reading.ended:
            finished.append((path, reading.text))
    if links:
        removals.prune_links(store)
    if finished:
        store.flush()  # before the journal goes, its statements are on the disk
        for path, whole in finished:
            if gone := removals.of_removal(path.name):
                removals.put_aside(home, gone)
            _archive(home, path, whole)
    return Progress(batches, len(finished), first_error)


def alive(home: Home) -> set[str]:
    """The IRIs of the runs whose process still runs, from their journals."""
    found = set()
    for path in _journals(home):
        try:
            told, last_sign = journal.describe(path), path.stat().st_mtime
        except (OSError, KprovError):
            continue  # finished and moved away just now, or damaged, which ingest says
        if told.get("run") and is_alive(told.get("process", {}), last_sign):
            found.add(str(told["run"]))
    return found


def _rebuild(home: Home, store: LocalStore) -> None:
    """Fill an empty store from the finished journals, as when the store was taken away.

    Raises ``JournalDamagedError`` for the first damaged one, after the others are loaded.
    """
    first_error: JournalDamagedError | None = None
    removed = removals.all_of(home)
    for path in sorted(home.done.glob(f"*{SUFFIX}.gz")):
        if removals.stem_of(path.name) in removed:
            continue
        try:
            store.load(gzip.decompress(path.read_bytes()))
        except (EOFError, zlib.error, gzip.BadGzipFile, InputError) as error:
            first_error = first_error or JournalDamagedError(
                f"The finished journal {path} is damaged: {error}. Put back an intact copy, or "
                f"go on without this run: mv {path} {path}.damaged"
            )
            first_error.__cause__ = error
    removals.prune_links(store)
    summaries.rebuild(store)
    store.flush()
    if first_error:
        raise first_error


@contextmanager
def opened(home: Home, address: Address | None = None) -> Iterator[LocalStore]:
    """The store itself, which :func:`make_whole` may have to fill first."""
    # There while the store is not whole: a rebuild that was cut short is begun again.
    if not home.store.exists() and home.path.is_dir():
        with contextlib.suppress(OSError):  # owned() says what is wrong with the folder
            _rebuilding(home).touch()
    before = _manifest(home)
    with owned(home, address) as store:
        known = before == _read(home.store / _KNOWN)
        _note(home)
        if before and not known and summaries.is_whole(store):
            summaries.rebuild(store)  # a version that keeps no sums may have loaded something
        yield store
    _note(home)  # closing it may have opened it anew


# In the store's folder: what RocksDB's manifest was called when the store was last opened to write
# by a version that keeps sums. Each time it gets another name.
_KNOWN = "known"


def _note(home: Home) -> None:
    with contextlib.suppress(OSError):
        journal.replace(home.store / _KNOWN, _manifest(home))


def _manifest(home: Home) -> bytes:
    return _read(home.store / "CURRENT")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _rebuilding(home: Home) -> Path:
    return home.path / "rebuilding"


def make_whole(home: Home, store: LocalStore) -> None:
    """Fill a store that was taken away, from the finished journals."""
    if _rebuilding(home).exists():
        for position in home.journal.glob("*.position"):
            position.unlink()
        store.clear()
        _rebuild(home, store)
        _rebuilding(home).unlink(missing_ok=True)


def anew(home: Home) -> None:
    """Have the store built anew of the journals, by its next owner or by :func:`make_whole`."""
    _rebuilding(home).touch()


def current(home: Home, store: LocalStore) -> set[str]:
    """Load what the journals hold; the runs whose process lived meanwhile."""
    # Asked before and after: a run that began or ended in between lived.
    living = alive(home)
    catch_up(home, store)
    return living | alive(home)


def open_snapshot(home: Home) -> Snapshot:
    """A snapshot of the store with all that the journals hold now.

    From the server where one owns the store. Raises ``StoreLockedError``,
    ``StorageError`` or ``JournalDamagedError``.
    """
    try:
        return _open_snapshot(home)
    except StoreLockedError:
        if owner.server(home) is None:
            raise
        return _open_snapshot(home)  # a server began or ended just now


def _open_snapshot(home: Home) -> Snapshot:
    address = owner.server(home)
    if address:
        return borrow(address)
    with opened(home) as store:
        make_whole(home, store)
        living = current(home, store)
        return snapshot(home, store, living)
