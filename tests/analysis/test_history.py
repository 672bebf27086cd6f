"""A run in Python has what Keras' History has, and what the callback recorded beside it."""

import zipfile

import keras
import numpy as np
import pytest

import kprov_capture.keras as kprov
import kprov_rdf
from kprov_rdf.errors import InputError, KprovError, NotFoundError
from tests import recording
from tests.keras import conftest as networks

digits, model, provenance = networks.digits, networks.model, networks.provenance


def test_a_training_with_keras_reads_back_as_its_history(
    home, model, digits, provenance, tmp_path
) -> None:
    x, y = digits
    odd = keras.metrics.SparseTopKCategoricalAccuracy(3, name="top 3 <b>")
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy", odd])
    rule = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=0, min_delta=10)
    history = model.fit(
        x, y, epochs=5, batch_size=50, validation_split=0.2, validation_freq=2, verbose=0,
        callbacks=[rule, provenance],
    )  # fmt: skip
    model.evaluate(x[:20], y[:20], verbose=0)
    model.save(tmp_path / "digits.keras")
    provenance.run.close()
    with kprov_rdf.open(home) as store:
        run = store.run()
    # Keras puts the rate there as it is in float32.
    assert run.history == {k: v for k, v in history.history.items() if k != "learning_rate"}
    rates = history.history["learning_rate"]
    assert run["learning_rate"].astype("float32").tolist() == rates
    assert run["learning_rate"].tolist()[0] == 0.001
    assert run.epochs.tolist() == [0, 1, 2, 3, 4]
    assert run.metrics["loss"].dtype == "float64"
    assert run.metrics["loss"].tolist() == history.history["loss"]
    assert np.isnan(run["val_loss"]).tolist() == [True, False, True, False, True]
    assert run["val_loss"][[1, 3]].tolist() == history.history["val_loss"]
    least = min(history.history["loss"])
    assert run.best("loss") == (history.history["loss"].index(least), least)
    assert run.best("accuracy").value == max(history.history["accuracy"])
    assert run.best("accuracy", mode="min").value == min(history.history["accuracy"])
    frame = run.to_pandas()
    assert frame.index.name == "epoch"
    assert frame["val_loss"].notna().tolist() == [False, True, False, True, False]
    assert frame["top 3 <b>"].tolist() == history.history["top 3 <b>"]
    assert (run.status, run.optimizer, run.planned, run.tag) == (
        "FINISHED",
        "Adam",
        5,
        "digits-mlp",
    )
    assert run.settings["batch_size"] == 50
    assert run.settings["learning_rate"] == 0.001
    assert {row.technique for row in run.adaptations} == {"ReduceLROnPlateau"}
    assert [row.name for row in run.layers] == ["hidden", "digits"]
    assert {row.metric.rpartition("#")[2] for row in run.tests} > {"loss", "accuracy"}
    assert any(row.path.endswith("digits.keras") for row in run.files)
    assert any(row.samples == 240 for row in run.data)
    told = {row.what: row.value for row in run.environment}
    assert told["package keras"] == keras.__version__
    assert told["backend"] == keras.backend.backend()

    with kprov_rdf.open(tmp_path / "digits.keras") as carried:
        assert carried.run().iri == run.iri
        assert carried.run().history == run.history
    with zipfile.ZipFile(tmp_path / "digits.keras") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "changed.keras", "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data + b" " if name == "config.json" else data)
    with pytest.warns(UserWarning, match=r"changed\.keras.*config\.json"):
        kprov_rdf.open(tmp_path / "changed.keras").close()


def test_series_of_batches_are_arrays(home, model, digits) -> None:
    callback = kprov.Provenance("batches", home=home.path, batch_metrics=True)
    model.fit(*digits, epochs=2, batch_size=100, verbose=0, callbacks=[callback])
    callback.run.close()
    with kprov_rdf.open(home) as store:
        found = store.run().series("batches")
        assert found["epoch"].tolist() == [0, 0, 0, 1, 1, 1]
        assert found["loss"].shape == (6,)
        assert np.isfinite(found["loss"]).all()
        with pytest.raises(NotFoundError, match="no series 'system'"):
            store.run().series("system")


def test_what_a_run_does_not_have_is_told(store) -> None:
    run = store.run("test-flow")
    with pytest.raises(NotFoundError, match="no metric 'auc'; it has loss, val_loss, accuracy"):
        run["auc"]
    with pytest.raises(InputError, match="mode is min, max or auto"):
        run.best("loss", mode="least")
    assert "auc" not in run
    assert "val_loss" in run
    with pytest.raises(TypeError):
        iter(run)  # type: ignore[call-overload]
    with pytest.raises(KprovError):
        run.series()


def test_nan_and_infinity_are_values_and_missing_is_none(home) -> None:
    run = recording.begin(home.path)
    for number, loss in enumerate((float("inf"), float("nan"), 0.25)):
        now = run.now()
        told = {"loss": loss} if number != 2 else {"loss": loss, "late": 1.0}
        run.epoch(number, now, run.now(), 1.0, 0.001, 0, told)
    run.end_training("FINISHED")
    run.close()
    with kprov_rdf.open(home) as store:
        found = store.run()
    assert found["loss"][0] == float("inf")
    assert np.isnan(found["loss"][1])
    assert found.best("loss") == (2, 0.25)
    assert (len(found.history["loss"]), found.history["late"]) == (3, [1.0])
    assert np.isnan(found["late"]).tolist() == [True, True, False]
    assert "<svg" in found._repr_html_()


def test_a_run_without_epochs_shows_itself(home) -> None:
    run = recording.begin(home.path)
    assert run.settle(20)
    with kprov_rdf.open(home) as store:
        found = store.run()
    assert found.epochs.shape == (0,)
    assert (found.history, found.status) == ({}, "RUNNING")
    assert "0 of 3 epochs" in found._repr_html_()
    assert "0 epochs" in repr(found)
    assert len(found.to_pandas()) == 0
    with pytest.raises(NotFoundError, match="no loss yet"):
        found.plot()
    run.end_training("FINISHED")
    run.close()
