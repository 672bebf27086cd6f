"""The runs that the tasks of this process are recorded in: one for each execution."""

import os
import threading
from dataclasses import dataclass
from typing import Any

from kprov_capture import environment, guard, registry, statements_dataflow
from kprov_capture import home as homes
from kprov_capture.dataflow import Dataflow
from kprov_capture.messages import TaskMessage, read_dataflow
from kprov_capture.run import Run
from kprov_capture.tasks import hash_files
from kprov_capture.told import Execution

_lock = threading.Lock()
_runs: dict[tuple[str, str | None], "_Recorded"] = {}
_flows: dict[str, Dataflow] = {}


def _forget() -> None:
    """In a forked child: the runs are the parent's."""
    global _lock
    _lock = threading.Lock()
    _runs.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


@dataclass
class _Recorded:
    run: Run
    state: Execution
    plan: str  # the version that it goes by now


def register(message: Any) -> None:
    """A dataflow was specified. Raises ``ValueError`` where something of it is wrong."""
    flow = read_dataflow(message)
    _flows[flow.tag] = flow
    _keep(message)


@guard.guarded("keep the specification of a dataflow")
def _keep(message: Any) -> None:
    """For other processes that use the folder."""
    registry.register(homes.create(homes.find()).path, message)


def known(tag: str) -> Dataflow | None:
    """The dataflow with this tag; None where there is none."""
    if tag not in _flows:
        try:
            _flows[tag] = registry.find(homes.find(), tag)[0]
        except (ValueError, OSError):
            return None
    return _flows[tag]


def take(message: TaskMessage) -> None:
    """Something happened to a task. Raises ``ValueError`` where it fits no known dataflow."""
    flow = known(message.dataflow)
    if flow is None:
        raise ValueError(
            f"The dataflow {message.dataflow!r} is not known. Save it first: Dataflow.save()."
        )
    with _lock:
        key = (message.dataflow, message.execution)
        there = _runs.get(key)
        _check(there, flow, message)
        guard.guarded("record a task")(_take)(key, there, flow, message)


def _check(there: _Recorded | None, flow: Dataflow, message: TaskMessage) -> None:
    """Raise ``ValueError`` where the message fits neither the plan of its run nor the last one."""
    try:
        (there.state if there else Execution(flow)).knows(message)
    except ValueError:
        if there is None or there.state.flow == flow:
            raise
        Execution(flow).knows(message)


def _take(
    key: tuple[str, str | None], there: _Recorded | None, flow: Dataflow, message: TaskMessage
) -> None:
    if there is None or there.run.closed:
        run = Run(flow)
        there = _Recorded(run, Execution(flow, live=True), run.plan)
        _runs[key] = there
        if message.execution is not None:
            there.run.tell(statements_dataflow.execution_tag, message.execution)
    run, state = there.run, there.state
    if state.flow != flow and not _fits(state, message):
        before, state.flow = there.plan, flow
        there.plan = run.names.dataflow(flow.tag, flow.specification())
        library = environment.library()
        run.tell(statements_dataflow.revised_plan, before, there.plan, flow, library)
    told = state.take(message, run.now())
    if told is not None:
        run.tell(statements_dataflow.task, there.plan, told)
        run.conclude(state.status)
        hash_files(run, told)


def _fits(state: Execution, message: TaskMessage) -> bool:
    try:
        state.knows(message)
    except ValueError:
        return False
    return True


def close() -> None:
    """End the executions that were recorded here, without waiting for the end of the process."""
    with _lock:
        for one in _runs.values():
            one.run.close()
        _runs.clear()
