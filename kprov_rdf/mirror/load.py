"""Puts the tables of a mirror into a MonetDB, in one transaction.

Readers see the former tables until the new ones are there. What a mirror made is listed in
``kprov.mirrored``; that is dropped and made again, and nothing else is ever touched.

Tables are dropped rather than emptied: in MonetDB 11.41 (Jul2021), a table that one
transaction empties and fills again loses rows when the server restarts.
"""

import logging
import re
from collections.abc import Iterable, Set
from contextlib import suppress
from datetime import datetime
from urllib.parse import unquote, urlsplit

import pymonetdb
from pymonetdb.sql.connections import Connection

from kprov_rdf.errors import InputError, MirrorError
from kprov_rdf.mirror import columns as c
from kprov_rdf.mirror import facts, tables
from kprov_rdf.mirror.names import quoted
from kprov_rdf.store import Store

CONNECT_SECONDS = 10
# What a quoted field of COPY INTO needs: the backslash escapes that MonetDB reads.
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\0": c.NUL})
_LIST = "mirrored"
_DROPPED = ("VIEW", "TABLE", "SCHEMA")
_LISTED: c.Columns = (("kind", c.TEXT), ("schema_name", c.TEXT), ("name", c.TEXT))
_NAMES = "SELECT t.name FROM sys.tables t JOIN sys.schemas s ON t.schema_id = s.id"
Key = tuple[str, str, str]
"""The kind of an object (VIEW, TABLE, SCHEMA), its schema, and its name."""

# The server says the name of a file that COPY INTO wants; whatever it says, it gets this.
_NAME = "rows"

logging.getLogger("pymonetdb").addHandler(logging.NullHandler())  # errors are raised as well


def shown(url: str) -> str:
    """A URL without what may be a password, for people."""
    scheme, separator, rest = url.partition("://")
    user, at, host = rest.partition("?")[0].rpartition("@")
    return f"{scheme}{separator}{user.partition(':')[0]}{at}{host}"


def connect(url: str) -> Connection:
    """A connection to the database at a URL; the caller closes it.

    ``monetdb://USER:PASSWORD@HOST:PORT/DATABASE``, or as pymonetdb writes it, with user and
    password as parameters. Raises ``InputError`` for what is no such URL, ``MirrorError``
    where it cannot be reached.
    """
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in ("monetdb", "monetdbs") or not parts.path.strip("/")
    except ValueError:
        wrong = True
    if wrong:
        raise InputError(
            f"{shown(url)} is no URL of a MonetDB. "
            "Write monetdb://USER:PASSWORD@HOST:PORT/DATABASE."
        )
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    try:
        opened: Connection = pymonetdb.connect(
            bare,
            connect_timeout=CONNECT_SECONDS,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
        )
    except (pymonetdb.Error, OSError, ValueError) as error:
        raise MirrorError(
            f"MonetDB cannot be reached at {shown(url)}: {said(error)}. See that it runs, and "
            "that host, port, database, user and password are right; or use the one that kprov "
            "brings: kprov mirror --embedded"
        ) from error
    return opened


def said(error: Exception) -> str:
    """What MonetDB says, without the code before it and the full stop after it."""
    return re.sub(r"^[0-9A-Z]{5}!", "", str(error)).strip().rstrip(".") or type(error).__name__


class _Rows(pymonetdb.Uploader):
    """Hands rows to COPY INTO … ON CLIENT; never opens a file, whatever the server asks for."""

    table: c.Table | None = None

    def handle_upload(
        self, upload: pymonetdb.Upload, filename: str, text_mode: bool, skip_amount: int
    ) -> None:
        if self.table is None or (filename, text_mode, skip_amount) != (_NAME, True, 0):
            upload.send_error("kprov sends only the rows of its own tables")
            return
        out = upload.binary_writer()
        for row in self.table.rows:
            out.write(("|".join([_field(cell) for cell in row]) + "\n").encode())


def _field(cell: c.Cell) -> str:
    """A cell as COPY INTO reads it. Only a text is quoted, so that 'NULL' is no NULL."""
    if isinstance(cell, str):
        return f'"{cell.translate(_ESCAPES)}"'
    if cell is None:
        return "NULL"
    if isinstance(cell, bool):
        return str(cell).lower()
    return str(cell) if isinstance(cell, datetime) else repr(cell)


class _Target:
    """The database, within the transaction that replaces a mirror."""

    def __init__(self, connection: Connection) -> None:
        self._cursor = connection.cursor()
        self._rows = _Rows()
        connection.set_uploader(self._rows)

    def ask(self, sql: str, *parameters: str) -> list[tuple[str, ...]]:
        self._cursor.execute(sql, parameters)
        return list(self._cursor.fetchall())

    def run(self, sql: str) -> None:
        self._cursor.execute(sql)

    def schemas(self) -> set[str]:
        return {name for (name,) in self.ask("SELECT name FROM sys.schemas")}

    def tables(self, schema: str) -> set[str]:
        """The names of the tables and views in a schema, whosever they are."""
        return {name for (name,) in self.ask(f"{_NAMES} WHERE s.name = %s", schema)}

    def mirrored(self) -> set[Key]:
        """What a former mirror made. Raises ``MirrorError`` where its schema is somebody else's."""
        if tables.META not in self.schemas():
            return set()
        if _LIST not in self.tables(tables.META):
            raise MirrorError(
                f"The database has a schema {tables.META} that kprov did not make, and a mirror "
                "needs that name. Rename it, or take another database."
            )
        found = self.ask(f"SELECT * FROM {tables.META}.{_LIST}")  # noqa: S608
        return {(kind, schema, name) for kind, schema, name in found}

    def drop(self, former: Iterable[Key], kept: Set[str]) -> None:
        """Drop views, then tables, then the schemas not in ``kept`` that hold nothing else.

        RESTRICT is MonetDB's default: what others made on a table keeps it, with an error.
        """
        for kind, schema, name in sorted(former, key=lambda key: (_DROPPED.index(key[0]), key)):
            if kind != "SCHEMA":
                self.run(f"DROP {kind} IF EXISTS {quoted(schema, name)}")
            elif schema not in kept and not self.tables(schema):
                self.run(f"DROP SCHEMA IF EXISTS {quoted(schema)}")

    def copy(self, table: c.Table) -> None:
        """Fill an empty table."""
        if not table.rows:
            return
        self._rows.table = table
        self.run(
            f"COPY INTO {quoted(table.schema, table.name)} FROM '{_NAME}' ON CLIENT "
            "USING DELIMITERS '|', E'\\n', '\"' NULL AS 'NULL'"
        )


def _statements(mirror: c.Mirror) -> dict[Key, str]:
    """What creates each schema, table and view, in this order."""
    found: dict[Key, str] = {}
    for schema in (tables.META, *mirror.schemas.values()):
        found["SCHEMA", schema, ""] = f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}"
    for table in mirror.tables:
        columns = [f"{quoted(name)} {kind}" for name, kind in table.columns]
        if table.columns[0][0] == "id":
            columns.append('PRIMARY KEY ("id")')
        name = quoted(table.schema, table.name)
        found["TABLE", table.schema, table.name] = f"CREATE TABLE {name} ({', '.join(columns)})"
        view = table.name.removeprefix("ds_")
        if view != table.name:  # the papers have a view of each, under its short name
            selected = ", ".join(quoted(column) for column, _ in table.columns)
            made = f"CREATE VIEW {quoted(table.schema, view)} AS "
            found["VIEW", table.schema, view] = f"{made}SELECT {selected} FROM {name}"  # noqa: S608
    return found


def _replace(target: _Target, made: c.Mirror, former: Set[Key]) -> None:
    """Make the tables of the database those of the mirror."""
    made.tables.append(c.Table(tables.META, _LIST, _LISTED, []))
    statements = _statements(made)
    made.tables[-1].rows.extend(statements)
    target.drop(former, {schema for _, schema, _ in statements})
    for text in statements.values():
        target.run(text)
    for table in made.tables:
        target.copy(table)


def mirror(connection: Connection, store: Store, living: Set[str]) -> c.Mirror:
    """Replace the mirror in a database by one of this store; gives what it now holds.

    ``living`` are the IRIs of runs that go on. Raises ``MirrorError``; the database then is
    as it was.
    """
    read = facts.read(store, living)
    target = _Target(connection)
    try:
        former = target.mirrored()
        own = {schema for _, schema, _ in former}
        made = tables.build(read, target.schemas() - own)
        _replace(target, made, former)
        connection.commit()
    except (pymonetdb.Error, OSError) as error:
        with suppress(pymonetdb.Error, OSError):  # the connection may be what failed
            connection.rollback()
        raise MirrorError(
            f"The mirror was not made, and the database is as it was: MonetDB says "
            f"{said(error)!r}. If another mirror is being made, wait for it; if something of yours "
            "depends on a table that must change, drop it and try again."
        ) from error
    return made
