"""Questions that are asked while a training goes on, and of what never ends well."""

import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import keras
import pytest
from sklearn.datasets import load_digits

import kprov_capture.keras as kprov
from kprov_capture.home import Home
from kprov_capture.terms import DNNPROV_NAMESPACE
from kprov_rdf import cli, ingest, runs
from kprov_rdf.store import Snapshot
from tests import recording
from tests.conftest import child_environment
from tests.questions.conftest import Rows, rows

ROOT = Path(__file__).resolve().parent.parent.parent
LOGGED = ROOT / "tests/exchange/fixtures/trackers/mlruns"


@pytest.fixture
def read(home: Home) -> Iterator[Callable[[], Snapshot]]:
    """Snapshots of what was recorded up to then."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(ingest.open_snapshot(home))


class Asking(keras.callbacks.Callback):
    """Asks in each epoch, after the record was told of it, and keeps what Keras had said."""

    def __init__(self, home: Home, record: kprov.Provenance) -> None:
        super().__init__()
        self.home = home
        self.record = record
        self.said: list[dict[str, float]] = []
        self.answers: list[dict[str, Rows]] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.said.append({name: float(value) for name, value in logs.items()})
        assert self.record.run is not None
        assert self.record.run.settle(20)
        with ingest.open_snapshot(self.home) as store:
            run = self.record.run.names.run
            asked = {
                "qa": {}, "qb": {"run": run}, "best": {"metric": "val_accuracy"},
                "leaderboard": {}, "running": {}, "q3": {}, "q6": {}, "q7": {}, "table4": {},
                "effects": {"run": run}, "fig4": {"below": "99"},
            }  # fmt: skip
            self.answers.append({name: rows(store, name, **of) for name, of in asked.items()})


def test_questions_while_a_training_goes_on(home: Home, read) -> None:
    digits = load_digits()
    x, y = digits.data[:200] / 16, digits.target[:200]
    model = keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Dense(8, "relu"),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
    record = kprov.Provenance("live", home=home.path, hyperparameters={"k": 8, "l": 1})
    asking = Asking(home, record)
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    model.fit(x, y, validation_split=0.25, epochs=3, verbose=0, callbacks=[record, asking, halve])
    assert record.run is not None
    run = record.run.names.run
    assert len(asking.answers) == 3
    for epoch, found in enumerate(asking.answers):
        said = asking.said[: epoch + 1]
        losses = [one["loss"] for one in said]
        assert found["qa"] == [(epoch, losses[-1], 8, 1, run)]
        assert found["qb"] == list(enumerate(losses))
        accuracies = [one["val_accuracy"] for one in said]
        top = max(accuracies)
        assert found["best"] == [("Adam", top, accuracies.index(top), 0.01, "live", run)]
        values = [one["val_loss"] for one in said]
        (row,) = found["leaderboard"]
        assert row[:4] == (min(values), values.index(min(values)), values[-1], epoch + 1)
        (row,) = found["running"]
        assert (row[:3], row[4:]) == ((epoch, 3, losses[-1]), ("Adam", "live", run))
        (row,) = found["q3"]
        assert row[2] == pytest.approx(math.fsum(losses) / len(losses), rel=1e-12)
        assert row[3] == found["q7"][0][3] == epoch + 1
        assert [one[2] for one in found["q6"]] == sorted(losses)
        # The change that is made when epoch 1 begins shows once the epoch after it has ended.
        assert [one[5:7] for one in found["effects"]] == [
            (values[number], values[number + 1]) for number in range(epoch)
        ]
        assert [one[3] for one in found["fig4"]] == values
        assert {one[5] for one in found["table4"]} == {top}
    record.run.close()
    assert rows(read(), "running") == []


def test_settings_of_a_fit_that_goes_on(home: Home, read) -> None:
    """Its first configuration revises the last one of the fit before, where something changed."""
    x, y = load_digits(return_X_y=True)
    model = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10, "softmax")])
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
    records = [kprov.Provenance("twice", home=home.path) for _ in range(2)]
    model.fit(x[:64], y[:64], verbose=0, callbacks=[records[0]])
    model.optimizer.learning_rate = 0.5
    model.fit(x[:64], y[:64], batch_size=16, verbose=0, callbacks=[records[1]])
    found = []
    for record in records:
        assert record.run is not None
        record.run.close()
        said = dict(rows(read(), "settings", run=record.run.names.run))
        found.append([said[f"{DNNPROV_NAMESPACE}{one}"] for one in ("learningRate", "batchSize")])
    assert found == [[0.01, 32], [0.5, 16]]
    board = rows(read(), "leaderboard", metric="loss")
    assert sorted((row[5], row[6]) for row in board) == [(0.01, 32), (0.5, 16)]
    assert len(rows(read(), "q7", growth="learning_rate", depth="batch_size")) == 2
    (best,) = rows(read(), "best", metric="loss")
    assert best[1] == board[0][0]
    assert rows(read(), "one-parameter") == []  # they differ in two


def test_nan_wins_nothing(home: Home, read) -> None:
    nan = recording.record(home.path, losses=(0.9, math.nan, 0.8, math.nan))
    recording.record(home.path, optimizer="SGD", losses=(math.nan,))
    infinite = recording.record(home.path, optimizer="RMSprop", losses=(math.inf, 2.0))
    store = read()
    for best in ("min", "max"):
        found = rows(store, "best", metric="loss", best=best)
        assert [(row[0], row[1], row[2], row[5]) for row in found] == [
            ("Adam", 0.8, 2, nan.names.run) if best == "min" else ("Adam", 0.9, 0, nan.names.run),
            ("RMSprop", 2.0, 1, infinite.names.run)
            if best == "min"
            else ("RMSprop", math.inf, 0, infinite.names.run),
        ]
    first = rows(store, "leaderboard", metric="loss")[0]
    assert first[:2] == (0.8, 2)
    assert math.isnan(first[2])
    assert first[3] == 4


def test_a_run_that_came_to_the_same_value_is_told_too(home: Home, read) -> None:
    both = [recording.record(home.path, losses=(0.5, 0.5)) for _ in range(2)]
    found = rows(read(), "best", metric="loss")
    assert [row[5] for row in found] == sorted(one.names.run for one in both)
    assert {row[2] for row in found} == {0}


def test_crashed_and_going_on_are_told_apart(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record knows only that there is no end; who lives is found out when it is read."""
    going = recording.begin(home.path, tag="going")
    recording.epoch(going, 0, 0.5)
    assert going.settle(10)
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[2]); from tests import recording; "
        "run = recording.begin(sys.argv[1], tag='crashed'); recording.epoch(run, 0, 0.25); "
        "run.settle(10); os._exit(1)"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(home.path), str(ROOT)],
        env=child_environment(home.path, PYTHONPATH=f"{ROOT}:{ROOT}/capture"), check=False,
    )  # fmt: skip
    with ingest.open_snapshot(home) as store:
        found = rows(store, "running", metric="loss")
        assert {(row[0], row[2], row[5]) for row in found} == {
            (0, 0.5, "going"), (0, 0.25, "crashed")
        }  # fmt: skip
        states = {run.tag: run.status for run in runs.listing(store, store.living)}
        assert states == {"going": "RUNNING", "crashed": "CRASHED"}
        # Its values count like those of any other.
        assert rows(store, "best", metric="loss")[0][1:3] == (0.25, 0)
    assert cli.run(["--home", str(home.path), "runs", "--status", "running"]) == 0
    out = capsys.readouterr().out
    assert "going" in out
    assert "crashed" not in out
    assert cli.run(["--home", str(home.path), "runs", "--status", "finished"]) == 0
    assert "no run is FINISHED; there are CRASHED, RUNNING" in capsys.readouterr().err
    going.close()


def test_trainings_that_others_logged_are_among_them(home: Home, read) -> None:
    """In graphs of an import, whose end may not be known: that does not make them go on."""
    own = recording.record(home.path, losses=(9.0, 8.0))
    assert cli.run(["--home", str(home.path), "merge", str(LOGGED)]) == 0
    store = read()
    found = rows(store, "leaderboard")
    graphs = [row[9] for row in found]
    assert graphs[-1] == own.names.run
    assert len(graphs) > 1
    assert all("/import/sha256-" in one for one in graphs[:-1])
    assert found[0][0] == rows(store, "best")[0][1]
    assert rows(store, "running") == []
    for name in ("slow-epochs", "same-settings", "one-parameter", "table4", "fig4"):
        rows(store, name)
    (values,) = {tuple(rows(store, "qb", run=graphs[0], first="1", metric="val_loss"))}
    assert values[0][0] == 0
