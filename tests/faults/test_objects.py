"""Models, layers, optimizers, data and callbacks of the user's that raise or answer nonsense.

Each is trained without and with capture, and must leave the same weights and losses. What
can be recorded is, the record is valid, and a warning names what could not be read.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from tests.faults.networks import X, Y, network, same
from tests.faults.odd import AwkwardError, Unreadable, raises, self_referential

# -- models and layers


def model_of(kind: type[keras.Layer]) -> Callable[[], keras.Model]:
    """A functional model with a layer of this class in its middle."""

    def build() -> keras.Model:
        keras.utils.set_random_seed(7)
        inputs = keras.Input((8,))
        hidden = kind()(keras.layers.Dense(4, name="before")(inputs))
        model = keras.Model(inputs, keras.layers.Dense(1, name="after")(hidden))
        model.compile("adam", "mse", run_eagerly=True)
        return model

    return build


class Plain(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs * 2


def nested(depth: int) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


CONFIGS: dict[str, Callable[[Any], Any]] = {
    "raises": lambda self: AwkwardError.__str__(None),  # type: ignore[arg-type]
    "is no dict": lambda self: [1, 2],
    "is None": lambda self: None,
    "contains itself": lambda self: self_referential(),
    "has keys that JSON has not": lambda self: {(1, 2): 3, None: b"x"},
    "has parts that cannot be shown": lambda self: {"x": Unreadable()},
    "is deep": lambda self: {"x": nested(100_000)},
    "has an odd activation": lambda self: {"activation": {"config": None}, "rate": "much"},
    "has a number of 5,000 digits": lambda self: {"x": 10**5000},
    "has lone surrogates": lambda self: {"name": "\ud800\x00"},
}


@pytest.mark.parametrize("kind", CONFIGS)
def test_a_layer_whose_configuration(kind: str, ours, found) -> None:
    same(model_of(type("Odd", (Plain,), {"get_config": CONFIGS[kind]})), ours)
    ours.run.close()
    read = found()
    layers = read.rows("?l a dnnprov:Layer ; dnnprov:layerType ?type", "l", "type")
    assert sorted(row[1] for row in layers) == ["Dense", "Dense", "InputLayer", "Odd"]
    assert read.outline == [("FINISHED", 3)]


@pytest.mark.parametrize("name", ["activation", "dropout", "layers"])
def test_a_layer_with_an_attribute_that_raises(name: str, ours, found) -> None:
    same(model_of(type("Odd", (Plain,), {name: raises(name)})), ours)
    ours.run.close()
    assert len(found().rows("?l a dnnprov:Layer", "l")) == 4


@pytest.mark.parametrize("value", [3, [1, 2], {"a": 1}, None])
def test_a_layer_that_has_a_number_of_layers(value: Any, ours, found, told) -> None:
    same(model_of(type("Odd", (Plain,), {"layers": value})), ours)
    ours.run.close()
    assert len(found().rows("?l a dnnprov:Layer", "l")) == 4
    assert told() == ""


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


def subclassed(**members: Any) -> Callable[[], keras.Model]:
    def build() -> keras.Model:
        keras.utils.set_random_seed(7)
        model = type("Odd", (Subclassed,), members)()
        model.compile("adam", "mse", run_eagerly=True)
        return model

    return build


def refuse(self: Any, *_: Any) -> Any:
    raise AwkwardError


@pytest.mark.parametrize(
    "members",
    [
        {"get_config": refuse},
        {"get_config": lambda self: "nonsense"},
        {"layers": raises("layers")},
        {"count_params": refuse},
    ],
    ids=lambda one: ",".join(one) if isinstance(one, dict) else "",
)
def test_a_model_with_a_member_that_raises(members, ours, found) -> None:
    same(subclassed(**members), ours)
    ours.run.close()
    read = found()
    assert read.outline == [("FINISHED", 3)]
    assert [row[1] for row in read.rows("?l dnnprov:layerType ?t", "l", "t")] == ["Dense"]
    pattern = "?c a dnnprov:iTraining ; dnnprov:optimizerName ?name ; dnnprov:numLayers ?n"
    assert read.rows(pattern, "name", "n") == [("Adam", 1)]


class Hidden(Plain):
    """Raises when it is asked for its name or its weights, once it is armed."""

    armed = False

    def __getattribute__(self, name: str) -> Any:
        if name in ("name", "trainable_weights", "input") and Hidden.armed:
            raise AwkwardError
        return super().__getattribute__(name)


def test_a_layer_that_does_not_tell_its_name_is_called_by_its_class(
    ours, found, monkeypatch
) -> None:
    """Keras needs the name too, of what it calls: this one is only there."""

    class Holds(Subclassed):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = Hidden()

    model = Holds()
    model.compile("adam", "mse")
    hooks = keras.callbacks.CallbackList([ours], model=model, epochs=1)
    model.hidden(X)
    model(X)
    monkeypatch.setattr(Hidden, "armed", True)
    hooks.on_train_begin()
    hooks.on_train_end()
    ours.run.close()
    names = found().rows("?l a dnnprov:Layer ; dnnprov:layerName ?name", "name")
    assert [row[0] for row in names if not row[0].startswith("dense")] == ["Hidden"]


# -- optimizers


class NoConfig(keras.optimizers.SGD):
    def get_config(self) -> Any:
        raise AwkwardError


class NoOptimizer:
    """Of another hand, with nothing that Keras's have."""


def test_an_optimizer_without_a_configuration_has_a_name_and_a_rate(ours, found, told) -> None:
    same(lambda: network(optimizer=NoConfig(0.5), run_eagerly=True), ours)
    ours.run.close()
    rows = found().rows(
        "?c a dnnprov:iTraining ; dnnprov:optimizerName ?name ; dnnprov:learningRate ?rate",
        "name",
        "rate",
    )
    assert rows == [("NoConfig", 0.5)]
    assert "read the configuration of the optimizer" in told()


@pytest.mark.parametrize("made", [NoOptimizer, Unreadable, lambda: None])
def test_an_optimizer_that_is_none_of_keras(made: Any, ours, found) -> None:
    """A loop of the user's own may update the weights by anything."""
    model = network()
    model.optimizer = made()
    hooks = keras.callbacks.CallbackList([ours], model=model, epochs=1)
    hooks.on_train_begin()
    hooks.on_epoch_begin(0)
    hooks.on_epoch_end(0, {"loss": 0.5})
    hooks.on_train_end()
    ours.run.close()
    assert found().outline == [("FINISHED", 1)]


def counting() -> Callable[[], float]:
    """A rate that depends on how often it was asked for."""
    rates = iter(np.linspace(0.5, 0.1, 1000))
    return lambda: float(next(rates))


def test_a_rate_that_is_a_function_is_not_called_by_us(ours, found) -> None:
    """It might answer something else the next time, and the training be another one."""
    same(lambda: network(optimizer=keras.optimizers.SGD(counting()), run_eagerly=True), ours)
    ours.run.close()
    read = found()
    assert read.outline == [("FINISHED", 3)]
    assert read.rows("?m a dnnprov:oTraining ; dnnprov:learningRate ?r", "r") == []


# -- data


class NoLength(keras.utils.PyDataset):
    """Knows that it has batches, and not how many."""

    asked = 0

    def __getitem__(self, index: int) -> Any:
        return X[:10], Y[:10]

    @property
    def num_batches(self) -> int:
        # Keras asks while it trains; the one who asks before is ours.
        type(self).asked += 1
        return 4

    def __len__(self) -> int:
        raise AwkwardError


def test_a_data_set_whose_length_raises(ours, found) -> None:
    same(lambda: network(run_eagerly=True), ours, x=NoLength(), y=None, shuffle=False)
    ours.run.close()
    ((why,),) = found().rows("?d a dnnprov:TrainSet ; dnnprov:unhashedReason ?why", "why")
    assert "cannot be read twice" in why


class Endless:
    """A source whose attributes raise; Keras only iterates."""

    batch_size = raises("batch_size")
    element_spec = raises("element_spec")

    def __iter__(self) -> Any:
        while True:
            yield X[:10], Y[:10]


def test_data_that_raises_when_it_is_looked_at_is_there_with_a_reason(ours, found, told) -> None:
    """What is left of the settings is there, too."""
    hooks = keras.callbacks.CallbackList([ours], model=network(), epochs=1)
    ours.begin({"x": Endless(), "y": Unreadable(), "epochs": 1}, [], None)
    hooks.on_train_begin()
    hooks.on_epoch_begin(0)
    hooks.on_epoch_end(0, {"loss": 0.5})
    ours.release()
    hooks.on_train_end()
    ours.run.close()
    read = found()
    ((why,),) = read.rows("?d a dnnprov:TrainSet ; dnnprov:unhashedReason ?why", "why")
    assert why == "it could not be described"
    pattern = "?c a dnnprov:iTraining ; dnnprov:optimizerName ?o ; dnnprov:numEpochs ?n"
    assert read.rows(pattern, "o", "n") == [("Adam", 1)]
    assert "describe the data of the role train" in told()
    assert "describe the data of the role train" in told()


def test_arrays_of_objects_have_a_reason_and_no_hash(ours, found) -> None:
    """Keras cannot train on them: a loop of the user's own can."""
    ours.begin({"x": np.array([AwkwardError, None], dtype=object)}, [], None)
    hooks = keras.callbacks.CallbackList([ours], model=network(), epochs=1)
    hooks.on_train_begin()
    ours.release()
    hooks.on_train_end()
    ours.run.close()
    ((why,),) = found().rows("?d a dnnprov:TrainSet ; dnnprov:unhashedReason ?why", "why")
    assert "have no bytes of their own" in why
