"""Facts about what changes and what ends a training as PROV-O statements.

Like :mod:`kprov_capture.statements`: pure functions that return the text of one batch.
"""

from collections.abc import Iterable, Mapping

from kprov_capture.facts import Change, Earlier, Ending, MetricSummary, Stop
from kprov_capture.identity import Names, ncname
from kprov_capture.nquads import Graph, Iri, Value, instant
from kprov_capture.statements import (
    config_name,
    epoch_names,
    fits,
    property_for,
    real,
    typed,
)
from kprov_capture.statements_model import restoration
from kprov_capture.terms import Dnnprov, Prov


def _revised(
    names: Names, graph: Graph, setting: str, old: Value, new: Value
) -> list[tuple[str, Value]]:
    """What a configuration says that differs from the one before in one setting."""
    declared = fits(setting, old) and fits(setting, new)
    iri = property_for(names, graph, "setting", setting, declared)
    before, after = typed(setting, old), typed(setting, new)
    if isinstance(before, float) != isinstance(after, float):  # 1, and then 0.5
        before, after = (
            float(one) if isinstance(one, int) and not isinstance(one, bool) else one
            for one in (before, after)
        )
    return [
        (Dnnprov.adaptedProperty, Iri(iri)),
        (Dnnprov.oldValue, before),
        (Dnnprov.newValue, after),
        (iri, after),
    ]


_ADAPTATIONS = {
    "schedule": (Dnnprov.ScheduledAdaptation, Dnnprov.Adaptation, Prov.Activity),
    "rule": (Dnnprov.RuleAdaptation, Dnnprov.Adaptation, Prov.Activity),
    "other": (Dnnprov.Adaptation, Prov.Activity),
}


def _adapt(
    names: Names,
    graph: Graph,
    plan: str,
    activity: str,
    kinds: Iterable[str],
    at: float,
    configs: tuple[str, str],
    told: Iterable[tuple[str, Value | None]],
    revised: Iterable[tuple[str, Value | None]],
) -> None:
    """The activity, of which ``told`` is said, and the second configuration that it made of
    the first; that says what ``revised`` does, and the rest is said of the first."""
    before, after = configs
    graph.node(
        activity,
        kinds,
        (Dnnprov.partOfExecution, Iri(names.execution)),
        (Dnnprov.ofTransformation, Iri(f"{plan}#adaptation")),
        (Dnnprov.adapts, Iri(names.training)),
        *told,
        (Prov.used, Iri(before)),
        (Prov.startedAtTime, instant(at)),
        (Prov.endedAtTime, instant(at)),
    )
    graph.node(
        after,
        (Dnnprov.iTraining, Dnnprov.oAdaptation, Prov.Collection, Prov.Entity),
        (Prov.wasGeneratedBy, Iri(activity)),
        (Prov.wasDerivedFrom, Iri(before)),
        (Prov.wasRevisionOf, Iri(before)),
        *revised,
    )
    graph.link(names.training, Prov.wasInformedBy, activity)


def adaptation(names: Names, plan: str, change: Change, optimizer: Value | None) -> str:
    """A change of a setting: the activity, and the configuration that it generated."""
    graph = Graph(names.run)
    activity, after = names(f"adaptation-{change.number}"), config_name(names, change.number)
    # A rule that acted before any epoch ended watched nothing that is recorded.
    watched_none = change.kind == "rule" and change.after_epoch is None
    told = (
        (Dnnprov.technique, change.technique),
        (Dnnprov.reason, change.reason),
        (Dnnprov.monitoredMetric, change.monitor),
        (Dnnprov.patience, change.patience),
        (Dnnprov.factor, real(change.factor)),
        (Dnnprov.bestValue, real(change.best)),
        (Dnnprov.step, change.step),
    )
    revised = (
        (Dnnprov.epoch, change.epoch),
        *_revised(names, graph, change.setting, change.old, change.new),
        (Dnnprov.optimizerName, optimizer if change.setting != "optimizer_name" else None),
    )
    kinds = _ADAPTATIONS["other" if watched_none else change.kind]
    configs = config_name(names, change.number - 1), after
    _adapt(names, graph, plan, activity, kinds, change.at, configs, told, revised)
    if change.after_epoch is not None:
        informed_by, watched = epoch_names(names, change.after_epoch)
        graph.link(activity, Prov.wasInformedBy, informed_by)
        if change.kind == "rule":
            graph.link(activity, Prov.used, watched)
    graph.link(names.training, Prov.used, after)
    return graph.text()


def continued(names: Names, plan: str, at: float, earlier: Earlier) -> str:
    """The training goes on from what an earlier one left of the model.

    Settings that were changed in between are adaptations, of which the last one
    generated this training's first configuration.
    """
    graph = Graph(names.run)
    graph.node(earlier.training, (Prov.Activity,))
    graph.link(names.training, Prov.wasInformedBy, earlier.training)
    if not earlier.changes:
        return graph.text()
    before = earlier.config
    graph.node(before, (Dnnprov.iTraining, Prov.Collection, Prov.Entity))
    told = (
        (Dnnprov.technique, "assignment"),
        (Dnnprov.reason, "changed between two calls of fit"),
        (Prov.wasInformedBy, Iri(earlier.training)),
    )
    for count, (setting, old, new) in enumerate(earlier.changes, 1):
        activity = names(f"adaptation-between-{count}")
        last = count == len(earlier.changes)
        after = config_name(names, 0) if last else names(f"config-between-{count}")
        revised = _revised(names, graph, setting, old, new)
        kinds = _ADAPTATIONS["other"]
        _adapt(names, graph, plan, activity, kinds, at, (before, after), told, revised)
        before = after
    return graph.text()


def _stop(names: Names, graph: Graph, stop: Stop, ended: float) -> None:
    """Why a training ended early: the decision, and the signal that it ended by."""
    activity, signal = names("stop"), names("stop-signal")
    graph.node(
        activity,
        (Dnnprov.EarlyTermination, Prov.Activity),
        (Dnnprov.partOfExecution, Iri(names.execution)),
        (Dnnprov.terminates, Iri(names.training)),
        (Dnnprov.technique, stop.technique),
        (Dnnprov.reason, stop.reason),
        (Dnnprov.monitoredMetric, stop.monitor),
        (Dnnprov.patience, stop.patience),
        (Dnnprov.bestValue, real(stop.best)),
        (Prov.startedAtTime, instant(stop.at)),
        (Prov.endedAtTime, instant(ended)),
    )
    if stop.epoch is not None:
        epoch, metrics = epoch_names(names, stop.epoch)
        graph.link(activity, Prov.wasInformedBy, epoch)
        graph.link(activity, Prov.used, metrics)
    graph.node(
        signal,
        (Dnnprov.StopSignal, Prov.Entity),
        (Prov.wasGeneratedBy, Iri(activity)),
        (Prov.generatedAtTime, instant(ended)),
    )
    graph.link(names.training, Prov.wasEndedBy, signal)


def _model(names: Names, graph: Graph, ending: Ending, datasets: Iterable[str]) -> str:
    """The model that the training left; more where it was given back earlier weights."""
    text = ""
    if ending.restored is None:
        graph.node(names.model, (), (Prov.wasGeneratedBy, Iri(names.training)))
        graph.node(names.model, (), (Prov.generatedAtTime, instant(ending.at)))
    else:
        count, epoch, technique = ending.restored
        local = f"checkpoint-{epoch}"
        text = restoration(names, count, ending.at, technique, local, "model")
    graph.node(
        names.model,
        (Dnnprov.TrainedModel, Prov.Entity),
        (Prov.wasDerivedFrom, Iri(names.architecture)),
        (Dnnprov.hasArchitecture, Iri(names.architecture)),
    )
    graph.link(names.model, Prov.wasDerivedFrom, *(names(local) for local in datasets))
    graph.link(names.model, Prov.wasDerivedFrom, *(names(local) for local in ending.resumed))
    for local in ending.pretrained:
        graph.link(names.model, Prov.wasDerivedFrom, names(local))
        graph.link(names.model, Dnnprov.fineTunedFrom, names(local))
    return text


def training_ended(
    names: Names,
    ending: Ending,
    epochs: int,
    mean_time: float | None,
    metrics: Mapping[str, MetricSummary],
    datasets: Iterable[str],
) -> str:
    """The end of the training, the model that it left, and the summary of its metrics."""
    graph = Graph(names.run)
    graph.node(
        names.training,
        (),
        (Dnnprov.status, ending.status),
        (Dnnprov.error, ending.error),
        (Prov.endedAtTime, instant(ending.at)),
    )
    if ending.stop is not None:
        _stop(names, graph, ending.stop, ending.at)
    restored = _model(names, graph, ending, datasets)
    graph.node(
        names("summary"),
        (Dnnprov.RunSummary, Prov.Collection, Prov.Entity),
        (Prov.wasGeneratedBy, Iri(names.training)),
        (Dnnprov.epochCount, epochs),
        (Dnnprov.meanEpochTime, mean_time),
    )
    for name, summary in metrics.items():
        iri = names(ncname(f"summary-{name}"))
        graph.link(names("summary"), Prov.hadMember, iri)
        minimum, at_minimum = summary.minimum or (None, None)
        maximum, at_maximum = summary.maximum or (None, None)
        graph.node(
            iri,
            (Dnnprov.MetricSummary, Prov.Entity),
            (Dnnprov.ofMetric, Iri(property_for(names, graph, "metric", name))),
            (Dnnprov.minimum, minimum),
            (Dnnprov.minimumEpoch, at_minimum),
            (Dnnprov.maximum, maximum),
            (Dnnprov.maximumEpoch, at_maximum),
            (Dnnprov.mean, summary.mean),
            (Dnnprov.last, summary.last),
        )
    return graph.text() + restored
