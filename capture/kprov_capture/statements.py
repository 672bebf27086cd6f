"""Facts of a run as PROV-O statements: pure functions from values to N-Quads.

Each function returns the text of one batch. Every node has its PROV class and
every relation its PROV property beside the DNNProv one, so that PROV alone
tells the story. There are no blank nodes. Times are seconds since 1970.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real

from kprov_capture.dataflow import BUILT_IN
from kprov_capture.facts import Agent, Change, Layer, MetricSummary
from kprov_capture.identity import Names, ncname
from kprov_capture.nquads import Graph, Iri, Value, as_double, instant
from kprov_capture.terms import (
    DCTERMS_CREATED,
    METRICS,
    OWL_DATATYPE_PROPERTY,
    RDFS_LABEL,
    SETTINGS,
    TYPES,
    Dnnprov,
    Prov,
)

# Settings that are also said of the training itself, so that questions need no second hop.
SHORTCUTS = (
    "optimizer_name", "learning_rate", "batch_size", "epochs", "num_layers", "momentum", "decay",
)  # fmt: skip


def epoch_names(names: Names, epoch: int) -> tuple[str, str]:
    """The IRIs of an epoch and of its metrics."""
    return names(f"epoch-{epoch}"), names(f"metrics-{epoch}")


def config_name(names: Names, number: int) -> str:
    return names(f"config-{number}")


def opening(
    names: Names,
    tag: str,
    dataflow: str,
    started: float,
    library: Agent,
    person: Agent,
    machine: Agent,
    campaign: str | None = None,
) -> str:
    """The record itself in the catalog; the agents, the dataflow and the execution in the run."""
    library_iri = names.agent(library.kind, library.name)
    person_iri = names.agent(person.kind, person.name)
    machine_iri = names.agent(machine.kind, machine.name)

    catalog = Graph(names.catalog)
    catalog.node(
        names.run,
        (Prov.Bundle, Prov.Entity),
        (DCTERMS_CREATED, instant(started)),
        (RDFS_LABEL, f"Record of a run of {tag}"),
        (Prov.wasAttributedTo, Iri(library_iri)),
    )
    library_types = (Dnnprov.CaptureLibrary, Prov.SoftwareAgent, Prov.Agent)
    catalog.node(library_iri, library_types)

    run = Graph(names.run)
    run.node(person_iri, (Dnnprov.Scientist, Prov.Person, Prov.Agent), (RDFS_LABEL, person.label))
    run.node(library_iri, library_types, (RDFS_LABEL, library.label))
    run.node(
        machine_iri,
        (Dnnprov.Machine, Prov.Agent),
        (RDFS_LABEL, machine.label),
        *machine.properties.items(),
    )
    # The library acts for this person in this execution only: an unscoped
    # delegation would, once merged, cover other people's runs.
    run.link(library_iri, Prov.qualifiedDelegation, names("delegation"))
    run.node(
        names("delegation"),
        (Prov.Delegation,),
        (Prov.agent, Iri(person_iri)),
        (Prov.hadActivity, Iri(names.execution)),
    )
    for kind, agent in (("person", person_iri), ("library", library_iri), ("machine", machine_iri)):
        association = names(f"association-{kind}")
        run.link(names.execution, Prov.wasAssociatedWith, agent)
        run.link(names.execution, Prov.qualifiedAssociation, association)
        plan = (Prov.hadPlan, Iri(dataflow) if kind == "person" else None)
        run.node(association, (Prov.Association,), (Prov.agent, Iri(agent)), plan)

    run.node(dataflow, (Dnnprov.Dataflow, Prov.Plan, Prov.Entity), (Dnnprov.tag, tag))
    for transformation in BUILT_IN:
        iri = f"{dataflow}#{transformation}"
        run.link(dataflow, Dnnprov.hasTransformation, iri)
        run.node(
            iri,
            (Dnnprov.DataTransformation, Prov.Plan, Prov.Entity),
            (Dnnprov.tag, transformation),
        )
    run.node(
        names.execution,
        (Dnnprov.ExecuteDataflow, Prov.Activity),
        (Prov.startedAtTime, instant(started)),
    )
    if campaign is not None:
        iri = names.campaign(campaign)
        run.node(iri, (Dnnprov.Campaign, Prov.Collection, Prov.Entity), (RDFS_LABEL, campaign))
        run.link(names.execution, Dnnprov.partOfCampaign, iri)
        # Its members are records: what PROV calls bundles.
        run.link(iri, Prov.hadMember, names.run)
    return catalog.text() + run.text()


def closing(names: Names, ended: float, status: str) -> str:
    """The end of the execution, and of the record."""
    run, catalog = Graph(names.run), Graph(names.catalog)
    run.node(names.execution, (), (Dnnprov.status, status), (Prov.endedAtTime, instant(ended)))
    catalog.node(names.run, (), (Prov.generatedAtTime, instant(ended)))
    return run.text() + catalog.text()


def property_for(names: Names, graph: Graph, kind: str, name: str, declared: bool = True) -> str:
    """The property for a metric or setting; one that is not declared is declared here."""
    known = (METRICS if kind == "metric" else SETTINGS).get(name)
    if known and declared:
        return known
    iri = names.custom(kind, name)
    types = {"metric": Dnnprov.Metric, "setting": Dnnprov.HyperParameter}
    graph.node(
        iri,
        (types[kind], Prov.Entity, OWL_DATATYPE_PROPERTY),
        (Dnnprov.reportedName, name),
    )
    return iri


def _settings(names: Names, graph: Graph, settings: Mapping[str, Value]) -> list[tuple[str, Value]]:
    """Each setting with its property: one of the run's own where the value has another type."""
    return [
        (property_for(names, graph, "setting", name, _fits(name, value)), _typed(name, value))
        for name, value in settings.items()
    ]


def _number(value: float | None) -> float | None:
    """Keras also takes 0 for 0.0."""
    return None if value is None else as_double(value)


def metric_values(
    names: Names, graph: Graph, metrics: Mapping[str, float]
) -> list[tuple[str, Value]]:
    """Each metric with its property."""
    return [
        (property_for(names, graph, "metric", name), as_double(value))
        for name, value in metrics.items()
    ]


def _typed(name: str, value: Value) -> Value:
    """The value as the type that the ontology declares, where it is such a number.

    Keras takes 1 for 1.0, and NumPy's numbers.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        whole = isinstance(value, Integral) and TYPES.get(name) is not float
        return int(value) if whole else as_double(value)
    return value


def _fits(name: str, value: Value) -> bool:
    """Whether a value has the type that the ontology declares for the setting."""
    kind = TYPES.get(name, object)
    if isinstance(value, bool):
        return kind in (bool, object)
    return isinstance(_typed(name, value), kind)


def _layers(names: Names, graph: Graph, layers: Sequence[Layer]) -> None:
    parents = {layer.parent for layer in layers} | {p for layer in layers for p in layer.also_in}
    for layer in layers:
        iri = names(ncname(f"layer-{layer.path}"))
        types = [Dnnprov.Layer, Prov.Entity]
        if layer.path in parents:
            types.insert(1, Prov.Collection)
        config = None if layer.config is None else json.dumps(layer.config, default=repr)
        graph.node(
            iri,
            types,
            (Dnnprov.layerName, layer.name),
            (Dnnprov.layerType, layer.type),
            (Dnnprov.position, layer.position),
            (Dnnprov.activation, layer.activation),
            (Dnnprov.dropoutRate, _number(layer.dropout_rate)),
            (Dnnprov.outputShape, layer.output_shape),
            (Dnnprov.parameterCount, layer.parameters),
            (Dnnprov.layerConfig, config),
        )
        for parent in (layer.parent, *layer.also_in):
            owner = names.architecture if parent is None else names(ncname(f"layer-{parent}"))
            graph.link(owner, Prov.hadMember, iri)


def training_started(
    names: Names,
    plan: str,
    started: float,
    settings: Mapping[str, Value],
    datasets: Iterable[str],
    after: str | None,
) -> str:
    """The training and its first configuration; the architecture as far as it is named.

    ``datasets`` are the local names of the data that it uses; ``after`` is the
    training that left this model, where there was one.
    """
    graph = Graph(names.run)
    config = config_name(names, 0)
    graph.node(
        names.architecture,
        (Dnnprov.ModelArchitecture, Prov.Plan, Prov.Collection, Prov.Entity),
    )
    graph.node(
        config,
        (Dnnprov.iTraining, Prov.Collection, Prov.Entity),
        *_settings(names, graph, settings),
    )
    graph.node(
        names.training,
        (Dnnprov.Training, Prov.Activity),
        (Dnnprov.partOfExecution, Iri(names.execution)),
        (Dnnprov.ofTransformation, Iri(f"{plan}#trainingmodel")),
        (Prov.wasInformedBy, Iri(names.execution)),
        (Prov.startedAtTime, instant(started)),
        *(
            (SETTINGS[name], _typed(name, settings[name]))
            for name in SHORTCUTS
            if name in settings and _fits(name, settings[name])
        ),
    )
    graph.link(
        names.training, Prov.used, config, names.architecture, *(names(local) for local in datasets)
    )
    if after:
        graph.node(after, (Prov.Activity,))
        graph.link(names.training, Prov.wasInformedBy, after)
    return graph.text()


def architecture(names: Names, layers: Sequence[Layer], parameters: int | None) -> str:
    """The layers of the model; told apart from the training, since a model may be built late."""
    graph = Graph(names.run)
    graph.node(names.architecture, (), (Dnnprov.parameterCount, parameters))
    _layers(names, graph, layers)
    return graph.text()


def epoch(
    names: Names,
    number: int,
    started: float,
    ended: float,
    elapsed: float,
    rate: float | None,
    config: int,
    metrics: Mapping[str, float],
) -> str:
    """One epoch and its metrics: 12 statements, and one for each metric and the rate."""
    graph = Graph(names.run)
    activity, reported = epoch_names(names, number)
    graph.node(
        activity,
        (Dnnprov.EpochExecution, Prov.Activity),
        (Dnnprov.partOfTraining, Iri(names.training)),
        (Prov.wasInformedBy, Iri(names.training)),
        (Prov.used, Iri(config_name(names, config))),
        (Prov.startedAtTime, instant(started)),
        (Prov.endedAtTime, instant(ended)),
    )
    graph.node(
        reported,
        (Dnnprov.oTraining, Prov.Entity),
        (Prov.wasGeneratedBy, Iri(activity)),
        (Dnnprov.epoch, number),
        (Dnnprov.elapsedTime, as_double(elapsed)),
        (Dnnprov.learningRate, _number(rate)),
        *metric_values(names, graph, metrics),
    )
    return graph.text()


_ADAPTATIONS = {
    "schedule": (Dnnprov.ScheduledAdaptation, Dnnprov.Adaptation, Prov.Activity),
    "rule": (Dnnprov.RuleAdaptation, Dnnprov.Adaptation, Prov.Activity),
    "other": (Dnnprov.Adaptation, Prov.Activity),
}


def adaptation(names: Names, plan: str, change: Change, optimizer: Value | None) -> str:
    """A change of the rate: the activity, and the configuration that it generated.

    That configuration says what changed; the rest is said of the one that it revises.
    """
    graph = Graph(names.run)
    activity = names(f"adaptation-{change.number}")
    before = config_name(names, change.number - 1)
    after = config_name(names, change.number)
    # A rule that acted before any epoch ended watched nothing that is recorded.
    watched_none = change.kind == "rule" and change.after_epoch is None
    graph.node(
        activity,
        _ADAPTATIONS["other" if watched_none else change.kind],
        (Dnnprov.partOfExecution, Iri(names.execution)),
        (Dnnprov.ofTransformation, Iri(f"{plan}#adaptation")),
        (Dnnprov.adapts, Iri(names.training)),
        (Dnnprov.technique, change.technique),
        (Dnnprov.reason, change.reason),
        (Dnnprov.monitoredMetric, change.monitor),
        (Dnnprov.patience, change.patience),
        (Dnnprov.factor, _number(change.factor)),
        (Dnnprov.bestValue, _number(change.best)),
        (Prov.used, Iri(before)),
        (Prov.startedAtTime, instant(change.at)),
        (Prov.endedAtTime, instant(change.at)),
    )
    if change.after_epoch is not None:
        informed_by, watched = epoch_names(names, change.after_epoch)
        graph.link(activity, Prov.wasInformedBy, informed_by)
        if change.kind == "rule":
            graph.link(activity, Prov.used, watched)
    graph.node(
        after,
        (Dnnprov.iTraining, Dnnprov.oAdaptation, Prov.Collection, Prov.Entity),
        (Prov.wasGeneratedBy, Iri(activity)),
        (Prov.wasDerivedFrom, Iri(before)),
        (Prov.wasRevisionOf, Iri(before)),
        (Dnnprov.adaptedProperty, Iri(Dnnprov.learningRate)),
        (Dnnprov.epoch, change.epoch),
        (Dnnprov.oldValue, as_double(change.old)),
        (Dnnprov.newValue, as_double(change.new)),
        (Dnnprov.optimizerName, optimizer),
        (Dnnprov.learningRate, as_double(change.new)),
    )
    graph.link(names.training, Prov.wasInformedBy, activity)
    graph.link(names.training, Prov.used, after)
    return graph.text()


def training_ended(
    names: Names,
    ended: float,
    status: str,
    error: str | None,
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
        (Dnnprov.status, status),
        (Dnnprov.error, error),
        (Prov.endedAtTime, instant(ended)),
    )
    graph.node(
        names.model,
        (Dnnprov.TrainedModel, Prov.Entity),
        (Prov.wasGeneratedBy, Iri(names.training)),
        (Prov.generatedAtTime, instant(ended)),
        (Prov.wasDerivedFrom, Iri(names.architecture)),
    )
    graph.link(names.model, Prov.wasDerivedFrom, *(names(local) for local in datasets))
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
    return graph.text()
