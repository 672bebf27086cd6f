"""MLflow's store of files: a folder an experiment, in it a folder a run, with a meta.yaml each.

A run's params and tags are a file each, named after them, and a metric is a file with a line for
each value: milliseconds, value, step. The folder may be ``mlruns``, what holds it, one of
an experiment, or one of a run.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from kprov_rdf.dm.malformed import MalformedError
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign import flatyaml
from kprov_rdf.exchange.foreign.mlflow_runs import Found, Run, point, relate, text
from kprov_rdf.exchange.foreign.training import Point
from kprov_rdf.exchange.sources import Source

META = "meta.yaml"
MAX_META = 1 << 16
MAX_POINTS = 5_000_000
_MAX_VALUE = 1 << 20


def metas(source: Source) -> Iterator[tuple[str, str]]:
    """Each folder that has a meta.yaml, with the name of that file. A folder ends in a slash."""
    for file in source.files:
        folder, slash, name = file.rpartition("/")
        if name == META and "/artifacts/" not in f"/{file}":
            yield folder + slash, file


class _Folder:
    """The folder of one source: its files by the folder that has a meta.yaml."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.meta: dict[str, dict[str, Any]] = {}
        for folder, file in metas(source):
            found = flatyaml.load(self.bytes(file, flatyaml.MAX_BYTES), f"{source.name}/{file}")
            if not isinstance(found, dict):
                raise MalformedError(
                    f"{source.name}/{file}", "It is no mapping of names to values."
                )
            self.meta[folder] = found
        # The files below each of these folders that are no artifacts, by the part of the folder.
        self.parts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        self.points = 0
        for file in source.files:
            for folder, part, _ in _owners(file):
                if folder in self.meta:
                    self.parts[folder][part].append(file)
                    break

    def bytes(self, file: str, most: int) -> bytes:
        if self.source.files[file] > most:
            raise InputError(
                f"{self.source.name}/{file} has {self.source.files[file]:,} bytes, and a file of "
                f"MLflow's like it at most {most:,}. It was not read."
            )
        return self.source.read(file)

    def values(self, folder: str, part: str) -> dict[str, str]:
        """The texts that stand in a file each, by the path of the file below ``part``."""
        start = len(folder) + len(part) + 1
        return {
            file[start:]: self.bytes(file, _MAX_VALUE).decode("utf-8", "replace")
            for file in self.parts[folder][part]
        }

    def metrics(self, folder: str) -> dict[str, list[Point]]:
        start = len(folder) + len("metrics/")
        return {file[start:]: list(self._metric(file)) for file in self.parts[folder]["metrics"]}

    def _metric(self, file: str) -> Iterator[Point]:
        lines = self.source.read(file).decode("utf-8", "replace").splitlines()
        self.points += len(lines)
        if self.points > MAX_POINTS:
            raise InputError(
                f"{self.source.name} has more than {MAX_POINTS:,} values of metrics. Merge its "
                "experiments one by one."
            )
        for number, line in enumerate(lines, 1):
            parts = line.split(" ")
            if not line.strip():
                continue
            try:
                # Milliseconds, value; since 1.0 the step; of a model the run and the data set.
                yield point(float(parts[1]), int(parts[0]), int(parts[2]) if parts[2:] else 0)
            except (IndexError, ValueError) as error:
                raise MalformedError(
                    f"{self.source.name}/{file}",
                    f"It is no value of a metric: {line[:60]!r}; wanted are the time in "
                    "milliseconds, the value and the step, with blanks between.",
                    line=number,
                ) from error


def _owners(file: str) -> Iterator[tuple[str, str, str]]:
    """Each folder above a file as folder, the part below it, and the rest."""
    parts = file.split("/")
    for place in range(len(parts) - 2, -1, -1):
        folder = "/".join(parts[:place])
        yield f"{folder}/" if folder else "", parts[place], "/".join(parts[place + 1 :])


def read(source: Source) -> Found:
    """All experiments and runs below a folder. Raises ``MalformedError`` and ``InputError``."""
    folder = _Folder(source)
    found = Found()
    data: dict[str, dict[str, Any]] = {}
    models: dict[str, dict[str, Any]] = {}
    links: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for place, meta in folder.meta.items():
        if "run_id" in meta or "run_uuid" in meta:
            continue
        if "model_id" in meta:
            models[text(meta["model_id"])] = _model(folder, place, meta)
        elif "digest" in meta:
            data[place.rstrip("/").rpartition("/")[2]] = meta
        elif "source_type" in meta and "destination_type" in meta:
            links[place.rstrip("/").rpartition("/")[0].rpartition("/")[0]].append(meta)
        elif "experiment_id" in meta and "name" in meta:
            tags = folder.values(place, "tags")
            found.experiments[text(meta["experiment_id"])] = {**meta, "tags": tags}
        else:
            found.rest.setdefault("entity", []).append({"path": place.rstrip("/"), **meta})
    for place, meta in folder.meta.items():
        if "run_id" in meta or "run_uuid" in meta:
            run = _run(folder, place, meta)
            relate(run, links[place.rstrip("/")], data)
            found.runs.append(run)
    found.attach(models)
    return found


def _model(folder: _Folder, place: str, meta: dict[str, Any]) -> dict[str, Any]:
    metrics = {
        name: [[one.step, one.value, text(one.time)] for one in points]
        for name, points in folder.metrics(place).items()
    }
    told = {"params": folder.values(place, "params"), "tags": folder.values(place, "tags")}
    return {**meta, **told, "metrics": metrics, "folder": place}


def _run(folder: _Folder, place: str, meta: dict[str, Any]) -> Run:
    return Run(
        {**meta, "folder": place},
        folder.values(place, "params"),
        folder.values(place, "tags"),
        folder.metrics(place),
    )
