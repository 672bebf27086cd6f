"""What MLflow keeps, whether as files or in a database: experiments, runs, data, and models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kprov_rdf.exchange.foreign.training import Point, moment


@dataclass
class Run:
    """One run. ``told`` are its own values by MLflow's names, such as start_time.

    ``inputs`` are the data sets that it used, each with its tags under "tags"; ``models`` those
    that it logged, each with their params, tags and metrics.
    """

    told: dict[str, Any]
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, list[Point]] = field(default_factory=dict)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    models: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, Any]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Its id."""
        return text(self.told.get("run_id") or self.told.get("run_uuid"))


@dataclass
class Found:
    """All that one source has. ``rest`` is what belongs to no run, by MLflow's name for it."""

    runs: list[Run] = field(default_factory=list)
    experiments: dict[str, dict[str, Any]] = field(default_factory=dict)
    rest: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def attach(self, models: Mapping[str, dict[str, Any]]) -> None:
        """Give each model to the run that logged it; others belong to none."""
        runs = {run.key: run for run in self.runs}
        for model in models.values():
            run = runs.get(text(model.get("source_run_id")))
            (self.rest.setdefault("model", []) if run is None else run.models).append(model)


def text(value: object) -> str:
    """A value as a text; nothing of None."""
    return "" if value is None else str(value)


def point(value: float, timestamp: object, step: object) -> Point:
    """A value as MLflow keeps it: milliseconds since 1970; a step that is missing is 0."""
    at = moment(timestamp / 1000) if isinstance(timestamp, int) else None
    return Point(step if isinstance(step, int) else 0, value, at)


def relate(run: Run, links: Iterable[dict[str, Any]], data: Mapping[str, dict[str, Any]]) -> None:
    """Tell a run of the data sets among what is linked to it; ``data`` are all, by id."""
    for link in links:
        # The id of a data set stands on either side, by version.
        ids = (text(link.get("source_id")), text(link.get("destination_id")))
        used = next((data[one] for one in ids if one in data), None)
        if used is not None:
            run.inputs.append({**used, "tags": link.get("tags")})
        else:
            run.links.append(link)


def without_nothing(found: Mapping[str, Any], leave: Iterable[str] = ()) -> dict[str, Any]:
    """The values that are something, but for those of some keys."""
    left = set(leave)
    return {
        key: one for key, one in found.items() if one not in (None, "", [], {}) and key not in left
    }
