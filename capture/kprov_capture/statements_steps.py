"""The preparation of data as PROV-O statements: its steps, what they read and what they made.

Like :mod:`kprov_capture.statements`: pure functions that return the text of one batch.
"""

from collections.abc import Mapping, Sequence

from kprov_capture import privacy
from kprov_capture.facts import ArrayContent, Filter, Prepared
from kprov_capture.identity import Names, ncname
from kprov_capture.nquads import Graph, Iri, Value, instant
from kprov_capture.statements import property_for
from kprov_capture.statements_data import content_of
from kprov_capture.terms import RDFS_LABEL, Dnnprov, Prov

KINDS = {
    "LoadData": Dnnprov.LoadData,
    "Preprocessing": Dnnprov.Preprocessing,
    "SplitData": Dnnprov.SplitData,
    # A step of the user's own, and one of which is not yet known what it does.
    "Execution": Dnnprov.Execution,
}


def member(local: str, array: str) -> str:
    """The local name of an array of a data set."""
    return ncname(f"{local}-{array}")


def indices(local: str) -> str:
    """The local name of the indices of a part; no array has it, whose names follow a hyphen."""
    return f"{local}.indices"


def started(
    names: Names,
    step: str,
    kind: str,
    name: str,
    at: float,
    used: Sequence[str],
    after: Sequence[str],
    parameters: Mapping[str, Value],
) -> str:
    """A step began: ``used`` are data and files, ``after`` the steps that made them."""
    graph = Graph(names.run)
    told = [
        (
            property_for(names, graph, "setting", key, key == "seed" and type(value) is int),
            privacy.masked(key, value),
        )
        for key, value in parameters.items()
    ]
    graph.node(
        names(step),
        (KINDS[kind], Prov.Activity),
        (Dnnprov.partOfExecution, Iri(names.execution)),
        (Prov.wasInformedBy, Iri(names.execution)),
        (RDFS_LABEL, name),
        (Prov.startedAtTime, instant(at)),
        *told,
    )
    return graph.text() + uses(names, step, used, after)


def uses(names: Names, step: str, used: Sequence[str], after: Sequence[str]) -> str:
    """What a step used, and the steps that had made it."""
    graph = Graph(names.run)
    graph.link(names(step), Prov.used, *map(names, used))
    graph.link(names(step), Prov.wasInformedBy, *map(names, after))
    return graph.text()


def ended(
    names: Names,
    step: str,
    kind: str | None,
    at: float,
    status: str,
    error: str | None,
    made: Sequence[str],
    sources: Sequence[str],
) -> str:
    """A step is over: what it made is derived from all that it read, also later on."""
    graph = Graph(names.run)
    graph.node(
        names(step),
        () if kind is None else (KINDS[kind],),
        (Dnnprov.status, status),
        (Dnnprov.error, error),
        (Prov.endedAtTime, instant(at)),
    )
    for local in made:
        graph.link(names(local), Prov.wasDerivedFrom, *map(names, sources))
    return graph.text()


def applied(names: Names, step: str, local: str, new: Filter | None) -> str:
    """A step applied the filter ``local``; ``new`` where it is not described yet."""
    graph = Graph(names.run)
    iri = names(local)
    if new is not None:
        graph.node(iri, (Prov.Entity,), (RDFS_LABEL, new.label), (Dnnprov.filterConfig, new.config))
        if new.source is not None:
            content_of(names, graph, iri, new.source)
    graph.link(names(step), Prov.used, iri)
    graph.link(names(step), Dnnprov.appliedFilter, iri)
    return graph.text()


def data(names: Names, found: Prepared, step: str | None, sources: Sequence[str]) -> str:
    """Data that a step used (``step`` is None) or made, derived from ``sources``."""
    graph = Graph(names.run)
    iri = names(found.local)
    types = [Dnnprov.Dataset, Prov.Entity]
    if found.part is not None:
        types.insert(0, Dnnprov.DatasetSplit)
        graph.link(iri, Dnnprov.splitOf, *map(names, sources))
    if found.arrays:
        types.append(Prov.Collection)
    origin = (Prov.wasGeneratedBy, None if step is None else Iri(names(step)))
    graph.node(
        iri,
        types,
        origin,
        (RDFS_LABEL, found.part),
        (Dnnprov.splitFraction, found.share),
        (Dnnprov.sourceType, found.source),
        (Dnnprov.sampleCount, found.samples),
        (Dnnprov.batchCount, found.batches),
        (Dnnprov.elementSpecification, found.specification),
        (Dnnprov.unhashedReason, found.unhashed),
    )
    graph.link(iri, Prov.wasDerivedFrom, *map(names, sources))
    for name, elements, shape in found.arrays:
        array = names(member(found.local, name))
        graph.link(iri, Prov.hadMember, array)
        _array(graph, array, elements, shape)
        graph.node(array, (), origin)
    return graph.text()


def _array(graph: Graph, iri: str, elements: str, shape: tuple[int, ...]) -> None:
    graph.node(
        iri,
        (Dnnprov.DataArray, Prov.Entity),
        (Dnnprov.elementType, elements),
        (Dnnprov.shape, ",".join(map(str, shape))),
    )


def part_indices(names: Names, local: str, step: str, array: ArrayContent) -> str:
    """Which samples a split chose for the part ``local``."""
    graph = Graph(names.run)
    iri = names(indices(local))
    graph.node(names(local), (Prov.Collection,), (Prov.hadMember, Iri(iri)))
    _array(graph, iri, array.element_type, array.shape)
    graph.node(iri, (), (RDFS_LABEL, array.name), (Prov.wasGeneratedBy, Iri(names(step))))
    content_of(names, graph, iri, array.content)
    return graph.text()


def file(
    names: Names,
    local: str,
    path: str,
    written: tuple[str, float] | None = None,
    sources: Sequence[str] = (),
) -> str:
    """A file that was read; or ``written`` by a step, at a time, from ``sources``."""
    graph = Graph(names.run)
    graph.node(names(local), (Dnnprov.File, Prov.Entity), (Dnnprov.path, path))
    if written is not None:
        step, at = written
        graph.node(
            names(local),
            (),
            (Prov.wasGeneratedBy, Iri(names(step))),
            (Prov.generatedAtTime, instant(at)),
        )
    graph.link(names(local), Prov.wasDerivedFrom, *map(names, sources))
    return graph.text()


def derived(names: Names, pairs: Sequence[tuple[str, str]]) -> str:
    """The first of each pair is derived from the second; both are told of elsewhere."""
    graph = Graph(names.run)
    for local, source in pairs:
        graph.link(names(local), Prov.wasDerivedFrom, names(source))
    return graph.text()
