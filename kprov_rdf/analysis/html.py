"""Runs and answers as a notebook shows them: pure functions of values.

No style sheet, no script and no link: what is drawn takes the colours of the page that it
stands in, light or dark. All text is escaped: names come from anyone's data.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from kprov_rdf.analysis.rows import IRI, Value, shown
from kprov_rdf.tables import brief

Points = Sequence[tuple[int, float]]
"""Epochs and the values of a metric in them."""

_TABLE = "border-collapse:collapse;margin:.4em 0;color:inherit;background:transparent"
_CELL = "padding:.15em 1em .15em 0;text-align:left;border:0;background:transparent"
_NUMBER = f"{_CELL};text-align:right;font-variant-numeric:tabular-nums"
_HEAD = f"{_CELL};font-weight:normal;opacity:.7"
_LONG = 120
# Both have a contrast of 3:1 or more with white and with black; the second line is dashed too.
_LINES = (("#2f7fd1", ""), ("#cc6a00", "5 3"))
_WIDTH, _HEIGHT, _EDGE = 320, 72, 4


def plain(text: str, most: int = _LONG) -> str:
    """Text on one line, without controls and marks that turn the direction, escaped."""
    one = "".join(char if char.isprintable() else " " for char in text)
    return escape(one if len(one) <= most else f"{one[: most - 1]}…")


def table(columns: Sequence[str], rows: Iterable[Sequence[Value]], size: str = "") -> str:
    """A table; ``size`` says below it how many rows there are in all."""
    listed = list(rows)
    numeric = [
        all(isinstance(row[i], (int, float, type(None))) for row in listed)
        for i in range(len(columns))
    ]
    styles = [_NUMBER if one else _CELL for one in numeric]
    head = "".join(
        f'<th scope="col" style="{style};font-weight:normal;opacity:.7">{plain(name)}</th>'
        for name, style in zip(columns, styles, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td style="{style}">{plain(_cell(value))}</td>'
            for value, style in zip(row, styles, strict=True)
        )
        + "</tr>"
        for row in listed
    )
    told = f'<p style="opacity:.7;margin:.2em 0">{plain(size)}</p>' if size else ""
    if not listed:
        return told
    return (
        f'<table style="{_TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{told}'
    )


def _cell(value: Value) -> str:
    return brief(value) if isinstance(value, IRI) else shown(value)


def facts(told: Mapping[str, Value]) -> str:
    """Names and values, one below the other; those without a value are left out."""
    rows = "".join(
        f'<tr><th scope="row" style="{_HEAD}">{plain(name)}</th>'
        f'<td style="{_CELL}">{plain(shown(value))}</td></tr>'
        for name, value in told.items()
        if value is not None and value != ""
    )
    return f'<table style="{_TABLE}"><tbody>{rows}</tbody></table>' if rows else ""


def section(title: str, content: str, opened: bool = False) -> str:
    """Content that is shown on demand; nothing where there is none."""
    if not content:
        return ""
    told = " open" if opened else ""
    return f'<details{told}><summary style="opacity:.7">{plain(title)}</summary>{content}</details>'


def chart(lines: Mapping[str, Points]) -> str:
    """A small line chart of at most two metrics, with a legend; "" where there is nothing.

    The axis begins with the least and ends with the greatest finite value, both written.
    """
    finite = {
        name: [(x, y) for x, y in points if math.isfinite(y)] for name, points in lines.items()
    }
    drawn = {name: points for name, points in finite.items() if points}
    if not drawn:
        return ""
    xs = [x for points in drawn.values() for x, _ in points]
    ys = [y for points in drawn.values() for _, y in points]
    parts, legend = [], []
    for (name, points), (colour, dashes) in zip(drawn.items(), _LINES, strict=False):
        at = [(_scaled(x, xs, _WIDTH), _HEIGHT - _scaled(y, ys, _HEIGHT)) for x, y in points]
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.75"{dash}/>'
            f'<circle cx="{at[-1][0]:.1f}" cy="{at[-1][1]:.1f}" r="2.5" fill="{colour}"/>'
        )
        legend.append(
            f'<svg width="22" height="8" aria-hidden="true"><line x1="0" y1="4" x2="22" y2="4" '
            f'stroke="{colour}" stroke-width="2"{dash}/></svg> {plain(name, 40)} '
            f"{shown(points[-1][1])}"
        )
    named = plain(" and ".join(drawn))
    return (
        f'<figure style="margin:.4em 0"><svg role="img" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" style="overflow:visible"><title>{named} of epochs '
        f"{min(xs)} to {max(xs)}, from {min(ys):.6g} to {max(ys):.6g}</title>"
        f'<path d="M0 0V{_HEIGHT}H{_WIDTH}" fill="none" stroke="currentColor" opacity=".35"/>'
        f'{"".join(parts)}</svg><figcaption style="opacity:.85;font-size:90%">'
        f'{" &nbsp; ".join(legend)} &nbsp; <span style="opacity:.8">(epochs {min(xs)} to '
        f"{max(xs)}, {min(ys):.6g} to {max(ys):.6g})</span></figcaption></figure>"
    )


def _scaled(value: float, among: Sequence[float], length: int) -> float:
    """The place of a value between the least and the greatest, in pixels from the edge."""
    # Halved first: the difference of two doubles may be beyond what a double can be.
    low, high = min(among) / 2, max(among) / 2
    part = (value / 2 - low) / (high - low) if high > low else 0.5
    return _EDGE + part * (length - 2 * _EDGE)
