"""Reading a one-dimensional structured array from NumPy's .npy format, without NumPy.

The file may come from anyone. Its header is a Python literal: it is looked through before
it is evaluated, and what it says is held against the size of the file.
"""

import ast
import os
import re
import stat
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kprov_rdf.errors import InputError, NotFoundError, UnsupportedError

_MAGIC = b"\x93NUMPY"
_LENGTHS = {1: 2, 2: 4, 3: 4}  # bytes of the length of the header, by version of the format
_LARGEST_HEADER = 1 << 22
_READ = 1 << 20
_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
# Besides strings: no operators, no names, and few levels.
_PLAIN = re.compile(r"(?:[\s{}\[\]():,0-9]|True|False)*")
_DEEPEST = 8
# The module struct's codes of NumPy's types.
_CODES = {
    "|b1": "?", "|i1": "b", "|u1": "B", "<i2": "h", "<u2": "H", "<i4": "i", "<u4": "I",
    "<i8": "q", "<u8": "Q", "<f2": "e", "<f4": "f", "<f8": "d",
}  # fmt: skip

Row = tuple[float, ...]


@dataclass(frozen=True)
class Npy:
    """What the header of a file says: the names of the columns, and where the rows are.

    ``rows`` is how many are there, ``missing`` how many more the header counts.
    """

    path: Path
    columns: tuple[str, ...]
    codes: str
    start: int
    rows: int
    missing: int

    def parts(self) -> Iterator[list[Row]]:
        """The rows, in parts of about a megabyte. Raises ``InputError`` where the file is cut."""
        row = struct.Struct(f"<{self.codes}")
        left = self.rows
        with open(self.path, "rb") as file:
            file.seek(self.start)
            while left:
                some = min(left, _READ // row.size + 1)
                data = file.read(some * row.size)
                if len(data) < some * row.size:
                    raise InputError(f"{self.path} became shorter while it was read.")
                yield list(row.iter_unpack(data))
                left -= some


def read(path: Path) -> Npy:
    """What the file at ``path`` has.

    Raises ``NotFoundError`` where there is no such file, ``UnsupportedError`` where it has
    something else than numbers in named columns, ``InputError`` where it is damaged.
    """
    try:
        # Looked at before it is opened: a pipe would wait for its other end.
        regular = stat.S_ISREG(os.stat(path).st_mode)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise NotFoundError(f"There is no file {path}: {error}.") from error
    if not regular:
        raise NotFoundError(f"{path} is not a file.")
    with open(path, "rb") as file:
        head = file.read(len(_MAGIC) + 2)
        wide = _LENGTHS.get(head[len(_MAGIC)], 0) if len(head) == len(_MAGIC) + 2 else 0
        if not head.startswith(_MAGIC) or not wide:
            raise UnsupportedError(f"{path} is not a .npy file of version 1, 2 or 3.")
        length = int.from_bytes(file.read(wide), "little")
        text = file.read(min(length, _LARGEST_HEADER))
        size = os.fstat(file.fileno()).st_size
    if length > _LARGEST_HEADER:
        raise UnsupportedError(f"{path} has a header of {length:,} bytes, which is too many.")
    if len(text) < length:
        raise InputError(f"{path} is cut off in its header.")
    columns, kinds, count = _header(
        path, text.decode("utf-8" if head[6] == 3 else "latin-1", "replace")
    )
    start = len(head) + wide + length
    codes = "".join(_CODES[kind] for kind in kinds)
    rows = min(count, (size - start) // struct.calcsize(f"<{codes}"))
    return Npy(path, columns, codes, start, rows, count - rows)


def _header(path: Path, text: str) -> tuple[tuple[str, ...], list[str], int]:
    """The names of the columns, their types, and the number of rows."""
    bare = _STRING.sub("", text)
    depth = deepest = 0
    for char in bare:
        depth += (char in "[({") - (char in "])}")
        deepest = max(deepest, depth)
    try:
        if not _PLAIN.fullmatch(bare) or deepest > _DEEPEST:
            raise ValueError("it is not a plain literal")
        found = ast.literal_eval(text)
        shape, fields = found["shape"], found["descr"]
        (count,) = shape
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError) as error:
        raise InputError(f"The header of {path} cannot be read.") from error
    if type(count) is not int or count < 0:
        raise InputError(f"The header of {path} has no number of rows.")
    if not isinstance(fields, list) or not fields:
        raise UnsupportedError(f"{path} has no columns with names.")
    if any(not isinstance(one, tuple) or len(one) != 2 for one in fields):
        raise UnsupportedError(f"{path} has columns that are not single numbers.")
    names = tuple(name for name, _ in fields)
    kinds = [kind for _, kind in fields]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise InputError(f"{path} has two columns of one name, or one without.")
    if any(not isinstance(kind, str) or kind not in _CODES for kind in kinds):
        raise UnsupportedError(f"{path} has columns that are not numbers in little-endian order.")
    return names, kinds, count
