"""SHACL over one graph at a time, which keeps the cost linear in the number of runs.

The engine is `shacl` (Rust); pySHACL where it has no wheel. The shapes are those in
``shapes/``, in two profiles: *strict*, for what uses DNNProv, and *lenient*, for the PROV-O
of anyone.
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kprov_capture.terms import DNNPROV_NAMESPACE, RDF_TYPE
from kprov_rdf import resources, vocabulary
from kprov_rdf.errors import UnsupportedError
from kprov_rdf.validate import shapes

if TYPE_CHECKING:
    import rdflib

PROFILES = ("strict", "lenient")
_LENIENT = ("prov.ttl", "prov-lenient.ttl")
_NOT_STRICT = ("prov-lenient.ttl",)  # what it asks for implies that
_GUARDS = f"{vocabulary.ONTOLOGY}/shapes#guards"
_DNNPROV_TYPE = f"<{RDF_TYPE}> <{DNNPROV_NAMESPACE}"


@dataclass(frozen=True)
class Finding:
    """One result: what is wrong with which node, and the shape that says so.

    ``severity`` is Violation, Warning or Info; ``guards`` are the constraint of PROV, the
    claim (C…) or the defect of Keras-Prov (B…) that the shape guards.
    """

    graph: str
    node: str
    message: str
    shape: str
    severity: str
    guards: tuple[str, ...]
    path: str | None
    value: str | None


def conforms(findings: Iterable[Finding]) -> bool:
    """Whether none of them is a violation."""
    return all(one.severity != "Violation" for one in findings)


@functools.cache
def shapes_text(profile: str = "strict") -> str:
    """The shapes of a profile as one Turtle document, in which an engine passes over nothing."""
    files = resources.texts("shapes", ".ttl")
    names = _LENIENT if profile == "lenient" else [one for one in files if one not in _NOT_STRICT]
    text = "\n".join(files[name] for name in names)
    shapes.check(text, "shapes/")
    return text


@functools.cache
def classes() -> str:
    """Which class is part of which, of PROV-O and DNNProv, as N-Triples.

    SHACL finds the instances of a class by what the data say of classes (section 3.2);
    so these are told beside the data: a Person is an Agent also where nobody says so.
    """
    text = resources.texts("ontology", ".ttl")["classes.ttl"]
    triples = (quad.triple for quad in ox.parse(text, ox.RdfFormat.TURTLE))
    return (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()


def profile_for(ntriples: str) -> str:
    """strict for a graph in which something has a class of DNNProv, else lenient."""
    return "strict" if _DNNPROV_TYPE in ntriples else "lenient"


def validate(graph: str, triples: Iterable[ox.Triple], profile: str | None = None) -> list[Finding]:
    """What is wrong in one graph; ``graph`` names it in the findings. None: it conforms."""
    text = (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()
    return validate_text(graph, text, profile)


def validate_text(graph: str, ntriples: str, profile: str | None = None) -> list[Finding]:
    """The same for N-Triples, such as a run's journal has them."""
    chosen = profile or profile_for(ntriples)
    try:
        import shacl  # noqa: F401  (asks whether the engine is there)
    except ImportError:
        found = with_pyshacl(graph, ntriples, chosen)
    else:
        found = with_shacl(graph, ntriples, chosen)
    return sorted(found, key=lambda one: (one.node, one.shape, one.message, one.value or ""))


@functools.cache
def _compiled(profile: str) -> "object":
    import shacl

    return shacl.Shapes.from_turtle(shapes_text(profile))


@functools.cache
def _guards() -> dict[str, tuple[str, ...]]:
    """What each shape guards."""
    found: dict[str, tuple[str, ...]] = {}
    for quad in ox.parse(shapes_text(), ox.RdfFormat.TURTLE):
        if quad.predicate.value == _GUARDS and isinstance(quad.subject, ox.NamedNode):
            assert isinstance(quad.object, ox.Literal)  # noqa: S101  (our own file)
            before = found.get(quad.subject.value, ())
            found[quad.subject.value] = (*before, quad.object.value)
    return found


def with_shacl(graph: str, ntriples: str, profile: str = "strict") -> Iterator[Finding]:
    """Validate with the fast engine."""
    compiled = _compiled(profile)
    report = compiled.validate_text(classes() + ntriples, "ntriples")  # type: ignore[attr-defined]
    for result in report.results:
        shape = (result.root_shape or result.source_shape).strip("<>")
        yield Finding(
            graph,
            result.focus_node.strip("<>"),
            result.message or f"violates {result.component}",
            shape,
            result.severity,
            _guards().get(shape, ()),
            result.path,
            result.value_plain,
        )


@functools.cache
def _graph_of_shapes(profile: str) -> "rdflib.Graph":
    import rdflib

    return rdflib.Graph().parse(data=shapes_text(profile), format="turtle")


def with_pyshacl(graph: str, ntriples: str, profile: str = "strict") -> Iterator[Finding]:
    """Validate with the reference engine: 33 times slower, and on every platform."""
    import pyshacl
    import rdflib
    from rdflib.namespace import SH

    data = rdflib.Graph().parse(data=classes() + ntriples, format="nt")
    graph_of_shapes = _graph_of_shapes(profile)
    _, report, _ = pyshacl.validate(data, shacl_graph=graph_of_shapes)
    if not isinstance(report, rdflib.Graph):  # a failure, as the text of an exception
        raise UnsupportedError(f"pySHACL cannot evaluate the shapes on {graph}: {report}")
    for result in report.objects(None, SH.result):  # not those that are a sh:detail of one
        shape = report.value(result, SH.sourceShape)
        while isinstance(shape, rdflib.BNode):
            shape = graph_of_shapes.value(None, SH.property, shape) or graph_of_shapes.value(
                None, SH.sparql, shape
            )
        path, value = report.value(result, SH.resultPath), report.value(result, SH.value)
        yield Finding(
            graph,
            str(report.value(result, SH.focusNode)),
            str(report.value(result, SH.resultMessage)),
            str(shape),
            str(report.value(result, SH.resultSeverity)).removeprefix(str(SH)),
            _guards().get(str(shape), ()),
            None if path is None else str(path),
            None if value is None else str(value),
        )
