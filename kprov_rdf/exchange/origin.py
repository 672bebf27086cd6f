"""What the catalog says of an import: what it made, when, from what, by whom and by what."""

import time
from collections.abc import Iterable, Mapping

from kprov_capture import __version__
from kprov_capture.identity import ImportNames
from kprov_capture.nquads import Graph, Iri, instant
from kprov_capture.person import person
from kprov_capture.terms import RDFS_LABEL, Dnnprov, Prov
from kprov_rdf.exchange.reading import Document
from kprov_rdf.exchange.sources import Source
from kprov_rdf.store import PREFIXES

_DCTERMS = PREFIXES["dcterms"]
_COMMENT = PREFIXES["rdfs"] + "comment"


def text(
    names: ImportNames,
    source: Source,
    document: Document,
    parts: Iterable[str],
    aliases: Mapping[str, str],
    started: float,
) -> str:
    """The statements, as N-Quads.

    ``parts`` are the graphs that it brought; ``aliases`` has, by their names here, what the
    document calls its own.
    """
    catalog = Graph(names.catalog)
    _activity(catalog, names, source, document, started)
    _source(catalog, names, source, document.form.media_type)
    catalog.link(names.graph, f"{_DCTERMS}hasPart", *parts)
    for graph, called in aliases.items():
        catalog.node(graph, (Prov.Bundle, Prov.Entity))
        if called != graph:
            catalog.node(called, (Prov.Entity,))
            catalog.link(graph, Prov.specializationOf, called)
    return catalog.text()


def _activity(
    catalog: Graph, names: ImportNames, source: Source, document: Document, started: float
) -> None:
    ended = max(time.time(), started)
    reader, version = document.reader
    user = person()
    by = names.agent(user.kind, user.name)
    programs = [
        (names.agent("kprov", __version__), f"kprov {__version__}"),
        (names.agent(reader, version), f"{reader} {version}"),
    ]
    catalog.node(by, (Prov.Person, Prov.Agent), (RDFS_LABEL, user.label))
    for iri, label in dict(programs).items():
        catalog.node(iri, (Prov.SoftwareAgent, Prov.Agent), (RDFS_LABEL, label))
    catalog.node(
        names.graph,
        (Prov.Bundle, Prov.Entity),
        (RDFS_LABEL, f"Import of {source.name}"),
        (Prov.wasGeneratedBy, Iri(names.activity)),
        (Prov.generatedAtTime, instant(ended)),
    )
    catalog.node(
        names.activity,
        (Dnnprov.Import, Prov.Activity),
        (Prov.startedAtTime, instant(started)),
        (Prov.endedAtTime, instant(ended)),
        (Prov.used, Iri(names.source)),
        *((Dnnprov.repair, one) for one in document.repairs),
        *((_COMMENT, one) for one in document.notes),
    )
    agents = dict.fromkeys([by, *(iri for iri, _ in programs)])
    catalog.link(names.activity, Prov.wasAssociatedWith, *agents)


def _source(catalog: Graph, names: ImportNames, source: Source, media_type: str) -> None:
    """The file, and the bytes that it had; of a folder, those of its list of files."""
    catalog.node(
        names.source,
        (Dnnprov.File, Prov.Entity),
        (Dnnprov.path, source.name),
        (f"{_DCTERMS}format", media_type),
        (Prov.specializationOf, Iri(names.content)),
    )
    catalog.node(
        names.content,
        (Dnnprov.Content, Prov.Entity),
        (Dnnprov.sha256, names.sha256),
        (Dnnprov.byteSize, source.size),
    )
