"""A training as a tracker logged it, and how it is said: in the terms of a run of kprov's own.

So the questions that are asked of runs that kprov captured are answered for these too.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Setting = str | int | float | bool


@dataclass(frozen=True)
class Point:
    """One value of a metric: at a step or an epoch (from 0), and when it was logged."""

    step: int
    value: float
    time: datetime | None = None


@dataclass(frozen=True)
class LoggedFile:
    """A file that a tracker keeps of a training, or names.

    ``role`` is "model", "dataset" or "file". ``sha256`` in hex and ``size`` in bytes where its
    bytes are there; ``digests`` are what the tool itself says, by the name of the algorithm.
    """

    path: str
    role: str = "file"
    sha256: str | None = None
    size: int | None = None
    digests: dict[str, str] = field(default_factory=dict)


@dataclass
class Training:
    """One training.

    ``key`` is its name in the document, such as the id that the tool gave it. ``status`` is in
    the words of the ontology: "FINISHED", "FAILED", "STOPPED" or "" where it is not said.
    ``metrics`` are the series by name, ``settings`` the hyperparameters, ``results`` values that
    belong to no step, ``more`` all else that the tool says, by its name for it. ``steps`` says
    what a step is: "epoch", or "batch".
    """

    key: str
    tool: str
    version: str = ""
    name: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    status: str = ""
    person: str = ""
    host: str = ""
    commit: str = ""
    settings: dict[str, Setting] = field(default_factory=dict)
    metrics: dict[str, list[Point]] = field(default_factory=dict)
    results: dict[str, float] = field(default_factory=dict)
    files: list[LoggedFile] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    steps: str = "epoch"
