"""What is read: one file, one folder as a tool leaves it, or bytes."""

import hashlib
import os
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from kprov_rdf.errors import InputError, NotFoundError

MAX_BYTES = 1 << 28
MAX_FILES = 100_000
_CHUNK = 1 << 20
_GZIP = b"\x1f\x8b\x08"


class Source:
    """One document: ``name`` is what its user calls it.

    Give ``data`` for bytes without a place, such as standard input. What is in a folder is named
    by its path in it, with ``/``; links that lead out of the folder are not followed.
    """

    def __init__(self, name: str, data: bytes | None = None) -> None:
        self.name = name
        self.path = Path(name)
        self._given = data
        self.is_folder = data is None and self.path.is_dir()

    @cached_property
    def data(self) -> bytes:
        """What a file holds, unpacked where it is a .gz.

        Raises ``NotFoundError``, or ``InputError`` for too many bytes and a damaged .gz.
        """
        data = self._packed
        return _unpacked(data, self.name) if data.startswith(_GZIP) else data

    @cached_property
    def _packed(self) -> bytes:
        if self._given is not None:
            _check_size(len(self._given), self.name)
            return self._given
        return self._bytes(self.path, self.name)

    @cached_property
    def files(self) -> dict[str, int]:
        """The files of a folder, by name in order, with their sizes in bytes."""
        found: dict[str, int] = {}
        for place, folders, files in os.walk(self.path):
            folders.sort()
            for name in files:
                path = Path(place, name)
                if not path.is_file() or not self._within(path):
                    continue
                found[path.relative_to(self.path).as_posix()] = path.stat().st_size
                if len(found) > MAX_FILES:
                    raise InputError(
                        f"{self.name} has more than {MAX_FILES:,} files. Name a folder below it."
                    )
        return dict(sorted(found.items()))

    def _within(self, path: Path) -> bool:
        return not path.is_symlink() or path.resolve().is_relative_to(self.path.resolve())

    def read(self, file: str) -> bytes:
        """The bytes of one file of a folder. Raises as ``data`` does."""
        return self._bytes(self.path / file, f"{self.name}/{file}")

    @staticmethod
    def _bytes(path: Path, name: str) -> bytes:
        try:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise NotFoundError(
                f"{name} cannot be read: {error.strerror}. Name a file or a folder, or - for "
                "standard input."
            ) from error
        _check_size(len(data), name)
        return data

    def digest(self, file: str) -> str:
        """The SHA-256 of one file of a folder, in hex, however large it is."""
        found = hashlib.sha256()
        try:
            with (self.path / file).open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    found.update(chunk)
        except OSError as error:
            raise NotFoundError(f"{self.name}/{file} cannot be read: {error.strerror}.") from error
        return found.hexdigest()

    @cached_property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of each file of a folder."""
        return {file: self.digest(file) for file in self.files}

    @cached_property
    def sha256(self) -> str:
        """The SHA-256 of the file; of a folder, that of what ``sha256sum`` writes of its files."""
        if not self.is_folder:
            return hashlib.sha256(self._packed).hexdigest()
        lines = (_line(digest, file) for file, digest in self.digests.items())
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    @cached_property
    def size(self) -> int:
        """Bytes in all."""
        return sum(self.files.values()) if self.is_folder else len(self._packed)

    def beginning(self, size: int = 4096) -> bytes:
        """The first bytes of a file; nothing of a folder."""
        return b"" if self.is_folder else self.data[:size]

    def names(self) -> Iterator[str]:
        """The last parts of the names of the files: of a file, its own."""
        if self.is_folder:
            yield from (file.rpartition("/")[2] for file in self.files)
        else:
            yield self.path.name


def _check_size(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise InputError(f"{name} is larger than {MAX_BYTES >> 20} MiB; split it.")


def _line(digest: str, file: str) -> str:
    """What ``sha256sum`` writes of a file: a name that has line ends says so."""
    told = file.replace("\\", r"\\").replace("\n", r"\n").replace("\r", r"\r")
    return f"{'' if told == file else chr(92)}{digest}  {told}\n"


def _unpacked(data: bytes, name: str) -> bytes:
    """A .gz without its wrapping, which may make much of little."""
    stream, found = zlib.decompressobj(wbits=31), b""
    try:
        found = stream.decompress(data, MAX_BYTES + 1)
    except zlib.error as error:
        raise InputError(f"{name} is a damaged .gz: {error}. Copy it again.") from error
    if len(found) > MAX_BYTES:
        raise InputError(f"{name} holds more than {MAX_BYTES >> 20} MiB; split it.")
    if not stream.eof or stream.unused_data.strip(b"\0"):
        raise InputError(
            f"{name} is a .gz that is cut short, or of several parts. Unpack it first."
        )
    return found
