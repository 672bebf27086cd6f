"""Answers as text: a table for people, or one of the result formats of SPARQL."""

import csv
import io
import json
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

import pyoxigraph as ox

from kprov_rdf import results
from kprov_rdf.errors import InputError
from kprov_rdf.query import Table, Term, value
from kprov_rdf.store import PREFIXES

FORMATS = ("table", "json", "csv", "tsv")
# Piped output is never wrapped or cut; rich needs some width.
_UNBOUNDED = 100_000
# Cells up to this length are not broken on a narrow terminal; longer ones are.
_SHORT = 12
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_NARROW = 100
_RUN = re.compile(r"[^#]*/run/[0-9a-f-]{28}([0-9a-f]{8}(?:#[\w-]+)?)").fullmatch
_NAME = re.compile(r"[A-Za-z]\w*").fullmatch


def number(cell: float) -> str:
    """A float for a table: six significant digits."""
    return f"{cell:.6g}"


def count(number: int, noun: str) -> str:
    """The number with its noun: 1 run, 2 runs."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def short(iri: str) -> str:
    """Of a run, and of a part of one, what commands know it by: 2e40e764, 2e40e764#model."""
    found = _RUN(iri)
    return found[1] if found else iri


def brief(iri: str) -> str:
    """An IRI for a table: short, or with a prefix that a query need not declare, or whole."""
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace) and _NAME(iri[len(namespace) :]):
            return f"{prefix}:{iri[len(namespace) :]}"
    return short(iri)


def cell(term: Term) -> str:
    """A term for a table."""
    found = value(term)
    if isinstance(term, ox.NamedNode):
        return brief(term.value)
    if isinstance(found, bool):
        return str(found).lower()  # as SPARQL writes it
    return "" if found is None else number(found) if isinstance(found, float) else str(found)


def printable(text: str) -> str:
    """Text without what a terminal would obey: controls, and marks that turn the direction."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def narrow() -> bool:
    """Whether the answer goes to a terminal of less than a hundred columns."""
    return sys.stdout.isatty() and shutil.get_terminal_size().columns < _NARROW


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None
) -> None:
    """Print a table; on a pipe every row is one line, whole."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    piped = not sys.stdout.isatty()
    console = Console(width=_UNBOUNDED if piped else None, highlight=False)
    table = RichTable(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=narrow(),
    )
    listed = [tuple(row) for row in rows]
    lengths = [max(map(len, column)) for column in zip(columns, *listed, strict=True)]
    # Short cells stay whole where the long ones still have some room; rich would cut them else.
    least = sum(length if length <= _SHORT else _SHORT for length in lengths) + 3 * len(lengths)
    fits = least <= shutil.get_terminal_size().columns
    for index, column in enumerate(columns):
        numeric = bool(listed) and all(_numeric(row[index]) for row in listed)
        short = lengths[index] <= _SHORT and fits
        table.add_column(
            column,
            justify="right" if numeric else "left",
            no_wrap=piped or short,
            overflow="fold",
        )
    for row in listed:
        # Text(), since a cell in brackets would be taken for markup.
        table.add_row(*(Text(printable(one)) for one in row))
    with io.StringIO() as text:
        if piped:
            # Not padded: a line ends where its text ends.
            Console(file=text, width=_UNBOUNDED, highlight=False).print(table)
            print("\n".join(line.rstrip() for line in text.getvalue().splitlines()))
        else:
            console.print(table)


def _numeric(text: str) -> bool:
    try:
        float(text or "0")
    except ValueError:
        return False
    return True


def write(answer: Table, form: str, out: TextIO) -> None:
    """Write an answer in one of ``FORMATS``; all but the table stream."""
    if form != "table":
        results.write(answer.columns, answer.rows, form, out)
        return
    rows = [[cell(term) for term in row] for row in answer.rows]
    if rows:
        # On a narrow terminal a column without a value only takes room.
        shown = [i for i in range(len(rows[0])) if not narrow() or any(row[i] for row in rows)]
        print_table([answer.columns[i] for i in shown], [[row[i] for i in shown] for row in rows])
    else:
        print("no rows", file=out)


def write_sql(
    columns: Sequence[str], rows: Iterable[Sequence[object]], form: str, out: TextIO
) -> None:
    """Write an answer to SQL: JSON is a list of objects, NULL is empty.

    Raises ``InputError`` for XML, which has no form of such an answer.
    """
    if form == "xml":
        raise InputError("The answer to SQL can be had as table, json, csv or tsv.")
    if form == "table":
        cells = [["" if c is None else number(c) if isinstance(c, float) else str(c) for c in row]
                 for row in rows]  # fmt: skip
        if cells:
            print_table(columns, cells)
        else:
            print("no rows", file=out)
    elif form == "json":
        objects = [dict(zip(columns, row, strict=True)) for row in rows]
        json.dump(objects, out, default=str, indent=2, ensure_ascii=False)
        out.write("\n")
    else:
        writer = csv.writer(out, "excel-tab" if form == "tsv" else "excel", lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
