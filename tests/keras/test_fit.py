"""Every way to call fit: each finished epoch is there, with its metrics, and the end is told.

B1 to B10 and B15 are defects of Keras-Prov; each is a test here that this project passes.
"""

import math
from typing import Any

import keras
import numpy as np
import pytest

import kprov_capture.keras as kprov
from kprov_capture.home import Home
from kprov_capture.keras import recorder


def same_as_history(captured: Any, history: keras.callbacks.History) -> None:
    names = {"loss": "loss", "accuracy": "accuracy", "val_loss": "valLoss"}
    for keras_name, name in names.items():
        values = [row[1] for row in captured.epochs(name) if row[1] is not None]
        assert values == history.history.get(keras_name, []), keras_name


def test_fit_on_arrays_with_validation(model, digits, provenance, captured) -> None:
    x, y = digits
    history = model.fit(
        x, y, validation_data=(x[:50], y[:50]), epochs=3, verbose=0, callbacks=[provenance]
    )
    found = captured(provenance.run)
    assert [row[0] for row in found.epochs()] == [0, 1, 2]
    same_as_history(found, history)
    assert [(run.status, run.epochs, run.planned) for run in found.runs] == [("FINISHED", 3, 3)]
    assert found.violations() == []


def test_b4_fit_without_validation_keeps_every_epoch(model, digits, provenance, captured) -> None:
    history = model.fit(*digits, epochs=2, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    assert found.epochs("valLoss") == [(0, None), (1, None)]
    same_as_history(found, history)
    assert found.violations() == []


def test_b5_validation_now_and_then(model, digits, provenance, captured) -> None:
    x, y = digits
    model.fit(
        x, y, validation_split=0.2, validation_freq=2, epochs=4, verbose=0, callbacks=[provenance]
    )
    found = captured(provenance.run)
    assert [row[1] is None for row in found.epochs("valLoss")] == [True, False, True, False]


class Batches(keras.utils.PyDataset):
    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        super().__init__()
        self.x, self.y = x, y

    def __len__(self) -> int:
        return 5

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        part = slice(index * 10, index * 10 + 10)
        return self.x[part], self.y[part]


def endless(x: np.ndarray, y: np.ndarray) -> Any:
    while True:
        yield x[:10], y[:10]


@pytest.mark.parametrize("kind", ["Sequence", "tf.data", "generator"])
def test_b1_sources_that_are_no_arrays(kind: str, model, digits, provenance, captured) -> None:
    x, y = digits

    def tf_data() -> Any:
        return pytest.importorskip("tensorflow").data.Dataset.from_tensor_slices((x, y)).batch(10)

    source, steps = {
        "Sequence": lambda: (Batches(x, y), None),
        "tf.data": lambda: (tf_data(), None),
        "generator": lambda: (endless(x, y), 5),
    }[kind]()
    history = model.fit(
        source, steps_per_epoch=steps, epochs=2, shuffle=False, verbose=0, callbacks=[provenance]
    )
    found = captured(provenance.run)
    same_as_history(found, history)
    ((_, reason, batches),) = found.rows(
        "?d a dnnprov:TrainSet ; dnnprov:unhashedReason ?why . "
        "OPTIONAL { ?d dnnprov:batchCount ?n }",
        "d",
        "why",
        "n",
    )
    assert "cannot be read twice" in reason
    assert batches == {"Sequence": 5, "tf.data": 30, "generator": None}[kind]
    assert found.violations() == []


def test_b2_early_stopping_keeps_the_last_epoch(model, digits, provenance, captured) -> None:
    stop = keras.callbacks.EarlyStopping(monitor="loss", patience=1, min_delta=100)
    history = model.fit(*digits, epochs=9, verbose=0, callbacks=[stop, provenance])
    found = captured(provenance.run)
    assert len(history.epoch) == 2
    assert [row[0] for row in found.epochs()] == [0, 1]
    assert (found.runs[0].status, found.runs[0].planned) == ("FINISHED", 9)
    assert found.violations() == []


class Raises(keras.callbacks.Callback):
    """Raises at the end of an epoch, after which no hook is called any more."""

    def __init__(self, error: BaseException, epoch: int = 1) -> None:
        super().__init__()
        self.error, self.epoch = error, epoch

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if epoch == self.epoch:
            raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt(), "INTERRUPTED"),
        (SystemExit(3), "INTERRUPTED"),
        (ValueError("no more data"), "FINISHED_WITH_ERROR"),
    ],
    ids=["Ctrl-C", "exit", "exception"],
)
@pytest.mark.parametrize("first", [True, False], ids=["before-ours", "after-ours"])
def test_b3_a_training_that_is_cut_short_says_so(
    error, status, first, model, digits, provenance, captured
) -> None:
    callbacks = [Raises(error), provenance] if first else [provenance, Raises(error)]
    with pytest.raises(type(error)):
        model.fit(*digits, epochs=9, verbose=0, callbacks=callbacks)
    found = captured(provenance.run)
    assert [row[0] for row in found.epochs()] == [0, 1]
    assert found.runs[0].status == status
    told = [row[0] for row in found.rows("?t dnnprov:error ?e", "e")]
    assert told == (["ValueError: no more data"] if status == "FINISHED_WITH_ERROR" else [])
    assert found.violations() == []


def test_b6_evaluate_is_recorded_with_the_mean(model, digits, provenance, captured) -> None:
    """300 samples in batches of 32: the last batch is another one, and its loss another value."""
    x, y = digits
    model.fit(x, y, epochs=1, verbose=0, callbacks=[provenance])
    loss, accuracy = model.evaluate(x, y, verbose=0)
    told = model.evaluate(x[:40], y[:40], verbose=0, return_dict=True)
    found = captured(provenance.run)
    assert found.rows(
        "?m a dnnprov:oTesting ; dnnprov:loss ?loss ; dnnprov:accuracy ?acc ; "
        "prov:wasGeneratedBy ?test",
        "test",
        "loss",
        "acc",
    ) == [
        (f"{provenance.run.names.run}#testing-1", loss, accuracy),
        (f"{provenance.run.names.run}#testing-2", told["loss"], told["accuracy"]),
    ]
    assert found.violations() == []


def test_validation_within_fit_is_no_testing(model, digits, provenance, captured) -> None:
    x, y = digits
    model.fit(x, y, validation_data=(x, y), epochs=2, verbose=0, callbacks=[provenance])
    assert captured(provenance.run).rows("?t a dnnprov:Testing", "t") == []


def test_b10_two_fits_of_one_model_are_two_runs_that_know_of_each_other(
    model, digits, provenance, captured
) -> None:
    model.fit(*digits, epochs=2, verbose=0, callbacks=[provenance])
    first = provenance.run
    model.fit(*digits, epochs=1, verbose=0, callbacks=[provenance])
    second = provenance.run
    found = captured(first, second)
    assert sorted(run.epochs for run in found.runs) == [1, 2]
    assert found.rows(
        "?after prov:wasInformedBy ?before . ?before a dnnprov:Training . "
        "?after a dnnprov:Training",
        "after",
        "before",
    ) == [(second.names.training, first.names.training)]
    assert found.violations() == []


def test_ten_runs_share_no_run_scoped_node(model, digits, home: Home, captured) -> None:
    given = [kprov.Provenance("many", home=home.path) for _ in range(3)]
    for one in given:
        model.fit(*digits, epochs=1, verbose=0, callbacks=[one])
    found = captured(*(one.run for one in given))
    graphs = {}
    for run in found.runs:
        for triple in found.store.graph(run.iri):
            if "#" in triple.subject.value and "/run/" in triple.subject.value:
                graphs.setdefault(triple.subject.value, set()).add(run.iri)
    # The one exception is said on purpose: a training informs the one that goes on from it.
    shared = {node for node, where in graphs.items() if len(where) > 1}
    assert all(node.endswith("#training") for node in shared)


def test_a_fit_without_the_callback_leaves_nothing(model, digits, home: Home) -> None:
    model.fit(*digits, epochs=1, verbose=0)
    model.evaluate(*digits, verbose=0)
    assert list(home.journal.glob("*.nq")) == []


def test_the_loss_is_the_same_with_and_without(digits, home: Home) -> None:
    def losses(callbacks: list[Any]) -> list[float]:
        keras.utils.set_random_seed(1)
        network = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10)])
        network.compile("adam", "sparse_categorical_crossentropy")
        schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)
        return network.fit(*digits, epochs=3, verbose=0, callbacks=[schedule, *callbacks]).history[
            "loss"
        ]

    assert losses([]) == losses([kprov.Provenance("same", home=home.path)])


def test_nan_is_a_value(digits, home: Home, captured) -> None:
    network = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(1)])
    network.compile(keras.optimizers.SGD(1e30), "mse")
    provenance = kprov.Provenance("nan", home=home.path)
    network.fit(*digits, epochs=2, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    assert all(math.isnan(row[1]) or math.isinf(row[1]) for row in found.epochs("loss"))
    assert found.violations() == []


def test_a_metric_of_ones_own_is_declared_with_its_exact_name(digits, home: Home, captured) -> None:
    def largest(y_true: Any, y_pred: Any) -> Any:
        return keras.ops.max(y_pred)

    count = keras.metrics.MeanMetricWrapper(largest, name='the "largest" output')
    network = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10)])
    network.compile("adam", "sparse_categorical_crossentropy", metrics=[count])
    provenance = kprov.Provenance("own", home=home.path)
    history = network.fit(*digits, epochs=1, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    ((name, value),) = found.rows(
        "?p a dnnprov:Metric ; dnnprov:reportedName ?name . ?m a dnnprov:oTraining ; ?p ?value",
        "name",
        "value",
    )
    assert (name, value) == ('the "largest" output', history.history[name][0])


def test_the_saved_model_is_a_file_with_its_hash(
    model, digits, provenance, captured, tmp_path
) -> None:
    import hashlib

    model.fit(*digits, epochs=1, verbose=0, callbacks=[provenance])
    path = tmp_path / "model.keras"
    model.save(path)
    found = captured(provenance.run)
    assert found.rows(
        "?f a dnnprov:File ; dnnprov:path ?path ; prov:wasDerivedFrom ?model ; "
        "prov:specializationOf ?c . ?model a dnnprov:TrainedModel . ?c dnnprov:sha256 ?hash",
        "path",
        "hash",
    ) == [(str(path), hashlib.sha256(path.read_bytes()).hexdigest())]
    assert found.violations() == []


def test_data_is_named_by_content(model, digits, provenance, captured) -> None:
    import hashlib

    x, y = digits
    model.fit(x, y, validation_split=0.1, epochs=1, verbose=0, callbacks=[provenance])
    model.evaluate(x[270:], y[270:], verbose=0)
    found = captured(provenance.run)
    rows = found.rows(
        "?set prov:hadMember ?array . ?array prov:specializationOf ?c ; dnnprov:shape ?shape ; "
        "dnnprov:elementType ?type . ?c dnnprov:sha256 ?hash",
        "array",
        "shape",
        "type",
        "hash",
    )
    told = {row[0].rpartition("#")[2]: row[1:] for row in rows}

    def digest(array: np.ndarray) -> str:
        return hashlib.sha256(array.tobytes()).hexdigest()

    assert told["train-set-x"] == ("270,64", "<f4", digest(x[:270]))
    assert told["val-set-y"] == ("30", "<i8", digest(y[270:]))
    # The test set is the validation set: other roles, one content.
    assert told["test-set-x"][2] == told["val-set-x"][2]
    assert found.violations() == []


def test_a_copy_of_the_callback_records_a_run_of_its_own(model, digits, provenance) -> None:
    import copy
    import pickle

    model.fit(*digits, epochs=1, verbose=0, callbacks=[provenance])
    copied = copy.deepcopy(provenance)
    pickled = pickle.loads(pickle.dumps(provenance))
    model.fit(*digits, epochs=1, verbose=0, callbacks=[copied])
    assert copied.run.id != provenance.run.id
    assert pickled.run is None
    assert pickled.dataflow_tag == provenance.dataflow_tag


@pytest.mark.parametrize("tag", ["", None, 3])
def test_a_tag_that_is_none_is_refused_at_once(tag: Any) -> None:
    with pytest.raises(ValueError, match="name of the dataflow"):
        kprov.Provenance(tag)


def test_an_error_of_ours_does_not_reach_the_training(
    model, digits, tmp_path, monkeypatch, caplog
) -> None:
    monkeypatch.setenv("KPROV_STRICT", "0")
    (tmp_path / "file").write_text("")
    provenance = kprov.Provenance("flow", home=tmp_path / "file" / "home")
    history = model.fit(*digits, epochs=2, verbose=0, callbacks=[provenance])
    assert len(history.epoch) == 2
    assert [record.levelname for record in caplog.records if record.name == "kprov"] == ["WARNING"]
    assert "cannot be created" in caplog.text


def test_a_loop_of_ones_own_that_calls_the_hooks(model, digits, provenance, captured) -> None:
    hooks = keras.callbacks.CallbackList([provenance], model=model, epochs=2)
    hooks.on_train_begin()
    for epoch in range(2):
        hooks.on_epoch_begin(epoch)
        hooks.on_epoch_end(epoch, {"loss": 0.5 - epoch / 10})
    hooks.on_train_end()
    found = captured(provenance.run)
    assert found.epochs("loss") == [(0, 0.5), (1, 0.4)]
    assert found.runs[0].status == "FINISHED"


def test_a_fit_that_is_not_recorded_leaves_the_last_run_alone(
    model, digits, provenance, captured
) -> None:
    """Its validation is no testing of that run, and neither is a later evaluate."""
    x, y = digits
    model.fit(x, y, epochs=1, verbose=0, callbacks=[provenance])
    model.fit(x, y, validation_data=(x, y), epochs=1, verbose=0)
    model.evaluate(x, y, verbose=0)
    assert captured(provenance.run).rows("?t a dnnprov:Testing", "t") == []


def test_callbacks_may_be_given_by_place_and_alone(model, digits, provenance, captured) -> None:
    model.fit(*digits, 32, 1, 0, provenance)
    assert captured(provenance.run).runs[0].epochs == 1


def test_a_run_is_closed_when_its_model_is_collected(digits, home: Home, captured) -> None:
    import gc

    provenance = kprov.Provenance("collected", home=home.path)
    network = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10)])
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(*digits, epochs=1, verbose=0, callbacks=[provenance])
    run = provenance.run
    assert not run.closed
    provenance.set_model(None)
    del network, provenance
    gc.collect()
    assert run.closed
    assert captured(run).runs[0].status == "FINISHED"


def test_data_may_be_changed_as_soon_as_fit_returns(model, digits, provenance, captured) -> None:
    import hashlib

    x, y = digits[0].copy(), digits[1].copy()
    before = hashlib.sha256(x.tobytes()).hexdigest()
    model.fit(x, y, epochs=1, verbose=0, callbacks=[provenance])
    x[:] = 0
    told = captured(provenance.run).rows(
        "?array prov:specializationOf ?c . ?c dnnprov:sha256 ?hash . "
        "FILTER STRENDS(STR(?array), '#train-set-x')",
        "hash",
    )
    assert told == [(before,)]


def test_a_callback_that_two_fits_use_at_once_records_two_runs(
    digits, provenance, home: Home, captured
) -> None:
    """A fit inside of a callback of another fit; and each model's own test."""

    def small() -> keras.Model:
        network = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10)])
        network.compile("adam", "sparse_categorical_crossentropy")
        return network

    inner = small()

    class Inner(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                inner.fit(*digits, epochs=2, verbose=0, callbacks=provenance)
                inner.evaluate(*digits, verbose=0)

    outer = small()
    outer.fit(*digits, epochs=3, verbose=0, callbacks=[provenance, Inner()])
    outer.evaluate(*digits, verbose=0)
    inner_run = recorder.recorders[inner].run
    found = captured(provenance.run, inner_run)
    assert sorted((run.status, run.epochs, run.planned) for run in found.runs) == [
        ("FINISHED", 2, 2),
        ("FINISHED", 3, 3),
    ]
    assert len(found.rows("?t a dnnprov:Testing", "t")) == 2
    assert found.violations() == []


def test_a_callback_that_two_threads_use_at_once(digits, provenance, home: Home, captured) -> None:
    import threading

    networks = []
    for _ in range(2):
        network = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10)])
        network.compile("adam", "sparse_categorical_crossentropy")
        networks.append(network)
    threads = [
        threading.Thread(
            target=lambda n=network: n.fit(*digits, epochs=3, verbose=0, callbacks=[provenance])
        )
        for network in networks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = captured(*(recorder.recorders[network].run for network in networks))
    assert [(run.status, run.epochs) for run in found.runs] == [("FINISHED", 3)] * 2
    assert found.violations() == []


def test_the_seed_and_the_precision_are_settings(model, digits, provenance, captured) -> None:
    keras.utils.set_random_seed(20261121)
    model.fit(*digits, epochs=1, verbose=0, callbacks=[provenance])
    found = captured(provenance.run)
    assert found.rows("?c a dnnprov:iTraining ; dnnprov:seed ?seed", "seed") == [(20261121,)]
    assert found.rows(
        '?p dnnprov:reportedName "dtype_policy" . ?c a dnnprov:iTraining ; ?p ?name', "name"
    ) == [("float32",)]
    assert found.violations() == []
