"""Task of dfa_lib_python, with the arguments of each of its versions."""

from datetime import datetime
from typing import Any

from kprov_capture.dfa import recorder
from kprov_capture.dfa.specification import (
    Dataflow,
    DataSet,
    Dependency,
    File,
    Performance,
    ProvenanceObject,
    TaskStatus,
    of_type,
)
from kprov_capture.messages import read_task

_REST = ("sub_id", "dependency", "workspace", "resource", "output", "error")


def _now() -> str:
    # With microseconds: two short tasks are told apart by it.
    return datetime.now().astimezone().isoformat()


class Task(ProvenanceObject):
    """An execution of a transformation.

        Task(id, dataflow_tag, exec_tag, transformation_tag, …)        Keras-Prov
        Task(id, dataflow_tag, transformation_tag, …)                  DfAnalyzer
        Task(id, dataflow, exec_tag, transformation_tag, …)            DLProv

    and then sub_id, dependency (a task, tasks, or a Dependency), workspace, resource,
    output, error. With three texts at least, the second and third are told apart by which
    one is a transformation of the dataflow; so save that first.
    """

    def __init__(self, id: Any, dataflow_tag: Any, *arguments: Any, **named: Any) -> None:
        whole = isinstance(dataflow_tag, Dataflow)
        self._dataflow = (dataflow_tag.tag if whole else str(dataflow_tag)).lower()
        given = _arguments(self._dataflow, arguments, named)
        super().__init__(given["transformation_tag"])
        self._exec: str | None = given["exec_tag"]
        self._id, self._sub_id = str(id), str(given["sub_id"] or "")
        self._details = {name: given[name] for name in ("workspace", "resource", "output", "error")}
        self._status = TaskStatus.READY
        self._dependency = _dependency(given["dependency"])
        self._sets: list[DataSet] = []
        self._files: list[File] = []
        self._performances: list[Performance] = []
        self.start_time: str | None = None
        self.end_time: str | None = None

    @property
    def id(self) -> str:
        return self._id

    def add_dependency(self, dependency: Any) -> None:
        """The task comes after this one, or these."""
        self._dependency = _dependency(dependency)

    def set_datasets(self, datasets: list[DataSet]) -> None:
        for one in of_type(datasets, (list, tuple), "The data sets of a task"):
            self.add_dataset(one)

    def add_dataset(self, dataset: DataSet) -> None:
        """Elements that it read or wrote, beside those that were added before."""
        self._sets.append(of_type(dataset, DataSet, "A data set of a task"))

    def add_file(self, file: File) -> None:
        """A file that it read, before it begins, or else wrote."""
        self._files.append(of_type(file, File, "A file of a task"))

    def set_status(self, status: TaskStatus) -> None:
        self._status = of_type(status, TaskStatus, "The status of a task")

    def begin(self) -> None:
        """It begins now."""
        self.set_status(TaskStatus.RUNNING)
        self.start_time = _now()
        self.save()

    def end(self) -> None:
        """It ends now: as FINISHED, unless it was given FINISHED_WITH_ERROR before."""
        if self._status is not TaskStatus.FINISHED_WITH_ERROR:
            self.set_status(TaskStatus.FINISHED)
        self.end_time = _now()
        self._performances.append(Performance(self.start_time or self.end_time, self.end_time))
        self.save()

    def save(self) -> None:
        """Record what was added. Raises ``ValueError`` where it does not fit the dataflow."""
        message = self.get_specification()
        self._sets, self._files, self._performances = [], [], []
        recorder.take(read_task(message))

    def get_specification(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "dataflow": self._dataflow,
            "exec": self._exec,
            "transformation": self._tag,
            "tag": self._tag,
            "id": self._id,
            "subid": self._sub_id,
            "status": self._status.value,
            "dependency": self._dependency.get_specification() if self._dependency else {},
            "sets": [one.get_specification() for one in self._sets],
            "files": [one.get_specification() for one in self._files],
            "performances": [one.get_specification() for one in self._performances],
            **self._details,
        }
        return {name: value for name, value in told.items() if value}


def _arguments(tag: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """The arguments by their names, whichever version they are meant for."""
    unknown = set(named) - {*_REST, "exec_tag", "transformation_tag"}
    if unknown:
        raise TypeError(f"Task has no argument {', '.join(sorted(map(repr, unknown)))}.")
    short = _is_short(tag, arguments, named)
    all_names = (*(() if short else ("exec_tag",)), "transformation_tag", *_REST)
    names = tuple(name for name in all_names if name not in named or name in _REST)
    if len(arguments) > len(names) or set(names[: len(arguments)]) & set(named):
        raise TypeError("Task was given too many arguments.")
    found = dict.fromkeys(("exec_tag", "transformation_tag", *_REST))
    found |= dict(zip(names, arguments, strict=False)) | named
    if not isinstance(found["transformation_tag"], str):
        raise TypeError(
            "Task(id, dataflow_tag, exec_tag, transformation_tag) was wanted, or, without an "
            f"execution, Task(id, dataflow_tag, transformation_tag); found {arguments!r}."
        )
    return found


def _is_short(tag: str, arguments: tuple[Any, ...], named: dict[str, Any]) -> bool:
    """Whether they are of the version that knows no executions."""
    if "exec_tag" in named or "transformation_tag" in named:
        return False
    if len(arguments) < 2 or not isinstance(arguments[1], str):
        return True
    flow = recorder.known(tag)
    steps = [one.tag for one in flow.transformations] if flow else []
    return arguments[1].lower() not in steps and str(arguments[0]).lower() in steps


def _dependency(found: Any) -> Dependency | None:
    if found is None or found == "" or isinstance(found, Dependency):
        return found or None
    tasks = found if isinstance(found, (list, tuple)) else [found]
    for one in tasks:
        of_type(one, Task, "A dependency of a task")
    return Dependency([one.tag for one in tasks], [one.id for one in tasks])
