"""Compacting the store: by this process, or by the server that owns it."""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kprov_capture.home import Home
from kprov_rdf import borrow, ingest, owner
from kprov_rdf.errors import StoreLockedError
from kprov_rdf.readers import sweep

# Some 10 s for a gigabyte.
_SECONDS = 3600.0


@dataclass(frozen=True)
class Compacted:
    """The bytes that the store took before and after; of ``log``, those of its write-ahead log."""

    before: int
    after: int
    log: int


def size(paths: Iterable[Path]) -> int:
    """The bytes of these files, and of all in these folders; what is gone meanwhile counts 0."""
    total = 0
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            total += size(path.iterdir())
        else:
            try:
                total += path.lstat().st_size
            except FileNotFoundError:
                continue
    return total


def compact(home: Home) -> Compacted:
    """Load what the journals hold, and rewrite the store without what was removed.

    Raises ``StoreLockedError``, ``StorageError`` or ``JournalDamagedError``.
    """
    ingest.open_snapshot(home).close()
    before = size([home.store])
    try:
        _compact(home)
    except StoreLockedError:
        if owner.server(home) is None:
            raise
        _compact(home)  # a server began or ended just now
    return Compacted(before, size([home.store]), size(home.store.glob("*.log")))


def _compact(home: Home) -> None:
    address = owner.server(home)
    if address:
        borrow.ask(address, "/compaction", {}, _SECONDS)
        return
    with ingest.opened(home) as store:
        sweep(home)
        store.compact()
        with contextlib.suppress(OSError, RuntimeError):
            store.reopen()  # with which the log begins at nothing
