"""Facts of a run as plain values: what an adapter finds out, and statements are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kprov_capture.nquads import Value


@dataclass(frozen=True)
class Agent:
    """Who or what a run is associated with: ``kind`` and ``name`` make its IRI."""

    kind: str
    name: str
    label: str
    properties: Mapping[str, Value | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Layer:
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


@dataclass(frozen=True)
class Change:
    """A change of the learning rate.

    ``epoch`` is the one in whose hook it was made, ``after_epoch`` the last one
    that had ended by then. ``kind`` is schedule, rule, or other.
    """

    number: int
    epoch: int | None
    after_epoch: int | None
    at: float
    old: float
    new: float
    kind: str
    technique: str
    reason: str | None = None
    monitor: str | None = None
    patience: int | None = None
    factor: float | None = None
    best: float | None = None


@dataclass(frozen=True)
class MetricSummary:
    """One metric over the epochs that reported it; no minimum and maximum where all is NaN."""

    minimum: tuple[float, int] | None
    maximum: tuple[float, int] | None
    mean: float
    last: float


@dataclass(frozen=True)
class Fingerprint:
    """SHA-256 (hexadecimal) of some bytes, and how many they are."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Dataset:
    """What is known at once of the data in one role; ``local`` is its local name in the run."""

    local: str
    role: str
    source: str
    samples: int | None = None
    batches: int | None = None
    specification: str | None = None
    unhashed: str | None = None


@dataclass(frozen=True)
class ArrayContent:
    """One array of a data set, with its fingerprint; ``name`` is x, y, sample_weight, x_1, …"""

    name: str
    element_type: str
    shape: tuple[int, ...]
    content: Fingerprint
