"""A table of numbers in a .npy file: keys that say which row it is, and a column for each name.

A name that comes later than the first row gets a column too: the file is then written
anew, with :data:`ABSENT` in the rows of before.
"""

import math
import struct
import sys
from array import array
from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from kprov_capture import guard
from kprov_capture.npy import Npy, padded

# A NaN like any other for those who compute with it; its lower half (1954, as R has it) tells
# a value that nobody reported from one that is NaN.
_ABSENT_BYTES = (0x7FF8_0000_0000_07A2).to_bytes(8, "little")
ABSENT: float = struct.unpack("<d", _ABSENT_BYTES)[0]
MAX_COLUMNS = 1000
# Rows that could not be written are kept up to this size, and then dropped.
MAX_UNWRITTEN = 16 * 1024 * 1024
# All are 8 bytes, in the module array too.
_CODES = {"<i8": "q", "<f8": "d"}
_SHOWN = 5


class Table:
    """The file ``path`` with the columns ``keys`` (name, type), and one for each name.

    Used by one thread at a time. ``columns`` maps each name to its column, which is
    called like it unless another one is. ``values`` counts what is in the file, without
    the keys.
    """

    def __init__(self, path: Path, keys: Sequence[tuple[str, str]]) -> None:
        self.path = path
        self.values = 0
        self.columns: dict[Any, str] = {}
        self._keys = "".join(_CODES[kind] for _, kind in keys)
        self._taken = {name for name, _ in keys}
        self._file = Npy(path, keys)
        self._unwritten = b""
        self._unwritten_values = 0
        self._lost = 0
        self._error: str | None = None
        self._without_column: dict[Any, str] = {}

    @property
    def rows(self) -> int:
        """How many are in the file."""
        return self._file.rows

    def add(self, keys: Sequence[Sequence[float]], values: Sequence[Mapping[str, float]]) -> None:
        """Write rows: for each key its values, and for each row the numbers by name.

        What is no number is left out. Raises ``OSError`` where rows cannot be written:
        they are then kept, and go out before the next ones.
        """
        try:
            self._unwritten += self._pack(keys, values)
            self._unwritten_values += len(values) * len(self.columns)
        except Exception:  # other names, or what is no number: that may raise anything
            for *key, found in zip(*keys, values, strict=True):
                self._add_one(key, found)
        self.flush()

    def flush(self) -> None:
        """Write what could not be written so far. Raises ``OSError`` where it still cannot."""
        if not self._unwritten:
            return
        try:
            self._file.append(self._unwritten)
        except OSError as error:
            self._error = error.strerror or str(error)
            if len(self._unwritten) > MAX_UNWRITTEN:
                self._drop()
            raise
        self.values += self._unwritten_values
        self._unwritten, self._unwritten_values = b"", 0

    def missing(self) -> str | None:
        """What is not in the file and why, in a sentence. Ask when no row comes any more."""
        self._drop()
        found = []
        if self._lost:
            found.append(f"{self._lost} rows could not be written: {self._error}")
        for why in sorted(set(self._without_column.values())):
            names = [repr(name) for name, other in self._without_column.items() if other == why]
            listed = ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
            found.append(f"there is no column for {listed}: {why}")
        return "; ".join(found) or None

    def _drop(self) -> None:
        self._lost += len(self._unwritten) // self._file.width
        self._unwritten, self._unwritten_values = b"", 0

    def _pack(
        self, keys: Sequence[Sequence[float]], values: Sequence[Mapping[str, float]]
    ) -> bytes:
        """Rows that have the names of the columns, packed column by column: it costs least."""
        if set(map(len, values)) != {len(self.columns)}:
            raise KeyError
        columns = [array(code, key) for code, key in zip(self._keys, keys, strict=True)]
        columns += [array("d", map(itemgetter(name), values)) for name in self.columns]
        table = array("q", bytes(8 * len(columns) * len(values)))
        for place, column in enumerate(columns):
            table[place :: len(columns)] = array("q", column.tobytes())
        if sys.byteorder == "big":
            table.byteswap()
        return table.tobytes()

    def _add_one(self, key: Sequence[float], reported: Mapping[str, float]) -> None:
        """A row with perhaps more or fewer names than columns, and with what is no number."""
        values = {name: _number(name, value) for name, value in reported.items()}
        new = [
            name for name in values if name not in self.columns and name not in self._without_column
        ]
        if new:
            self._widen(new)
        found = [values.get(name, ABSENT) for name in self.columns]
        try:
            self._unwritten += struct.pack(f"<{self._keys}{len(found)}d", *key, *found)
        except (TypeError, struct.error) as error:
            self._lost += 1
            self._error = f"its place is not a number: {error}"
            guard.report(error, "record the metrics of a batch")
            return
        self._unwritten_values += sum(value is not ABSENT for value in found)

    def _widen(self, names: list[Any]) -> None:
        """A column for each of the names; where there can be none, they are never asked again."""
        room = max(0, MAX_COLUMNS - len(self.columns))
        self._refuse(names[room:], f"there are {MAX_COLUMNS} already")
        names = names[:room]
        columns = {name: self._free(str(name)) for name in names}
        filling = _ABSENT_BYTES * len(names)
        try:
            wider = self._file.widen([(column, "<f8") for column in columns.values()], filling)
        except OSError as error:
            self._taken -= set(columns.values())
            self._refuse(names, error.strerror or str(error))
            guard.report_from_background(error, "record a metric that came late")
            return
        self._unwritten = padded(self._unwritten, self._file.width, filling)
        self._file = wider
        self.columns |= columns

    def _refuse(self, names: list[Any], why: str) -> None:
        self._without_column |= dict.fromkeys(names, why)

    def _free(self, name: str) -> str:
        """A name for a column that no other one has."""
        # NumPy names an empty one itself; a lone surrogate is no text for others.
        column = name.encode("utf-8", "backslashreplace").decode("utf-8") or "_"
        while column in self._taken:
            column += "_"
        self._taken.add(column)
        return column


def _number(name: Any, value: Any) -> float:
    """The value as a float; ``ABSENT`` for what is none, infinity for what is beyond."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
    except Exception:
        guard.report(TypeError(f"{name!r} is a {type(value).__name__}"), "record a metric")
        return ABSENT
