"""An execution of which messages tell, task by task: what is new in each of them.

A message that was told before changes nothing. Clients use the number of a task again
(Keras-Prov's tests are all number 3): what is new of a task that has ended is of another
execution of it. Equal elements of one task in two messages are therefore one element.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from kprov_capture.dataflow import Dataflow, DataSet, Row, Transformation
from kprov_capture.messages import FAILED, FINISHED, RUNNING, Cells, TaskMessage, cells
from kprov_capture.statements_dataflow import Element, Task

Key = tuple[str, str, str | None]
Fact = tuple[object, ...]
_integer = re.compile(r"\d{1,18}").fullmatch


@dataclass
class _Known:
    """One execution of a task, as far as it was told."""

    local: str
    status: str | None = None
    facts: set[Fact] = field(default_factory=set)
    details: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)
    written: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Found:
    """A row of a message: ``fact`` tells it from the others of its task."""

    fact: Fact
    set: DataSet
    cells: Cells
    values: Row
    output: bool


class Execution:
    """The state of one execution; the same messages leave the same state.

    ``live``: each message is of something that happens now, and none is a repetition.
    """

    def __init__(self, flow: Dataflow, *, live: bool = False) -> None:
        self.flow = flow
        self._live = live
        self._serial = 0
        self.last = 0.0  # when something new was told
        self._tasks: dict[Key, list[_Known]] = {}
        self._begun: dict[Key, float] = {}
        self._elements: dict[tuple[str, Cells], str] = {}
        self._consumed: dict[tuple[str, str], set[str]] = {}
        self._count: Counter[str] = Counter()

    @property
    def over(self) -> bool:
        """Whether every task that was told of has ended."""
        return all(one.status for some in self._tasks.values() for one in some)

    @property
    def status(self) -> str:
        """What the execution ends with, were it to end now."""
        if not self.over:
            return "INTERRUPTED"
        failed = any(one.status == FAILED for some in self._tasks.values() for one in some)
        return FAILED if failed else FINISHED

    def has(self, message: TaskMessage) -> bool:
        """Whether the task was told of before."""
        return message.key in self._tasks

    def knows(self, message: TaskMessage) -> bool:
        """Whether nothing in it is new. Raises ``ValueError`` as :meth:`take` does."""
        _, _, facts = self._read(message)
        known = self._tasks.get(message.key, [])
        if facts:
            return any(facts <= one.facts for one in known)
        return bool(known) and (known[-1].status is not None or not message.ended)

    def take(self, message: TaskMessage, at: float) -> Task | None:
        """What a message that came at ``at`` tells that is new; None where nothing is.

        Raises ``ValueError`` where it does not fit the dataflow, and changes nothing then.
        """
        step, rows, facts = self._read(message)
        self._serial += self._live
        one, started = self._place(message, facts, at)
        if one is None:
            return None
        new = [row for row in rows if row.fact not in one.facts]
        files = [path for path in message.files if ("file", path) not in one.facts]
        one.facts |= facts
        after, used = self._dependencies(message, step, one)
        written = [self._element(row, one) for row in new if row.output]
        read = [row for row in new if not row.output]
        # A row that another task wrote is that element, and no new one.
        known = [self._elements.get((row.set.tag, row.cells)) for row in read]
        own = [self._element(row, one) for row, there in zip(read, known, strict=True) if not there]
        named = {f"file-{self._next('file')}": path for path in files}
        ends = message.ended and one.status is None
        if ends:
            one.status = FAILED if message.status == FAILED else FINISHED
        told = Task(
            one.local,
            step.tag if started is not None else None,
            started=started,
            ended=at if ends else None,
            status=one.status if ends else None,
            error=message.error if ends and one.status == FAILED else None,
            identifier=_number(message.id) if started is not None else None,
            subidentifier=_number(message.subid) if started is not None else None,
            consumed=tuple(own),
            produced=tuple(written),
            used=tuple(dict.fromkeys([*used, *filter(None, known)])),
            after=tuple(after),
            workspace=self._detail(one, "workspace", message.workspace),
            resource=self._detail(one, "resource", message.resource),
            output=_printed(message) if ends else None,
            # What is named at the start is read; what is named later was written.
            read_files=named if started is not None and not message.ended else {},
            written_files=named if started is None or message.ended else {},
        )
        if told == Task(one.local):
            return None
        self.last = at
        return told

    # -- reading

    def _step(self, tag: str) -> Transformation:
        """A transformation that the dataflow itself has: messages know of no built-in ones."""
        if all(one.tag != tag for one in self.flow.transformations):
            listed = ", ".join(one.tag for one in self.flow.transformations) or "none"
            raise ValueError(
                f"The dataflow {self.flow.tag!r} has no transformation {tag!r}; it has {listed}. "
                "Send the dataflow again with it."
            )
        return self.flow.transformation(tag)

    def _read(self, message: TaskMessage) -> tuple[Transformation, list[_Found], set[Fact]]:
        step = self._step(message.transformation)
        rows: list[_Found] = []
        seen: Counter[Fact] = Counter()
        for tag, given in message.sets:
            schema = step.set(tag)
            output = any(one.tag == tag for one in step.outputs)
            for row in given:
                texts = tuple(cells(row, schema))
                seen[tag, texts] += 1
                fact = ("row", tag, texts, seen[tag, texts], self._serial)
                rows.append(_Found(fact, schema, texts, schema.parse(texts), output))
        facts: set[Fact] = {row.fact for row in rows}
        facts |= {("performance", one) for one in message.performances}
        facts |= {("file", path) for path in message.files}
        return step, rows, facts

    # -- which execution of the task it is about

    def _place(
        self, message: TaskMessage, facts: set[Fact], at: float
    ) -> tuple[_Known | None, float | None]:
        """The execution of the task, and its start where it is a new one; None: told before."""
        known = self._tasks.get(message.key, [])
        rows = any(fact[0] == "row" for fact in facts)
        runs = bool(known) and known[-1].status is None
        ends = runs and message.ended and facts <= known[-1].facts
        if facts and (rows or not runs) and not ends and any(facts <= one.facts for one in known):
            return None, None
        if runs:
            return known[-1], None
        if known and not facts and not (self._live and message.status == RUNNING):
            # It may begin again, or have been told before: what comes next decides.
            if not message.ended:
                self._begun.setdefault(message.key, at)
            return None, None
        one = _Known(f"task-{self._next('task')}")
        self._tasks.setdefault(message.key, []).append(one)
        return one, self._begun.pop(message.key, at)

    def _next(self, kind: str) -> int:
        self._count[kind] += 1
        return self._count[kind]

    # -- what it read and wrote

    def _element(self, row: _Found, one: _Known) -> Element:
        local = f"element-{self._next('element')}"
        if row.output:
            one.written.setdefault(row.set.tag, []).append(local)
            self._elements[row.set.tag, row.cells] = local
        return Element(local, row.set, row.values)

    def _dependencies(
        self, message: TaskMessage, step: Transformation, one: _Known
    ) -> tuple[list[str], list[str]]:
        """The tasks that it depends on, and those of their elements that none before it used."""
        after: list[str] = []
        used: list[str] = []
        read = {schema.tag for schema in step.inputs}
        for tag, number in message.dependencies:
            for key, some in self._tasks.items():
                if key[:2] != (tag, number) or some[-1] is one:
                    continue
                if some[-1].local not in one.after:
                    one.after.add(some[-1].local)
                    after.append(some[-1].local)
                for name in sorted(read & set(some[-1].written)):
                    used += self._fresh(step.tag, name, some[-1].written[name], bool(after))
        return after, used

    def _fresh(self, step: str, name: str, written: Sequence[str], first: bool) -> list[str]:
        """The elements that no task of this step used yet; the last one where there is none."""
        consumed = self._consumed.setdefault((step, name), set())
        fresh = [local for local in written if local not in consumed]
        consumed.update(fresh)
        return fresh or (list(written[-1:]) if first else [])

    def _detail(self, one: _Known, name: str, value: str | None) -> str | None:
        """A value that is said once of each execution of a task."""
        if value is None or name in one.details:
            return None
        one.details.add(name)
        return value


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _integer(text) else None


def _printed(message: TaskMessage) -> str | None:
    """What it printed: errors that did not make it fail, too."""
    parts = [message.output, message.error if message.status != FAILED else None]
    return "\n".join(part for part in parts if part) or None
