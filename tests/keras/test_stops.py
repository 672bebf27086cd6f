"""Early ends, and weights that are given back (B2, C9): who decided, and what came of it."""

import keras
import numpy as np
import pytest

import kprov_capture.keras as kprov
from kprov_rdf import query


def fit(model, digits, provenance, *callbacks, epochs=9, **more):
    return model.fit(
        *digits, epochs=epochs, batch_size=100, verbose=0,
        callbacks=[*callbacks, provenance], **more,
    )  # fmt: skip


def stop_of(found):
    """Technique, reason, monitored metric and last epoch of the one early termination."""
    return found.rows(
        "?stop a dnnprov:EarlyTermination ; dnnprov:technique ?technique ; prov:used ?m . "
        "?m dnnprov:epoch ?epoch . OPTIONAL { ?stop dnnprov:reason ?reason } "
        "OPTIONAL { ?stop dnnprov:monitoredMetric ?metric }",
        "technique",
        "epoch",
        "metric",
        "reason",
    )


def test_early_stopping_is_an_activity_whose_signal_ends_the_training(
    model, digits, provenance, captured
) -> None:
    early = keras.callbacks.EarlyStopping(monitor="loss", patience=2, min_delta=100)
    fit(model, digits, provenance, early)
    found = captured(provenance.run)
    ((technique, epoch, metric, reason),) = stop_of(found)
    assert (technique, epoch, metric) == ("EarlyStopping", 2, "loss")
    assert reason.startswith("loss did not improve on ")
    # Its time is that of the training's end.
    ((ended, generated),) = found.rows(
        "?t a dnnprov:Training ; prov:endedAtTime ?end ; prov:wasEndedBy ?s . "
        "?s a dnnprov:StopSignal ; prov:generatedAtTime ?at ; prov:wasGeneratedBy ?stop . "
        "?stop prov:endedAtTime ?over . FILTER (?over = ?end)",
        "end",
        "at",
    )
    assert ended == generated
    assert found.runs[0].status == "FINISHED"
    assert found.violations() == []


def test_terminate_on_nan_says_so(digits, provenance, captured) -> None:
    network = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(1)])
    network.compile(keras.optimizers.SGD(1e30), "mse")
    fit(network, digits, provenance, keras.callbacks.TerminateOnNaN())
    found = captured(provenance.run)
    ((technique, _, metric, reason),) = stop_of(found)
    assert (technique, metric, reason) == ("TerminateOnNaN", "loss", "the loss is not finite")
    assert found.violations() == []


class StopsAt(keras.callbacks.Callback):
    def __init__(self, hook: str, when: int) -> None:
        super().__init__()
        self.when = when
        setattr(self, hook, self.decide)

    def decide(self, number: int, logs=None) -> None:
        if number == self.when:
            self.model.stop_training = True


@pytest.mark.parametrize(
    ("callback", "technique", "epochs"),
    [
        (StopsAt("on_epoch_end", 1), "StopsAt", 2),
        (StopsAt("on_train_batch_end", 2), "StopsAt", 1),
        (
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda epoch, logs: setattr(MODEL[0], "stop_training", epoch == 1)
            ),
            "LambdaCallback",
            2,
        ),
    ],
    ids=["end-of-epoch", "batch", "function"],
)
def test_a_callback_of_ones_own_that_stops_is_named(
    callback, technique, epochs, model, digits, provenance, captured
) -> None:
    MODEL[:] = [model]
    history = fit(model, digits, provenance, callback)
    assert len(history.epoch) == epochs
    found = captured(provenance.run)
    assert [row[:2] for row in stop_of(found)] == [(technique, epochs - 1)]
    assert found.violations() == []


MODEL: list[keras.Model] = []


def test_a_training_that_ran_to_its_end_has_no_early_termination(
    model, digits, provenance, captured
) -> None:
    fit(model, digits, provenance, keras.callbacks.EarlyStopping("loss"), epochs=2)
    found = captured(provenance.run)
    assert stop_of(found) == []
    assert model.stop_training is False


def test_the_attribute_is_what_keras_has(model, digits) -> None:
    """A value that nobody records is as it was, in copies and without a fit."""
    assert model.stop_training is False
    model.stop_training = True
    assert model.__dict__["stop_training"] is True
    copied = keras.models.clone_model(model)
    assert not getattr(copied, "stop_training", False)
    del model.stop_training
    assert not hasattr(model, "stop_training")
    with pytest.raises(AttributeError):
        del model.stop_training


class Worsens(keras.callbacks.Callback):
    """After epoch 1 the weights are spoilt, so that epoch 1 is the best for sure."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch >= 2:
            self.model.set_weights([np.full_like(w, 9.0) for w in self.model.get_weights()])


def test_restored_weights_make_the_model_derive_from_the_checkpoint_of_their_epoch(
    model, digits, provenance, captured, tmp_path
) -> None:
    early = keras.callbacks.EarlyStopping("loss", patience=2, restore_best_weights=True)
    each = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)
    fit(model, digits, provenance, Worsens(), early, each)
    model.evaluate(*digits, verbose=0)
    model.save(tmp_path / "best.keras")
    found = captured(provenance.run)
    name = provenance.run.names
    assert found.rows(
        "?model dnnprov:restoredFrom ?c ; prov:wasDerivedFrom ?c ; prov:wasGeneratedBy ?back . "
        "?back a dnnprov:ModelRestoration ; prov:used ?c ; dnnprov:technique ?by . "
        "?c a dnnprov:Checkpoint ; dnnprov:epoch ?epoch",
        "model",
        "c",
        "epoch",
        "by",
    ) == [(name.model, name("checkpoint-1"), 1, "EarlyStopping")]
    answer = query.table(found.store, query.find("decisions"), {"run": name.run})
    told = [[query.value(term) for term in row][1:4] for row in answer.rows]
    assert told == [
        ["EarlyStopping", 3, told[0][2]],
        ["EarlyStopping", 1, None],
    ]
    # The file that ModelCheckpoint wrote after that epoch holds the same checkpoint.
    assert found.rows(
        f"?f a dnnprov:File ; prov:wasDerivedFrom <{name('checkpoint-1')}> ; dnnprov:path ?path",
        "path",
    ) == [(str(tmp_path / "2.weights.h5"),)]
    # What is tested and saved afterwards is the restored model.
    assert found.rows(f"?x prov:used <{name.model}> ; a ?kind", "kind") == [
        ("http://www.w3.org/ns/prov#Activity",),
        ("http://www.w3.org/ns/prov#Activity",),
        ("https://w3id.org/dnnprov#ModelExport",),
        ("https://w3id.org/dnnprov#Testing",),
    ]
    assert found.violations() == []


def test_weights_that_were_not_given_back_are_not_said_to_be(
    model, digits, provenance, captured
) -> None:
    """After an exception Keras calls no on_train_end: the last weights stay."""
    early = keras.callbacks.EarlyStopping("loss", restore_best_weights=True)

    class Fails(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("stop here")

    with pytest.raises(RuntimeError):
        fit(model, digits, provenance, early, Fails())
    found = captured(provenance.run)
    assert found.rows("?r a dnnprov:ModelRestoration", "r") == []
    assert found.violations() == []


@pytest.mark.filterwarnings("ignore:Could not reach RemoteMonitor")
def test_callbacks_and_their_settings_are_told(model, digits, home, captured) -> None:
    provenance = kprov.Provenance("rules", home=home.path)

    def schedule(epoch: int, rate: float) -> float:
        return rate

    fit(
        model, digits, provenance,
        keras.callbacks.EarlyStopping("loss", patience=7, min_delta=0.5),
        keras.callbacks.LearningRateScheduler(schedule),
        keras.callbacks.RemoteMonitor(root="http://127.0.0.1:9", headers={"X": "secret-word"}),
        epochs=1,
    )  # fmt: skip
    found = captured(provenance.run)
    rows = found.rows(
        "?t dnnprov:usesCallback ?c . ?t prov:used ?c . ?c rdfs:label ?name ; "
        "dnnprov:callbackConfig ?config . OPTIONAL { ?c dnnprov:patience ?patience }",
        "name",
        "config",
        "patience",
    )
    assert [(row[0], row[2]) for row in rows] == [
        ("EarlyStopping", 7), ("LearningRateScheduler", None), ("RemoteMonitor", None),
    ]  # fmt: skip
    assert '"min_delta": -0.5' in rows[0][1] or '"min_delta": 0.5' in rows[0][1]
    assert "schedule" in rows[1][1] and "0x" not in rows[1][1]
    assert "secret-word" not in rows[2][1]
    assert found.violations() == []
