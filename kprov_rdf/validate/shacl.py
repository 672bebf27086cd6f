"""SHACL over one graph at a time, which keeps the cost linear in the number of runs.

The engine is `shacl` (Rust); pySHACL where it has no wheel. The shapes are those in
``shapes/``, in two profiles: *strict*, for what uses DNNProv, and *lenient*, for the PROV-O
of anyone.
"""

import dataclasses
import difflib
import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kprov_capture.terms import DNNPROV_NAMESPACE, PROV_NAMESPACE, RDF_TYPE
from kprov_rdf import resources, vocabulary
from kprov_rdf.errors import UnsupportedError
from kprov_rdf.validate import shapes
from kprov_rdf.validate.shape_terms import SH

if TYPE_CHECKING:
    import rdflib

PROFILES = ("strict", "lenient")
_LENIENT = ("prov.ttl", "prov-lenient.ttl")
_NOT_STRICT = ("prov-lenient.ttl",)  # what it asks for implies that
_SHAPES = f"{vocabulary.ONTOLOGY}/shapes#"
_DNNPROV_NAME = re.compile(f"<{re.escape(DNNPROV_NAMESPACE)}([^>]*)>")
_IRI = re.compile(r"<[^<>]*>")
_BLANK = "_:"
_PLACE = re.compile(r"#(Typed\w+|\w+Place|Qualified\w+)\Z")
_PROV_NAME = f"<{PROV_NAMESPACE}"
_DNNPROV_TYPE = f"<{RDF_TYPE}> <{DNNPROV_NAMESPACE}"


@dataclass(frozen=True)
class Finding:
    """One result: what is wrong with which node, and the shape that says so.

    ``severity`` is Violation, Warning or Info; ``guards`` are the constraint of PROV, the
    claim (C…) or the defect of Keras-Prov (B…) that the shape guards. ``where`` is the begin of
    a statement that points to the node, for shapes about what stands somewhere. ``component`` is
    the IRI of the constraint component, ``term`` the value as N-Triples has it.
    """

    graph: str
    node: str
    message: str
    shape: str
    severity: str
    guards: tuple[str, ...]
    path: str | None
    value: str | None
    where: str | None = None
    component: str = ""
    term: str | None = None


def conforms(findings: Iterable[Finding]) -> bool:
    """Whether none of them is a violation."""
    return all(one.severity != "Violation" for one in findings)


@functools.cache
def shapes_text(profile: str) -> str:
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
    return validate_text(graph, ntriples(triples), profile)


def ntriples(triples: Iterable[ox.Triple]) -> str:
    return (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()


def validate_text(graph: str, ntriples: str, profile: str | None = None) -> list[Finding]:
    """The same for N-Triples, such as a run's journal has them."""
    chosen = profile or profile_for(ntriples)
    try:
        import shacl  # noqa: F401  (asks whether the engine is there)
    except ImportError:
        found = with_pyshacl(graph, ntriples, chosen)
    else:
        found = with_shacl(graph, ntriples, chosen)
    everything = [*_placed(list(found), ntriples), *undeclared(graph, ntriples)]
    return sorted(everything, key=lambda one: (one.node, one.shape, one.message, one.value or ""))


def _placed(found: list[Finding], ntriples: str) -> list[Finding]:
    """With a statement that points to the node, where a shape is about what stands in a place."""
    if not any(_PLACE.search(one.shape) for one in found):
        return found
    pointing: dict[str, str] = {}
    for line in ntriples.splitlines():
        parts = line.split(" ", 2)
        if len(parts) == 3 and parts[1].startswith(_PROV_NAME):
            pointing.setdefault(parts[2].removesuffix(" ."), f"{parts[0]} {parts[1]}")
    return [
        dataclasses.replace(one, where=pointing.get(_term(one.node)))
        if _PLACE.search(one.shape)
        else one
        for one in found
    ]


def _term(node: str) -> str:
    return node if node.startswith(('"', _BLANK)) else f"<{node}>"


def undeclared(graph: str, ntriples: str) -> Iterator[Finding]:
    """Names in the namespace of DNNProv that it does not have: no shape would ever meet them."""
    ontology = vocabulary.load()
    for name in sorted(set(_DNNPROV_NAME.findall(ntriples)) - ontology.names):
        near = difflib.get_close_matches(name, ontology.names, 1)
        advice = f" Is it dnnprov:{near[0]}?" if near else ""
        yield Finding(
            graph,
            DNNPROV_NAMESPACE + name,
            f"DNNProv {ontology.version} has no term {name}: it is misspelt, or newer.{advice}",
            f"{_SHAPES}DeclaredTerm",
            "Warning",
            ("C39",),
            None,
            None,
            component=f"{SH}InConstraintComponent",  # not in the list of terms
        )


@functools.cache
def _compiled(profile: str) -> "object":
    import shacl

    return shacl.Shapes.from_turtle(shapes_text(profile))


@functools.cache
def _guards() -> dict[str, tuple[str, ...]]:
    """What each shape guards, of both profiles."""
    found: dict[str, tuple[str, ...]] = {}
    for text in resources.texts("shapes", ".ttl").values():
        for quad in ox.parse(text, ox.RdfFormat.TURTLE):
            if quad.predicate.value == f"{_SHAPES}guards" and isinstance(quad.object, ox.Literal):
                name = str(quad.subject).strip("<>")
                found[name] = (*found.get(name, ()), quad.object.value)
    return found


def _finding(
    graph: str,
    node: str,
    message: str,
    shape: str,
    severity: str,
    path: str,
    value: str | None,
    component: str,
    term: str | None,
) -> Finding:
    """A result of either engine: names of blank nodes and compound paths are their own affair."""
    return Finding(
        graph,
        node=_BLANK if node.startswith(_BLANK) else node[1:-1] if _IRI.fullmatch(node) else node,
        message=message,
        shape=shape,
        severity=severity,
        guards=_guards().get(shape, ()),
        path=path.strip("<>") if _IRI.fullmatch(path) else None,
        value=value,
        component=component,
        term=None if value is None else term,
    )


def with_shacl(graph: str, ntriples: str, profile: str) -> Iterator[Finding]:
    """Validate with the fast engine."""
    return fast(graph, ntriples, _compiled(profile))


def fast(graph: str, ntriples: str, compiled: object) -> Iterator[Finding]:
    """What the fast engine finds with shapes that it has compiled, ours or others."""
    report = compiled.validate_text(classes() + ntriples, "ntriples")  # type: ignore[attr-defined]
    for result in report.results:
        blank = (result.value or "").startswith(_BLANK)
        yield _finding(
            graph,
            result.focus_node,
            result.message or f"violates {result.component}",
            (result.root_shape or result.source_shape).strip("<>"),
            result.severity,
            result.path or "",
            None if blank else result.value_plain,
            result.component_iri,
            result.value,
        )


@functools.cache
def _graph_of_shapes(profile: str) -> "rdflib.Graph":
    import rdflib

    return rdflib.Graph().parse(data=shapes_text(profile), format="turtle")


def with_pyshacl(graph: str, ntriples: str, profile: str) -> Iterator[Finding]:
    """Validate with the reference engine: slower by far (bench/README.md), and on every platform.

    Raises ``UnsupportedError`` for RDF 1.2, which rdflib does not read.
    """
    return reference(graph, ntriples, _graph_of_shapes(profile))


def reference(graph: str, ntriples: str, graph_of_shapes: "rdflib.Graph") -> Iterator[Finding]:
    """What the reference engine finds with any shapes. Raises what :func:`with_pyshacl` does."""
    import pyshacl
    import rdflib
    from rdflib.exceptions import ParserError
    from rdflib.namespace import SH

    try:
        data = rdflib.Graph().parse(data=classes() + ntriples, format="nt")
    except ParserError as error:
        raise UnsupportedError(
            f"{graph} has what RDF 1.1 has not, such as a triple term, and the engine of this "
            f"platform (pySHACL) cannot read that: {error}."
        ) from error
    _, report, _ = pyshacl.validate(data, shacl_graph=graph_of_shapes)
    if not isinstance(report, rdflib.Graph):  # a failure, as the text of an exception
        raise UnsupportedError(f"pySHACL cannot evaluate the shapes on {graph}: {report}")
    for result in report.objects(None, SH.result):  # not those that are a sh:detail of one
        shape = report.value(result, SH.sourceShape)
        while isinstance(shape, rdflib.BNode):
            shape = graph_of_shapes.value(None, SH.property, shape) or graph_of_shapes.value(
                None, SH.sparql, shape
            )
        node, value = report.value(result, SH.focusNode), report.value(result, SH.value)
        path = report.value(result, SH.resultPath)
        message = report.value(result, SH.resultMessage)
        component = str(report.value(result, SH.sourceConstraintComponent))
        yield _finding(
            graph,
            node.n3() if isinstance(node, rdflib.BNode | rdflib.Literal) else str(node),
            str(message or f"violates {component.removeprefix(str(SH))}"),
            str(shape),
            str(report.value(result, SH.resultSeverity)).removeprefix(str(SH)),
            f"<{path}>" if isinstance(path, rdflib.URIRef) else "",
            None if value is None or isinstance(value, rdflib.BNode) else str(value),
            component,
            value.n3() if isinstance(value, rdflib.Literal | rdflib.URIRef) else None,
        )
