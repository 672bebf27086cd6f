"""A run as a notebook and a prompt show it: pure functions of what the run has in memory.

No style sheet and no script: the table takes the colours of the page that it stands in.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from kprov_capture.facts import Change
from kprov_capture.nquads import Value
from kprov_capture.series import Series

_METRICS = 24
_NAME = 60

_TABLE = "border-collapse:collapse;margin:.4em 0;color:inherit;background:transparent"
_CELL = "padding:.15em 1em .15em 0;text-align:left;border:0;background:transparent"
_NUMBER = f"{_CELL};font-variant-numeric:tabular-nums"
_HEAD = f"{_CELL};font-weight:normal;opacity:.7"


@dataclass(frozen=True)
class Shown:
    """What there is to show of a run now. ``rate`` is the one of the last epoch."""

    id: str
    iri: str
    tag: str
    home: str
    status: str
    epochs: int
    rate: float | None = None
    change: Change | None = None
    series: Mapping[str, Series] = field(default_factory=dict)


def relative(folder: os.PathLike[str]) -> str:
    """The folder as it is named from the working folder, where that can be."""
    try:
        return os.path.relpath(folder)
    except (OSError, ValueError):  # the working folder is gone, or on another drive
        return str(folder)


def _text(text: str) -> str:
    """As HTML, in an attribute too."""
    from html import escape  # its table of entities is not needed before

    return escape(text)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _plain(text: str, most: int = _NAME) -> str:
    """On one line, without controls and marks that turn the direction."""
    shown = "".join(one if one.isprintable() else " " for one in text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _change(change: Change) -> str:
    where = "" if change.epoch is None else f"epoch {change.epoch}: "
    old, new = (_value(one) for one in (change.old, change.new))
    return f"{where}{change.setting} {old} → {new} by {change.technique}"


def _value(value: Value) -> str:
    return _number(value) if isinstance(value, float) else str(value)


def line(run: Shown) -> str:
    """One line: which run, how far, and the last values of its first metrics."""
    last = "".join(
        f" {_plain(name)}={_number(one.last)}" for name, one in list(run.series.items())[:4]
    )
    epochs = f"{run.epochs} epoch{'' if run.epochs == 1 else 's'}"
    return f"<Run {run.id[-8:]} of {_plain(run.tag)}: {run.status}, {epochs}{last}>"


def html(run: Shown | None) -> str:
    """A table for a notebook; of None, that there is no run yet."""
    if run is None:
        return f'<p style="{_CELL}">No run yet: it begins with <code>fit</code>.</p>'
    short = run.id[-8:]
    # Whether something answers at the address is not asked: the table is to cost nothing.
    link = f'<a href="{_text(run.iri)}" style="color:inherit">{_text(run.iri)}</a>'
    rows = [
        ("run", f"<b>{_text(short)}</b> of {_text(_plain(run.tag, 200))}"),
        ("status", _text(f"{run.status}, {run.epochs} epoch{'' if run.epochs == 1 else 's'}")),
        ("learning rate", _text(_number(run.rate))),
        ("last adaptation", _text(_plain(_change(run.change), 200)) if run.change else ""),
        ("see it", f"<code>kprov show {_text(short)}</code> in {_text(_plain(run.home, 200))}"),
        ("address", f"{link} <small>(where <code>kprov serve</code> runs)</small>"),
    ]
    told = "".join(
        f'<tr><th scope="row" style="{_HEAD}">{name}</th><td style="{_CELL}">{value}</td></tr>'
        for name, value in rows
        if value
    )
    return f'<table style="{_TABLE}"><tbody>{told}</tbody></table>{_metrics(run.series)}'


def _metrics(series: Mapping[str, Series]) -> str:
    """Last, smallest and largest value of each metric: which is the best depends on it."""
    if not series:
        return ""
    rows = "".join(
        f'<tr><th scope="row" style="{_CELL};font-weight:normal">{_text(_plain(name))}</th>'
        + "".join(
            f'<td style="{_NUMBER}">{_text(cell)}</td>'
            for cell in (_number(one.last), _at(one.minimum), _at(one.maximum))
        )
        + "</tr>"
        for name, one in list(series.items())[:_METRICS]
    )
    head = "".join(
        f'<th scope="col" style="{_HEAD}">{name}</th>'
        for name in ("metric", "last", "smallest (epoch)", "largest (epoch)")
    )
    more = len(series) - _METRICS
    rest = f"<p>and {more} more metrics</p>" if more > 0 else ""
    return (
        f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{rest}'
    )


def _at(found: tuple[float, int] | None) -> str:
    return "" if found is None else f"{_number(found[0])} ({found[1]})"
