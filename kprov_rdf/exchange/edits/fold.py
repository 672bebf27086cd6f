"""The epochs of a training as one activity with one entity of metrics."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyoxigraph as ox

from kprov_capture.identity import DEFAULT_BASE, ncname
from kprov_capture.nquads import double
from kprov_capture.terms import (
    OWL_DATATYPE_PROPERTY,
    RDF_TYPE,
    RDFS_LABEL,
    XSD_NAMESPACE,
    Dnnprov,
    Prov,
)
from kprov_rdf.exchange.selection import Graphs, base_of
from kprov_rdf.exchange.writing import sorted_triples

_TYPE, _LABEL = ox.NamedNode(RDF_TYPE), ox.NamedNode(RDFS_LABEL)
_EPOCH, _METRICS = ox.NamedNode(Dnnprov.EpochExecution), ox.NamedNode(Dnnprov.oTraining)
_OF = ox.NamedNode(Dnnprov.partOfTraining)
_NUMBER = ox.NamedNode(Dnnprov.epoch)
_GENERATED = ox.NamedNode(Prov.wasGeneratedBy)
_STARTED, _ENDED = ox.NamedNode(Prov.startedAtTime), ox.NamedNode(Prov.endedAtTime)
_DOUBLE = ox.NamedNode(f"{XSD_NAMESPACE}double")
_INTEGER = ox.NamedNode(f"{XSD_NAMESPACE}integer")
_NUMERIC = {f"{XSD_NAMESPACE}{name}" for name in ("double", "float", "decimal", "integer")}
# Of these the least is the best; of any other metric the greatest.
_COSTS = (
    "loss", "error", "mae", "mse", "mape", "msle", "crossentropy", "divergence", "hinge",
    "poisson", "logcosh", "falsenegatives", "falsepositives",
)  # fmt: skip
# What is neither good nor bad.
_NO_RESULT = {Dnnprov.elapsedTime, Dnnprov.learningRate}

Node = ox.NamedNode | ox.BlankNode | ox.Triple


@dataclass(frozen=True)
class _Training:
    """The epochs of one training, and the nodes that stand for them afterwards."""

    epochs: frozenset[object]
    metrics: frozenset[object]
    activity: ox.NamedNode
    entity: ox.NamedNode


def fold(graphs: Graphs, least: int = 2) -> dict[str, list[ox.Triple]]:
    """The statements, in which the epochs of a training are one node, and their metrics another.

    Each metric has its best, last and mean value there, as ``attribute/NAME-best`` and so on,
    and the epochs their first and last number. Relations to an epoch lead to that node. A
    training of fewer than ``least`` epochs stays as it is.
    """
    return {name: _folded(name, list(told), least) for name, told in graphs.items()}


def epochs(graphs: Graphs) -> int:
    """How many epochs the training with the most of them has."""
    counts: dict[object, int] = defaultdict(int)
    for told in graphs.values():
        for one in _epochs(told).values():
            for training in one:
                counts[training] += 1
    return max(counts.values(), default=0)


def _epochs(told: Iterable[ox.Triple]) -> dict[object, list[object]]:
    """The trainings of each epoch."""
    kinds = {t.subject for t in told if t.predicate == _TYPE and t.object == _EPOCH}
    found: dict[object, list[object]] = defaultdict(list)
    for t in told:
        if t.predicate == _OF and t.subject in kinds and isinstance(t.object, ox.NamedNode):
            found[t.subject].append(t.object)
    return found


def _folded(name: str, told: list[ox.Triple], least: int) -> list[ox.Triple]:
    of_training: dict[str, set[object]] = defaultdict(set)
    for epoch, trainings in _epochs(told).items():
        # One that claims to be of several is counted to the first.
        of_training[min(map(_iri, trainings))].add(epoch)
    for training, members in sorted(of_training.items()):
        if len(members) >= least:
            told = _one(name, told, training, members)
    return told


def _iri(term: object) -> str:
    return term.value if isinstance(term, ox.NamedNode) else str(term)


def _one(graph: str, told: list[ox.Triple], training: str, members: set[object]) -> list[ox.Triple]:
    is_metrics = {t.subject for t in told if t.predicate == _TYPE and t.object == _METRICS}
    entities = {
        t.subject
        for t in told
        if t.predicate == _GENERATED and t.object in members and t.subject in is_metrics
    }
    joint = "-" if "#" in training else "#"
    one = _Training(
        frozenset(members),
        frozenset(entities),
        ox.NamedNode(f"{training}{joint}epochs"),
        ox.NamedNode(f"{training}{joint}epochs-metrics"),
    )
    base = base_of(graph, DEFAULT_BASE)
    found = [*_moved(told, one), *_described(told, one, base)]
    return sorted_triples(list(dict.fromkeys(found)))


def _moved(told: Iterable[ox.Triple], one: _Training) -> Iterable[ox.Triple]:
    """The relations of the epochs and their metrics, led to what stands for them.

    The metrics keep only where they come from: what one of them was made of, another may have
    been made for, and one node for both would come before itself.
    """
    instead: dict[object, Node] = dict.fromkeys(one.epochs, one.activity)
    instead |= dict.fromkeys(one.metrics, one.entity)
    for t in told:
        subject, value = instead.get(t.subject, t.subject), instead.get(t.object, t.object)
        mine = t.subject in instead
        if mine and (t.predicate == _TYPE or isinstance(t.object, ox.Literal)):
            continue
        if t.subject in one.metrics and t.predicate != _GENERATED:
            continue
        if subject != value:
            yield ox.Triple(subject, t.predicate, value)


def _described(told: Iterable[ox.Triple], one: _Training, base: str) -> Iterable[ox.Triple]:
    """What the two nodes are: times and range of the epochs, and their metrics."""
    times: dict[object, list[ox.Literal]] = defaultdict(list)
    values: dict[object, dict[ox.NamedNode, float]] = defaultdict(dict)
    for t in told:
        if not isinstance(t.object, ox.Literal):
            continue
        if t.subject in one.epochs and t.predicate in (_STARTED, _ENDED):
            times[t.predicate].append(t.object)
        elif t.subject in one.metrics and (number := _float(t.object)) is not None:
            values[t.subject][t.predicate] = number
    rows = sorted(values.values(), key=_number)
    numbers = [row[_NUMBER] for row in rows if math.isfinite(row.get(_NUMBER, math.nan))]
    span = f"{min(numbers):g} to {max(numbers):g}" if numbers else ""
    yield ox.Triple(one.activity, _TYPE, ox.NamedNode(Prov.Activity))
    yield ox.Triple(one.activity, _LABEL, _text(f"{len(one.epochs)} epochs, {span}".rstrip(", ")))
    # As texts they are ordered as they are in time, of our runs, which have UTC.
    for predicate, choose in ((_STARTED, min), (_ENDED, max)):
        if len(times[predicate]) == len(one.epochs):
            yield ox.Triple(one.activity, predicate, choose(times[predicate], key=_value))
    if one.metrics:
        yield ox.Triple(one.entity, _TYPE, ox.NamedNode(Prov.Entity))
        yield ox.Triple(one.entity, _LABEL, _text(f"metrics of {len(one.metrics)} epochs"))
        yield from _numbers(one.entity, rows, numbers, base)


def _numbers(
    entity: ox.NamedNode,
    rows: Sequence[Mapping[ox.NamedNode, float]],
    numbers: Sequence[float],
    base: str,
) -> Iterable[ox.Triple]:
    if numbers:
        for name, number in (("epochs-first", min(numbers)), ("epochs-last", max(numbers))):
            value = ox.Literal(f"{number:.0f}", datatype=_INTEGER)
            yield from _attribute(base, entity, name, value)
    for predicate in sorted({one for row in rows for one in row} - {_NUMBER}, key=_value):
        found = [row[predicate] for row in rows if predicate in row]
        name = local(predicate.value)
        known = [one for one in found if math.isfinite(one)]
        told = {"last": found[-1]}
        if known:
            told["mean"] = math.fsum(known) / len(known)
        if known and predicate.value not in _NO_RESULT:
            told["best"] = (min if _is_cost(name) else max)(known)
        for what, number in sorted(told.items()):
            value = ox.Literal(double(number), datatype=_DOUBLE)
            yield from _attribute(base, entity, f"{name}-{what}", value)


def _attribute(
    base: str, entity: ox.NamedNode, name: str, value: ox.Literal
) -> Iterable[ox.Triple]:
    """A value under a property of our own, which is declared."""
    of = ox.NamedNode(f"{base}attribute/{ncname(name)}")
    yield ox.Triple(of, _TYPE, ox.NamedNode(OWL_DATATYPE_PROPERTY))
    yield ox.Triple(of, _LABEL, _text(name))
    yield ox.Triple(entity, of, value)


def _float(literal: ox.Literal) -> float | None:
    if literal.datatype.value not in _NUMERIC:
        return None
    try:
        return float(literal.value)
    except ValueError:  # a merged document may say anything
        return None


def _number(row: Mapping[ox.NamedNode, float]) -> float:
    return row.get(_NUMBER, -1.0)


def _value(term: ox.NamedNode | ox.Literal) -> str:
    return term.value


def _text(text: str) -> ox.Literal:
    return ox.Literal(text)


def _is_cost(name: str) -> bool:
    plain = name.lower().replace("_", "").replace("-", "")
    return plain.endswith(_COSTS)


def local(iri: str) -> str:
    """What follows the last '#' or '/' of an IRI."""
    return iri[max(iri.rfind("#"), iri.rfind("/")) + 1 :]
