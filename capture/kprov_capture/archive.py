"""Provenance in and beside the file of a model: the layout, and how it is written.

In a ``.keras`` archive (a zip file) two members are added to those that Keras wrote:

    kprov/provenance.nq     the journal of the run, as far as it was written then
    kprov/manifest.json     {"layout": 1, "run": IRI, "tag": …, "document": {"sha256", "size"},
                             "members": {name: {"sha256", "size"}, …}}

Beside any other file ``model.h5`` the journal is ``model.h5.prov.nq``. Either is complete
or not there: a file is written beside the old one, and takes its place.
"""

import copy
import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from kprov_capture.facts import Fingerprint
from kprov_capture.journal import HEADER

if TYPE_CHECKING:
    from zipfile import ZipFile

LAYOUT = 1
FOLDER = "kprov/"
DOCUMENT = f"{FOLDER}provenance.nq"
MANIFEST = f"{FOLDER}manifest.json"
BESIDE = ".prov.nq"

# What is larger has its provenance beside it: an archive is copied once.
MAX_ARCHIVE = 1 << 31
MAX_DOCUMENT = 1 << 26
MAX_MEMBERS = 256
_CHUNK = 1 << 22


class CannotEmbedError(Exception):
    """The archive is left as it is; the message says why."""


def _fingerprint(file: IO[bytes], deadline: float) -> Fingerprint:
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        _check_time(deadline)
        digest.update(chunk)
        size += len(chunk)
    return Fingerprint(digest.hexdigest(), size)


def _check_time(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise CannotEmbedError("it takes too long to read and copy the file")


def _opened(path: str) -> "ZipFile":
    import zipfile

    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise CannotEmbedError(f"it is no zip archive: {error}") from error


def members(path: str, seconds: float) -> dict[str, Fingerprint]:
    """Name, SHA-256 and size of each member of an archive, kprov's own left out.

    Raises ``CannotEmbedError`` and ``OSError``.
    """
    import zipfile
    import zlib

    deadline = time.monotonic() + seconds
    if os.path.getsize(path) > MAX_ARCHIVE:
        raise CannotEmbedError(f"it is larger than {MAX_ARCHIVE >> 20} MiB")
    with _opened(path) as archive:
        own = [one for one in archive.infolist() if _of_model(one.filename) and not one.is_dir()]
        names = {one.filename for one in own}
        if len(names) < len(own) or len(own) > MAX_MEMBERS:
            raise CannotEmbedError(f"it has {len(own)} members, or two of one name")
        found = {}
        try:
            for one in own:
                with archive.open(one) as file:
                    found[one.filename] = _fingerprint(file, deadline)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
            raise CannotEmbedError(f"it is damaged: {error}") from error
    return found


def _of_model(name: str) -> bool:
    return not name.startswith(FOLDER)


def manifest(run: str, tag: str, document: bytes, own: Mapping[str, Fingerprint]) -> bytes:
    """What lets a reader check the archive without understanding the document."""

    def told(one: Fingerprint) -> dict[str, str | int]:
        return {"sha256": one.sha256, "size": one.size}

    found: dict[str, Any] = {
        "layout": LAYOUT,
        "run": run,
        "tag": tag,
        "document": {"name": DOCUMENT, **told(of_bytes(document))},
        "members": {name: told(one) for name, one in own.items()},
    }
    return json.dumps(found, indent=1).encode("utf-8", "backslashreplace")


def of_bytes(data: bytes) -> Fingerprint:
    return Fingerprint(hashlib.sha256(data).hexdigest(), len(data))


def embed(path: str, document: bytes, manifest_: bytes, seconds: float) -> None:
    """Add the two members to an archive, or replace them.

    What a link leads to is replaced, the link stays. Raises ``CannotEmbedError`` and
    ``OSError``; the archive is then as it was.
    """
    import zipfile

    if len(document) > MAX_DOCUMENT:
        raise CannotEmbedError(f"the provenance is larger than {MAX_DOCUMENT >> 20} MiB")
    deadline = time.monotonic() + seconds
    path = os.path.realpath(path)
    before = os.stat(path)
    _check_replaceable(before)
    with _in_place_of(path) as (file, name):
        _copy_own(path, file, deadline)
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(DOCUMENT, document)
            archive.writestr(MANIFEST, manifest_)
        _check_time(deadline)
        shutil.copystat(path, name)
        os.utime(name)  # it is another file, also to who goes by size and time
        if _state(os.stat(path)) != _state(before):
            raise CannotEmbedError("it was changed meanwhile")


def _check_replaceable(found: os.stat_result) -> None:
    """Whether a copy under the same name is as good as the file itself."""
    if not stat.S_ISREG(found.st_mode):
        raise CannotEmbedError("it is no regular file")
    if found.st_nlink > 1:
        raise CannotEmbedError("it has another name (a hard link)")
    if hasattr(os, "geteuid") and found.st_uid != os.geteuid():
        raise CannotEmbedError("it belongs to another user")


def _state(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


@contextmanager
def _in_place_of(path: str) -> "Iterator[tuple[IO[bytes], str]]":
    """A new file in the same folder, which replaces ``path`` where the block ends well."""
    handle, name = tempfile.mkstemp(prefix=".kprov-", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file, name
        # Not synced first: what it replaces was written a moment ago, and was not either.
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _copy_own(path: str, file: IO[bytes], deadline: float) -> None:
    """The archive without kprov's members: byte for byte, where it has none."""
    import zipfile

    with _opened(path) as archive:
        if not all(_of_model(name) for name in archive.namelist()):
            with zipfile.ZipFile(file, "w") as new:
                for one in archive.infolist():
                    if _of_model(one.filename):
                        with archive.open(one) as source, new.open(copy.copy(one), "w") as to:
                            _copy(source, to, deadline)
            return
    with open(path, "rb") as source:
        _copy(source, file, deadline)


def _copy(source: IO[bytes], to: IO[bytes], deadline: float) -> None:
    while chunk := source.read(_CHUNK):
        _check_time(deadline)
        to.write(chunk)


def put_beside(path: str, document: bytes) -> str:
    """Write the document beside a file, and give its path.

    A file of that name that is no journal of kprov's is left alone: ``CannotEmbedError``.
    Raises ``OSError`` where it cannot be written.
    """
    name = f"{path}{BESIDE}"
    if os.path.lexists(name):
        with open(name, "rb") as file:
            if os.path.islink(name) or file.read(len(HEADER)) != HEADER.encode():
                raise CannotEmbedError(f"{name} is there already, and is not of kprov")
    with _in_place_of(name) as (file, new):
        file.write(document)
        os.chmod(new, stat.S_IMODE(os.stat(path).st_mode))
    return name
