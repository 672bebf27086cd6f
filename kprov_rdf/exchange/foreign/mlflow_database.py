"""MLflow's store in a database of SQLite, as ``sqlite:///mlflow.db`` makes it."""

from collections import defaultdict
from typing import Any

from kprov_capture.nquads import as_double
from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.exchange.foreign import sqlite
from kprov_rdf.exchange.foreign.mlflow_runs import Found, Run, point, relate, text
from kprov_rdf.exchange.foreign.training import Point

MAX_ROWS = 5_000_000
_FEW = 200_000
# What is also in another table, or says nothing of a training.
_TOLD = {
    "alembic_version", "datasets", "experiment_tags", "experiments", "input_tags", "inputs",
    "latest_metrics", "logged_model_metrics", "logged_model_params", "logged_model_tags",
    "logged_models", "metrics", "params", "runs", "tags",
}  # fmt: skip
# What people made with MLflow beside runs, kept as it stands.
_KEPT = {"registered_models", "registered_model_tags", "registered_model_aliases",
         "model_versions", "model_version_tags"}  # fmt: skip
_DATA = {
    "dataset_source_type": "source_type", "dataset_source": "source",
    "dataset_schema": "schema", "dataset_profile": "profile",
}  # fmt: skip

Row = dict[str, Any]


def is_one(data: bytes) -> bool:
    """Whether these bytes are a database of MLflow's, told by its columns."""
    return data.startswith(sqlite.MAGIC) and b"run_uuid" in data and b"experiment_id" in data


def read(data: bytes, name: str) -> tuple[Found, list[str]]:
    """All experiments and runs of a database, and the names of tables that are not read.

    Raises ``MalformedError`` for what is no such database, ``InputError`` and ``LimitError`` for
    what is over a limit.
    """
    with sqlite.opened(data, name) as tables:
        if not {"runs", "experiments"} <= tables.names:
            raise MalformedError(name, "It has no tables runs and experiments, as MLflow's has.")
        found = _Reader(tables).found()
        unread = [
            table
            for table in sorted(tables.names - _TOLD - _KEPT)
            if next(tables.rows(table, _FEW), None) is not None
        ]
    return found, [one for one in unread if one not in ("workspaces",)]


class _Reader:
    def __init__(self, tables: sqlite.Tables) -> None:
        self.tables = tables

    def found(self) -> Found:
        found = Found()
        params, tags = self._named("params", "run_uuid"), self._named("tags", "run_uuid")
        metrics = self._metrics()
        data = {text(row.get("dataset_uuid")): _data(row) for row in self._rows("datasets")}
        links = self._links()
        for row in self._rows("runs"):
            run = Run(row)
            run.params, run.tags = params.get(run.key, {}), tags.get(run.key, {})
            run.metrics = metrics.get(run.key, {})
            relate(run, links.get(run.key, []), data)
            found.runs.append(run)
        told = self._named("experiment_tags", "experiment_id")
        for row in self._rows("experiments"):
            key = text(row.get("experiment_id"))
            found.experiments[key] = {**row, "tags": told.get(key, {})}
        found.attach(self._models())
        for table in sorted(_KEPT):
            found.rest[table] = list(self._rows(table))
        return found

    def _rows(self, table: str, most: int = _FEW) -> list[Row]:
        return list(self.tables.rows(table, most))

    def _named(
        self, table: str, owner: str, key: str = "key", value: str = "value"
    ) -> dict[str, dict[str, str]]:
        """The texts of a table of names and values, by what they belong to."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for row in self.tables.rows(table, MAX_ROWS):
            found[text(row.get(owner))][text(row.get(key))] = text(row.get(value))
        return found

    def _metrics(self) -> dict[str, dict[str, list[Point]]]:
        found: dict[str, dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
        for row in self.tables.rows("metrics", MAX_ROWS):
            series = found[text(row.get("run_uuid"))][text(row.get("key"))]
            value = self._number(row)
            series.append(point(value, row.get("timestamp"), row.get("step")))
        for metrics in found.values():
            for series in metrics.values():
                series.sort(key=_order)
        return found

    def _number(self, row: Row) -> float:
        """A value of a metric; NaN has a column of its own, beside a value of 0."""
        value = row.get("value")
        if row.get("is_nan"):
            return float("nan")
        if not isinstance(value, int | float):
            raise MalformedError(
                self.tables.name, f"The table metrics has a value that is no number: {value!r:.60}."
            )
        return as_double(value)

    def _links(self) -> dict[str, list[Row]]:
        tags = self._named("input_tags", "input_uuid", "name")
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows("inputs"):
            told = {**row, "tags": tags.get(text(row.get("input_uuid")), {})}
            for side in ("source", "destination"):
                if text(row.get(f"{side}_type")).startswith("RUN"):
                    found[text(row.get(f"{side}_id"))].append(told)
        return found

    def _models(self) -> dict[str, Row]:
        key, value = "param_key", "param_value"
        params = self._named("logged_model_params", "model_id", key, value)
        tags = self._named("logged_model_tags", "model_id", "tag_key", "tag_value")
        metrics: dict[str, list[Row]] = defaultdict(list)
        for row in self._rows("logged_model_metrics"):
            metrics[text(row.get("model_id"))].append(row)
        found: dict[str, Row] = {}
        for row in self._rows("logged_models"):
            one = text(row.get("model_id"))
            told = {"params": params.get(one), "tags": tags.get(one), "metrics": metrics.get(one)}
            found[one] = {**row, **told}
        return found


def _data(row: Row) -> Row:
    """A data set by the names that the store of files has for the same."""
    return {_DATA.get(key, key): value for key, value in row.items()}


def _order(one: Point) -> tuple[int, float]:
    return one.step, one.time.timestamp() if one.time else 0.0
