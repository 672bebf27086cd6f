"""How a run and a list of runs show themselves at a prompt and in a notebook."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kprov_capture.terms import XSD_NAMESPACE
from kprov_rdf.analysis import html
from kprov_rdf.analysis.result import Result, size
from kprov_rdf.analysis.rows import Value, shown, text
from kprov_rdf.query import Table, Term
from kprov_rdf.tables import count, printable

if TYPE_CHECKING:
    from kprov_rdf.analysis.run import Run

_COLUMNS = ("run", "tag", "status", "optimizer", "rate", "epochs", "planned", "started", "seconds")
_METRICS = 4
_SETTINGS = 40
_ROWS = 20


def line(run: "Run") -> str:
    """One line: which run, how far, and the last values of its first metrics."""
    last = ""
    for name in list(run._epochs.metrics)[:_METRICS]:
        last += f", {printable(name)}={shown(run.points(name)[-1][1])}"
    epochs = count(len(run._epochs.numbers), "epoch")
    return f"<Run {run.short} of {printable(run.tag)}: {run.status}, {epochs}{last}>"


def page(run: "Run") -> str:
    """Status, chart, settings, adaptations and tests."""
    told: dict[str, Value] = {
        "run": f"{run.short} of {run.tag}",
        "status": f"{run.status}, {_epochs(run)}",
        "started": run.started and f"{run.started.astimezone():%Y-%m-%d %H:%M:%S}",
        "seconds": None if run.seconds is None else f"{run.seconds:.1f}",
    }
    drawn = [name for name in ("loss", "val_loss") if name in run._epochs.metrics]
    drawn = drawn or list(run._epochs.metrics)[:2]
    settings = dict(list(run.settings.items())[:_SETTINGS])
    return (
        html.facts(told)
        + html.chart({name: run.points(name) for name in drawn})
        + html.section("Settings", html.facts(settings))
        + _section("Adaptations", run.adaptations)
        + _section("Tests", run.tests)
    )


def _epochs(run: "Run") -> str:
    done = len(run._epochs.numbers)
    return f"{done} of {count(run.planned, 'epoch')}" if run.planned else count(done, "epoch")


def _section(title: str, found: Result) -> str:
    """A table on demand; properties and nodes by the last part of their IRIs."""
    rows = [[_local(value) for value in row] for row in found[:_ROWS]]
    if not rows:
        return ""
    more = f"the first {_ROWS} of {len(found)}" if len(found) > _ROWS else ""
    return html.section(f"{title} ({len(found)})", html.table(found.columns, rows, more))


def _local(value: Value) -> Value:
    if not isinstance(value, str) or "://" not in value:
        return value
    return min(value.rpartition("#")[2], value.rpartition("/")[2], key=len)


def listing(runs: Sequence["Run"]) -> Result:
    """The runs as a table; ``run`` is the name that ``store.run`` finds one by."""
    rows = [
        (
            _term(run.short), _term(run.tag), _term(run.status), _term(run.optimizer),
            _term(run.info.rate), _term(run.info.epochs), _term(run.planned),
            _term(run.started and run.started.isoformat(), "dateTime"), _term(run.seconds),
        )
        for run in runs
    ]  # fmt: skip
    return Result(lambda: Table(list(_COLUMNS), iter(rows)))


def table(runs: Sequence["Run"]) -> str:
    """The first of the runs as a table, with how many there are."""
    first = listing(runs[:_ROWS])
    return html.table(first.columns, first, size(len(runs), _ROWS, "run"))


def _term(value: Value, kind: str | None = None) -> Term:
    if value is None:
        return None
    kind = kind or {int: "integer", float: "double"}.get(type(value), "string")
    return ox.Literal(text(value), datatype=ox.NamedNode(XSD_NAMESPACE + kind))
