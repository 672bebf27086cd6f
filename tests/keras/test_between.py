"""Settings other than the rate, schedule objects, and what is changed between two fits (C9)."""

import keras
import numpy as np
import pytest

import kprov_capture.keras as kprov


def fit(model, digits, home, *callbacks, epochs=2, batch_size=60, **more):
    provenance = kprov.Provenance("between", home=home.path)
    x, y = digits
    model.fit(
        x[:120], y[:120], epochs=epochs, batch_size=batch_size, verbose=0,
        callbacks=[provenance, *callbacks], **more,
    )  # fmt: skip
    return provenance.run


def adapted(found) -> list[tuple]:
    """Property, old and new value, technique, epoch and step of each adaptation, in order."""
    rows = found.rows(
        "?c dnnprov:adaptedProperty ?p ; dnnprov:oldValue ?old ; dnnprov:newValue ?new ; "
        "prov:wasGeneratedBy ?a . ?a dnnprov:technique ?by ; prov:startedAtTime ?at . "
        "OPTIONAL { ?c dnnprov:epoch ?epoch } OPTIONAL { ?a dnnprov:step ?step }",
        "at", "c", "p", "old", "new", "by", "epoch", "step",
    )  # fmt: skip
    return [(row[2].replace("#", "/").rpartition("/")[2], *row[3:]) for row in sorted(rows)]


def sgd(model, rate=0.1, **more):
    model.compile(keras.optimizers.SGD(rate, **more), "sparse_categorical_crossentropy")
    return model


def test_a_schedule_object_is_an_adaptation_each_time_its_rate_changes(
    model, digits, home, captured
) -> None:
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([3, 4], [0.1, 0.05, 0.01])
    found = captured(fit(sgd(model, schedule), digits, home, epochs=4))
    # Two steps an epoch: the rate of the first step stands for the epoch.
    assert found.epochs("learningRate") == [(0, 0.1), (1, 0.1), (2, 0.05), (3, 0.01)]
    assert adapted(found) == [
        ("learningRate", 0.1, 0.05, "PiecewiseConstantDecay", 2, 4),
        ("learningRate", 0.05, 0.01, "PiecewiseConstantDecay", 3, 6),
    ]
    assert found.rows("?a a dnnprov:ScheduledAdaptation", "a") == [
        (f"{found.runs[0].iri}#adaptation-{n}",) for n in (1, 2)
    ]
    assert found.violations() == []


def test_the_step_of_a_change_counts_updates(model, digits, home, captured) -> None:
    class Warm(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if self.model.optimizer.iterations < 3:
                rate = float(self.model.optimizer.learning_rate)
                self.model.optimizer.learning_rate = rate + 0.25

    found = captured(fit(sgd(model, 0.25), digits, home, Warm(), epochs=3))
    # Changes at steps 0 and 1, and 2: folded into one adaptation for each epoch.
    assert adapted(found) == [
        ("learningRate", 0.25, 0.75, "Warm", 0, 1),
        ("learningRate", 0.75, 1.0, "Warm", 1, 2),
    ]
    assert found.violations() == []


def test_momentum_and_weight_decay_that_a_callback_sets(model, digits, home, captured) -> None:
    class Sets(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                self.model.optimizer.momentum = 0.5
                self.model.optimizer.weight_decay = 0.25

    found = captured(fit(sgd(model, momentum=0.9), digits, home, Sets()))
    assert {row[:4] for row in adapted(found)} == {
        ("momentum", 0.9, 0.5, "assignment"), ("weightDecay", 0.0, 0.25, "assignment"),
    }  # fmt: skip
    assert found.violations() == []


def test_what_changes_between_two_fits_is_adapted_between_them(
    model, digits, home, captured
) -> None:
    first = fit(sgd(model, momentum=0.9), digits, home)
    model.optimizer.learning_rate = 0.01
    model.optimizer.momentum = 0.5
    # On JAX Keras does not train on when layers were frozen for an optimizer in use.
    frozen = keras.backend.backend() != "jax"
    model.layers[0].trainable = not frozen
    second = fit(model, digits, home, batch_size=30)
    found = captured(first, second)
    told = {row[0]: row[1:4] for row in adapted(found)}
    assert told == {
        "learningRate": (0.1, 0.01, "assignment"),
        "momentum": (0.9, 0.5, "assignment"),
        "batchSize": (60, 30, "assignment"),
    } | ({"frozen_layers": ("[]", '["hidden"]', "assignment")} if frozen else {})
    # A chain of configurations leads from the last one of the first run to this one's first.
    (chain,) = found.rows(
        f"<{second.names('config-0')}> prov:wasRevisionOf+ <{first.names('config-0')}> . "
        f"<{second.names.training}> prov:wasInformedBy <{first.names.training}> BIND (1 AS ?n)",
        "n",
    )
    assert chain == (1,)
    assert found.violations() == []


def test_a_rate_that_the_first_fit_left_is_no_change(model, digits, home, captured) -> None:
    plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.1, patience=1, min_delta=100)
    first = fit(sgd(model), digits, home, plateau, epochs=3)
    second = fit(model, digits, home)
    found = captured(first, second)
    assert [row[1:4] for row in adapted(found)] == [
        (0.1, 0.01, "ReduceLROnPlateau"), (0.01, 0.001, "ReduceLROnPlateau"),
    ]  # fmt: skip
    assert found.rows(f"<{second.names('config-0')}> dnnprov:learningRate ?rate", "rate") == [
        (0.001,)
    ]
    assert found.violations() == []


def test_another_optimizer_between_two_fits(model, digits, home, captured) -> None:
    first = fit(sgd(model), digits, home)
    model.compile("adam", "sparse_categorical_crossentropy")
    found = captured(first, fit(model, digits, home))
    told = {row[0]: row[1:3] for row in adapted(found)}
    assert told["optimizerName"] == ("SGD", "Adam")
    assert told["learningRate"] == (0.1, 0.001)
    assert found.violations() == []


def test_connections_of_layers_pass_through_what_is_no_layer(home, captured) -> None:
    """Two inputs, two outputs, a shared layer, an operation, and a model within the model."""
    inner_in = keras.layers.Input((4,), name="inner_in")
    inner = keras.Model(inner_in, keras.layers.Dense(4, name="inner_out")(inner_in), name="inner")
    left, right = keras.layers.Input((4,), name="left"), keras.layers.Input((4,), name="right")
    shared = keras.layers.Dense(4, name="shared")
    both = keras.ops.add(shared(left), shared(right))
    body = inner(both)
    one = keras.layers.Dense(1, name="one")(body)
    two = keras.layers.Dense(2, name="two")(keras.layers.Concatenate(name="join")([body, left]))
    model = keras.Model([left, right], {"one": one, "two": two})
    model.compile("sgd", {"one": "mse", "two": "mae"})
    provenance = kprov.Provenance("graph", home=home.path)
    x = np.ones((8, 4), "float32")
    model.fit(
        [x, x], {"one": np.ones((8, 1)), "two": np.ones((8, 2))}, epochs=1, verbose=0,
        callbacks=[provenance],
    )  # fmt: skip
    found = captured(provenance.run)
    edges = found.rows(
        "?l dnnprov:inboundLayer ?b . ?l dnnprov:layerName ?to . ?b dnnprov:layerName ?from",
        "to",
        "from",
    )
    assert sorted(edges) == [
        ("inner", "shared"), ("inner_out", "inner_in"), ("join", "inner"), ("join", "left"),
        ("one", "inner"), ("shared", "left"), ("shared", "right"), ("two", "join"),
    ]  # fmt: skip
    assert found.rows("?a dnnprov:hasLayer ?l . ?l dnnprov:layerName ?n", "n", "a")[0][0] == "inner"
    assert found.violations() == []


@pytest.mark.parametrize("depth", [1500])
def test_a_model_nested_deeper_than_the_stack_is_described(depth: int) -> None:
    from kprov_capture.keras import layers

    class Box(keras.layers.Layer):
        def __init__(self, inner):
            super().__init__(name="box")
            object.__setattr__(self, "held", [inner] if inner else [])

        @property
        def layers(self):
            return self.held

    box = None
    for _ in range(depth):
        box = Box(box)
    assert len(layers.layers(Box(box))) == depth
