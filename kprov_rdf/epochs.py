"""What a run reported epoch by epoch, by the names that Keras or the user gave its metrics."""

from collections.abc import Mapping

import pyoxigraph as ox

from kprov_capture.terms import METRICS, SETTINGS, Dnnprov
from kprov_rdf import query
from kprov_rdf.store import Store, select

SECONDS, RATE = "elapsed_time", "learning_rate"
_NAMES = {iri: name for known in (METRICS, SETTINGS) for name, iri in known.items()}
_NAMES[Dnnprov.elapsedTime] = SECONDS
_REPORTED = f"""
SELECT ?run ?property ?name {{ GRAPH ?run {{ ?property <{Dnnprov.reportedName}> ?name }} }}
"""


def names(store: Store, run: str) -> dict[str, str]:
    """The name that Keras or the user gave each metric, by its property."""
    answer = select(store, _REPORTED, {"run": ox.NamedNode(run)})
    own = {row["property"].value: row["name"].value for row in answer}
    return _NAMES | own


def read(
    store: Store, run: str, after: int = -1, known: Mapping[str, str] | None = None
) -> list[tuple[int, dict[str, float]]]:
    """The epochs of the run after number ``after``: number, and value by name of the metric.

    The duration is ``elapsed_time`` (s), the rate ``learning_rate``. Values may be NaN or
    infinite, as they were reported. ``known`` are the :func:`names`, where the store does not
    have them.
    """
    given: Mapping[str, str] = {"run": run, "after": str(after)}
    answer = query.table(store, query.find("metrics"), given)
    found: dict[int, dict[str, float]] = {}
    for epoch, metric, cell in answer.rows:
        number, reported, iri = query.value(epoch), query.value(cell), query.value(metric)
        if not isinstance(number, int) or not isinstance(reported, (int, float)):
            continue
        if known is None:
            known = names(store, run)
        found.setdefault(number, {})[known.get(str(iri), str(iri))] = reported
    return sorted(found.items())
