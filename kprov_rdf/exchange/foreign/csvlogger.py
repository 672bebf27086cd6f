"""The file that Keras' ``CSVLogger`` writes: a line an epoch, and no times.

A file that was appended to may hold several trainings: a new one begins with a header that is
repeated, and with an epoch that is not after the one before, as when a training was resumed from
a checkpoint. One that goes on with the next epoch cannot be told from one training. What is
no number (NA, a list) is no value of a metric; NA is not kept, the rest is.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from kprov_rdf.dm.guards import decoded
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign.training import Point, Training, say
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

FORMAT = Format(
    "Keras CSVLogger",
    "text/csv",
    versions="with any of `,` `;` `|` and TAB between the columns",
    kept="every value; each training of a file that was appended to",
    left=(
        "NA. It has no times, so that questions for times have no rows, and the strict shapes "
        "say so"
    ),
)
EPOCH = "epoch"
MAX_ROWS = 1_000_000
MAX_TRAININGS = 1_000
_SEPARATORS = ",;\t|"
_HEADER = 1 << 16
# Other tools have several lines an epoch, with a step in each.
_OTHERS = {"step", "global_step"}
_ABSENT = {"", "NA"}


def claims(source: Source) -> bool:
    """Whether the first line is a header with a column epoch, and none of a step."""
    if source.is_folder:
        return False
    line, found, _ = source.beginning(_HEADER).partition(b"\n")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return bool(found) and _separator(text) is not None


def _separator(header: str) -> str | None:
    for separator in _SEPARATORS:
        names = _cells(header, separator)
        if EPOCH in names and len(names) > 1 and not _OTHERS.intersection(names):
            return separator
    return None


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r")], delimiter=separator), [])
    except csv.Error:  # of a document that is no CSV, which is asked about, too
        return []


@dataclass
class _Part:
    """The lines of one training. ``rest`` is what is no number, by epoch and column."""

    names: list[str]
    metrics: dict[str, list[Point]] = field(default_factory=dict)
    rest: list[dict[str, Any]] = field(default_factory=list)
    last: int | None = None


def read(source: Source, says: Statements) -> None:
    """Say the trainings of a file.

    Raises ``MalformedError`` with the line for what is no such file, ``InputError`` for one with
    more than a million lines, or a thousand trainings.
    """
    text = decoded(source.data, source.name)
    separator = _separator(text.partition("\n")[0])
    if separator is None:
        raise MalformedError(
            source.name, "It has no header with a column epoch and another one.", line=1
        )
    parts = list(islice(_parts(text, separator, source.name, says), MAX_TRAININGS + 1))
    if len(parts) > MAX_TRAININGS:
        raise InputError(f"{source.name} has more than {MAX_TRAININGS:,} trainings. Split it.")
    for count, part in enumerate(parts, 1):
        # A file of a header alone is a training that has not ended an epoch.
        training = Training(str(count), "Keras CSVLogger", metrics=part.metrics)
        training.name = source.path.name if len(parts) == 1 else f"{source.path.name} {count}"
        training.more["columns"] = part.names
        if part.rest:
            training.more["no numbers"] = part.rest
        says.records += len({one.step for points in part.metrics.values() for one in points})
        say(training, says)
    if len(parts) > 1:
        says.notes.append(
            f"{source.name} holds {len(parts)} trainings: its epochs or its header begin anew."
        )


def _parts(text: str, separator: str, name: str, says: Statements) -> Iterator[_Part]:
    part: _Part | None = None
    rows = csv.reader(text.splitlines(keepends=True), delimiter=separator)
    whole = text.endswith(("\n", "\r"))
    lines = text.count("\n") + (not whole)
    for row in _guarded(rows, name):
        if not row:
            continue
        line = rows.line_num
        if line > MAX_ROWS:
            raise InputError(f"{name} has more than {MAX_ROWS:,} lines. Split it.")
        if part is None or EPOCH in row:
            if part is not None:
                yield part
            part = _Part(_names(row, name, line))
            continue
        if len(row) != len(part.names):
            if line < lines or len(row) > len(part.names):
                raise MalformedError(
                    name,
                    f"It has {len(row)} values, and the header {len(part.names)} names.",
                    line=line,
                )
            says.notes.append(f"The last line of {name} is cut short; it is kept as it stands.")
            part.rest.append({"cut short": separator.join(row)})
            continue
        epoch = _epoch(row[part.names.index(EPOCH)], name, line)
        if part.last is not None and epoch <= part.last:
            yield part
            part = _Part(part.names)
        part.last = epoch
        _take(part, epoch, row)
    if part is not None:
        yield part


def _guarded(rows: Iterator[list[str]], name: str) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise MalformedError(name, f"It is no CSV: {error}.") from error


def _names(row: list[str], name: str, line: int) -> list[str]:
    if len(set(row)) < len(row):
        raise MalformedError(name, "Two columns have one name.", line=line)
    return row


def _epoch(text: str, name: str, line: int) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise MalformedError(
            name, f"The epoch is {text[:40]!r}, and a whole number from 0 was wanted.", line=line
        )
    return int(text)


def _take(part: _Part, epoch: int, row: list[str]) -> None:
    for column, cell in zip(part.names, row, strict=True):
        if column == EPOCH or cell in _ABSENT:
            continue
        try:
            value = float(cell)
        except ValueError:
            part.rest.append({"epoch": epoch, column: cell})
            continue
        part.metrics.setdefault(column, []).append(Point(epoch, value))
