"""Freeing space: what was removed, and what interrupted work left behind."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kprov_capture.home import Home
from kprov_capture.journal import SUFFIX
from kprov_rdf import ingest, removals
from kprov_rdf.errors import StorageError
from kprov_rdf.exchange.merge import alone
from kprov_rdf.readers import unread
from kprov_rdf.upkeep import compaction
from kprov_rdf.upkeep.compaction import Compacted

# Whoever writes a file under a name for the time being writes to it more often than that.
_OLD_SECONDS = 3600.0
_PASSING = re.compile(r".+\.new|owner\.(?!json\Z).+|\..+\.partial.*|[0-9a-f]{64}\.json\.[0-9]+")


@dataclass(frozen=True)
class Freed:
    """Files of one kind that are, or would be, gone, and their bytes."""

    what: str
    files: int
    bytes: int


def collect(home: Home, dry_run: bool = False) -> tuple[list[Freed], Compacted | None]:
    """Free the space of what nobody uses, and compact the store; or only say what that would be.

    Raises ``StoreLockedError``, ``StorageError`` or ``JournalDamagedError``. Cut short, it may be
    repeated.
    """
    ingest.open_snapshot(home).close()  # removals are obeyed before their archives go
    if home.removed.is_symlink():
        raise StorageError(
            f"{home.removed} is a link, and not the folder that kprov makes and empties. Remove "
            "the link and try again."
        )
    with alone(home):
        found = [
            _freed("removed records", _removed(home), dry_run),
            _freed("notes without their journal", _notes(home), dry_run),
            _freed("files of interrupted work", _passing(home), dry_run),
        ]
        if not dry_run:
            _remove_empty(home.removed)
    snapshots = [file for folder in unread(home) for file in folder.rglob("*") if file.is_file()]
    # Files that the store has too take no space.
    alone_in = sum(one.stat().st_size for one in snapshots if one.stat().st_nlink == 1)
    found.append(Freed("snapshots of readers that are gone", len(snapshots), alone_in))
    # Which removes the snapshots: only who owns the store may.
    return found, None if dry_run else compaction.compact(home)


def _freed(what: str, paths: Iterator[Path], dry_run: bool) -> Freed:
    files = taken = 0
    for path in list(paths):
        try:
            size = path.lstat().st_size
            if not dry_run:
                path.unlink()
        except FileNotFoundError:
            continue
        files, taken = files + 1, taken + size
    return Freed(what, files, taken)


def _removed(home: Home) -> Iterator[Path]:
    """What was put aside, but for records whose removal is not obeyed yet."""
    for path in sorted(home.removed.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        which = removals.stem_of(path.name) or path.parent.name
        if not removals.pending(home, which).exists():
            yield path


def _notes(home: Home) -> Iterator[Path]:
    """Notes of how far a journal was read, received or sent, where there is no journal."""
    for ending in (".position", ".received"):
        for path in home.journal.glob(f"*{ending}"):
            if not path.with_suffix(SUFFIX).exists():
                yield path
    for path in (home.path / "shipped").glob("*.json"):
        if removals.is_removed(home, path.stem):
            yield path


def _passing(home: Home) -> Iterator[Path]:
    """Files that were to take the place of others, and were not written to for an hour."""
    folders = [home.path, home.journal, home.done, *home.series.glob("*")]
    folders += [home.path / name for name in ("dataflows", "written", "shipped", "hashes")]
    for folder in folders:
        for path in folder.glob("*"):
            plain = path.is_file() and not path.is_symlink()
            if plain and _PASSING.fullmatch(path.name) and _age(path) > _OLD_SECONDS:
                yield path


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _remove_empty(folder: Path) -> None:
    if not folder.is_dir():
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink() and not any(path.iterdir()):
            path.rmdir()
