"""The papers' questions, asked of the catalogue, by specification in SPARQL, and in SQL.

All three give the same rows, in the same order, and they are what Keras said.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from typing import Any

import keras
import pytest
from sklearn.datasets import load_digits

import kprov_capture.keras as kprov
from kprov_capture.home import Home, create
from kprov_rdf import builder, ingest, query
from kprov_rdf.builder import mirrored
from kprov_rdf.builder.mirrored import Ask
from kprov_rdf.errors import InputError
from kprov_rdf.mirror import ask as asking
from kprov_rdf.mirror import embedded, load
from kprov_rdf.store import LocalStore, Store
from tests.mirror.conftest import libraries
from tests.questions import trials
from tests.questions.conftest import Rows, Trained, rows
from tests.questions.trials import Trial

__all__ = ["libraries"]


def same(found: Rows, wanted: Rows) -> bool:
    """Equal rows in equal order, averages to twelve digits; what is NaN is null."""
    return len(found) == len(wanted) and all(
        len(a) == len(b) and all(map(_equal, a, b)) for a, b in zip(found, wanted, strict=True)
    )


def _equal(one: Any, other: Any) -> bool:
    a, b = (None if isinstance(v, float) and math.isnan(v) else v for v in (one, other))
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-12, abs_tol=0.0)
    return bool(a == b)


def picked(found: Rows, *places: int) -> Rows:
    return [tuple(row[place] for place in places) for row in found]


def mean(values: list[float]) -> float | None:
    """As specifications have it: NaN is passed over."""
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else None


@pytest.fixture(scope="module")
def tables(libraries: None, trained: Trained, store: LocalStore) -> Iterator[Ask]:
    """The mirror of the store, in a real MonetDB."""
    with embedded.serving(trained.home) as server:
        with closing(load.connect(server.url)) as connection:
            load.mirror(connection, store, set())
        yield partial(asking.ask, server.url)


Specified = Callable[..., Rows]


def specified(store: Store, tables: Ask | None, name: str, **given: Any) -> Rows:
    """The answer to the papers' specification, in SPARQL; that in SQL is the same."""
    asked = builder.read(builder.papers()[name])
    answers = [builder.ask(store, asked, given)]
    answers += [mirrored.ask_mirror(tables, asked, given)] if tables else []
    found, *others = ([tuple(map(query.value, row)) for row in one.rows] for one in answers)
    for other in others:
        assert same(found, other)
    return found


@pytest.fixture
def spec(store: LocalStore, tables: Ask) -> Specified:
    return lambda name, **given: specified(store, tables, name, **given)


@pytest.mark.parametrize("rate", [0.01, 0.1])
def test_q1(ask, spec: Specified, trained: Trained, rate: float) -> None:
    wanted = sorted(
        (one.optimizer, one.history["loss"][2], one.run, one.history.get("val_loss", [None] * 3)[2])
        for one in trained.trials
        if one.rate == rate and len(one.history["loss"]) > 2
    )
    found = spec("q1", epoch=2, rate=rate)
    assert same(found, picked(wanted, 0, 1, 3))
    assert same(found, picked(ask("q1", epoch="2", rate=str(rate)), 0, 1, 2))


@pytest.mark.parametrize("tag", ["digits", "densed"])
def test_q2(ask, spec: Specified, trained: Trained, tag: str) -> None:
    """The mirror has values as texts, and names dropout as the ontology does."""
    run = trained.of(tag)[0].run
    wanted = [(name, f"{kind}_rate" if kind == "dropout" else kind, str(value))
              for name, kind, value in ask("q2", run=run)]  # fmt: skip
    assert spec("q2", run=run) == wanted
    assert {row[2] for row in wanted} == ({"relu", "0.2", "softmax"} if tag == "digits"
                                          else {"relu"})  # fmt: skip


def test_q3(ask, spec: Specified, trained: Trained, seconds) -> None:
    """The catalogue says NaN of what diverged, where specifications pass over it."""
    wanted = []
    for name in sorted({one.optimizer for one in trained.trials}):
        of = [one for one in trained.trials if one.optimizer == name]
        times = [second for one in of for second in seconds[one.run]]
        wanted.append(
            (name, mean(times), mean([loss for one in of for loss in one.history["loss"]]))
        )
    found = spec("q3")
    assert same(found, wanted)
    assert same(found, picked(ask("q3"), 0, 1, 2))
    assert {row[0]: row[2] for row in found}["Adamax"] is None


def test_q4_and_q5(ask, spec: Specified, trained: Trained) -> None:
    best = sorted(trained.of("densed"), key=lambda one: -one.tested["r2_score"])
    wanted = [(one.rate, one.optimizer, one.layers, one.own["k"], one.own["l"],
               one.tested["r2_score"]) for one in best]  # fmt: skip
    assert spec("q4") == wanted[:1] == picked(ask("q4"), 0, 1, 2, 3, 4, 5)
    wanted = [(one.tested["loss"], one.tested["r2_score"], one.own["k"], one.own["l"])
              for one in best]  # fmt: skip
    assert spec("q5") == wanted[:3] == picked(ask("q5"), 0, 1, 2, 3)


def test_q6(ask, spec: Specified, trained: Trained, seconds) -> None:
    (one,) = (one for one in trained.of("densed") if one.own == {"k": 3, "l": 2})
    losses = sorted((loss, epoch) for epoch, loss in enumerate(one.history["loss"]))
    found = spec("q6", k=3, l=2)
    assert found == [(epoch, seconds[one.run][epoch], loss) for loss, epoch in losses]
    assert found == picked(ask("q6", k="3", l="2"), 0, 1, 2)


def test_q7(ask, spec: Specified, trained: Trained, seconds) -> None:
    """Runs without k and l are none of its configurations."""
    wanted = sorted(
        (mean(seconds[one.run]), one.own["k"], one.own["l"]) for one in trained.of("densed")
    )
    found = spec("q7")
    assert same(found, picked(wanted, 1, 2, 0))
    assert same(found, picked(ask("q7"), 1, 2, 0))


def test_a_and_b_of_2020(ask, spec: Specified, trained: Trained) -> None:
    """The specification of (a) names the epoch that the catalogue finds."""
    (one,) = (one for one in trained.of("densed") if one.own == {"k": 2, "l": 1})
    found = spec("a", k=2, l=1, epoch=2)
    assert found == [(2, one.history["loss"][2])] == picked(ask("qa", k="2", l="1"), 0, 1)
    found = spec("b", run=one.run)
    assert found == list(enumerate(one.history["loss"])) == ask("qb", run=one.run)
    last = trained.trials[-1]
    assert spec("b") == [(0, last.history["loss"][0])], "the latest run, where none is named"


def test_fig4(ask, spec: Specified, store: LocalStore, trained: Trained) -> None:
    """Word for word, so without a run in the rows or in their order."""
    wanted = sorted(
        (epoch, one.history.get("accuracy", [None] * 4)[epoch], one.history["loss"][epoch], loss)
        for one in trained.trials
        for epoch, loss in enumerate(one.history.get("val_loss", []))
        if loss < 0.5
    )
    assert spec("fig4") == wanted == sorted(picked(ask("fig4"), 0, 1, 2, 3))
    below = builder.read(builder.papers()["fig4"].replace("<0.5", "<2.5"))
    found = [tuple(map(query.value, row)) for row in builder.ask(store, below).rows]
    assert len(found) > 4
    assert found == sorted(picked(ask("fig4", below="2.5"), 0, 1, 2, 3))


# -- Tables IV and V: the user tells activation and dropout, as the specifications want them


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, list[Trial]]]:
    folder = tmp_path_factory.mktemp("told")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        home = create(folder / "home")
        x, y, _ = trials.scaled(home)
        made = [
            trials.classify(home, (x, y), keras.optimizers.Adam(0.01), activation, tag=tag,
                            dropout=0.4, own={"activation": activation, "dropout": 0.4})
            for tag in ("alexnet", "densenet")
            for activation in ("tanh", "relu")
        ]  # fmt: skip
    yield home, made


@pytest.fixture(scope="module")
def told_store(told: tuple[Home, list[Trial]]) -> LocalStore:
    found = LocalStore()
    ingest.catch_up(told[0], found)
    return found


@pytest.fixture(scope="module")
def told_tables(
    libraries: None, told: tuple[Home, list[Trial]], told_store: LocalStore
) -> Iterator[Ask]:
    with embedded.serving(told[0]) as server:
        with closing(load.connect(server.url)) as connection:
            load.mirror(connection, told_store, set())
        yield partial(asking.ask, server.url)


def times(store: Store, run: str) -> list[float]:
    text = "SELECT ?s { GRAPH ?g { ?m dnnprov:epoch ?e ; dnnprov:elapsedTime ?s } } ORDER BY ?e"
    text = text.replace("?g", f"<{run}>")
    found = query.table(store, query.Question("times", text), {}).rows
    return [float(str(query.value(row[0]))) for row in found]


def test_table_4(told: tuple[Home, list[Trial]], told_store: LocalStore, told_tables: Ask) -> None:
    """The catalogue has all epochs that are best, a specification the first two of the order."""
    every = sorted(
        (-value, one.tag, one.run, epoch, one)
        for one in told[1]
        for epoch, value in enumerate(one.history["val_accuracy"])
    )
    wanted = [
        (tag, one.activation, 0.01, 0.4, epoch, -value, one.history["val_loss"][epoch],
         times(told_store, run)[epoch])
        for value, tag, run, epoch, one in every
    ]  # fmt: skip
    found = specified(told_store, told_tables, "table4")
    assert found == wanted[:2]
    best = [row for row in wanted if row[5] == wanted[0][5]]
    theirs = rows(told_store, "table4")
    assert [(*row[:3], float(row[3]), *row[4:8]) for row in theirs] == best


def test_table_5(told: tuple[Home, list[Trial]], told_store: LocalStore, told_tables: Ask) -> None:
    """The catalogue has two dataflows in a row, and the mean of its columns."""
    wanted = sorted((one.activation, one.tag, mean(times(told_store, one.run))) for one in told[1])
    found = specified(told_store, told_tables, "table5")
    assert same(found, wanted)
    theirs = rows(told_store, "table5", one="alexnet", other="densenet")
    turned = sorted(
        cells for row in theirs if row[0] != "mean" for cells in (row[:3], (row[0], *row[3:5]))
    )
    assert same(turned, found)


def test_specifications_whose_settings_no_run_has_say_so(spec: Specified) -> None:
    with pytest.raises(InputError, match="has no attribute 'activation'; it has"):
        spec("table4")


# -- during a training


class Specifying(keras.callbacks.Callback):
    """Asks in each epoch, after the record was told of it."""

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
        own = {"k": 8, "l": 1}
        given = {"q1": {"epoch": epoch, "rate": 0.5}, "a": own | {"epoch": epoch}, "q6": own}
        with ingest.open_snapshot(self.home) as store:
            self.answers.append({
                name: specified(store, None, name, **given.get(name, {}))
                for name in ("q1", "q2", "q3", "q6", "q7", "a", "b", "table4")
            })  # fmt: skip


def test_specifications_while_a_training_goes_on(home: Home) -> None:
    digits = load_digits()
    x, y = digits.data[:200] / 16, digits.target[:200]
    model = keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Dense(8, "relu", name="hidden"),
            keras.layers.Dense(10, "softmax", name="digits"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    model.compile(keras.optimizers.SGD(0.5), loss, metrics=["accuracy"])
    own = {"k": 8, "l": 1, "activation": "relu", "dropout": 0}
    record = kprov.Provenance("live", home=home.path, hyperparameters=own)
    asked = Specifying(home, record)
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2 if epoch else rate)
    history = model.fit(
        x, y, validation_split=0.25, epochs=3, verbose=0, callbacks=[record, asked, halve]
    ).history
    assert record.run is not None
    record.run.close()
    assert len(asked.answers) == 3
    for epoch, found in enumerate(asked.answers):
        losses = history["loss"][: epoch + 1]
        assert found["q1"] == [("SGD", losses[-1], history["val_loss"][epoch])]
        assert found["q2"] == [
            ("hidden", "activation", "relu"),
            ("digits", "activation", "softmax"),
        ]
        assert same(picked(found["q3"], 0, 2), [("SGD", mean(losses))])
        assert [row[2] for row in found["q6"]] == sorted(losses)
        assert picked(found["q7"], 0, 1) == [(8, 1)]
        assert found["a"] == [(epoch, losses[-1])]
        assert found["b"] == list(enumerate(losses))
        top = sorted((-value, at) for at, value in enumerate(history["val_accuracy"][: epoch + 1]))
        assert picked(found["table4"], 4, 5) == [(at, -value) for value, at in top[:2]]
