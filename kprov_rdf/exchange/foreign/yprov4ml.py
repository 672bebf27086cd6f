"""Experiments that yProv4ML logged: a folder with PROV-JSON, and with metrics and files beside it.

    digits_0/prov_digits_GR0_0.json      what it says as PROV: ``documents`` are read as such
    digits_0/metrics_GR0/…               the values, which the PROV-JSON names only
    digits_0/artifacts_GR0/…             the files

Here the same is said as a training, with the values and the hashes of the files. Versions 1 to 3
differ in the names of attributes, and in what stands before the values of a CSV.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from kprov_rdf.dm import guards
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign import series_files
from kprov_rdf.exchange.foreign.roles import role
from kprov_rdf.exchange.foreign.training import LoggedFile, Point, Training, moment, say
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

FORMAT = Format(
    "an experiment of yProv4ML",
    "application/json",
    folder=True,
    versions="1 to 3: the folder of an experiment, or of many",
    kept=(
        "the PROV-JSON as it is, and each run as a training: metrics of CSV, netCDF and Zarr, "
        "parameters, times, person, host, commit, artifacts with hashes"
    ),
    left="netCDF where h5py is not installed; Zarr with Blosc, LZ4 or Zstandard (a note says so)",
)
_DOCUMENT = re.compile(r"(?:(?P<folder>.*)/)?prov_[^/]*\.json\Z")
_MARKS = (b"prov-ml", b"provml", b"yProv4ML")
_METRIC = re.compile(r"(?P<name>[^/]+?)(?:_GR\w+)?\.(?P<kind>csv|nc|zarr)\Z")
_ZONE = re.compile(r"([+-])(\d\d):?(\d\d)\Z")
_COMMIT = re.compile(r"(?:.*/)?([0-9a-f]{40})\Z")
_VERSION = re.compile(r"^yprov4ml==(\S+)$", re.MULTILINE | re.IGNORECASE)
_DATA = (".arrow", ".csv", ".npy", ".npz", ".parquet", ".tfrecord", ".tsv")
_VALIDATION = ("validation", "evaluation", "val")
_LISTS = ("metric_epoch_list", "metric_value_list", "metric_timestamp_list")


def claims(source: Source) -> bool:
    """Whether it is a folder with PROV-JSON that yProv4ML wrote."""
    return source.is_folder and bool(documents(source))


def documents(source: Source) -> dict[str, bytes]:
    """The PROV-JSON of a folder, by the names of the files: one a run, and a process of it."""
    found = {}
    for file in filter(_DOCUMENT.match, source.files):
        data = source.read(file)
        if any(mark in data[:4096] for mark in _MARKS):
            found[file] = data
    return found


def read(source: Source, says: Statements) -> None:
    """Say each run of a folder as a training. Raises ``InputError`` for JSON that is none."""
    for file, data in documents(source).items():
        told = guards.load_json(data, f"{source.name}/{file}")
        if not isinstance(told, dict):
            raise InputError(f"{source.name}/{file} is no PROV-JSON: an object was wanted.")
        run = _Run(source, file, told, says)
        training = run.training()
        says.records += len(run.entities)
        say(training, says)


def _texts(found: Any) -> Iterator[str]:
    """The values of an attribute as texts: a text, a number, an object with "$", a list."""
    for one in found if isinstance(found, list) else [found]:
        value = one.get("$") if isinstance(one, dict) else one
        if isinstance(value, str | int | float):
            yield str(value)


def _first(record: Mapping[str, Any], *names: str) -> str:
    """The first value of the attribute that has one of these local names."""
    for key, found in record.items():
        if key.rpartition(":")[2] in names:
            return next(_texts(found), "")
    return ""


def _elements(told: Mapping[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The records of a kind; an element may be told more than once."""
    group = told.get(kind)
    for key, found in group.items() if isinstance(group, dict) else ():
        for one in found if isinstance(found, list) else [found]:
            if isinstance(one, dict):
                yield key, one


class _Run:
    def __init__(
        self, source: Source, file: str, told: Mapping[str, Any], says: Statements
    ) -> None:
        self.source = source
        self.file = file
        self.says = says
        self.folder = file.rpartition("/")[0]
        self.told = told
        self.entities = list(_elements(told, "entity"))
        self.activity = next(
            (
                (key, one)
                for key, one in _elements(told, "activity")
                if _first(one, "run_id", "PID")
            ),
            next(_elements(told, "activity"), ("", {})),
        )
        self.rank = re.search(r"_GR\w+?(?=_|\.)", file)

    def training(self) -> Training:
        key, record = self.activity
        started, ended = (self._time(_first(record, f"{one}Time", f"{one}AtTime")) for one in
                          ("started", "ended"))  # fmt: skip
        settings = dict(self._settings())
        commit = _COMMIT.match(settings.get("source_code", ""))
        version = ""
        for file in self._files():
            if file.endswith("requirements.txt") and self.source.files[file] < 1 << 20:
                text = self.source.read(file).decode("utf-8", "replace")
                version = (_VERSION.findall(text) or [""])[0]
        return Training(
            key=key or self.file,
            tool="yProv4ML",
            version=version,
            name=_first(record, "experiment_name") or key,
            started=started,
            ended=ended,
            status="FINISHED" if ended else "",
            person=next((key for key, _ in _elements(self.told, "agent")), ""),
            host=_first(record, "host_name"),
            commit=commit[1] if commit else "",
            settings=dict(settings),
            metrics=dict(self._metrics()),
            files=list(self._logged()),
            more={"document": self.file},
        )

    def _time(self, text: str) -> datetime | None:
        """A time of the document: seconds since 1970, or local with the zone of the activity."""
        try:
            return moment(float(text))
        except ValueError:
            pass
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        if found.tzinfo is None:
            zone = _ZONE.search(_first(self.activity[1], "time_zone"))
            if zone is None:
                return None
            offset = timedelta(hours=int(zone[2]), minutes=int(zone[3]))
            if offset >= timedelta(hours=24):
                return None
            found = found.replace(tzinfo=timezone(offset if zone[1] == "+" else -offset))
        try:
            return moment(found.timestamp())
        except OverflowError:
            return None

    def _settings(self) -> Iterator[tuple[str, str]]:
        for key, record in self.entities:
            kind = _first(record, "type")
            if kind.endswith(("HyperParameter", "Parameter")):
                name = _first(record, "label") or key.partition("//")[0]
                yield name, _first(record, "value", "parameter_value")

    def _files(self) -> Iterator[str]:
        """The files of this run, of this process of it."""
        start = f"{self.folder}/" if self.folder else ""
        own = f"artifacts{self.rank[0]}/" if self.rank else ""
        for file in self.source.files:
            rest = file.removeprefix(start)
            if file.startswith(start) and rest.startswith((own, "artifacts/") if own else "artif"):
                yield file

    def _logged(self) -> Iterator[LoggedFile]:
        told = {}
        for _, record in self.entities:
            path = _first(record, "identifier", "artifact_path")
            if path:
                told[path.replace("/./", "/").rpartition("artifacts")[2].partition("/")[2]] = record
        for file in self._files():
            inside = file.rpartition("artifacts")[2].partition("/")[2]
            record = told.get(inside, {})
            name = inside.rpartition("/")[2].lower()
            given = _first(record, "role") == "input" and name.endswith(_DATA)
            known = role(inside, [name.partition(".")[0]] if given else ())
            kind = _first(record, "type")
            known = "model" if kind.endswith("Model") else known
            known = "dataset" if kind.endswith("Dataset") else known
            yield LoggedFile(file, known, self.source.digests[file], self.source.files[file])

    # -- metrics

    def _metrics(self) -> Iterator[tuple[str, list[Point]]]:
        """The series by name; that of another context than training has it before its name."""
        found: dict[str, list[Point]] = {}
        named = {}
        for key, record in self.entities:
            name = _first(record, "label") or key.partition("//")[0]
            context = _first(record, "context").rpartition(".")[2].lower()
            file = _first(record, "identifier", "artifact_path").rpartition("/")[2]
            named[file] = (name, context)
            if any(_first(record, one) for one in _LISTS):
                found.setdefault(_called(name, context), []).extend(self._listed(record, key))
        for file, kind in self._metric_files():
            base = file.rpartition("/")[2]
            match = _METRIC.match(base)
            name, context = named.get(base, (match["name"] if match else base, ""))
            try:
                points = self._points(file, kind)
            except InputError as error:
                self.says.notes.append(f"{error} The values are left out.")
                continue
            found.setdefault(_called(name, context), []).extend(points)
        yield from found.items()

    def _metric_files(self) -> Iterator[tuple[str, str]]:
        start = f"{self.folder}/" if self.folder else ""
        rank = self.rank[0] if self.rank else ""
        seen: dict[str, str] = {}
        for file in self.source.files:
            rest = file.removeprefix(start)
            if not file.startswith(start) or not rest.startswith(("metrics", "artifacts")):
                continue
            head, mark, _ = file.partition(".zarr/")
            name = f"{head}.zarr" if mark else file
            match = _METRIC.match(name.rpartition("/")[2])
            ours = rest.startswith((f"metrics{rank}/", "metrics/")) or "_GR" in name
            if match and ours:
                seen[name] = match["kind"]
        yield from seen.items()

    def _points(self, file: str, kind: str) -> list[Point]:
        name = f"{self.source.name}/{file}"
        if kind == "csv":
            return series_files.from_csv(self.source.read(file), name)
        if kind == "nc":
            return series_files.from_hdf5(self.source.path / file, name)
        return series_files.from_zarr(self.source, file, name)

    def _listed(self, record: Mapping[str, Any], key: str) -> list[Point]:
        """The values that older versions put into the PROV-JSON, as texts of lists."""
        lists = []
        for one in _LISTS:
            text = _first(record, one)
            try:
                parsed = json.loads(text)
            except (ValueError, RecursionError):
                parsed = None
            if not isinstance(parsed, list):
                self.says.notes.append(f"{one} of {key} is no list: its values are left out")
                return []
            lists.append(parsed)
        return series_files.points(f"{self.source.name}/{self.file}", *lists)


def _called(name: str, context: str) -> str:
    """The name of a metric with its context, where that is not the training."""
    if context in _VALIDATION:
        return f"validation/{name}"
    plain = not context or context.startswith(("train", "none")) or name.startswith("val_")
    return name if plain else f"{context}/{name}"
