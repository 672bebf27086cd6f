"""The values of a run of W&B's: of its config and summary, and row by row of its history."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from kprov_capture.nquads import as_double
from kprov_rdf.dm.guards import load_json
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign.training import Point, moment, steps_of

MAX_VALUES = 5_000_000
# What W&B adds to a row itself.
_STEP, _TIME = "_step", "_timestamp"
# JSON has no such numbers, and W&B's has texts for them.
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

Series = dict[str, list[Point]]


def number(value: Any) -> float | None:
    """A value as a number; None of what is none. Truth values are none."""
    if isinstance(value, str):
        return _NUMBERS.get(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return as_double(value)


def _whole(value: Any) -> int | None:
    found = number(value)
    if found is None or not math.isfinite(found) or found != int(found) or abs(found) > 1 << 53:
        return None
    return int(found)


def json_value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _value(item: Mapping[str, Any], name: str) -> Any:
    """The value of an item: JSON, or in a field of its own type."""
    for key in ("value_json", "json"):
        if item.get(key):
            return load_json(item[key].encode("utf-8", "replace"), name)
    for key in ("number", "integer", "boolean", "text"):
        if key in item:
            return item[key]
    return None


def _key(item: Mapping[str, Any]) -> str:
    return ".".join(item.get("nested_key") or [item.get("key", "")])


class Values:
    """A config or a summary: names and values that are set, changed and taken away."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.found: dict[str, Any] = {}

    def change(self, told: Mapping[str, Any]) -> None:
        for item in told.get("update", ()):
            self.found[_key(item)] = _value(item, self.name)
        for item in told.get("remove", ()):
            self.found.pop(_key(item), None)


class History:
    """The rows of a history. ``counters`` are the metrics that others were defined to count by."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[dict[str, Any]] = []
        self.count = 0
        self.system: Series = {}
        self.defined: dict[str, str] = {}
        self.patterns: dict[str, str] = {}
        self.definitions: list[Mapping[str, Any]] = []
        self.others: list[dict[str, Any]] = []

    @property
    def counters(self) -> set[str]:
        return {*self.defined.values(), *self.patterns.values()}

    def define(self, metric: Mapping[str, Any]) -> None:
        """A metric, or all that begin as a name that ends in a star, and what it is counted by."""
        self.definitions.append(metric)
        counter = metric.get("step_metric")
        if not counter:
            return
        if metric.get("glob_name", "").endswith("*"):
            self.patterns[metric["glob_name"][:-1]] = counter
        elif metric.get("name"):
            self.defined[metric["name"]] = counter

    def row(self, found: Mapping[str, Any]) -> None:
        row = {_key(item): _value(item, self.name) for item in found.get("item", ())}
        row.setdefault(_STEP, found.get("step", {}).get("num", len(self.rows)))
        self.rows.append(row)
        self.count += len(row)
        if self.count > MAX_VALUES:
            raise InputError(f"The history of {self.name} has more than {MAX_VALUES:,} values.")

    def stats(self, seconds: float | None, items: Iterable[Mapping[str, Any]]) -> None:
        """What W&B measured of the machine, sampled in no steps: they are counted."""
        for item in items:
            value = number(_value(item, self.name))
            series = self.system.setdefault(f"system/{_key(item)}", [])
            if value is not None:
                series.append(Point(len(series), value, moment(seconds)))

    def _counter(self, name: str) -> str:
        if name in self.defined:
            return self.defined[name]
        # The longest that fits.
        sizes = sorted({len(begin) for begin in self.patterns}, reverse=True)
        return next((self.patterns[name[:one]] for one in sizes if name[:one] in self.patterns), "")

    def series(self, epochs: object) -> tuple[Series, Series, str]:
        """The values by epochs, those by other steps, and what a step of the first is.

        ``epochs`` is how many there were to be, where that is known.
        """
        columns: dict[str, list[tuple[dict[str, Any], float]]] = {}
        for row in self.rows:
            for name, value in row.items():
                found = number(value)
                if found is not None and name not in (_STEP, _TIME):
                    columns.setdefault(name, []).append((row, found))
                elif name not in (_STEP, _TIME) and value is not None:
                    self.others.append({"step": row[_STEP], name: value})
        counted: Series = {}
        plain: Series = {}
        other: Series = dict(self.system)
        for name, cells in columns.items():
            counter = self._counter(name) or "epoch"
            told = [_whole(row.get(counter)) for row, _ in cells]
            numbers = [one for one in told if one is not None]
            if name == counter or len(numbers) < len(cells):
                into, numbers = plain, [_whole(row[_STEP]) or 0 for row, _ in cells]
            elif counter.rpartition("/")[2] == "epoch" and len(set(numbers)) == len(numbers):
                into = counted
            else:
                into = other
            into[name] = [
                Point(step, value, moment(row.get(_TIME)))
                for step, (row, value) in zip(numbers, cells, strict=True)
            ]
        for name in self.counters | {"epoch"}:
            if counted and name.rpartition("/")[2] == "epoch":
                plain.pop(name, None)  # it has become the number of the epoch
        own = {name: plain.pop(name) for name in list(plain) if name.startswith("_")}
        if counted or steps_of(plain, epochs) == "batch":
            return counted, {**other, **plain, **own}, "epoch"
        return plain, {**other, **own}, "epoch"

    def rest(self) -> dict[str, Any]:
        """Values that are no numbers, such as pictures and tables, and the definitions."""
        found = {"history": self.others, "metrics": self.definitions}
        return {key: one for key, one in found.items() if one}
