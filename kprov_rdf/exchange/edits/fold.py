"""The epochs of a training as one activity with one entity of metrics, and so its adaptations."""

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
class _Kind:
    """Activities of a training that are many, and what they generate; ``least`` are folded.

    ``of`` leads from the activity to the training. ``results``: the values are good or bad.
    """

    activity: ox.NamedNode
    of: ox.NamedNode
    entity: ox.NamedNode
    name: str
    product: str
    least: int
    results: bool


_EPOCHS = _Kind(
    ox.NamedNode(Dnnprov.EpochExecution), ox.NamedNode(Dnnprov.partOfTraining),
    ox.NamedNode(Dnnprov.oTraining), "epochs", "metrics", 2, True,
)  # fmt: skip
_ADAPTATIONS = _Kind(
    ox.NamedNode(Dnnprov.Adaptation), ox.NamedNode(Dnnprov.adapts),
    ox.NamedNode(Dnnprov.oAdaptation), "adaptations", "settings", 6, False,
)  # fmt: skip


@dataclass(frozen=True)
class _Folded:
    """The activities of one training and their entities, and what stands for them afterwards."""

    kind: _Kind
    activities: frozenset[object]
    entities: frozenset[object]
    activity: ox.NamedNode
    entity: ox.NamedNode


def fold(graphs: Graphs) -> dict[str, list[ox.Triple]]:
    """The statements, in which the epochs of a training are one node, and their metrics another.

    Each metric has its best, last and mean value there, as ``attribute/NAME-best`` and so on,
    and the epochs their first and last number. Relations to an epoch lead to that node. So it
    is with six adaptations or more, and the configurations that they made.
    """
    return {name: _folded(name, list(told)) for name, told in graphs.items()}


def epochs(graphs: Graphs) -> int:
    """How many epochs the training with the most of them has."""
    found = (members for told in graphs.values() for members in _groups(told, _EPOCHS).values())
    return max(map(len, found), default=0)


def _groups(told: Sequence[ox.Triple], kind: _Kind) -> dict[str, set[object]]:
    """The activities of each training."""
    known = {t.subject for t in told if t.predicate == _TYPE and t.object == kind.activity}
    of: dict[object, str] = {}
    for t in told:
        if t.predicate == kind.of and t.subject in known and isinstance(t.object, ox.NamedNode):
            # One that claims to be of several is counted to the first.
            of[t.subject] = min(t.object.value, of.get(t.subject, t.object.value))
    found: dict[str, set[object]] = defaultdict(set)
    for activity, training in of.items():
        found[training].add(activity)
    return found


def _folded(name: str, told: list[ox.Triple]) -> list[ox.Triple]:
    for kind in (_EPOCHS, _ADAPTATIONS):
        for training, members in sorted(_groups(told, kind).items()):
            if len(members) >= kind.least:
                told = _one(name, told, training, members, kind)
    return told


def _one(
    graph: str, told: list[ox.Triple], training: str, members: set[object], kind: _Kind
) -> list[ox.Triple]:
    known = {t.subject for t in told if t.predicate == _TYPE and t.object == kind.entity}
    entities = {
        t.subject
        for t in told
        if t.predicate == _GENERATED and t.object in members and t.subject in known
    }
    joint = "-" if "#" in training else "#"
    one = _Folded(
        kind,
        frozenset(members),
        frozenset(entities),
        ox.NamedNode(f"{training}{joint}{kind.name}"),
        ox.NamedNode(f"{training}{joint}{kind.name}-{kind.product}"),
    )
    base = base_of(graph, DEFAULT_BASE)
    found = [*_moved(told, one), *_described(told, one, base)]
    return sorted_triples(list(dict.fromkeys(found)))


def _moved(told: Iterable[ox.Triple], one: _Folded) -> Iterable[ox.Triple]:
    """The relations of the activities and their entities, led to what stands for them.

    The entities keep only where they come from: what one of them was made of, another may have
    been made for, and one node for both would come before itself.
    """
    instead: dict[object, Node] = dict.fromkeys(one.activities, one.activity)
    instead |= dict.fromkeys(one.entities, one.entity)
    for t in told:
        subject, value = instead.get(t.subject, t.subject), instead.get(t.object, t.object)
        mine = t.subject in instead
        if mine and (t.predicate == _TYPE or isinstance(t.object, ox.Literal)):
            continue
        if t.subject in one.entities and t.predicate != _GENERATED:
            continue
        if subject != value:
            yield ox.Triple(subject, t.predicate, value)


def _described(told: Iterable[ox.Triple], one: _Folded, base: str) -> Iterable[ox.Triple]:
    """What the two nodes are: times and range of epochs, and values."""
    times: dict[object, list[ox.Literal]] = defaultdict(list)
    values: dict[object, dict[ox.NamedNode, float]] = defaultdict(dict)
    for t in told:
        if not isinstance(t.object, ox.Literal):
            continue
        if t.subject in one.activities and t.predicate in (_STARTED, _ENDED):
            times[t.predicate].append(t.object)
        elif t.subject in one.entities and (number := _float(t.object)) is not None:
            values[t.subject][t.predicate] = number
    rows = sorted(values.values(), key=_number)
    numbers = [row[_NUMBER] for row in rows if math.isfinite(row.get(_NUMBER, math.nan))]
    span = f"{min(numbers):g} to {max(numbers):g}" if numbers else ""
    shown = f"{len(one.activities)} {one.kind.name}"
    span = span if one.kind.results else ""
    yield ox.Triple(one.activity, _TYPE, ox.NamedNode(Prov.Activity))
    yield ox.Triple(one.activity, _LABEL, _text(f"{shown}, {span}".rstrip(", ")))
    # As texts they are ordered as they are in time, of our runs, which have UTC.
    for predicate, choose in ((_STARTED, min), (_ENDED, max)):
        if len(times[predicate]) == len(one.activities):
            yield ox.Triple(one.activity, predicate, choose(times[predicate], key=_value))
    if one.entities:
        yield ox.Triple(one.entity, _TYPE, ox.NamedNode(Prov.Entity))
        yield ox.Triple(one.entity, _LABEL, _text(f"{one.kind.product} of {shown}"))
        yield from _numbers(one, rows, numbers, base)


def _numbers(
    one: _Folded,
    rows: Sequence[Mapping[ox.NamedNode, float]],
    numbers: Sequence[float],
    base: str,
) -> Iterable[ox.Triple]:
    if numbers:
        for name, number in (("epochs-first", min(numbers)), ("epochs-last", max(numbers))):
            value = ox.Literal(f"{number:.0f}", datatype=_INTEGER)
            yield from _attribute(base, one.entity, name, value)
    for predicate in sorted({key for row in rows for key in row} - {_NUMBER}, key=_value):
        found = [row[predicate] for row in rows if predicate in row]
        name = local(predicate.value)
        known = [number for number in found if math.isfinite(number)]
        told = {"last": found[-1]}
        if known and one.kind.results:
            told["mean"] = math.fsum(known) / len(known)
        if known and one.kind.results and predicate.value not in _NO_RESULT:
            told["best"] = (min if _is_cost(name) else max)(known)
        for what, number in sorted(told.items()):
            value = ox.Literal(double(number), datatype=_DOUBLE)
            yield from _attribute(base, one.entity, f"{name}-{what}", value)


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
