"""The answer to a question: rows with names, and the same as data frames, tables and files."""

import csv
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

import pyoxigraph as ox

from kprov_rdf.analysis import frames, html
from kprov_rdf.analysis.rows import IRI, Row, Value, python, row_type, shown, text
from kprov_rdf.errors import InputError
from kprov_rdf.query import Table
from kprov_rdf.tables import brief, count, printable

if TYPE_CHECKING:
    import pandas
    import pyarrow
    import rdflib

# So many rows are read at once and kept. Most answers are then whole, and hold no store.
FIRST = 1000
_BATCH = 65_536
_SHOWN = 20
_WIDTH = 60


class Result(Sequence[Row]):
    """Rows of an answer: a sequence that also knows its ``columns``.

    The first thousand rows are read when the question is asked. Where there are more, ``len``,
    an index beyond them and ``for`` read the whole answer and keep it; ``to_arrow``,
    ``batches``, ``to_pandas`` and ``to_csv`` ask again and keep no rows.
    """

    def __init__(
        self, ask: Callable[[], Table], nothing: str = "", first: int | None = FIRST
    ) -> None:
        """``ask`` gives the answer; ``nothing`` says what gave no row.

        It gives the same each time, or ``first`` is None, and all rows are read at once.
        """
        answer = ask()
        self.columns: list[str] = list(answer.columns)
        self._row = row_type(tuple(self.columns))
        self.nothing = nothing
        self._rows: list[Row] = []
        for terms in answer.rows:
            if len(self._rows) == first:
                # The rest is asked for again: an answer that is being read must stay in the
                # thread that asked, or pyoxigraph ends the process.
                self._ask: Callable[[], Table] | None = ask
                break
            self._rows.append(self._row(map(python, terms)))
        else:
            self._ask = None

    def stream(self) -> Iterator[Row]:
        """The rows one after the other, of which none is kept; to be read in this thread."""
        if self._ask is None:
            return iter(self._rows)
        return _Stream(self._row(map(python, terms)) for terms in self._ask().rows)

    def _all(self) -> list[Row]:
        if self._ask is not None:
            self._rows, self._ask = list(self.stream()), None
        return self._rows

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:
        return bool(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._all())

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        last = index.stop if isinstance(index, slice) else index
        near = last is not None and 0 <= last < FIRST
        if isinstance(index, slice) and any((one or 0) < 0 for one in (index.start, index.step)):
            near = False
        return (self._rows if near else self._all())[index]

    def column(self, name: str) -> list[object]:
        """The values of one column. Raises ``InputError`` where there is no such column."""
        if name not in self.columns:
            raise InputError(f"There is no column {name!r}; there are {', '.join(self.columns)}.")
        index = self.columns.index(name)
        return [row[index] for row in self]

    def to_pandas(self) -> "pandas.DataFrame":
        """A data frame, each column with one type: see ``kprov_rdf.analysis.frames``.

        Raises ``UnsupportedError`` where pandas or pyarrow is not installed.
        """
        return frames.frame(self)

    def to_arrow(self) -> "pyarrow.Table":
        """An Arrow table. Raises ``UnsupportedError`` where pyarrow is not installed."""
        return frames.arrow_table(self)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow PyCapsule interface: what pyarrow, polars and others take as a table."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)

    def batches(self, rows: int = _BATCH) -> "pyarrow.RecordBatchReader":
        """The answer in record batches of ``rows``, for more than fits in memory.

        It is asked for twice, since a column has one type in all of them.
        """
        return frames.batches(self, rows)

    def to_csv(self, path: str | Path) -> None:
        """Write the rows as CSV (RFC 4180); nothing where a value is missing."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)  # lines end in CRLF, so that a lone CR is quoted
            writer.writerow(self.columns)
            writer.writerows([text(value) for value in row] for row in self.stream())

    def _size(self) -> str:
        if self._ask is not None:
            return f"more than {FIRST:,} rows"
        if not self._rows and self.nothing:
            return f"no rows for {printable(self.nothing)}"
        return count(len(self._rows), "row") if self._rows else "no rows"

    def __repr__(self) -> str:
        head = f"<Result: {self._size()}; {', '.join(self.columns)}>"
        rows = [[_cut(value) for value in row] for row in self._rows[:_SHOWN]]
        if not rows:
            return head
        widths = [max(map(len, column)) for column in zip(self.columns, *rows, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in (self.columns, *rows)
        ]
        return "\n".join([head, *lines, *(["…"] if len(self._rows) > _SHOWN else [])])

    def _repr_html_(self) -> str:
        told = self._size()
        if self._ask is None and len(self._rows) > _SHOWN:
            told = size(len(self._rows), _SHOWN, "row")
        return html.table(self.columns, self._rows[:_SHOWN], told)


class _Stream(Iterator[Row]):
    """Rows of an answer that is being read. Raises ``InputError`` in any other thread."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows, self._asker = rows, threading.get_ident()

    def __next__(self) -> Row:
        if threading.get_ident() != self._asker:
            raise InputError("These rows are read in the thread that began to read them.")
        return next(self._rows)


def size(number: int, most: int, noun: str) -> str:
    """How many there are, and that only the first of them are shown."""
    told = count(number, noun)
    return f"the first {most} of {told}" if number > most else told


def _cut(value: Value) -> str:
    """A cell of a plain table; of a long IRI its end, which tells it from the others."""
    told = brief(value) if isinstance(value, IRI) else shown(value)
    cell = printable(told.replace("\n", " "))
    if len(cell) <= _WIDTH:
        return cell
    return f"…{cell[1 - _WIDTH :]}" if isinstance(value, IRI) else f"{cell[: _WIDTH - 1]}…"


class Triples(Result):
    """The answer to a CONSTRUCT or DESCRIBE: triples as rows, and as a graph."""

    def __init__(self, triples: Sequence[ox.Triple]) -> None:
        self._triples = tuple(triples)
        columns = ["subject", "predicate", "object"]
        super().__init__(
            lambda: Table(columns, ((t.subject, t.predicate, t.object) for t in self._triples))
        )

    def serialize(self, form: str = "ttl") -> str:
        """The graph as text; ``form`` is a file extension of an RDF format: ttl, nt, rdf, jsonld.

        Raises ``InputError`` for another one.
        """
        chosen = ox.RdfFormat.from_extension(form)
        if chosen is None:
            raise InputError(f"There is no RDF format {form!r}; write ttl, nt, rdf or jsonld.")
        from kprov_rdf.store import PREFIXES

        return (ox.serialize(self._triples, format=chosen, prefixes=PREFIXES) or b"").decode()

    def graph(self) -> "rdflib.Graph":
        """The triples as a graph of rdflib, copied."""
        import rdflib

        return rdflib.Graph().parse(data=self.serialize("nt"), format="nt")
