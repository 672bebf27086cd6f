"""Small provenance graphs as SVG, drawn as W3C PROV draws them.

An entity is a yellow ellipse, an activity a blue rectangle, an agent an orange house.
"""

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

from kprov_rdf.linked.diagrams import LINE, Arrow, Band, Box, Diagram, shown

# Where a term is explained: its link.
Linked = Callable[[str], str]

STYLE = Path(__file__).with_name("static") / "diagrams.css"


def draw(diagram: Diagram, linked: Linked, style: bool = False) -> str:
    """The picture; with its ``style`` where it is a file of its own."""
    width, height = diagram.size()
    name = f"diagram-{diagram.name}"
    given = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="diagram" role="img" '
        f'aria-labelledby="{name}-title {name}-text" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}">',
        f'<title id="{name}-title">{escape(diagram.title)}</title>',
        f'<desc id="{name}-text">{escape(diagram.description)}</desc>',
    ]
    if style:
        given += ["<style>", STYLE.read_text("utf-8").strip(), "</style>"]
        given.append(f'<rect class="ground" width="{width:g}" height="{height:g}"/>')
    given += [_band(diagram, band) for band in diagram.bands]
    for arrow in diagram.arrows:
        given += _arrow(diagram, arrow)
    given += [_label(diagram, arrow, linked) for arrow in diagram.arrows]
    for box in diagram.boxes:
        given += _box(diagram, box, linked)
    return "\n".join([*given, "</svg>"])


def _band(diagram: Diagram, band: Band) -> str:
    (x1, y1), (x2, y2) = diagram.point(band.left, band.top), diagram.point(band.right, band.bottom)
    return (
        f'<rect class="band" x="{x1:g}" y="{y1:g}" width="{x2 - x1:g}" height="{y2 - y1:g}" '
        f'rx="10"/><text class="bandtitle" x="{x1 + 12:g}" y="{y1 + 19:g}">'
        f"{escape(band.title)}</text>"
    )


def _arrow(diagram: Diagram, arrow: Arrow) -> Iterator[str]:
    points = diagram.path(arrow)
    (x1, y1), (x2, y2) = points[-2:]
    length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5 or 1
    x, y = (x2 - x1) / length, (y2 - y1) / length
    line = " ".join(f"{px:.1f},{py:.1f}" for px, py in [*points[:-1], (x2 - 7 * x, y2 - 7 * y)])
    yield f'<polyline class="line" points="{line}"/>'
    corners = (
        (x2, y2),
        (x2 - 9 * x - 4 * y, y2 - 9 * y + 4 * x),
        (x2 - 9 * x + 4 * y, y2 - 9 * y - 4 * x),
    )
    yield '<polygon class="head" points="{}"/>'.format(
        " ".join(f"{px:.1f},{py:.1f}" for px, py in corners)
    )


def _label(diagram: Diagram, arrow: Arrow, linked: Linked) -> str:
    room = diagram.label(arrow)
    text = (
        f'<text class="label" x="{room.x:.1f}" y="{room.y + 4:.1f}">{shown(arrow.property)}</text>'
    )
    return _link(arrow.property, text, linked)


def _link(term: str, text: str, linked: Linked) -> str:
    # Not in the order of the Tab key: the text below a picture has the same links.
    return f'<a href="{escape(linked(term))}" tabindex="-1">{text}</a>'


def _box(diagram: Diagram, box: Box, linked: Linked) -> Iterator[str]:
    room = diagram.room(box)
    left, top, w, h = room.x - room.width / 2, room.y - room.height / 2, room.width, room.height
    if box.kind == "entity":
        shape = f'<ellipse cx="{room.x:g}" cy="{room.y:g}" rx="{w / 2:g}" ry="{h / 2:g}"/>'
    elif box.kind == "agent":
        roof = f"{left:g},{top:g} {room.x:g},{top - 12:g} {left + w:g},{top:g}"
        shape = f'<polygon points="{roof} {left + w:g},{top + h:g} {left:g},{top + h:g}"/>'
    else:
        shape = f'<rect x="{left:g}" y="{top:g}" width="{w:g}" height="{h:g}" rx="3"/>'
    first = room.y - LINE * (len(box.lines) - 1) / 2 + 4
    texts = [
        f'<text class="{style}" x="{room.x:g}" y="{first + LINE * number:g}">{escape(line)}</text>'
        for number, (style, line) in enumerate(
            zip(("name", "term", "value"), box.lines, strict=False)
        )
    ]
    yield f'<g class="{box.kind}">{_link(box.term, shape + "".join(texts), linked)}</g>'
