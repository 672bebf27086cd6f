"""Prints what differs between two runs."""

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kprov_rdf.comparison import Comparison, Section
    from kprov_rdf.runs import RunInfo

_MOST = 30
_HASH = 64
_LONG = 100


def show(found: "Comparison", form: str) -> None:
    """As tables for people, or as one object of JSON."""
    if form == "json":
        click.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
        return
    for letter, run in (("A", found.a), ("B", found.b)):
        _say(f"{letter}: {_name(run)}")
    _say()
    for section in found.sections:
        if section.differences:
            _section(section)
    _metrics(found)


def _name(run: "RunInfo") -> str:
    when = f", {run.started.astimezone():%Y-%m-%d %H:%M:%S}" if run.started else ""
    return f"run {run.short} of {run.tag}{when}"


def _section(section: "Section") -> None:
    from kprov_rdf.tables import print_table

    rest = len(section.differences) - _MOST
    rows = [[one.name, _cell(one.a), _cell(one.b)] for one in section.differences[:_MOST]]
    title = section.title.capitalize()
    if rest > 0:
        title += f" ({rest:,} more: --format json)"
    print_table(["", "A", "B"], rows, title)


def _metrics(found: "Comparison") -> None:
    from kprov_rdf.comparison import summary
    from kprov_rdf.tables import count, print_table

    if found.partings:
        rows = [
            [
                *(one.metric, str(one.epoch), repr(one.a), repr(one.b)),
                *(f"{abs(one.a - one.b):.3g}", f"{one.largest:.3g}", str(one.largest_epoch)),
            ]
            for one in found.partings
        ]
        columns = ["metric", "parts at", "A", "B", "difference", "largest", "in epoch"]
        print_table(columns, rows, "Metrics part")
    if found.alike and found.shared:
        within = f" within {found.tolerance:g}" if found.tolerance else ""
        what = "metrics" if not found.partings else ", ".join(found.alike)
        _say(f"{what}: identical{within} through epoch {found.shared[-1]}")
    elif not found.shared:
        _say("No epoch is in both runs.")
    same = summary(found.sections)
    if same:
        _say(f"same: {same}")
    if not found.same:
        values = sum(len(one.differences) for one in found.sections)
        parted = f", {count(len(found.partings), 'metric')} part" if found.partings else ""
        _say(f"The runs differ: {count(values, 'value')}{parted}.")
    else:
        _say("The runs are the same.")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        return f"{value[:8]}…" if len(value) == _HASH and value.isalnum() else value
    if isinstance(value, dict):
        told = ", ".join(f"{name} {_cell(one)}" for name, one in value.items())
        return told if len(told) <= _LONG else f"{told[: _LONG - 1]}…"
    return json.dumps(value, ensure_ascii=False)


def _say(text: str = "") -> None:
    from kprov_rdf.tables import printable

    click.echo(printable(text.encode("utf-8", "replace").decode()))
