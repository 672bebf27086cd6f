"""A dataflow, its tasks and their elements as PROV-O statements.

Like :mod:`kprov_capture.statements`: pure functions that return the text of one batch.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kprov_capture import privacy
from kprov_capture.dataflow import FILES, UNITS, Dataflow, DataSet, Program, Row, Transformation
from kprov_capture.facts import Agent
from kprov_capture.identity import Names, ncname
from kprov_capture.nquads import Graph, Iri, Value, instant
from kprov_capture.terms import (
    DCTERMS_CREATED,
    OWL_DATATYPE_PROPERTY,
    RDFS_LABEL,
    Dnnprov,
    Prov,
)

_KINDS = ("transformation-", "set-", "attribute-", "program-", "dependency-")


def transformation_iri(plan: str, tag: str) -> str:
    """A transformation has its tag for a name, where that is not the name of something else."""
    local = f"transformation-{tag}" if tag.startswith(_KINDS) else tag
    return f"{plan}#{ncname(local)}"


def set_iri(plan: str, tag: str) -> str:
    return f"{plan}#{ncname(f'set-{tag}')}"


def attribute_iri(plan: str, set_tag: str, name: str) -> str:
    """The property that holds the values of an attribute."""
    local = f"{set_tag}.{name}"
    if local.count(".") > 1:  # where does the tag end?
        local = f"{len(set_tag)}-{local}"
    return f"{plan}#{ncname(f'attribute-{local}')}"


def plan(names: Names, iri: str, flow: Dataflow) -> str:
    """The dataflow: its transformations with their sets, attributes, programs, dependencies."""
    graph = Graph(names.run)
    graph.node(iri, (Dnnprov.Dataflow, Prov.Plan, Prov.Entity), (Dnnprov.tag, flow.tag))
    for one in flow.transformations:
        _transformation(graph, iri, one)
    for schema in {one.tag: one for one in flow.sets()}.values():
        _schema(graph, iri, schema)
    for dependency in flow.dependencies():
        tags = (dependency.previous, dependency.via, dependency.next)
        local = "dependency-" + ".".join(f"{len(tag)}-{tag}" for tag in tags)
        node = f"{iri}#{ncname(local)}"
        graph.link(iri, Dnnprov.hasDependency, node)
        graph.node(
            node,
            (Dnnprov.DataDependency, Prov.Entity),
            (Dnnprov.previousTransformation, Iri(transformation_iri(iri, dependency.previous))),
            (Dnnprov.nextTransformation, Iri(transformation_iri(iri, dependency.next))),
            (Dnnprov.viaSet, Iri(set_iri(iri, dependency.via))),
        )
    return graph.text()


def _transformation(graph: Graph, plan: str, one: Transformation) -> None:
    iri = transformation_iri(plan, one.tag)
    graph.link(plan, Dnnprov.hasTransformation, iri)
    graph.node(iri, (Dnnprov.DataTransformation, Prov.Plan, Prov.Entity), (Dnnprov.tag, one.tag))
    graph.link(iri, Dnnprov.hasInputSet, *(set_iri(plan, s.tag) for s in one.inputs))
    graph.link(iri, Dnnprov.hasOutputSet, *(set_iri(plan, s.tag) for s in one.outputs))
    for program in one.programs:
        if isinstance(program, Program):
            local = f"program-{len(program.name)}-{program.name}.{program.path}"
            node = f"{plan}#{ncname(local)}"
            graph.link(iri, Dnnprov.usesProgram, node)
            graph.node(
                node,
                (Dnnprov.Program, Prov.Entity),
                (RDFS_LABEL, program.name),
                (Dnnprov.path, program.path),
            )


def _schema(graph: Graph, plan: str, schema: DataSet) -> None:
    iri = set_iri(plan, schema.tag)
    graph.node(iri, (Dnnprov.DataSetSchema, Prov.Entity), (Dnnprov.tag, schema.tag))
    for position, one in enumerate(schema.attributes):
        node = attribute_iri(plan, schema.tag, one.name)
        graph.link(iri, Dnnprov.hasAttribute, node)
        graph.node(
            node,
            # Values are direct properties of the elements: it is a property too.
            (Dnnprov.UserAttribute, Dnnprov.Attribute, Prov.Entity, OWL_DATATYPE_PROPERTY),
            (Dnnprov.reportedName, one.name),
            (Dnnprov.position, position),
            (Dnnprov.dataType, one.type),
            (Dnnprov.unit, Iri(UNITS + one.unit) if one.unit else None),
        )


@dataclass(frozen=True)
class Element:
    """One element of a set: its local name in the run, and its values.

    ``by`` is the local name of the activity that wrote it, ``run`` the IRI of its run.
    """

    local: str
    set: DataSet
    values: Row = field(default_factory=dict)
    by: str | None = None
    run: str | None = None

    @property
    def files(self) -> dict[str, str]:
        """Local name and path of each file that it names."""
        paths = {one.name: self.values.get(one.name) for one in self.set.attributes}
        return {
            f"{self.local}-file-{number}": str(paths[one.name])
            for number, one in enumerate(self.set.attributes)
            if one.type in FILES and paths[one.name] is not None
        }


@dataclass(frozen=True)
class Task:
    """What was told of one execution of a transformation; what is None or empty is not said.

    ``used`` and ``after`` are local names of elements and of activities.
    """

    local: str
    transformation: str | None = None
    started: float | None = None
    ended: float | None = None
    status: str | None = None
    error: str | None = None
    identifier: int | None = None
    subidentifier: int | None = None
    consumed: Sequence[Element] = ()
    produced: Sequence[Element] = ()
    used: Sequence[str] = ()
    after: Sequence[str] = ()
    workspace: str | None = None
    resource: str | None = None
    output: str | None = None
    read_files: Mapping[str, str] = field(default_factory=dict)
    written_files: Mapping[str, str] = field(default_factory=dict)


def task(names: Names, plan: str, told: Task) -> str:
    """A task, or what is new of it. The first time it is told with its transformation."""
    graph = Graph(names.run)
    activity = names(told.local)
    if told.started is not None:
        graph.node(
            activity,
            (Dnnprov.Execution, Prov.Activity),
            (RDFS_LABEL, told.transformation),
            (Dnnprov.partOfExecution, Iri(names.execution)),
            (Prov.wasInformedBy, Iri(names.execution)),
            (Prov.startedAtTime, instant(told.started)),
        )
    planned = told.transformation and Iri(transformation_iri(plan, told.transformation))
    graph.node(
        activity,
        (),
        (Dnnprov.ofTransformation, planned),
        (Dnnprov.taskIdentifier, told.identifier),
        (Dnnprov.subtaskIdentifier, told.subidentifier),
        (Dnnprov.workspace, told.workspace),
        (Dnnprov.computingResource, told.resource),
        (Dnnprov.outputMessage, told.output),
        (Dnnprov.error, told.error),
        (Dnnprov.status, told.status),
        (Prov.endedAtTime, None if told.ended is None else instant(told.ended)),
    )
    graph.link(activity, Prov.wasInformedBy, *(names(local) for local in told.after))
    graph.link(activity, Prov.used, *(names(local) for local in told.used))
    _elements(names, graph, plan, told.consumed)
    _elements(names, graph, plan, told.produced)
    graph.link(activity, Prov.used, *(names(one.local) for one in told.consumed))
    for one in told.produced:
        graph.link(names(one.local), Prov.wasGeneratedBy, activity)
    _files(names, graph, activity, told)
    return graph.text()


def _elements(names: Names, graph: Graph, plan: str, elements: Iterable[Element]) -> None:
    for one in elements:
        graph.node(
            names(one.local),
            (Dnnprov.DataElement, Prov.Entity),
            (Dnnprov.ofSet, Iri(set_iri(plan, one.set.tag))),
            *(
                (attribute_iri(plan, one.set.tag, name), _told(name, value))
                for name, value in one.values.items()
            ),
        )


def _told(name: str, value: Value | None) -> Value | None:
    """Without a secret; what was declared a number stays one."""
    return privacy.masked(name, value) if isinstance(value, str) else value


def _files(names: Names, graph: Graph, activity: str, told: Task) -> None:
    read, written = dict(told.read_files), dict(told.written_files)
    for one in told.consumed:
        read |= one.files
    for one in told.produced:
        written |= one.files
    for local, path in (read | written).items():
        graph.node(names(local), (Dnnprov.File, Prov.Entity), (Dnnprov.path, path))
    graph.link(activity, Prov.used, *(names(local) for local in read))
    for local in written:
        graph.link(names(local), Prov.wasGeneratedBy, activity)


def execution_tag(names: Names, tag: str) -> str:
    """The name that another tool gave to the execution."""
    graph = Graph(names.run)
    graph.node(names.execution, (), (Dnnprov.execTag, tag))
    return graph.text()


def revised_plan(names: Names, before: str, iri: str, flow: Dataflow, library: Agent) -> str:
    """The execution goes on by another version of its plan."""
    graph = Graph(names.run)
    graph.link(iri, Prov.wasRevisionOf, before)
    _association(names, graph, iri, library, ncname(f"association-{iri.rpartition('-')[2]}"))
    return plan(names, iri, flow) + graph.text()


def _association(names: Names, graph: Graph, plan: str, library: Agent, local: str) -> None:
    agent = names.agent(library.kind, library.name)
    graph.link(names.execution, Prov.wasAssociatedWith, agent)
    graph.link(names.execution, Prov.qualifiedAssociation, names(local))
    graph.node(
        names(local),
        (Prov.Association,),
        (Prov.agent, Iri(agent)),
        (Prov.hadPlan, Iri(plan)),
    )


def relayed_opening(
    names: Names, iri: str, flow: Dataflow, started: float, library: Agent, after: str | None = None
) -> str:
    """The record of an execution elsewhere, of which messages tell.

    Who ran it and where is not known, nor its environment. ``after`` is the execution
    that it continues.
    """
    agent = names.agent(library.kind, library.name)
    types = (Dnnprov.CaptureLibrary, Prov.SoftwareAgent, Prov.Agent)
    catalog, graph = Graph(names.catalog), Graph(names.run)
    catalog.node(
        names.run,
        (Prov.Bundle, Prov.Entity),
        (DCTERMS_CREATED, instant(started)),
        (RDFS_LABEL, f"Record of a run of {flow.tag}"),
        (Prov.wasAttributedTo, Iri(agent)),
    )
    catalog.node(agent, types)
    graph.node(agent, types, (RDFS_LABEL, library.label))
    graph.node(
        names.execution,
        (Dnnprov.ExecuteDataflow, Prov.Activity),
        (Prov.startedAtTime, instant(started)),
    )
    _association(names, graph, iri, library, "association-library")
    if after is not None:
        graph.node(after, (Prov.Activity,))
        graph.link(names.execution, Prov.wasInformedBy, after)
    return catalog.text() + graph.text() + plan(names, iri, flow)
