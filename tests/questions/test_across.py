"""What users of trackers ask, of several runs and from one run to another."""

import hashlib
import itertools
import math
from pathlib import Path

import pytest

from kprov_rdf import query
from tests.questions.conftest import Trained
from tests.questions.trials import EPOCHS, Trial

LAST = EPOCHS - 1


def finite(trial: Trial, metric: str) -> list[tuple[float, int]]:
    """Value and epoch, without NaN."""
    values = enumerate(trial.history.get(metric, []))
    return [(value, epoch) for epoch, value in values if not math.isnan(value)]


def chosen(trial: Trial, metric: str, sign: int) -> tuple[float, int]:
    return min(finite(trial, metric), key=lambda one: (sign * one[0], one[1]))


@pytest.mark.parametrize(
    ("metric", "sign"), [("val_loss", 1), ("val_accuracy", -1), ("loss", 1), ("val_r2_score", -1)]
)
@pytest.mark.parametrize("tag", [None, "digits", "densed"])
def test_best(ask, trained: Trained, metric: str, sign: int, tag: str | None) -> None:
    """Also where a rate diverged: its NaN is no value."""
    runs: dict[str, list[Trial]] = {}
    for one in trained.trials:
        if finite(one, metric) and tag in (None, one.tag):
            runs.setdefault(one.optimizer, []).append(one)
    wanted = []
    for optimizer, of in sorted(runs.items()):
        least = min(sign * chosen(one, metric, sign)[0] for one in of)
        for one in sorted(of, key=lambda one: one.run):
            value, epoch = chosen(one, metric, sign)
            if sign * value == least:
                wanted.append((optimizer, value, epoch, one.rate, one.tag, one.run))
    given = {} if tag is None else {"tag": tag}
    assert ask("best", metric=metric, **given) == wanted
    assert wanted or (metric, tag) in (("val_accuracy", "densed"), ("val_r2_score", "digits"))


def test_the_worst_can_be_asked_for(ask, trained: Trained) -> None:
    (row,) = ask("best", metric="val_loss", best="max", tag="densed")
    assert row[1] == max(loss for one in trained.of("densed") for loss in one.history["val_loss"])


@pytest.mark.parametrize(("metric", "sign"), [("val_loss", 1), ("accuracy", -1)])
def test_leaderboard(ask, trained: Trained, metric: str, sign: int) -> None:
    having = [one for one in trained.trials if finite(one, metric)]
    wanted = []
    for one in sorted(having, key=lambda one: (sign * chosen(one, metric, sign)[0], one.run)):
        value, epoch = chosen(one, metric, sign)
        values = one.history[metric]
        own = sorted(f"{name}={number}" for name, number in one.own.items())
        wanted.append((value, epoch, values[-1], len(values), one.optimizer, one.rate, 32, one.tag,
                       one.run, own))  # fmt: skip
    found = ask("leaderboard", metric=metric, limit="99")
    said = [[one for one in row[7].split(", ") if one[:2] in ("k=", "l=")] for row in found]
    assert [(*row[:7], *row[8:], own) for row, own in zip(found, said, strict=True)] == [
        one if not math.isnan(one[2]) else found[i] for i, one in enumerate(wanted)
    ]
    assert ask("leaderboard", metric=metric, limit="2") == found[:2]
    of_tag = ask("leaderboard", metric=metric, tag="digits")
    assert of_tag == [row for row in found if row[8] == "digits"]


def differences(one: Trial, other: Trial) -> list[tuple[str, object, object]]:
    """The settings in which two trainings of a dataflow differ, as they were given."""
    pairs = {
        "optimizerName": (one.optimizer, other.optimizer),
        "learningRate": (one.rate, other.rate),
        **{name: (one.own[name], other.own[name]) for name in one.own},
    }
    return [(name, *both) for name, both in pairs.items() if both[0] != both[1]]


def test_runs_that_differ_in_one_parameter(ask, trained: Trained) -> None:
    """Optimizers have settings of their own, so that those never differ in one only."""
    wanted = []
    for one, other in itertools.combinations(sorted(trained.trials, key=lambda t: t.run), 2):
        told = differences(one, other) if one.tag == other.tag else []
        if len(told) == 1 and told[0][0] != "optimizerName":
            wanted.append((*told[0], one.tag, one.run, other.run))
    found = ask("one-parameter")
    assert found == sorted(wanted, key=lambda row: (row[3], row[0], row[4], row[5]))
    assert [row[0] for row in found] == ["k", "k", "l", "l", "learningRate", "learningRate"]
    assert ask("one-parameter", tag="digits") == found[4:]
    # Where the seed counts too, one pair differs in two.
    assert {row[0] for row in ask("one-parameter", tag="digits", **{"except": "*"})} == {
        "learningRate", "seed",
    }  # fmt: skip


def test_runs_with_the_same_settings(ask, trained: Trained) -> None:
    same = [one for one in trained.of("digits") if (one.optimizer, one.rate) == ("SGD", 0.1)]
    short = " ".join(sorted(one.run[-8:] for one in same))
    (row,) = ask("same-settings")
    assert (row[0], " ".join(sorted(row[1].split())), *row[2:]) == (
        2, short, "digits", "SGD", 0.1, 32, EPOCHS,
    )  # fmt: skip
    assert ask("same-settings", **{"except": "*"}) == []
    assert ask("same-settings", tag="densed") == []


@pytest.mark.parametrize(("metric", "after"), [("val_loss", 1), ("accuracy", 2), ("loss", 3)])
def test_effects(ask, trained: Trained, metric: str, after: int) -> None:
    """The rate was halved when epoch 2 began."""
    values = trained.saved.history[metric]
    later = values[1 + after] if 1 + after <= LAST else None
    wanted = (1, "learningRate", 0.01, 0.005, "LearningRateScheduler", values[1], later,
              None if later is None else later - values[1])  # fmt: skip
    assert ask("effects", run=trained.saved.run, metric=metric, after=str(after)) == [wanted]
    assert ask("effects", run=trained.trials[1].run) == []


@pytest.mark.parametrize("factor", [1.01, 2.0, 5.0])
def test_slow_epochs(ask, trained: Trained, seconds, factor: float) -> None:
    wanted = {}
    for run, times in seconds.items():
        for epoch, time in enumerate(times if len(times) > 1 else []):
            ratio = time / ((math.fsum(times) - time) / (len(times) - 1))
            if not 1 / factor <= ratio <= factor:
                wanted[run, epoch] = (time, ratio)
    found = ask("slow-epochs", factor=str(factor), limit="999")
    assert {(row[6], row[0]) for row in found} == wanted.keys()
    for epoch, time, others, ratio, started, tag, run in found:
        assert time == wanted[run, epoch][0]
        assert ratio == pytest.approx(wanted[run, epoch][1], rel=1e-12)
        assert others * ratio == pytest.approx(time, rel=1e-12)
        assert started.endswith("Z")
        assert tag == next(one.tag for one in trained.trials if one.run == run)
    ratios = [max(row[3], 1 / row[3]) for row in found]
    assert ratios == sorted(ratios, reverse=True)
    one = trained.saved.run
    alone = ask("slow-epochs", factor=str(factor), run=one, limit="999")
    assert alone == [row for row in found if row[6] == one]


def digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@pytest.mark.parametrize("by", ["path", "name", "hash"])
def test_what_produced_a_file(ask, trained: Trained, by: str) -> None:
    path = trained.saved.file
    given = {"path": path, "name": Path(path).name, "hash": digest(path)}[by]
    rows = [row for row in ask("produced", file=given) if row[0] == path]
    (row,) = rows
    assert row[:3] == (path, digest(path), "ModelExport")
    (data,) = ask("data", run=trained.saved.run)[1:2]
    assert f"train-set {data[3]}" in row[5]
    assert row[7:] == ("digits", trained.saved.run)
    assert row[4]
    assert ask("produced", file="no-such.keras") == []


def test_what_was_derived_from_data(ask, trained: Trained) -> None:
    """From the scaled digits on: sets, models, tests, the file, and the model tuned from that."""
    (sha256,) = {row[3] for row in ask("data", run=trained.saved.run) if "train" in row[0]}
    found = ask("derived", data=sha256)
    kinds = {(row[0], row[4]) for row in found}
    tuned = trained.of("digits-head")[0]
    users = [*trained.of("digits"), *trained.of("diverged")]
    for one in users:
        assert {("TrainedModel", one.run), ("oTesting", one.run), ("RunSummary", one.run)} <= kinds
    assert ("TrainedModel", tuned.run) in kinds
    assert trained.saved.file in {row[1] for row in found if row[0] == "File"}
    # The other targets make other training data.
    assert not {run for _, run in kinds} & {one.run for one in trained.of("densed")}
    # By IRI: of the tuned model there is nothing yet, of the scaled data all of this.
    assert ask("derived", data=f"{tuned.run}#model") == []
    (step,) = ask("preparation", run=trained.saved.run)[:1]
    assert step[1] == "scale"
    below = {(row[3], row[4]) for row in ask("derived", data=step[0])}
    assert below >= {(row[3], row[4]) for row in found if row[4] == tuned.run}
    of_file = ask("derived", data=trained.saved.file)
    assert {(row[0], row[4]) for row in of_file if row[4] != tuned.run} == {
        ("File", trained.saved.run)
    }
    assert ("TrainedModel", "model", tuned.run) in {(row[0], row[1], row[4]) for row in of_file}


def test_of_what_a_model_came(ask, trained: Trained) -> None:
    """Through the file of the model that it was tuned from; what came after is not there."""
    tuned = trained.of("digits-head")[0].run
    found = ask("lineage", thing=f"{tuned}#model")
    own = [f"{tuned}#{name}" for name in ("architecture", "config-0", "pretrained-1", "train-set")]
    before = [f"{trained.saved.run}#{name}" for name in ("architecture", "config-0", "file-1",
                                                         "model", "train-set")]  # fmt: skip
    sources = [row[1] for row in found]
    assert [one for one in sources if one in own] == own
    assert [one for one in sources if one in before] == before
    assert {one.partition("#")[0] for one in sources} >= {tuned, trained.saved.run}
    assert sources.index(before[-1]) < sources.index(own[0])
    assert all(name == source.rpartition("#")[2] for name, source in found if "#" in source)
    of_file = [row[1] for row in ask("lineage", thing=f"{trained.saved.run}#file-1")]
    assert f"{trained.saved.run}#model" in of_file
    assert not [one for one in of_file if one.startswith(tuned)]
    assert ask("lineage", thing=f"{tuned}#no-such-thing") == []


def test_filters_by_a_setting(ask, trained: Trained) -> None:
    """The digits were scaled in another run; the content leads there. A layer may be nested."""
    low = [one for one in trained.trials if one.tag != "densed" and one.optimizer != "RMSprop"]
    found = ask("filters")
    assert [(*row[:3], *row[4:]) for row in found] == sorted(
        ((0.2, "scale", "StandardScaler", one.tag, one.run) for one in low),
        key=lambda row: row[3:],
    )
    assert '"with_mean": true' in found[0][3]
    every = ask("filters", below="0.7", tag="digits")
    assert sorted(row[5] for row in every) == sorted(one.run for one in trained.of("digits"))
    rates = ask("filters", setting="learning_rate", below="0.05", tag="digits")
    assert {row[5] for row in rates} == {one.run for one in trained.of("digits") if one.rate < 0.05}


def test_nothing_goes_on(ask) -> None:
    assert ask("running") == []


def test_every_question_was_tested() -> None:
    """Those of this package, and those that older tests are about."""
    here = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    of_one_run = {one.name for one in query.catalogue().values()
                  if one.group in ("one run", "housekeeping", "runs")}  # fmt: skip
    missing = {name for name in query.catalogue() if f'"{name}"' not in here} - of_one_run
    assert not missing
