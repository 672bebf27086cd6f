"""Small networks on the digits, and a reader of what was recorded of them."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

import kprov_capture.keras as kprov
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_rdf import ingest, query, runs
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import shacl

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


class Captured:
    """What the journals of a folder say, in a store in memory."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.store = LocalStore()
        ingest.catch_up(home, self.store)
        self.runs = runs.listing(self.store, ingest.alive(home))

    def rows(self, pattern: str, *names: str) -> list[tuple[Any, ...]]:
        """The values of the variables for a SPARQL pattern, ordered by the first."""
        text = f"SELECT {' '.join('?' + n for n in names)} {{ {pattern} }} ORDER BY ?{names[0]}"
        answer = query.table(self.store, query.Question("test", text), {})
        return [tuple(query.value(term) for term in row) for row in answer.rows]

    def epochs(self, *metrics: str) -> list[tuple[Any, ...]]:
        """Number and metrics of each epoch."""
        pattern = "?m a dnnprov:oTraining ; dnnprov:epoch ?epoch ."
        pattern += "".join(f" OPTIONAL {{ ?m dnnprov:{one} ?{one} }}" for one in metrics)
        return self.rows(pattern, "epoch", *metrics)

    def changes(self) -> list[tuple[Any, ...]]:
        """Epoch, old and new rate, technique, in the order in which they were made."""
        return [
            row[1:]
            for row in self.rows(
                "?c dnnprov:oldValue ?old ; dnnprov:newValue ?new ; dnnprov:epoch ?epoch ; "
                "prov:wasGeneratedBy ?a . ?a dnnprov:technique ?by ; prov:startedAtTime ?at",
                "at",
                "epoch",
                "old",
                "new",
                "by",
            )
        ]

    def violations(self) -> list[shacl.Finding]:
        return [
            one for run in self.runs for one in shacl.validate(run.iri, self.store.graph(run.iri))
        ]


@pytest.fixture
def captured(home: Home) -> Callable[..., Captured]:
    """Waits for the given runs and reads the folder."""

    def read(*waited: Run | None, close: bool = True) -> Captured:
        for run in waited:
            assert run is not None
            if close:
                run.close()
            else:
                assert run.settle(20)
        return Captured(home)

    return read


@pytest.fixture
def provenance(home: Home) -> kprov.Provenance:
    return kprov.Provenance("digits-mlp", home=home.path)
