"""What DfAnalyzer keeps in its database: dataflows, their plans and tasks, the rows of their sets.

A schema of its own has the sets of each dataflow, one table ``ds_{set}`` each; the tables of
``public`` tell the rest. Dumps of one schema have all in that one. The columns of a set are ``id``,
``{transformation}_task_id`` for the tasks that wrote and read a row, and its attributes.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from kprov_capture.dataflow import Attribute, Dataflow, DataSet, Program, Transformation
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign.sql import REAL, WHOLE, Dump, Table
from kprov_rdf.exchange.foreign.sql_rows import Cell

CORE = (
    "dataflow", "dataflow_version", "data_transformation", "program", "use_program", "data_set",
    "data_dependency", "attribute", "dataflow_execution", "task", "file", "performance",
)  # fmt: skip
TASK = "_task_id"
_SENTINEL = -9999999
_LATEST = 253402300800  # seconds; the year 10000
_TYPES = {"EXTRACTION_TYPE": "TEXT"}
_KNOWN = ("TEXT", "NUMERIC", "FILE", "RDFILE", "LONG_TEXT")

Row = dict[str, Cell]


def text(cell: Cell) -> str | None:
    """A text; DfAnalyzer writes ``null`` where there is none."""
    return None if cell is None or str(cell) in ("null", "None", "") else str(cell)


def number(cell: Cell) -> float | None:
    """A number, or a text of one. Keras-Prov writes -9999999 for NaN."""
    if cell is None or (isinstance(cell, str) and len(cell) > 400):
        return None
    try:
        found = float(cell)
    except ValueError:
        return None
    return math.nan if found == _SENTINEL else found


def seconds(cell: Cell) -> float | None:
    """Seconds since 1970, where they are of a year that has four digits."""
    found = number(cell)
    return found if found is not None and 0 < found < _LATEST else None


def time_of(row: Row) -> float | None:
    """When a row was written: the column is named differently in each version and set."""
    for column, cell in row.items():
        if column.endswith("timestamp") and (found := seconds(cell)) is not None:
            return found
    return None


@dataclass
class Flow:
    """A dataflow: its plan, its rows by set, and its tasks by id with what is told of them.

    ``makers`` and ``readers`` are the transformations that write and read a set, by its tag.
    """

    tag: str
    plan: Dataflow
    schemas: dict[str, DataSet]
    rows: dict[str, list[Row]] = field(default_factory=dict)
    tasks: dict[int, Row] = field(default_factory=dict)
    makers: dict[str, set[str]] = field(default_factory=dict)
    readers: dict[str, set[str]] = field(default_factory=dict)

    def task_of(self, row: Row, transformation: str) -> int | None:
        found = row.get(transformation + TASK)
        return found if isinstance(found, int) else None


class Told(Protocol):
    """Where the files and the times of tasks are looked up."""

    def told_of(self, table: str, task: int) -> list[Row]:
        """What ``file`` or ``performance`` has about a task."""


class Database:
    """The dataflows of a dump. ``rest`` are the tables that belong to none of them."""

    def __init__(self, dump: Dump, name: str) -> None:
        self.name = name
        self._dump = dump
        schemas = {schema for schema, table in dump.tables if table == "data_transformation"}
        self._core = min(schemas, key=lambda one: (one != "public", one), default="public")
        self._taken: set[tuple[str, str]] = {(self._core, table) for table in CORE}
        self._read: dict[str, list[Row]] = {}
        self._schemas: dict[str, dict[str, tuple[str, str]]] = {}
        self._found: dict[tuple[str, str], dict[Cell, list[Row]]] = {}
        self.flows = [self._flow(row) for row in self._records("dataflow")]
        self.flows += self._unplanned()
        self.rest = [
            table for key, table in dump.tables.items() if key not in self._taken and table.rows
        ]

    def _records(self, table: str) -> list[Row]:
        if table not in self._read:
            found = self._dump.tables.get((self._core, table))
            self._read[table] = list(found.records()) if found else []
        return self._read[table]

    def _within(self, schema: str) -> dict[str, tuple[str, str]]:
        """The tables of a schema, by their names; all names in lower case."""
        if not self._schemas:
            for key in self._dump.tables:
                self._schemas.setdefault(key[0].lower(), {})[key[1].lower()] = key
        return self._schemas.get(schema, {})

    def _where(self, table: str, column: str, cell: Cell) -> list[Row]:
        if (table, column) not in self._found:
            index: dict[Cell, list[Row]] = defaultdict(list)
            for row in self._records(table):
                index[row.get(column)].append(row)
            self._found[table, column] = index
        return self._found[table, column].get(cell, [])

    def _flow(self, told: Row) -> Flow:
        tag, key = text(told.get("tag")) or "dataflow", told.get("id")
        steps = {row.get("id"): row for row in self._where("data_transformation", "df_id", key)}
        tags = {one: text(row.get("tag")) or f"step-{one}" for one, row in steps.items()}
        sets = {
            row.get("id"): text(row.get("tag")) for row in self._where("data_set", "df_id", key)
        }
        named = {one for one in sets.values() if one}
        tables = self._tables(tag, named)
        keys = {one: identifier for identifier, one in sets.items()}
        schemas = {one: schema for one in named if (schema := self._schema(one, keys, tables))}
        schemas |= {one: made for one in tables.keys() - named if (made := _made(one, tables[one]))}
        flow = Flow(tag, Dataflow(tag), schemas)
        for identifier, via in sets.items():
            for row in self._where("data_dependency", "ds_id", identifier) if via else ():
                for column, found in (
                    ("previous_dt_id", flow.makers),
                    ("next_dt_id", flow.readers),
                ):
                    if via and (step := tags.get(row.get(column))) is not None:
                        found.setdefault(via, set()).add(step)
        flow.plan = self._plan(tag, tags, flow)
        flow.rows = {one: list(table.records()) for one, table in tables.items()}
        flow.tasks = self._tasks(tags)
        return flow

    def _tables(self, tag: str, sets: Iterable[str]) -> dict[str, Table]:
        """The tables of a dataflow by the tags of their sets.

        They stand in the schema with its tag; in a dump of one schema, with all the others.
        """
        core = self._within(self._core.lower())
        if len(self._records("dataflow")) == 1:
            shared = [name for name in core if name.startswith("ds_")]
        else:
            shared = [name for one in sets if (name := f"ds_{one}".lower()) in core]
        own = [] if tag.lower() == self._core.lower() else self._within(tag.lower())
        found: dict[str, Table] = {}
        for schema, names in ((tag.lower(), own), (self._core.lower(), shared)):
            for name in names:
                key = self._within(schema)[name]
                if name not in CORE and key not in self._taken:
                    self._taken.add(key)
                    found[key[1].removeprefix("ds_")] = self._dump.tables[key]
        return found

    def _schema(
        self, tag: str, keys: dict[str | None, Cell], tables: dict[str, Table]
    ) -> DataSet | None:
        attributes: dict[str, Attribute] = {}
        for row in self._where("attribute", "ds_id", keys[tag]):
            name = text(row.get("name"))
            kind = (text(row.get("type")) or "TEXT").upper()
            kind = _TYPES.get(kind, kind)
            if name:
                attributes[name] = Attribute(name, kind if kind in _KNOWN else "TEXT")
        if attributes:
            return DataSet(tag, tuple(attributes.values()))
        return _made(tag, tables[tag]) if tag in tables else None

    def _plan(self, tag: str, tags: Mapping[Any, str], flow: Flow) -> Dataflow:
        def of(step: str, found: dict[str, set[str]]) -> list[DataSet]:
            return [
                flow.schemas[one]
                for one, steps in found.items()
                if step in steps and one in flow.schemas
            ]

        used: dict[str, list[Program]] = {}
        for key, step in tags.items():
            for row in self._where("use_program", "dt_id", key):
                for program in self._where("program", "id", row.get("program_id")):
                    one = Program(text(program.get("name")) or "", text(program.get("path")) or "")
                    used.setdefault(step, []).append(one)
        try:
            return Dataflow(
                tag,
                [
                    Transformation(
                        one, of(one, flow.readers), of(one, flow.makers), used.get(one, ())
                    )
                    for one in dict.fromkeys(tags.values())
                ],
            )
        except ValueError as error:
            raise InputError(f"{self.name} has a dataflow {tag!r} that is none: {error}") from error

    def _tasks(self, tags: dict[Cell, str]) -> dict[int, Row]:
        found: dict[int, Row] = {}
        for key, step in tags.items():
            for row in self._where("task", "dt_id", key):
                if isinstance(identifier := row.get("id"), int):
                    found[identifier] = row | {"transformation": step}
        return found

    def told_of(self, table: str, task: int) -> list[Row]:
        """The rows of ``file`` or ``performance`` that are about a task."""
        return self._where(table, "task_id", task)

    def _unplanned(self) -> Iterator[Flow]:
        """The schemas that have sets, and no dataflow in the dump: each is one of its own."""
        schemas = dict.fromkeys(
            schema
            for (schema, table), found in self._dump.tables.items()
            if table.lower().startswith("ds_") and (schema, table) not in self._taken and found.rows
        )
        for schema in schemas:
            tables = {}
            for key in self._within(schema.lower()).values():
                if key[0] == schema and key not in self._taken and key[1].startswith("ds_"):
                    self._taken.add(key)
                    tables[key[1].removeprefix("ds_")] = self._dump.tables[key]
            made = {one: found for one in tables if (found := _made(one, tables[one]))}
            flow = Flow(schema, Dataflow(schema), made)
            flow.rows = {one: list(table.records()) for one, table in tables.items()}
            steps: dict[str, None] = {}
            for tag, table in tables.items():
                columns = [one for one in table.columns if one.endswith(TASK)]
                for place, column in enumerate(columns):
                    step = column.removesuffix(TASK)
                    steps[step] = None
                    # The task that wrote a row comes first; the tags of inputs begin with an i.
                    wrote = place == 0 and not tag.startswith("i")
                    known = flow.makers if wrote else flow.readers
                    known.setdefault(tag, set()).add(step)
            flow.plan = self._plan(schema, dict(enumerate(steps)), flow)
            yield flow


def _made(tag: str, table: Table) -> DataSet | None:
    """The schema of a set as the columns of its table tell it."""
    found = [
        Attribute(column, "NUMERIC" if kind in WHOLE + REAL else "TEXT")
        for column, kind in dict(zip(table.columns, table.types, strict=True)).items()
        if column and column != "id" and not column.endswith(TASK)
    ]
    return DataSet(tag, found) if tag and found else None
