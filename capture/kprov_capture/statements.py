"""Facts of a run as PROV-O statements: pure functions from values to N-Quads.

Here are the execution, the training and its epochs; data, models and changes have modules
of their own.

Each function returns the text of one batch. Every node has its PROV class and
every relation its PROV property beside the DNNProv one, so that PROV alone
tells the story. There are no blank nodes. Times are seconds since 1970.
"""

from collections.abc import Mapping, Sequence
from numbers import Integral, Real

from kprov_capture import privacy
from kprov_capture.dataflow import BUILT_IN
from kprov_capture.facts import Agent, Rule
from kprov_capture.identity import Names
from kprov_capture.nquads import Graph, Iri, Value, as_double, as_json, instant
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
        campaign_of(names, run, campaign, names.run)
    return catalog.text() + run.text()


def campaign_of(names: Names, graph: Graph, campaign: str, *runs: str) -> None:
    """The execution is part of a campaign, whose members are records: PROV's bundles."""
    iri = names.campaign(campaign)
    graph.node(iri, (Dnnprov.Campaign, Prov.Collection, Prov.Entity), (RDFS_LABEL, campaign))
    graph.link(names.execution, Dnnprov.partOfCampaign, iri)
    for run in runs:
        graph.node(run, (Prov.Bundle, Prov.Entity))
        graph.link(iri, Prov.hadMember, run)


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
    iri = names.custom(kind, str(name))
    types = {"metric": Dnnprov.Metric, "setting": Dnnprov.HyperParameter}
    graph.node(
        iri,
        (types[kind], Prov.Entity, OWL_DATATYPE_PROPERTY),
        (Dnnprov.reportedName, str(name)),
    )
    return iri


def setting_values(
    names: Names, graph: Graph, settings: Mapping[str, Value]
) -> list[tuple[str, Value]]:
    """Each setting with its property: one of the run's own where the value has another type."""
    told = {name: privacy.masked(str(name), value) for name, value in settings.items()}
    return [
        (property_for(names, graph, "setting", name, fits(name, value)), typed(name, value))
        for name, value in told.items()
    ]


def real(value: float | None) -> float | None:
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


def typed(name: str, value: Value) -> Value:
    """The value as the type that the ontology declares, where it is such a number.

    Keras takes 1 for 1.0, and NumPy's numbers.
    """
    if isinstance(value, Real) and not isinstance(value, bool):
        whole = isinstance(value, Integral) and TYPES.get(name) is not float
        return int(value) if whole else as_double(value)
    return value


def fits(name: str, value: Value) -> bool:
    """Whether a value has the type that the ontology declares for the setting."""
    kind = TYPES.get(name, object)
    if isinstance(value, bool):
        return kind in (bool, object)
    return isinstance(typed(name, value), kind)


def training_started(
    names: Names,
    plan: str,
    started: float,
    settings: Mapping[str, Value],
    train: Sequence[str],
    val: Sequence[str],
    rules: Sequence[Rule],
    pretrained: Sequence[str],
) -> str:
    """The training and its first configuration; the architecture as far as it is named.

    ``train``, ``val`` and ``pretrained`` are local names of the data that it fits the
    weights to, of those that it is validated on, and of the models that it began with.
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
        *setting_values(names, graph, settings),
    )
    graph.node(
        names.training,
        (*((Dnnprov.FineTuning,) if pretrained else ()), Dnnprov.Training, Prov.Activity),
        (Dnnprov.partOfExecution, Iri(names.execution)),
        (Dnnprov.ofTransformation, Iri(f"{plan}#trainingmodel")),
        (Prov.wasInformedBy, Iri(names.execution)),
        (Prov.startedAtTime, instant(started)),
        *(
            (SETTINGS[name], typed(name, settings[name]))
            for name in SHORTCUTS
            if name in settings and fits(name, settings[name])
        ),
    )
    data = [names(local) for local in (*train, *val)]
    models = [names(local) for local in pretrained]
    graph.link(names.training, Prov.used, config, names.architecture, *data, *models)
    graph.link(names.training, Dnnprov.trainedOn, *(names(local) for local in train))
    graph.link(names.training, Dnnprov.validatedOn, *(names(local) for local in val))
    for number, rule in enumerate(rules, 1):
        iri = names(f"callback-{number}")
        graph.node(
            iri,
            (Dnnprov.Callback, Prov.Plan, Prov.Entity),
            (RDFS_LABEL, rule.name),
            (Dnnprov.callbackConfig, as_json(rule.config)),
            (Dnnprov.monitoredMetric, rule.monitor),
            (Dnnprov.patience, rule.patience),
        )
        graph.link(names.training, Prov.used, iri)
        graph.link(names.training, Dnnprov.usesCallback, iri)
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
        (Dnnprov.learningRate, real(rate)),
        *metric_values(names, graph, metrics),
    )
    return graph.text()
