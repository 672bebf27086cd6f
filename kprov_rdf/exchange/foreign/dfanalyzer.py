"""What clients of DfAnalyzer send, as files: a message of JSON, a list of them, or one a line.

    {"tag": "densed", "transformations": [{"tag": "denseblock", "sets": [{"tag": "idenseblock",
     "type": "INPUT", "attributes": [{"name": "K", "type": "NUMERIC"}]}]}]}
    {"dataflow": "densed", "exec": "densed 1", "transformation": "denseblock", "id": "4",
     "status": "RUNNING", "sets": [{"tag": "idenseblock", "elements": [["24"]]}]}

They become what DfAnalyzer makes of them: the rows of its database (``dump``). Unlike there, an
element with too few or too many values is kept.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from kprov_capture.dataflow import Dataflow, DataSet
from kprov_capture.messages import TaskMessage, cells, read_dataflow, read_task
from kprov_rdf.dm import guards
from kprov_rdf.errors import InputError, LimitError
from kprov_rdf.exchange.foreign.dump import TASK, Flow, Row, number
from kprov_rdf.exchange.foreign.flows import say_flows
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

FORMAT = Format(
    "messages of DfAnalyzer",
    "application/json",
    versions="what its clients send, as JSON: one message, a list, one a line",
    kept="as of Keras-Prov's database; an element with too few or too many values is kept, too",
    left="the text commands (`task(…)`) and extractors",
)
MAX_MESSAGES = 100_000
_PLAN = re.compile(rb'"transformations"\s*:\s*\[')
_TASK = (b'"dataflow"', b'"status"')
_STEP = re.compile(rb'"(?:transformation|tag)"\s*:\s*"')


def claims(source: Source) -> bool:
    """Whether it is JSON with the keys of a dataflow or of a task of DfAnalyzer."""
    start = source.beginning(1 << 16)
    if source.is_folder or not start.lstrip().startswith((b"{", b"[")):
        return False
    task = all(key in start for key in _TASK) and _STEP.search(start) is not None
    return task or (_PLAN.search(start) is not None and b'"tag"' in start)


def read(source: Source, says: Statements) -> None:
    """Say what the messages tell. Raises ``InputError`` for one that cannot be understood."""
    found = _Messages(source.name, says)
    for place, message in enumerate(_messages(source), 1):
        if place > MAX_MESSAGES:
            raise LimitError(f"{source.name} has more than {MAX_MESSAGES:,} messages. Split it.")
        try:
            found.take(message)
        except ValueError as error:
            raise InputError(
                f"Message {place} of {source.name} is none of DfAnalyzer's that can be "
                f"understood: {error}"
            ) from error
        says.records += 1
    say_flows(says, found, found.flows())


def _messages(source: Source) -> Iterator[Any]:
    data = source.data.removeprefix(guards.BOM)
    lines = [line for line in data.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.strip().endswith(b"}") for line in lines[:2]):
        for place, line in enumerate(lines, 1):
            yield guards.load_json(line, f"line {place} of {source.name}")
        return
    found = guards.load_json(data, source.name)
    yield from found if isinstance(found, list) else [found]


class _Messages:
    """The dataflows that messages tell of, an execution of one each."""

    def __init__(self, name: str, says: Statements) -> None:
        self.name = name
        self.says = says
        self._plans: dict[str, Dataflow] = {}
        self._flows: dict[tuple[str, str | None], Flow] = {}
        self._tasks: dict[tuple[int, str, str, str | None], int] = {}
        self._told: dict[tuple[str, int], list[Row]] = defaultdict(list)
        self._count = 0
        # Of each transformation and id of a client its tasks, which a sub-id may tell apart.
        self._numbers: dict[tuple[int, str, str], list[int]] = defaultdict(list)
        # The rows that a task wrote and that a transformation has not read yet.
        self._unread: dict[tuple[int, str], list[Row]] = defaultdict(list)

    def told_of(self, table: str, task: int) -> list[Row]:
        return self._told.get((table, task), [])

    def flows(self) -> list[Flow]:
        """The executions, and the dataflows of which none was told."""
        ran = {tag for tag, _ in self._flows}
        for tag in self._plans.keys() - ran:
            self._flow(tag, None)
        return list(self._flows.values())

    def take(self, message: Any) -> None:
        if isinstance(message, dict) and "transformations" in message:
            flow = read_dataflow(message)
            self._plans[flow.tag] = flow
            for (tag, _), told in self._flows.items():
                if tag == flow.tag:
                    self._planned(told, flow)
            return
        self._task(read_task(message))

    def _flow(self, tag: str, execution: str | None) -> Flow:
        key = tag, execution
        if key not in self._flows:
            self._flows[key] = Flow(tag, Dataflow(tag), {})
            if tag in self._plans:
                self._planned(self._flows[key], self._plans[tag])
        return self._flows[key]

    @staticmethod
    def _planned(flow: Flow, plan: Dataflow) -> None:
        flow.plan = plan
        flow.schemas = {one.tag: one for one in plan.sets()}
        for step in plan.transformations:
            for one in step.outputs:
                flow.makers.setdefault(one.tag, set()).add(step.tag)
            for one in step.inputs:
                flow.readers.setdefault(one.tag, set()).add(step.tag)

    def _task(self, told: TaskMessage) -> None:
        flow = self._flow(told.dataflow, told.execution)
        key = id(flow), *told.key
        if key not in self._tasks:
            self._tasks[key] = len(self._tasks) + 1
            self._numbers[key[:3]].append(self._tasks[key])
        task = self._tasks[key]
        news = {
            "workspace": told.workspace,
            "computing_resource": told.resource,
            "output_msg": told.output,
            "error_msg": told.error,
        }
        identifier = int(told.id) if told.id.isdecimal() and len(told.id) < 19 else told.id
        flow.tasks[task] = {
            **flow.tasks.get(task, {}),
            "id": task,
            "identifier": identifier,
            "subid": told.subid,
            "df_exec": told.execution,
            "status": told.status,
            "transformation": told.transformation,
            **{name: one for name, one in news.items() if one is not None},
        }
        self._told["performance", task] += ({"times": one} for one in told.performances)
        self._told["file", task] += ({"name": "", "path": one} for one in told.files)
        for tag, rows in told.sets:
            for row in rows:
                self._row(flow, tag, told.transformation, task, row)
        self._depends(flow, told, task)

    def _row(self, flow: Flow, tag: str, step: str, task: int, told: tuple[str, ...] | str) -> None:
        schema = flow.schemas.get(tag)
        found = told if schema is None and isinstance(told, tuple) else ()
        if schema is not None:
            found = tuple(cells(told, schema))
        elif isinstance(told, str):
            found = tuple(told.split(";"))
        self._count += 1
        row: Row = {"id": self._count, step + TASK: task}
        row.update(_values(schema, found))
        flow.rows.setdefault(tag, []).append(row)
        if step in flow.makers.get(tag, ()):
            for reader in flow.readers.get(tag, ()):
                self._unread[task, reader].append(row)
        wanted = len(schema.attributes) if schema else len(found)
        if len(found) != wanted:
            self.says.notes.append(
                f"an element of {tag} has {len(found)} values, and the set has {wanted} "
                "attributes: the values are kept in their order"
            )

    def _depends(self, flow: Flow, told: TaskMessage, task: int) -> None:
        """What the tasks before wrote, and no task of this transformation read, this one reads."""
        column = told.transformation + TASK
        for step, identifier in told.dependencies:
            for maker in self._numbers.get((id(flow), step, identifier), ()):
                for row in self._unread.pop((maker, told.transformation), ()):
                    row.setdefault(column, task)


def _values(schema: DataSet | None, found: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The values by the names of their columns, which are in lower case; numbers as such."""
    known = schema.attributes if schema else ()
    for place, cell in enumerate(found):
        if place >= len(known):
            yield f"value_{place + 1}", cell
            continue
        attribute = known[place]
        as_number = number(cell) if attribute.type == "NUMERIC" else None
        yield attribute.name.lower(), cell if as_number is None else as_number
