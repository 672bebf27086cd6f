"""Executions of the transformations of the user's own dataflow, and the elements of its sets.

    with Run(flow) as run:
        run.task("denseblock", inputs={"idenseblock": {"k": 24, "l": 4}}, outputs={…})

Values are checked against the attributes of the dataflow at the call: a ``ValueError``
says which attribute, what was wanted, and what was found.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

from kprov_capture import guard, statements_dataflow
from kprov_capture.dataflow import FILES, DataSet
from kprov_capture.record import Record
from kprov_capture.statements_dataflow import Element, Task

# A wall clock may go ahead of that of the run, in seconds.
_AHEAD = 1.0
# One element of a set, or several: its values by attribute, or an element that a task gave.
Given = Mapping[str, Any] | Element | Sequence[Mapping[str, Any] | Element]


@dataclass(frozen=True)
class Done:
    """A task that was recorded: its local name in the run, and the elements it wrote, by set.

    ``done["oencoder"]`` can be given to a later task as its input.
    """

    local: str
    outputs: Mapping[str, Sequence[Element]] = field(default_factory=dict)

    def __getitem__(self, tag: str) -> Sequence[Element]:
        return self.outputs[tag]


def task(
    run: Record,
    transformation: str,
    inputs: Mapping[str, Given] | None = None,
    outputs: Mapping[str, Given] | None = None,
    *,
    started: float | None = None,
    error: str | None = None,
) -> Done:
    """A transformation was executed: from ``started`` (by ``run.now()``; else now) until now.

    ``inputs`` and ``outputs`` are the elements of its sets, by tag; ``error`` says that it
    failed, and how. Raises ``ValueError`` where they do not fit the dataflow of the run, or
    the time not the run itself, and ``TypeError`` for a time that is no number.
    """
    consumed, produced = _read(run, transformation, inputs, outputs)
    ended = run.now()
    if started is not None:
        started = _time(run, started, ended)
    told = Task(
        f"task-{run.number('task')}",
        transformation,
        started=ended if started is None else started,
        ended=ended,
        status="FINISHED" if error is None else "FINISHED_WITH_ERROR",
        error=error,
    )
    return _tell(run, told, consumed, produced)


def _time(run: Record, given: object, now: float) -> float:
    """When a task began, in the run."""
    wanted = "started is what run.now() gave when the task began, in seconds since 1970"
    if isinstance(given, bool) or not isinstance(given, Real):
        raise TypeError(f"{wanted}; found {given!r} ({type(given).__name__})")
    found = float(given)
    began = run._wall
    if not began <= found <= now + _AHEAD:
        when = "before the run began" if found < began else "in the future or no time"
        raise ValueError(f"{wanted}; found {found!r}, which is {when}")
    return min(found, now)


def elements(
    run: Record,
    activity_local: str,
    transformation_tag: str,
    consumed: Mapping[str, Given] | None = None,
    produced: Mapping[str, Given] | None = None,
) -> Done:
    """The activity ``activity_local``, recorded by whom it may, executed this transformation.

    Elements as :func:`task` takes them; raises as it does.
    """
    found = _read(run, transformation_tag, consumed, produced)
    return _tell(run, Task(activity_local, transformation_tag), *found)


def _read(
    run: Record,
    transformation: str,
    inputs: Mapping[str, Given] | None,
    outputs: Mapping[str, Given] | None,
) -> tuple[list[Element], list[Element]]:
    """What it read and wrote, without names yet where it is new."""
    step = run.dataflow.transformation(transformation)
    read = [e for tag, given in (inputs or {}).items() for e in _of(step.set(tag, "inputs"), given)]
    if any(one.local and one.run != run.names.run for one in read):
        raise ValueError("An element of another run was given; give its values instead.")
    return (
        read,
        [
            dataclasses.replace(e, local="")  # what it wrote is new, whatever it is like
            for tag, given in (outputs or {}).items()
            for e in _of(step.set(tag, "outputs"), given)
        ],
    )


def _of(schema: DataSet, given: Given) -> list[Element]:
    found = []
    for one in [given] if isinstance(given, (Mapping, Element)) else given:
        if not isinstance(one, Element):
            found.append(Element("", schema, schema.row(one)))
        elif one.set.tag != schema.tag:
            raise ValueError(
                f"An element of the set {schema.tag!r} was wanted; found one of {one.set.tag!r}."
            )
        else:
            found.append(one)
    return found


def _tell(
    run: Record, told: Task, consumed: Sequence[Element], produced: Sequence[Element]
) -> Done:
    """Name the new elements, and hand all of it over."""
    old = [one for one in consumed if one.local]
    new = [_numbered(run, one) for one in consumed if not one.local]
    written = [_numbered(run, one) for one in produced]
    told = dataclasses.replace(
        told,
        consumed=new,
        produced=written,
        used=[one.local for one in old],
        after=sorted({one.by for one in old if one.by}),
    )
    by_set: dict[str, list[Element]] = {}
    for one in written:
        known = dataclasses.replace(one, by=told.local, run=run.names.run)
        by_set.setdefault(one.set.tag, []).append(known)
    _record(run, told)
    return Done(told.local, by_set)


@guard.guarded("record a task")
def _record(run: Record, told: Task) -> None:
    run.tell(statements_dataflow.task, run.plan, told)
    hash_files(run, told)


def hash_files(run: Record, told: Task) -> None:
    """Hash the files that the elements of a task name, in the background."""
    for one in (*told.consumed, *told.produced):
        for local, path in one.files.items():
            run.hash_file(local, path)


def _numbered(run: Record, element: Element) -> Element:
    local = f"element-{run.number('element')}"
    values = dict(element.values)
    for one in element.set.attributes:
        if one.type in FILES and values.get(one.name) is not None:
            values[one.name] = _absolute(str(values[one.name]))
    return dataclasses.replace(element, local=local, values=values)


def _absolute(path: str) -> str:
    try:
        return os.path.abspath(path)
    except OSError:  # the working folder is gone
        return path
