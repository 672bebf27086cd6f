"""A small network on made-up numbers, and what a training of it left, to the last bit."""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

X = np.linspace(-1, 1, 320, dtype="float32").reshape(40, 8)
Y = X[:, :1] ** 2


def load(index: int) -> tuple[Any, Any]:
    """A batch: what a process that loads data does."""
    part = slice(index * 10, index * 10 + 10)
    return X[part], Y[part]


def network(**compiled: Any) -> keras.Model:
    """A model with seeded weights."""
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.layers.Input((8,)),
            keras.layers.Dense(4, activation="tanh", name="hidden"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1, name="out"),
        ]
    )
    model.compile(**{"optimizer": "adam", "loss": "mse", **compiled})
    return model


def fit(model: Any, *callbacks: Any, epochs: int = 3, **more: Any) -> list[str]:
    """What it left: each metric of each epoch to the last bit, and a hash of the weights."""
    given = {"x": X, "y": Y, "verbose": 0, "epochs": epochs, **more}
    history = model.fit(callbacks=list(callbacks), **given).history
    told = [
        f"{name} {float(value).hex()}"
        for name, values in sorted(history.items())
        for value in values
        if np.ndim(value) == 0
    ]
    weights = hashlib.sha256()
    for array in model.get_weights():
        weights.update(array.tobytes())
    return [*told, weights.hexdigest()]


def same(build: Callable[[], Any], ours: Any, *others: Callable[[], Any], **more: Any) -> Any:
    """Train what ``build`` makes without and with ``ours``: both must leave the same.

    ``others`` make the callbacks of the user. Returns the model that was recorded.
    """
    plain = fit(build(), *(make() for make in others), **more)
    model = build()
    assert fit(model, *(make() for make in others), *_list(ours), **more) == plain
    return model


def _list(given: Any) -> Sequence[Any]:
    return given if isinstance(given, list) else [given]
