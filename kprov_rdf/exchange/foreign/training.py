"""A training as a tracker logged it, and how it is said: in the terms of a run of kprov's own.

So the questions that are asked of runs that kprov captured are answered for these too. Each
training stands in a graph of its own, as each run does.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kprov_capture.identity import Names
from kprov_capture.nquads import Iri, Value, as_double
from kprov_capture.series import Series
from kprov_capture.statements import SHORTCUTS, fits, setting_values, typed
from kprov_capture.terms import RDFS_LABEL, SETTINGS, Dnnprov, Prov
from kprov_rdf.exchange.foreign import names
from kprov_rdf.exchange.foreign.epochs import Epochs, Local, say_series
from kprov_rdf.exchange.statements import Statements

Setting = str | int | float | bool
# More steps than that are taken for batches, where nothing says that they are epochs.
MAX_EPOCHS = 10_000
_MOST_EPOCHS = 100_000  # that are nodes each
_LAST_SECOND = 253_402_214_400  # 9999-12-31: some zone is always in the same year
_WORDS = re.compile("[a-z0-9]+")
_STATUS = {"FAILED": "FINISHED_WITH_ERROR", "STOPPED": "INTERRUPTED"}
_STATUSES = ("FINISHED", "FINISHED_WITH_ERROR", "INTERRUPTED")


@dataclass(frozen=True)
class Point:
    """One value of a metric: at a step or an epoch (from 0), and when it was logged."""

    step: int
    value: float
    time: datetime | None = None


@dataclass(frozen=True)
class LoggedFile:
    """A file that a tracker keeps of a training, or names.

    ``role`` is "model", "dataset" or "file". ``sha256`` in hex and ``size`` in bytes where its
    bytes are there; ``digests`` are what the tool itself says, by the name of the algorithm;
    ``more`` is all else that it says of the file.
    """

    path: str
    role: str = "file"
    sha256: str | None = None
    size: int | None = None
    digests: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


@dataclass
class Training:
    """One training.

    ``key`` is its name in the document, such as the id that the tool gave it. ``status`` is
    "FINISHED", "FAILED", "STOPPED" or "" where it is not said. ``metrics`` are the series by
    name, ``settings`` the hyperparameters, ``results`` values that belong to no step, ``more``
    all else that the tool says, by its name for it. ``steps`` says what a step is: "epoch", or
    "batch". ``batches`` are series by other steps beside those of ``metrics``. ``parent`` is the
    key of the training that this one is part of, ``campaign`` what the tool calls a group of
    them, such as an experiment or a project.
    """

    key: str
    tool: str
    version: str = ""
    name: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    status: str = ""
    person: str = ""
    host: str = ""
    commit: str = ""
    settings: dict[str, Setting] = field(default_factory=dict)
    metrics: dict[str, list[Point]] = field(default_factory=dict)
    results: dict[str, float] = field(default_factory=dict)
    files: list[LoggedFile] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    steps: str = "epoch"
    batches: dict[str, list[Point]] = field(default_factory=dict)
    parent: str = ""
    campaign: str = ""


def moment(seconds: object) -> datetime | None:
    """A time in seconds since 1970, in UTC; None of what is no time of the years to 9999."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    if not 0 < seconds < _LAST_SECOND:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def steps_of(metrics: Mapping[str, Sequence[Point]], epochs: object = None) -> str:
    """What the steps of these metrics are where the tool does not say: "epoch" or "batch".

    They are epochs where they follow one another without a gap from 0 or 1, and are no more than
    the training was to have (``epochs``), or than 10,000 where that is not known.
    """
    steps = {point.step for points in metrics.values() for point in points}
    if not steps:
        return "epoch"
    most = epochs if isinstance(epochs, int) and epochs > 0 else MAX_EPOCHS
    whole = min(steps) in (0, 1) and max(steps) - min(steps) == len(steps) - 1
    return "epoch" if whole and len(steps) <= most else "batch"


def say(training: Training, says: Statements) -> None:
    """Say a training in PROV-O and DNNProv, as one of kprov's own is said.

    Values by epochs become executions of epochs and their metrics, and each change of the rate an
    adaptation; values by other steps become a series each (``epochs.say_series``). A training
    begins with its first and ends with its last value where the tool says otherwise, and what it
    says is kept beside that. A number of an epoch below 0 is a step of another kind, and so are
    more epochs than 100,000. A second training of one key, such as a run that was resumed, gets
    a key of its own.
    """
    key, count = training.key, 1
    while says.name("run", key) in says.parts:
        count += 1
        key = f"{training.key}-{count}"
    with says.part("run", key) as graph:
        _Record(training, Local(says, key), graph).say()


class _Record:
    def __init__(self, training: Training, local: Local, graph: Iri) -> None:
        self.training = training
        self.local = local
        self.says = local.says
        self.graph = graph
        self.more = dict(training.more)
        # By Keras' names, beside the tool's.
        self.named = names.metrics([*training.metrics, *training.batches])
        self.by_epoch: dict[str, list[Point]] = {}
        self.by_step: dict[str, list[Point]] = {}
        numbers = {one.step for points in training.metrics.values() for one in points}
        epochs = training.steps == "epoch" and len(numbers) <= _MOST_EPOCHS
        for name, points in training.metrics.items():
            if not points:
                continue
            whole = epochs and all(one.step >= 0 for one in points)
            (self.by_epoch if whole else self.by_step)[name] = points
        for name, points in training.batches.items():
            if points:
                self.by_step[f"{name} (batch)" if name in self.by_step else name] = points
        self.started, self.ended = self._span()

    def _span(self) -> tuple[datetime | None, datetime | None]:
        """When the training began and ended; what the tool says otherwise goes to the rest."""
        training = self.training
        all_points = (*self.by_epoch.values(), *self.by_step.values())
        times = [point.time for points in all_points for point in points if point.time]
        started, ended = training.started, training.ended
        if started and times and min(times) < started:
            self.more["logged start"] = started.isoformat()
            started = min(times)
        latest = max([*times, *([started] if started else [])], default=None)
        if ended and latest and ended < latest:
            self.more["logged end"] = ended.isoformat()
            ended = latest
        return started, ended

    def say(self) -> None:
        self._agents()
        self._execution()
        rate_name = {self.named[name]: name for name in self.by_epoch}
        series = {self.named[name]: points for name, points in self.by_epoch.items()}
        known = names.settings(self.training.settings)
        known = {name: one for name, one in known.items() if fits(name, one)}
        values = {name: typed(name, one) for name, one in known.items()}
        epochs = Epochs(self.local, series, self.started, values)
        data = self._files()
        self._training(epochs, data)
        summed = epochs.say(self.training.tool)
        steps = {
            name: say_series(self.local, name, points) for name, points in self.by_step.items()
        }
        self._summary(len(epochs.numbers), summed, steps, rate_name)
        if self.training.results:
            self._results()

    def _agents(self) -> None:
        training, says, local = self.training, self.says, self.local
        kind = "-".join(_WORDS.findall(training.tool.lower()))
        tool = says.agent(kind, training.version or "unknown")
        label = f"{training.tool} {training.version}".strip()
        says.node(tool, (Dnnprov.CaptureLibrary, Prov.SoftwareAgent, Prov.Agent))
        says.node(tool, (), (RDFS_LABEL, label))
        agents = {"library": tool}
        if training.person:
            agents["person"] = says.name("person", training.person)
            person = (Dnnprov.Scientist, Prov.Person, Prov.Agent)
            says.node(agents["person"], person, (RDFS_LABEL, training.person))
        if training.host:
            agents["machine"] = says.name("machine", training.host)
            machine = (Dnnprov.Machine, Prov.Agent)
            says.node(agents["machine"], machine, (RDFS_LABEL, training.host))
        for kind, agent in agents.items():
            association = local(f"association-{kind}")
            says.link(local("execution"), Prov.wasAssociatedWith, agent)
            says.link(local("execution"), Prov.qualifiedAssociation, association)
            plan = (Prov.hadPlan, local("dataflow") if kind == "person" else None)
            says.node(association, (Prov.Association,), (Prov.agent, agent), plan)

    def _execution(self) -> None:
        training, says, local = self.training, self.says, self.local
        says.node(
            local("dataflow"),
            (Dnnprov.Dataflow, Prov.Plan, Prov.Entity),
            (Dnnprov.tag, training.name or training.key),
        )
        for transformation in ("trainingmodel", "adaptation"):
            iri = local("dataflow", transformation)
            says.link(local("dataflow"), Dnnprov.hasTransformation, iri)
            kinds = (Dnnprov.DataTransformation, Prov.Plan, Prov.Entity)
            says.node(iri, kinds, (Dnnprov.tag, transformation))
        status = _STATUS.get(training.status, training.status)
        if status and not (self.ended and status in _STATUSES):
            self.more.setdefault("status", training.status)
            status = ""
        execution = local("execution")
        says.node(
            execution,
            (Dnnprov.ExecuteDataflow, Prov.Activity),
            (RDFS_LABEL, training.name or None),
            (Dnnprov.status, status or None),
            (Prov.startedAtTime, self.started),
            (Prov.endedAtTime, self.ended),
        )
        says.node(local("training"), (), (Dnnprov.status, status or None))
        says.rest(execution, self.more)
        self._around(execution)

    def _around(self, execution: Iri) -> None:
        """The code that ran, and what the execution is part of."""
        training, says, local = self.training, self.says, self.local
        if training.commit:
            code = (Dnnprov.SourceCode, Prov.Entity)
            says.node(local("code"), code, (Dnnprov.gitCommit, training.commit))
            says.link(execution, Prov.used, local("code"))
            says.link(execution, Dnnprov.ranCode, local("code"))
        if training.parent:
            parent = says.name("run", training.parent, "execution")
            says.node(parent, (Prov.Activity,))
            says.link(execution, Prov.wasInformedBy, parent)
        if training.campaign:
            campaign = says.name("campaign", training.campaign)
            kinds = (Dnnprov.Campaign, Prov.Collection, Prov.Entity)
            says.node(campaign, kinds, (RDFS_LABEL, training.campaign))
            says.link(campaign, Prov.hadMember, self.graph)
            says.node(self.graph, (Prov.Bundle, Prov.Entity))
            says.link(execution, Dnnprov.partOfCampaign, campaign)

    def _training(self, epochs: Epochs, data: Sequence[Iri]) -> None:
        says, local, known = self.says, self.local, epochs.settings
        says.node(
            local("architecture"),
            (Dnnprov.ModelArchitecture, Prov.Plan, Prov.Collection, Prov.Entity),
        )
        own = {name: one for name, one in self.training.settings.items() if name not in known}
        says.node(
            local("config-0"),
            (Dnnprov.iTraining, Prov.Collection, Prov.Entity),
            *setting_values(Names("", says.base), says, {**known, **own}),
        )
        training = local("training")
        says.node(
            training,
            (Dnnprov.Training, Prov.Activity),
            (Dnnprov.partOfExecution, local("execution")),
            (Dnnprov.ofTransformation, local("dataflow", "trainingmodel")),
            (Prov.wasInformedBy, local("execution")),
            (Prov.startedAtTime, self.started),
            (Prov.endedAtTime, self.ended),
            *((SETTINGS[name], known[name]) for name in SHORTCUTS if name in known),
        )
        says.link(training, Prov.used, local("config-0"), local("architecture"), *data)

    def _files(self) -> list[Iri]:
        """Say the files; gives those that the training used."""
        says, local = self.says, self.local
        used: list[Iri] = []
        models: list[Iri] = []
        for number, file in enumerate(self.training.files):
            iri = local(f"file-{number}")
            origin = "execution" if file.role == "file" else "training"
            made = None if file.role == "dataset" else (Prov.wasGeneratedBy, local(origin))
            kinds = {"model": (Dnnprov.TrainedModel,), "dataset": (Dnnprov.Dataset,)}
            says.node(
                iri,
                (*kinds.get(file.role, ()), Dnnprov.File, Prov.Entity),
                (Dnnprov.path, file.path),
                (Dnnprov.sha256, file.sha256),
                (Dnnprov.byteSize, file.size),
                *((made, (Prov.generatedAtTime, self.ended)) if made else ()),
            )
            for algorithm, digest in file.digests.items():
                says.json(iri, says.property("attribute", f"digest {algorithm}"), digest)
            says.rest(iri, file.more)
            {"dataset": used, "model": models}.get(file.role, []).append(iri)
        for model in models:
            says.link(model, Prov.wasDerivedFrom, local("architecture"), *used)
            says.link(model, Dnnprov.hasArchitecture, local("architecture"))
        return used

    def _summary(
        self,
        epochs: int,
        summed: Mapping[str, Series],
        steps: Mapping[str, Series],
        reported: Mapping[str, str],
    ) -> None:
        """What each metric came to, by the names that ``reported`` has for those of Keras."""
        says, local = self.says, self.local
        says.node(
            local("summary"),
            (Dnnprov.RunSummary, Prov.Collection, Prov.Entity),
            (Prov.wasGeneratedBy, local("training")),
            (Dnnprov.epochCount, epochs),
        )
        of_steps = ((self.named.get(name, name), name, one) for name, one in steps.items())
        of_epochs = ((name, reported[name], one) for name, one in summed.items())
        for place, (name, own, series) in enumerate((*of_epochs, *of_steps)):
            found = series.summary()
            minimum, at_minimum = found.minimum or (None, None)
            maximum, at_maximum = found.maximum or (None, None)
            by_epoch = place < len(summed)
            iri = local("summary" if by_epoch else "summary of steps", name)
            says.link(local("summary"), Prov.hadMember, iri)
            says.node(
                iri,
                (Dnnprov.MetricSummary, Prov.Entity),
                (RDFS_LABEL, own),
                (Dnnprov.ofMetric, Iri(local.metric(name))),
                (Dnnprov.minimum, minimum),
                (Dnnprov.minimumEpoch, at_minimum if by_epoch else None),
                (Dnnprov.maximum, maximum),
                (Dnnprov.maximumEpoch, at_maximum if by_epoch else None),
                (Dnnprov.mean, found.mean),
                (Dnnprov.last, found.last),
            )

    def _results(self) -> None:
        says, local = self.says, self.local
        told = {name: as_double(one) for name, one in self.training.results.items()}
        values: list[tuple[str, Value]] = [(local.metric(name), one) for name, one in told.items()]
        says.node(
            local("results"),
            (Prov.Entity,),
            (RDFS_LABEL, "Values that belong to no step"),
            (Prov.wasGeneratedBy, local("training")),
            *values,
        )
