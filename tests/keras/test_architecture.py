"""B15: every layer, with class, activation, dropout rate, output shape and parameters."""

import keras
import numpy as np

import kprov_capture.keras as kprov
from kprov_rdf import query


def layers(found, run):
    answer = query.table(found.store, query.find("layers"), {"run": run.names.run})
    return [
        dict(zip(answer.columns, (query.value(term) for term in row), strict=True))
        for row in answer.rows
    ]


# PyTorch refuses the dot.
DOTTED = "a_b" if keras.backend.backend() == "torch" else "a.b"


def test_every_layer_is_there_nested_models_too(home, captured, digits) -> None:
    inner = keras.Sequential(
        [
            keras.layers.Dense(4, activation="tanh", name=DOTTED),
            keras.layers.LeakyReLU(name="leaky"),
        ],
        name="block",
    )
    source = keras.layers.Input((64,), name="pixels")
    hidden = keras.layers.Dense(4, name="renamed")(source)
    hidden = inner(hidden)
    hidden = keras.layers.Dropout(0.25, name="drop")(hidden)
    hidden = keras.layers.Bidirectional(keras.layers.LSTM(3), name="both")(hidden[:, None, :])
    network = keras.Model(source, keras.layers.Dense(10, name="out")(hidden))
    network.compile("adam", "sparse_categorical_crossentropy")
    provenance = kprov.Provenance("deep", home=home.path)
    network.fit(*digits, epochs=1, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    told = {row["name"]: row for row in layers(found, provenance.run)}
    assert told["renamed"]["parameters"] == 64 * 4 + 4
    assert told["renamed"]["shape"] == "None,4"
    assert (told[DOTTED]["within"], told[DOTTED]["activation"]) == ("block", "tanh")
    assert told["leaky"]["type"] == "LeakyReLU"
    assert told["drop"]["dropout"] == 0.25
    assert any(row["within"] == "both" and row["type"] == "LSTM" for row in told.values())
    assert set(told) >= {layer.name for layer in network.layers}
    assert found.violations() == []


def test_a_shared_layer_stands_once(home, captured) -> None:
    shared = keras.layers.Dense(3, name="shared")
    first, second = keras.layers.Input((4,)), keras.layers.Input((4,))
    network = keras.Model([first, second], keras.layers.add([shared(first), shared(second)]))
    network.compile("adam", "mse")
    provenance = kprov.Provenance("shared", home=home.path)
    x = np.ones((8, 4), "float32")
    network.fit([x, x], np.ones((8, 3)), epochs=1, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    assert found.rows('?l dnnprov:layerName "shared" ; dnnprov:parameterCount ?n', "n") == [(15,)]
    # Equal inputs are one content, in two members.
    assert len(found.rows("?s prov:hadMember ?a . ?a a dnnprov:DataArray", "a")) == 3


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = keras.layers.Dense(5, activation="relu", name="hidden")
        self.out = keras.layers.Dense(10, name="out")

    def call(self, x):
        return self.out(self.hidden(x))


def test_a_subclassed_model_that_was_not_built_before(home, captured, digits) -> None:
    network = Subclassed()
    network.compile("adam", "sparse_categorical_crossentropy")
    provenance = kprov.Provenance("subclassed", home=home.path)
    network.fit(*digits, epochs=1, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    told = {row["name"]: row for row in layers(found, provenance.run)}
    assert told["hidden"]["parameters"] == 64 * 5 + 5
    assert told["hidden"]["activation"] == "relu"
    assert found.violations() == []


class NoConfig(keras.layers.Layer):
    def call(self, x):
        return x

    def get_config(self):
        raise RuntimeError("no")


def test_a_layer_that_cannot_tell_its_configuration_is_there_all_the_same(
    home, captured, digits
) -> None:
    network = keras.Sequential(
        [keras.layers.Input((64,)), NoConfig(name="odd"), keras.layers.Dense(10)]
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    provenance = kprov.Provenance("odd", home=home.path)
    network.fit(*digits, epochs=1, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    assert "odd" in {row["name"] for row in layers(found, provenance.run)}


def test_the_settings_of_the_optimizer_are_there(model, digits, home, captured) -> None:
    model.compile(
        keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True, clipnorm=1.5),
        "sparse_categorical_crossentropy",
    )
    provenance = kprov.Provenance("settings", home=home.path)
    model.fit(*digits, epochs=2, batch_size=50, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    answer = query.table(found.store, query.find("settings"), {"run": provenance.run.names.run})
    told = {query.value(s).rpartition("#")[2]: query.value(v) for s, v in answer.rows}
    assert (
        told
        | {
            "optimizerName": "SGD",
            "learningRate": 0.01,
            "momentum": 0.9,
            "nesterov": True,
            "clipnorm": 1.5,
            "batchSize": 50,
            "numEpochs": 2,
            "numLayers": 2,
            "lossFunction": "sparse_categorical_crossentropy",
        }
        == told
    )


def test_whole_numbers_are_numbers_of_the_declared_type(digits, provenance, captured) -> None:
    model = keras.Sequential(
        [keras.Input((64,)), keras.layers.Dropout(0), keras.layers.Dense(10, activation="softmax")]
    )
    model.compile(keras.optimizers.SGD(1.0, clipnorm=1), "sparse_categorical_crossentropy")
    model.fit(*digits, epochs=1, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    pattern = (
        "?c a dnnprov:iTraining ; dnnprov:learningRate ?rate ; dnnprov:clipnorm ?norm . "
        "?l dnnprov:dropoutRate ?drop"
    )
    assert found.rows(pattern, "rate", "norm", "drop") == [(1.0, 1.0, 0.0)]
    assert found.violations() == []
