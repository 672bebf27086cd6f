"""Taking a backup back: all of it is checked before anything is written.

The archive may come from anyone. Only regular files with the names of backups are taken, once
each, and no more bytes than there is room for. Nothing is unpacked by the archive's own rules.
"""

import gzip
import hashlib
import json
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from kprov_capture.home import create
from kprov_rdf.errors import InputError, KprovError, LimitError, NotFoundError, StorageError
from kprov_rdf.upkeep.backup import FORMAT, MANIFEST, NAMES, SUFFIXES

MAX_FILES = 5_000_000
_MAX_MANIFEST = 1 << 30
_PART = 1 << 20
# What tarfile reads at once beyond the files: headers, and long names, which are no longer.
_MAX_READ = 1 << 20
_REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE)
_BROKEN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile)


@dataclass(frozen=True)
class Restored:
    """A folder that was restored from the archive ``source``: its files, and their bytes."""

    home: Path
    source: Path
    files: int
    bytes: int


def restore(source: Path, folder: Path) -> Restored:
    """Make the state folder ``folder`` of a backup: a file, or the newest one in a folder.

    Raises ``NotFoundError`` where there is none; ``InputError`` where ``folder`` has something in
    it, or the archive is not as it was written; ``LimitError`` where there is no room for it;
    ``StorageError`` where it cannot be written. Whatever is raised, nothing is written.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder} is not empty, and what is in it stays. Name a folder that is empty, or not "
            f"there, with --home: kprov --home DIR restore {source}"
        )
    source = _newest(source) if source.is_dir() else source
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        room = shutil.disk_usage(folder.parent).free
        told = _checked(source, room)
        beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.partial-"))
        try:
            _unpack(source, told, beside)
            os.chmod(beside, 0o777 & ~_mask())  # mkdtemp makes it private
            if folder.is_dir():
                folder.rmdir()
            os.rename(beside, folder)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
    except KprovError:
        raise
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be restored from {source}: {error.strerror or error}. Nothing was "
            "written."
        ) from error
    return Restored(folder, source, len(told), sum(size for size, _ in told.values()))


def _mask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _newest(folder: Path) -> Path:
    found = sorted(p for p in folder.glob("kprov-*") if p.name.endswith(SUFFIXES) and p.is_file())
    if not found:
        raise NotFoundError(
            f"There is no backup in {folder}. 'kprov backup {folder}' makes one, called "
            "kprov-….tar.gz; one of another name is given by that."
        )
    return found[-1]


def _checked(source: Path, room: int) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of each file, by its name, after all were read and compared."""
    found: dict[str, tuple[int, str]] = {}
    manifest: bytes | None = None
    total = 0
    with _opened(source) as archive:
        for member, data in _members(source, archive):
            if manifest is not None:
                raise _altered(source, f"{member.name!r} follows the manifest")
            if member.name == MANIFEST:
                if member.size > _MAX_MANIFEST:
                    raise _altered(source, "its manifest is too large")
                manifest = b"".join(iter(lambda: data.read(_PART), b""))  # noqa: B023
                continue
            total += member.size
            if total > room or len(found) >= MAX_FILES:
                raise LimitError(
                    f"{source} says that it unpacks to more than the {room >> 20:,} MiB that are "
                    f"free, or to more than {MAX_FILES:,} files. Free some space, if you trust it."
                )
            if not NAMES.fullmatch(member.name) or member.name in found:
                raise _altered(source, f"{member.name!r} is no file of a backup, or there twice")
            digest = hashlib.sha256()
            for part in iter(lambda: data.read(_PART), b""):  # noqa: B023  used here only
                digest.update(part)
            found[member.name] = member.size, digest.hexdigest()
    if manifest is None:
        raise _altered(source, "its end is missing")
    if _of_manifest(source, manifest) != found:
        raise _altered(source, "its files are not those that its manifest lists")
    return found


def _of_manifest(source: Path, text: bytes) -> dict[str, tuple[int, str]]:
    try:
        told = json.loads(text)
        form = told["format"]
        if form == FORMAT:
            files = told["files"].items()
            return {name: (one["size"], one["sha256"]) for name, one in files}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _altered(source, f"its manifest cannot be read ({error})") from error
    raise InputError(
        f"{source} is a backup of another version of kprov (format {form!r}; this one reads "
        f"{FORMAT}). Upgrade kprov, and try again."
    )


def _unpack(source: Path, told: dict[str, tuple[int, str]], folder: Path) -> None:
    """Write the files, which are compared again: the archive may have changed since."""
    create(folder)
    left = set(told)
    with _opened(source) as archive:
        for member, data in _members(source, archive):
            if member.name == MANIFEST:
                break
            if member.name not in left or member.size != told[member.name][0]:
                raise _altered(source, "it changed while it was read")
            left.remove(member.name)
            path = folder / member.name
            path.parent.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            with path.open("wb") as file:
                for part in iter(lambda: data.read(_PART), b""):  # noqa: B023  used here only
                    digest.update(part)
                    file.write(part)
            if digest.hexdigest() != told[member.name][1]:
                raise _altered(source, "it changed while it was read")
            # The age of a journal says whether its writer lives, where that is elsewhere.
            os.utime(path, (member.mtime, member.mtime))
    if left:
        raise _altered(source, "it changed while it was read")


def _altered(source: Path, why: str) -> InputError:
    return InputError(
        f"{source} is not a backup as kprov wrote it: {why}. It was cut or changed, or is "
        "something else. Nothing was written; take another copy of it."
    )


class _Careful:
    """A file of which nobody reads much at once, as the header of a hostile archive may ask."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.tell, self.seek = file.tell, file.seek

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _MAX_READ:
            raise tarfile.ReadError(f"{size} bytes of headers")
        return self._file.read(size)


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        if not source.is_file():
            raise NotFoundError(f"There is no file {source}.")
        with open(source, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            text: Any = gzip.GzipFile(fileobj=file) if packed else file
            with tarfile.open(fileobj=_Careful(text), mode="r:", format=None) as archive:  # type: ignore[call-overload]
                yield archive
    except _BROKEN as error:
        raise _altered(source, str(error) or "it ends too early") from error
    except OSError as error:
        raise StorageError(f"{source} cannot be read: {error.strerror or error}.") from error


def _members(source: Path, archive: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    while member := archive.next():
        if member.type not in _REGULAR or member.size < 0 or member.sparse is not None:
            raise _altered(source, f"{member.name!r} is a link, a folder, a device, or so")
        data = archive.extractfile(member)
        assert data is not None  # noqa: S101  it is a file
        yield member, data
        archive.members = []  # type: ignore[attr-defined]  # which it would keep
