"""The rate in force in each epoch, and each change of it with its cause (B7, B8, B9)."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kprov_capture.keras as kprov
from kprov_capture.home import Home
from kprov_capture.keras import schedules
from kprov_capture.keras.rates import exact, shortest


def float32(value: float) -> float:
    return float(np.float32(value))


def test_a_float32_stands_for_its_shortest_decimal() -> None:
    assert shortest(0.0010000000474974513) == 0.001


@given(
    st.decimals("0.000001", 10, allow_nan=False, places=6).map(float),
    st.sampled_from([0.1, 0.5, 0.9, 0.2, 0.95]),
)
def test_the_noise_of_a_rate_that_was_read_multiplied_and_assigned_is_taken_out(
    rate: float, factor: float
) -> None:
    """As ReduceLROnPlateau and two-argument schedules do."""
    assert exact(float32(rate) * factor, float32(rate), rate) == pytest.approx(
        rate * factor, rel=1e-14
    )


@given(st.floats(1e-8, 1.0))
def test_a_double_that_was_computed_otherwise_stays_exact(value: float) -> None:
    if float32(value) != value and f"{value / float32(0.3):.6g}" != repr(value / float32(0.3)):
        assert exact(value, float32(0.3), 0.3) == value


def fit(model, digits, home: Home, epochs: int, *callbacks, after: bool = True):
    provenance = kprov.Provenance("rates", home=home.path)
    given_callbacks = [*callbacks, provenance] if after else [provenance, *callbacks]
    x, y = digits
    model.fit(x[:60], y[:60], epochs=epochs, batch_size=60, verbose=0, callbacks=given_callbacks)
    return provenance.run


@pytest.mark.parametrize("after", [True, False], ids=["ours-last", "ours-first"])
def test_b8_step_decay_of_the_paper_makes_every_change(
    after, model, digits, home, captured
) -> None:
    """0.001 halved every ten of 100 epochs: ten changes, the last ones below 1e-5."""

    def step_decay(epoch: int) -> float:
        return 0.001 * 0.5 ** ((1 + epoch) // 10)

    schedule = keras.callbacks.LearningRateScheduler(step_decay)
    found = captured(fit(model, digits, home, 100, schedule, after=after))
    assert found.changes() == [
        (epoch, step_decay(epoch - 1), step_decay(epoch), "LearningRateScheduler")
        for epoch in range(9, 100, 10)
    ]
    assert found.epochs("learningRate") == [(epoch, step_decay(epoch)) for epoch in range(100)]
    assert found.violations() == []


@pytest.mark.parametrize("after", [True, False], ids=["ours-last", "ours-first"])
def test_b7_reduce_lr_on_plateau_acts_on_the_next_epoch(
    after, model, digits, home, captured
) -> None:
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.1, patience=1, min_delta=100
    )
    found = captured(fit(model, digits, home, 4, plateau, after=after))
    assert found.epochs("learningRate") == [(0, 0.001), (1, 0.001), (2, 0.0001), (3, 1e-05)]
    assert found.changes() == [
        (1, 0.001, 0.0001, "ReduceLROnPlateau"),
        (2, 0.0001, 1e-05, "ReduceLROnPlateau"),
        (3, 1e-05, 1e-06, "ReduceLROnPlateau"),
    ]
    used = found.rows(
        "?e a dnnprov:EpochExecution ; prov:used ?c . ?m prov:wasGeneratedBy ?e ; "
        "dnnprov:epoch ?epoch",
        "epoch",
        "c",
    )
    assert [row[1].rpartition("#")[2] for row in used] == [
        "config-0",
        "config-0",
        "config-1",
        "config-2",
    ]
    assert found.violations() == []


def test_b9_a_change_has_its_cause_and_what_it_watched(model, digits, home, captured) -> None:
    plateau = keras.callbacks.ReduceLROnPlateau(
        monitor="loss", factor=0.5, patience=1, min_delta=100
    )
    run = fit(model, digits, home, 2, plateau)
    found = captured(run)
    assert found.rows(
        "?a a dnnprov:RuleAdaptation ; dnnprov:monitoredMetric ?monitor ; dnnprov:factor ?factor ;"
        " dnnprov:patience ?patience ; prov:used ?watched ; prov:wasInformedBy ?epoch ;"
        " dnnprov:adapts ?t . ?watched a dnnprov:oTraining . ?t prov:wasInformedBy ?a",
        "monitor",
        "factor",
        "patience",
        "watched",
        "epoch",
    ) == [("loss", 0.5, 1, f"{run.names.run}#metrics-1", f"{run.names.run}#epoch-1")]


def test_the_kinds_are_classes(model, digits, home, captured) -> None:
    class Own(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if self.model.optimizer.iterations == 1:
                self.model.optimizer.learning_rate = 0.5

    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 0.25 if epoch == 2 else 0.5)
    found = captured(fit(model, digits, home, 3, Own(), schedule))
    classes = found.rows(
        "?a a dnnprov:Adaptation ; dnnprov:technique ?by . "
        "OPTIONAL { ?a a ?class FILTER (?class = dnnprov:ScheduledAdaptation) }",
        "a",
        "by",
        "class",
    )
    assert [row[1] for row in classes] == ["LearningRateScheduler", "LearningRateScheduler"]
    assert all(row[2] for row in classes)


def test_ones_own_assignment_is_an_adaptation_too(model, digits, home, captured) -> None:
    class Own(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.model.optimizer.learning_rate.assign(0.025)

    found = captured(fit(model, digits, home, 3, Own()))
    assert found.changes() == [(1, 0.001, 0.025, "Own")]
    assert [row[1] for row in found.epochs("learningRate")] == [0.001, 0.025, 0.025]
    assert found.rows("?a a dnnprov:ScheduledAdaptation", "a") == []


def test_a_schedule_that_changes_nothing_makes_no_adaptation(model, digits, home, captured) -> None:
    """It assigns the float32 that it was given, each epoch."""
    found = captured(
        fit(model, digits, home, 5, keras.callbacks.LearningRateScheduler(lambda e, lr: lr))
    )
    assert found.changes() == []


def test_a_schedule_object_is_recorded_and_its_rate_read(digits, home, captured) -> None:
    network = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10)])
    decay = keras.optimizers.schedules.ExponentialDecay(0.5, decay_steps=1, decay_rate=0.5)
    network.compile(keras.optimizers.SGD(decay), "sparse_categorical_crossentropy")
    found = captured(fit(network, digits, home, 3))
    assert [row[1] for row in found.epochs("learningRate")] == [0.5, 0.25, 0.125]
    ((text,),) = found.rows("?c a dnnprov:iTraining ; dnnprov:learningRateSchedule ?s", "s")
    assert '"ExponentialDecay"' in text
    assert found.violations() == []


@pytest.mark.parametrize(
    "schedule",
    [
        keras.optimizers.schedules.InverseTimeDecay(0.3, 7, 0.37),
        keras.optimizers.schedules.InverseTimeDecay(0.3, 7, 0.37, staircase=True),
        keras.optimizers.schedules.PiecewiseConstantDecay([3, 40, 41], [0.1, 0.7, 0.3, 0.9]),
        keras.optimizers.schedules.PiecewiseConstantDecay([5.5], [0.1, 0.7]),
    ],
)
def test_what_is_computed_of_a_schedule_object_is_what_it_gives(schedule) -> None:
    optimizer = keras.optimizers.SGD(schedule)
    for step in (*range(50), 10**6, 2**24 + 1):
        optimizer.iterations.assign(step)
        asked = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
        assert schedules.rate(optimizer, schedules.steps(optimizer)) == asked


def test_a_schedule_object_of_another_class_is_asked() -> None:
    class Own(keras.optimizers.schedules.InverseTimeDecay):
        def __call__(self, step):
            return super().__call__(step) / 2

    assert schedules.rate(keras.optimizers.SGD(Own(0.3, 7, 0.37)), 0) is None
    assert schedules.rate(keras.optimizers.SGD(0.3), 0) is None


def test_the_variable_is_left_as_it_was(model, digits, home) -> None:
    fit(model, digits, home, 1)
    assert "assign" not in model.optimizer._learning_rate.__dict__


@pytest.mark.skipif(keras.backend.backend() == "jax", reason="JAX warns of it itself")
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_rate_that_is_beyond_a_float32_is_ours_to_bear(
    model, digits, home, monkeypatch, caplog
) -> None:
    monkeypatch.setenv("KPROV_STRICT", "0")

    class Huge(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate.assign(1e40)

    fit(model, digits, home, 1, Huge())
    assert "follow the learning rate" in caplog.text
