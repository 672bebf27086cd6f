"""Updates as lines of text and of JSON."""

import json
import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov_rdf.runs import RunInfo
from kprov_rdf.tables import printable
from kprov_rdf.watch import Epoch, Event, Update
from kprov_rdf.watch.lines import by_rank, json_lines, lines

NOW = datetime(2026, 11, 22, tzinfo=UTC)
RUN = RunInfo("http://x/run/1", "tag", "RUNNING", NOW, None, "Adam", 0.1, 1, 3)
EVIL = "evil\x1b[2J[bold red]\u202e\x9b31m\n[/x]"

texts = st.one_of(st.text(), st.just(EVIL))
values = st.one_of(st.floats(), st.integers(), texts, st.booleans())
epochs = st.builds(
    Epoch,
    number=st.integers(0, 10**6),
    seconds=st.none() | st.floats(),
    rate=st.none() | st.floats(),
    metrics=st.dictionaries(texts, st.floats(), max_size=4),
)
events = st.one_of(
    st.builds(
        Event,
        kind=st.sampled_from(["adaptation", "EarlyTermination", "file", "resumedFrom"]),
        epoch=st.none() | st.integers(0, 9),
        values=st.dictionaries(
            st.sampled_from(["setting", "old", "new", "technique", "reason", "by", "path"]), values
        ),
    ),
    st.builds(
        Event,
        kind=st.just("test"),
        epoch=st.none(),
        values=st.fixed_dictionaries({"test": texts}),
        metrics=st.dictionaries(texts, values),
    ),
)
updates = st.builds(
    Update,
    run=st.builds(replace, st.just(RUN), tag=texts, optimizer=st.none() | texts),
    epochs=st.lists(epochs, max_size=3).map(tuple),
    events=st.lists(events, max_size=3).map(tuple),
    over=st.booleans(),
)


@given(updates, st.booleans())
def test_everything_is_one_line_that_no_terminal_obeys(update: Update, first: bool) -> None:
    wanted = len(update.epochs) + len(update.events) + first + update.over
    for write in (lines, json_lines):
        found = list(write(update, first))
        assert len(found) == wanted
        for line in found:
            assert printable(line) == line
            assert "\n" not in line


@given(updates)
def test_json_lines_are_json_and_lose_nothing(update: Update) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    told = [json.loads(line, parse_constant=refuse) for line in json_lines(update, True)]
    assert told[0]["event"] == "run"
    found = [one["metrics"] for one in told if one["event"] == "epoch"]
    ordered = sorted(update.epochs, key=lambda one: one.number)
    for written, one in zip(found, ordered, strict=True):
        assert set(written) == set(one.metrics)
        for name, value in one.metrics.items():
            back = float(str(written[name]).replace("INF", "inf"))
            assert back == value or (math.isnan(back) and math.isnan(value))


def test_what_happened_in_an_epoch_follows_it() -> None:
    changed = Event(
        "adaptation",
        0,
        {"setting": "learning_rate", "old": 0.1, "new": 0.05, "technique": "T", "reason": "R"},
    )
    update = Update(
        RUN,
        (
            Epoch(0, 0.5, 0.1, {"val_loss": 2.0, "accuracy": 0.5, "loss": 1.0}),
            Epoch(1, None, None, {"loss": math.nan}),
        ),
        (
            Event("ModelRestoration", 0, {"by": "EarlyStopping"}),
            Event("test", None, {"test": "testing-1"}, {"loss": 3.0}),
            changed,
        ),
        over=True,
    )
    assert list(lines(update, True)) == [
        "run 1 of tag: RUNNING, Adam, 1 of 3 epochs",
        "epoch 0  loss 1  val_loss 2  accuracy 0.5  learning_rate 0.1  0.50 s",
        "adaptation in epoch 0: learning_rate 0.1 -> 0.05 by T (R)",
        "epoch 1  loss nan",
        "ModelRestoration of the weights of epoch 0 by EarlyStopping",
        "testing-1: loss 3",
        "end: RUNNING after 1 epoch",
    ]


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["val_accuracy", "accuracy", "val_loss", "loss"],
         ["loss", "val_loss", "accuracy", "val_accuracy"]),
        (["a", "loss", "val_a"], ["loss", "a", "val_a"]),
    ],
)  # fmt: skip
def test_the_loss_comes_first_and_validation_beside(names: list[str], wanted: list[str]) -> None:
    assert by_rank(dict.fromkeys(names)) == wanted
