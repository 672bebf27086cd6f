"""SHACL over one graph at a time, which keeps the cost linear in the number of runs.

The engine is `shacl` (Rust); pySHACL where it has no wheel. The shapes are those
in ``shapes/``.
"""

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import pyoxigraph as ox

from kprov_rdf import resources
from kprov_rdf.errors import UnsupportedError
from kprov_rdf.validate import shapes


@dataclass(frozen=True)
class Violation:
    """One result: what is wrong with which node, and the shape that says so."""

    graph: str
    node: str
    message: str
    shape: str
    path: str | None
    value: str | None


@functools.cache
def shapes_text() -> str:
    """All shapes as one Turtle document, in which an engine passes over nothing."""
    text = "\n".join(resources.texts("shapes", ".ttl").values())
    shapes.check(text, "shapes/")
    return text


def validate(graph: str, triples: Iterable[ox.Triple]) -> list[Violation]:
    """The violations in one graph; ``graph`` names it in them. None means that it conforms."""
    text = (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()
    try:
        import shacl  # noqa: F401  (asks whether the engine is there)
    except ImportError:
        return with_pyshacl(graph, text)
    return with_shacl(graph, text)


@functools.cache
def _compiled() -> "object":
    import shacl

    return shacl.Shapes.from_turtle(shapes_text())


def with_shacl(graph: str, ntriples: str) -> list[Violation]:
    """Validate with the fast engine."""
    report = _compiled().validate_text(ntriples, "ntriples")  # type: ignore[attr-defined]
    return sorted(
        (
            Violation(
                graph,
                result.focus_node.strip("<>"),
                result.message or f"violates {result.component}",
                (result.root_shape or result.source_shape).strip("<>"),
                result.path,
                result.value_plain,
            )
            for result in report.results
        ),
        key=lambda one: (one.node, one.message),
    )


def with_pyshacl(graph: str, ntriples: str) -> list[Violation]:
    """Validate with the reference engine: 33 times slower, and on every platform."""
    import pyshacl
    import rdflib
    from rdflib.namespace import SH

    data = rdflib.Graph().parse(data=ntriples, format="nt")
    graph_of_shapes = rdflib.Graph().parse(data=shapes_text(), format="turtle")
    _, report, _ = pyshacl.validate(data, shacl_graph=graph_of_shapes)
    if not isinstance(report, rdflib.Graph):  # a failure, as the text of an exception
        raise UnsupportedError(f"pySHACL cannot evaluate the shapes on {graph}: {report}")
    found = []
    for result in report.objects(None, SH.result):  # not those that are a sh:detail of one
        shape = report.value(result, SH.sourceShape)
        while isinstance(shape, rdflib.BNode):
            shape = graph_of_shapes.value(None, SH.property, shape) or graph_of_shapes.value(
                None, SH.sparql, shape
            )
        path, value = report.value(result, SH.resultPath), report.value(result, SH.value)
        found.append(
            Violation(
                graph,
                str(report.value(result, SH.focusNode)),
                str(report.value(result, SH.resultMessage)),
                str(shape),
                None if path is None else str(path),
                None if value is None else str(value),
            )
        )
    return sorted(found, key=lambda one: (one.node, one.message))
