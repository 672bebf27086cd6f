"""Small provenance graphs: what stands where, and how much room it takes.

Places are hand-made: a column and a row of a grid. Sizes follow the text, measured
with the widths of a wide font, so that it fits whatever font the reader has.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["entity", "activity", "agent", "qualified"]
Point = tuple[float, float]

LINE = 16  # pixels
_NARROW, _WIDE = "fijlrt.,:;'|-()/ ", "mwMW@"


def text_width(text: str, size: float) -> float:
    """The width of a text in pixels, rather too large than too small."""
    widths = (
        0.4 if c in _NARROW else 0.97 if c in _WIDE else 0.76 if c.isupper() else 0.64 for c in text
    )
    return size * sum(widths)


def shown(term: str) -> str:
    """A term as the pictures write it."""
    return term.removeprefix("prov:")


@dataclass(frozen=True)
class Rect:
    """The room that something takes: its middle and its size."""

    x: float
    y: float
    width: float
    height: float

    def meets(self, other: "Rect") -> bool:
        return (
            abs(self.x - other.x) * 2 < self.width + other.width
            and abs(self.y - other.y) * 2 < self.height + other.height
        )


@dataclass(frozen=True)
class Box:
    """A node: its local name, its class (``dnnprov:`` where no prefix stands), and a value."""

    name: str
    kind: Kind
    term: str
    column: float
    row: float
    value: str = ""

    @property
    def lines(self) -> list[str]:
        return [line for line in (self.name, self.term, self.value) if line]


@dataclass(frozen=True)
class Arrow:
    """A property from one node to another, straight or by way of points of the grid.

    ``at`` is where along the first of its pieces the label stands; ``piece`` names another.
    """

    start: str
    property: str
    end: str
    via: tuple[Point, ...] = ()
    at: float = 0.5
    piece: int = 0


@dataclass(frozen=True)
class Band:
    """A ground behind some nodes, with a title: from one point of the grid to another."""

    title: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class Diagram:
    """A picture: ``description`` says in words what it shows."""

    name: str
    title: str
    description: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    bands: tuple[Band, ...] = ()
    pitch: Point = (260, 110)
    # Room at the left, the top, the right and the bottom of the grid.
    margin: tuple[float, float, float, float] = (85, 45, 85, 45)

    def terms(self) -> list[str]:
        """All terms that are shown, each once."""
        return list(dict.fromkeys([b.term for b in self.boxes] + [a.property for a in self.arrows]))

    def point(self, column: float, row: float) -> Point:
        return self.margin[0] + column * self.pitch[0], self.margin[1] + row * self.pitch[1]

    def room(self, box: Box) -> Rect:
        widest = max(text_width(line, 13 if i == 0 else 12) for i, line in enumerate(box.lines))
        factor, more = (1.22, 12) if box.kind == "entity" else (1, 22)
        height = LINE * len(box.lines) + (26 if box.kind == "entity" else 18)
        return Rect(*self.point(box.column, box.row), round(widest * factor + more), height)

    def path(self, arrow: Arrow) -> list[Point]:
        """The corners of an arrow, from the border of one shape to that of the other."""
        ends = {box.name: box for box in self.boxes}
        start, end = ends[arrow.start], ends[arrow.end]
        points = [
            self.point(start.column, start.row),
            *(self.point(*place) for place in arrow.via),
            self.point(end.column, end.row),
        ]
        first = self._border(start, points[0], points[1])
        last = self._border(end, points[-1], points[-2])
        return [first, *points[1:-1], last]

    def label(self, arrow: Arrow) -> Rect:
        (x1, y1), (x2, y2) = self.path(arrow)[arrow.piece : arrow.piece + 2]
        x, y = x1 + (x2 - x1) * arrow.at, y1 + (y2 - y1) * arrow.at
        return Rect(x, y, text_width(shown(arrow.property), 11) + 4, 14)

    def _border(self, box: Box, inner: Point, outer: Point) -> Point:
        """Where a line out of a shape leaves it."""
        room, inside, outside = self.room(box), 0.0, 1.0
        for _ in range(24):
            middle = (inside + outside) / 2
            x = (inner[0] + (outer[0] - inner[0]) * middle - room.x) / (room.width / 2)
            y = (inner[1] + (outer[1] - inner[1]) * middle - room.y) / (room.height / 2)
            within = x * x + y * y < 1 if box.kind == "entity" else max(abs(x), abs(y)) < 1
            inside, outside = (middle, outside) if within else (inside, middle)
        return inner[0] + (outer[0] - inner[0]) * inside, inner[1] + (outer[1] - inner[1]) * inside

    def size(self) -> Point:
        columns = max([b.column for b in self.boxes] + [p[0] for a in self.arrows for p in a.via])
        x, y = self.point(columns, max(box.row for box in self.boxes))
        return x + self.margin[2], y + self.margin[3]
