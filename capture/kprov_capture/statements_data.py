"""Facts about data, files, tests and the environment as PROV-O statements.

Like :mod:`kprov_capture.statements`: pure functions that return the text of one batch.
"""

from collections.abc import Mapping, Sequence

from kprov_capture.facts import ArrayContent, Dataset, Fingerprint
from kprov_capture.identity import Names, ncname
from kprov_capture.nquads import Graph, Iri, Value, instant
from kprov_capture.statements import metric_values
from kprov_capture.terms import RDFS_LABEL, Dnnprov, Prov

ROLES = {"train": Dnnprov.TrainSet, "val": Dnnprov.ValSet, "test": Dnnprov.TestSet}


def content_of(names: Names, graph: Graph, subject: str, content: Fingerprint) -> None:
    """``subject`` is a specialization of these bytes: content has no origin and no role."""
    iri = names.content(content.sha256)
    graph.node(
        iri,
        (Dnnprov.Content, Prov.Entity),
        (Dnnprov.sha256, content.sha256),
        (Dnnprov.byteSize, content.size),
    )
    graph.link(subject, Prov.specializationOf, iri)


def dataset(names: Names, data: Dataset) -> str:
    graph = Graph(names.run)
    types = [ROLES[data.role], Dnnprov.Dataset, Prov.Entity]
    if data.unhashed is None:
        types.append(Prov.Collection)
    graph.node(
        names(data.local),
        types,
        (Dnnprov.sourceType, data.source),
        (Dnnprov.sampleCount, data.samples),
        (Dnnprov.batchCount, data.batches),
        (Dnnprov.elementSpecification, data.specification),
        (Dnnprov.unhashedReason, data.unhashed),
    )
    return graph.text()


def dataset_content(
    names: Names, local: str, whole: Fingerprint, arrays: Sequence[ArrayContent]
) -> str:
    """The content of a data set: each array's bytes, and the manifest that lists them."""
    graph = Graph(names.run)
    content_of(names, graph, names(local), whole)
    for array in arrays:
        iri = names(ncname(f"{local}-{array.name}"))
        graph.link(names(local), Prov.hadMember, iri)
        graph.node(
            iri,
            (Dnnprov.DataArray, Prov.Entity),
            (Dnnprov.elementType, array.element_type),
            (Dnnprov.shape, ",".join(map(str, array.shape))),
        )
        content_of(names, graph, iri, array.content)
    return graph.text()


def unhashed(names: Names, local: str, reason: str) -> str:
    """Why the content of a data set or a file could not be named after all."""
    graph = Graph(names.run)
    graph.node(names(local), (), (Dnnprov.unhashedReason, reason))
    return graph.text()


def testing(
    names: Names,
    plan: str,
    number: int,
    started: float,
    ended: float,
    dataset_local: str,
    metrics: Mapping[str, float],
    model: str = "model",
) -> str:
    """An evaluation of the model with the local name ``model``, and what it reported."""
    graph = Graph(names.run)
    activity = names(f"testing-{number}")
    graph.node(
        activity,
        (Dnnprov.Testing, Prov.Activity),
        (Dnnprov.partOfExecution, Iri(names.execution)),
        (Dnnprov.ofTransformation, Iri(f"{plan}#testingmodel")),
        (Prov.wasInformedBy, Iri(names.training)),
        (Prov.startedAtTime, instant(started)),
        (Prov.endedAtTime, instant(ended)),
    )
    graph.link(activity, Prov.used, names(model), names(dataset_local))
    graph.link(activity, Dnnprov.tests, names(model))
    graph.link(activity, Dnnprov.testedOn, names(dataset_local))
    graph.node(
        names(f"testing-{number}-metrics"),
        (Dnnprov.oTesting, Prov.Entity),
        (Prov.wasGeneratedBy, Iri(activity)),
        *metric_values(names, graph, metrics),
    )
    return graph.text()


def archive_members(
    names: Names, number: int, path: str, members: Mapping[str, Fingerprint]
) -> str:
    """The members of the archive that export ``number`` wrote; ``path`` goes before their names."""
    graph = Graph(names.run)
    archive = names(f"file-{number}")
    graph.node(archive, (Prov.Collection,))
    for name, content in members.items():
        member = names(ncname(f"file-{number}-{name}"))
        graph.link(archive, Prov.hadMember, member)
        graph.node(
            member,
            (Dnnprov.File, Prov.Entity),
            (Dnnprov.path, path + name),
            (Prov.wasGeneratedBy, Iri(names(f"export-{number}"))),
        )
        content_of(names, graph, member, content)
    return graph.text()


def document(
    names: Names, number: int, export: int, path: str, content: Fingerprint, written: float | None
) -> str:
    """The document ``number``: the provenance that went with the file of ``export``.

    ``written`` is when, of a file of its own, which tells the other's hash; what was put
    into the archive has None.
    """
    graph = Graph(names.run)
    iri, file = names(f"document-{number}"), names(f"file-{export}")
    graph.node(iri, (Dnnprov.File, Prov.Entity), (Dnnprov.path, path))
    content_of(names, graph, iri, content)
    if written is None:
        graph.node(file, (Prov.Collection,))
        graph.link(file, Prov.hadMember, iri)
        graph.link(iri, Prov.wasGeneratedBy, names(f"export-{export}"))
    else:
        graph.node(
            iri,
            (),
            (Prov.wasGeneratedBy, Iri(names.execution)),
            (Prov.generatedAtTime, instant(written)),
            (Prov.wasDerivedFrom, Iri(file)),
        )
    return graph.text()


def file_content(names: Names, local: str, content: Fingerprint) -> str:
    graph = Graph(names.run)
    content_of(names, graph, names(local), content)
    return graph.text()


def environment(
    names: Names,
    properties: Mapping[str, Value | None],
    packages: Mapping[str, str],
    accelerators: Sequence[str] = (),
) -> str:
    """The environment that the execution ran in.

    ``packages`` maps names to versions; ``accelerators`` are the models of its GPUs.
    """
    graph = Graph(names.run)
    iri = names("environment")
    graph.node(iri, (Dnnprov.Environment, Prov.Collection, Prov.Entity), *properties.items())
    for name, version in packages.items():
        package = names(ncname(f"package-{name}"))
        graph.link(iri, Prov.hadMember, package)
        graph.node(
            package,
            (Dnnprov.SoftwarePackage, Prov.Entity),
            (Dnnprov.packageName, name),
            (Dnnprov.packageVersion, version),
        )
    graph.link(names.execution, Prov.used, iri)
    graph.link(names.execution, Dnnprov.ranIn, iri)
    for number, model in enumerate(accelerators):
        gpu = names(f"gpu-{number}")
        graph.node(gpu, (Dnnprov.Accelerator, Dnnprov.Hardware, Prov.Entity), (RDFS_LABEL, model))
        graph.link(names.execution, Prov.used, gpu)
        graph.link(names.execution, Dnnprov.ranOn, gpu)
    return graph.text()


def workers(names: Names, count: int, rank: int) -> str:
    """How many processes train together, and which of them records."""
    graph = Graph(names.run)
    graph.node(names.training, (), (Dnnprov.workerCount, count), (Dnnprov.workerRank, rank))
    return graph.text()


def source_code(names: Names, properties: Mapping[str, Value | None]) -> str:
    graph = Graph(names.run)
    graph.node(names("code"), (Dnnprov.SourceCode, Prov.Entity), *properties.items())
    graph.link(names.execution, Prov.used, names("code"))
    graph.link(names.execution, Dnnprov.ranCode, names("code"))
    return graph.text()
