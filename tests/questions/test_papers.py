"""The questions of the papers."""

import math
from collections import defaultdict

import pytest

from tests.questions.conftest import Trained


def close(found: object, wanted: float) -> bool:
    """Equal as an average may be; NaN is NaN."""
    if math.isnan(wanted):
        return isinstance(found, float) and math.isnan(found)
    return found == pytest.approx(wanted, rel=1e-12)


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values) if not any(map(math.isnan, values)) else math.nan


@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_q1(ask, trained: Trained, rate: float) -> None:
    wanted = sorted(
        (one.optimizer, one.history["loss"][2], one.run, one.history.get("val_loss", [None] * 3)[2])
        for one in trained.trials
        if one.rate == rate and len(one.history["loss"]) > 2
    )
    assert len(wanted) == {0.01: 7, 0.1: 2}[rate]
    found = ask("q1", epoch="2", rate=str(rate))
    assert [(row[0], row[1], row[3], row[2]) for row in found] == wanted


def test_q2(ask, trained: Trained) -> None:
    assert ask("q2", run=trained.saved.run) == [
        ("activation_1", "activation", "relu"),
        ("dropout_1", "dropout", 0.2),
        ("digits", "activation", "softmax"),
    ]


def test_q3(ask, trained: Trained, seconds) -> None:
    losses, times = defaultdict(list), defaultdict(list)
    for one in trained.trials:
        losses[one.optimizer] += one.history["loss"]
        times[one.optimizer] += seconds[one.run]
    found = ask("q3")
    assert [row[0] for row in found] == sorted(losses)
    for optimizer, time, loss, epochs in found:
        assert close(time, mean(times[optimizer]))
        assert close(loss, mean(losses[optimizer]))
        assert epochs == len(losses[optimizer])
    assert math.isnan({row[0]: row[2] for row in found}["Adamax"])


def test_q4_and_q5(ask, trained: Trained) -> None:
    best = sorted(trained.of("densed"), key=lambda one: -one.tested["r2_score"])
    first = best[0]
    assert ask("q4") == [
        (0.01, "Adam", first.layers, first.own["k"], first.own["l"], first.tested["r2_score"],
         first.run)
    ]  # fmt: skip
    wanted = [
        (one.tested["loss"], one.tested["r2_score"], one.own["k"], one.own["l"], one.run)
        for one in best
    ]
    assert ask("q5") == wanted[:3]
    assert ask("q5", limit="9") == wanted
    worst = ask("q5", best="min", limit="1")
    assert [row[4] for row in worst] == [best[-1].run]


def test_q6(ask, trained: Trained, seconds) -> None:
    every = sorted(
        (loss, one.run, epoch, seconds[one.run][epoch], one.own["k"], one.own["l"])
        for one in trained.of("densed")
        for epoch, loss in enumerate(one.history["loss"])
    )
    shaped = [(epoch, time, loss, k, depth, run) for loss, run, epoch, time, k, depth in every]
    assert ask("q6") == shaped[:5]
    assert ask("q6", limit="12") == shaped
    chosen = [row for row in shaped if row[3:5] == (3, 2)]
    assert ask("q6", k="3", l="2") == chosen
    assert len(chosen) == 3


def test_q7(ask, trained: Trained, seconds) -> None:
    wanted = sorted(
        (mean(seconds[one.run]), one.own["k"], one.own["l"]) for one in trained.of("densed")
    )
    found = ask("q7")
    assert [row[1:] for row in found] == [(k, depth, 3) for _, k, depth in wanted]
    assert all(close(row[0], time) for row, (time, _, _) in zip(found, wanted, strict=True))


def test_a_and_b_of_2020(ask, trained: Trained) -> None:
    assert ask("qa", k="2") == [
        (2, one.history["loss"][-1], 2, one.own["l"], one.run)
        for one in trained.of("densed")
        if one.own["k"] == 2
    ]
    assert len(ask("qa")) == 4
    run = trained.of("densed")[0]
    assert ask("qb", run=run.run) == list(enumerate(run.history["loss"]))
    assert ask("qb", run=run.run, first="2", metric="val_r2_score") == list(
        enumerate(run.history["val_r2_score"][:2])
    )


def test_fig4(ask, trained: Trained) -> None:
    middle = sorted(loss for one in trained.of("digits") for loss in one.history["val_loss"])[9]
    wanted = sorted(
        (one.run, epoch, one.history["accuracy"][epoch], one.history["loss"][epoch], loss)
        for one in trained.of("digits")
        for epoch, loss in enumerate(one.history["val_loss"])
        if loss < middle
    )
    found = ask("fig4", below=repr(middle), tag="digits")
    assert [(row[4], *row[:4]) for row in found] == wanted
    assert len(found) == 9


@pytest.mark.parametrize(("metric", "choose"), [("val_accuracy", max), ("val_loss", min)])
def test_table_4(ask, trained: Trained, seconds, metric: str, choose) -> None:
    top = choose(value for one in trained.of("digits") for value in one.history[metric])
    dropout = {one.run: "0.6" if one.optimizer == "RMSprop" else "0.2" for one in trained.trials}
    wanted = sorted(
        ("digits", one.activation, one.rate, dropout[one.run], epoch, value,
         one.history["val_loss"][epoch], seconds[one.run][epoch], one.run)
        for one in trained.of("digits")
        for epoch, value in enumerate(one.history[metric])
        if value == top
    )  # fmt: skip
    found = ask("table4", metric=metric, tag="digits")
    assert found == sorted(wanted, key=lambda row: (row[8], row[4]))


def test_table_5(ask, trained: Trained, seconds) -> None:
    times = defaultdict(list)
    for one in trained.trials:
        times[one.tag, one.activation] += seconds[one.run]
    # Only relu is in both.
    wanted = {tag: mean(times[tag, "relu"]) for tag in ("densed", "digits")}
    found = ask("table5", one="digits", other="densed")
    assert [row[:2] + row[3:4] for row in found] == [
        ("relu", "digits", "densed"),
        ("mean", "digits", "densed"),
    ]
    for row in found:
        assert close(row[2], wanted["digits"])
        assert close(row[4], wanted["densed"])
    assert ("relu", "densed", "digits") in [row[:2] + row[3:4] for row in ask("table5")]
    assert ask("table5", one="digits", other="diverged") == []
