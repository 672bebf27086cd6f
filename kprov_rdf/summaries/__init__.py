"""What each run comes to, beside its record: so a question over many runs reads no epochs.

One graph, ``GRAPH``, says of each record of a training, under the record's IRI:

    summary:tag summary:status summary:started summary:ended
    summary:epochs                    number of the epochs that finished
    summary:parameters summary:layers of the network
    summary:setting-optimizerName …   the settings that the training began with
    summary:test-accuracy …           what its tests reported
    summary:count-loss …              number of epochs that reported a metric, and its
    summary:mean-loss summary:last-loss summary:min-loss summary:max-loss
    summary:minEpoch-loss summary:maxEpoch-loss

A name ends in the local name of a property, and, where that is none of DNNProv, in a hash of its
IRI: others may have the same local name. For queries that are given the property, each is
described: ``summary:of`` says of which it is, ``summary:name`` how that was reported where it has
a name of its own, ``summary:statistic`` what stands before the hyphen, and ``summary:epochOf`` of
an epoch, which value was reached in it. A duration (``elapsedTime``) and
the rate (``learningRate``) count as metrics. NaN is no minimum, no maximum and no
result of a test; it is counted, and makes the mean NaN, as in IEEE 754.

Beside them stand what the things of a run are related to (``related``) and what was generated of a
content (``generated``), for lineages.

It is no provenance, but an index: made of the records whenever they grow, in no export, and made
anew when it is taken away.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from datetime import datetime
from typing import cast
from weakref import WeakKeyDictionary

import pyoxigraph as ox

from kprov_capture.nquads import double
from kprov_capture.terms import DNNPROV_NAMESPACE, XSD_NAMESPACE, Dnnprov, Prov
from kprov_rdf import resources
from kprov_rdf.journal import graphs_in
from kprov_rdf.store import SUMMARY_GRAPH, SUMMARY_NAMESPACE, LocalStore, select
from kprov_rdf.summaries import generated, related
from kprov_rdf.summaries.rows import are_in, count, named, newest, rows
from kprov_rdf.summaries.values import Values, highest, lowest, mean

__all__ = [
    "are_in", "count", "is_whole", "named", "named_property", "newest", "rebuild", "relate",
    "remove", "rows", "unsaying", "unsaying_graph", "update",
]  # fmt: skip
VERSION = "4"
GRAPH = ox.NamedNode(SUMMARY_GRAPH)
_WHOLE = ox.Quad(GRAPH, ox.NamedNode(f"{SUMMARY_NAMESPACE}version"), ox.Literal(VERSION), GRAPH)
_OF, _NAME, _STATISTIC, _EPOCH_OF = (
    ox.NamedNode(SUMMARY_NAMESPACE + name) for name in ("of", "name", "statistic", "epochOf")
)
_INTEGER, _DOUBLE, _DATE_TIME = (
    ox.NamedNode(XSD_NAMESPACE + name) for name in ("integer", "double", "dateTime")
)
_TRAINED = "SELECT DISTINCT ?run { GRAPH ?run { ?execution a dnnprov:ExecuteDataflow } }"
_NAMED = "name"
_MOST_FOLLOWED = 64
# By the store that a process owns: what goes on in its runs.
_followed: WeakKeyDictionary[LocalStore, dict[ox.NamedNode, Values]] = WeakKeyDictionary()
_DATED = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(\.[0-9]{1,9})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
).fullmatch
_PORTION = 500  # records whose sums are loaded together

_Term = ox.NamedNode | ox.Literal


def is_whole(store: LocalStore) -> bool:
    """Whether the store has the sums of all its records, as this version makes them."""
    return _WHOLE in store.about(GRAPH, GRAPH)


def rebuild(store: LocalStore) -> None:
    """Make the sums of all records."""
    _followed.pop(store, None)
    store.drop(GRAPH.value)
    runs = [row["run"] for row in select(store, _TRAINED)]
    for start in range(0, len(runs), _PORTION):
        lines = {
            f"{quad} .\n"
            for run in runs[start : start + _PORTION]
            if isinstance(run, ox.NamedNode)
            for quad in _quads(store, run, Values.read(store, run))
        }
        store.load("".join(sorted(lines)).encode())
    generated.rebuild(store)
    store.change((), [_WHOLE])


def _change(store: LocalStore, run: ox.NamedNode, values: Values) -> set[ox.Quad]:
    """Say what a record comes to, and nothing else of it; gives what is said."""
    wanted = set(_quads(store, run, values))
    # What a property is of stays: other records may have it.
    there = {*store.about(run, GRAPH), *related.kept(store, run.value)}
    store.change(there - wanted, wanted - there)
    return wanted


def update(store: LocalStore, nquads: bytes) -> None:
    """Make the sums of the records anew that were loaded from this text, or grew by it.

    What the epochs of a run reported is kept in memory until the run ends: read anew each time,
    long runs would cost more with each epoch.
    """
    followed = _followed.setdefault(store, {})
    runs = [ox.NamedNode(iri) for iri in sorted(graphs_in(nquads))]
    more: dict[ox.NamedNode, set[ox.NamedNode]] = {run: set() for run in runs if run in followed}
    for quad in ox.parse(nquads, ox.RdfFormat.N_QUADS) if more else ():
        if quad.graph_name in more and isinstance(quad.subject, ox.NamedNode):
            more[cast(ox.NamedNode, quad.graph_name)].add(quad.subject)
    for run in runs:
        values = followed.pop(run, None)
        if values is None:
            values = Values.read(store, run)
        else:
            values.take(store, run, more[run])
        wanted = _change(store, run, values)
        if wanted and not any(quad.predicate == related.ENDED for quad in wanted):
            followed[run] = values
    while len(followed) > _MOST_FOLLOWED:
        followed.pop(next(iter(followed)))
    relate(store, nquads, {run.value for run in runs})


def relate(store: LocalStore, nquads: bytes, known: Set[str] = frozenset()) -> None:
    """Make the indexes for lineages anew, of what this text tells of; but of the runs ``known``."""
    related.tell_again(store, related.told_in(nquads) - known)
    generated.update(store, nquads)


@contextmanager
def unsaying(store: LocalStore, nquads: bytes) -> Iterator[None]:
    """While some of these statements are taken out, and then what is left is in the indexes.

    Meanwhile these do not count as whole, so that all are made anew where that is cut short.
    """
    with (
        _in_parts(store),
        related.unsaying(store, related.told_in(nquads)),
        generated.unsaying(store, generated.told_in(nquads)),
    ):
        yield


@contextmanager
def unsaying_graph(store: LocalStore, graph: str) -> Iterator[None]:
    """The same while a graph is taken out."""
    with (
        _in_parts(store),
        related.unsaying(store, related.told_by(store, graph)),
        generated.unsaying(store, generated.told_by(store, graph)),
    ):
        yield


@contextmanager
def _in_parts(store: LocalStore) -> Iterator[None]:
    whole = [_WHOLE] if is_whole(store) else []
    store.change(whole, ())
    yield
    store.change((), whole)


def remove(store: LocalStore, records: Iterable[str]) -> None:
    """Forget the sums of records that are not there any more."""
    for iri in records:
        run = ox.NamedNode(iri)
        _followed.get(store, {}).pop(run, None)
        store.change([*store.about(run, GRAPH), *related.kept(store, iri)], ())


def named_property(statistic: str, of: str) -> ox.NamedNode:
    """The summary property of a statistic of a property."""
    local = _local(of)
    if of != DNNPROV_NAMESPACE + local:
        local += f"-{hashlib.sha256(of.encode()).hexdigest()[:16]}"
    return ox.NamedNode(f"{SUMMARY_NAMESPACE}{statistic}-{local}")


def _quads(store: LocalStore, run: ox.NamedNode, values: Values) -> Iterator[ox.Quad]:
    """What is said of a record, and what the properties are of."""
    facts = _facts(store, run)
    if facts is None:
        return
    names = {of: value for statistic, of, value in facts if statistic == _NAMED}
    ended = any(statistic == "status" for statistic, _, _ in facts)
    if ended:
        yield from related.made(store, run.value)
    for statistic, of, value in [*facts, *_metrics(values)]:
        if statistic == _NAMED:
            continue
        if of is None:
            yield ox.Quad(run, ox.NamedNode(SUMMARY_NAMESPACE + statistic), value, GRAPH)
            continue
        property_ = named_property(statistic, of)
        yield ox.Quad(run, property_, value, GRAPH)
        yield ox.Quad(property_, _OF, ox.NamedNode(of), GRAPH)
        yield ox.Quad(property_, _STATISTIC, ox.Literal(statistic), GRAPH)
        if of in names:
            yield ox.Quad(property_, _NAME, names[of], GRAPH)
        if statistic.endswith("Epoch"):
            reached = named_property(statistic.removesuffix("Epoch"), of)
            yield ox.Quad(property_, _EPOCH_OF, reached, GRAPH)


def _local(iri: str) -> str:
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]


_Said = tuple[str, str | None, _Term]
"""What is said: a statistic, the property that it is of, where it is of one, and the value."""


def _facts(store: LocalStore, run: ox.NamedNode) -> list[_Said] | None:
    """What a record says once; None where it is not of an execution."""
    told: dict[tuple[str, str], _Term] = {}
    tests: set[_Said] = set()
    layers, executed = 0, False
    for row in select(store, _FACTS, {"run": run}):
        kind, property_, value = cast(ox.Literal, row["of"]).value, row["property"], row["value"]
        executed = executed or kind == "execution"
        layers += kind == "layer"
        if not (isinstance(property_, ox.NamedNode) and isinstance(value, ox.Literal)):
            continue
        if kind == "test":
            if value.value != "NaN":
                tests.add((kind, property_.value, value))
            continue
        # Where a document says several, the choice does not depend on their order.
        before = told.get((kind, property_.value))
        if before is None or str(value) > str(before):
            told[kind, property_.value] = value
    if not executed:
        return None
    found: list[_Said] = [("layers", None, _number(layers))] if layers else []
    status = told.get(("training", Dnnprov.status)) or told.get(("execution", Dnnprov.status))
    for name, term in (
        ("tag", told.get(("dataflow", Dnnprov.tag))),
        ("status", status),
        ("started", _time(told.get(("execution", Prov.startedAtTime)))),
        ("ended", _time(told.get(("training", Prov.endedAtTime)))),
        ("parameters", told.get(("model", Dnnprov.parameterCount))),
    ):
        if term is not None:
            found.append((name, None, term))
    settings = [
        (kind, of, value) for (kind, of), value in told.items() if kind in ("setting", _NAMED)
    ]
    return [*found, *settings, *tests]


def _time(term: _Term | None) -> _Term | None:
    """A time with a zone, UTC where it has none; None for what is no time.

    What people merged may say anything there, and Oxigraph ends the process where it orders values
    of several types.
    """
    if not isinstance(term, ox.Literal) or term.datatype != _DATE_TIME:
        return None
    if not _DATED(term.value):  # Python takes more forms, which Oxigraph compares as text
        return None
    try:
        zoned = datetime.fromisoformat(term.value).tzinfo is not None
    except ValueError:
        return None
    return term if zoned else ox.Literal(f"{term.value}Z", datatype=_DATE_TIME)


def _metrics(values: Values) -> Iterator[_Said]:
    """What the epochs of a record come to."""
    yield "epochs", None, _number(values.epochs())
    for of, reported in values.metrics():
        yield "count", of, _number(len(reported))
        yield "mean", of, _double(mean(reported))
        yield "last", of, _double(reported[-1][1])
        for statistic, best in (("min", lowest(reported)), ("max", highest(reported))):
            if best:
                yield f"{statistic}Epoch", of, _number(best[0])
                yield statistic, of, _double(best[1])


def _number(value: int) -> ox.Literal:
    return ox.Literal(str(value), datatype=_INTEGER)


def _double(value: float) -> ox.Literal:
    # Written as capture writes a metric, so that the same value is the same literal.
    return ox.Literal(double(value), datatype=_DOUBLE)


_FACTS = resources.texts("summaries", ".rq")["facts.rq"]
