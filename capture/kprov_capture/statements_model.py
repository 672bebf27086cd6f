"""Facts about architectures, models and their files as PROV-O statements.

Like :mod:`kprov_capture.statements`: pure functions that return the text of one batch.
"""

from collections.abc import Sequence

from kprov_capture.facts import Layer, Source
from kprov_capture.identity import Names, ncname
from kprov_capture.nquads import Graph, Iri, as_json, instant
from kprov_capture.statements import campaign_of, real
from kprov_capture.terms import Dnnprov, Prov


def _layers(names: Names, graph: Graph, layers: Sequence[Layer]) -> None:
    parents = {layer.parent for layer in layers} | {p for layer in layers for p in layer.also_in}
    for layer in layers:
        iri = names(ncname(f"layer-{layer.path}"))
        types = [Dnnprov.Layer, Prov.Entity]
        if layer.path in parents:
            types.insert(1, Prov.Collection)
        config = None if layer.config is None else as_json(layer.config)
        graph.node(
            iri,
            types,
            (Dnnprov.layerName, layer.name),
            (Dnnprov.layerType, layer.type),
            (Dnnprov.position, layer.position),
            (Dnnprov.activation, layer.activation),
            (Dnnprov.dropoutRate, real(layer.dropout_rate)),
            (Dnnprov.outputShape, layer.output_shape),
            (Dnnprov.parameterCount, layer.parameters),
            (Dnnprov.trainableParameterCount, layer.trainable_parameters),
            (Dnnprov.trainable, layer.trainable),
            (Dnnprov.layerConfig, config),
        )
        for parent in (layer.parent, *layer.also_in):
            owner = names.architecture if parent is None else names(ncname(f"layer-{parent}"))
            graph.link(owner, Prov.hadMember, iri)
            graph.link(owner, Dnnprov.hasLayer, iri)
        for path in layer.inbound:
            graph.link(iri, Dnnprov.inboundLayer, names(ncname(f"layer-{path}")))


def architecture(
    names: Names,
    layers: Sequence[Layer],
    parameters: int | None,
    trainable: int | None = None,
) -> str:
    """The layers of the model; told apart from the training, since a model may be built late."""
    graph = Graph(names.run)
    graph.node(
        names.architecture,
        (),
        (Dnnprov.parameterCount, parameters),
        (Dnnprov.trainableParameterCount, trainable),
    )
    _layers(names, graph, layers)
    return graph.text()


def checkpoint(names: Names, local: str, epoch: int | None, step: int | None, at: float) -> str:
    """The model as it was after an epoch, or after ``step`` updates of the weights."""
    graph = Graph(names.run)
    graph.node(
        names(local),
        (Dnnprov.Checkpoint, Dnnprov.TrainedModel, Prov.Entity),
        (Prov.wasGeneratedBy, Iri(names.training)),
        (Prov.generatedAtTime, instant(at)),
        (Prov.wasDerivedFrom, Iri(names.architecture)),
        (Dnnprov.hasArchitecture, Iri(names.architecture)),
        (Dnnprov.epoch, epoch),
        (Dnnprov.step, step),
    )
    return graph.text()


def model_export(
    names: Names,
    number: int,
    started: float,
    ended: float,
    path: str,
    model: str,
    kind: str | None = None,
) -> str:
    """The model with the local name ``model`` was written to a file; ``kind`` is its format."""
    graph = Graph(names.run)
    activity, file = names(f"export-{number}"), names(f"file-{number}")
    graph.node(
        activity,
        (Dnnprov.ModelExport, Prov.Activity),
        (Dnnprov.partOfExecution, Iri(names.execution)),
        (Prov.wasInformedBy, Iri(names.training)),
        (Prov.used, Iri(names(model))),
        (Prov.startedAtTime, instant(started)),
        (Prov.endedAtTime, instant(ended)),
    )
    graph.node(
        file,
        (Dnnprov.File, Prov.Entity),
        (Dnnprov.path, path),
        (Dnnprov.fileFormat, kind),
        (Prov.wasGeneratedBy, Iri(activity)),
        (Prov.generatedAtTime, instant(ended)),
        (Prov.wasDerivedFrom, Iri(names(model))),
    )
    return graph.text()


def model_read(names: Names, local: str, source: Source) -> str:
    """A model that came out of a file; its content is named when its hash is known."""
    graph = Graph(names.run)
    iri = names(local)
    graph.node(
        iri,
        (Dnnprov.TrainedModel, Dnnprov.File, Prov.Entity),
        (Dnnprov.path, source.path),
        (Prov.wasDerivedFrom, Iri(source.node) if source.node else None),
    )
    if source.node:
        graph.node(source.node, (Prov.Entity,))
    return graph.text()


def restoration(
    names: Names, number: int, at: float, technique: str, used: str, model: str | None
) -> str:
    """The model was given the weights of what is called ``used``.

    ``model`` is the local name of what that made of it; None where the training goes on
    from them.
    """
    graph = Graph(names.run)
    activity = names(f"restoration-{number}")
    graph.node(
        activity,
        (Dnnprov.ModelRestoration, Prov.Activity),
        (Dnnprov.technique, technique),
        (Dnnprov.partOfExecution, Iri(names.execution)),
        (Prov.wasInformedBy, Iri(names.training if model else names.execution)),
        (Prov.used, Iri(names(used))),
        (Prov.startedAtTime, instant(at)),
        (Prov.endedAtTime, instant(at)),
    )
    if model is None:
        graph.link(names.training, Prov.wasInformedBy, activity)
    else:
        graph.node(
            names(model),
            (Dnnprov.TrainedModel, Prov.Entity),
            (Prov.wasGeneratedBy, Iri(activity)),
            (Prov.generatedAtTime, instant(at)),
            (Prov.wasDerivedFrom, Iri(names(used))),
            (Dnnprov.hasArchitecture, Iri(names.architecture)),
        )
        graph.link(names(model), Prov.wasDerivedFrom, names.architecture)
        if used.startswith("checkpoint-"):
            graph.link(names(model), Dnnprov.restoredFrom, names(used))
    return graph.text()


def altered(names: Names, model: str, before: str, at: float) -> str:
    """Weights were changed outside of any fit that is recorded; by what is not known."""
    graph = Graph(names.run)
    graph.node(
        names(model),
        (Dnnprov.TrainedModel, Prov.Entity),
        (Prov.wasDerivedFrom, Iri(names(before))),
        (Prov.generatedAtTime, instant(at)),
        (Dnnprov.hasArchitecture, Iri(names.architecture)),
    )
    return graph.text()


def resumption(names: Names, run: str, campaign: str) -> str:
    """The execution goes on with that of ``run``, in one campaign with it."""
    graph = Graph(names.run)
    before = f"{run}#execution"
    graph.node(before, (Prov.Activity,))
    graph.link(names.execution, Dnnprov.resumedFrom, before)
    graph.link(names.execution, Prov.wasInformedBy, before)
    campaign_of(names, graph, campaign, names.run, run)
    return graph.text()
