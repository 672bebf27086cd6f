"""The ontology as a document: its forms for programs, and what its page shows."""

import functools
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pyoxigraph as ox
from markupsafe import Markup, escape

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE, XSD_NAMESPACE
from kprov_rdf import resources, vocabulary
from kprov_rdf.exchange.writing import sorted_triples
from kprov_rdf.linked import forms
from kprov_rdf.validate import shacl
from kprov_rdf.vocabulary import Ontology, Term, Topic

PATH = "ontology"
FORMS = forms.FORMS[:-1]  # an ontology is no PROV record
# Topics that are long lists of like terms: a table reads better than a section for each.
TABLES = ("setting", "metric")
_CREATIVE_COMMONS = re.compile(r"https?://creativecommons\.org/licenses/([a-z-]+)/([\d.]+)/?")
_QUOTED = re.compile(r"`([^`]+)`")


@functools.cache
def text(suffix: str) -> bytes:
    """The ontology in the form with this suffix; Turtle is the file as it is."""
    source = resources.texts("ontology", ".ttl")["dnnprov.ttl"]
    if suffix == "ttl":
        return source.encode()
    graph = ox.Dataset(ox.parse(source, ox.RdfFormat.TURTLE))
    # Blank nodes get the same names each time: the form has one ETag.
    graph.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return forms.rdf(sorted_triples([quad.triple for quad in graph]), suffix)


@dataclass(frozen=True)
class Companion:
    """A file that belongs to the ontology; ``name`` is its path below that of the ontology."""

    name: str
    label: str
    source: str  # where it is made from, in the checkout

    @property
    def form(self) -> forms.Form:
        return forms.BY_SUFFIX[self.name.rpartition(".")[2]]

    def read(self) -> bytes:
        if self.name.startswith("shapes-"):
            return shacl.shapes_text(self.name[len("shapes-") : -len(".ttl")]).encode()
        suffix = f".{self.form.suffix}"
        return resources.texts("ontology", suffix)[self.name].encode()


COMPANIONS = (
    Companion("shapes-strict.ttl", "SHACL shapes, strict", "docs/shapes.md"),
    Companion("shapes-lenient.ttl", "SHACL shapes, lenient", "docs/shapes.md"),
    Companion("classes.ttl", "Tree of classes for SHACL engines", "ontology/classes.ttl"),
    Companion("alignments.ttl", "Alignments with other vocabularies", "ontology/alignments.ttl"),
    Companion("context.jsonld", "JSON-LD context", "ontology/context.jsonld"),
    Companion("example.ttl", "Example with every class", "ontology/example.ttl"),
)


@functools.cache
def declared() -> frozenset[str]:
    """The IRIs of all terms, which have anchors in the page."""
    return frozenset(term.iri for term in vocabulary.load().terms())


def anchor(iri: str) -> str | None:
    """The anchor of a term in the page; "" for the ontology itself, None for what it has not."""
    if iri in (vocabulary.ONTOLOGY, DNNPROV_NAMESPACE):
        return ""
    return iri.removeprefix(DNNPROV_NAMESPACE) if iri in declared() else None


def address(term: str) -> str:
    """Where a term is explained, for the page: ``Training``, ``prov:used``, or an IRI."""
    if term.startswith(("prov:", PROV_NAMESPACE)):
        name = term.removeprefix("prov:").removeprefix(PROV_NAMESPACE)
        return f"https://www.w3.org/TR/prov-o/#{name}"
    if term.startswith(XSD_NAMESPACE):
        return f"https://www.w3.org/TR/xmlschema11-2/#{term.removeprefix(XSD_NAMESPACE)}"
    return f"#{term.removeprefix(DNNPROV_NAMESPACE)}"


def name(term: str) -> str:
    """A term as people say it."""
    for prefix, namespace in (("prov", PROV_NAMESPACE), ("xsd", XSD_NAMESPACE)):
        if term.startswith(namespace):
            return f"{prefix}:{term.removeprefix(namespace)}"
    return term.removeprefix(DNNPROV_NAMESPACE)


def licence_name(iri: str) -> str:
    """``CC BY 4.0`` for https://creativecommons.org/licenses/by/4.0/; else the address."""
    found = _CREATIVE_COMMONS.fullmatch(iri)
    return f"CC {found[1].upper()} {found[2]}" if found else iri


def marked(told: str) -> Markup:
    """A sentence as HTML: what stands between backquotes is code, and a link where it is a term."""
    parts = _QUOTED.split(told)
    return Markup("").join(
        escape(part) if number % 2 == 0 else _code(part) for number, part in enumerate(parts)
    )


def _code(part: str) -> Markup:
    if DNNPROV_NAMESPACE + part in declared() or part.startswith("prov:"):
        return Markup('<a href="{}"><code>{}</code></a>').format(address(part), part)
    return Markup("<code>{}</code>").format(part)


@dataclass(frozen=True)
class Branch:
    """A class in the tree of classes, with those below it."""

    iri: str
    below: list["Branch"]


@dataclass(frozen=True)
class Pair:
    """A metric, and the same on the validation data where there is one."""

    term: Term
    validation: Term | None


@dataclass(frozen=True)
class Reference:
    """The terms, with what only all of them together say."""

    ontology: Ontology
    tree: list[Branch]
    properties: dict[str, list[Term]]
    below: dict[str, list[str]]

    def classes(self, topic: Topic) -> list[Term]:
        return [term for term in topic.terms if term.kind == "class"]

    def others(self, topic: Topic) -> list[Term]:
        return [term for term in topic.terms if term.kind != "class"]


def reference(ontology: Ontology) -> Reference:
    """What the page says of the terms."""
    properties: dict[str, list[Term]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    used = {parent for term in ontology.terms() for parent in term.parents}
    for parent, children in vocabulary.PROV_CLASSES.items():
        found = [PROV_NAMESPACE + child for child in children if PROV_NAMESPACE + child in used]
        below[PROV_NAMESPACE + parent] += found
    for term in ontology.terms():
        for domain in term.domain:
            properties[domain].append(term)
        for parent in term.parents:
            below[parent].append(term.iri)
    roots = (f"{PROV_NAMESPACE}{kind}" for kind in ("Activity", "Entity", "Agent"))
    return Reference(ontology, [_branch(root, below) for root in roots], properties, dict(below))


def _branch(iri: str, below: dict[str, list[str]]) -> Branch:
    return Branch(iri, [_branch(child, below) for child in below.get(iri, [])])


def pairs(terms: Iterable[Term]) -> list[Pair]:
    """Metrics, each with its twin on the validation data."""
    known = {term.name: term for term in terms}
    twins = {one: f"val{one[0].upper()}{one[1:]}" for one in known}
    second = {twin for twin in twins.values() if twin in known}
    return [Pair(term, known.get(twins[one])) for one, term in known.items() if one not in second]
