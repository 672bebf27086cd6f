"""What Keras reports at each batch, in the file of the run."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

import kprov_capture.keras as kprov
from kprov_capture.keras.batches import Batches

Fit = Callable[..., tuple[keras.callbacks.History, np.ndarray]]


@pytest.fixture
def fit(captured, home) -> Fit:
    """Fit a model with the metrics of each batch; gives the history and the rows."""
    provenance = kprov.Provenance("batches", home=home.path, batch_metrics=True)

    def call(model: keras.Model, *data: Any, **arguments: Any) -> Any:
        history = model.fit(*data, verbose=0, callbacks=[provenance], **arguments)
        assert captured(provenance.run).violations() == []
        return history, np.load(home.series / provenance.run.id / "batches.npy")

    return call


def test_each_batch_has_a_row_and_the_last_one_is_what_the_epoch_reports(
    fit: Fit, model, digits
) -> None:
    x, y = digits
    history, found = fit(model, x, y, validation_data=(x, y), batch_size=32, epochs=3)
    assert found.dtype.names == ("epoch", "step", "accuracy", "loss")
    assert found["epoch"].tolist() == [epoch for epoch in range(3) for _ in range(10)]
    assert found["step"].tolist() == [*range(10)] * 3, "those of validation are none"
    for name in ("loss", "accuracy"):
        assert found[name][9::10].tolist() == history.history[name]


def test_an_initial_epoch_counts_on(fit: Fit, model, digits) -> None:
    _, found = fit(model, *digits, batch_size=100, initial_epoch=2, epochs=4)
    assert found["epoch"].tolist() == [2, 2, 2, 3, 3, 3]


@pytest.mark.filterwarnings("ignore:Your input ran out of data:UserWarning")
@pytest.mark.parametrize("known", [True, False])
def test_the_last_of_several_steps_in_one_is_the_real_one(
    known: bool, fit: Fit, model, digits
) -> None:
    """Keras would say 15, where the last of 15 steps is number 14."""
    x, y = digits
    model.compile("sgd", "sparse_categorical_crossentropy", steps_per_execution=4)
    data = pytest.importorskip("tensorflow").data.Dataset.from_tensor_slices((x, y)).batch(20)
    if not known:
        data = data.filter(lambda x, y: True)
    history, found = fit(model, data, shuffle=False, epochs=2)
    assert found["step"].tolist() == [3, 7, 11, 14] * 2
    assert found["loss"][3::4].tolist() == history.history["loss"]


def test_values_are_the_same_with_and_without(fit: Fit, model, digits) -> None:
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    other.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    keras.utils.set_random_seed(1)
    without = other.fit(*digits, epochs=2, verbose=0)
    keras.utils.set_random_seed(1)
    history, _ = fit(model, *digits, epochs=2)
    assert history.history == without.history


def test_what_is_reported_from_a_pool_is_there_with_its_steps(
    model, home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on JAX and torch, where Keras does so unless a callback forbids it."""
    from tests import recording

    monkeypatch.setattr("keras.src.backend.IS_THREAD_SAFE", True)
    run = recording.begin(home.path)
    listed = keras.callbacks.CallbackList([Batches(run)], model=model, steps=200)
    assert listed._async_train
    listed.on_train_begin()
    for epoch in range(3):
        listed.on_epoch_begin(epoch)
        for step in range(200):
            listed.on_train_batch_end(step, {"loss": keras.ops.convert_to_tensor(float(step))})
        listed.on_epoch_end(epoch)
        recording.epoch(run, epoch, 1.0)
    listed.on_train_end()
    run.end_training("FINISHED")
    run.close()
    found = np.load(home.series / run.id / "batches.npy")
    # In order, but for a thread that was kept waiting for a second: its row comes late.
    found = np.sort(found, order=["epoch", "step"])
    assert found["step"].tolist() == found["loss"].tolist() == [*range(200)] * 3


def test_a_copy_records_nothing_until_it_has_a_run(model, digits, home) -> None:
    from tests import recording

    run = recording.begin(home.path)
    for copied in (copy.deepcopy(Batches(run)), pickle.loads(pickle.dumps(Batches(run)))):
        assert copied.run is None
        model.fit(*digits, epochs=1, verbose=0, callbacks=[copied])
    run.close()
    assert not home.series.exists()
