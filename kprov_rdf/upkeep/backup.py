"""Backups: what a state folder cannot make again, in one archive, while trainings write and serve.

Journals only grow, so a prefix of one is a state that there was; a finished one moves once, to
``done/``. So the live ones are looked at first, then the finished ones, and where a file is gone
when it is read, all begins again. The store is left out: it is built from the journals. So are
notes of one machine, whatever says who may do what (``owner.json``, tokens, ``mirror.json``), and
what was removed.

The archive is a tar of files, the last of which is ``manifest.json``: the size and SHA-256 of each.
"""

import gzip
import hashlib
import io
import json
import re
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from kprov_capture.home import Home
from kprov_capture.journal import SUFFIX
from kprov_rdf.errors import BusyError, InputError, StorageError
from kprov_rdf.exchange import writing

MANIFEST = "manifest.json"
FORMAT = 1
SUFFIXES = (".tar.gz", ".tgz", ".tar")
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# All that is kept, and all that is taken back.
NAMES = re.compile(
    rf"kprov\.toml|journal/[\w.+-]+\.nq|journal/{_UUID}\.received|journal/done/[\w.+-]+\.nq\.gz"
    rf"|series/{_UUID}/[\w.+-]+\.npy|(?:dataflows|written)/[0-9a-f]+\.json",
    re.ASCII,
)
_TRIES = 5
_PART = 1 << 20
_LEVEL = 1  # most of it is compressed


@dataclass(frozen=True)
class Kept:
    """A backup: where it is, how many files of runs and others are in it, and their bytes."""

    path: Path
    journals: int
    files: int
    bytes: int


class _VanishedError(Exception):
    """A file was there a moment ago."""


def backup(home: Home, target: Path) -> Kept:
    """Write a backup to ``target``: a file, or a folder, where it is named by the time.

    Raises ``InputError`` for a name with another suffix, ``StorageError`` where it cannot be
    written, and ``BusyError`` where files move faster than they are read.
    """
    if target.is_dir():
        target /= f"kprov-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.tar.gz"
    if not target.name.endswith(SUFFIXES):
        raise InputError(
            f"A backup is a tar archive: end the name {target} in one of {', '.join(SUFFIXES)}, or "
            "name a folder."
        )
    for _ in range(_TRIES):
        try:
            with writing.replacing(target) as new:
                journals, files = _write(home, new, target)
            return Kept(target, journals, files, target.stat().st_size)
        except _VanishedError:
            continue
    raise BusyError("Runs end faster than they can be copied. Try again in a moment.")


def _write(home: Home, new: Path, target: Path) -> tuple[int, int]:
    """How many journals, and how many files, were written to ``new``."""
    told: dict[str, dict[str, object]] = {}
    journals = 0
    with _packed(new, target) as archive:
        for name, path, size in _chosen(home):
            data = _Prefix(path, size)
            if name.startswith("journal/") and path.suffix == SUFFIX:
                data.cut()
            with data:
                if not data.size and path.suffix == SUFFIX:
                    continue  # nothing of it is whole yet
                member = tarfile.TarInfo(name)
                member.size, member.mtime, member.mode = data.size, int(data.modified), 0o644
                archive.addfile(member, data)
                told[name] = {"size": data.size, "sha256": data.digest.hexdigest()}
            journals += path.name.endswith((SUFFIX, f"{SUFFIX}.gz"))
        manifest = {"format": FORMAT, "created": time.time(), "files": told}
        text = json.dumps(manifest).encode()
        member = tarfile.TarInfo(MANIFEST)
        member.size, member.mtime = len(text), int(time.time())
        archive.addfile(member, io.BytesIO(text))
    return journals, len(told)


@contextmanager
def _packed(path: Path, target: Path) -> Iterator[tarfile.TarFile]:
    with open(path, "wb") as file:
        if target.name.endswith(".tar"):
            with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
                yield archive
            return
        with (
            gzip.GzipFile("", "wb", _LEVEL, file) as packed,
            tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
        ):
            yield archive


def _chosen(home: Home) -> Iterator[tuple[str, Path, int]]:
    """What is kept: the name in the archive, the file, and how much of it there is now."""
    live = {path.name: (path, _size(path)) for path in sorted(home.journal.glob(f"*{SUFFIX}"))}
    done = sorted(home.done.glob(f"*{SUFFIX}.gz"))
    ended = {path.name.removesuffix(".gz") for path in done}
    yield from _named(home, [home.path / "kprov.toml"])
    yield from _named(home, done)
    for name, (path, size) in live.items():
        if name not in ended and NAMES.fullmatch(f"journal/{name}"):
            yield f"journal/{name}", path, size
            yield from _named(home, [path.with_suffix(".received")])
    yield from _named(home, sorted(home.series.glob("*/*.npy")))
    for folder in ("dataflows", "written"):
        yield from _named(home, sorted((home.path / folder).glob("*.json")))


def _named(home: Home, paths: list[Path]) -> Iterator[tuple[str, Path, int]]:
    for path in paths:
        name = path.relative_to(home.path).as_posix()
        if NAMES.fullmatch(name) and path.is_file():
            yield name, path, _size(path)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError as error:
        raise _VanishedError from error


class _Prefix(io.RawIOBase):
    """The first ``size`` bytes of a file, hashed as they are read."""

    def __init__(self, path: Path, size: int) -> None:
        super().__init__()
        self.path, self.size = path, size
        self.digest = hashlib.sha256()
        self._left = size
        try:
            self._file: IO[bytes] = open(path, "rb")  # noqa: SIM115  closed with this
            self.modified = path.stat().st_mtime
        except FileNotFoundError as error:
            raise _VanishedError from error
        except OSError as error:
            raise StorageError(
                f"{path} cannot be read: {error.strerror}. Make it readable, and try again."
            ) from error

    def cut(self) -> None:
        """Leave out what follows the last whole batch."""
        text = self._file.read(self.size)
        last = text.rfind(b"\n# commit ")
        end = text.find(b"\n", last + 1) + 1 if last >= 0 else 0
        if last >= 0 and not end:  # the commit itself is torn
            before = text.rfind(b"\n# commit ", 0, last)
            end = text.find(b"\n", before + 1) + 1 if before >= 0 else 0
        self.size = self._left = end
        self._file.seek(0)

    def read(self, size: int = -1) -> bytes:
        wanted = min(self._left, _PART if size < 0 else size)
        found = self._file.read(wanted)
        if len(found) < wanted:
            raise _VanishedError  # it became shorter
        self._left -= len(found)
        self.digest.update(found)
        return found

    def close(self) -> None:
        self._file.close()
        super().close()
