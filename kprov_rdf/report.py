"""One run as tables: what a person wants to see of it, in a terminal and in a page."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox

from kprov_rdf import query
from kprov_rdf.store import Store
from kprov_rdf.tables import cell, short

# Title and question of each table.
_TABLES = (
    ("Errors", "errors"),
    ("Preparation of the data", "preparation"),
    ("Tasks", "tasks"),
    ("Data", "data"),
    ("Layers", "layers"),
    ("Epochs", "metrics"),
    ("Adaptations", "adaptations"),
    ("Decisions", "decisions"),
    ("Tests", "tests"),
    ("Files", "files"),
)
# What is too long for a table, or the same in each of its rows.
_LEFT_OUT = {"config", "runs"}
_FIRST = ("epoch", "elapsedTime", "learningRate", "loss", "valLoss")


@dataclass(frozen=True)
class Section:
    """A table of text; columns without any value are left out."""

    title: str
    question: str
    columns: list[str]
    rows: list[list[str]]


def _local(text: str) -> str:
    return max(text.rpartition("#")[2], text.rpartition("/")[2], key=lambda one: -len(one))


def _rows(store: Store, name: str, run: str) -> tuple[list[str], list[list[str]]]:
    answer = query.table(store, query.find(name), {"run": ox.NamedNode(run)})
    rows = [
        [
            _local(short(term.value)) if isinstance(term, ox.NamedNode) else cell(term)
            for term in row
        ]
        for row in answer.rows
    ]
    return answer.columns, rows


def _epochs(store: Store, run: str) -> tuple[list[str], list[list[str]]]:
    """A row an epoch and a column a metric, whatever the metrics are."""
    _, told = _rows(store, "metrics", run)
    columns = [*_FIRST, *sorted({metric for _, metric, _ in told} - set(_FIRST))]
    rows: dict[str, dict[str, str]] = {}
    for epoch, metric, value in told:
        rows.setdefault(epoch, {"epoch": epoch})[metric] = value
    return columns, [[row.get(column, "") for column in columns] for row in rows.values()]


def settings(store: Store, run: str) -> list[list[str]]:
    """Name and value of each setting that the training began with."""
    return _rows(store, "settings", run)[1]


def sections(store: Store, run: str) -> Iterator[Section]:
    """The tables of a run that have rows."""
    for title, name in _TABLES:
        columns, rows = _epochs(store, run) if name == "metrics" else _rows(store, name, run)
        filled = [
            i
            for i, column in enumerate(columns)
            if column not in _LEFT_OUT and any(row[i] for row in rows)
        ]
        if rows:
            yield Section(
                title,
                name,
                [columns[i] for i in filled],
                [[row[i] for i in filled] for row in rows],
            )
