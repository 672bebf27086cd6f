"""Updates as lines: for people and logs, and as JSON. No line has what a terminal would obey."""

import json
import math
from collections.abc import Iterator, Mapping

from kprov_rdf.runs import RunInfo
from kprov_rdf.tables import count, number, printable
from kprov_rdf.watch.updates import Epoch, Event, Update, Value

# Its epoch is the one whose weights the model was given back.
_RESTORED = "ModelRestoration"


def lines(update: Update, first: bool) -> Iterator[str]:
    """An update as text: a line each for the run, where it is new, every epoch and every event."""
    if first:
        yield f"run {head(update.run)}"
    for one in ordered(update):
        yield epoch(one) if isinstance(one, Epoch) else event(one)
    if update.over:
        run = update.run
        took = "" if run.seconds is None else f" in {run.seconds:.1f} s"
        yield f"end: {run.status} after {count(run.epochs, 'epoch')}{took}"


def ordered(update: Update) -> list[Epoch | Event]:
    """Epochs, each followed by what happened in it; then what belongs to none."""
    last = math.inf

    def place(one: Epoch | Event) -> tuple[float, bool]:
        at = one.number if isinstance(one, Epoch) else one.epoch
        if isinstance(one, Event) and one.kind == _RESTORED:
            at = None  # it is given back at the end
        return (last if at is None else at), isinstance(one, Event)

    return sorted((*update.epochs, *update.events), key=place)


def head(run: RunInfo) -> str:
    """Which run it is, and how far."""
    of = f" of {run.planned}" if run.planned else ""
    by = f", {run.optimizer}" if run.optimizer else ""
    told = f"{run.short} of {run.tag}: {run.status}{by}, {run.epochs}{of} epochs"
    return printable(told).replace("\n", "\\n")


def value(found: Value) -> str:
    """A value as a cell: six digits; a text in one line."""
    if isinstance(found, float):
        return number(found)
    return printable(str(found)).replace("\n", "\\n")


def pairs(metrics: Mapping[str, Value]) -> str:
    """Names and values, the loss first."""
    return "  ".join(f"{value(name)} {value(metrics[name])}" for name in by_rank(metrics))


def by_rank(metrics: Mapping[str, object]) -> list[str]:
    """Names of metrics as people want them: the loss first, and each before that of validation."""

    def rank(name: str) -> tuple[bool, str, bool]:
        base = name.removeprefix("val_")
        return base != "loss", base, name != base

    return sorted(metrics, key=rank)


def epoch(one: Epoch) -> str:
    told = [f"epoch {one.number}", pairs(one.metrics)]
    if one.rate is not None:
        told.append(f"learning_rate {number(one.rate)}")
    if one.seconds is not None:
        told.append(f"{one.seconds:.2f} s")
    return "  ".join(part for part in told if part)


def event(one: Event) -> str:
    """An event in a line: what, when, and why."""
    told = {key: value(found) for key, found in one.values.items()}
    when = "" if one.epoch is None else f" in epoch {one.epoch}"
    reason = f" ({told['reason']})" if told.get("reason") else ""
    if one.kind == "adaptation":
        change = f"{told.get('setting', '')} {told.get('old', '')} -> {told.get('new', '')}"
        return f"adaptation{when}: {change} by {told.get('technique', '')}{reason}"
    if one.kind == "test":
        return f"{told['test']}: {pairs(one.metrics)}"
    if one.kind == "file":
        return f"file: {told.get('path', '')}"
    if one.kind == "error":
        named = f" {told['name']}" if "name" in told else ""
        return f"error of {told['activity']}{named}: {told.get('error', '')}"
    by = f" by {told['by']}" if "by" in told else ""
    source = f" from {told['source']}" if "source" in told else ""
    if one.kind == _RESTORED and one.epoch is not None:
        when = f" of the weights of epoch {one.epoch}"
    return f"{one.kind}{when}{by}{source}{reason}"


def json_lines(update: Update, first: bool) -> Iterator[str]:
    """An update as JSON, an object a line; ``event`` says what it is of.

    JSON has no NaN and no infinity: such a value is "NaN", "INF" or "-INF", as XSD writes it.
    """
    if first:
        yield _json("run", _run(update.run))
    for one in ordered(update):
        if isinstance(one, Epoch):
            told: dict[str, object] = {"epoch": one.number, "seconds": one.seconds}
            told |= {"learning_rate": one.rate, "metrics": _plain(one.metrics)}
            yield _json("epoch", told)
        else:
            told = {} if one.epoch is None else {"epoch": one.epoch}
            told |= _plain(one.values)
            yield _json(one.kind, told | ({"metrics": _plain(one.metrics)} if one.metrics else {}))
    if update.over:
        yield _json("end", _run(update.run))


def _run(run: RunInfo) -> dict[str, object]:
    return {
        "run": run.iri,
        "tag": run.tag,
        "status": run.status,
        "optimizer": run.optimizer,
        "epochs": run.epochs,
        "plannedEpochs": run.planned,
        "started": run.started and run.started.isoformat(),
        "ended": run.ended and run.ended.isoformat(),
    }


def _json(kind: str, told: Mapping[str, object]) -> str:
    finite = {k: _finite(v) if isinstance(v, float) else v for k, v in told.items()}
    # ASCII: no character of it is one that a terminal obeys.
    return json.dumps({"event": kind} | finite, allow_nan=False)


def _plain(found: Mapping[str, Value]) -> dict[str, object]:
    return {k: _finite(v) if isinstance(v, float) else v for k, v in found.items()}


def _finite(found: float) -> float | str:
    if math.isfinite(found):
        return found
    return "NaN" if math.isnan(found) else "INF" if found > 0 else "-INF"
