"""What DfAnalyzer's clients say of dataflows and tasks, in JSON, read into values.

    {"tag": "densed", "transformations": [{"tag": "denseblock", "sets": [{"tag": "idenseblock",
     "type": "INPUT", "attributes": [{"name": "K", "type": "NUMERIC"}]}]}]}
    {"dataflow": "densed", "exec": "densed 1", "transformation": "denseblock", "id": "4",
     "status": "RUNNING", "sets": [{"tag": "idenseblock", "elements": [["24"]]}]}

All that the versions of the clients send is understood: a task without ``exec``, ``sub``
for ``subid``, elements as texts joined by semicolons, an empty ``dependency``. Tags are in
lower case. What cannot be understood is a ``ValueError``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kprov_capture.dataflow import Attribute, Dataflow, DataSet, Program, Transformation

RUNNING, FINISHED, FAILED = "RUNNING", "FINISHED", "FINISHED_WITH_ERROR"
_STATUS = ("READY", RUNNING, FINISHED, FAILED)
# A type of the clients that is none of values.
_TYPES = {"EXTRACTION_TYPE": "TEXT"}
_MOST = 10_000  # transformations, sets, attributes, in one message

Cells = tuple[str, ...]


@dataclass(frozen=True)
class TaskMessage:
    """One message about a task. ``execution`` is None where it names none.

    ``sets`` are tags with rows; a row is its texts, or one text that may be several
    joined by semicolons. ``dependencies`` are pairs of a transformation and a task's id.
    """

    dataflow: str
    execution: str | None
    transformation: str
    id: str
    subid: str | None
    status: str
    sets: tuple[tuple[str, tuple[Cells | str, ...]], ...] = ()
    dependencies: tuple[tuple[str, str], ...] = ()
    files: tuple[str, ...] = ()
    performances: tuple[str, ...] = ()
    workspace: str | None = None
    resource: str | None = None
    output: str | None = None
    error: str | None = None

    @property
    def key(self) -> tuple[str, str, str | None]:
        """What the client knows the task by, within the execution."""
        return self.transformation, self.id, self.subid

    @property
    def tells(self) -> bool:
        """Whether it says more than that the task begins or ends."""
        return any(rows for _, rows in self.sets) or bool(self.performances or self.files)

    @property
    def ended(self) -> bool:
        return self.status in (FINISHED, FAILED)


# -- the parts of a message


def _object(found: Any, what: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ValueError(f"{what} is an object; found {_shown(found)}.")
    return found


def _list(message: dict[str, Any], key: str, what: str) -> list[Any]:
    found = message.get(key)
    if found is None or found == "":
        return []
    if not isinstance(found, list):
        raise ValueError(f"{key!r} of {what} is a list; found {_shown(found)}.")
    if len(found) > _MOST:
        raise ValueError(f"{key!r} of {what} has {len(found)} parts; at most {_MOST} are taken.")
    return found


def _text(message: dict[str, Any], key: str, what: str) -> str:
    found = _optional(message, key, what)
    if found is None:
        raise ValueError(f"{what} has no {key!r}.")
    return found


def _optional(message: dict[str, Any], key: str, what: str) -> str | None:
    """A text or a number; None where there is none, or an empty one."""
    found = message.get(key)
    if found is None or found in ("", [], {}):
        return None
    if isinstance(found, bool) or not isinstance(found, (str, int, float)):
        raise ValueError(f"{key!r} of {what} is a text; found {_shown(found)}.")
    return str(found)


def _tag(message: dict[str, Any], key: str, what: str) -> str:
    return _text(message, key, what).lower()


def _shown(found: Any) -> str:
    if isinstance(found, (dict, list)):
        return "an object" if isinstance(found, dict) else "a list"
    return repr(found)[:80]


# -- dataflows


def read_dataflow(message: Any) -> Dataflow:
    """The specification that a message holds. Raises ``ValueError``.

    A transformation that is told twice is as it was told last. A set that names the
    transformation that it comes from has that one's attributes.
    """
    whole = _object(message, "A dataflow")
    tag = _tag(whole, "tag", "the dataflow")
    told = {
        _tag(_object(one, "A transformation"), "tag", "a transformation"): one
        for one in _list(whole, "transformations", "the dataflow")
    }
    written: dict[tuple[str, str], tuple[Attribute, ...]] = {}
    for step, one in told.items():
        for name, found in _sets(one, step):
            if found.get("type") != "INPUT" and found.get("attributes"):
                written[step, name] = _attributes(found, name)
    return Dataflow(tag, [_transformation(step, one, written) for step, one in told.items()])


def _sets(step: dict[str, Any], tag: str) -> Iterator[tuple[str, dict[str, Any]]]:
    what = f"the transformation {tag!r}"
    for one in _list(step, "sets", what):
        found = _object(one, f"A set of {what}")
        yield _tag(found, "tag", f"a set of {what}"), found


def _attributes(found: dict[str, Any], tag: str) -> tuple[Attribute, ...]:
    what = f"the set {tag!r}"
    read = []
    for one in _list(found, "attributes", what):
        attribute = _object(one, f"An attribute of {what}")
        kind = _optional(attribute, "type", f"an attribute of {what}") or "TEXT"
        kind = _TYPES.get(kind.upper(), kind.upper())
        read.append(Attribute(_text(attribute, "name", f"an attribute of {what}"), kind))
    return tuple(read)


def _transformation(
    tag: str, step: dict[str, Any], written: dict[tuple[str, str], tuple[Attribute, ...]]
) -> Transformation:
    sides: dict[str, dict[str, DataSet]] = {"INPUT": {}, "OUTPUT": {}}
    for name, found in _sets(step, tag):
        side = (_optional(found, "type", f"the set {name!r}") or "").upper()
        if side not in sides:
            raise ValueError(f"'type' of the set {name!r} is INPUT or OUTPUT; found {side!r}.")
        producer = _optional(found, "dependency", f"the set {name!r}")
        attributes = written.get(((producer or "").lower(), name)) or _attributes(found, name)
        sides[side][name] = DataSet(name, attributes)
    programs = [
        Program(
            _text(_object(one, "A program"), "name", "a program"),
            _text(one, "path", "a program"),
        )
        for one in _list(step, "programs", f"the transformation {tag!r}")
    ]
    return Transformation(
        tag, list(sides["INPUT"].values()), list(sides["OUTPUT"].values()), programs
    )


# -- tasks


def read_task(message: Any) -> TaskMessage:
    """What a message says of a task. Raises ``ValueError``."""
    whole = _object(message, "A task")
    status = (_optional(whole, "status", "the task") or RUNNING).upper()
    if status not in _STATUS:
        raise ValueError(f"'status' of the task is one of {', '.join(_STATUS)}; found {status!r}.")
    named = "transformation" if whole.get("transformation") else "tag"
    return TaskMessage(
        _tag(whole, "dataflow", "the task"),
        _optional(whole, "exec", "the task"),
        _tag(whole, named, "the task"),
        _text(whole, "id", "the task"),
        _optional(whole, "subid", "the task") or _optional(whole, "sub", "the task"),
        status,
        tuple(
            (
                _tag(_object(one, "A set of the task"), "tag", "a set of the task"),
                tuple(map(_row, _list(one, "elements", "a set of the task"))),
            )
            for one in _list(whole, "sets", "the task")
        ),
        tuple(_dependencies(whole.get("dependency"))),
        tuple(
            _text(_object(one, "A file"), "path", "a file")
            for one in _list(whole, "files", "the task")
        ),
        tuple(
            " ".join(f"{key}={one[key]}" for key in sorted(_object(one, "A performance")))
            for one in _list(whole, "performances", "the task")
        ),
        *(_optional(whole, k, "the task") for k in ("workspace", "resource", "output", "error")),
    )


def _row(found: Any) -> Cells | str:
    if isinstance(found, list):
        return tuple(map(_cell, found))
    return _cell(found)


def _cell(found: Any) -> str:
    if isinstance(found, (dict, list)):
        raise ValueError(f"A value of an element is a text or a number; found {_shown(found)}.")
    return "null" if found is None else str(found)


def _dependencies(found: Any) -> Iterator[tuple[str, str]]:
    """Pairs of a transformation's tag and a task's id: ids may be joined by commas."""
    if found in (None, "", {}, []):
        return
    whole = _object(found, "'dependency' of the task")
    tags = _named(whole, "tags", "tag")
    ids = _named(whole, "ids", "id")
    if len(tags) != len(ids):
        raise ValueError(
            f"'dependency' of the task names {len(tags)} transformations and {len(ids)} ids; "
            "as many of both are wanted."
        )
    for tag, some in zip(tags, ids, strict=True):
        for one in some.split(","):
            yield tag.lower(), one.strip()


def _named(whole: dict[str, Any], key: str, inner: str) -> Sequence[str]:
    """A list of objects with one text each, or of the texts themselves."""
    return [
        _text(one, inner, "a dependency") if isinstance(one, dict) else _text({"": one}, "", key)
        for one in _list(whole, key, "a dependency")
    ]


def cells(row: Cells | str, schema: DataSet) -> Sequence[str]:
    """The texts of a row: one text is several of them where the set has several attributes."""
    if isinstance(row, str):
        return row.split(";") if len(schema.attributes) > 1 else (row,)
    return row
