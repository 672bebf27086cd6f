"""SHA-256 of files and folders on disk, remembered by path, size and times.

What was hashed stands in ``hashes/`` of the state folder too, a small file for each path, which
is replaced as a whole: any number of processes may read and write there at once. It is a cache:
it may be deleted, and what in it cannot be read counts as missing.
"""

import contextlib
import hashlib
import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

from kprov_capture.facts import Fingerprint

MAX_FILES = 10_000  # in a folder that is hashed
KEPT = 4_096  # entries on disk
_WORTH_KEEPING = 1 << 20  # bytes: what is smaller is hashed as fast as it is looked up
# A file that changed so recently may change again without a change of its times.
_SETTLED_NS = 2_000_000_000
# Times of files go by the ticks of the kernel, 1 to 10 ms; a change within one is not seen.
_TICK_NS = 20_000_000
_CHUNK = 1 << 22
_REMEMBERED = 20_000
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")

# Of a file: size, times of its content and of its entry, inode, device. Of a folder: those of
# each file in it, by relative path.
FileStamp = tuple[int, ...]
FolderStamp = tuple[tuple[str, FileStamp], ...]
Stamp = FileStamp | FolderStamp

_known: dict[tuple[str, FileStamp], Fingerprint] = {}


class UnhashableError(Exception):
    """Why a file or a folder has no hash; the message goes on after 'it'."""


def _of_stat(found: os.stat_result) -> FileStamp:
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)


def stamp(path: str) -> Stamp:
    """What changes when the file or the folder does. Raises ``UnhashableError``."""
    try:
        found = os.stat(path)
        if stat.S_ISREG(found.st_mode):
            return _of_stat(found)
        if stat.S_ISDIR(found.st_mode):
            return tuple((name, _of_stat(os.stat(os.path.join(path, name)))) for name in _in(path))
    except (OSError, ValueError) as error:
        raise UnhashableError(f"could not be read: {error}") from error
    raise UnhashableError("is neither a file nor a folder")


def fresh_stamp(path: str) -> Stamp:
    """The :func:`stamp` of what was perhaps just written: any change after it is a change of it."""
    found = stamp(path)
    if time.time_ns() - _newest(found) < _TICK_NS:
        time.sleep(_TICK_NS / 1e9)
        return stamp(path)
    return found


def _newest(found: Stamp) -> int:
    """The last change of a file, or of a file in a folder, in ns since 1970."""
    if found and isinstance(found[0], int):
        files = [found]
    else:
        files = [one for _, one in cast(FolderStamp, found)]
    return max((max(one[1:3]) for one in files), default=0)


def _in(folder: str) -> list[str]:
    """The regular files below a folder, as relative paths with slashes, sorted."""
    names: list[str] = []
    for parent, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(parent, name)
            if os.path.isfile(path):  # no pipes, devices, and links that lead nowhere
                names.append(os.path.relpath(path, folder).replace(os.sep, "/"))
        if len(names) > MAX_FILES:
            raise UnhashableError(f"is a folder with more than {MAX_FILES} files")
    return sorted(names)


def of(path: str, wanted: Stamp, cache: Path, go_on: Callable[[], bool]) -> Fingerprint:
    """SHA-256 and size of the file; of a folder, those of a line ``sha256 path`` for each file.

    ``wanted`` is its :func:`stamp` when it was read. Raises ``UnhashableError``: where it cannot
    be read, is not the same any more, or where ``go_on()`` says no before the end.
    """
    if wanted and isinstance(wanted[0], int):
        found = _of_file(path, wanted, cache, go_on)
    else:
        lines = (
            f"{_of_file(os.path.join(path, name), one, cache, go_on).sha256} {name}\n"
            for name, one in cast(FolderStamp, wanted)
        )
        manifest = "".join(lines).encode("utf-8", "surrogateescape")
        found = Fingerprint(hashlib.sha256(manifest).hexdigest(), len(manifest))
    if stamp(path) != wanted:
        raise UnhashableError("changed before it was hashed")
    return found


def _of_file(path: str, wanted: FileStamp, cache: Path, go_on: Callable[[], bool]) -> Fingerprint:
    known = _known.get((path, wanted)) or _from_disk(path, wanted, cache)
    if known is None:
        known = _hashed(path, go_on)
        if stamp(path) != wanted:
            raise UnhashableError("changed before it was hashed")
        settled = time.time_ns() - max(wanted[1:3]) > _SETTLED_NS
        if not settled:
            return known
        if known.size >= _WORTH_KEEPING:
            _to_disk(path, wanted, known, cache)
    if len(_known) >= _REMEMBERED:
        _known.clear()
    _known[path, wanted] = known
    return known


def _hashed(path: str, go_on: Callable[[], bool]) -> Fingerprint:
    digest, size = hashlib.sha256(), 0
    try:
        with open(path, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if not go_on():
                    raise UnhashableError("was not hashed before the process ended")
    except OSError as error:
        raise UnhashableError(f"could not be read: {error}") from error
    return Fingerprint(digest.hexdigest(), size)


# -- the cache on disk


def _entry(path: str, cache: Path) -> Path:
    return cache / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:40]}.json"


def _from_disk(path: str, wanted: FileStamp, cache: Path) -> Fingerprint | None:
    try:
        told = json.loads(_entry(path, cache).read_text("utf-8"))
        if told["path"] == path and told["stamp"] == list(wanted):
            sha256, size = told["sha256"], told["size"]
            if isinstance(size, int) and _SHA256.match(sha256):
                return Fingerprint(sha256, size)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def _to_disk(path: str, wanted: FileStamp, found: Fingerprint, cache: Path) -> None:
    told = {"path": path, "stamp": wanted, "sha256": found.sha256, "size": found.size}
    with contextlib.suppress(OSError):  # a folder that is full or only read: no cache
        cache.mkdir(exist_ok=True)
        _make_room(cache)
        handle, name = tempfile.mkstemp(dir=cache, suffix=".new")
        with open(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(json.dumps(told))
        os.replace(name, _entry(path, cache))


def _make_room(cache: Path) -> None:
    """Delete the entries that were written first, a quarter of them, where there are too many."""
    entries = list(os.scandir(cache))
    if len(entries) < KEPT:
        return
    aged = []
    for entry in entries:
        with contextlib.suppress(OSError):  # another process took it
            aged.append((entry.stat().st_mtime_ns, entry.path))
    for _, path in sorted(aged)[: KEPT // 4]:
        with contextlib.suppress(OSError):
            os.unlink(path)
