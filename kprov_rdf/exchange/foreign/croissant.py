"""Croissant 1.0 and 1.1: a data set described in JSON-LD.

It is kept whole as RDF. The data set, its files and sets of files are entities, with their digests
and sizes; who made it are agents; PROV terms, which 1.1 has, stay as they are.
(Croissant 1.1, sections "Dataset-level Information", "Resources", "Provenance".)
"""

import re
from collections.abc import Iterable, Iterator

import pyoxigraph as ox

from kprov_capture.terms import PROV_NAMESPACE, RDF_TYPE, Dnnprov, Prov
from kprov_rdf.dm.guards import load_json
from kprov_rdf.exchange import linked
from kprov_rdf.exchange.foreign import schema_org
from kprov_rdf.exchange.scope import Scope
from kprov_rdf.exchange.sniff import Format
from kprov_rdf.exchange.sources import Source
from kprov_rdf.exchange.statements import Statements

FORMAT = Format(
    "Croissant",
    "application/ld+json",
    versions="1.0 and 1.1",
    kept=(
        "all statements; data set, files, sets of files, record sets and fields as entities, "
        "makers as agents, SHA-256 and size, PROV terms as they are"
    ),
    left="–",
)
_BEGINNING = 1 << 16
_FILE = re.compile(r"https?://(mlcommons\.org/croissant|schema\.org)/FileObject\Z")
_DISTRIBUTION = re.compile(r"https?://schema\.org/distribution\Z")
_TYPE = ox.NamedNode(RDF_TYPE)
# The classes of the ends of what Croissant 1.1 tells of how a data set came about.
_ENDS = {
    Prov.wasDerivedFrom: (Prov.Entity, Prov.Entity),
    Prov.wasGeneratedBy: (Prov.Entity, Prov.Activity),
    Prov.wasAttributedTo: (Prov.Entity, Prov.Agent),
    Prov.wasAssociatedWith: (Prov.Activity, Prov.Agent),
    Prov.used: (Prov.Activity, Prov.Entity),
    Prov.wasInformedBy: (Prov.Activity, Prov.Activity),
    f"{PROV_NAMESPACE}actedOnBehalfOf": (Prov.Agent, Prov.Agent),
}


def claims(source: Source) -> bool:
    """Whether its context names Croissant's terms."""
    beginning = source.beginning(_BEGINNING)
    return b'"@context"' in beginning and b"mlcommons.org/croissant" in beginning


def read(source: Source, says: Statements) -> None:
    """Say all that a description says. Raises ``InputError`` for one that is broken."""
    scope = Scope(says.graph, says.base)
    found = load_json(source.data, source.name)
    quads, notes = linked.parse(found, source.name, scope, says.base, says.contexts)
    says.notes += notes
    added = [*schema_org.add(quads, scope), *_added(quads)]
    says.quads(dict.fromkeys([*quads, *added]))
    says.records += len({quad.subject for quad in quads})


def _added(quads: Iterable[ox.Quad]) -> Iterator[ox.Quad]:
    """What schema.org does not say: that a data set has its files, and what PROV terms relate."""
    for quad in quads:
        subject, predicate, value, graph = quad
        if isinstance(value, ox.Literal):
            continue
        if predicate == _TYPE and _FILE.match(value.value):
            yield ox.Quad(subject, _TYPE, ox.NamedNode(Dnnprov.File), graph)
        elif predicate.value in _ENDS:
            for node, kind in zip((subject, value), _ENDS[predicate.value], strict=True):
                yield ox.Quad(node, _TYPE, ox.NamedNode(kind), graph)
        elif _DISTRIBUTION.match(predicate.value):
            yield ox.Quad(subject, _TYPE, ox.NamedNode(Prov.Collection), graph)
            yield ox.Quad(subject, ox.NamedNode(Prov.hadMember), value, graph)
