"""Real trainings of tiny networks, with what Keras' History and evaluate said of them."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler

import kprov_capture.keras as kprov
from kprov_capture.home import Home

EPOCHS = 4


@dataclass
class Trial:
    """One training: its settings as they were given, and what Keras said of it."""

    run: str
    tag: str
    optimizer: str
    rate: float
    activation: str
    history: dict[str, list[float]]
    tested: dict[str, float] = field(default_factory=dict)
    own: dict[str, int] = field(default_factory=dict)
    seed: int = 0
    file: str = ""
    layers: int = 0


def scaled(home: Home) -> tuple[np.ndarray, np.ndarray, str]:
    """300 real scans of handwritten digits, standardized and divided in a run of its own."""
    digits = load_digits()
    x, y = digits.data[:300], digits.target[:300]
    with kprov.Run("digits-data", home=home.path) as run:
        scaler = StandardScaler()
        with run.transformation("scale", inputs={"x": x}, using=scaler) as step:
            z = scaler.fit_transform(x).astype("float32")
            step.output(x=z)
        with run.split("split", inputs={"x": z, "y": y}) as cut:
            cut.parts(train=(z[:200], y[:200]), test=(z[250:], y[250:]))
    return z, y, run.names.run


def network(activation: str, dropout: float = 0.2) -> keras.Model:
    return keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Dense(6, name="hidden"),
            keras.layers.Activation(activation, name="activation_1"),
            keras.layers.Dropout(dropout, name="dropout_1"),
            keras.layers.Dense(10, activation="softmax", name="digits"),
        ]
    )


def classify(
    home: Home,
    data: tuple[np.ndarray, np.ndarray],
    optimizer: keras.Optimizer,
    activation: str,
    *,
    tag: str = "digits",
    seed: int = 0,
    dropout: float = 0.2,
    save: Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    own: Mapping[str, Any] | None = None,
) -> Trial:
    """Train on the digits, test, and save where there is a path. ``own`` are user's settings."""
    x, y = data
    keras.utils.set_random_seed(seed)
    model = network(activation, dropout)
    rate = float(np.float64(str(np.float32(optimizer.learning_rate.numpy()))))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    record = kprov.Provenance(tag, home=home.path, hyperparameters=own)
    history = model.fit(
        x[:200], y[:200], validation_data=(x[200:250], y[200:250]), epochs=EPOCHS, verbose=0,
        callbacks=[record, *callbacks],
    )  # fmt: skip
    tested = model.evaluate(x[250:], y[250:], verbose=0, return_dict=True)
    if save is not None:
        model.save(save)
    record.run.close()
    return Trial(
        record.run.names.run, tag, type(optimizer).__name__, rate, activation, history.history,
        tested, seed=seed, file=str(save or ""), layers=len(model.layers),
    )  # fmt: skip


def grow(home: Home, k: int, l: int, data: Any) -> Trial:  # noqa: E741
    """A dense block of ``l`` layers that add ``k`` features each; its metric is R²."""
    x, y = data
    keras.utils.set_random_seed(0)
    inputs = keras.layers.Input((64,))
    features = inputs
    for number in range(l):
        more = keras.layers.Dense(k, activation="relu", name=f"dense_{number}")(features)
        features = keras.layers.Concatenate(name=f"joined_{number}")([features, more])
    model = keras.Model(inputs, keras.layers.Dense(1, name="value")(features))
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=[keras.metrics.R2Score()])
    record = kprov.Provenance("densed", home=home.path, hyperparameters={"k": k, "l": l})
    target = y[:, None].astype("float32")
    history = model.fit(
        x[:200], target[:200], validation_data=(x[200:250], target[200:250]), epochs=3, verbose=0,
        callbacks=[record],
    )  # fmt: skip
    tested = model.evaluate(x[250:], target[250:], verbose=0, return_dict=True)
    record.run.close()
    return Trial(
        record.run.names.run, "densed", "Adam", 0.01, "relu", history.history, tested,
        {"k": k, "l": l}, layers=len(model.layers),
    )  # fmt: skip


def tune(home: Home, base: Path, data: tuple[np.ndarray, np.ndarray]) -> Trial:
    """A new head on the saved network."""
    x, y = data
    below = keras.models.load_model(base)
    below.trainable = False
    head = keras.Sequential([below, keras.layers.Dense(10, activation="softmax", name="head")])
    head.compile(keras.optimizers.Nadam(0.01), "sparse_categorical_crossentropy")
    record = kprov.Provenance("digits-head", home=home.path)
    history = head.fit(x[:200], y[:200], epochs=1, verbose=0, callbacks=[record])
    record.run.close()
    return Trial(
        record.run.names.run, "digits-head", "Nadam", 0.01, "", history.history,
        layers=len(head.layers),
    )  # fmt: skip
