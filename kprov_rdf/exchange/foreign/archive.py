"""What is in a folder, or in a zip of one: names, sizes, digests. Nothing is written to a disk.

A zip is a stranger's: it is read within limits, and refused where its names lead out of it.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO

from kprov_rdf.errors import InputError, UnsupportedError
from kprov_rdf.exchange.sources import MAX_BYTES, MAX_FILES, Source

# Of all files of a zip. What packs its content a thousand times is a bomb, not a data set.
MAX_UNPACKED = 1 << 33
MAX_RATIO = 1000
_FREE = 1 << 24  # below this, the ratio says nothing
_CHUNK = 1 << 20
_ENCRYPTED = 0x1
_ENTRY = b"PK\x01\x02"  # of the directory (APPNOTE, section 4.3.12)


@dataclass(frozen=True)
class File:
    """One file: its name, with ``/``, its size in bytes, and the SHA-256 in hex."""

    name: str
    size: int
    sha256: str


def is_zip(source: Source) -> bool:
    """Whether it begins as a zip with something in it does (APPNOTE, section 4.3.7)."""
    return source.beginning(4) == b"PK\x03\x04"


class Archive:
    """The files of a folder or a zip. Raises ``InputError`` for a zip that is refused."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._zip = None if source.is_folder else self._opened()

    def _opened(self) -> zipfile.ZipFile:
        # Before it is opened, which makes an object of each.
        if self._source.data.count(_ENTRY) > MAX_FILES:
            raise self._too_many()
        try:
            return zipfile.ZipFile(BytesIO(self._source.data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise self._broken(error) from error

    def _too_many(self) -> InputError:
        return InputError(
            f"{self._source.name} has more than {MAX_FILES:,} files. Unpack it, and name a "
            "folder in it."
        )

    def _broken(self, error: Exception) -> InputError:
        said = str(error) or type(error).__name__
        return InputError(
            f"{self._source.name} is no zip that can be read: {said}. Make it again, or name the "
            "unpacked folder."
        )

    @cached_property
    def _entries(self) -> dict[str, zipfile.ZipInfo]:
        assert self._zip is not None  # noqa: S101  (asked for zips only)
        found: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            if entry.is_dir():
                continue
            self._check(entry, found)
            found[entry.filename] = entry
        packed = len(self._source.data)
        unpacked = sum(entry.file_size for entry in found.values())
        if unpacked > MAX_UNPACKED or (unpacked > _FREE and unpacked > packed * MAX_RATIO):
            raise InputError(
                f"{self._source.name} has {packed:,} bytes and would unpack to {unpacked:,}, more "
                "than is read. Unpack it where that is meant, and name the folder."
            )
        return found

    def _check(self, entry: zipfile.ZipInfo, found: dict[str, zipfile.ZipInfo]) -> None:
        name = entry.filename
        parts = name.split("/")
        if "\\" in name or parts[0] == "" or ":" in parts[0] or {"..", "."} & set(parts):
            raise InputError(
                f"{self._source.name} has a file of the name {name!r}, which leads out of it. "
                "Nothing of it was read."
            )
        if name in found:
            raise InputError(f"{self._source.name} has two files of the name {name!r}.")
        if entry.flag_bits & _ENCRYPTED:
            raise UnsupportedError(
                f"{self._source.name} is encrypted: {name!r}. Unpack it, and name the folder."
            )

    def names(self) -> list[str]:
        """The names of the files, sorted."""
        return sorted(self._source.files if self._zip is None else self._entries)

    def read(self, name: str) -> bytes:
        """The bytes of one file, which are not more than a document may have."""
        if self._zip is None:
            return self._source.read(name)
        data = b"".join(self._chunks(name, MAX_BYTES))
        if len(data) > MAX_BYTES:
            raise InputError(f"{self._source.name}/{name} is larger than {MAX_BYTES >> 20} MiB.")
        return data

    def file(self, name: str) -> File:
        """One file with its digest, however large it is."""
        if self._zip is None:
            return File(name, self._source.files[name], self._source.digests[name])
        digest, size = hashlib.sha256(), 0
        for chunk in self._chunks(name, self._entries[name].file_size):
            digest.update(chunk)
            size += len(chunk)
        return File(name, size, digest.hexdigest())

    def _chunks(self, name: str, most: int) -> Iterator[bytes]:
        """The bytes of a file of a zip, some more than ``most`` at most."""
        assert self._zip is not None  # noqa: S101  (asked for zips only)
        done = 0
        try:
            with self._zip.open(self._entries[name]) as stream:
                while done <= most and (chunk := stream.read(_CHUNK)):
                    done += len(chunk)
                    yield chunk
        except (
            zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError,
            ValueError,
        ) as error:  # fmt: skip
            raise self._broken(error) from error
