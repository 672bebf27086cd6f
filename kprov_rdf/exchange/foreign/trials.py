"""The trials in the tables of Keras-Prov: which rows belong to which training.

Keras-Prov gives all trainings of a dataflow the same task, and a row says which task wrote it. What
tells two trials apart is when their rows were written, or else that the epochs begin again.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from kprov_rdf.exchange.foreign.dump import TASK, Flow, Row, number, time_of

SETS = {
    "ilayers": ("ilayers",),
    "itraining": ("itrainingmodel", "itraining"),
    "otraining": ("otrainingmodel", "otraining"),
    "oadaptation": ("oadaptation",),
    "otesting": ("otestingmodel", "otesting"),
}


@dataclass
class Trial:
    """One training: the row that it began with, and its other rows in the order of their time.

    ``start`` is in seconds since 1970, where it is known.
    """

    began: Row
    start: float | None = None
    epochs: list[Row] = field(default_factory=list)
    layers: list[Row] = field(default_factory=list)
    adaptations: list[Row] = field(default_factory=list)
    tests: list[Row] = field(default_factory=list)
    others: dict[str, list[Row]] = field(default_factory=dict)

    def tasks(self) -> set[int]:
        """The ids of all tasks that its rows name."""
        own = [self.began, *self.epochs, *self.layers, *self.adaptations, *self.tests]
        rows = [*own, *(row for rows in self.others.values() for row in rows)]
        return {
            cell
            for row in rows
            for column, cell in row.items()
            if column.endswith(TASK) and isinstance(cell, int)
        }

    @property
    def training_task(self) -> object:
        return next((_training_task(row) for row in (self.began, *self.epochs[:1]) if row), None)


def epoch_of(row: Row) -> int | None:
    """The number of the epoch of a row."""
    for column in ("epoch", "epoch_id"):
        found = number(row.get(column))
        if found is not None and abs(found) < 2**53:
            return int(found)
    return None


def elapsed_of(row: Row) -> float | None:
    """How long the epoch of a row took, in seconds."""
    return number(row.get("elapsed_time"))


def set_of(flow: Flow, kind: str) -> tuple[str, list[Row]]:
    """The tag and the rows of one of Keras-Prov's own sets, in the order of their ids."""
    for tag in SETS[kind]:
        for known, rows in flow.rows.items():
            if known.lower() == tag:
                return known, sorted(rows, key=lambda row: number(row.get("id")) or 0)
    return SETS[kind][0], []


def trials(flow: Flow) -> list[Trial]:
    """The trials of a dataflow, in the order in which they began."""
    _, epochs = set_of(flow, "otraining")
    _, starts = set_of(flow, "itraining")
    found: list[Trial] = []
    by_task: dict[object, list[Row]] = {}
    for row in epochs:
        by_task.setdefault(_training_task(row), []).append(row)
    begun: dict[object, list[Row]] = {}
    for row in starts:
        begun.setdefault(_training_task(row), []).append(row)
    for task in dict.fromkeys((*begun, *by_task)):
        found += _apart([Trial(row) for row in begun.get(task, [])], by_task.get(task, []))
    for one in found:
        first = one.epochs[0] if one.epochs else {}
        ended, lasted = time_of(first), elapsed_of(first)
        times = [time_of(one.began), ended - (lasted or 0) if ended else None]
        one.start = min((time for time in times if time is not None), default=None)
    found.sort(key=lambda one: one.start or 0)
    _share(flow, found)
    return found


def _training_task(row: Row) -> object:
    """The task that a row of a training belongs to; the adaptation may read it as well."""
    return next((row[c] for c in row if c.endswith(TASK) and c.startswith("training")), None)


def _apart(found: list[Trial], epochs: list[Row]) -> list[Trial]:
    times = [time_of(one.began) for one in found]
    if len(found) > 1 and None not in times and all(map(time_of, epochs)):
        found.sort(key=lambda one: time_of(one.began) or 0)
        starts = [time_of(one.began) or 0.0 for one in found]
        for row in epochs:
            at = bisect_right(starts, time_of(row) or 0.0) - 1
            found[max(at, 0)].epochs.append(row)
    else:
        parts = _restarts(epochs)
        while len(found) < len(parts):  # nothing was kept of what it began with
            found.append(Trial({}))
        for one, part in zip(found, parts, strict=False):
            one.epochs += part
    return found


def _restarts(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows cut where the number of the epoch is not higher than that of the row before."""
    parts: list[list[Row]] = []
    before: int | None = None
    for row in rows:
        epoch = epoch_of(row)
        if not parts or (epoch is not None and before is not None and epoch <= before):
            parts.append([])
        parts[-1].append(row)
        before = epoch if epoch is not None else before
    return parts


def _share(flow: Flow, found: list[Trial]) -> None:
    """Give each trial its rows of the other sets."""
    if not found:
        return
    starts = [one.start for one in found]

    def at(row: Row, later: bool) -> Trial:
        """The trial that had begun when the row was written, or ``later`` the one to begin."""
        time = time_of(row)
        known = [one for one in starts if one is not None]
        if time is None or len(known) < len(found):
            return found[0]
        place = bisect_right(known, time) - (0 if later else 1)
        return found[min(max(place, 0), len(found) - 1)]

    for kind, name in (
        ("ilayers", "layers"),
        ("oadaptation", "adaptations"),
        ("otesting", "tests"),
    ):
        rows = set_of(flow, kind)[1]
        if kind == "oadaptation" and len(found) > 1 and not all(map(time_of, rows)):
            for place, part in enumerate(_restarts(rows)):
                found[min(place, len(found) - 1)].adaptations += part
            continue
        for row in rows:
            getattr(at(row, later=False), name).append(row)
    own = {set_of(flow, kind)[0] for kind in SETS}
    for tag, rows in flow.rows.items():
        for row in rows if tag not in own else ():
            at(row, later=True).others.setdefault(tag, []).append(row)
