"""The DNNProv ontology as plain values: what the pages, the generated files and the checks read.

The source is ``ontology/dnnprov.ttl``; the order of its terms is kept.
"""

import functools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from kprov_capture.terms import DNNPROV_NAMESPACE, RDF_TYPE, RDFS_LABEL
from kprov_rdf import resources

ONTOLOGY = DNNPROV_NAMESPACE.rstrip("#/")
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RDFS = "http://www.w3.org/2000/01/rdf-schema#"
_OWL = "http://www.w3.org/2002/07/owl#"
_SKOS = "http://www.w3.org/2004/02/skos/core#"
_VS = "http://www.w3.org/2003/06/sw-vocab-status/ns#"
_DCTERMS = "http://purl.org/dc/terms/"
# PROV-O's own classes below others (W3C REC-prov-o-20130430, 3.1 to 3.3), by what is above them.
PROV_CLASSES = {
    "Agent": ("Person", "Organization", "SoftwareAgent"),
    "Entity": ("Bundle", "Collection", "Plan"),
    "Collection": ("EmptyCollection",),
    "Influence": ("EntityInfluence", "ActivityInfluence", "AgentInfluence"),
    "EntityInfluence": ("Usage", "Start", "End", "Derivation"),
    "ActivityInfluence": ("Generation", "Invalidation", "Communication"),
    "AgentInfluence": ("Attribution", "Association", "Delegation"),
    "Derivation": ("Revision", "Quotation", "PrimarySource"),
}
KINDS = {
    f"{_OWL}Class": "class",
    f"{_OWL}ObjectProperty": "object property",
    f"{_OWL}DatatypeProperty": "datatype property",
}
# What the examples in the ontology are read with: a run, a dataflow, and QUDT's units.
EXAMPLE_PREFIXES = f"""\
@base <http://localhost:8642/> .
@prefix r: <run/0193b1c2-7a10-7c3e-9d55-0f3c2b1a4e77#> .
@prefix df: <dataflow/digits-cnn/sha256-5f#> .
@prefix unit: <http://qudt.org/vocab/unit/> .
@prefix dnnprov: <{DNNPROV_NAMESPACE}> .
@prefix prov: <http://www.w3.org/ns/prov#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""

Values = dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple]]


@dataclass(frozen=True)
class Term:
    """A class or a property. ``labels`` are by language; IRIs stand in full.

    ``status`` is stable for what kprov records, testing for what nothing records yet.
    """

    iri: str
    kind: str
    labels: dict[str, str]
    comment: str
    example: str
    legacy: tuple[str, ...]
    notation: str | None
    parents: tuple[str, ...]
    domain: tuple[str, ...]
    range: str | None
    topic: str
    status: str

    @property
    def name(self) -> str:
        return self.iri.removeprefix(DNNPROV_NAMESPACE)


@dataclass(frozen=True)
class Topic:
    """A subject of the ontology, with its terms in the order of the source."""

    name: str
    labels: dict[str, str]
    comment: str
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Ontology:
    """The whole: what its header says, the terms by topic, and the classes that exclude others."""

    version: str
    title: str
    description: str
    licence: str
    topics: tuple[Topic, ...]
    disjoint: tuple[tuple[str, ...], ...]

    @functools.cached_property
    def names(self) -> frozenset[str]:
        return frozenset(term.name for term in self.terms())

    def terms(self) -> Iterator[Term]:
        for topic in self.topics:
            yield from topic.terms


@functools.cache
def load() -> Ontology:
    """The ontology that this version of kprov carries."""
    return parse(resources.texts("ontology", ".ttl")["dnnprov.ttl"])


def parse(turtle: str) -> Ontology:
    """Read an ontology from Turtle. Raises ``KeyError`` where a term says too little of itself."""
    said: dict[str, Values] = defaultdict(lambda: defaultdict(list))
    for quad in ox.parse(turtle, ox.RdfFormat.TURTLE):
        said[_key(quad.subject)][quad.predicate.value].append(quad.object)
    header = next(iri for iri, of in said.items() if f"{_OWL}Ontology" in _iris(of[RDF_TYPE]))
    terms: dict[str, list[Term]] = defaultdict(list)
    for iri, of in said.items():
        kinds = [KINDS[one] for one in _iris(of[RDF_TYPE]) if one in KINDS]
        if kinds and iri.startswith(DNNPROV_NAMESPACE):
            term = _term(iri, kinds[0], of, said)
            terms[term.topic].append(term)
    return Ontology(
        version=_text(said[header], f"{_OWL}versionInfo"),
        title=_text(said[header], f"{_DCTERMS}title"),
        description=_text(said[header], f"{_DCTERMS}description"),
        licence=_iris(said[header][f"{_DCTERMS}license"])[0],
        topics=tuple(
            Topic(
                name=topic.rpartition("/")[2],
                labels=_by_language(said[topic][RDFS_LABEL]),
                comment=_text(said[topic], f"{_RDFS}comment"),
                terms=tuple(of_topic),
            )
            for topic, of_topic in terms.items()
        ),
        disjoint=tuple(
            tuple(_members(of[f"{_OWL}members"], said))
            for of in list(said.values())
            if f"{_OWL}AllDisjointClasses" in _iris(of[RDF_TYPE])
        ),
    )


def _term(iri: str, kind: str, of: Values, said: dict[str, Values]) -> Term:
    parents = of[f"{_RDFS}subClassOf"] + of[f"{_RDFS}subPropertyOf"]
    ranges = _iris(of[f"{_RDFS}range"])
    legacy = (one.value for one in of[f"{_SKOS}altLabel"] if isinstance(one, ox.Literal))
    notation = of[f"{_SKOS}notation"]
    return Term(
        iri=iri,
        kind=kind,
        labels=_by_language(of[RDFS_LABEL]),
        comment=_text(of, f"{_RDFS}comment"),
        example=_text(of, f"{_SKOS}example"),
        legacy=tuple(legacy),
        notation=_text(of, f"{_SKOS}notation") if notation else None,
        parents=tuple(_iris(parents)),
        domain=tuple(_domain(of, said)),
        range=ranges[0] if ranges else None,
        topic=_iris(of[f"{_DCTERMS}subject"])[0],
        status=_text(of, f"{_VS}term_status"),
    )


def _domain(of: Values, said: dict[str, Values]) -> Iterator[str]:
    """The classes of the domain: one, or the members of a union."""
    for domain in of[f"{_RDFS}domain"]:
        if isinstance(domain, ox.NamedNode):
            yield domain.value
            continue
        yield from _members(said[_key(domain)][f"{_OWL}unionOf"], said)


def _members(rest: Sequence[object], said: dict[str, Values]) -> Iterator[str]:
    """The members of the list that begins with the first of ``rest``."""
    while rest and isinstance(rest[0], ox.BlankNode):
        cell = said[_key(rest[0])]
        yield from _iris(cell[f"{_RDF}first"])
        rest = cell[f"{_RDF}rest"]


def _key(term: object) -> str:
    return term.value if isinstance(term, ox.NamedNode) else str(term)


def _iris(values: Sequence[object]) -> list[str]:
    return [one.value for one in values if isinstance(one, ox.NamedNode)]


def _by_language(values: Sequence[object]) -> dict[str, str]:
    return {one.language or "": one.value for one in values if isinstance(one, ox.Literal)}


def _text(of: Values, predicate: str) -> str:
    """The value in English, or without a language."""
    found = _by_language(of[predicate])
    return found["en"] if "en" in found else found[""]
