"""The metrics of batches: Run.batch, the file, and what the run says of it."""

import hashlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyoxigraph as ox
import pytest

from kprov_capture import batches
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_capture.terms import METRICS, Dnnprov, Prov
from kprov_rdf import journal as reader
from kprov_rdf.validate import shacl
from tests import recording
from tests.conftest import child_environment
from tests.lineage import reachable, without_dnnprov


def triples(home: Home, run: Run) -> list[ox.Triple]:
    text = reader.read(home.journal / f"{run.id}.nq").text
    quads = ox.parse(text, ox.RdfFormat.N_QUADS)
    return [quad.triple for quad in quads if quad.graph_name.value == run.names.run]


def said(home: Home, run: Run, local: str = "batches") -> dict[str, set[str]]:
    """The values of each property of a series."""
    found: dict[str, set[str]] = {}
    for triple in triples(home, run):
        if triple.subject.value == run.names(local):
            found.setdefault(triple.predicate.value, set()).add(triple.object.value)
    return found


def file_of(home: Home, run: Run, local: str = "batches") -> Path:
    return home.series / run.id / f"{local}.npy"


def until(condition: Callable[[], bool]) -> None:
    """Wait for what happens in the background; the test hangs no longer than 20 s."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def rows(home: Home, run: Run) -> int:
    path = file_of(home, run)
    return len(np.load(path)) if path.exists() else 0


def test_a_series_is_recorded_whole(home: Home) -> None:
    run = recording.begin(home.path)
    for epoch in range(2):
        for step in range(10):
            run.batch(epoch, step, {"loss": epoch + step / 10, "f1": 0.5})
        recording.epoch(run, epoch, 0.5)
    run.end_training("FINISHED")
    run.close()
    path = file_of(home, run)
    found = np.load(path)
    assert found.dtype.names == ("epoch", "step", "loss", "f1")
    assert found[13].tolist() == (1, 3, 1.3, 0.5)
    series = said(home, run)
    assert series[Dnnprov.path] == {str(path)}
    assert path.is_absolute()
    assert series[Dnnprov.fileFormat] == {"npy"}
    assert series[Dnnprov.valueCount] == {"40"}
    assert series[Dnnprov.ofMetric] == {METRICS["loss"], run.names.custom("metric", "f1")}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert series[Prov.specializationOf] == {run.names.content(digest)}
    assert shacl.validate(run.names.run, triples(home, run)) == []
    prov = without_dnnprov(triples(home, run))
    assert run.names.training in reachable(prov, run.names("batches"))


def test_a_run_without_batches_has_no_series(home: Home) -> None:
    run = recording.record(home.path)
    assert said(home, run) == {}
    assert not home.series.exists()


def test_rows_go_out_in_mid_epoch_and_when_it_ends(home: Home) -> None:
    run = recording.begin(home.path)
    run.batch(0, 0, {"loss": 1.0})
    until(lambda: rows(home, run) == 1)
    run.batch(0, 1, {"loss": 1.0})
    recording.epoch(run, 0, 1.0)
    until(lambda: rows(home, run) == 2)
    run.close()


def test_calls_from_a_pool_stand_in_the_order_of_their_steps(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Looked at when an epoch ends, and not before: however long a thread is kept waiting.
    monkeypatch.setattr(batches, "_SECONDS", 3600.0)
    run = recording.begin(home.path)
    for epoch in range(3):
        steps = [step ^ 7 for step in range(2000)]  # none is far from its place
        with ThreadPoolExecutor(8) as pool:
            for step in steps:
                pool.submit(run.batch, epoch, step, {"loss": step})
        recording.epoch(run, epoch, 1.0)
        until(lambda wanted=2000 * (epoch + 1): rows(home, run) == wanted)
    run.end_training("FINISHED")
    run.close()
    found = np.load(file_of(home, run))
    assert found["epoch"].tolist() == sorted(found["epoch"].tolist())
    assert found["step"].tolist() == [*range(2000)] * 3
    assert found["loss"].tolist() == found["step"].tolist()


def test_a_row_that_comes_a_look_later_is_put_in_its_place(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "_SECONDS", 3600.0)
    run = recording.begin(home.path)
    series = batches.Batches(run)
    for step in (step for step in range(200) if step != 190):
        series.add(0, step, {"loss": step})
    series._look(last=False)
    for step in (190, *range(200, 300)):
        series.add(0, step, {"loss": step})
    series.end(20)
    assert np.load(file_of(home, run))["step"].tolist() == [*range(300)]
    run.close()


def test_the_caller_may_use_its_mapping_again(home: Home) -> None:
    run = recording.begin(home.path)
    metrics = {"loss": 0.0}
    for step in range(100):
        metrics["loss"] = float(step)
        run.batch(0, step, metrics)
    run.end_training("FINISHED")
    assert np.load(file_of(home, run))["loss"].tolist() == [*range(100)]
    run.close()


def test_a_metric_that_comes_late_has_a_column_and_is_said(home: Home) -> None:
    run = recording.begin(home.path)
    run.batch(0, 0, {"loss": 1.0})
    until(lambda: rows(home, run) == 1)
    run.batch(0, 1, {"loss": 1.0, "val_loss": 2.0})
    run.end_training("FINISHED")
    run.close()
    np.testing.assert_equal(np.load(file_of(home, run))["val_loss"], [np.nan, 2.0])
    assert said(home, run)[Dnnprov.ofMetric] == {METRICS["loss"], METRICS["val_loss"]}
    assert said(home, run)[Dnnprov.valueCount] == {"3"}


def test_a_folder_that_takes_no_file_is_told_once_and_in_the_record(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KPROV_STRICT", "0")
    home.series.write_text("a file where the folder should be")
    run = recording.begin(home.path)
    with caplog.at_level(logging.WARNING, "kprov"):
        for epoch in range(3):
            run.batch(epoch, 0, {"loss": 1.0})
            recording.epoch(run, epoch, 1.0)
        run.end_training("FINISHED")
    run.close()
    assert len(caplog.records) == 1
    series = said(home, run)
    assert series[Dnnprov.valueCount] == {"0"}
    assert series[Dnnprov.incompleteReason] == {"3 rows could not be written: Not a directory"}
    assert Prov.specializationOf not in series
    assert shacl.validate(run.names.run, triples(home, run)) == []
    assert rows_of_epochs(home, run) == 3, "the rest of the run is there"


def rows_of_epochs(home: Home, run: Run) -> int:
    return sum(one.predicate.value == Dnnprov.elapsedTime for one in triples(home, run))


@pytest.mark.parametrize("wrong", [(0, 0, None), (0, 0, 5), (None, 0, {"loss": 1.0})])
def test_what_is_no_row_does_not_reach_the_user(
    wrong: tuple, home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KPROV_STRICT", "0")
    run = recording.begin(home.path)
    run.batch(0, 0, {"loss": 1.0})
    run.batch(*wrong)
    run.batch(0, 1, {"loss": 2.0})
    run.end_training("FINISHED")
    run.close()
    assert np.load(file_of(home, run))["loss"].tolist() == [1.0, 2.0]
    assert len(caplog.records) == 1


def test_batches_belong_to_a_training(home: Home, monkeypatch: pytest.MonkeyPatch, caplog) -> None:
    run = Run("flow", home=home.path)
    with pytest.raises(RuntimeError, match="start_training"):
        run.batch(0, 0, {"loss": 1.0})
    monkeypatch.setenv("KPROV_STRICT", "0")
    run.batch(0, 0, {"loss": 1.0})
    run.start_training({})
    run.batch(0, 0, {"loss": 1.0})
    run.end_training("FINISHED")
    run.batch(0, 1, {"loss": 1.0})
    run.close()
    run.batch(0, 2, {"loss": 1.0})
    assert len(np.load(file_of(home, run))) == 1
    assert len(caplog.records) == 1


SCRIPT = """
import os, sys, time
from tests import recording
run = recording.begin(sys.argv[1])
for step in range(5):
    run.batch(0, step, {"loss": 1.0})
if sys.argv[2] == "killed":
    recording.epoch(run, 0, 1.0)
    print(run.id, flush=True)
    time.sleep(60)
print(run.id, flush=True)
"""


def record_elsewhere(home: Home, how: str) -> tuple[subprocess.Popen[str], str]:
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(home.path), how],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(home.path),
    )
    assert child.stdout is not None
    return child, child.stdout.readline().strip()


def test_a_run_that_is_killed_has_its_series(home: Home) -> None:
    child, run_id = record_elsewhere(home, "killed")
    path = home.series / run_id / "batches.npy"
    until(lambda: path.exists() and len(np.load(path)) == 5)
    journal = home.journal / f"{run_id}.nq"
    until(lambda: journal.exists() and b"ofMetric" in journal.read_bytes())
    child.send_signal(signal.SIGKILL)
    child.communicate()
    text = reader.read(home.journal / f"{run_id}.nq").text.decode()
    assert f'#path> "{path}"' in text
    assert "valueCount" not in text


def test_a_process_that_just_ends_has_all_rows(home: Home) -> None:
    child, run_id = record_elsewhere(home, "ends")
    child.communicate()
    assert len(np.load(home.series / run_id / "batches.npy")) == 5
    assert b"valueCount" in reader.read(home.journal / f"{run_id}.nq").text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_adds_nothing(home: Home) -> None:
    run = recording.begin(home.path)
    run.batch(0, 0, {"loss": 1.0})
    until(lambda: rows(home, run) == 1)
    child = os.fork()
    if child == 0:
        for step in range(5000):
            run.batch(1, step, {"loss": 2.0})
        run.end_training("FINISHED")
        run.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    run.end_training("FINISHED")
    run.close()
    assert rows(home, run) == 1
