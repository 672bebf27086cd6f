"""What is drawn: it fits, and shows what is no number."""

import io
import math
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.screen import Screen as FullScreen

from kprov_rdf.tables import printable
from kprov_rdf.watch import Epoch, Event, Update
from kprov_rdf.watch.screen import Screen, sparkline
from tests.watch.test_lines import EVIL, RUN, updates

STYLE = re.compile(r"\x1b\[[0-9;]*m")
SIZES = [(80, 24), (200, 60), (40, 10), (20, 4)]


def drawn(screen: Screen, width: int, height: int) -> list[str]:
    """The lines of a terminal of that size, without styles."""
    with io.StringIO() as out:
        console = Console(file=out, width=width, height=height, force_terminal=True)
        console.print(FullScreen(screen), end="")
        return [STYLE.sub("", line) for line in out.getvalue().split("\n")]


@pytest.mark.parametrize(("width", "height"), SIZES)
@settings(max_examples=30)
@given(st.lists(updates, min_size=1, max_size=4))
def test_it_fits_whatever_is_told(width: int, height: int, told: list[Update]) -> None:
    screen = Screen()
    for update in told:
        screen.add(update)
    found = drawn(screen, width, height)
    assert len(found) <= height
    for line in found:
        assert cell_len(line) <= width
        assert printable(line) == line


@given(
    st.lists(st.none() | st.floats(), max_size=300),
    st.integers(1, 100),
)
def test_a_curve_fits_and_shows_what_is_no_number(values: list[float | None], width: int) -> None:
    scale = [one for one in values if one is not None and math.isfinite(one)]
    curve = sparkline(values, width, scale)
    assert cell_len(curve) == min(width, len(values))
    wrong = any(one is not None and not math.isfinite(one) for one in values)
    assert ("×" in curve) == wrong


def test_a_curve_falls_as_the_loss_does() -> None:
    values = [8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]
    assert sparkline(values, 8, values) == "█▇▆▅▄▃▂▁"
    assert sparkline(values, 4, values) == "█▆▃▁"
    assert sparkline([1.0, 1.0], 8, [0.0, 2.0]) == "▅▅"
    assert sparkline([1.0, None, math.nan], 8, [1.0]) == "▁ ×"


def test_head_curves_epochs_and_events_are_there() -> None:
    screen = Screen()
    epochs = tuple(
        Epoch(n, 2.0, 0.1, {"loss": 1 / (n + 1), "val_loss": math.inf if n == 3 else 0.5})
        for n in range(30)
    )
    event = Event("EarlyTermination", 29, {"by": "EarlyStopping", "reason": EVIL})
    screen.add(Update(RUN, epochs, (event,)))
    text = "\n".join(drawn(screen, 80, 24))
    for part in ("1 of 3 epochs", "about 0:0", "min", "0.033333", "at 29", "EarlyStopping"):
        assert part in text
    assert re.search(r"^ *29 +2.00 +0.1 +0.0333333 +0.5 *$", text, re.MULTILINE), "the last epoch"
    assert "×" in text
    assert "\\u001b[2J" in text
    assert "\x1b[2J" not in text


def test_of_a_long_path_the_name_is_shown() -> None:
    screen = Screen()
    path = f"/{'folder/' * 20}model.keras"
    screen.add(Update(RUN, (), (Event("file", None, {"path": path}),)))
    assert any(line.startswith("file: …") and line.endswith("/model.keras") for line in
               (one.rstrip() for one in drawn(screen, 80, 24)))  # fmt: skip


def test_numbers_are_whole_in_a_terminal_of_80_columns() -> None:
    screen = Screen()
    names = ("loss", "val_loss", "accuracy", "val_accuracy")
    epochs = (
        Epoch(n, 0.25, 0.001, dict.fromkeys(names, 1 / (n + 1.2345)), 2.0 * n) for n in range(24)
    )
    screen.add(Update(replace(RUN, status="RUNNING", planned=40, epochs=24), tuple(epochs)))
    lines = drawn(screen, 80, 24)
    assert not [line for line in lines if "…" in line]
    assert re.search(r"val_accuracy  [▁-█]{8,}  last 0\.041263  min 0\.041263 at 23 ", lines[6])
    assert "val_accuracy" in lines[8]  # as wide as it is, with nothing behind it
    assert "about 0:32 left" in lines[1] or "about 0:31 left" in lines[1]
