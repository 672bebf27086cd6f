"""What a run reported epoch by epoch: for charts, in a page and in a stream."""

import math
from collections.abc import Mapping
from typing import Any

import pyoxigraph as ox

from kprov_capture.terms import METRICS, SETTINGS, Dnnprov
from kprov_rdf import query
from kprov_rdf.store import Store, select

_NAMES = {iri: name for known in (METRICS, SETTINGS) for name, iri in known.items()}
_NAMES[Dnnprov.elapsedTime] = "elapsed_time"
_REPORTED = f"""
SELECT ?run ?property ?name {{ GRAPH ?run {{ ?property <{Dnnprov.reportedName}> ?name }} }}
"""


def names(store: Store, run: str) -> dict[str, str]:
    """The name that Keras or the user gave each metric, by its property."""
    answer = select(store, _REPORTED, {"run": ox.NamedNode(run)})
    own = {row["property"].value: row["name"].value for row in answer}
    return _NAMES | own


def epochs(store: Store, run: str, after: int = -1) -> list[dict[str, Any]]:
    """The epochs after number ``after``: number, and value by name of the metric.

    JSON has no NaN and no infinity; such a value is None.
    """
    given: Mapping[str, str] = {"run": run, "after": str(after)}
    answer = query.table(store, query.find("metrics"), given)
    found: dict[int, dict[str, float | None]] = {}
    known: dict[str, str] = {}
    for epoch, metric, cell in answer.rows:
        number, reported, iri = query.value(epoch), query.value(cell), query.value(metric)
        if not isinstance(number, int) or not isinstance(reported, (int, float)):
            continue
        if not known:
            known = names(store, run)
        finite = reported if math.isfinite(reported) else None
        found.setdefault(number, {})[known.get(str(iri), str(iri))] = finite
    return [{"epoch": number, "values": values} for number, values in sorted(found.items())]
