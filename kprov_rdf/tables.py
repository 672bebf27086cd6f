"""Answers as text: a table for people; JSON, CSV and TSV as W3C defines them for SPARQL."""

import csv
import io
import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TextIO

import pyoxigraph as ox

from kprov_rdf.query import Table, Term, value

FORMATS = ("table", "json", "csv", "tsv")
# Piped output is never wrapped or cut; rich needs some width.
_UNBOUNDED = 100_000
# Cells up to this length are not broken on a narrow terminal; longer ones are.
_SHORT = 12
_NARROW = 100


def number(cell: float) -> str:
    """A float for a table: six significant digits."""
    return f"{cell:.6g}"


def cell(term: Term) -> str:
    """A term for a table."""
    found = value(term)
    return "" if found is None else number(found) if isinstance(found, float) else str(found)


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
        table.add_row(*(Text(one) for one in row))
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
    if form == "table":
        rows = [[cell(term) for term in row] for row in answer.rows]
        if rows:
            # On a narrow terminal a column without a value only takes room.
            shown = [i for i in range(len(rows[0])) if not narrow() or any(row[i] for row in rows)]
            print_table(
                [answer.columns[i] for i in shown], [[row[i] for i in shown] for row in rows]
            )
        else:
            print("no rows", file=out)
    elif form == "json":
        _write_json(answer, out)
    elif form == "csv":
        # SPARQL 1.1 Query Results CSV and TSV Formats, section 3
        writer = csv.writer(out)
        writer.writerow(answer.columns)
        writer.writerows([_plain(term) for term in row] for row in answer.rows)
    else:
        print("\t".join(f"?{column}" for column in answer.columns), file=out)
        for row in answer.rows:
            # N-Triples terms hold no raw tab or line end.
            print("\t".join("" if term is None else str(term) for term in row), file=out)


def _plain(term: Term) -> str:
    if term is None:
        return ""
    return term.value if isinstance(term, (ox.NamedNode, ox.Literal)) else str(term)


def _json_term(term: ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple) -> dict[str, str]:
    """SPARQL 1.1 Query Results JSON Format, section 3.2.2."""
    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    if not isinstance(term, ox.Literal):
        return {"type": "literal", "value": str(term)}
    found = {"type": "literal", "value": term.value}
    if term.language:
        return found | {"xml:lang": term.language}
    if term.datatype.value.endswith("#string"):
        return found
    return found | {"datatype": term.datatype.value}


def _json_rows(answer: Table) -> Iterator[str]:
    for row in answer.rows:
        named = zip(answer.columns, row, strict=True)
        yield json.dumps({name: _json_term(term) for name, term in named if term is not None})


def _write_json(answer: Table, out: TextIO) -> None:
    head = json.dumps({"vars": answer.columns})
    out.write(f'{{"head": {head}, "results": {{"bindings": [')
    for index, row in enumerate(_json_rows(answer)):
        out.write(("\n  " if index == 0 else ",\n  ") + row)
    out.write("\n]}}\n")


def write_sql(
    columns: Sequence[str], rows: Iterable[Sequence[object]], form: str, out: TextIO
) -> None:
    """Write an answer to SQL in one of ``FORMATS``: JSON is a list of objects, NULL is empty."""
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
