"""A run on a screen: what it is, its curves, its last epochs, what happened."""

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from kprov_rdf.runs import RUNNING, RunInfo
from kprov_rdf.tables import printable
from kprov_rdf.watch import lines
from kprov_rdf.watch.updates import PLANNED, Epoch, Event, Update

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-=+*#@"
# What is no number, in a curve.
_NONE = "×"
# Of an epoch's duration the last ones say how long the next will take.
_RECENT = 20
_EVENTS = 4
_LEAST_CURVE, _MOST_CURVE = 8, 100
_HEAD_LINES = 3
_PROGRESS = 24
_NAME = 16


class Screen:
    """What is shown of a run: give it updates, and print it.

    It fills the height of the terminal, or, when ``whole``, takes what it needs.
    """

    def __init__(self) -> None:
        self.run: RunInfo | None = None
        self.whole = False
        self._epochs: list[Epoch] = []
        self._events: list[Event] = []
        self._names: dict[str, None] = {}
        self._over = False
        self._at = time.time()
        # Of thousands of epochs they are not made anew for every second of the clock.
        self._made: tuple[object, Table] = (None, Table())

    def add(self, update: Update) -> None:
        # The thread that draws reads meanwhile: it finds the lists before or after.
        self._epochs = sorted([*self._epochs, *update.epochs], key=lambda one: one.number)
        self._events = [*self._events, *(e for e in lines.ordered(update) if isinstance(e, Event))]
        self._names = self._names | {name: None for one in update.epochs for name in one.metrics}
        self.run, self._over, self._at = update.run, update.over, time.time()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        run = self.run
        if run is None:
            yield Text("reading …")
            return
        height = None if self.whole else options.height or console.height
        names = lines.by_rank(self._names)
        curves = names if height is None else names[: max(1, (height - _HEAD_LINES - 6) // 2)]
        events = self._events if height is None else self._events[-_EVENTS:]
        used = _HEAD_LINES + len(curves) + 1 + (len(events) + 1 if events else 0)
        rows = 10 if height is None else max(1, height - used - 2)
        parts: list[RenderableType] = [*self._head(run, options.max_width), Text()]
        if names:
            bars = _BARS if console.encoding.lower().startswith("utf") else _ASCII_BARS
            key = (len(self._epochs), curves, options.max_width, bars)
            if self._made[0] != key:
                self._made = (key, self._curves(curves, options.max_width, bars))
            parts += [self._made[1], Text()]
            parts.append(self._table(names, rows, options.max_width))
        if events:
            parts += [Text(), *(_event(one, options.max_width) for one in events)]
        yield Group(*parts)

    def _head(self, run: RunInfo, width: int) -> list[Text]:
        first = _line()
        first.append(_safe(run.tag), "bold").append(f"  {run.short}  ")
        good = run.status in PLANNED or run.status == RUNNING
        first.append(run.status, "bold green" if good else "bold red")
        first.append(f"  {_safe(run.optimizer or '')}")
        second = _line()
        done, planned = run.epochs, run.planned
        second.append(f"{done} of {planned} epochs " if planned else f"{done} epochs ")
        if planned and width >= 60:
            full = min(_PROGRESS, _PROGRESS * done // planned)
            second.append("━" * full, "green").append("━" * (_PROGRESS - full), "bright_black")
        second.append(f"  elapsed {_clock(self._elapsed(run))}")
        left = self._left(run)
        if left is not None:
            second.append(f"  about {_clock(left)} left")
        elif run.status != RUNNING and not self._over:
            second.append("  waiting for tests and files")
        return [first, second]

    def _elapsed(self, run: RunInfo) -> float:
        if run.started is None:
            return 0.0
        # A run that crashed stopped at some time that nobody wrote down.
        ended = run.ended or (datetime.fromtimestamp(self._at, UTC) if self._over else None)
        return max(0.0, ((ended or datetime.now(UTC)) - run.started).total_seconds())

    def _left(self, run: RunInfo) -> float | None:
        """Seconds until the last epoch that is planned, as the last ones went."""
        recent = self._epochs[-_RECENT:]
        took = [one.seconds for one in recent if one.seconds is not None]
        # From end to end: with what callbacks do in between, such as saving a checkpoint.
        ends = [(one.number, one.ended) for one in recent if one.ended is not None]
        if run.status != RUNNING or not run.planned or not took:
            return None
        pace = sum(took) / len(took)
        if len(ends) > 1:
            pace = (ends[-1][1] - ends[0][1]) / (ends[-1][0] - ends[0][0])
        ahead = max(0, run.planned - run.epochs) * pace
        return max(0.0, ahead - (time.time() - self._at))

    def _curves(self, names: Sequence[str], width: int, bars: str) -> Table:
        """A line a metric; a metric and that of validation have one scale."""
        told = {name: [one.metrics.get(name) for one in self._epochs] for name in names}
        table = Table.grid(padding=(0, 2, 0, 0))
        digits = 6 if width >= 100 else 5
        cells = [self._values(told[name], digits) for name in names]
        # What numbers leave is for the curve; where that is too little, min and max go.
        widths = [max((one.cell_len for one in column if one is not None), default=0)
                  for column in zip(*cells, strict=True)]  # fmt: skip
        left = width - min(_NAME, max(cell_len(_safe(name)) for name in names)) - 4
        wide = left - sum(widths) - 4 >= _LEAST_CURVE
        room = left - (sum(widths) + 4 if wide else widths[0])
        room = max(_LEAST_CURVE, min(_MOST_CURVE, room, max(len(self._epochs), 1)))
        table.add_column(no_wrap=True, max_width=_NAME, overflow="ellipsis")
        for _ in range(4 if wide else 2):
            table.add_column(no_wrap=True)
        for name, values in zip(names, cells, strict=True):
            base = name.removeprefix("val_")
            both = [v for n in (base, f"val_{base}") for v in told.get(n, ()) if _finite(v)]
            curve = Text(sparkline(told[name], room, both, bars))
            curve.highlight_words([_NONE], "bold red")
            table.add_row(Text(_safe(name)), curve, *values[: 3 if wide else 1])
        return table

    def _values(self, values: Sequence[float | None], digits: int) -> list[Text | None]:
        """The last value of a metric, the least and the greatest, with their epochs."""
        last = _told("last", values[-1], None, digits)
        ranked = [(v, one.number) for v, one in zip(values, self._epochs, strict=False)
                  if _finite(v)]  # fmt: skip
        if not ranked:
            return [last, None, None]
        high = max(ranked, key=lambda pair: (pair[0], -pair[1]))
        return [last, _told("min", *min(ranked), digits), _told("max", *high, digits)]

    def _table(self, names: Sequence[str], rows: int, width: int) -> Table:
        """The last epochs, with as many columns as there is room for."""
        table = Table.grid(padding=(0, 2, 0, 0))
        columns = ["epoch", "seconds", "learning_rate"]
        room = width + 2 - sum(len(name) + 2 for name in columns)
        shown: list[str] = []
        for name in names:
            room -= max(len(_safe(name)), 10) + 2
            if room < 0 and shown:
                break
            shown.append(name)
        for _ in (*columns, *shown):
            table.add_column(justify="right", no_wrap=True, overflow="ellipsis", max_width=24)
        table.add_row(*(Text(_safe(name), "bold") for name in (*columns, *shown)))
        for one in self._epochs[-rows:]:
            seconds = "" if one.seconds is None else f"{one.seconds:.2f}"
            cells = [Text(str(one.number)), Text(seconds), _cell(one.rate)]
            table.add_row(*cells, *(_cell(one.metrics.get(name)) for name in shown))
        return table


def _finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def sparkline(
    values: Sequence[float | None], width: int, scale: Sequence[float | None], bars: str = _BARS
) -> str:
    """A curve of at most ``width`` characters, between the least and greatest of ``scale``.

    Of more values than that, each character stands for the mean of several; one among which there
    is NaN or an infinity is a cross, and a value that is missing a blank.
    """
    count, drawn = len(values), []
    known = [value for value in scale if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    for index in range(min(width, count)):
        part = values[index * count // min(width, count) : (index + 1) * count // min(width, count)]
        there = [value for value in part if value is not None]
        if not there:
            drawn.append(" ")
        elif not all(map(math.isfinite, there)):
            drawn.append(_NONE if bars == _BARS else "x")
        else:
            # Halved, since the difference of two finite values may be infinite.
            span = high / 2 - low / 2
            mean = sum(value / len(there) for value in there)
            at = (mean / 2 - low / 2) / span if span else 0.0
            drawn.append(bars[min(len(bars) - 1, max(0, int(at * len(bars))))])
    return "".join(drawn)


def _safe(text: str) -> str:
    return printable(text).replace("\n", "\\n").replace("\t", " ")


def _line(text: str = "", style: str = "") -> Text:
    return Text(text, style, no_wrap=True, overflow="ellipsis")


def _cell(value: float | None, digits: int = 6) -> Text:
    if value is None:
        return Text()
    return Text(f"{value:.{digits}g}", "" if math.isfinite(value) else "bold red")


def _told(what: str, value: float | None, epoch: int | None, digits: int) -> Text:
    found = Text.assemble((f"{what} ", "dim"), _cell(value, digits))
    return found if epoch is None else found.append(f" at {epoch}")


def _event(one: Event, width: int) -> Text:
    text = lines.event(one).replace("\t", " ")
    if one.kind == "file" and len(text) > width:
        # Of a long path the end says more.
        text = f"file: …{text[len(text) - width + 7 :]}"
    return _line(text, "red" if one.kind == "error" else "cyan")


def _clock(seconds: float) -> str:
    if not math.isfinite(seconds):
        return "?"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
