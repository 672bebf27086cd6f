"""Log folders and event files of TensorBoard, as Keras' callback and others write them.

    logs/train/events.out.tfevents.…        epoch_loss, epoch_learning_rate
    logs/validation/events.out.tfevents.…   epoch_loss, evaluation_loss_vs_iterations

Both are one training, and what the second has is the metric val_loss. Each other folder with event
files is a training of its own. Values that TensorBoard draws as pictures stay in the files, whose
hashes are kept.
"""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from kprov_rdf.dm import guards
from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign import tfevents
from kprov_rdf.exchange.foreign.protobuf import Message
from kprov_rdf.exchange.foreign.roles import logged
from kprov_rdf.exchange.foreign.training import (
    LoggedFile,
    Point,
    Setting,
    Training,
    moment,
    say,
    steps_of,
)
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

FORMAT = Format(
    "event files of TensorBoard",
    "application/vnd.tensorflow.events",
    folder=True,
    versions=(
        "`brain.Event:2`: one file, or a folder of logs, of which `train/` and `validation/` "
        "are one training"
    ),
    kept=(
        "scalars of TensorFlow, Keras and PyTorch as they are stored, hyperparameters and "
        "status of the HParams plugin, texts, the configuration of a Keras model, values by "
        "iterations as series, hashes of all files"
    ),
    left=(
        "pictures, sound, histograms, tensors and graphs: of these hashes and sizes only. When "
        "a training ended is known of HParams only"
    ),
)
_MARK = ".tfevents."
_OTHERS = re.compile(r"\A(?:meta\.yaml|mlflow\.db)\Z|\.wandb\Z")
_TRAIN = {"train", "training"}
_VALIDATION = {"validation", "val", "valid", "eval", "evaluation"}
_DATA = (".arrow", ".csv", ".npy", ".npz", ".parquet", ".tfrecord", ".tsv")
_STATUS = {1: "FINISHED", 2: "FAILED"}
# events.out.tfevents.1795295703.node.28098.0.v2: when, where, which process
_HOST = re.compile(r"\.tfevents\.\d+\.(?P<host>.+?)(?:\.\d+\.\d+)?(?:\.v2)?\Z")
_LONGEST = 1 << 20  # characters of a text that is kept


def _is_events(file: str) -> bool:
    return _MARK in file.rpartition("/")[2]


def claims(source: Source) -> bool:
    """Whether it is an event file, or a folder that has one and no other tracker's records."""
    if not source.is_folder:
        return tfevents.is_events(source.beginning())
    names = set(source.names())
    return any(map(_is_events, names)) and not any(map(_OTHERS.search, names))


def read(source: Source, says: Statements) -> None:
    """Say the trainings whose events these are. Raises ``InputError`` where a file is damaged."""
    if source.is_folder:
        groups: dict[str, dict[str, str]] = defaultdict(dict)
        for file in filter(_is_events, source.files):
            parts = file.split("/")[:-1]
            side = parts[-1].lower() if parts else ""
            known = side in _TRAIN or side in _VALIDATION
            groups["/".join(parts[:-1] if known else parts)][file] = side if known else ""
        trainings = [
            _Log(source, group or source.path.name, files, says) for group, files in groups.items()
        ]
        for file in source.files:
            if not _is_events(file):
                _owner(trainings, groups, file).more_files.append(file)
    else:
        side = source.path.parent.name.lower()
        known = side in _TRAIN or side in _VALIDATION
        trainings = [_Log(source, source.path.name, {"": side if known else ""}, says)]
    for one in trainings:
        say(one.training(), says)


def _owner(trainings: list["_Log"], groups: Mapping[str, Any], file: str) -> "_Log":
    """The training in whose folder a file lies; the first one where it lies above all of them."""
    found, longest = trainings[0], -1
    for one, group in zip(trainings, groups, strict=True):
        within = not group or file.startswith(f"{group}/")
        if within and len(group) > longest:
            found, longest = one, len(group)
    return found


class _Log:
    """The event files of one training; ``files`` has of each the part that it is of."""

    def __init__(
        self, source: Source, key: str, files: Mapping[str, str], says: Statements
    ) -> None:
        self.source = source
        self.key = key
        self.files = files
        self.says = says
        self.more_files: list[str] = []
        self.epochs: dict[str, list[Point]] = defaultdict(list)
        self.others: dict[str, list[Point]] = defaultdict(list)
        self.settings: dict[str, Setting] = {}
        self.more: dict[str, Any] = {}
        self.session: dict[str, Any] = {}
        self.drawn: dict[str, dict[str, Any]] = {}
        self.status = ""
        self.host = ""
        self.times: list[datetime] = []

    def training(self) -> Training:
        for file, side in self.files.items():
            self._file(file, side)
        by_epoch = dict(self.epochs)
        batches = dict(self.others)
        if batches and not by_epoch and steps_of(batches) == "epoch":
            by_epoch, batches = batches, {}
        if self.drawn:
            self.more["drawn"] = self.drawn
            self.says.notes.append(
                f"{len(self.drawn)} series of {self.key} are no numbers (pictures, histograms, "
                "tensors): their hashes are kept, and the values stay in the event files"
            )
        started = moment(self.session.get("start_time_secs")) or min(self.times, default=None)
        ended = moment(self.session.get("end_time_secs"))
        if self.status and ended is None:
            ended = max(self.times, default=None)
        return Training(
            key=self.key,
            tool="TensorBoard",
            name=self.key,
            started=started,
            ended=ended,
            status=self.status,
            host=self.host,
            settings=self.settings,
            metrics=by_epoch,
            batches=batches,
            files=self._logged(),
            more=self.more,
            steps="epoch",
        )

    def _logged(self) -> list[LoggedFile]:
        if not self.source.is_folder:
            name = self.source.path.name
            return [LoggedFile(name, "file", self.source.sha256, self.source.size)]
        files = [*self.files, *self.more_files]
        stems = {
            name.partition(".")[0]
            for name in (file.rpartition("/")[2].lower() for file in self.more_files)
            if name.endswith(_DATA)
        }
        return [logged(self.source, file, file, stems) for file in files]

    def _file(self, file: str, side: str) -> None:
        data = self.source.read(file) if file else self.source.data
        name = f"{self.source.name}/{file}" if file else self.source.name
        found = tfevents.read(data, name)
        self.says.records += found.records
        if found.torn:
            self.says.notes.append(
                f"{found.torn:,} bytes at the end of {name} are no whole record: it was still "
                "written, or was cut off"
            )
        if host := _HOST.search(file or self.source.path.name):
            self.host = host["host"]
        if (opened := moment(found.opened)) is not None:
            self.times.append(opened)
        for value in found.values:
            if (at := moment(value.time)) is not None:
                self.times.append(at)
            self._value(value, side)
        if found.others:
            self.more.setdefault("events", {})[file or name] = found.others
        if found.version:
            self.more["file version"] = found.version

    def _value(self, value: tfevents.Value, side: str) -> None:
        tag = f"{side}/{value.tag}" if side else value.tag
        if value.plugin == "hparams":
            self._hparams(value)
        elif value.scalar is not None:
            # Keras says so of what it logs by epochs; others may log by anything.
            own = value.tag.startswith("epoch_")
            point = Point(value.step, value.scalar, moment(value.time))
            (self.epochs if own else self.others)[tag].append(point)
        elif value.texts and all(len(one) <= _LONGEST for one in value.texts):
            told = [one.decode("utf-8", "replace") for one in value.texts]
            texts = self.more.setdefault(value.plugin or "text", {})
            texts.setdefault(tag, []).append({"step": value.step, "text": self._text(told)})
        else:
            known = self.drawn.setdefault(tag, {"plugin": value.plugin, "values": []})
            known["values"].append(
                {"step": value.step, "bytes": value.size, "sha256": value.sha256}
            )

    def _text(self, told: list[str]) -> Any:
        """A text, or the JSON that it is: Keras keeps the configuration of the model so."""
        if len(told) != 1:
            return told
        if told[0].startswith("{"):
            try:
                return guards.load_json(told[0].encode(), "a text")
            except InputError:
                return told[0]
        return told[0]

    def _hparams(self, value: tfevents.Value) -> None:
        """What the plugin "hparams" keeps: the settings, and the status of the session."""
        told = Message(value.content, self.source.name)
        if 3 in told:
            start = told.message(3)
            for pair in start.messages(1):
                self.settings[pair.text(1)] = _setting(pair.message(2))
            self.session["start_time_secs"] = start.double(5) or None
            named = {"model_uri": start.text(2), "monitor_url": start.text(3)}
            named["group_name"] = start.text(4)
            self.more |= {name: one for name, one in named.items() if one}
        if 4 in told:
            end = told.message(4)
            self.status = _STATUS.get(end.number(1), "")
            self.session["end_time_secs"] = end.double(2) or None
        if 2 in told:
            self._experiment(told.message(2))

    def _experiment(self, told: Message) -> None:
        known: dict[str, Any] = {
            "name": told.text(6),
            "description": told.text(1),
            "user": told.text(2),
            "time_created_secs": told.double(3),
            "hparams": [one.text(1) for one in told.messages(4)],
            "metrics": [one.message(1).text(2) for one in told.messages(5)],
        }
        self.more["experiment"] = {name: one for name, one in known.items() if one}


def _setting(told: Message) -> Setting:
    """A google.protobuf.Value: a number, a text or a truth value; of what else it is, the bytes."""
    if 2 in told:
        found = told.double(2)
        return int(found) if found.is_integer() and abs(found) < 2**53 else found
    if 3 in told:
        return told.text(3)
    if 4 in told:
        return bool(told.number(4))
    rest = {number: told.part(number).hex() for number in (5, 6) if number in told}
    return json.dumps(rest) if rest else ""
