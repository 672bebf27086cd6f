"""Series of values in files as PROV-O statements.

Like :mod:`kprov_capture.statements`: pure functions that return the text of one batch.
"""

from collections.abc import Sequence

from kprov_capture.identity import Names
from kprov_capture.nquads import Graph, Iri
from kprov_capture.statements import property_for
from kprov_capture.terms import Dnnprov, Prov


def began(names: Names, local: str, path: str, interval: float | None) -> str:
    """The training writes a series to the file ``path``, sampled every ``interval`` seconds."""
    graph = Graph(names.run)
    graph.node(
        names(local),
        (Dnnprov.MetricSeries, Dnnprov.File, Prov.Entity),
        (Dnnprov.path, path),
        (Dnnprov.fileFormat, "npy"),
        (Dnnprov.samplingInterval, interval),
        (Prov.wasGeneratedBy, Iri(names.training)),
    )
    return graph.text()


def metrics(names: Names, local: str, reported: Sequence[str]) -> str:
    """The series has values of these metrics, by the names that were reported."""
    graph = Graph(names.run)
    iris = [property_for(names, graph, "metric", name) for name in reported]
    graph.link(names(local), Dnnprov.ofMetric, *iris)
    return graph.text()


def ended(names: Names, local: str, values: int, missing: str | None) -> str:
    """How many values the series has, and what is not in it."""
    graph = Graph(names.run)
    graph.node(names(local), (), (Dnnprov.valueCount, values), (Dnnprov.incompleteReason, missing))
    return graph.text()
