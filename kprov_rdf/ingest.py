"""Loads journals into the store: each batch at least once, which is as good as once.

How far a journal was loaded stands in ``<run>.position`` beside it, written
after the load; statements are a set with fixed names, so that loading a batch
again changes nothing. A finished journal is checked as a whole, compressed into
``journal/done/``, and removed.
"""

import gzip
import json
import os
from dataclasses import dataclass
from pathlib import Path

from kprov_capture.home import Home
from kprov_capture.journal import SUFFIX
from kprov_rdf import journal
from kprov_rdf.errors import JournalDamagedError
from kprov_rdf.journal import Position, Reading
from kprov_rdf.store import LocalStore, Snapshot, Store, owned, snapshot


@dataclass(frozen=True)
class Progress:
    """What a catch-up did."""

    batches: int
    finished: int


def _position_file(path: Path) -> Path:
    return path.with_suffix(".position")


def _position(path: Path) -> Position:
    try:
        found = json.loads(_position_file(path).read_text("ascii"))
        return Position(found["offset"], found["batches"], bytes.fromhex(found["digest"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Position()  # not there, or cut short: load it all again, which is harmless


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a power cut, finds the old one or the new one."""
    beside = path.with_name(path.name + ".new")
    with beside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def _archive(home: Home, path: Path) -> None:
    """Compress a finished journal into ``done/``, after checking every batch of it."""
    whole = journal.read(path)
    _replace(home.done / f"{path.name}.gz", gzip.compress(whole.text, mtime=0))
    path.unlink()
    _position_file(path).unlink(missing_ok=True)


def _load(store: Store, path: Path) -> tuple[Reading, int]:
    before = _position(path)
    reading = journal.read(path, before)
    if reading.text:
        store.load(reading.text)
        at = reading.position
        told = {"offset": at.offset, "batches": at.batches, "digest": at.digest.hex()}
        _replace(_position_file(path), json.dumps(told).encode())
    return reading, reading.position.batches - before.batches


def catch_up(home: Home, store: LocalStore) -> Progress:
    """Load all that the journals hold beyond what was loaded before.

    Raises ``JournalDamagedError`` for the first damaged journal, after the
    others are loaded.
    """
    first_error: JournalDamagedError | None = None
    batches = 0
    finished: list[Path] = []
    for path in sorted(home.journal.glob(f"*{SUFFIX}")):
        try:
            journal.describe(path)
            reading, new = _load(store, path)
        except JournalDamagedError as error:
            first_error = first_error or error
            continue
        batches += new
        if reading.ended:
            finished.append(path)
    if finished:
        store.flush()  # before the journal goes, its statements are on the disk
        for path in finished:
            _archive(home, path)
    if first_error:
        raise first_error
    return Progress(batches, len(finished))


def _rebuild(home: Home, store: LocalStore) -> None:
    """Fill an empty store from the finished journals, as when the store was taken away."""
    for path in sorted(home.done.glob(f"*{SUFFIX}.gz")):
        try:
            store.load(gzip.decompress(path.read_bytes()))
        except (EOFError, gzip.BadGzipFile) as error:
            raise JournalDamagedError(
                f"The finished journal {path} is damaged: {error}. Put back an intact copy, or "
                f"go on without this run: mv {path} {path}.damaged"
            ) from error


def open_snapshot(home: Home) -> Snapshot:
    """A snapshot of the store with all that the journals hold now.

    Raises ``StoreLockedError``, ``StorageError`` or ``JournalDamagedError``.
    """
    new = not home.store.exists()
    with owned(home) as store:
        if new:
            for position in home.journal.glob("*.position"):
                position.unlink()
            _rebuild(home, store)
        catch_up(home, store)
        return snapshot(home, store)
