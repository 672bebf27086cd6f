"""Tables of runs, as CSV (RFC 4180) or Parquet: a file each.

The rows are those of the questions that have a name (``kprov query --list``); ``run`` says which
run a row is of. An empty cell is what was not recorded.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pyoxigraph as ox

from kprov_rdf import query
from kprov_rdf.exchange.formats import Written
from kprov_rdf.exchange.formats.told import Execution, executions, local, when
from kprov_rdf.exchange.selection import Selection
from kprov_rdf.series import arrow

Cell = str | int | float | bool | None
Rows = list[dict[str, Cell]]
# Name of the table, and the question whose rows it has; those of two columns are told by name.
_QUESTIONS = {
    "adaptations": "adaptations",
    "layers": "layers",
    "data": "data",
    "files": "files",
    "settings": "settings",
}
_RUNS = (
    "run", "tag", "status", "started", "ended", "optimizer", "learning_rate", "epochs", "planned",
)  # fmt: skip


def write(selection: Selection, form: str) -> Written:
    """A file for each table, ``runs.csv`` and so on.

    Raises ``UnsupportedError`` where no run is selected, or pyarrow is needed and not installed.
    """
    make = _parquet if form == "parquet" else _csv
    found = {f"{name}.{form}": make(columns, rows) for name, columns, rows in tables(selection)}
    return Written(dict(found))


def tables(selection: Selection) -> Iterator[tuple[str, list[str], Rows]]:
    """Name, columns and rows of each table."""
    found = executions(selection, "A table")
    names = {one.run.iri: one.told.called for one in found}
    yield "runs", list(_RUNS), [dict(zip(_RUNS, _run(one), strict=True)) for one in found]
    yield "epochs", *_wide(("run", "epoch"), _metrics(selection, names, "metrics"))
    yield "tests", *_wide(("run", "test"), _metrics(selection, names, "tests"))
    for name, question in _QUESTIONS.items():
        columns: list[str] = []
        rows: Rows = []
        for iri, called in names.items():
            columns, cells = _asked(selection, question, iri)
            for row in (dict(zip(columns, told, strict=True)) for told in cells):
                # A setting by its name, and not its property; a data set by its local one.
                short = {k: called(str(row[k])) for k in ("setting", "data") if row.get(k)}
                rows.append({"run": iri, **row, **short})
        yield name, ["run", *columns], rows


def _run(one: Execution) -> tuple[Cell, ...]:
    run = one.run
    times = when(run.started), when(run.ended)
    return (
        *(run.iri, run.tag, run.status, *times),
        *(run.optimizer, run.rate, run.epochs, run.planned),
    )


def _metrics(
    selection: Selection, names: Mapping[str, Callable[[str], str]], question: str
) -> Iterator[tuple[str, Cell, str, Cell]]:
    """Run, epoch or test, metric and value."""
    for iri, called in names.items():
        for *_, which, metric, cell in _asked(selection, question, iri)[1]:
            found = local(which) if isinstance(which, str) else which
            yield iri, found, called(str(metric)), cell


def _asked(selection: Selection, question: str, run: str) -> tuple[list[str], list[list[Cell]]]:
    answer = query.table(selection.store, query.find(question), {"run": ox.NamedNode(run)})
    return answer.columns, [[query.value(term) for term in row] for row in answer.rows]


def _wide(
    keys: tuple[str, str], told: Iterable[tuple[str, Cell, str, Cell]]
) -> tuple[list[str], Rows]:
    """A row for each run and epoch or test, with a column for each metric."""
    rows: dict[tuple[Cell, ...], dict[str, Cell]] = {}
    metrics: set[str] = set()
    for run, which, metric, cell in told:
        # A metric may be called as one of the keys are.
        name = f"metric_{metric}" if metric in keys else metric
        metrics.add(name)
        row = rows.setdefault((run, which), dict(zip(keys, (run, which), strict=True)))
        row.setdefault(name, cell)
    return [*keys, *sorted(metrics)], list(rows.values())


def _csv(columns: Sequence[str], rows: Rows) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode("utf-8", "replace")


def _parquet(columns: Sequence[str], rows: Rows) -> bytes:
    pyarrow, parquet = arrow()
    table = pyarrow.table({name: _column([row.get(name) for row in rows]) for name in columns})
    out = io.BytesIO()
    parquet.write_table(table, out)
    return out.getvalue()


def _column(cells: list[Cell]) -> list[Cell]:
    """The cells as one type: numbers as such, where all are; anything else as text."""
    kinds = {type(one) for one in cells if one is not None}
    if kinds <= {int} or kinds <= {bool} or kinds <= {str}:
        return cells
    if kinds <= {int, float}:
        return [None if one is None else float(one) for one in cells]
    return [None if one is None else str(one) for one in cells]
