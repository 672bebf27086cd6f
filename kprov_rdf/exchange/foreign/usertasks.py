"""Tasks of the user's own transformations in DfAnalyzer's database, and tables of any kind."""

from collections.abc import Iterable, Iterator, Mapping

from kprov_capture.nquads import Iri, Value, instant
from kprov_capture.statements_dataflow import attribute_iri, set_iri, transformation_iri
from kprov_capture.terms import PROV_NAMESPACE, RDFS_LABEL, Dnnprov, Prov
from kprov_rdf.exchange.foreign.dump import TASK, Flow, Row, Told, number, text, time_of
from kprov_rdf.exchange.foreign.record import Record
from kprov_rdf.exchange.foreign.sql import Table
from kprov_rdf.exchange.foreign.sql_rows import Cell
from kprov_rdf.exchange.statements import Statements

_INFLUENCED = f"{PROV_NAMESPACE}wasInfluencedBy"
_ROWS_A_LITERAL = 1000


class UserTasks:
    """The tasks of a dataflow that train nothing, with the elements that they wrote and read.

    ``own`` are the local names of the activities that stand for tasks of built-in
    transformations, by the tags of these.
    """

    def __init__(
        self,
        says: Statements,
        names: Record,
        plan: str,
        told: Told,
        flow: Flow,
        own: Mapping[str, str] | None = None,
    ) -> None:
        self.says = says
        self.names = names
        self.plan = plan
        self.told = told
        self.flow = flow
        self.own = own or {}

    def say(self, sets: Mapping[str, list[Row]], tasks: Iterable[int]) -> None:
        """Say the elements of ``sets`` and their tasks, and those with the ids ``tasks``."""
        times: dict[tuple[str, Cell], list[float]] = {}
        for one in tasks:
            times[str(self.flow.tasks[one]["transformation"]), one] = []
        for tag, rows in sets.items():
            for place, row in enumerate(rows, 1):
                element = self.names(f"element-{tag}-{row.get('id') or place}")
                self._element(tag, row, element)
                for step, identifier in self._tasks_of(tag, row):
                    time = time_of(row)
                    times.setdefault((step, identifier), []).extend([time] if time else [])
                    activity = self._activity(step, identifier)
                    if step in self.flow.makers.get(tag, ()):
                        self.says.link(element, Prov.wasGeneratedBy, activity)
                    else:
                        self.says.link(activity, Prov.used, element)
        for (step, identifier), known in times.items():
            if step not in self.own:
                self._task(step, identifier, known)

    def _tasks_of(self, tag: str, row: Row) -> Iterator[tuple[str, Cell]]:
        """The tasks that wrote and read a row; which one wrote it may not be told."""
        for column, cell in row.items():
            if column.endswith(TASK):
                step = column.removesuffix(TASK)
                if cell is not None or step in self.flow.makers.get(tag, ()):
                    yield step, cell

    def _activity(self, step: str, identifier: Cell) -> Iri:
        if step in self.own:
            return self.names(self.own[step])
        number = "" if identifier is None else f"-{identifier}"
        return self.names(f"task-{step}{number}")

    def _element(self, tag: str, row: Row, element: Iri) -> None:
        says, schema = self.says, self.flow.schemas.get(tag)
        declared = {one.name.lower(): one for one in schema.attributes} if schema else {}
        values: list[tuple[str, Value | None]] = []
        rest = {}
        for column, cell in row.items():
            one = declared.get(column.lower())
            if one is None:
                rest[column] = cell
                continue
            told = number(cell) if one.type == "NUMERIC" else None
            values.append((attribute_iri(self.plan, tag, one.name), cell if told is None else told))
        says.node(
            element,
            (Dnnprov.DataElement, Prov.Entity),
            (Dnnprov.ofSet, Iri(set_iri(self.plan, tag)) if schema else None),
            *values,
        )
        says.json(element, says.property("attribute", f"ds_{tag}"), rest or None)

    def _task(self, step: str, identifier: Cell, times: list[float]) -> None:
        says, names = self.says, self.names
        found = self.flow.tasks.get(identifier, {}) if isinstance(identifier, int) else {}
        activity, client = self._activity(step, identifier), found.get("identifier")
        transformation = transformation_iri(self.plan, step)
        kinds = (Dnnprov.DataTransformation, Prov.Plan, Prov.Entity)
        says.node(transformation, kinds, (Dnnprov.tag, step))
        says.link(self.plan, Dnnprov.hasTransformation, transformation)
        says.node(
            activity,
            (Dnnprov.Execution, Prov.Activity),
            (RDFS_LABEL, step),
            (Dnnprov.partOfExecution, Iri(names.execution)),
            (Prov.wasInformedBy, Iri(names.execution)),
            (Dnnprov.ofTransformation, Iri(transformation)),
            (Dnnprov.taskIdentifier, client if isinstance(client, int) else None),
            (Dnnprov.status, text(found.get("status")) if times else None),
            (Dnnprov.workspace, text(found.get("workspace"))),
            (Dnnprov.computingResource, text(found.get("computing_resource"))),
            (Dnnprov.outputMessage, text(found.get("output_msg"))),
            (Dnnprov.error, text(found.get("error_msg"))),
            # Its rows are all that is known of when it was.
            (Prov.startedAtTime, instant(min(times)) if times else None),
            (Prov.endedAtTime, instant(max(times)) if times else None),
        )
        says.json(activity, says.property("attribute", "task"), found or None)
        for place, row in enumerate(self._about("file", identifier), 1):
            file, name = names(f"task-{step}-{identifier}-file-{place}"), text(row.get("name"))
            says.node(
                file, (Dnnprov.File, Prov.Entity), (RDFS_LABEL, name), (Dnnprov.path, _path(row))
            )
            says.link(activity, _INFLUENCED, file)
        performances = self._about("performance", identifier)
        says.json(activity, says.property("attribute", "performance"), performances or None)

    def _about(self, table: str, identifier: Cell) -> list[Row]:
        return self.told.told_of(table, identifier) if isinstance(identifier, int) else []


def _path(row: Row) -> str | None:
    """The path of a file, which DfAnalyzer keeps apart from its name."""
    folder, name = text(row.get("path")), text(row.get("name"))
    if folder and name and not folder.endswith(name):
        return f"{folder.rstrip('/')}/{name}"
    return folder or name


def say_tables(says: Statements, tables: Iterable[Table]) -> None:
    """Keep the rows of tables that are nobody's: JSON of at most 1,000 rows a literal."""
    for table in tables:
        iri = says.name("table", table.schema, table.name)
        says.node(iri, (Prov.Entity,), (RDFS_LABEL, f"{table.schema}.{table.name}"))
        rows = list(table.records())
        for begin in range(0, len(rows), _ROWS_A_LITERAL):
            part = rows[begin : begin + _ROWS_A_LITERAL]
            says.json(iri, says.property("attribute", "rows"), part)
