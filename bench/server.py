"""The server: how soon an epoch is in the page, what a query costs, and /health under attack."""

import contextlib
import http.client
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

from common import Row, quantile, report

from kprov_capture.home import create
from kprov_capture.run import Run
from kprov_rdf.ingest import open_snapshot

RUNS, EPOCHS, POINTS = 20, 50, 30
QUERY = (
    "PREFIX dnnprov: <https://w3id.org/dnnprov#> "
    "SELECT ?run ?loss { GRAPH ?run { ?m dnnprov:epoch 30 ; dnnprov:loss ?loss } }"
)
CROSS = "SELECT (COUNT(*) AS ?c) { " + " ".join(f"?s{n} ?p{n} ?o{n} ." for n in range(4)) + " }"
HOSTILE = {
    "4,000 nested parentheses": "SELECT * { FILTER(" + "(" * 4000 + "1" + ")" * 4000 + ") }",
    "a cross product of four": CROSS,
    "SERVICE to loopback": "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }",
}


def ask(url: str, path: str, accept: str = "*/*") -> bytes:
    place = urlsplit(url)
    connection = http.client.HTTPConnection(str(place.hostname), place.port or 80, timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Accept": accept})
        return connection.getresponse().read()


def median_ms(url: str, path: str, times: int = 50, accept: str = "*/*") -> float:
    found = []
    for _ in range(times):
        started = time.perf_counter()
        ask(url, path, accept)
        found.append(time.perf_counter() - started)
    return statistics.median(found) * 1000


def record(home: Path) -> None:
    for _ in range(RUNS):
        with Run("bench", home=home) as run:
            run.start_training({"optimizer_name": "Adam", "learning_rate": 0.001})
            for number in range(EPOCHS):
                epoch(run, number)
            run.end_training("FINISHED")


def epoch(run: Run, number: int) -> None:
    value = 1 / (number + 1)
    metrics = {"loss": value, "accuracy": 1 - value, "val_loss": value, "val_accuracy": 1 - value}
    run.epoch(number, run.now(), run.now(), 0.1, 0.001, 0, metrics)


@contextlib.contextmanager
def served(home: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "kprov_rdf", "--home", str(home), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = next(w for w in process.stdout.readline().split() if w.startswith("http"))
        while b'"ok"' not in ask(url, "/health"):
            time.sleep(0.02)
        yield url
        process.terminate()


@contextlib.contextmanager
def peer(home: Path, folder: Path) -> Iterator[str]:
    """`oxigraph serve` over the same statements."""
    with open_snapshot(create(home)) as store:
        store.backup(folder / "store")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("oxigraph")
    command = [program, "serve", "-l", folder / "store", "-b", f"127.0.0.1:{port}"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        for _ in range(200):
            with contextlib.suppress(OSError):
                ask(f"http://127.0.0.1:{port}", "/")
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
        process.terminate()


def to_the_stream(url: str, home: Path) -> list[float]:
    """Seconds from the hand-over of an epoch to its event."""
    place, found = urlsplit(url), []
    with Run("live", home=home) as run:
        run.start_training({"optimizer_name": "Adam", "learning_rate": 0.001})
        epoch(run, 0)
        time.sleep(0.5)
        connection = http.client.HTTPConnection(str(place.hostname), place.port or 80, timeout=60)
        with contextlib.closing(connection):
            connection.request(
                "GET", f"/live/{run.names.run_id}", headers={"Accept": "text/event-stream"}
            )
            lines = iter(connection.getresponse())
            next(line for line in lines if line == b"id: 0\n")
            for number in range(1, POINTS):
                time.sleep(0.15 + number % 7 / 50)  # not in step with the server's looking
                started = time.perf_counter()
                epoch(run, number)
                next(line for line in lines if line == b"id: %d\n" % number)
                found.append(time.perf_counter() - started)
        run.end_training("FINISHED")
    return found


def to_the_page(url: str, home: Path) -> list[float] | None:
    """Seconds from the hand-over of an epoch to its point in the page; None without a browser."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        return None
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as playwright, Run("live", home=home) as run:
        run.start_training({"optimizer_name": "Adam", "learning_rate": 0.001})
        epoch(run, 0)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        time.sleep(0.5)
        page.goto(f"{url}run/{run.names.run_id}")
        page.locator('#charts[data-last="0"]').wait_for()
        for number in range(1, POINTS):
            time.sleep(0.15 + number % 7 / 50)
            started = time.perf_counter()
            epoch(run, number)
            page.locator(f'#charts[data-last="{number}"]').wait_for()
            found.append(time.perf_counter() - started)
        browser.close()
        run.end_training("FINISHED")
    return found


def health_meanwhile(url: str, query: str) -> float:
    """The slowest answer of /health in milliseconds while a query is answered, and after."""
    path = f"/sparql?query={quote(query)}"
    asking = threading.Thread(target=ask, args=(url, path))
    asking.start()
    slowest, until = 0.0, time.monotonic() + 1
    while asking.is_alive() or time.monotonic() < until:
        started = time.perf_counter()
        assert json.loads(ask(url, "/health"))["status"] == "ok"
        slowest = max(slowest, time.perf_counter() - started)
        time.sleep(0.02)
    return slowest * 1000


def main() -> None:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        create(home)
        record(home)
        with peer(home, Path(name)) as other:
            theirs = median_ms(other, f"/query?query={quote(QUERY)}")
        with served(home) as url:
            path = f"/sparql?query={quote(QUERY)}"
            ask(url, path)
            rows.append(
                Row(f"a query over {RUNS} runs, warm, median", median_ms(url, path), "ms",
                    peer="oxigraph serve", peer_value=theirs)
            )  # fmt: skip
            run = json.loads(ask(url, "/live"))[0]["path"]
            for what, where, accept in (
                ("the page of runs", "/", "text/html"),
                ("the page of a run", f"/{run}", "text/html"),
                ("a run as Turtle", f"/{run}", "text/turtle"),
            ):
                ask(url, where, accept)
                rows.append(Row(f"{what}, median", median_ms(url, where, accept=accept), "ms"))
            seconds = to_the_stream(url, home)
            rows += [
                Row("epoch handed over to its event in a stream, median",
                    statistics.median(seconds) * 1000, "ms"),
                Row("the same, slowest of 29", max(seconds) * 1000, "ms", 1000),
            ]  # fmt: skip
            shown = to_the_page(url, home)
            if shown:
                rows += [
                    Row("epoch handed over to its point in Chromium, median",
                        statistics.median(shown) * 1000, "ms"),
                    Row("the same, slowest of 29", max(shown) * 1000, "ms", 1000),
                ]  # fmt: skip
            quiet = [median_ms(url, "/health", 1) for _ in range(50)]
            rows.append(Row("/health, 95th percentile", quantile(quiet, 0.95), "ms", 200))
            rows += [
                Row(f"/health during {what}, slowest", health_meanwhile(url, query), "ms", 200)
                for what, query in HOSTILE.items()
            ]
    report("server", rows)


if __name__ == "__main__":
    main()
