"""Runs of all sorts, for the tests of what is exported."""

import math
import shutil
from pathlib import Path

import pyoxigraph as ox
import pytest

from kprov_capture.facts import Dataset, Layer
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_rdf import ingest
from kprov_rdf.exchange import formats, selection
from kprov_rdf.exchange.selection import Graphs, Selection
from kprov_rdf.validate import constraints, inputs
from tests import recording

HOSTILE = [
    'a "tag" with \\ and \n new\r\nlines\tand \x07 bells',
    "</script><svg onload=alert(1)>&amp;<!--",
    "| # [x](javascript:x) `y` *z*",
    "\u202egnp.exe \u2067אבג\u2069 العربية",
    "=1+1 ;rm -rf / $(x) ${y} %s {0}",
    "../../../etc/passwd",
    "long " * 2000,
]

needs_graphviz = pytest.mark.skipif(
    shutil.which("dot") is None, reason="Graphviz (apt-get install graphviz) is not installed"
)


def empty(home: Home) -> Run:
    """A run in which nothing happened."""
    run = Run("empty", home=home.path)
    run.close()
    return run


def running(home: Home) -> Run:
    """A run that has two epochs and no end; close it."""
    run = recording.begin(home.path, "running")
    recording.epoch(run, 0, 0.9)
    recording.epoch(run, 1, 0.8)
    assert run.settle(10)
    return run


def hostile(home: Home, text: str) -> Run:
    """A run in which everything that a person names is ``text``."""
    run = Run(text, home=home.path)
    run.dataset("train", Dataset("train-set", "train", text, samples=1, unhashed=text))
    settings = {"optimizer_name": text, "learning_rate": 0.1, text: text}
    run.start_training(settings)
    run.architecture([Layer(text, None, text, text, 0, text, None, text, 4)], 4)
    run.epoch(0, run.now(), run.now(), 0.5, 0.1, 0, {"loss": math.nan, text: math.inf})
    run.end_training("FINISHED_WITH_ERROR", text)
    run.close()
    return run


def chosen(home: Home, *names: str) -> Selection:
    """The records of these names, of a store that is closed again."""
    with ingest.open_snapshot(home) as store:
        records = selection.find(store, names or ("@latest",), store.living)
        return selection.of_records(store, records, home.base(), store.living)


def violations(found: Selection | Graphs) -> list[str]:
    """What PROV-CONSTRAINTS have against the graphs."""
    graphs = found.graphs if isinstance(found, Selection) else found
    document = Selection(graphs, (), "http://localhost:8642/")
    told = inputs.read(bytes(formats.content(document, "nq")), "x.nq")  # type: ignore[arg-type]
    return [str(one) for outcome in constraints.check(told) for one in outcome.violations]


def texts(graphs: Graphs) -> str:
    return "\n".join(str(t) for told in graphs.values() for t in told)


def triple(subject: str, predicate: str, value: str | ox.Literal) -> ox.Triple:
    term = ox.NamedNode(value) if isinstance(value, str) else value
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), term)


def unzipped(data: bytes, folder: Path) -> Path:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
    return folder
