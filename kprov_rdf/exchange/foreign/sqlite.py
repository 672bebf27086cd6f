"""Reading the tables of a database of SQLite that a stranger made.

It is read from a copy of its bytes in memory, so no file beside it is opened or changed. Its schema
is not trusted: no view, no virtual table and no generated column is read, so that no expression of
a stranger's is computed. Time, memory and rows have limits.
"""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError, LimitError

MAGIC = b"SQLite format 3\0"
MAX_SECONDS = 60
MAX_VALUE = 1 << 26  # bytes of one value
_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ}
_PLAIN = re.compile(r"\s*CREATE\s+TABLE\b", re.IGNORECASE)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Tables:
    """The tables of a database. A row is a mapping of the names of columns; blobs are in hex."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self.connection = connection
        self.name = name
        found = self._rows("SELECT name, type, sql FROM sqlite_master")
        self.names = {
            str(one["name"])
            for one in found
            if one["type"] == "table" and _PLAIN.match(str(one["sql"] or ""))
        }

    def rows(self, table: str, most: int) -> Iterator[dict[str, Any]]:
        """The rows of a table; none where there is no such. Raises ``InputError`` for too many."""
        if table not in self.names:
            return
        quoted = _quoted(table)
        told = self._rows(f"PRAGMA table_xinfo({quoted})")
        columns = ", ".join(_quoted(str(one["name"])) for one in told if not one["hidden"])
        for number, row in enumerate(self._rows(f"SELECT {columns} FROM {quoted}")):  # noqa: S608
            if number >= most:
                raise InputError(f"The table {table} of {self.name} has more than {most:,} rows.")
            yield row

    def _rows(self, text: str) -> Iterator[dict[str, Any]]:
        try:
            cursor = self.connection.execute(text)
            names = [one[0] for one in cursor.description]
            for row in cursor:
                told = (one.hex() if isinstance(one, bytes) else one for one in row)
                yield dict(zip(names, told, strict=True))
        except sqlite3.OperationalError as error:
            if "interrupted" not in str(error):
                raise self._wrong(error) from error
            raise LimitError(
                f"Reading {self.name} took more than {MAX_SECONDS} s. Merge a smaller database."
            ) from error
        # The messages of SQLite are texts of the stranger's too, and may be none.
        except (sqlite3.Error, OverflowError, MemoryError, ValueError) as error:
            raise self._wrong(error) from error

    def _wrong(self, error: Exception) -> MalformedError:
        return MalformedError(
            self.name,
            f"SQLite cannot read it: {error}.",
            mend="Copy it with sqlite3's .backup while nothing writes to it, and merge the copy.",
        )


@contextmanager
def opened(data: bytes, name: str) -> Iterator[Tables]:
    """The tables of a database. Raises ``MalformedError`` where it is none, or is damaged."""
    copy = bytearray(data)
    if copy[18:20] == b"\2\2":  # with a log beside it, which is not here; the rest can be read
        copy[18:20] = b"\1\1"
    connection = sqlite3.connect(":memory:")
    try:
        try:
            connection.deserialize(bytes(copy))
            _guard(connection)
            tables = Tables(connection, name)
        except (sqlite3.Error, OverflowError, MemoryError, ValueError) as error:
            raise MalformedError(name, f"It is no database of SQLite: {error}.") from error
        yield tables
    finally:
        connection.close()


def _guard(connection: sqlite3.Connection) -> None:
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cell_size_check = ON")
    end = time.monotonic() + MAX_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > end, 1_000)

    def allowed(action: int, first: str | None, *_: object) -> int:
        columns = action == sqlite3.SQLITE_PRAGMA and first == "table_xinfo"
        return sqlite3.SQLITE_OK if columns or action in _ALLOWED else sqlite3.SQLITE_DENY

    connection.set_authorizer(allowed)
