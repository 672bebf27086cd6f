"""How one thing came to be, across what kprov, MLflow and a crate tell of the same model."""

import gzip
import html
import re
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.identity import DEFAULT_BASE
from kprov_capture.terms import Dnnprov
from kprov_rdf.errors import NotFoundError
from kprov_rdf.exchange import export, merge, selection
from kprov_rdf.exchange.edits import lineage
from kprov_rdf.exchange.export import Options
from kprov_rdf.exchange.formats.drawing import drawing
from kprov_rdf.exchange.selection import Selection
from kprov_rdf.exchange.sources import Source
from kprov_rdf.store import select
from tests.exchange import runs

FIXTURES = Path(__file__).parent / "fixtures" / "trackers"


@pytest.fixture(scope="module")
def merged() -> Selection:
    ours = Source("kprov.nq", gzip.decompress((FIXTURES / "kprov.nq.gz").read_bytes()))
    others = [Source(str(FIXTURES / name)) for name in ("mlruns", "crate")]
    store, _ = merge.together([ours, *others])
    return selection.everything(store, DEFAULT_BASE)


def things(found: Selection) -> set[str]:
    """The ends of the names of all that a graph gives a class, but for catalogs."""
    rows = select(found.store, "SELECT ?s { GRAPH ?g { ?s a ?c } }")
    return {row["s"].value.rpartition("#")[2].rpartition("/")[2] for row in rows}


def test_it_leads_from_one_tool_to_another_by_content(merged: Selection) -> None:
    found = things(export.edited(merged, Options(lineage="confusion.csv")))
    # The crate's test and its files; the run and the run of MLflow that made the model; and the
    # file from which the crate says the data were taken.
    assert {"%23test", "digits.keras", "file-1", "model", "training", "train-set"} <= found
    assert {"preparation-1", "read-1", "digits.npz", "%23sampling", "digits.csv.gz"} <= found
    assert any(one.endswith("-training") for one in found)


def test_links_alone_tell_what_is_content() -> None:
    sources = (Source(str(FIXTURES / name)) for name in ("mlruns", "crate"))
    store, _ = merge.together(sources)
    chosen = selection.everything(store, DEFAULT_BASE)
    found = things(export.edited(chosen, Options(lineage="confusion.csv")))
    assert any(one.endswith("-training") for one in found)


def test_what_came_of_a_thing_is_not_in_its_lineage(merged: Selection) -> None:
    found = things(export.edited(merged, Options(lineage="digits.csv.gz")))
    assert "digits.csv.gz" in found
    assert not found & {"%23sampling", "training", "confusion.csv"}


def test_who_did_it_is_in_it_and_what_else_they_did_is_not(merged: Selection) -> None:
    graphs = lineage.lineage(merged.graphs, lineage.find(merged.graphs, "digits.npz"))
    told = [t for name, one in graphs.items() if not name.endswith("/catalog") for t in one]
    subjects = {t.subject.value for t in told}
    assert "https://orcid.org/0000-0002-1825-0097" in subjects
    assert not any(one.endswith("#%23test") for one in subjects)
    gone = {t.object.value for t in told if getattr(t.object, "value", "").endswith("#%23test")}
    assert not gone


def test_what_was_valid_is_valid_afterwards(merged: Selection) -> None:
    assert runs.violations(merged) == []
    for name in ("confusion.csv", "digits.csv.gz"):
        for summary in (False, True):
            options = Options(lineage=name, summary=summary, redact=summary)
            assert runs.violations(export.edited(merged, options)) == []


def test_without_links_it_ends_where_a_document_ends(merged: Selection) -> None:
    graphs = {name: one for name, one in merged.graphs.items() if not name.endswith("/links")}
    found = lineage.lineage(graphs, lineage.find(graphs, "confusion.csv"))
    assert not [name for name in found if "/run/" in name or "#run-" in name]
    assert Dnnprov.Training not in {
        t.object.value for one in found.values() for t in one if hasattr(t.object, "value")
    }


def test_a_name_of_nothing_or_of_several_is_refused(merged: Selection) -> None:
    with pytest.raises(NotFoundError, match="There is no 'nothing'"):
        lineage.find(merged.graphs, "nothing")
    told = merged.graphs[next(one for one in merged.graphs if "/run/" in one)]
    twice = {**merged.graphs, "urn:other": [_elsewhere(one) for one in told]}
    with pytest.raises(NotFoundError, match=r"'training' means 2 things: .*, .*. Give one"):
        lineage.find(twice, "training")


def _elsewhere(one: ox.Triple) -> ox.Triple:
    subject = ox.NamedNode(one.subject.value.replace(DEFAULT_BASE, "http://lab.example.org/"))
    return ox.Triple(subject, one.predicate, one.object)


def test_the_picture_names_the_sources(merged: Selection) -> None:
    text = export.write(merged, "dot", Options(lineage="confusion.csv")).decode()
    titles = re.findall(r'^    label="(.*?)" tooltip', text, re.MULTILINE)
    ends = (r"/crate", "/mlruns: run-55fb8b7a188f4876a60157245efcc973",
            r"Record of a run of digits \([0-9a-f]{8}\)")  # fmt: skip
    for title, end in zip(sorted(titles), ends, strict=True):
        assert re.search(f"{end}$", title)
    assert '"6 × Callback"' in text
    assert "Take the first 400 digits" in text


def test_the_picture_of_the_documentation_shows_this(merged: Selection) -> None:
    picture = Path(__file__).parents[2] / "docs" / "pictures" / "merged.svg"
    told = {html.unescape(one) for one in re.findall(r">([^<>\n]+)</text>", picture.read_text())}
    found = drawing(export.edited(merged, Options(lineage="confusion.csv")).about_records)
    lines = {line for node in found.nodes.values() for line in node.lines}
    assert picture.read_text().count('class="node"') == len(found.nodes)
    assert lines | {one.label for one in found.arrows} <= told
    assert len(told - lines - {one.label for one in found.arrows}) == 3  # the sources
