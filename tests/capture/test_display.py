"""What a notebook and a prompt show of a run."""

import shutil
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_capture import display
from kprov_capture.display import Shown
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_capture.series import Series
from tests import recording

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
VOID = {"br"}
ALLOWED = {"table", "thead", "tbody", "tr", "th", "td", "b", "a", "code", "small", "p"}


class Page(HTMLParser):
    """The text of each cell, where all that is opened is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        self.attributes |= {name for name, _ in attrs}
        self.open.append(tag)
        if tag in ("th", "td"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"th", "td"} & set(self.open):
            self.cells[-1] += data


def table(text: str | None) -> dict[str, list[str]]:
    """The cells of each row by what its first cell says."""
    assert text is not None
    cells = Page(text).cells
    start = cells.index("metric") if "metric" in cells else len(cells)
    top, metrics = cells[:start], cells[start:]
    return {top[i]: [top[i + 1]] for i in range(0, len(top), 2)} | {
        metrics[i]: metrics[i + 1 : i + 4] for i in range(0, len(metrics), 4)
    }


def shown(**more: object) -> Shown:
    told = {"id": "x" * 28 + "2e40e764", "iri": "http://localhost:8642/run/x", "tag": "flow",
            "home": ".kprov", "status": "RUNNING", "epochs": 1}  # fmt: skip
    return Shown(**{**told, **more})  # type: ignore[arg-type]


def series(*values: float) -> Series:
    made = Series()
    for epoch, value in enumerate(values):
        made.add(value, epoch)
    return made


def test_a_run_shows_how_far_it_is(home: Home) -> None:
    run = recording.begin(home.path)
    assert run.settle(20)
    assert "status" in table(run._repr_html_())
    assert table(run._repr_html_())["status"] == ["RUNNING, 0 epochs"]
    for number, loss in enumerate((0.5, 0.25, 0.375)):
        recording.epoch(run, number, loss)
    assert run.settle(20)
    rows = table(run._repr_html_())
    assert rows["run"] == [f"{run.id[-8:]} of test-flow"]
    assert rows["status"] == ["RUNNING, 3 epochs"]
    assert rows["learning rate"] == ["0.001"]
    assert rows["loss"] == ["0.375", "0.25 (1)", "0.5 (0)"]
    assert rows["see it"][0].startswith(f"kprov show {run.id[-8:]} in ")
    assert rows["address"][0].startswith(run.names.run)
    assert repr(run).startswith(f"<Run {run.id[-8:]} of test-flow: RUNNING, 3 epochs loss=0.375")
    run.end_training("INTERRUPTED")
    run.close()
    assert table(run._repr_html_())["status"] == ["INTERRUPTED, 3 epochs"]


def test_a_run_without_training_says_so(home: Home) -> None:
    with Run("flow", home=home.path) as run:
        assert repr(run) == f"<Run {run.id[-8:]} of flow: before its training, 0 epochs>"
    assert "FINISHED" in repr(run)


def test_a_metric_that_has_no_value_yet_is_left_out(home: Home) -> None:
    run = recording.begin(home.path)
    run._series["loss"] = Series()  # as the writer thread leaves it for a moment
    assert "loss" not in table(run._repr_html_())
    assert "loss" not in repr(run)
    run.close()


def test_the_last_change_of_the_rate_is_shown(home: Home) -> None:
    run = recording.record(home.path)
    rows = table(run._repr_html_())
    assert rows["last adaptation"] == ["epoch 0: learning_rate 0.001 → 0.0005 by ReduceLROnPlateau"]
    assert rows["learning rate"] == ["0.0005"]


def test_before_there_is_a_run() -> None:
    assert "No run yet" in display.html(None)


@given(
    st.text(min_size=1, max_size=30),
    st.dictionaries(st.text(min_size=1, max_size=30), st.floats(), max_size=5),
)
def test_no_name_changes_the_page(tag: str, metrics: dict[str, float]) -> None:
    run = shown(tag=tag, series={name: series(value) for name, value in metrics.items()})
    page = Page(display.html(run))
    assert page.attributes <= {"style", "scope", "href"}
    assert len(page.cells) == 8 + (4 + 4 * len(metrics) if metrics else 0)
    assert "\n" not in display.line(run)


def test_a_script_in_a_name_is_a_text() -> None:
    bad = "<script>alert(1)</script>\u202e\x1b[2J"
    run = shown(tag=bad, home=bad, series={bad: series(1.0)})
    cells = Page(display.html(run)).cells
    assert "<script>alert(1)</script>  [2J" in cells
    assert "\x1b" not in display.line(run)


def test_of_many_metrics_the_first_are_shown() -> None:
    text = display.html(shown(series={f"m{i}": series(float(i)) for i in range(100)}))
    assert "and 76 more metrics" in text
    assert len(text) < 20_000


def test_it_can_be_read_while_it_is_written(home: Home) -> None:
    run = recording.begin(home.path)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    troubles: list[BaseException] = []

    def read() -> None:
        try:
            while not run.closed:
                table(run._repr_html_())
                repr(run)
        except BaseException as error:
            troubles.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    try:
        for one in readers:
            one.start()
        for number in range(300):
            # A metric more in each epoch: the dictionary grows while it is read.
            run.epoch(number, run.now(), run.now(), 0.1, 0.1, 0, {f"metric {number}": 1.0})
        assert run.settle(60)
    finally:
        run.close()
        for one in readers:
            one.join()
        sys.setswitchinterval(before)
    assert troubles == []


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH")
@pytest.mark.parametrize(("paper", "ink"), [("#ffffff", "#111111"), ("#111111", "#eeeeee")])
def test_a_browser_shows_it_on_light_and_dark(tmp_path: Path, paper: str, ink: str) -> None:
    from playwright.sync_api import sync_playwright

    run = shown(series={"loss": series(0.5, 0.25), "<b>f1": series(1.0)}, rate=0.001)
    style = f"color:{ink};background:{paper};font-family:sans-serif"
    page_file = tmp_path / "page.html"
    page_file.write_text(
        f'<!DOCTYPE html><meta charset="utf-8"><body style="{style}">{display.html(run)}', "utf-8"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(page_file.as_uri())
        assert page.get_by_role("row").count() == 8
        assert page.get_by_role("rowheader", name="<b>f1").is_visible()
        cell = page.get_by_role("cell", name="0.25 (1)")
        assert cell.is_visible()
        # It takes the colours of the page: no paper of its own, and the ink of the page.
        colours = cell.evaluate(
            "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
        )
        rgb = tuple(int(ink[i : i + 2], 16) for i in (1, 3, 5))
        assert colours == [f"rgb{rgb}", "rgba(0, 0, 0, 0)"]
        browser.close()
