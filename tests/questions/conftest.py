"""The trainings, once for all questions, and a store with their records."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import keras
import pytest

from kprov_capture.home import Home, create
from kprov_rdf import ingest, query
from kprov_rdf.store import LocalStore
from tests.questions import trials
from tests.questions.trials import Trial

Rows = list[tuple[Any, ...]]


@dataclass
class Trained:
    """The trainings in the order in which they were made, and what they used."""

    home: Home
    data_run: str
    trials: list[Trial]

    def of(self, tag: str) -> list[Trial]:
        return [one for one in self.trials if one.tag == tag]

    @property
    def saved(self) -> Trial:
        return next(one for one in self.trials if one.file)


def halved(epoch: int, rate: float) -> float:
    return rate / 2 if epoch == 2 else rate


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    folder = tmp_path_factory.mktemp("questions")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KPROV_STRICT", "1")
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        home = create(folder / "home")
        x, y, data_run = trials.scaled(home)
        data = x, y
        optimizers = keras.optimizers
        schedule = keras.callbacks.LearningRateScheduler(halved)
        path = folder / "adam.keras"
        made = [
            trials.classify(home, data, optimizers.Adam(0.01), "relu", save=path,
                            callbacks=[schedule]),
            trials.classify(home, data, optimizers.SGD(0.01), "tanh"),
            trials.classify(home, data, optimizers.SGD(0.1), "tanh"),
            trials.classify(home, data, optimizers.SGD(0.1), "tanh", seed=1),
            trials.classify(home, data, optimizers.RMSprop(0.01), "relu", dropout=0.6),
            # Its loss is NaN from the first epoch on.
            trials.classify(home, data, optimizers.Adamax(1e38), "selu", tag="diverged"),
            *(trials.grow(home, k, depth, data) for k in (2, 3) for depth in (1, 2)),
            trials.tune(home, path, data),
        ]  # fmt: skip
    yield Trained(home, data_run, made)


@pytest.fixture(scope="session")
def store(trained: Trained) -> LocalStore:
    found = LocalStore()
    ingest.catch_up(trained.home, found)
    return found


def rows(store: LocalStore, name: str, **given: str) -> Rows:
    """The answer of the text that reads the records, and of the one that reads summaries."""
    question = query.find(name)
    texts = [question, replace(question, fast="")] if question.fast else [question]
    answers = [query.table(store, one, given) for one in texts]
    found, *others = ([tuple(map(query.value, row)) for row in one.rows] for one in answers)
    for other in others:
        assert [list(map(_close, row)) for row in found] == [list(row) for row in other]
    return found


def _close(cell: Any) -> Any:
    """Averages may differ in their last digits; NaN is NaN."""
    return pytest.approx(cell, rel=1e-12, nan_ok=True) if isinstance(cell, float) else cell


@pytest.fixture
def ask(store: LocalStore) -> Callable[..., Rows]:
    """Asks a question of the store; its rows in the order of its columns."""
    return lambda name, **given: rows(store, name, **given)


@pytest.fixture(scope="session")
def seconds(store: LocalStore, trained: Trained) -> dict[str, list[float]]:
    """The duration of each epoch of each run, as the record has it."""
    found = {}
    for trial in trained.trials:
        text = (
            f"SELECT ?epoch ?seconds {{ GRAPH <{trial.run}> {{ ?m a dnnprov:oTraining ; "
            "dnnprov:epoch ?epoch ; dnnprov:elapsedTime ?seconds } } ORDER BY ?epoch"
        )
        answer = query.table(store, query.Question("seconds", text), {})
        found[trial.run] = [float(str(query.value(row[1]))) for row in answer.rows]
        assert len(found[trial.run]) == len(trial.history["loss"])
    return found
