"""What Keras does otherwise on JAX and torch than on TensorFlow. All else is in tests/keras."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest

import kprov_capture.keras as kprov
from kprov_capture.home import Home
from kprov_capture.keras.batches import Batches
from kprov_capture.keras.wrappers import _Metrics
from tests import examples
from tests.conftest import child_environment

SCRIPT = """
import json, sys
import keras
from sklearn.datasets import load_digits

keras.utils.set_random_seed(7)
digits = load_digits()
x, y = (digits.data[:400] / 16).astype("float32"), digits.target[:400]
model = keras.Sequential([
    keras.layers.Input((64,)), keras.layers.Dense(16, "relu"), keras.layers.Dropout(0.2),
    keras.layers.Dense(10, "softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
callbacks = [keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1, min_delta=0.5)]
if sys.argv[1] == "captured":
    import kprov_capture.keras as kprov
    callbacks.append(kprov.Provenance("same"))
history = model.fit(x, y, validation_split=0.25, epochs=5, verbose=0, callbacks=callbacks)
print(json.dumps([{k: [float(v).hex() for v in vs] for k, vs in history.history.items()},
                  [float(v).hex() for v in model.evaluate(x, y, verbose=0)]]))
"""


@pytest.mark.parametrize(
    "hooks", [[], [_Metrics()], [Batches()]], ids=["fit", "evaluate", "batch-metrics"]
)
def test_batches_stay_asynchronous(hooks, home: Home) -> None:
    """One hook of ours for batches would make every step wait for the device."""
    found = keras.callbacks.CallbackList([kprov.Provenance("quick", home=home.path), *hooks])
    assert (found._async_train, found._async_test, found._async_predict) == (True, True, True)


def test_curves_are_equal_to_the_last_bit_in_fresh_processes(home: Home, captured) -> None:
    told = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, how],
            capture_output=True,
            check=True,
            text=True,
            env=child_environment(home.path),
        ).stdout
        for how in ("plain", "captured")
    ]
    assert told[0] == told[1]
    found = captured()
    history, tested = json.loads(told[1])
    assert [row[1].hex() for row in found.epochs("valLoss")] == history["val_loss"]
    assert [row[0].hex() for row in found.rows("?m a dnnprov:oTesting ; dnnprov:loss ?l", "l")] == [
        tested[0]
    ]
    assert [change[3] for change in found.changes()] == ["ReduceLROnPlateau"] * 4
    assert found.violations() == []


def test_the_backend_is_recorded(home: Home, captured) -> None:
    network = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    network.compile("sgd", "mse")
    provenance = kprov.Provenance("where", home=home.path)
    network.fit(np.ones((4, 2)), np.ones(4), epochs=1, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    backend = keras.backend.backend()
    assert found.rows("?e a dnnprov:Environment ; dnnprov:backend ?b", "b") == [(backend,)]
    assert found.rows(
        f'?p a dnnprov:SoftwarePackage ; dnnprov:packageName "{backend}" ; '
        "dnnprov:packageVersion ?v",
        "v",
    ) == [(sys.modules[backend].__version__,)]


def test_the_example(home: Home) -> None:
    assert len(examples.run("keras_any_backend.py", home).epochs()) == 15
