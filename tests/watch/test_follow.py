"""What is told of a run as it goes on: from its journal, each thing once."""

import gzip
import math
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kprov_capture.facts import Change
from kprov_capture.home import Home, HomeError
from kprov_capture.run import Run
from kprov_rdf import ingest
from kprov_rdf.errors import JournalDamagedError, NotFoundError
from kprov_rdf.store import owned
from kprov_rdf.watch import Update, find, follow, wait_for
from tests import recording
from tests.conftest import child_environment

ALONE = """
import sys, time
from pathlib import Path
from tests import recording
run = recording.begin(Path(sys.argv[1]))
recording.epoch(run, 0, 0.5)
run.settle(20)
print(run.names.run, flush=True)
time.sleep(300)
"""


@pytest.fixture
def process(home: Home) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A training in a process of its own, after its first epoch; and the IRI of its run."""
    child = subprocess.Popen(
        [sys.executable, "-c", ALONE, str(home.path)],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(home.path),
    )
    assert child.stdout
    yield child, child.stdout.readline().strip()
    child.kill()
    child.wait()
    child.stdout.close()


def begun(home: Home) -> tuple[Run, Iterator[Update]]:
    """A run whose training has begun, and its updates."""
    run = recording.begin(home.path)
    assert run.settle(20)
    return run, follow(home, find(home, run.id), 0.01)


def told(run: Run, updates: Iterator[Update]) -> Update:
    """The next update, when all that the run has said is written."""
    assert run.settle(20)
    return next(updates)


def adapted(run: Run, number: int) -> None:
    run.adaptation(
        Change(
            number=number,
            epoch=number,
            after_epoch=number,
            at=run.now(),
            old=0.1 / number,
            new=0.05 / number,
            kind="rule",
            technique="ReduceLROnPlateau",
            reason="val_loss did not improve",
        )
    )


def test_each_epoch_is_told_once_by_keras_names(home: Home) -> None:
    run, updates = begun(home)
    first = next(updates)
    assert (first.run.status, first.run.optimizer, first.run.planned) == ("RUNNING", "Adam", 3)
    assert (first.epochs, first.over) == ((), False)
    recording.epoch(run, 0, math.nan)
    recording.epoch(run, 1, math.inf)
    found = told(run, updates).epochs
    assert [one.number for one in found] == [0, 1]
    assert math.isnan(found[0].metrics["loss"])
    assert found[1].metrics["val_loss"] == math.inf
    assert (found[1].seconds, found[1].rate) == (1.5, 0.001)
    recording.epoch(run, 2, 0.25)
    update = told(run, updates)
    assert [one.number for one in update.epochs] == [2]
    assert update.epochs[0].metrics == {
        "loss": 0.25,
        "accuracy": 0.5,
        "val_loss": 0.5,
        "val_accuracy": 0.25,
    }
    assert update.run.epochs == 3
    assert found[0].ended < found[1].ended < update.epochs[0].ended


def test_adaptations_tests_are_told_once_as_they_happen(
    home: Home,
) -> None:
    run, updates = begun(home)
    next(updates)
    adapted(run, 1)
    (event,) = told(run, updates).events
    assert (event.kind, event.epoch) == ("adaptation", 1)
    assert event.values["setting"] == "learning_rate"
    assert (event.values["old"], event.values["new"]) == (0.1, 0.05)
    assert event.values["technique"] == "ReduceLROnPlateau"
    assert event.values["reason"] == "val_loss did not improve"
    adapted(run, 2)
    assert [one.epoch for one in told(run, updates).events] == [2]
    run.end_training("FINISHED")
    assert told(run, updates).run.status == "FINISHED"
    run.dataset("test", recording.Dataset("test-set", "test", "numpy.ndarray", unhashed="no"))
    run.testing(run.now(), run.now(), {"loss": 0.8, 'f1 of "all"': 0.5}, "test-set")
    found = told(run, updates)
    (event,) = found.events
    assert (event.kind, dict(event.metrics)) == ("test", {"loss": 0.8, 'f1 of "all"': 0.5})
    run.close()
    last = next(updates)
    assert (last.over, last.run.status) == (True, "FINISHED")
    with pytest.raises(StopIteration):
        next(updates)


def test_the_store_is_not_opened_and_may_be_in_use(home: Home) -> None:
    run, updates = begun(home)
    next(updates)
    with owned(home):
        recording.epoch(run, 0, 0.5)
        assert len(told(run, updates).epochs) == 1
        run.end_training("FINISHED")
        run.close()
        assert list(updates)[-1].over


def test_a_journal_that_is_put_away_meanwhile_is_read_to_its_end(home: Home) -> None:
    run, updates = begun(home)
    recording.epoch(run, 0, 0.5)
    assert len(told(run, updates).epochs) == 1
    recording.epoch(run, 1, 0.25)
    run.end_training("FINISHED")
    run.close()
    with ingest.open_snapshot(home):
        assert not list(home.journal.glob("*.nq"))
    last = next(updates)
    assert [one.number for one in last.epochs] == [1]
    assert (last.over, last.run.status) == (True, "FINISHED")


def test_a_run_that_is_taken_away_meanwhile_says_so(home: Home) -> None:
    run, updates = begun(home)
    next(updates)
    assert run.settle(20)
    (home.journal / f"{run.id}.nq").unlink()
    with pytest.raises(NotFoundError, match="taken away"):
        next(updates)
    run.close()


def test_a_journal_that_is_damaged_meanwhile_says_so(home: Home) -> None:
    run, updates = begun(home)
    next(updates)
    run.end_training("FINISHED")
    run.close()
    with ingest.open_snapshot(home):
        done = home.done / f"{run.id}.nq.gz"
    done.write_bytes(gzip.compress(gzip.decompress(done.read_bytes()).replace(b"FINI", b"fini")))
    with pytest.raises(JournalDamagedError, match="damaged"):
        next(updates)


def test_a_run_that_has_ended_is_told_at_once(home: Home) -> None:
    run = recording.record(home.path)
    (update,) = follow(home, find(home, run.id))
    assert (update.over, update.run.status, len(update.epochs)) == (True, "FINISHED", 3)
    assert [one.kind for one in update.events] == ["adaptation", "test"]


def test_a_store_in_use_does_not_hide_a_run_that_has_ended(home: Home) -> None:
    run = recording.record(home.path)
    with ingest.open_snapshot(home), owned(home):
        (update,) = follow(home, find(home, "@latest"))
    assert update.run.iri == run.names.run
    assert (update.over, len(update.epochs), update.run.status) == (True, 3, "FINISHED")


def test_a_training_that_is_killed_is_told_as_crashed(home: Home, process) -> None:
    child, iri = process
    updates = follow(home, find(home, iri), 0.01)
    assert next(updates).run.status == "RUNNING"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    last = next(updates)
    assert (last.run.status, last.run.epochs, last.over) == ("CRASHED", 1, True)


def test_a_run_that_stays_open_is_left_when_its_training_has_ended(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kprov_rdf.watch.updates.GRACE_SECONDS", 0.0)
    run, updates = begun(home)
    recording.epoch(run, 0, 0.5)
    assert not told(run, updates).over
    run.end_training("FINISHED")
    last = told(run, updates)
    assert (last.over, last.run.status) == (True, "FINISHED")
    run.close()


def test_a_file_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(HomeError, match="is a file"):
        wait_for(tmp_path / "file", "@latest", 0.01)


def test_a_run_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    recording.record(folder, tag="mine")  # ended before: the next is wanted
    found: list[tuple[Home, object]] = []
    thread = threading.Thread(target=lambda: found.append(wait_for(folder, "mine", 0.01)))
    thread.start()
    other = recording.begin(folder, tag="other")
    thread.join(0.5)
    assert not found
    run = recording.begin(folder, tag="mine")
    thread.join(60)
    assert found[0][1].iri == run.names.run  # type: ignore[attr-defined]
    for one in (other, run):
        one.close()


def test_a_folder_is_waited_for(tmp_path: Path) -> None:
    found: list[tuple[Home, object]] = []
    folder = tmp_path / "none-yet"
    thread = threading.Thread(target=lambda: found.append(wait_for(folder, "@latest", 0.01)))
    thread.start()
    run = recording.begin(folder)
    thread.join(60)
    assert found[0][1].iri == run.names.run  # type: ignore[attr-defined]
    run.close()
