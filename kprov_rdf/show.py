"""One run in the terminal."""

import pyoxigraph as ox

from kprov_rdf import query
from kprov_rdf.runs import RunInfo
from kprov_rdf.store import Store
from kprov_rdf.tables import cell, print_table

# Of more epochs than this, the middle is left out.
_EPOCHS = 20
_FIRST = ("epoch", "elapsedTime", "learningRate", "loss", "valLoss")


def _local(text: str) -> str:
    return max(text.rpartition("#")[2], text.rpartition("/")[2], key=lambda one: -len(one))


def _rows(store: Store, name: str, run: RunInfo) -> tuple[list[str], list[list[str]]]:
    answer = query.table(store, query.find(name), {"run": ox.NamedNode(run.iri)})
    rows = [
        [_local(cell(term)) if isinstance(term, ox.NamedNode) else cell(term) for term in row]
        for row in answer.rows
    ]
    return answer.columns, rows


def _epochs(store: Store, run: RunInfo) -> tuple[list[str], list[list[str]]]:
    """A row an epoch and a column a metric, whatever the metrics are."""
    _, told = _rows(store, "metrics", run)
    columns = [*_FIRST, *sorted({metric for _, metric, _ in told} - set(_FIRST))]
    rows: dict[str, dict[str, str]] = {}
    for epoch, metric, value in told:
        rows.setdefault(epoch, {"epoch": epoch})[metric] = value
    return columns, [[row.get(column, "") for column in columns] for row in rows.values()]


def _section(store: Store, title: str, name: str, run: RunInfo) -> None:
    columns, rows = _epochs(store, run) if name == "metrics" else _rows(store, name, run)
    if name == "metrics" and len(rows) > _EPOCHS:
        left_out = len(rows) - _EPOCHS
        title += (
            f" ({left_out} in the middle left out: kprov query metrics --param run={run.short})"
        )
        rows = rows[: _EPOCHS // 2] + rows[-_EPOCHS // 2 :]
    filled = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    if rows:
        print_table([columns[i] for i in filled], [[row[i] for i in filled] for row in rows], title)


def show(store: Store, run: RunInfo) -> None:
    """Print the run: what it is, its settings, and a table for each thing that happened."""
    print(f"run {run.short} of {run.tag}: {run.status}, {run.epochs} epochs")
    print(run.iri)
    _, settings = _rows(store, "settings", run)
    print("  ".join(f"{name}={value}" for name, value in settings), end="\n\n")
    for title, name in (
        ("Data", "data"),
        ("Layers", "q2"),
        ("Epochs", "metrics"),
        ("Adaptations of the learning rate", "adaptations"),
        ("Tests", "tests"),
        ("Files", "files"),
    ):
        _section(store, title, name, run)
