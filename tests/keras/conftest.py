"""Small networks on the digits."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Callable

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

import kprov_capture.keras as kprov
from kprov_capture.home import Home
from tests.captured import Captured, reader

Data = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="session")
def digits() -> Data:
    """300 real scans of handwritten digits, 64 pixels each."""
    found = load_digits()
    return (found.data[:300] / 16).astype("float32"), found.target[:300]


@pytest.fixture
def model() -> keras.Model:
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Dense(8, activation="relu", name="hidden"),
            keras.layers.Dense(10, activation="softmax", name="digits"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


@pytest.fixture
def captured(home: Home) -> Callable[..., Captured]:
    """Waits for the given runs and reads the folder."""
    return reader(home)


@pytest.fixture
def provenance(home: Home) -> kprov.Provenance:
    return kprov.Provenance("digits-mlp", home=home.path)
