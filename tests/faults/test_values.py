"""Names and values of metrics that nobody expects, clocks that jump, and very much of all."""

import math
from typing import Any

import keras
import numpy as np
import pytest

import kprov_capture.keras as kprov
from kprov_capture import record
from tests.faults.networks import fit, network, same

NAMES = [
    "quotes \" and ' and `",
    "two\nlines\r\tand tabs",
    "a NUL \x00 within",
    "ünïcödé 損失 🙂 \u202e",
    "a lone surrogate \ud800",
    "x" * 10_000,
    "x" * 9_999 + "y",
    "__proto__",
    "constructor",
    "toString",
    "",
    " ",
    "<http://example.org/>",
    "epoch",
    "../../etc/passwd",
    "% s %(name)s {0}",
    "-1",
    "loss>",
]


class Reports(keras.Model):
    """Reports metrics of any name."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)

    def train_step(self, data: Any) -> Any:
        return {**super().train_step(data), **{name: float(i) for i, name in enumerate(NAMES)}}


def test_metrics_of_any_name(state, found) -> None:
    def build() -> keras.Model:
        keras.utils.set_random_seed(7)
        model = Reports()
        model.compile("adam", "mse", run_eagerly=True)
        return model

    ours = kprov.Provenance("names", home=state)
    same(build, ours)
    ours.run.close()
    rows = found().rows(
        "?p a dnnprov:Metric ; dnnprov:reportedName ?name . ?m ?p ?value ; dnnprov:epoch 2",
        "name",
        "value",
    )
    expected = {name.replace("\ud800", "\\ud800"): float(i) for i, name in enumerate(NAMES)}
    assert dict(rows) == expected
    assert len(rows) == len(NAMES), "each has a property of its own"


class Refuses:
    def __float__(self) -> float:
        raise RuntimeError("no number")


def hooks(ours: kprov.Provenance, epochs: int = 1) -> keras.callbacks.CallbackList:
    return keras.callbacks.CallbackList([ours], model=network(), epochs=epochs)


def test_values_of_any_kind(state, found, caplog) -> None:
    """What is a number is recorded, and the rest is named once."""
    logs: dict[Any, Any] = {
        "loss": math.nan,
        "up": math.inf,
        "down": -math.inf,
        "single": np.float32(0.1),
        "half": np.float16(0.5),
        "whole": np.int64(3),
        "flag": np.True_,
        "tensor": keras.ops.convert_to_tensor(0.25),
        "huge": 10**400,
        "tiny": 5e-324,
        4: 0.5,
        "vector": keras.ops.ones((3,)),
        "array": np.ones((3,)),
        "text": "good",
        "nested": {"a": 1},
        "none": None,
        "refuses": Refuses(),
    }
    ours = kprov.Provenance("values", home=state)
    loop = hooks(ours)
    loop.on_train_begin()
    for epoch in range(2):
        ours.on_epoch_begin(epoch)
        ours.on_epoch_end(epoch, dict(logs))  # Keras itself wants names that it can sort
    loop.on_train_end()
    ours.run.close()
    read = found()
    rows = dict(
        read.rows("?m dnnprov:epoch 1 ; ?p ?v . ?p dnnprov:reportedName ?name", "name", "v")
    )
    assert rows == {
        "up": math.inf, "down": -math.inf, "single": float(np.float32(0.1)), "half": 0.5,
        "whole": 3.0, "flag": 1.0, "tensor": 0.25, "tiny": 5e-324, "4": 0.5,
    }  # fmt: skip
    assert math.isnan(read.losses()[1])
    assert read.outline == [("FINISHED", 2)]
    lines = [one.getMessage() for one in caplog.records if one.name == "kprov"]
    assert len(lines) == 1
    assert "record a metric" in lines[0]


def test_logs_that_are_no_mapping_cost_no_epoch(state, found, caplog) -> None:
    ours = kprov.Provenance("values", home=state)
    loop = hooks(ours, 3)
    loop.on_train_begin()
    for epoch, logs in enumerate(({"loss": 1.0}, 7, {"loss": 3.0})):
        ours.on_epoch_begin(epoch)
        ours.on_epoch_end(epoch, logs)  # type: ignore[arg-type]
    loop.on_train_end()
    ours.run.close()
    read = found()
    assert read.losses() == [1.0, 3.0]
    assert read.outline == [("FINISHED", 3)]
    assert sum(one.name == "kprov" for one in caplog.records) == 1


@pytest.mark.parametrize("jump", [-1.7e9, -3600.0, 3600.0, 6e8], ids=str)
def test_a_clock_that_jumps_in_mid_training(jump: float, state, found, monkeypatch) -> None:
    """No time of the run goes with it."""
    real = record.time.time
    offset = [0.0]
    monkeypatch.setattr("time.time", lambda: real() + offset[0])

    class Jumps(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            offset[0] += jump if epoch == 0 else 0.0

    ours = kprov.Provenance("clock", home=state)
    fit(network(run_eagerly=True), ours, Jumps())
    ours.run.close()
    read = found()
    assert read.outline == [("FINISHED", 3)]
    times = read.rows(
        "?e a dnnprov:EpochExecution ; prov:startedAtTime ?start ; prov:endedAtTime ?end",
        "e",
        "start",
        "end",
    )
    flat = [time for row in times for time in row[1:]]
    assert flat == sorted(flat)


class Wide(keras.Model):
    """Ten thousand layers, of which it uses one."""

    def __init__(self) -> None:
        super().__init__()
        self.many = [keras.layers.Activation("relu") for _ in range(10_000)]
        self.dense = keras.layers.Dense(1)

    def call(self, inputs: Any) -> Any:
        return self.dense(inputs)


def test_ten_thousand_layers(state, found) -> None:
    def build() -> keras.Model:
        keras.utils.set_random_seed(7)
        model = Wide()
        model.compile("adam", "mse", run_eagerly=True)
        return model

    ours = kprov.Provenance("wide", home=state)
    same(build, ours, epochs=1)
    ours.run.close()
    ((count,),) = found().rows("{ SELECT (COUNT(?l) AS ?n) { ?l a dnnprov:Layer } }", "n")
    assert count == 10_001


def test_a_thousand_epochs(state, found) -> None:
    """Through the hooks: what the epochs compute is nothing to us."""
    ours = kprov.Provenance("long", home=state)
    loop = hooks(ours, 1000)
    loop.on_train_begin()
    for epoch in range(1000):
        loop.on_epoch_begin(epoch)
        loop.on_epoch_end(epoch, {"loss": 1 / (epoch + 1)})
    loop.on_train_end()
    ours.run.close()
    read = found()
    assert read.losses() == [1 / (epoch + 1) for epoch in range(1000)]
    assert read.outline == [("FINISHED", 1000)]
