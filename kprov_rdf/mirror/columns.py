"""The tables and columns that the papers have, and how a literal becomes a cell.

Names are those of Keras-Prov's database (Pina et al. 2021), so that the papers' SQL runs as
it is printed. Differences: texts are not cut at 500 characters; what is not known is NULL
and not the word 'null'; elapsed_time is a number, since the papers average it, which in
theirs needs a CAST that works here too. Times are texts there, and here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pyoxigraph as ox

from kprov_capture.terms import METRICS, Dnnprov
from kprov_rdf.query import Term, value

Cell = str | int | float | bool | datetime | None
Columns = tuple[tuple[str, str], ...]
"""Names and SQL types."""

TEXT, DOUBLE, INTEGER, TIMESTAMP = "TEXT", "DOUBLE", "INTEGER", "TIMESTAMP"
TASKS = ("trainingmodel", "adaptation", "testingmodel")
"""The transformations of the dataflow."""

# A text of MonetDB ends at a NUL; this is put in its place.
NUL = "\N{SYMBOL FOR NULL}"
_LARGEST = 1.7976931348623157e308


@dataclass(frozen=True)
class Table:
    """A table; each row has a cell for each column."""

    schema: str
    name: str
    columns: Columns
    rows: list[tuple[Cell, ...]]


@dataclass
class Mirror:
    """All tables. ``schemas`` maps tags to schemas; ``unfit`` counts values that do not fit."""

    schemas: dict[str, str]
    tables: list[Table] = field(default_factory=list)
    unfit: int = 0


@dataclass(frozen=True)
class DataSet:
    """A table whose rows are nodes: an id, tasks, a time, and properties of the node.

    ``query`` reads the nodes. ``known`` are the properties that the papers have as columns;
    a column for any other begins with ``prefix``.
    """

    name: str
    query: str
    tasks: tuple[str, ...]
    timestamp: str
    known: Mapping[str, str]
    prefix: str = ""

    def columns(self) -> Columns:
        """The columns before those of properties."""
        tasks = ((f"{task}_task_id", INTEGER) for task in self.tasks)
        return (("id", INTEGER), *tasks, (self.timestamp, TEXT))


EPOCH_COLUMNS = {
    Dnnprov.elapsedTime: "elapsed_time",
    Dnnprov.epoch: "epoch_id",
    METRICS["loss"]: "loss",
    METRICS["accuracy"]: "accuracy",
    METRICS["val_loss"]: "val_loss",
    METRICS["val_accuracy"]: "val_accuracy",
    Dnnprov.learningRate: "learning_rate",  # the rate in force; the papers have it not
}
SETTINGS = DataSet(
    "itrainingmodel",
    "settings",
    ("trainingmodel",),
    "itrain_timestamp",
    {
        Dnnprov.optimizerName: "optimizer_name",
        Dnnprov.learningRate: "learning_rate",
        Dnnprov.decay: "decay",
        Dnnprov.momentum: "momentum",
        Dnnprov.numEpochs: "num_epochs",
        Dnnprov.batchSize: "batch_size",
        Dnnprov.numLayers: "num_layers",
    },
)
EPOCHS = DataSet("otrainingmodel", "metrics", TASKS, "otrain_timestamp", EPOCH_COLUMNS)
TESTS = DataSet(
    "otestingmodel",
    "tests",
    ("testingmodel",),
    "otest_timestamp",
    {METRICS["loss"]: "otest_loss", METRICS["accuracy"]: "otest_accuracy"},
    prefix="otest_",
)
ADAPTATIONS: Columns = (
    ("id", INTEGER),
    ("adaptation_task_id", INTEGER),
    ("new_lrate", DOUBLE),
    ("atimestamp", TEXT),
    ("epoch_id", DOUBLE),
    ("adaptation_id", DOUBLE),
    ("old_lrate", DOUBLE),  # from here on, what the papers have not
    ("technique", TEXT),
    ("reason", TEXT),
)
LAYERS: Columns = (
    ("id", INTEGER),
    ("trainingmodel_task_id", INTEGER),
    ("iltimestamp", TEXT),
    ("name", TEXT),
    ("attribute_type", TEXT),
    ("value", TEXT),
)
RUNS: Columns = (
    ("id", INTEGER),
    ("iri", TEXT),
    ("tag", TEXT),
    ("schema_name", TEXT),
    ("status", TEXT),
    ("started", TIMESTAMP),  # in UTC, as is the next
    ("ended", TIMESTAMP),
    ("optimizer_name", TEXT),
    ("learning_rate", DOUBLE),
    *((f"{task}_task_id", INTEGER) for task in TASKS),
)
IRIS: Columns = (("kind", TEXT), ("id", INTEGER), ("iri", TEXT))


def known_type(column: str) -> str:
    """The type of a property's column that the papers have: all are numbers but one."""
    return TEXT if column == "optimizer_name" else DOUBLE


def further_type(terms: Iterable[Term]) -> str:
    """The type for a column that the papers have not: the narrowest that holds all values."""
    found = [value(term) for term in terms]
    kinds = {type(one) for one in found}
    if kinds == {bool}:
        return "BOOLEAN"
    if kinds == {int} and all(isinstance(one, int) and abs(one) < 2**63 for one in found):
        return "BIGINT"
    return DOUBLE if kinds <= {int, float} else TEXT


def fit(term: Term, kind: str) -> Cell:
    """A literal as a cell of a column of this type; None where the column cannot hold it.

    A DOUBLE of MonetDB holds neither NaN nor the infinities.
    """
    if not isinstance(term, ox.Literal):
        return None
    if kind == TEXT:
        return term.value.replace("\0", NUL)
    found = value(term)
    if kind == DOUBLE:
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            return None
        return float(found) if abs(found) <= _LARGEST else None
    return found
