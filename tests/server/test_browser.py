"""The pages in a real browser: headless Chromium of the system."""

import functools
import http.server
import re
import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from kprov_capture.home import Home
from kprov_rdf import cli
from tests import recording
from tests.server.conftest import Server

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH")
SECONDS = 20_000  # of patience, in milliseconds


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page on which no script may fail and nothing of elsewhere may be asked."""
    found = browser.new_page()
    troubles: list[str] = []
    found.on("pageerror", lambda error: troubles.append(f"script: {error}"))
    found.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
    found.on("request", lambda r: None if "localhost" in r.url else troubles.append(r.url))
    yield found
    found.close()
    assert [trouble for trouble in troubles if "400 (BAD REQUEST)" not in trouble] == []


def test_a_training_is_watched_epoch_by_epoch(home: Home, serve, page: Page) -> None:  # type: ignore[no-untyped-def]
    server: Server = serve()
    page.goto(server.url)
    page.get_by_text("There are no runs yet").wait_for(timeout=SECONDS)
    run = recording.begin(home.path, "watched-flow")
    # The page of runs tells of it by itself.
    page.locator("#runs tbody tr", has_text="watched-flow").wait_for(timeout=SECONDS)
    assert page.locator(".status.running").count() == 1
    recording.epoch(run, 0, 0.9)
    page.locator("#runs a").first.click()
    page.locator('[data-metric="loss"] canvas').wait_for(timeout=SECONDS)
    for number in range(1, 4):
        recording.epoch(run, number, 0.9 - number / 10)
        page.locator(f'#charts[data-last="{number}"]').wait_for(timeout=SECONDS)
    assert page.locator("#epochs").inner_text() == "4"
    charts = page.locator(".chart")
    titles = [charts.nth(i).locator("h2").inner_text() for i in range(charts.count())]
    assert titles == ["loss", "accuracy", "learning rate", "seconds per epoch"]
    # The legend says the latest values: 0.6 and, 0.25 above it, the validation's.
    legend = page.locator('[data-metric="loss"] .u-legend')
    expect(legend).to_have_text(re.compile(r"0\.6\D.*0\.85"), timeout=SECONDS)
    run.end_training("FINISHED")
    run.close()
    page.locator("#status.finished").wait_for(timeout=SECONDS)
    # The tables of the page were made when there was one epoch; they are fetched anew.
    epochs = page.locator("#tables summary", has_text=re.compile(r"^\s*Epochs"))
    expect(epochs.locator(".count")).to_have_text("4", timeout=SECONDS)
    expect(page.locator("#record-of-it #metrics-3")).to_have_count(1, timeout=SECONDS)
    assert page.locator(".marked").count() == 0


def test_a_chart_is_drawn_and_not_only_there(server: Server, page: Page) -> None:
    page.goto(server.url)
    page.locator("#runs a").last.click()
    canvas = page.locator('[data-metric="loss"] canvas')
    canvas.wait_for(timeout=SECONDS)
    page.locator('#charts[data-last="2"]').wait_for(timeout=SECONDS)
    colours = canvas.evaluate(
        """canvas => {
          const { width, height } = canvas;
          const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          const found = new Set();
          for (let i = 0; i < pixels.length; i += 4)
            if (pixels[i + 3] === 255) found.add(`${pixels[i]},${pixels[i + 1]},${pixels[i + 2]}`);
          return [...found];
        }"""
    )
    assert "47,75,216" in colours, "the line of the training, in the colour of the style"
    assert "217,98,43" in colours, "the line of the validation"


def test_a_fragment_opens_and_marks_its_node(server: Server, page: Page) -> None:
    page.goto(server.url)
    path = page.locator("#runs a").last.get_attribute("href")
    page.goto(f"{server.url}{path}#layer-drop")
    node = page.locator("#layer-drop")
    node.wait_for(timeout=SECONDS)
    assert node.is_visible()
    assert "Dropout" in node.inner_text()
    page.locator('#charts[data-last="2"]').wait_for(timeout=SECONDS)
    assert page.locator("#layer-drop:target").count() == 1, "it stays the one that was meant"
    page.locator("#layer-drop a", has_text="architecture").first.click()
    assert page.url.endswith("#architecture")
    assert page.locator("#architecture").is_visible()


def test_a_query_is_typed_and_answered(server: Server, page: Page) -> None:
    page.goto(f"{server.url}sparql")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.locator("#count").wait_for(timeout=SECONDS)
    assert "5 rows" in page.locator("#count").inner_text()
    page.locator("tbody a").first.click()
    page.locator("#charts").wait_for(timeout=SECONDS)
    page.go_back()
    page.locator("textarea").fill("SELECT * {")
    with page.expect_response(lambda response: response.status == 400):
        page.get_by_role("button", name="Ask", exact=True).click()
    assert "line 1, column" in page.locator(".problem").inner_text()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_ontology_is_read_wide_and_narrow(server: Server, page: Page, width: int) -> None:
    """The pictures have their colours under the fence of the server, and nothing overflows."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(server.url)
    page.get_by_role("link", name="Ontology").click()
    colours = page.locator(".diagram .entity ellipse").first.evaluate(
        "one => [getComputedStyle(one).fill, getComputedStyle(one.ownerSVGElement).minWidth]"
    )
    assert colours == ["rgb(255, 244, 184)", "672px"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # Every text lies within its shape, in the font that this browser has.
    spilt = page.evaluate(
        """[...document.querySelectorAll(".diagram g")].filter(group => {
          const shape = group.querySelector("ellipse, rect, polygon").getBBox();
          return [...group.querySelectorAll("text")].some(text => {
            const box = text.getBBox();
            return box.x < shape.x || box.x + box.width > shape.x + shape.width
                || box.y < shape.y || box.y + box.height > shape.y + shape.height;
          });
        }).map(group => group.textContent)"""
    )
    assert spilt == []
    page.locator(".diagram a", has_text="RuleAdaptation").first.click()
    assert page.url.endswith("/ontology#RuleAdaptation")
    assert page.locator("#RuleAdaptation:target").is_visible()


def test_what_is_published_is_a_site_by_itself(server: Server, page: Page, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """On a host that only has files: pages, charts, and links."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as host:
        threading.Thread(target=host.serve_forever).start()
        base = f"http://localhost:{host.server_port}/site/"
        assert (
            cli.run(["--home", str(server.home), "publish", str(tmp_path / "site"), "--base", base])
            == 0
        )
        page.goto(base)
        page.locator("#runs a").last.click()
        page.locator('#charts[data-last="2"]').wait_for(timeout=SECONDS)
        page.goto(page.locator(".iri").inner_text() + "#layer-drop")  # the IRI itself
        assert page.locator("#layer-drop").is_visible()
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        page.locator("a", has_text="agent/kprov-capture").first.click()
        assert "kprov_capture 0.1.0" in page.locator("h1").inner_text()
        page.locator(".forms a", has_text="Turtle").first.wait_for()
        host.shutdown()
