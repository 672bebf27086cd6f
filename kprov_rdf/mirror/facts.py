"""What the mirror asks of the store: the answers of the .rq files beside this one.

Graphs that were imported may say anything. Only those that hold a run count, and where one
says several things of which a run has one, the least stands for all, so that the same store
always gives the same tables.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime

import pyoxigraph as ox

from kprov_rdf import resources, runs
from kprov_rdf.query import Term, value
from kprov_rdf.store import Store

Node = tuple[str, str]
"""The IRIs of a run and of a node in it: a node may be told of in several graphs."""
Told = dict[Node, dict[str, Term]]
"""The literals of each node, by the IRI of the property."""


@dataclass(frozen=True)
class Facts:
    """All of it. ``runs`` stand in the order of their start; ``told`` is by name of the query.

    ``times`` are seconds since 1970, of the nodes in ``told``; ``trainings`` has the training
    of each run and its start; ``called`` the names of properties that are not declared.
    ``adaptations`` (at, epoch, old, new, technique, reason) and ``owners`` (name, position of
    the nested model) are rows as the files give them.
    """

    runs: tuple[runs.RunInfo, ...]
    trainings: dict[str, tuple[str, float | None]]
    told: dict[str, Told]
    times: dict[Node, float | None]
    adaptations: dict[Node, list[Term]]
    owners: dict[Node, list[Term]]
    called: dict[str, str]


def seconds(term: Term) -> float | None:
    """A time as seconds since 1970; one without a zone is taken for UTC, None for what is none."""
    if not isinstance(term, ox.Literal):
        return None
    try:
        found = datetime.fromisoformat(term.value)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _order(run: runs.RunInfo) -> tuple[float, str, str]:
    """By start; first those of which it is not known, as what other tools logged may not say it."""
    if run.started is None:
        return -math.inf, run.iri, run.tag
    started = run.started if run.started.tzinfo else run.started.replace(tzinfo=UTC)
    return (started - datetime.fromtimestamp(0, UTC)).total_seconds(), run.iri, run.tag


class _Reader:
    """Asks a store. Rows of graphs that hold no run are left out."""

    def __init__(self, store: Store, living: Set[str]) -> None:
        self._store = store
        self._texts = resources.texts("mirror", ".rq")
        least: dict[str, runs.RunInfo] = {}
        for run in runs.listing(store, living):
            least[run.iri] = min(least.get(run.iri, run), run, key=_order)
        self.runs = tuple(sorted(least.values(), key=_order))
        self._known = set(least)

    def rows(self, name: str) -> Iterable[Sequence[Term]]:
        """The rows of a query, as terms."""
        answer = self._store.query(self._texts[f"{name}.rq"])
        if not isinstance(answer, ox.QuerySolutions):
            raise TypeError(f"{name}.rq is no SELECT")
        return map(list, answer)

    def nodes(self, name: str) -> dict[Node, list[Term]]:
        """What follows ?run and ?node in each row; of several rows of a node the least."""
        found: dict[Node, list[Term]] = {}
        for run, node, *rest in self.rows(name):
            key = (str(value(run)), str(value(node)))
            if key[0] in self._known and (key not in found or str(rest) < str(found[key])):
                found[key] = rest
        return found

    def told(self, name: str) -> Told:
        """The literals of each node; of several of one property the least."""
        found: Told = defaultdict(dict)
        for run, node, key, term in self.rows(name):
            iri, of = str(value(run)), str(value(key))
            if iri in self._known:
                values = found[iri, str(value(node))]
                if term is None:  # it is there, and nothing is told of it
                    continue
                if of not in values or str(term) < str(values[of]):
                    values[of] = term
        return found


def read(store: Store, living: Set[str]) -> Facts:
    """All facts of the runs in the store; ``living`` are the IRIs of those that still run."""
    reader = _Reader(store, living)
    trainings: dict[str, tuple[str, float | None]] = {}
    for (run, node), (at,) in sorted(reader.nodes("trainings").items()):
        trainings.setdefault(run, (node, seconds(at)))
    return Facts(
        runs=reader.runs,
        trainings=trainings,
        told={name: reader.told(name) for name in ("settings", "metrics", "tests", "layers")},
        times={key: seconds(at) for key, (at,) in reader.nodes("times").items()},
        adaptations=reader.nodes("adaptations"),
        owners=reader.nodes("owners"),
        called={str(value(of)): str(value(name)) for of, name in reader.rows("reported")},
    )
