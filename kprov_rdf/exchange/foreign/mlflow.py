"""MLflow: trainings that are kept as files below ``mlruns``, or in a database of SQLite.

A run of MLflow is a training, and its experiment a campaign. Parameters are texts in MLflow, and
stay so unless the ontology declares another type. A metric with one value at step 0, which is
what MLflow takes for none, is a result. What else a run has is kept by MLflow's names. Read are
the stores of MLflow 1 to 3 (https://mlflow.org/docs/latest/). Its database keeps infinity as the
largest double, and so it comes back.
"""

from bisect import bisect_left
from collections import Counter
from itertools import islice, takewhile
from typing import Any
from urllib.parse import unquote, urlsplit

from kprov_capture.terms import RDFS_LABEL, Dnnprov, Prov
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign import mlflow_database, mlflow_files
from kprov_rdf.exchange.foreign.mlflow_runs import Found, Run, text, without_nothing
from kprov_rdf.exchange.foreign.roles import logged
from kprov_rdf.exchange.foreign.training import (
    LoggedFile,
    Point,
    Training,
    moment,
    say,
    steps_of,
)
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import MAX_BYTES, Source
from kprov_rdf.exchange.statements import Statements

FORMAT = Format(
    "MLflow",
    "application/vnd.mlflow",
    folder=True,
    versions=(
        "1 to 3 (tried: 3.17.2): the folder `mlruns`, one experiment or run of it; `mlflow.db` "
        "of SQLite, alone or with its artifacts"
    ),
    kept=(
        "all experiments and runs, deleted ones marked, nested ones informed by their parent; "
        "parameters, tags, every value of every metric with its time; data sets with digest, "
        "schema and source; logged and registered models; artifacts with SHA-256"
    ),
    left=(
        "traces and evaluations (a note counts them); what stands only in a log beside the "
        "database (`-wal`); artifacts elsewhere"
    ),
)
_DATABASES = (".db", ".sqlite", ".sqlite3")
_MAX_DEPTH = 2  # folders above a database
_KEYS = (b"artifact_uri:", b"artifact_location:")
# RunStatus of MLflow's files, by number; in the database they are words.
_NUMBERS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
_STATUS = {"FINISHED": "FINISHED", "FAILED": "FAILED", "KILLED": "STOPPED"}
_PARENT, _COMMIT = "mlflow.parentRunId", "mlflow.source.git.commit"
_TOLD = ("run_id", "run_uuid", "start_time", "end_time", "experiment_id", "folder", "tags")


def claims(source: Source) -> bool:
    """Whether it is a database of MLflow's, or a folder with one or with runs of MLflow's."""
    if not source.is_folder:
        return mlflow_database.is_one(source.data)
    if any(True for _ in _databases(source)):
        return True
    return any(
        any(key in source.read(file) for key in _KEYS)
        for _, file in mlflow_files.metas(source)
        if source.files[file] < mlflow_files.MAX_META
    )


def _candidates(source: Source) -> list[str]:
    return [
        file for file in source.files if file.endswith(_DATABASES) and file.count("/") <= _MAX_DEPTH
    ]


def _databases(source: Source) -> list[str]:
    return [
        file
        for file in _candidates(source)
        if source.files[file] <= MAX_BYTES and mlflow_database.is_one(source.read(file))
    ]


def read(source: Source, says: Statements) -> None:
    """Say all experiments and runs.

    Raises ``MalformedError`` for what breaks MLflow's formats, ``InputError`` and ``LimitError``
    for what is over a limit.
    """
    stores: list[Found] = []
    if source.is_folder:
        stores.append(mlflow_files.read(source))
        for file in _databases(source):
            stores.append(_database(source.read(file), f"{source.name}/{file}", says))
            if source.files.get(f"{file}-wal"):
                says.notes.append(f"{file}-wal, the log of what was written last, is not read.")
        says.notes += [
            f"{file} is larger than {MAX_BYTES >> 20} MiB, and is not read."
            for file in _candidates(source)
            if source.files[file] > MAX_BYTES
        ]
    else:
        stores.append(_database(source.data, source.name, says))
    if not any(store.runs or store.experiments for store in stores):
        raise InputError(f"{source.name} has no run and no experiment of MLflow's.")
    for number, store in enumerate(stores):
        _Store(store, source, says, number).say()


def _database(data: bytes, name: str, says: Statements) -> Found:
    found, unread = mlflow_database.read(data, name)
    if unread:
        says.notes.append(
            f"These tables of {name} say nothing of trainings, and are not read: "
            f"{', '.join(unread)}."
        )
    return found


class _Store:
    def __init__(self, found: Found, source: Source, says: Statements, number: int) -> None:
        self.found = found
        self.source = source
        self.says = says
        self.number = number
        self.runs = {run.key for run in found.runs}
        self.files = list(source.files) if source.is_folder else []
        self.folders = {""}
        for file in self.files:
            parts = file.split("/")
            self.folders |= {"/".join(parts[:size]) + "/" for size in range(1, len(parts))}
        named = Counter(text(one.get("name")) for one in found.experiments.values())
        self.campaigns = {
            key: name if (name := text(one.get("name"))) and named[name] == 1 else f"{name} ({key})"
            for key, one in found.experiments.items()
        }

    def say(self) -> None:
        says = self.says
        for key, experiment in self.found.experiments.items():
            campaign = says.name("campaign", self.campaigns[key])
            kinds = (Dnnprov.Campaign, Prov.Collection, Prov.Entity)
            says.node(campaign, kinds, (RDFS_LABEL, self.campaigns[key]))
            says.rest(campaign, without_nothing(experiment, ("name",)))
        for kind, entities in self.found.rest.items():
            for count, entity in enumerate(entities):
                iri = says.name(kind, self.number, count)
                says.node(iri, (Prov.Entity,))
                says.rest(iri, without_nothing(entity))
        deleted = 0
        for run in self.found.runs:
            say(self._training(run), says)
            says.records += 1
            deleted += run.told.get("lifecycle_stage") == "deleted"
        if deleted:
            says.notes.append(
                f"{deleted} of the runs are deleted in MLflow; they are kept, and say so as the "
                "attribute lifecycle_stage."
            )

    def _training(self, run: Run) -> Training:
        told, tags = run.told, run.tags
        status = told.get("status")
        word = _NUMBERS.get(status, text(status)) if isinstance(status, int) else text(status)
        experiment = text(told.get("experiment_id"))
        training = Training(
            run.key,
            "MLflow",
            name=text(told.get("run_name") or told.get("name") or tags.get("mlflow.runName")),
            started=_at(told.get("start_time")),
            ended=_at(told.get("end_time")),
            status=_STATUS.get(word, ""),
            person=text(told.get("user_id") or tags.get("mlflow.user")),
            commit=text(tags.get(_COMMIT) or told.get("source_version")),
            campaign=self.campaigns.get(experiment, experiment),
            parent=tags.get(_PARENT, "") if tags.get(_PARENT) in self.runs else "",
        )
        training.settings.update(run.params)
        _metrics(training, run)
        training.more |= without_nothing({**told, "status": word}, _TOLD)
        training.more |= {f"tag {name}": value for name, value in tags.items()}
        if run.links:
            training.more["links"] = run.links
        training.files = [*_inputs(run), *self._models(run), *self._artifacts(run)]
        return training

    def _below(self, uri: str, mark: str, default: str = "") -> str | None:
        """The folder of the source in which the files of an address lie, or None.

        Files may have moved since: so the end of the address counts, as long as it has ``mark``,
        the id of what they belong to. Nothing outside the source is looked at.
        """
        if default in self.folders and default:
            return default
        parts = [
            one for one in unquote(urlsplit(uri).path).split("/") if one not in ("", ".", "..")
        ]
        for start in range(len(parts)):
            folder = "/".join(parts[start:]) + "/"
            if mark in parts[start:] and folder in self.folders:
                return folder
        return None

    def _artifacts(self, run: Run) -> list[LoggedFile]:
        place = run.told.get("folder")
        default = f"{place}artifacts/" if isinstance(place, str) else ""
        folder = self._below(text(run.told.get("artifact_uri")), run.key, default)
        names = [text(one.get("name")) for one in run.inputs]
        return self._files(folder, names)

    def _files(self, folder: str | None, datasets: list[str]) -> list[LoggedFile]:
        if not folder:
            return []
        below = takewhile(
            lambda file: file.startswith(folder),
            islice(self.files, bisect_left(self.files, folder), None),
        )
        return [logged(self.source, one, one.removeprefix(folder), datasets) for one in below]

    def _models(self, run: Run) -> list[LoggedFile]:
        found: list[LoggedFile] = []
        for model in run.models:
            place, key = model.get("folder"), text(model.get("model_id"))
            more = without_nothing(model, ("folder",))
            found.append(LoggedFile(text(model.get("name")) or key, "model", more=more))
            default = f"{place}artifacts/" if isinstance(place, str) else ""
            folder = self._below(text(model.get("artifact_location")), key, default)
            found += self._files(folder, [])
        return found


def _at(milliseconds: object) -> Any:
    return moment(milliseconds / 1000) if isinstance(milliseconds, int) else None


def _inputs(run: Run) -> list[LoggedFile]:
    return [
        LoggedFile(
            text(one.get("name")) or "data",
            "dataset",
            digests={"mlflow": text(one["digest"])} if one.get("digest") else {},
            more=without_nothing(one, ("digest",)),
        )
        for one in run.inputs
    ]


def _metrics(training: Training, run: Run) -> None:
    """Values by epochs or by batches, those of the machine, and results, which have no step."""
    series: dict[str, list[Point]] = {}
    times: dict[str, str] = {}
    epochs = run.params.get("epochs", "")
    planned = int(epochs) if epochs.isdecimal() and len(epochs) < 10 else None
    for name, points in run.metrics.items():
        if name.startswith("system/"):
            training.batches[name] = points
        elif len(points) == 1 and points[0].step == 0 and planned != 1:
            training.results[name] = points[0].value
            if points[0].time:
                times[name] = points[0].time.isoformat()
        else:
            series[name] = points
    training.metrics = series
    training.steps = steps_of(series, planned)
    if times:
        training.more["results logged at"] = times
