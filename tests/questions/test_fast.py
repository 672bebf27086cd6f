"""The fast texts of the catalogue answer from the summaries what the others read in the records."""

import math
from dataclasses import replace
from typing import Any

import pytest

from kprov_capture.home import Home
from kprov_rdf import ingest, query
from kprov_rdf.exchange import merge
from kprov_rdf.exchange.sources import Source
from kprov_rdf.store import LocalStore
from tests import recording
from tests.exchange.logged import LOGGED

FAST = sorted(name for name, question in query.catalogue().items() if question.fast)
GIVEN: dict[str, list[dict[str, str]]] = {
    "q1": [{"epoch": "1", "rate": "0.1"}, {"epoch": "0", "rate": "0.01"}],
    "q4": [{}, {"metric": "loss"}],
    "q5": [{}, {"metric": "loss", "error": "r2_score", "limit": "100"}],
    "q6": [{"k": "2", "l": "1"}, {"k": "3", "l": "2", "metric": "r2_score", "limit": "2"}],
    "best": [{}, {"metric": "val_accuracy"}, {"metric": "loss", "best": "max"},
             {"tag": "diverged", "metric": "loss"}],
    "leaderboard": [{}, {"metric": "val_accuracy", "limit": "3"}, {"metric": "r2_score"},
                    {"metric": "loss", "best": "max", "limit": "100"}],
}  # fmt: skip


def answer(store: LocalStore, question: query.Question, given: dict[str, str]) -> tuple[Any, Any]:
    found = query.table(store, question, given)
    return found.columns, [tuple(map(plain, row)) for row in found.rows]


def plain(term: query.Term) -> object:
    """A mean of means differs from a mean of all in its last digits."""
    value = query.value(term)
    if isinstance(value, float):
        return f"{value:.12g}" if math.isfinite(value) else repr(value)
    return value


def same(store: LocalStore, name: str, given: dict[str, str]) -> list[Any]:
    question = query.find(name)
    columns, rows = answer(store, question, given)
    assert (columns, rows) == answer(store, replace(question, fast=""), given)
    return list(rows)


@pytest.mark.parametrize("name", FAST)
def test_of_trainings(store: LocalStore, name: str) -> None:
    for given in GIVEN.get(name, [{}]):
        rows = same(store, name, given)
        assert rows or given.get("tag") == "diverged"


@pytest.mark.parametrize("name", FAST)
def test_of_runs_of_many_kinds(home: Home, name: str) -> None:
    """One that goes on, one that lacks epochs, one of NaN, one of another tool, several tests."""
    recording.record(home.path, losses=(0.5, math.nan, 0.25, 0.25))
    recording.record(home.path, optimizer="SGD", losses=(math.nan, math.inf), tag="other")
    gaps = recording.begin(home.path, rate=0.01)
    for number, told in enumerate(({"loss": 0.5}, {"loss": 0.25, "val_loss": 1.0})):
        gaps.epoch(number, gaps.now(), gaps.now(), 1.0, 0.01, 0, told)
    for loss in (0.3, math.nan, 0.2):
        gaps.testing(gaps.now(), gaps.now(), {"loss": loss}, gaps.next_test_set())
    assert gaps.settle(10)
    merge.merge(home, Source(str(LOGGED / "mlruns")))
    given: dict[str, dict[str, str]] = {
        "q1": {"epoch": "0", "rate": "0.01"},
        "q4": {"metric": "loss", "growth": "batch_size", "depth": "epochs"},
        "q5": {"metric": "loss", "growth": "batch_size", "depth": "epochs", "best": "max"},
        "q6": {"k": "4", "l": "3", "growth": "batch_size", "depth": "epochs"},
        "q7": {"growth": "learning_rate", "depth": "epochs"},  # it was adapted
    }
    with ingest.open_snapshot(home) as store:
        assert same(store, name, given.get(name, {}))
    gaps.close()
