"""Writing a NumPy .npy file that grows, with the standard library.

The format is NumPy's (numpy.lib.format): a magic string, a header, which is a Python
literal, and the rows as they lie in memory. Here the header has room for any number of
rows, and the number is written in place after the rows that it counts: whatever kills
the process, ``numpy.load`` reads all whole rows up to the last count. What stands after
them is a torn write, which the next one overwrites.
"""

import os
from collections.abc import Sequence
from pathlib import Path

_MAGIC = b"\x93NUMPY"
_ALIGNMENT = 64
_DIGITS = 20  # of the number of rows
_LARGEST_1_0 = 0xFFFF  # version 1.0 has two bytes for the length of the header
_COPIED = 1 << 20
SIZES = {"<i8": 8, "<f8": 8}


def header(fields: Sequence[tuple[str, str]]) -> tuple[bytes, int]:
    """The header for rows with these fields (name, type), and where its number of rows stands.

    Names are unique and not empty; types are keys of ``SIZES``. The text is ASCII, with
    escapes for the rest, so that version 1.0 or 2.0 can hold any name.
    """
    columns = ", ".join(f"({name!a}, {kind!r})" for name, kind in fields)
    # The number comes first, so that it lies within one page: a write of it is whole or not at
    # all, whatever signal comes. The order of the keys is free.
    before = "{'shape': ("
    text = f"{before}{0:{_DIGITS}},), 'fortran_order': False, 'descr': [{columns}]}}"
    for version, width in ((1, 2), (2, 4)):
        start = len(_MAGIC) + 2 + width
        length = start + len(text) + 1
        length += -length % _ALIGNMENT
        if version == 2 or length - start <= _LARGEST_1_0:
            break
    padded = text.ljust(length - start - 1) + "\n"
    head = _MAGIC + bytes((version, 0)) + len(padded).to_bytes(width, "little")
    return head + padded.encode("ascii"), start + len(before)


class Npy:
    """A one-dimensional structured array in the file ``path``, which :meth:`append` makes longer.

    Nothing is written before the first rows are. The file is opened for each append:
    no handle is lost in a fork, and on a network file system closing it is what makes
    rows visible elsewhere.
    """

    def __init__(self, path: Path, fields: Sequence[tuple[str, str]]) -> None:
        self.path = path
        self.fields = list(fields)
        self.rows = 0
        self.width = sum(SIZES[kind] for _, kind in fields)
        self._head, self._count_at = header(fields)
        self._created = False

    def append(self, data: bytes) -> None:
        """Add rows, which are ``data`` as it lies in memory.

        Raises ``OSError`` where they cannot be written; the file then has the rows of before.
        """
        count, rest = divmod(len(data), self.width)
        if rest:
            raise ValueError(f"rows of {self.width} bytes were wanted, found {len(data)} bytes")
        try:
            if not self._created:
                self._create()
            # Not created here: a file that somebody removed stays removed.
            with open(self.path, "r+b", buffering=0) as file:
                os.lseek(file.fileno(), len(self._head) + self.rows * self.width, os.SEEK_SET)
                _write(file.fileno(), data)
                os.lseek(file.fileno(), self._count_at, os.SEEK_SET)
                _write(file.fileno(), f"{self.rows + count:{_DIGITS}}".encode())
        except OSError as error:
            error.filename = str(self.path)  # write() knows no name
            raise
        self.rows += count

    def _create(self) -> None:
        """The file without rows; not there before its header is whole."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self._beside()
        try:
            with open(new, "wb", buffering=0) as file:
                _write(file.fileno(), self._head)
            os.replace(new, self.path)
        except OSError:
            new.unlink(missing_ok=True)
            raise
        self._created = True

    def _beside(self) -> Path:
        return self.path.with_name(f".{self.path.name}.new")

    def widen(self, fields: Sequence[tuple[str, str]], filling: bytes) -> "Npy":
        """The same file with more fields at the end of each row: ``filling`` in the rows so far.

        It takes the place of this one in one step. Raises ``OSError``, and leaves it, else.
        """
        wider = Npy(self.path, [*self.fields, *fields])
        if not self.rows:
            return wider
        copy = Npy(self._beside(), wider.fields)
        try:
            with open(self.path, "rb") as file:
                file.seek(len(self._head))
                left = self.rows
                while left:
                    some = min(left, _COPIED // self.width + 1)
                    copy.append(padded(file.read(some * self.width), self.width, filling))
                    left -= some
            os.replace(copy.path, self.path)
        except (OSError, ValueError):  # ValueError: somebody cut the file
            copy.path.unlink(missing_ok=True)
            raise
        wider.rows, wider._created = self.rows, True
        return wider


def padded(rows: bytes, width: int, filling: bytes) -> bytes:
    """Rows of ``width`` bytes with ``filling`` at the end of each."""
    return b"".join(rows[at : at + width] + filling for at in range(0, len(rows), width))


def _write(handle: int, data: bytes) -> None:
    """All of ``data``; ``os.write`` may write less of it."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(handle, rest) :]
