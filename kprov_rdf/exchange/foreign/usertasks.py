"""Tasks of the user's own transformations in DfAnalyzer's database, and tables of any kind."""

from collections.abc import Iterable, Mapping

from kprov_capture.dataflow import BUILT_IN
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
_FIRST = {"trainingmodel": "training", "adaptation": "adaptation-1", "testingmodel": "testing-1"}


def say_tasks(
    says: Statements,
    names: Record,
    plan: str,
    database: Told,
    flow: Flow,
    sets: Mapping[str, list[Row]],
) -> None:
    """The elements of ``sets``, and the tasks that wrote and read them."""
    tasks: dict[tuple[str, Cell], list[float]] = {}
    for tag, rows in sets.items():
        for place, row in enumerate(rows, 1):
            element = names(f"element-{tag}-{row.get('id') or place}")
            _element(says, plan, flow, tag, row, element)
            for step, maker in _steps(flow, tag, row):
                key = step, row.get(step + TASK)
                if key[1] is None and step not in flow.makers.get(tag, ()):
                    continue
                time = time_of(row)
                tasks.setdefault(key, []).extend([time] if time else [])
                activity = _activity(names, *key)
                if maker:
                    says.link(element, Prov.wasGeneratedBy, activity)
                else:
                    says.link(activity, Prov.used, element)
    for (step, identifier), times in tasks.items():
        if step not in BUILT_IN:
            _task(says, names, plan, database, flow, step, identifier, times)


def _steps(flow: Flow, tag: str, row: Row) -> Iterable[tuple[str, bool]]:
    """The transformations that wrote (true) and read (false) a row, as its columns tell."""
    makers = flow.makers.get(tag, set())
    for column in row:
        if column.endswith(TASK):
            step = column.removesuffix(TASK)
            yield step, step in makers


def _activity(names: Record, step: str, identifier: Cell) -> Iri:
    if step in BUILT_IN:
        return names(_FIRST[step])
    return names(f"task-{step}-{identifier}" if identifier is not None else f"task-{step}")


def _element(says: Statements, plan: str, flow: Flow, tag: str, row: Row, element: Iri) -> None:
    schema = flow.schemas.get(tag)
    declared = {one.name.lower(): one for one in schema.attributes} if schema else {}
    values: list[tuple[str, Value | None]] = []
    rest = {}
    for column, cell in row.items():
        one = declared.get(column.lower())
        if one is None:
            rest[column] = cell
            continue
        told = number(cell) if one.type == "NUMERIC" else None
        values.append((attribute_iri(plan, tag, one.name), cell if told is None else told))
    says.node(
        element,
        (Dnnprov.DataElement, Prov.Entity),
        (Dnnprov.ofSet, Iri(set_iri(plan, tag)) if schema else None),
        *values,
    )
    says.json(element, says.property("attribute", f"ds_{tag}"), rest or None)


def _task(
    says: Statements,
    names: Record,
    plan: str,
    database: Told,
    flow: Flow,
    step: str,
    identifier: Cell,
    times: list[float],
) -> None:
    found = flow.tasks.get(identifier, {}) if isinstance(identifier, int) else {}
    activity, client = _activity(names, step, identifier), found.get("identifier")
    says.node(
        activity,
        (Dnnprov.Execution, Prov.Activity),
        (RDFS_LABEL, step),
        (Dnnprov.partOfExecution, Iri(names.execution)),
        (Prov.wasInformedBy, Iri(names.execution)),
        (Dnnprov.ofTransformation, Iri(transformation_iri(plan, step))),
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
    if found:
        says.json(activity, says.property("attribute", "task"), found)
    if not isinstance(identifier, int):
        return
    for place, row in enumerate(database.told_of("file", identifier), 1):
        file, name = names(f"task-{step}-{identifier}-file-{place}"), text(row.get("name")) or ""
        says.node(
            file,
            (Dnnprov.File, Prov.Entity),
            (RDFS_LABEL, name or None),
            (Dnnprov.path, _path(row)),
        )
        says.link(activity, _INFLUENCED, file)
    performances = database.told_of("performance", identifier)
    says.json(activity, says.property("attribute", "performance"), performances or None)


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
