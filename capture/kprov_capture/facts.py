"""Facts of a run as plain values: what an adapter finds out, and statements are made of."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from kprov_capture.nquads import Value


class Agent(NamedTuple):
    """Who or what a run is associated with: ``kind`` and ``name`` make its IRI."""

    kind: str
    name: str
    label: str
    properties: Mapping[str, Value | None] = MappingProxyType({})


class Layer(NamedTuple):
    """One layer. ``path`` is unique in the model: the names of its parents and its own."""

    path: str
    parent: str | None
    name: str
    type: str
    position: int
    activation: str | None = None
    dropout_rate: float | None = None
    output_shape: str | None = None
    parameters: int | None = None
    config: Any = None
    also_in: tuple[str, ...] = ()
    trainable: bool | None = None
    trainable_parameters: int | None = None
    # The paths of the layers whose outputs this one reads.
    inbound: tuple[str, ...] = ()


class Change(NamedTuple):
    """A change of a setting while a training runs.

    ``setting`` is its name as Keras has it. ``epoch`` is the one in whose hook it was
    made, ``after_epoch`` the last one that had ended by then; ``step`` counts the updates
    of the weights that were made before. ``kind`` is schedule, rule, or other.
    """

    number: int
    epoch: int | None
    after_epoch: int | None
    at: float
    old: Value
    new: Value
    kind: str
    technique: str
    reason: str | None = None
    monitor: str | None = None
    patience: int | None = None
    factor: float | None = None
    best: float | None = None
    setting: str = "learning_rate"
    step: int | None = None


class Earlier(NamedTuple):
    """What an earlier training left of the model that is trained again.

    ``training`` and ``config`` are IRIs of that run; ``changes`` are the settings that
    differ since: name, old and new value.
    """

    training: str
    config: str
    changes: tuple[tuple[str, Value, Value], ...] = ()


class Rule(NamedTuple):
    """A callback that a training was given, and its settings."""

    name: str
    config: Mapping[str, Any]
    monitor: str | None = None
    patience: int | None = None


class Stop(NamedTuple):
    """The decision to end a training early, made at ``at`` in or after ``epoch``."""

    at: float
    epoch: int | None
    technique: str
    reason: str | None = None
    monitor: str | None = None
    patience: int | None = None
    best: float | None = None


class Source(NamedTuple):
    """A model file that was read; ``node`` and ``run`` are IRIs, where an earlier run wrote it."""

    path: str
    node: str | None = None
    run: str | None = None
    campaign: str | None = None


class Ending(NamedTuple):
    """How a training ended.

    ``restored`` is the number of a restoration, the epoch whose weights the model was
    given back, and by what.
    ``pretrained`` are the local names of the models that it began with, ``resumed`` of those
    whose weights it was given meanwhile.
    """

    at: float
    status: str
    error: str | None = None
    stop: Stop | None = None
    restored: tuple[int, int, str] | None = None
    pretrained: tuple[str, ...] = ()
    resumed: tuple[str, ...] = ()


class MetricSummary(NamedTuple):
    """One metric over the epochs that reported it; no minimum and maximum where all is NaN."""

    minimum: tuple[float, int] | None
    maximum: tuple[float, int] | None
    mean: float
    last: float


class Fingerprint(NamedTuple):
    """SHA-256 (hexadecimal) of some bytes, and how many they are."""

    sha256: str
    size: int


class Dataset(NamedTuple):
    """What is known at once of the data in one role; ``local`` is its local name in the run."""

    local: str
    role: str
    source: str
    samples: int | None = None
    batches: int | None = None
    specification: str | None = None
    unhashed: str | None = None


class ArrayContent(NamedTuple):
    """One array of a data set, with its fingerprint; ``name`` is x, y, sample_weight, x_1, …"""

    name: str
    element_type: str
    shape: tuple[int, ...]
    content: Fingerprint


class Filter(NamedTuple):
    """What a step of the data preparation applied; ``source`` are the bytes of its own code."""

    label: str
    config: str
    source: Fingerprint | None = None


class Prepared(NamedTuple):
    """Data that a step of the preparation read or made; ``arrays`` are name, type and shape."""

    local: str
    source: str
    samples: int | None = None
    batches: int | None = None
    specification: str | None = None
    unhashed: str | None = None
    arrays: tuple[tuple[str, str, tuple[int, ...]], ...] = ()
    # Of a part of a split: its name, and its share of the whole.
    part: str | None = None
    share: float | None = None
