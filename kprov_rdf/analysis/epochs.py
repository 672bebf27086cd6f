"""What a run reported in each epoch, at full precision."""

from collections.abc import Mapping
from dataclasses import dataclass

from kprov_capture.terms import Dnnprov
from kprov_rdf import query
from kprov_rdf.analysis.html import Points
from kprov_rdf.linked.series import names
from kprov_rdf.store import Store

SECONDS = "elapsed_time"
RATE = "learning_rate"
_FIRST = ("loss", "val_loss", "accuracy", "val_accuracy")
_OWN = {Dnnprov.elapsedTime: SECONDS, Dnnprov.learningRate: RATE}


@dataclass(frozen=True)
class Epochs:
    """Numbers of the epochs, and the values of each metric by number.

    ``told`` has the duration of each epoch in seconds and the learning rate in force;
    ``metrics`` what the framework reported. An epoch that did not report one has no value.
    """

    numbers: tuple[int, ...]
    metrics: Mapping[str, Mapping[int, float]]
    told: Mapping[str, Mapping[int, float]]

    def values(self, name: str) -> Mapping[int, float] | None:
        """The values of a metric, of the rate or of the duration; None for another name."""
        found = self.metrics.get(name)
        return self.told.get(name) if found is None else found

    def points(self, name: str) -> Points:
        """Epoch and value where the metric was reported, in order."""
        return sorted((self.values(name) or {}).items())


def read(store: Store, run: str) -> Epochs:
    """The epochs of the run, whose IRI is given, that have ended."""
    answer = query.table(store, query.find("metrics"), {"run": run, "after": "-1"})
    called = names(store, run)
    numbers: set[int] = set()
    found: dict[str, dict[int, float]] = {}
    told: dict[str, dict[int, float]] = {name: {} for name in _OWN.values()}
    for epoch, metric, cell in answer.rows:
        number, value, iri = query.value(epoch), query.value(cell), str(query.value(metric))
        if not isinstance(number, int):
            continue
        numbers.add(number)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            of = told[_OWN[iri]] if iri in _OWN else found.setdefault(called.get(iri, iri), {})
            of.setdefault(number, float(value))
    ordered = [name for name in _FIRST if name in found]
    ordered += sorted(set(found) - set(_FIRST))
    return Epochs(tuple(sorted(numbers)), {name: found[name] for name in ordered}, told)
