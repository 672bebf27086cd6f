"""Runs that are recorded, and what a plain Python reading of them answers to a question.

The reading knows nothing of SPARQL, SQL or the dataflow's graph: it multiplies the rows of the
data sets within a run, and takes what the conditions leave.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from kprov_capture.facts import Change, Layer
from kprov_capture.run import Run
from kprov_rdf.builder import model as m
from tests import recording

Row = dict[str, Any]

LAYERS = [
    Layer("dense", None, "dense", "Dense", 0, "relu", None, "None,8", 40),
    Layer("drop", None, "drop", "Dropout", 1, None, 0.4, "None,8", 0),
    Layer("inner", None, "inner", "Sequential", 2, None, None, "None,2", 18),
    Layer("inner.out", "inner", "out", "Dense", 0, "softmax", None, "None,2", 18),
]


@dataclass
class Made:
    """A run as it was trained: data sets by name, each a list of rows."""

    tag: str
    optimizer: str | None
    rate: float | None
    epochs: list[Row]
    tests: list[Row] = field(default_factory=list)
    changes: list[tuple[int, float, float, str]] = field(default_factory=list)
    settings: Row = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    iri: str = ""

    def record(self, home: Path) -> None:
        """Record it, as a framework would."""
        run = Run(self.tag, home=home)
        self.iri = run.names.run
        told = {"optimizer_name": self.optimizer, "learning_rate": self.rate, **self.settings}
        run.start_training({key: value for key, value in told.items() if value is not None})
        if self.layers:
            run.architecture(self.layers, 58)
        for row in self.epochs:
            metrics = {
                k: v for k, v in row.items() if k not in ("epoch_id", "elapsed_time", "rate")
            }
            at = run.now()
            run.epoch(row["epoch_id"], at, run.now(), row["elapsed_time"], row["rate"], 0, metrics)
        for number, (epoch, old, new, technique) in enumerate(self.changes, 1):
            run.adaptation(
                Change(number, epoch, epoch, run.now(), old, new, "schedule", technique, "step")
            )
        run.end_training("FINISHED")
        for row in self.tests:
            run.testing(run.now(), run.now(), row, "train-set")
        run.close()

    def dataset(self, name: str) -> list[Row]:
        """The rows of a data set, under the names of the papers."""
        return {
            "run": lambda: [{"tag": self.tag, "iri": self.iri, "status": "FINISHED"}],
            "itrainingmodel": lambda: [
                {"optimizer_name": self.optimizer, "learning_rate": self.rate, **self.settings}
            ],
            "otrainingmodel": lambda: [{**e, "learning_rate": e["rate"]} for e in self.epochs],
            "otestingmodel": lambda: [
                {f"otest_{key}": value for key, value in one.items()} for one in self.tests
            ],
            "oadaptation": lambda: [
                {"adaptation_id": number, "epoch_id": epoch, "old_lrate": old, "new_lrate": new,
                 "technique": technique, "reason": "step"}
                for number, (epoch, old, new, technique) in enumerate(self.changes, 1)
            ],
            "ilayers": lambda: list(_layer_rows(self.layers)),
        }[name]()  # fmt: skip


def _layer_rows(layers: list[Layer]) -> Iterator[Row]:
    positions = {one.name: one.position for one in layers if not one.parent}
    for one in layers:
        within = one.parent
        place = positions[within] if within else one.position
        known = {"activation": one.activation, "type": one.type, "dropout_rate": one.dropout_rate,
                 "output_shape": one.output_shape, "parameter_count": one.parameters,
                 "position": one.position, "within": within}  # fmt: skip
        for attribute, value in known.items():
            if value is not None:
                yield {"name": one.name, "attribute_type": attribute, "value": str(value),
                       "position": one.position, "within": within, "place": place}  # fmt: skip


def _epochs(losses: Iterable[float], rate: float = 0.001, **more: Any) -> list[Row]:
    return [
        {"epoch_id": n, "elapsed_time": 0.5 + n / 4, "rate": rate, "loss": loss, **more}
        for n, loss in enumerate(losses)
    ]


def runs() -> list[Made]:
    """Two dataflows, three optimizers; NaN, infinities, metrics of any name, nothing at all."""
    nan, inf = math.nan, math.inf
    first = _epochs((0.9, 0.7, 0.6), val_loss=0.75)
    first[1] |= {"val_loss": nan, 'f1 of "all"': 0.25}
    first[2] |= {"val_loss": inf, 'f1 of "all"': -0.0}
    second = _epochs((0.1, 1 / 3, 0.7), 0.01)
    second[0] |= {"val_loss": 0.2, "val_accuracy": 0.5}
    second[2]["val_accuracy"] = 0.75
    k24 = {"k": 24, "l": 4, "batch_size": 4, "dropout": 0.4}
    tests = [{"loss": 0.8, "r2_score": 0.5}]
    both = [*tests, {"loss": nan, "accuracy": 0.25}]
    changes = [(0, 0.001, 0.0005, "ReduceLROnPlateau"), (2, 0.0005, 0.00025, "Scheduler")]
    return [
        Made(
            "alexnet", "Adam", 0.001, first, tests, changes, {**k24, "activation": "relu"}, LAYERS
        ),
        Made("alexnet", "SGD", 0.01, second, both, [], {"k": 32, "l": 9, "activation": "tanh"}),
        Made(
            "densenet", "Adam", 0.001, _epochs((nan, 0.5)), [], changes[:1], {"activation": "relu"}
        ),
        Made("densenet", 'it\'s 50% \\ "new"', 0.001, _epochs((0.5, 0.5)), tests),
        Made("empty", None, None, [], settings={"batch_size": 8, "seed": 2**60 + 1}),
    ]


# -- what Python answers

NEIGHBOURS = (
    ("itrainingmodel", "otrainingmodel"),
    ("ilayers", "otrainingmodel"),
    ("otrainingmodel", "oadaptation"),
    ("otrainingmodel", "otestingmodel"),
)
SAME = {
    ("itrainingmodel", "otrainingmodel"): ["learning_rate"],
    ("otrainingmodel", "oadaptation"): ["epoch_id"],
}


def finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def value(row: Mapping[str, Row], of: m.Attribute) -> Any:
    return finite(row[of.dataset].get(of.name))


def _and(parts: Iterable[bool | None]) -> bool | None:
    found = list(parts)
    return False if False in found else None if None in found else True


def holds(condition: m.Condition | None, row: Mapping[str, Row]) -> bool | None:
    """A condition with the truth values of SQL."""
    match condition:
        case None:
            return True
        case m.And(parts):
            return _and(holds(one, row) for one in parts)
        case m.Or(parts):
            negated = _and(_not(holds(one, row)) for one in parts)
            return _not(negated)
        case m.Not(part):
            return _not(holds(part, row))
        case m.IsNull(attribute):
            return value(row, attribute) is None
        case m.Comparison(left, operator, right):
            other = value(row, right) if isinstance(right, m.Attribute) else right
            return _compare(value(row, left), operator, other)
        case m.In(attribute, values):
            own = value(row, attribute)
            return None if own is None else own in values
        case m.Like(attribute, pattern):
            own = value(row, attribute)
            signs = {"%": ".*", "_": "."}
            regex = "".join(signs.get(sign, re.escape(sign)) for sign in str(pattern))
            return None if own is None else re.fullmatch(regex, own, re.DOTALL) is not None
    raise TypeError(condition)


def _not(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def _compare(left: Any, operator: str, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    tests: dict[str, Callable[[], bool]] = {
        "=": lambda: left == right,
        "<>": lambda: left != right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
        ">": lambda: left > right,
        ">=": lambda: left >= right,
    }
    return tests[operator]()


def _joined(known: list[Made], query: m.Query, asked: list[str]) -> Iterator[Mapping[str, Row]]:
    sets = {*asked}
    silent = [] if len(sets) == 1 or "otrainingmodel" in sets else ["otrainingmodel"]
    if query.mapping is m.Mapping.RUN:
        silent = []
    everything = [*asked, *silent]
    pairs = [pair for pair in NEIGHBOURS if {*pair} <= {*everything}]
    if query.mapping in (m.Mapping.PHYSICAL, m.Mapping.RUN):
        pairs = []
    if query.mapping is m.Mapping.LOGICAL:
        pools = [[[(one, row) for one in known for row in one.dataset(n)] for n in everything]]
    else:
        pools = [[[(one, row) for row in one.dataset(n)] for n in everything] for one in known]
    for pool in pools:
        seen = set()
        for rows in product(*pool):
            row = dict(zip(everything, [found for _, found in rows], strict=True))
            mark = tuple((one.iri, str(r)) for one, r in rows[: len(asked)])
            equal = all(
                _compare(finite(row[a].get(name)), "=", finite(row[b].get(name)))
                for a, b in pairs
                for name in SAME[a, b]
            )
            if equal and not (silent and mark in seen):
                seen.add(mark)
                yield {**row, "run": rows[0][0].dataset("run")[0]} if rows else row


def answer(known: list[Made], query: m.Query) -> list[tuple[Any, ...]]:
    """The rows of the answer, in order."""
    names = [one.dataset for one in m.attributes(query) if one.dataset != "run"]
    asked = list(dict.fromkeys(names))
    if query.runs.tags:
        known = [one for one in known if one.tag in query.runs.tags]
    rows = [r for r in _joined(known, query, asked) if holds(query.selection, r) is True]
    if query.aggregate or query.group:
        keys = query.group or tuple(one.attribute for one in query.projection)
        shown = [one.attribute for one in query.projection] or list(keys)
        groups: dict[tuple[Any, ...], list[Mapping[str, Row]]] = {} if keys else {(): []}
        for row in rows:
            groups.setdefault(tuple(value(row, key) for key in keys), []).append(row)
        found = [
            (tuple(dict(zip(keys, key, strict=True))[one] for one in shown)
             + tuple(_aggregate(one, group) for one in query.aggregate), {})
            for key, group in groups.items()
        ]  # fmt: skip
    else:
        found = [
            (tuple(value(row, one.attribute) for one in query.projection), row) for row in rows
        ]
    if query.distinct:
        found = [(cells, {}) for cells in dict.fromkeys(cells for cells, _ in found)]
    columns = [one.alias or one.attribute.name for one in query.projection]
    columns = columns or [one.name for one in query.group]
    columns += [one.alias for one in query.aggregate]
    for place in reversed(range(len(columns))):
        found.sort(key=lambda one, at=place: _key(one[0][at], False))  # type: ignore[misc]
    for order in reversed(query.order):
        found.sort(key=lambda one: _key(_at(one, order.key, query, columns), order.descending))
    end = None if query.limit is None else query.offset + query.limit
    return [cells for cells, _ in found[query.offset : end]]


def _at(
    one: tuple[tuple[Any, ...], Any], key: m.Attribute | str, query: m.Query, columns: list[str]
) -> Any:
    cells, row = one
    if isinstance(key, str):
        return cells[columns.index(key)]
    shown = [c.attribute for c in query.projection] or list(query.group)
    return cells[shown.index(key)] if key in shown else value(row, key)


class _Down:
    """Turns an order round."""

    def __init__(self, of: Any) -> None:
        self.of = of

    def __lt__(self, other: "_Down") -> bool:
        return bool(other.of < self.of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and bool(self.of == other.of)

    __hash__ = None  # type: ignore[assignment]


def _key(cell: Any, descending: bool) -> tuple[Any, ...]:
    """Nulls last, in either direction."""
    if cell is None:
        return (True,)
    return (False, _Down(cell) if descending else cell)


def _aggregate(one: m.Aggregate, rows: list[Mapping[str, Row]]) -> Any:
    if one.attribute is None:
        return len(rows)
    found = [v for row in rows if (v := value(row, one.attribute)) is not None]
    if one.function == "count":
        return len(set(found)) if one.distinct else len(found)
    if not found:
        return None
    return {
        "sum": lambda: math.fsum(found),
        "avg": lambda: math.fsum(found) / len(found),
        "min": lambda: min(found),
        "max": lambda: max(found),
    }[one.function]()


def alike(left: list[tuple[Any, ...]], right: list[tuple[Any, ...]]) -> bool:
    """Equal rows in equal order; numbers to twelve digits."""
    return len(left) == len(right) and all(
        len(a) == len(b) and all(map(_same, a, b)) for a, b in zip(left, right, strict=True)
    )


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-12, abs_tol=0.0)
    return bool(a == b)


__all__ = ["Made", "alike", "answer", "recording", "runs"]
