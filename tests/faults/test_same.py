"""Losses and weights are the same with and without capture, to the last bit.

Each way runs in a fresh process with one seed, with all of Keras's callbacks that act on a
training, and prints what it left: every metric of every epoch, the weights, the state of
the optimizer, and the next number of each generator of random numbers.
"""

import pytest

SCRIPT = """
import os, random, sys
import keras
import numpy as np
import kprov_capture.keras as kprov
from tests.faults.networks import X, Y, fit, network

way, place = sys.argv[1:]
if way == "autolog":
    kprov.autolog("same", home=place)

for batch_size in (8, 40):
    random.seed(3)
    model = network(metrics=["mae"])
    acting = [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
        keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=1, min_delta=0.01),
        keras.callbacks.EarlyStopping(monitor="val_loss", patience=3, min_delta=0.05,
                                      restore_best_weights=True),
        keras.callbacks.ModelCheckpoint(f"{way}-{batch_size}.keras", save_best_only=True),
        keras.callbacks.BackupAndRestore(f"{way}-{batch_size}"),
    ]
    if way == "method":
        model.provenance("same", home=place, hyperparameters={"k": 16})
    if way == "callback":
        acting.append(kprov.Provenance("same", home=place))
    if way == "first":
        acting.insert(0, kprov.Provenance("same", home=place))
    left = fit(model, *acting, epochs=6, batch_size=batch_size, validation_split=0.2)
    print("\\n".join(left), len(left))
    print([float(value).hex() for value in model.evaluate(X, Y, verbose=0)])
    print([keras.ops.convert_to_numpy(one).tobytes().hex() for one in model.optimizer.variables])
    print(random.random(), np.random.rand(), keras.random.normal((2,)))
"""


@pytest.fixture(scope="module")
def without(nursery, tmp_path_factory) -> str:
    return nursery.run(SCRIPT, tmp_path_factory.mktemp("same"), "none", "nowhere").out


@pytest.mark.parametrize("way", ["callback", "first", "autolog", "method"])
def test_each_way_leaves_the_same_as_none(
    way: str, nursery, found, state, tmp_path, without
) -> None:
    child = nursery.run(SCRIPT, tmp_path, way, str(state))
    assert child.out == without
    assert len(without) > 1000
    assert "kprov could not" not in child.err
    read = found()
    assert [status for status, _ in read.outline] == ["FINISHED"] * 2
    techniques = {row[0] for row in read.rows("?a dnnprov:technique ?by", "by")}
    assert techniques >= {"LearningRateScheduler", "ReduceLROnPlateau", "EarlyStopping"}
    assert len(read.rows("?c a dnnprov:Checkpoint", "c")) >= 2
