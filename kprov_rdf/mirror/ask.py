"""SQL questions to the mirror that was made last.

Which one that was stands in ``mirror.json`` in the home, for its owner's eyes only: the URL
of a server may hold a password.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import pymonetdb

from kprov_capture.home import Home
from kprov_rdf.errors import InputError, MirrorError, NotFoundError
from kprov_rdf.mirror import embedded, load

_TABLES = "The tables are listed by: kprov query --sql -e 'SELECT * FROM kprov.mirrored'"
Value = object
"""What pymonetdb gives for a cell: None, bool, int, float, Decimal, str, date, time, bytes …"""


@dataclass(frozen=True)
class Answer:
    """The answer to one statement: names of columns, and rows."""

    columns: list[str]
    rows: list[tuple[Value, ...]]


def remember(home: Home, url: str | None) -> None:
    """Say that the last mirror is at ``url``, or the embedded one (None)."""
    path = home.path / "mirror.json"
    descriptor, new = tempfile.mkstemp(dir=home.path, prefix="mirror.")  # private
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": url}, file)
    os.replace(new, path)


def newer(home: Home) -> str | None:
    """When the last mirror was made, where something was recorded since; else None."""
    made = (home.path / "mirror.json").stat().st_mtime
    files = [*home.journal.glob("*.nq"), *home.done.glob("*.nq.gz")]
    # That a run was validated changes no table.
    files = [path for path in files if not path.name.startswith("validation-")]
    times = (path.stat().st_mtime for path in files if path.exists())
    since = max(times, default=0.0)
    return f"{datetime.fromtimestamp(made):%Y-%m-%d %H:%M:%S}" if since > made else None


@contextmanager
def last(home: Home) -> Iterator[str]:
    """The URL of the last mirror, which is served for as long as the block lasts.

    Raises ``NotFoundError`` where none was made, ``MirrorError`` where it is not there.
    """
    path = home.path / "mirror.json"
    try:
        url = json.loads(path.read_text("utf-8"))["url"]
    except FileNotFoundError as error:
        raise NotFoundError(
            f"There is no mirror of {home.path} yet, and SQL asks one. Make it with: "
            "kprov mirror --embedded"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise MirrorError(
            f"{path} does not say where the last mirror is: {error!r}. Make it again: "
            "kprov mirror --embedded"
        ) from error
    if url is None:
        with embedded.serving(home) as server:
            yield server.url
    else:
        yield str(url)


def ask(url: str, sql: str) -> Answer:
    """The answer to one SQL statement; whatever it changed is rolled back.

    So a slip destroys nothing; it is no protection against a text that says COMMIT, and
    MonetDB has no read-only transactions. Raises ``InputError`` with what MonetDB says.
    """
    with closing(load.connect(url)) as connection:
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            if cursor.description is None:
                raise InputError(
                    "That SQL asks nothing, and what it changed was taken back. Write a SELECT; "
                    "to change the database, use a client of MonetDB."
                )
            columns = [column.name for column in cursor.description]
            return Answer(columns, [tuple(row) for row in cursor.fetchall()])
        except pymonetdb.Error as error:
            raise InputError(f"MonetDB refuses it: {load.said(error)}. {_TABLES}") from error
        except OSError as error:
            raise MirrorError(
                f"MonetDB ended while it was asked: {load.said(error)}. The mirror is unharmed. "
                "The embedded one ends when sys.sessions or sys.queue is read."
            ) from error
        finally:
            with suppress(pymonetdb.Error, OSError):
                connection.rollback()
