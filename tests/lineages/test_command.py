"""The command kprov lineage: the story, the other formats, and its messages."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pyoxigraph as ox
import pytest

from kprov_capture.home import Home
from kprov_rdf import cli
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.lineage import told, tree
from kprov_rdf.lineage.walk import trace
from kprov_rdf.store import LocalStore
from tests import recording
from tests.conftest import child_environment
from tests.tuning import chain

Capture = pytest.CaptureFixture[str]
_P = "http://www.w3.org/ns/prov#"


@pytest.fixture
def kprov(home: Home, capfd: Capture):
    """Run a command on the folder; gives status, standard output, standard error."""

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        status = cli.run(["--home", str(home.path), *map(str, arguments)])
        out, err = capfd.readouterr()
        return status, out, err

    return call


def test_it_reads_as_a_story(kprov, home: Home) -> None:
    run = recording.record(home.path)
    status, out, err = kprov("lineage", "@latest#testing-1-metrics")
    assert (status, err) == (0, "")
    first, *rest = out.splitlines()
    assert first.startswith('test metrics  f1 of "all" 0.5, loss 0.8') or "loss 0.8" in first
    assert f"run {run.id[-8:]} of test-flow" in first
    story = " ".join(line.split("  ")[0] for line in rest)
    assert re.search(r"← Testing .*TestSet .*← model ← Training .*← TrainSet", story)
    training = next(line for line in rest if "Training" in line)
    assert "Adam, learning rate 0.001, 3 epochs, 1 adaptation" in training
    assert re.search(r"code +git commit [0-9a-f]{12}", out)
    assert re.search(r"in +Python 3\.\d+", out)
    assert re.search(r"by +\S", out)
    assert "10 samples" in out


def test_a_chain_stays_in_its_column_and_tells_each_thing_once(home: Home, tmp_path: Path) -> None:
    runs = chain(home, tmp_path, 50, epochs=1)
    with open_snapshot(home) as store:
        found = trace(store, [runs[-1].names("file-1")])
        lines = tree.lines(found, told.tell(store, found))
    things = [line.tells for line in lines if line.tells]
    assert sorted(things) == sorted(set(found.nodes))
    models = [line for line in lines if line.title.startswith(("model", "file", "FineTuning"))]
    assert {line.before for line in models} == {"", "← "}
    assert sum(line.title.startswith("FineTuning") for line in lines) == 49


def test_what_is_met_twice_is_referred_to() -> None:
    store = LocalStore()
    edges = [("top", "left"), ("top", "right"), ("left", "raw"), ("right", "raw"), ("raw", "top")]
    store.load("".join(f"<urn:{a}> <{_P}wasDerivedFrom> <urn:{b}> .\n".replace(" .", " <urn:g> .")
                       for a, b in edges).encode())  # fmt: skip
    found = trace(store, ["urn:top"])
    text = tree.text(found, told.tell(store, found))
    assert text.count("raw") == 2
    assert re.search(r"raw  \(.*see (above|below)\)", text)
    assert re.search(r"top  \(.*see above\)", text)


def test_down_tells_what_was_made_of_it(kprov, home: Home, tmp_path: Path) -> None:
    chain(home, tmp_path, 3)
    status, out, _ = kprov("lineage", "--down", tmp_path / "model-0.keras")
    assert status == 0
    assert out.count("→ FineTuning") == 2
    assert "model-2.keras" in out
    status, out, _ = kprov("lineage", "--down", "@latest#file-1")
    assert "Nothing is recorded of what was made of it." in out


def test_json_tells_nodes_and_edges(kprov, home: Home) -> None:
    run = recording.record(home.path)
    found = json.loads(kprov("lineage", "@latest", "--format", "json", "--depth", "1")[1])
    assert (found["of"], found["direction"], found["depth"]) == ([run.names.model], "up", 1)
    by = {node["iri"]: node for node in found["nodes"]}
    training = by[run.names.training]
    assert (training["kind"], training["distance"]) == ("Training", 1)
    assert training["values"]["optimizerName"] == "Adam"
    assert training["values"]["learningRate"] == 0.001
    assert training["environment"]["pythonVersion"].startswith("3.")
    assert {"later": run.names.model, "relation": "wasGeneratedBy",
            "earlier": run.names.training} in found["edges"]  # fmt: skip
    ends = {one[end] for one in found["edges"] for end in ("later", "earlier")}
    assert ends <= by.keys()


def test_pictures(kprov, home: Home, tmp_path: Path) -> None:
    chain(home, tmp_path, 3)
    status, out, _ = kprov("lineage", "@latest", "--format", "dot")
    assert (status, out.count("wasGeneratedBy") > 3) == (0, True)
    assert "FineTuning" in out
    path = tmp_path / "lineage.svg"
    assert kprov("lineage", "@latest", "-o", path)[0] == 0
    titles = [one.text for one in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]
    assert titles.count("FineTuning") == 2
    assert kprov("lineage", "@latest", "-o", tmp_path / "lineage.txt")[0] == 0
    assert "← FineTuning" in (tmp_path / "lineage.txt").read_text("utf-8")


def test_more_is_said(kprov, home: Home, tmp_path: Path) -> None:
    chain(home, tmp_path, 3)
    out = kprov("lineage", "@latest", "--depth", "2")[1]
    assert re.search(r"\d more a step further; --depth 7 shows more", out)
    out = kprov("lineage", "@latest", "--limit", "3")[1]
    assert re.search(r"\d more a step further; --limit N shows more", out)


def test_what_cannot_be_found_has_status_two(kprov, home: Home) -> None:
    assert kprov("lineage", "anything")[0] == 2
    recording.record(home.path)
    status, out, err = kprov("lineage", "urn:x> <y")
    assert (status, out) == (2, "")
    assert "There is no 'urn:x> <y'" in err


def test_a_terminal_obeys_nothing_of_it(kprov, home: Home) -> None:
    nasty = ox.Literal("\x1b[31mred\nnext \u202egnp")
    store = LocalStore()
    label = "http://www.w3.org/2000/01/rdf-schema#label"
    lines = (f"<urn:a> <{_P}wasDerivedFrom> <urn:b>", f"<urn:b> <{label}> {nasty}")
    store.load("".join(f"{line} <urn:g> .\n" for line in lines).encode())
    found = trace(store, ["urn:a"])
    text = tree.text(found, told.tell(store, found))
    assert "\\u001b[31mred\\nnext \\u202egnp" in text
    assert len(text.splitlines()) == 2


def test_a_terminal_gets_no_line_that_is_too_wide(home: Home) -> None:
    recording.record(home.path, "a-very-long-name-of-a-dataflow-that-fills-a-narrow-terminal")
    here, there = pty.openpty()
    command = [sys.executable, "-m", "kprov_rdf", "--home", home.path, "lineage", "@latest"]
    environment = child_environment(home.path, COLUMNS="60", TERM="xterm")
    with subprocess.Popen(command, stdout=there, env=environment) as child:
        os.close(there)
        out = b""
        while part := _read(here):
            out += part
    os.close(here)
    assert child.returncode == 0
    plain = re.sub(r"\x1b\[[0-9;]*m", "", out.decode()).splitlines()
    assert max(map(len, plain)) == 60
    assert any(line.endswith("…") for line in plain)


def _read(here: int) -> bytes:
    try:
        return os.read(here, 4096)
    except OSError:  # the other end is closed
        return b""
