"""A training of a tracker is said as a run of kprov's own: questions are answered, it is valid."""

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kprov_rdf.exchange.foreign import names
from kprov_rdf.exchange.foreign.training import (
    LoggedFile,
    Point,
    Training,
    moment,
    say,
    steps_of,
)
from tests.exchange.said import Said, empty

START = datetime(2026, 11, 20, 12, tzinfo=UTC)


def points(*values: float, every: float = 10, late: float = 0) -> list[Point]:
    return [
        Point(number, one, START + timedelta(seconds=every * (number + 1) + late))
        for number, one in enumerate(values)
    ]


def training(**more: Any) -> Training:
    told: dict[str, Any] = {
        "key": "abc",
        "tool": "MLflow",
        "version": "3.17.2",
        "name": "digits",
        "started": START,
        "ended": START + timedelta(seconds=60),
        "status": "FINISHED",
        **more,
    }
    return Training(**told)


def said(*trainings: Training) -> Said:
    says = empty()
    for one in trainings:
        say(one, says)
    return Said(says)


def whole() -> Training:
    return training(
        person="ana",
        host="node7",
        commit="4b39503",
        campaign="papers",
        settings={"lr": "0.001", "optimizer": "Adam", "batch_size": "32", "note": "first try"},
        metrics={
            "epoch/loss": points(0.9, 0.5, math.nan),
            "epoch/val_accuracy": points(0.1, 0.2, math.inf, late=1),
            "mine": points(1.0, 2.0, 3.0),
            "learning_rate": points(0.0010000000474974513, 0.0010000000474974513, 0.0005),
        },
        results={"test score": 0.75},
        files=[
            LoggedFile("model.keras", "model", "a" * 64, 10, {"md5": "5d41"}, {"flavor": "keras"}),
            LoggedFile("digits.npz", "dataset", "b" * 64, 20),
            LoggedFile("output.log"),
        ],
        more={"tags": {"a": [1, math.nan]}},
        batches={"batch/loss": [Point(step, step / 2) for step in range(25_000)]},
    )


def test_a_whole_training_is_valid_and_answers_the_questions() -> None:
    found = said(whole())
    assert found.wrong() == []
    (row,) = found.ask("runs")
    assert row["run"] == found.run
    assert (row["tag"], row["status"], row["optimizer"]) == ("digits", "FINISHED", "Adam")
    assert (row["rate"], row["epochs"]) == (0.001, 3)
    epochs = found.ask("epochs", run=found.run)
    assert [row["seconds"] for row in epochs] == [11.0, 10.0, 10.0]
    assert [row["loss"] for row in epochs][:2] == [0.9, 0.5]
    assert math.isnan(epochs[2]["loss"])
    assert epochs[2]["valAccuracy"] == math.inf
    assert found.metrics(found.run)[1]["mine"] == 2.0
    (row,) = found.ask("q1", epoch="1")
    assert (row["optimizer"], row["loss"]) == ("Adam", 0.5)
    settings = {row["setting"]: row["value"] for row in found.ask("settings", run=found.run)}
    assert settings["https://w3id.org/dnnprov#batchSize"] == 32
    assert settings["http://localhost:8642/setting/lr"] == "0.001"
    assert settings["http://localhost:8642/setting/note"] == "first try"
    written = {row["path"] for row in found.ask("files", run=found.run)}
    assert written == {"model.keras", "output.log"}
    assert len(found.ask("data", run=found.run)) == 1


def test_only_a_rate_that_changed_is_an_adaptation() -> None:
    # 0.001 as a float of 32 bits is the rate that was set; the change to 0.0005 is one.
    (row,) = said(whole()).ask("adaptations", run=said(whole()).run)
    assert (row["epoch"], row["setting"]) == (2, "learningRate")
    assert (row["old"], row["new"]) == (0.001, 0.0005)
    # B8: the steps of a schedule below five decimals are changes too.
    rates = [0.001 * 0.5 ** (epoch // 10) for epoch in range(100)]
    found = said(training(metrics={"lr": points(*rates, every=0.5)}))
    rows = found.ask("adaptations", run=found.run)
    assert [row["new"] for row in rows] == [0.001 * 0.5**step for step in range(1, 10)]
    assert found.wrong() == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (0.001, 0.0010000000474974513, True),
        (0.001, 0.0010000001, False),
        (1e-7, 1.0000000000000001e-07, False),
        (0.0010000000474974513, 0.0010000001639127731, False),
        (math.nan, math.nan, True),
        (1e300, 1e301, False),
    ],
)
def test_two_widths_of_one_rate_are_one_rate(one: float, other: float, same: bool) -> None:
    assert names.same_rate(one, other) is same
    assert names.same_rate(other, one) is same


def test_values_by_batches_are_one_series_that_keeps_all() -> None:
    found = said(whole())
    rows = found.select(
        'SELECT ?json { ?s rdfs:label "batch/loss" ; prov:wasGeneratedBy ?t ; '
        "<http://localhost:8642/attribute/series> ?json . ?t a dnnprov:Training }"
    )
    parts = sorted((json.loads(row["json"]) for row in rows), key=lambda one: one["steps"][0])
    assert [len(one["steps"]) for one in parts] == [10_000, 10_000, 5_000]
    kept = [pair for one in parts for pair in zip(one["steps"], one["values"], strict=True)]
    assert kept == [(step, step / 2) for step in range(25_000)]
    (row,) = found.select(
        'SELECT ?max ?last { ?s a dnnprov:MetricSummary ; rdfs:label "batch/loss" ; '
        "dnnprov:maximum ?max ; dnnprov:last ?last }"
    )
    assert row == {"max": 12_499.5, "last": 12_499.5}


def test_two_trainings_of_a_document_do_not_mix() -> None:
    one = training(key="1", name="one", settings={"optimizer": "Adam"}, metrics={"loss": points(1)})
    two = training(
        key="2",
        name="two",
        parent="1",
        settings={"optimizer": "SGD"},
        metrics={"loss": points(2), "lr": points(0.5)},
    )
    found = said(one, two)
    assert found.wrong() == []
    rows = {row["optimizer"]: row["meanLoss"] for row in found.ask("q3")}
    assert rows == {"Adam": 1.0, "SGD": 2.0}
    assert set(found.runs) == {"one", "two"}


def test_values_that_were_logged_again_and_other_times_are_kept() -> None:
    again = [Point(0, 0.5, START), Point(0, 0.25, START + timedelta(seconds=5))]
    found = said(training(metrics={"loss": again, "acc": [Point(0, 1.0, START)]}))
    assert found.metrics(found.run)[0]["loss"] == 0.25
    rows = found.select("SELECT ?p ?o { ?m a dnnprov:oTraining ; ?p ?o }")
    kept = {row["p"].rpartition("/")[2].split("-")[0]: row["o"] for row in rows}
    assert json.loads(kept["logged_before"])["loss"]["values"] == [0.5]
    assert json.loads(kept["logged_at"]) == {"acc": START.isoformat()}


def test_a_training_never_ends_before_it_begins() -> None:
    early = START - timedelta(days=1)
    found = said(training(ended=early, metrics={"loss": points(1, 2)}))
    assert found.wrong() == []
    (row,) = found.ask("runs")
    assert row["ended"] > row["started"]
    (row,) = found.select('SELECT ?o { ?p rdfs:label "logged end" . ?e ?p ?o }')
    assert row["o"] == early.isoformat()


def test_values_that_were_logged_backwards_leave_epochs_in_order() -> None:
    back = [Point(step, step, START + timedelta(seconds=50 - step)) for step in range(5)]
    found = said(training(metrics={"loss": [*back]}))
    assert found.wrong() == []


@pytest.mark.parametrize(
    ("told", "state"),
    [("FAILED", "FINISHED_WITH_ERROR"), ("STOPPED", "INTERRUPTED"), ("", None)],
)
def test_how_it_ended_is_said_in_the_words_of_the_ontology(told: str, state: str | None) -> None:
    (row,) = said(training(status=told)).ask("runs")
    assert row["status"] == state


def test_a_status_without_an_end_is_kept_as_the_tool_says_it() -> None:
    found = said(training(ended=None, metrics={"loss": points(1)}))
    assert found.wrong() == []
    assert found.ask("runs")[0]["status"] is None
    rows = found.select('SELECT ?o { ?p rdfs:label "status" . ?e ?p ?o }')
    assert [row["o"] for row in rows] == ["FINISHED"]


def test_without_times_none_are_made_up() -> None:
    bare = Training("x", "CSVLogger", metrics={"loss": [Point(0, 1.0), Point(1, 0.5)]})
    found = said(bare)
    assert found.metrics(found.run) == {0: {"loss": 1.0}, 1: {"loss": 0.5}}
    assert not found.select("SELECT * { ?s prov:startedAtTime|prov:endedAtTime ?o }")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("epoch/val_loss", "val_loss"),
        ("epoch_loss", "loss"),
        ("validation/epoch_accuracy", "val_accuracy"),
        ("validation_loss", "val_loss"),
        ("train/accuracy", "accuracy"),
        ("epoch/learning_rate", "learning_rate"),
        ("lr", "learning_rate"),
        ("epoch_evaluation_loss_vs_iterations", "epoch_evaluation_loss_vs_iterations"),
        ("batch/loss", "batch/loss"),
        ("test_loss", "test_loss"),
    ],
)
def test_names_of_trackers_are_those_of_keras(name: str, plain: str) -> None:
    assert names.metric(name) == plain


def test_two_metrics_with_one_meaning_stay_two() -> None:
    assert names.metrics(["train/loss", "loss", "epoch/acc", "acc "]) == {
        "train/loss": "train/loss",
        "loss": "loss",
        "epoch/acc": "acc",
        "acc ": "acc ",
    }


def test_what_a_step_is() -> None:
    assert steps_of({"loss": points(1, 2, 3)}) == "epoch"
    assert steps_of({"loss": points(1, 2, 3)}, epochs=2) == "batch"
    assert steps_of({"loss": [Point(0, 1), Point(100, 1)]}) == "batch"
    assert steps_of({"loss": [Point(step, 1) for step in range(1, 10_002)]}) == "batch"


@pytest.mark.parametrize("given", [-1, math.nan, math.inf, 1e20, "1", None, True, 10**400])
def test_what_is_no_time_is_none(given: object) -> None:
    assert moment(given) is None
