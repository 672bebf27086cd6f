"""The question how the data were treated on which a run trained."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kprov_capture.facts import Dataset
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_rdf import ingest, query

Arrays = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """300 real scans of handwritten digits, and which digits they are."""
    digits = load_digits()
    path = tmp_path / "digits.csv"
    np.savetxt(path, np.c_[digits.data, digits.target][:300], "%d", ",")
    return path


def prepare(run: Run, csv: Path) -> Arrays:
    """Load, scale and reduce, divide: the part for the training."""
    with run.transformation("load", reads=csv) as step:
        table = np.loadtxt(csv, delimiter=",")
        x, y = table[:, :64], table[:, 64]
        step.output(x=x, y=y)
    pipeline = make_pipeline(StandardScaler(), PCA(8))
    with run.transformation("reduce", inputs={"x": x}, using=pipeline, whiten=False) as step:
        reduced = pipeline.fit_transform(x)
        step.output(x=reduced)
    with run.split("split", inputs={"x": reduced, "y": y}, using=train_test_split, seed=7) as cut:
        numbers, others = train_test_split(np.arange(300), random_state=7)
        train = reduced[numbers], y[numbers]
        cut.parts(
            train=train,
            test=(reduced[others], y[others]),
            indices={"train": numbers, "test": others},
        )
    return train


def fit(run: Run, data: Arrays, source: object = None) -> None:
    """A real training, told as an adapter does."""
    x, y = data
    kind = Dataset("train-set", "train", "numpy.ndarray", len(x))
    run.dataset("train", kind, {"x": x, "y": y}, source)
    run.start_training({"optimizer_name": "lbfgs", "epochs": 1})
    assert LogisticRegression(max_iter=1000).fit(x, y).score(x, y) > 0.8
    run.end_training("FINISHED")


def asked(home: Home, run: Run) -> list[dict[str, object]]:
    with ingest.open_snapshot(home) as snapshot:
        found = query.table(snapshot, query.find("preparation"), {"run": run.names.run})
        return [dict(zip(found.columns, map(query.value, row), strict=True)) for row in found.rows]


def names(rows: list[dict[str, object]]) -> list[tuple[object, object]]:
    return [(row["name"], row["recordedIn"]) for row in rows]


@pytest.mark.parametrize("copied", [False, True])
def test_the_steps_behind_the_training_data(copied: bool, home: Home, csv: Path) -> None:
    """Also where the training has copies of what the last step made."""
    run = Run("digits", home=home.path)
    x, y = prepare(run, csv)
    fit(run, (x.copy(), y.copy()) if copied else (x, y), None if copied else (x, y))
    run.close()
    load, reduce, split = asked(home, run)
    kinds = [str(row["type"]).rpartition("#")[2] for row in (load, reduce, split)]
    assert kinds == ["LoadData", "Preprocessing", "SplitData"]
    assert [row["name"] for row in (load, reduce, split)] == ["load", "reduce", "split"]
    assert {row["status"] for row in (load, reduce, split)} == {"FINISHED"}
    assert (load["read"], load["filter"], load["parameters"]) == (str(csv), None, None)
    assert (reduce["filter"], reduce["parameters"]) == ("Pipeline", "whiten=false")
    steps = json.loads(str(reduce["config"]))["settings"]["steps"]
    assert [(name, one["class"].rpartition(".")[2]) for name, one in steps] == [
        ("standardscaler", "StandardScaler"),
        ("pca", "PCA"),
    ]
    assert (split["filter"], split["seed"], split["parameters"]) == ("train_test_split", 7, None)


def test_steps_that_another_run_recorded_are_found_by_the_content(home: Home, csv: Path) -> None:
    before, run = Run("preparation", home=home.path), Run("digits", home=home.path)
    x, y = prepare(before, csv)
    before.close()
    fit(run, (x.copy(), y.copy()))
    run.close()
    there = before.names.run
    assert names(asked(home, run)) == [("load", there), ("reduce", there), ("split", there)]
    assert asked(home, before) == []  # it has no training


def test_steps_are_followed_through_the_files_that_they_wrote(
    home: Home, csv: Path, tmp_path: Path
) -> None:
    path = tmp_path / "train.npz"
    first, second = Run("preparation", home=home.path), Run("packing", home=home.path)
    x, y = prepare(first, csv)
    first.close()
    with second.transformation("pack", inputs={"x": x.copy(), "y": y.copy()}, writes=path):
        np.savez(path, x=x, y=y)
    second.close()
    run = Run("digits", home=home.path)
    with run.transformation("unpack", reads=path) as step, np.load(path) as packed:
        data = packed["x"] * 2, packed["y"]
        step.output(x=data[0], y=data[1])
    fit(run, data, data)
    run.close()
    one, two, three = (of.names.run for of in (first, second, run))
    rows = asked(home, run)
    assert names(rows) == [
        ("load", one), ("reduce", one), ("split", one), ("pack", two), ("unpack", three)
    ]  # fmt: skip
    assert (rows[3]["written"], rows[4]["read"]) == (str(path), str(path))


def test_other_runs_that_did_the_same_are_left_out(home: Home, csv: Path) -> None:
    """A search has many trainings, each of which prepares the same data again."""
    runs = [Run("digits", home=home.path) for _ in range(3)]
    for run in runs:
        data = prepare(run, csv)
        fit(run, data, data)
        run.close()
    for run in runs:
        assert {one for _, one in names(asked(home, run))} == {run.names.run}


def test_runs_that_made_the_same_data_in_the_same_way_are_counted(home: Home, csv: Path) -> None:
    for _ in range(2):
        before = Run("preparation", home=home.path)
        data = prepare(before, csv)
        before.close()
    run = Run("digits", home=home.path)
    fit(run, (data[0].copy(), data[1].copy()))
    run.close()
    rows = asked(home, run)
    there = before.names.run
    assert names(rows) == [("load", there), ("reduce", there), ("split", there)]
    assert [row["runs"] for row in rows] == [2, 2, 2]


def test_other_data_of_the_same_run_and_of_others_lead_nowhere(home: Home, csv: Path) -> None:
    scratch, run = Run("scratch", home=home.path), Run("digits", home=home.path)
    x, y = prepare(scratch, csv)
    scratch.close()
    with run.transformation("another", inputs={"x": x * 3}) as step:
        step.output(x=x * 4)
    fit(run, (x + 1, y + 10))
    run.close()
    assert asked(home, run) == []
