"""The whole way at once: a real training, watched in a browser, merged, mirrored, published."""

import csv
import io
import json
import shutil
import urllib.request
from pathlib import Path
from urllib.parse import quote

import pytest
import rdflib
from playwright.sync_api import sync_playwright

from kprov_capture.home import Home
from kprov_rdf.errors import MirrorError
from kprov_rdf.mirror import embedded
from tests.end_to_end.test_training import command, epochs_told, training
from tests.server.conftest import Server, end, start
from tests.server.test_serve import wait_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# What another tool wrote: it names the same training data by a name of its own.
OTHER = """document
prefix ex <http://other.example/>
entity(ex:scans, [prov:label="scans of digits"])
activity(ex:scanning, 1998-07-01T00:00:00Z, -)
wasGeneratedBy(ex:scans, ex:scanning, -)
agent(ex:clerk, [prov:type='prov:Person', prov:label="a clerk"])
wasAssociatedWith(ex:scanning, ex:clerk, -)
endDocument
"""


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the PATH")
def test_a_training_is_served_watched_merged_mirrored_and_published(
    home: Home, tmp_path: Path
) -> None:
    server = start(home.path)
    try:
        with training(home, 0.1) as process:
            first = epochs_told(process, 3)
            path = watched(server, first[-1][0], process)
            turtle = served_as_turtle(server, path)
            told = mirrored(home)
        merged(home, server, tmp_path)
        assert len(told) >= 3
        by_sparql = series(server, path)
        assert told == by_sparql[: len(told)], "SQL gives the epochs that SPARQL gives"
        assert turtle < len(by_sparql) + 1
        published(home, path, tmp_path)
    finally:
        end(server)


def watched(server: Server, epoch: int, process) -> str:  # type: ignore[no-untyped-def]
    """The run appears in the page, its chart moves while Keras trains; its path."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(server.url)
        page.locator(".status.running").wait_for()
        page.locator("#runs a").first.click()
        page.locator('[data-metric="loss"] canvas').wait_for()
        before = int(str(page.locator("#charts").get_attribute("data-last")))
        (later,) = epochs_told(process, 1)
        while later[0] <= max(before, epoch):
            (later,) = epochs_told(process, 1)
        wait_for(lambda: int(str(page.locator("#charts").get_attribute("data-last"))) >= later[0])
        found = page.url.removeprefix(server.url)
        browser.close()
    assert found.startswith("run/")
    return found


def served_as_turtle(server: Server, path: str) -> int:
    """The IRI opens as Turtle, as rdflib asks for it; the epochs in it."""
    graph = rdflib.Graph().parse(f"{server.url}{path}")
    metrics = rdflib.URIRef("https://w3id.org/dnnprov#oTraining")
    count = len(set(graph.subjects(rdflib.RDF.type, metrics)))
    assert count >= 3
    return count


def mirrored(home: Home) -> list[tuple[int, float]]:
    """The papers' own query, on the tables of a mirror that is made while the training runs."""
    try:
        if not embedded.installed():
            embedded.install()
    except MirrorError as error:
        pytest.skip(str(error))
    assert "killed" in command(home, "mirror", "--embedded")
    sql = "SELECT * FROM killed.ds_otrainingmodel"
    rows = json.loads(command(home, "query", "--sql", "--format", "json", "-e", sql))
    return [(int(row["epoch_id"]), row["loss"]) for row in rows]


def merged(home: Home, server: Server, folder: Path) -> None:
    """A document of another tool stands beside the run in one query."""
    (folder / "scans.provn").write_text(OTHER)
    assert "scans.provn: PROV-N" in command(home, "merge", str(folder / "scans.provn"))
    text = """SELECT ?graph (SAMPLE(?label) AS ?who) {
      GRAPH ?graph { ?a a prov:Activity ; prov:wasAssociatedWith ?p . ?p a prov:Person .
                     OPTIONAL { ?p rdfs:label ?label } } } GROUP BY ?graph ORDER BY ?graph"""
    found = server.query(text, "text/csv").text.splitlines()[1:]
    rows = [row for row in found if "/catalog," not in row]  # which tells who merged it
    assert [row.partition("/import/")[1] != "" for row in rows] == [True, False]
    assert rows[0].endswith(",a clerk")
    page = server.ask("/", "text/html").text
    assert "scans.provn" in page


def series(server: Server, path: str) -> list[tuple[int, float]]:
    text = (
        f"SELECT ?epoch ?loss {{ GRAPH <http://localhost:8642/{path}> "
        "{ ?m a dnnprov:oTraining ; dnnprov:epoch ?epoch ; dnnprov:loss ?loss } } ORDER BY ?epoch"
    )
    url = f"{server.url}sparql?format=csv&query={quote(text)}"
    with urllib.request.urlopen(url) as answer:  # noqa: S310
        rows = list(csv.reader(io.TextIOWrapper(answer)))[1:]
    return [(int(epoch), float(loss)) for epoch, loss in rows]


def published(home: Home, path: str, folder: Path) -> None:
    command(home, "publish", str(folder / "site"), "--base", "https://example.org/p/")
    graph = rdflib.Graph().parse(folder / "site" / f"{path}.ttl")
    training = rdflib.URIRef(f"https://example.org/p/{path}#training")
    assert (training, rdflib.RDF.type, rdflib.PROV.Activity) in graph
    assert not any("localhost" in str(term) for triple in graph for term in triple
                   if isinstance(term, rdflib.URIRef))  # fmt: skip
