"""One trial of Keras-Prov's database, said in the terms of a run of kprov's own.

A rate is adapted where it differs from the one before, in 32 bits: Keras-Prov compared one of 32
with one of 64, and so wrote a row for each epoch. The rows that change nothing are kept as
attributes of the epochs.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from kprov_capture.dataflow import BUILT_IN
from kprov_capture.facts import Change, Layer
from kprov_capture.nquads import Iri, Value, instant
from kprov_capture.series import Series
from kprov_capture.statements import (
    SHORTCUTS,
    config_name,
    epoch_names,
    fits,
    setting_values,
    typed,
)
from kprov_capture.statements_change import adaptation
from kprov_capture.statements_data import testing
from kprov_capture.statements_dataflow import plan
from kprov_capture.statements_model import architecture
from kprov_capture.terms import RDFS_LABEL, SETTINGS, TYPES, Dnnprov, Prov
from kprov_rdf.exchange.foreign.dump import (
    TASK,
    Flow,
    Row,
    Told,
    number,
    seconds,
    text,
    time_of,
)
from kprov_rdf.exchange.foreign.names import RATE, same_rate
from kprov_rdf.exchange.foreign.record import Record
from kprov_rdf.exchange.foreign.trials import Trial, elapsed_of, epoch_of
from kprov_rdf.exchange.foreign.usertasks import UserTasks
from kprov_rdf.exchange.statements import Statements

_FAILED = "FINISHED_WITH_ERROR"  # the column holds ten letters of it
_STATUS = {"FINISHED": "FINISHED", _FAILED[:10]: _FAILED, _FAILED: _FAILED}
_NAMES = {"num_epochs": "epochs"}


def execution(
    says: Statements,
    names: Record,
    iri: str,
    flow: Flow,
    span: tuple[float | None, float | None],
) -> None:
    """Say the execution of a dataflow, from when to when it was, and the plan of it."""
    says.add(plan(names, iri, flow.plan))
    planned = {one.tag for one in flow.plan.transformations}
    for step in (one for one in BUILT_IN if one not in planned):
        transformation = f"{iri}#{step}"
        says.link(iri, Dnnprov.hasTransformation, transformation)
        kinds = (Dnnprov.DataTransformation, Prov.Plan, Prov.Entity)
        says.node(transformation, kinds, (Dnnprov.tag, step))
    started, ended = span
    tool = says.agent("tool", "Keras-Prov")
    says.node(tool, (Prov.SoftwareAgent, Prov.Agent), (RDFS_LABEL, "Keras-Prov"))
    says.node(
        names.execution,
        (Dnnprov.ExecuteDataflow, Prov.Activity),
        (RDFS_LABEL, flow.tag),
        (Prov.startedAtTime, None if started is None else instant(started)),
        (Prov.endedAtTime, None if ended is None else instant(ended)),
        (Prov.wasAssociatedWith, tool),
        (Prov.qualifiedAssociation, Iri(names("association"))),
    )
    says.node(
        names("association"),
        (Prov.Association,),
        (Prov.agent, tool),
        (Prov.hadPlan, Iri(iri)),
    )


class Said:
    """One trial, said in the terms of a run.

    ``tasks`` are the ids of those that are its, ``last`` whether it is the last one of its task,
    of which the status is.
    """

    def __init__(
        self,
        says: Statements,
        names: Record,
        database: Told,
        flow: Flow,
        trial: Trial,
        tasks: Sequence[int],
        last: bool,
    ) -> None:
        self.says = says
        self.names = names
        self.database = database
        self.flow = flow
        self.trial = trial
        self.tasks = tasks
        self.last = last
        self.iri = names.dataflow(flow.tag, flow.plan.specification())
        self.settings = dict(self._settings())
        self.rate = self._initial()
        self.changes = self._changes()

    def keep(self, subject: str, kind: str, row: Row, *told: str) -> None:
        """Keep the cells of a row that are not said otherwise, under the name of its set."""
        rest = {name: cell for name, cell in row.items() if name not in told and cell is not None}
        if rest:
            self.says.json(subject, self.says.property("attribute", kind), rest)

    def _settings(self) -> Iterator[tuple[str, Value]]:
        for column, cell in self.trial.began.items():
            name = _NAMES.get(column, column)
            if column == "id" or column.endswith((TASK, "timestamp")) or text(cell) is None:
                continue
            value: Value | None = number(cell) if TYPES.get(name, str) in (int, float) else cell
            whole = isinstance(value, float) and TYPES.get(name) is int and value.is_integer()
            yield name, int(value) if whole else cell if value is None else value  # type: ignore

    def _initial(self) -> float | None:
        found = self.settings.get(RATE)
        return float(found) if isinstance(found, int | float) else None

    def _changes(self) -> list[tuple[Change, Row]]:
        """The adaptations that changed the rate, in order."""
        found: list[tuple[Change, Row]] = []
        before, rate = self._epochs_before(), self.rate
        times = {epoch_of(row): _began(row) for row in self.trial.epochs}
        for row in self.trial.adaptations:
            new, epoch = number(row.get("new_lrate")), epoch_of(row)
            at = time_of(row) or times.get(epoch) or self.trial.start
            if new is None or at is None or (rate is not None and same_rate(rate, new)):
                continue
            if rate is None:  # the rate that the training began with was not kept
                rate = math.nan
            after = before.get(epoch) if epoch is not None else None
            change = Change(
                len(found) + 1, epoch, after, at, rate, new, "schedule", "LearningRateScheduler"
            )
            found.append((change, row))
            rate = new
        return found

    def _epochs_before(self) -> dict[int | None, int | None]:
        """Of each epoch the one before it."""
        numbers = sorted({one for row in self.trial.epochs if (one := epoch_of(row)) is not None})
        return dict(zip(numbers, [None, *numbers], strict=False))

    def say(self) -> None:
        ends = [time for row in self.trial.epochs if (time := time_of(row)) is not None]
        ended = max(ends, default=None)
        rest = [*self.trial.tests, *(row for rows in self.trial.others.values() for row in rows)]
        times = [time for row in rest if (time := time_of(row)) is not None] + ends
        times += [self.trial.start] if self.trial.start is not None else []
        span = min(times, default=None), max(times, default=None)
        execution(self.says, self.names, self.iri, self.flow, span)
        self._training(ended)
        self._layers()
        optimizer = self.settings.get("optimizer_name")
        for change, row in self.changes:
            self.says.add(adaptation(self.names, self.iri, change, optimizer))
            activity = self.names(f"adaptation-{change.number}")
            self.keep(activity, "ds_oadaptation", row, "new_lrate")
        self._epochs()
        for place, row in enumerate(self.trial.tests, 1):
            self._test(place, row)
        self._tasks()

    def _training(self, ended: float | None) -> None:
        names, says, config = self.names, self.says, config_name(self.names, 0)
        planned, ran = self.settings.get("epochs"), len(self.trial.epochs)
        task = self._task("trainingmodel")
        status = _STATUS.get(text(task.get("status")) or "") if self.last else None
        if isinstance(planned, int) and ran >= planned:
            status = "FINISHED"
        says.node(
            names.architecture, (Dnnprov.ModelArchitecture, Prov.Plan, Prov.Collection, Prov.Entity)
        )
        says.node(
            config,
            (Dnnprov.iTraining, Prov.Collection, Prov.Entity),
            *setting_values(names, says, self.settings),
        )
        identifier = task.get("identifier")
        says.node(
            names.training,
            (Dnnprov.Training, Prov.Activity),
            (Dnnprov.partOfExecution, Iri(names.execution)),
            (Dnnprov.ofTransformation, Iri(f"{self.iri}#trainingmodel")),
            (Dnnprov.taskIdentifier, identifier if isinstance(identifier, int) else None),
            (Dnnprov.status, status),
            (Prov.wasInformedBy, Iri(names.execution)),
            (Prov.startedAtTime, None if self.trial.start is None else instant(self.trial.start)),
            (Prov.endedAtTime, instant(ended) if ended and status else None),
            *(
                (SETTINGS[name], typed(name, self.settings[name]))
                for name in SHORTCUTS
                if name in self.settings and fits(name, self.settings[name])
            ),
        )
        says.link(names.training, Prov.used, config, names.architecture)
        told = [c for c in self.trial.began if _NAMES.get(c, c) in self.settings]
        self.keep(names.training, "ds_itrainingmodel", self.trial.began, *told)

    def _task(self, transformation: str) -> Row:
        """The task of one of the built-in transformations that this trial was."""
        rows = [self.trial.began, *self.trial.epochs[:1]]
        for row in rows:
            key = row.get(transformation + TASK)
            if isinstance(key, int) and key in self.flow.tasks:
                return self.flow.tasks[key]
        return {}

    def _layers(self) -> None:
        layers = []
        for place, row in enumerate(self.trial.layers):
            name, kind = text(row.get("name")) or str(place), text(row.get("attribute_type")) or ""
            value = row.get("value")
            dropout = number(value) if kind == "dropout" else None
            layers.append(
                Layer(
                    f"{place}-{name}",
                    None,
                    name,
                    kind,
                    place,
                    activation=text(value) if dropout is None else None,
                    dropout_rate=dropout,
                )
            )
            self.keep(self.names.architecture, "ds_ilayers", row, "name", "attribute_type", "value")
        self.says.add(architecture(self.names, layers, None))

    def _epochs(self) -> None:
        real = {id(row) for _, row in self.changes}
        repeated: dict[int | None, list[Row]] = defaultdict(list)
        for row in self.trial.adaptations:
            if id(row) not in real:
                repeated[epoch_of(row)].append(row)
        summed: dict[str, Series] = {}
        lasted: list[float] = []
        ahead = [change for change, _ in self.changes]
        config, rate = 0, self.rate
        for place, row in enumerate(self.trial.epochs):
            epoch = epoch_of(row)
            count = place if epoch is None else epoch
            while ahead and (ahead[0].epoch or 0) <= count:
                change = ahead.pop(0)
                config, rate = change.number, number(str(change.new))
            elapsed = self._epoch(count, row, config, rate, summed)
            lasted += [elapsed] if elapsed is not None else []
            for again in repeated.pop(count, ()):
                self.keep(epoch_names(self.names, count)[0], "ds_oadaptation", again)
        numbers = sorted({one for row in self.trial.epochs if (one := epoch_of(row)) is not None})
        self.says.notes += (
            f"the epochs of {self.flow.tag} go from {one} to {other}"
            for one, other in pairwise(numbers)
            if other > one + 1
        )
        elsewhere = [row for rows in repeated.values() for row in rows]
        for row in elsewhere:
            self.keep(self.names.training, "ds_oadaptation", row)
        unchanged = len(self.trial.adaptations) - len(self.changes)
        if unchanged:
            where = "epochs" if not elsewhere else "epochs and of the training"
            self.says.notes.append(
                f"{unchanged} of the {len(self.trial.adaptations)} adaptations of {self.flow.tag} "
                f"did not change the rate: kept as attributes of the {where}"
            )
        self._summary(summed, lasted)

    def _epoch(
        self, count: int, row: Row, config: int, rate: float | None, summed: dict[str, Series]
    ) -> float | None:
        activity, reported = epoch_names(self.names, count)
        ended, elapsed, began = time_of(row), elapsed_of(row), _began(row)
        self.says.node(
            activity,
            (Dnnprov.EpochExecution, Prov.Activity),
            (Dnnprov.partOfTraining, Iri(self.names.training)),
            (Prov.wasInformedBy, Iri(self.names.training)),
            (Prov.used, Iri(config_name(self.names, config))),
            (Prov.startedAtTime, None if began is None else instant(began)),
            (Prov.endedAtTime, None if ended is None else instant(ended)),
        )
        metrics = dict(_metrics(row))
        for name, value in metrics.items():
            summed.setdefault(name, Series()).add(value, count)
        self.says.node(
            reported,
            (Dnnprov.oTraining, Prov.Entity),
            (Prov.wasGeneratedBy, Iri(activity)),
            (Dnnprov.epoch, count),
            (Dnnprov.elapsedTime, elapsed),
            (Dnnprov.learningRate, rate),
            *((self.names.metric(name), value) for name, value in metrics.items()),
        )
        told = ("epoch", "epoch_id", "elapsed_time") if elapsed is not None else ("epoch_id",)
        self.keep(activity, "ds_otrainingmodel", row, *told, *metrics)
        return elapsed

    def _summary(self, summed: dict[str, Series], lasted: list[float]) -> None:
        names, says = self.names, self.says
        says.node(
            names("summary"),
            (Dnnprov.RunSummary, Prov.Collection, Prov.Entity),
            (Prov.wasGeneratedBy, Iri(names.training)),
            (Dnnprov.epochCount, len(self.trial.epochs)),
            (Dnnprov.meanEpochTime, math.fsum(lasted) / len(lasted) if lasted else None),
        )
        for name, one in summed.items():
            found, iri = one.summary(), names(f"summary-{name}")
            says.link(names("summary"), Prov.hadMember, iri)
            lowest, at_lowest = found.minimum or (None, None)
            highest, at_highest = found.maximum or (None, None)
            says.node(
                iri,
                (Dnnprov.MetricSummary, Prov.Entity),
                (Dnnprov.ofMetric, Iri(names.metric(name))),
                (Dnnprov.minimum, lowest),
                (Dnnprov.minimumEpoch, at_lowest),
                (Dnnprov.maximum, highest),
                (Dnnprov.maximumEpoch, at_highest),
                (Dnnprov.mean, found.mean),
                (Dnnprov.last, found.last),
            )

    def _test(self, place: int, row: Row) -> None:
        """A test of the model that the training left; of neither it nor the data more is kept."""
        names, says = self.names, self.says
        metrics = dict(_metrics(row))
        at = time_of(row) or self.trial.start or 0.0
        told = {name.removeprefix("otest_"): value for name, value in metrics.items()}
        says.node(
            names.model,
            (Dnnprov.TrainedModel, Prov.Entity),
            (Prov.wasGeneratedBy, Iri(names.training)),
            (Prov.wasDerivedFrom, Iri(names.architecture)),
            (Dnnprov.hasArchitecture, Iri(names.architecture)),
        )
        says.node(names("test-set"), (Dnnprov.TestSet, Dnnprov.Dataset, Prov.Entity))
        says.add(testing(names, self.iri, place, at, at, "test-set", told))
        self.keep(names(f"testing-{place}"), "ds_otestingmodel", row, *metrics)

    def _tasks(self) -> None:
        """The tasks of the built-in transformations as they are, and those of the user's own."""
        says, execution_tag = self.says, text(self._task("trainingmodel").get("df_exec"))
        says.node(self.names.execution, (), (Dnnprov.execTag, execution_tag))
        own = {"trainingmodel": "training"}
        own |= {"adaptation": "adaptation-1"} if self.changes else {}
        own |= {"testingmodel": "testing-1"} if self.trial.tests else {}
        others = []
        for key in self.tasks:
            row = self.flow.tasks.get(key, {})
            if row.get("transformation") not in BUILT_IN:
                others += [key] if row else []
                continue
            told = {one: self.database.told_of(one, key) for one in ("file", "performance")}
            kept = row | {name: rows for name, rows in told.items() if rows}
            says.json(self.names.execution, says.property("attribute", "task"), kept)
        tasks = UserTasks(says, self.names, self.iri, self.database, self.flow, own)
        tasks.say(self.trial.others, others)


def _began(row: Row) -> float | None:
    ended, lasted = time_of(row), elapsed_of(row)
    return seconds(ended - (lasted or 0)) if ended is not None else None


def _metrics(row: Row) -> Iterator[tuple[str, float]]:
    """The columns of a row that are metrics, and were reported."""
    for column, cell in row.items():
        if column in ("id", "epoch", "epoch_id", "elapsed_time") or column.endswith(
            (TASK, "timestamp")
        ):
            continue
        if (value := number(cell)) is not None:
            yield column, value
