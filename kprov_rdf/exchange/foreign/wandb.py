"""Weights & Biases: the runs that it keeps in a folder ``wandb`` where it is offline.

A run is a training, its project a campaign, and what was passed as ``config`` the settings. A row
of the history is an epoch where it says so: by a metric that was defined to count epochs, or a
value named epoch; else its values are a series by W&B's own steps. Files of the run are hashed;
the digests of artifacts, which are MD5, tell which of the files is a data set or a model.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kprov_rdf.dm.guards import load_json
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign import flatyaml
from kprov_rdf.exchange.foreign.roles import logged
from kprov_rdf.exchange.foreign.training import LoggedFile, Training, moment, say
from kprov_rdf.exchange.foreign.wandb_history import History, Values, json_value, number
from kprov_rdf.exchange.foreign.wandb_records import Log, is_one
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

FORMAT = Format(
    "Weights & Biases",
    "application/vnd.wandb",
    folder=True,
    versions="tried: 0.31.0; offline runs: `wandb/`, `offline-run-*/`, or one `run-*.wandb`",
    kept=(
        "configuration, history with times, summary, definitions of metrics, environment, "
        "system metrics, alerts, console output, artifacts with MD5, files with SHA-256"
    ),
    left=(
        "the end of a run below a second, which W&B does not keep; a run that was killed has no end"
    ),
)
SUFFIX = ".wandb"
_MAX_SIDE = 1 << 23
_ROLES = {"dataset": "dataset", "model": "model"}
_LONGEST = 500  # a name of a setting, of which that of another is made


def claims(source: Source) -> bool:
    """Whether it is a file ``run-*.wandb``, or a folder with such files."""
    if source.is_folder:
        return any(file.endswith(SUFFIX) for file in source.files)
    return is_one(source.beginning(7))


def read(source: Source, says: Statements) -> None:
    """Say each run. Raises ``MalformedError`` for a damaged file, ``InputError`` over a limit."""
    if not source.is_folder:
        _read(source, source.data, source.name, None, says)
        return
    files = [file for file in source.files if file.endswith(SUFFIX)]
    if not files:
        raise InputError(f"{source.name} has no file of W&B's, run-*{SUFFIX}.")
    for file in files:
        folder = file.rpartition("/")[0]
        place = f"{folder}/" if folder else ""
        _read(source, source.read(file), f"{source.name}/{file}", place, says)


def _read(source: Source, data: bytes, name: str, place: str | None, says: Statements) -> None:
    log = Log(data, name)
    run = _Run(name)
    for record in log.records():
        run.take(record)
    if place is not None:
        run.beside(source, place, says.notes)
    if log.torn:
        says.notes.append(f"{name} ends within a record: the run was killed, or is still running.")
    says.records += run.records
    say(run.training(), says)


def _time(found: object) -> float | None:
    if not isinstance(found, Mapping):
        return None
    return float(found.get("seconds", 0)) + float(found.get("nanos", 0)) / 1e9


class _Run:
    """One run, as its records tell it; of what is told more than once the last counts."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.records = 0
        self.told: dict[str, Any] = {}
        self.single: dict[str, dict[str, Any]] = {}  # run, environment, exit, telemetry, header
        self.many: dict[str, list[Any]] = {}
        self.config = Values(name)
        self.summary = Values(name)
        self.history = History(name)
        self.files: list[LoggedFile] = []

    def take(self, record: dict[str, Any]) -> None:
        self.records += 1
        for kind, found in record.items():
            if kind == "history":
                self.history.row(found)
            elif kind == "stats":
                self.history.stats(_time(found.get("timestamp")), found.get("item", ()))
            elif kind in ("config", "summary"):
                getattr(self, kind).change(found)
            elif kind == "run":
                self.config.change(found.pop("config", {}))
                self.summary.change(found.pop("summary", {}))
                self.single[kind] = {**self.single.get(kind, {}), **found}
            elif kind == "metric":
                self.history.define(found)
            elif kind in ("environment", "exit", "telemetry", "header"):
                self.single[kind] = {**self.single.get(kind, {}), **found}
            elif found:
                self.many.setdefault(kind, []).append(found)

    def beside(self, source: Source, place: str, notes: list[str]) -> None:
        """The files of the run, and what W&B tells in them."""
        below = [file for file in source.files if file.startswith(f"{place}files/")]
        self.files = [logged(source, one, one[len(place) + len("files/") :]) for one in below]
        self._artifacts(source, place)
        readers = {
            "wandb-metadata.json": (self._metadata, load_json),
            "wandb-summary.json": (self._side_summary, load_json),
            "config.yaml": (self._side_config, flatyaml.load),
        }
        for name, (take, parse) in readers.items():
            file = f"{place}files/{name}"
            if not 0 < source.files.get(file, 0) <= _MAX_SIDE:
                continue
            try:
                take(parse(source.read(file), file))
            except InputError as error:
                notes.append(f"It is kept as a file only: {error}")

    def _metadata(self, found: Any) -> None:
        self.told["metadata"] = found

    def _side_summary(self, found: Any) -> None:
        if isinstance(found, dict):
            self.summary.found = {**found, **self.summary.found}

    def _side_config(self, found: Any) -> None:
        for key, one in (found if isinstance(found, dict) else {}).items():
            if isinstance(one, dict) and "value" in one:
                self.config.found.setdefault(key, one["value"])

    def _artifacts(self, source: Source | None, place: str = "") -> None:
        """The files of artifacts: equal content among the run's own has the role of theirs."""
        sizes = {
            entry.get("size")
            for artifact in self.many.get("artifact", [])
            for entry in artifact.get("manifest", {}).get("contents", ())
        }
        there = {
            _md5_of(source.path / place / "files" / file.path): at
            for at, file in enumerate(self.files)
            if source is not None and file.size in sizes
        }
        for artifact in self.many.pop("artifact", []):
            manifest = artifact.pop("manifest", {})
            entries = manifest.pop("contents", [])
            name, kind = str(artifact.get("name", "")), str(artifact.get("type", ""))
            role = _ROLES.get(kind, "file")
            self.many.setdefault("artifacts", []).append({**artifact, "manifest": manifest})
            for entry in entries:
                digest = _md5(entry.get("digest", ""))
                own = there.get(digest)
                found = LoggedFile(
                    f"{name}/{entry.get('path', '')}",
                    role,
                    size=entry.get("size") if entry.get("size", 0) > 0 else None,
                    digests={"md5": digest} if digest else {},
                    more={key: one for key, one in entry.items() if key not in ("path", "size")},
                )
                if own is not None:
                    self.files[own] = replace(self.files[own], role=role)
                    same = self.files[own]
                    found = replace(found, sha256=same.sha256, size=same.size)
                self.files.append(found)

    def training(self) -> Training:
        if self.many.get("artifact"):
            self._artifacts(None)
        run, environment = self.single.get("run", {}), self.single.get("environment", {})
        config = self.config.found
        internal = config.pop("_wandb", None)
        started = moment(_time(run.get("start_time"))) or moment(
            _time(environment.get("started_at"))
        )
        training = Training(
            str(run.get("run_id") or self.name),
            "Weights & Biases",
            self._version(internal),
            name=str(run.get("display_name") or run.get("run_id") or ""),
            started=started,
            person=str(environment.get("username") or environment.get("email") or ""),
            host=str(run.get("host") or environment.get("host") or ""),
            commit=str((run.get("git") or environment.get("git") or {}).get("commit", "")),
            campaign="/".join(str(run[key]) for key in ("entity", "project") if run.get(key)),
            files=self.files,
        )
        for name, value in config.items():
            training.settings |= _settings(name, value)
        epochs = training.settings.get("epochs")
        training.metrics, training.batches, training.steps = self.history.series(epochs)
        self._ending(training)
        self._results(training)
        training.more |= self._more(run, internal)
        return training

    def _version(self, internal: object) -> str:
        said = self.single.get("telemetry", {}).get("cli_version")
        if not said and isinstance(internal, Mapping):
            said = internal.get("cli_version")
        return str(said or "")

    def _ending(self, training: Training) -> None:
        """The exit says how long the run took, in whole seconds; without one it has no end."""
        said = self.single.get("exit")
        if said is None or said.get("not_complete"):
            return
        training.status = "FAILED" if said.get("exit_code") else "FINISHED"
        if training.started is None:
            return
        begin = training.started.timestamp()
        times = [one.time for series in training.metrics.values() for one in series if one.time]
        training.ended = max([*times, moment(begin + said.get("runtime", 0)) or training.started])

    def _results(self, training: Training) -> None:
        """What the summary has beside the last values of the history."""
        rest: dict[str, Any] = {}
        logged_too = {**training.metrics, **training.batches}
        counters = self.history.counters
        for name, value in self.summary.found.items():
            series = logged_too.get(name)
            found = number(value)
            if series and found is not None and series[-1].value == found:
                continue
            if found is None or name.startswith("_") or series or name in counters:
                rest[name] = value
            else:
                training.results[name] = found
        if rest:
            training.more["summary"] = rest

    def _more(self, run: Mapping[str, Any], internal: object) -> dict[str, Any]:
        told = ("run_id", "display_name", "start_time", "telemetry", "host", "_info")
        more = dict(self.told)
        more |= {f"run {key}": one for key, one in run.items() if key not in told and one}
        for kind in ("environment", "exit", "telemetry", "header"):
            if self.single.get(kind):
                more[kind] = self.single[kind]
        if internal:
            more["config _wandb"] = internal
        for kind, found in {**self.many, **self.history.rest()}.items():
            more[kind] = found
        return more


def _settings(name: str, value: Any) -> dict[str, str | int | float | bool]:
    """A value of the config as settings: those of an object one by one, a list as its JSON."""
    found: dict[str, str | int | float | bool] = {}
    stack: list[tuple[str, Any]] = [(name, value)]
    while stack:
        key, one = stack.pop()
        if isinstance(one, dict) and one and len(key) < _LONGEST:
            stack += ((f"{key}.{inner}", part) for inner, part in one.items())
        elif isinstance(one, str | int | float):
            found[key] = one
        else:
            found[key] = json_value(one)
    return found


def _md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, _new_md5).hexdigest()


def _new_md5() -> "hashlib._Hash":
    return hashlib.md5(usedforsecurity=False)


def _md5(digest: Any) -> str:
    """The digest of a file in an artifact, base64 there, in hex; none where it is no MD5."""
    try:
        found = base64.b64decode(str(digest), validate=True)
    except (binascii.Error, ValueError):
        return ""
    return found.hex() if len(found) == 16 else ""
