"""What happens around fits: several at once, on other threads, refused ones, and what is let go."""

import contextvars
import gc
import threading
import weakref

import keras
import numpy as np
import pytest

import kprov_capture.keras as kprov
from kprov_capture.home import Home


def network() -> keras.Model:
    model = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10, "softmax")])
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return model


def fit(model, digits, home: Home, *callbacks, tag="life", **more):
    provenance = kprov.Provenance(tag, home=home.path)
    x, y = digits
    given = {"epochs": 1, "batch_size": 60, "verbose": 0, **more}
    model.fit(x[:120], y[:120], callbacks=[*callbacks, provenance], **given)
    return provenance.run


@pytest.fixture(autouse=True)
def no_autolog():
    yield
    kprov.autolog(disable=True)


@pytest.mark.parametrize("way", ["provenance", "autolog", "callback"])
def test_a_model_is_free_after_its_fit(way, digits, home) -> None:
    x, y = digits
    model = network()
    callbacks = [kprov.Provenance("free", home=home.path)] if way == "callback" else []
    if way == "provenance":
        model.provenance("free", home=home.path)
    if way == "autolog":
        kprov.autolog("free", home=home.path)
    model.fit(x, y, verbose=0, callbacks=callbacks)
    held = weakref.ref(model), weakref.ref(model.optimizer)
    del model
    gc.collect()
    assert [one() for one in held] == [None, None]


def test_of_two_fits_at_once_one_joins_the_run_around_them(digits, home, captured) -> None:
    kprov.autolog("both", home=home.path)
    with kprov.Run("both", home=home.path) as run:
        together = threading.Barrier(2)

        class Meet(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                together.wait(20)

        def train(context: contextvars.Context) -> None:
            context.run(network().fit, *digits, verbose=0, callbacks=[Meet()])

        threads = [
            threading.Thread(target=train, args=(contextvars.copy_context(),)) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    gc.collect()
    found = captured(run)
    assert [one.epochs for one in found.runs] == [1, 1]
    assert found.violations() == []


def test_what_another_thread_saves_within_a_fit_is_a_checkpoint(
    digits, home, captured, tmp_path
) -> None:
    class Saves(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            path = tmp_path / f"{epoch}.keras"
            thread = threading.Thread(target=self.model.save, args=(path,))
            thread.start()
            thread.join()

    run = fit(network(), digits, home, Saves(), epochs=2)
    found = captured(run)
    assert found.rows("?f dnnprov:fileFormat 'keras' ; prov:wasDerivedFrom ?m . ?m a ?kind "
                      "FILTER (?kind = dnnprov:Checkpoint) ", "f") == [
        (run.names("file-1"),), (run.names("file-2"),),
    ]  # fmt: skip
    assert found.violations() == []


def test_a_file_that_another_run_wrote_meanwhile_is_not_where_the_weights_come_from(
    digits, home, captured, tmp_path
) -> None:
    one, other = network(), network()
    first = fit(one, digits, home)
    one.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    second = fit(other, digits, home)
    other.save(tmp_path / "m.keras")
    # And weights that another run left at a path that this one wrote before.
    one.save_weights(tmp_path / "w.weights.h5")
    other.save_weights(tmp_path / "w.weights.h5")
    second.settle(20)
    one.load_weights(tmp_path / "w.weights.h5")
    third = fit(loaded, digits, home)
    found = captured(first, second, third)
    assert found.rows(
        f"<{third.names('pretrained-1')}> dnnprov:unhashedReason ?why . "
        f"OPTIONAL {{ <{third.names('pretrained-1')}> prov:wasDerivedFrom ?source }}",
        "why",
        "source",
    ) == [("the file changed after the model was read from it", None)]
    assert found.rows(
        f"<{first.names('restoration-1')}> prov:used ?p . ?p prov:wasDerivedFrom ?f", "f"
    ) == [(second.names("file-2"),)]
    assert found.violations() == []


def test_weights_that_are_loaded_between_two_fits_or_within_one_are_told(
    digits, home, captured, tmp_path
) -> None:
    model = network()
    model.save_weights(tmp_path / "w.weights.h5")
    first = fit(model, digits, home)
    model.load_weights(tmp_path / "w.weights.h5")
    second = fit(model, digits, home)

    class Loads(keras.callbacks.Callback):
        def on_train_end(self, logs=None):
            self.model.load_weights(tmp_path / "w.weights.h5")

    third = fit(network(), digits, home, Loads())
    found = captured(first, second, third)
    assert found.rows("?t a dnnprov:FineTuning", "t") == [(second.names.training,)]
    assert found.rows(
        f"<{third.names.model}> prov:wasDerivedFrom ?p . ?p dnnprov:path ?path", "path"
    ) == [(str(tmp_path / "w.weights.h5"),)]
    assert found.violations() == []


@pytest.mark.parametrize(
    "change",
    [
        lambda model, x, y: model.set_weights([w * 0 for w in model.get_weights()]),
        lambda model, x, y: [model.train_on_batch(x[:9], y[:9]) for _ in range(3)],
    ],
    ids=["set_weights", "train_on_batch"],
)
def test_weights_that_are_changed_by_hand_make_another_model(
    change, digits, home, captured
) -> None:
    model = network()
    run = fit(model, digits, home)
    model.evaluate(*digits, verbose=0)
    change(model, *digits)
    model.evaluate(*digits, verbose=0)
    found = captured(run)
    assert [row[1] for row in found.rows("?t dnnprov:tests ?m", "t", "m")] == [
        run.names.model, run.names("model-2"),
    ]  # fmt: skip
    assert found.rows(f"<{run.names('model-2')}> prov:wasDerivedFrom ?m", "m") == [
        (run.names.model,)
    ]
    assert found.violations() == []


def test_a_fit_that_is_refused_leaves_the_last_run_as_it_was(digits, home, captured) -> None:
    model = network()
    run = fit(model, digits, home)
    x, y = digits
    with pytest.raises(ValueError):
        model.fit(x, y[:5], verbose=0, callbacks=[kprov.Provenance("no", home=home.path)])
    model.evaluate(x, y, verbose=0)
    found = captured(run)
    assert len(found.rows("?t a dnnprov:Testing", "t")) == 1
    assert [one.tag for one in found.runs] == ["life"]


def test_a_fit_without_a_record_in_between_does_not_hide_where_the_next_comes_from(
    digits, home, captured
) -> None:
    model = network()
    first = fit(model, digits, home)
    model.optimizer.learning_rate = 0.05
    model.fit(*digits, verbose=0)
    second = fit(model, digits, home)
    found = captured(first, second)
    assert found.rows(
        f"<{second.names.training}> prov:wasInformedBy <{first.names.training}> . "
        f"<{second.names('config-0')}> dnnprov:oldValue ?old ; dnnprov:newValue ?new",
        "old",
        "new",
    ) == [(0.1, 0.05)]


def test_a_fit_of_the_same_model_within_its_fit_leaves_the_record_whole(
    digits, home, captured
) -> None:
    x, y = digits

    class Again(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.1 / (epoch + 1)

        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                inner = kprov.Provenance("inner", home=home.path)
                self.model.fit(x[:9], y[:9], verbose=0, callbacks=[inner])
                self.model.stop_training = False

    run = fit(network(), digits, home, Again(), epochs=3)
    found = captured(run)
    assert found.epochs("learningRate") == [(0, 0.1), (1, 0.05), (2, 0.1 / 3)]
    assert [one.tag for one in found.runs] == ["life"]


def test_a_stop_that_is_taken_back_is_none(digits, home, captured) -> None:
    class Stops(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    class Goes(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = False

    found = captured(fit(network(), digits, home, Stops(), Goes(), epochs=3))
    assert found.rows("?s a dnnprov:EarlyTermination", "s") == []
    assert found.runs[0].epochs == 3


def test_a_rate_that_is_set_at_the_validation_is_of_the_next_epoch(digits, home, captured) -> None:
    class Sets(keras.callbacks.Callback):
        def on_test_end(self, logs=None):
            self.model.optimizer.learning_rate = 0.5

    x, y = digits
    run = fit(network(), digits, home, Sets(), epochs=2, validation_data=(x, y))
    found = captured(run)
    assert found.epochs("learningRate") == [(0, 0.1), (1, 0.5)]
    assert found.rows(f"<{run.names('epoch-0')}> prov:used ?c . ?c a dnnprov:iTraining", "c") == [
        (run.names("config-0"),)
    ]


def test_a_schedule_that_goes_on_in_the_next_fit_is_no_change_by_the_user(
    digits, home, captured
) -> None:
    model = network()
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    model.compile(keras.optimizers.SGD(decay), "sparse_categorical_crossentropy")
    found = captured(fit(model, digits, home, epochs=2), fit(model, digits, home))
    assert {row[3] for row in found.changes()} == {"ExponentialDecay"}


def test_a_setting_that_was_none_is_a_change_too(digits, home, captured) -> None:
    model = network()
    first = fit(model, digits, home)
    model.optimizer.weight_decay = 0.01
    found = captured(first, fit(model, digits, home))
    assert found.rows(
        "?c dnnprov:adaptedProperty dnnprov:weightDecay ; dnnprov:oldValue ?old ; "
        "dnnprov:newValue ?new",
        "old",
        "new",
    ) == [(0.0, 0.01)]
    assert found.violations() == []


def dataset():
    return pytest.importorskip("tensorflow").data.Dataset


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        (lambda x, y: {"x": x, "y": y, "steps_per_epoch": 2}, 48),
        (lambda x, y: {"x": dataset().from_tensor_slices((x, y)).batch(16)}, 16),
        (
            lambda x, y: {"x": dataset().from_tensor_slices((x, y)).batch(12).cache().prefetch(2)},
            12,
        ),
        (lambda x, y: {"x": dataset().from_tensors((x, y))}, None),
    ],
    ids=["steps", "tf.data", "prefetch", "unknown"],
)
def test_the_batch_size_is_the_one_that_was_used(arguments, size, digits, home, captured) -> None:
    x, y = digits
    provenance = kprov.Provenance("sizes", home=home.path)
    network().fit(**arguments(x[:96], y[:96]), shuffle=False, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    told = found.rows("?c a dnnprov:iTraining ; dnnprov:batchSize ?n", "n")
    assert told == ([] if size is None else [(size,)])


def test_a_list_of_callbacks_that_keras_set_up_is_given_back_as_it_was(digits, home) -> None:
    kprov.autolog("list", home=home.path)
    model = network()
    hooks = keras.callbacks.CallbackList([keras.callbacks.History()], model=model, epochs=1)
    had = list(hooks.callbacks)
    model.fit(*digits, verbose=0, callbacks=hooks)
    assert hooks.callbacks == had
    assert len(list(home.journal.glob("*.nq"))) == 1


def test_a_rule_says_by_how_much_it_wanted_more(digits, home, captured) -> None:
    early = keras.callbacks.EarlyStopping("loss", min_delta=9, patience=1)
    found = captured(fit(network(), digits, home, early, epochs=5))
    ((reason,),) = found.rows("?s a dnnprov:EarlyTermination ; dnnprov:reason ?why", "why")
    assert reason.endswith(" by more than 9 for 1 epoch")


def test_a_hyperparameter_of_ones_own_does_not_take_the_place_of_a_real_one(
    digits, home, captured, caplog
) -> None:
    provenance = kprov.Provenance(
        "own", home=home.path, hyperparameters={"learning_rate": 5, "growth": 2}
    )
    network().fit(*digits, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    assert found.runs[0].rate == pytest.approx(0.1)
    assert "give yours another name" in caplog.text
    assert found.rows('?p dnnprov:reportedName "growth" . ?c ?p ?v', "v") == [(2,)]


def test_the_weights_are_not_kept_by_a_failed_fit(digits, home) -> None:
    gc.collect()
    gc.disable()
    try:
        x = np.ones((60, 64), "float32")
        held = weakref.ref(x)

        class Fails(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                raise RuntimeError("stop")

        provenance = kprov.Provenance("fails", home=home.path)
        with pytest.raises(RuntimeError):
            network().fit(x, digits[1][:60], verbose=0, callbacks=[provenance, Fails()])
        provenance.run.settle(20)
        assert provenance.arguments is None
        assert provenance.model is None
        del x
    finally:
        gc.enable()
    gc.collect()
    assert held() is None
