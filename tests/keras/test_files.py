"""Files of models: written in and after a fit, read before, in and after one (C16, C18)."""

import hashlib
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import kprov_capture.keras as kprov
from kprov_capture.home import Home
from kprov_capture.keras import files
from tests.conftest import child_environment


def network(seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Dense(8, "relu", name="hidden"),
            keras.layers.Dense(10, "softmax", name="out"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def fit(model, digits, home: Home, *callbacks, epochs=2, tag="files"):
    provenance = kprov.Provenance(tag, home=home.path)
    x, y = digits
    model.fit(
        x[:100], y[:100], epochs=epochs, batch_size=50, verbose=0,
        callbacks=[*callbacks, provenance],
    )  # fmt: skip
    return provenance.run


def written(found) -> list[tuple]:
    """Path, format, and hash of each file that an export generated."""
    return found.rows(
        "?f a dnnprov:File ; dnnprov:path ?path ; dnnprov:fileFormat ?kind ; "
        "prov:wasGeneratedBy ?e . ?e a dnnprov:ModelExport . "
        "OPTIONAL { ?f prov:specializationOf ?c . ?c dnnprov:sha256 ?sha }",
        "path",
        "kind",
        "sha",
    )


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_model_checkpoint_writes_checkpoints_of_its_epochs(digits, home, captured, tmp_path):
    each = keras.callbacks.ModelCheckpoint(tmp_path / "at-{epoch:02d}.keras")
    run = fit(network(), digits, home, each)
    found = captured(run)
    paths = [tmp_path / "at-01.keras", tmp_path / "at-02.keras"]
    assert written(found) == [(str(path), "keras", sha(path)) for path in paths]
    assert found.rows(
        "?f prov:wasDerivedFrom ?c ; dnnprov:path ?path . ?c a dnnprov:Checkpoint ; "
        "dnnprov:epoch ?epoch ; prov:wasGeneratedBy ?t . ?t a dnnprov:Training",
        "path",
        "epoch",
    ) == [(str(path), number) for number, path in enumerate(paths)]
    assert found.violations() == []


def test_a_checkpoint_within_an_epoch_is_named_by_its_step(digits, home, captured, tmp_path):
    each = keras.callbacks.ModelCheckpoint(
        tmp_path / "batch-{batch}.weights.h5", save_freq=1, save_weights_only=True
    )
    run = fit(network(), digits, home, each, epochs=1)
    found = captured(run)
    assert found.rows("?c a dnnprov:Checkpoint ; dnnprov:step ?step", "step") == [(1,), (2,)]
    assert [row[1] for row in written(found)] == ["weights.h5"] * 2
    assert found.violations() == []


def test_a_file_that_is_overwritten_has_the_hash_of_no_other_content(
    digits, home, captured, tmp_path
):
    """Each epoch writes to one path: a hash is that of its own epoch, or there is none."""
    path = tmp_path / "last.weights.h5"
    seen: dict[int, str] = {}

    class Look(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen[epoch] = sha(path)

    same = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    run = fit(network(), digits, home, same, Look(), epochs=8)
    found = captured(run)
    rows = found.rows(
        "?f prov:wasDerivedFrom ?c . ?c dnnprov:epoch ?epoch . "
        "OPTIONAL { ?f prov:specializationOf ?content . ?content dnnprov:sha256 ?sha } "
        "OPTIONAL { ?f dnnprov:unhashedReason ?why }",
        "epoch",
        "sha",
        "why",
    )
    assert [row[0] for row in rows] == list(range(8))
    for epoch, found_sha, why in rows:
        assert found_sha == seen[epoch] or (found_sha is None and "may have changed" in why)
    assert rows[-1][1] == seen[7]
    assert found.violations() == []


@pytest.mark.parametrize(
    "save",
    [
        lambda model, path: model.save(path / "m.keras"),
        lambda model, path: model.save_weights(path / "m.weights.h5"),
        lambda model, path: keras.models.save_model(model, path / "m.keras"),
        lambda model, path: keras.saving.save_model(model, str(path / "m.h5")),
    ],
    ids=["save", "save_weights", "models.save_model", "h5"],
)
@pytest.mark.filterwarnings("ignore:You are saving your model")
def test_every_way_to_save_is_recorded_once(save, digits, home, captured, tmp_path):
    model = network()
    run = fit(model, digits, home)
    save(model, tmp_path)
    (path,) = tmp_path.glob("m.*")
    found = captured(run)
    kind = path.name.partition(".")[2]
    assert written(found) == [(str(path), kind, sha(path))]
    assert found.violations() == []


def test_a_function_that_was_imported_before_is_watched_too(home, tmp_path):
    script = tmp_path / "early.py"
    script.write_text(
        "from keras.models import load_model, save_model\n"
        "import keras, numpy as np, kprov_capture.keras as kprov\n"
        "model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])\n"
        "model.compile('sgd', 'mse')\n"
        "x, y = np.ones((4, 2)), np.ones(4)\n"
        "model.fit(x, y, verbose=0, callbacks=[kprov.Provenance('early')])\n"
        "save_model(model, 'early.keras')\n"
        "again = load_model('early.keras')\n"
        "again.fit(x, y, verbose=0, callbacks=[kprov.Provenance('late')])\n"
    )
    subprocess.run(
        [sys.executable, script], cwd=tmp_path, check=True, env=child_environment(home.path)
    )
    texts = [path.read_text() for path in home.journal.glob("*.nq")]
    assert sorted("dnnprov#ModelExport>" in text for text in texts) == [False, True]
    assert sorted("dnnprov#FineTuning>" in text for text in texts) == [False, True]


def test_fine_tuning_is_linked_through_content_and_to_the_run_that_wrote_the_file(
    digits, home, captured, tmp_path
):
    first = network()
    before = fit(first, digits, home)
    first.save(tmp_path / "pretrained.keras")
    base = keras.models.load_model(tmp_path / "pretrained.keras")
    base.trainable = False
    head = keras.Sequential([keras.layers.Input((64,)), base, keras.layers.Dense(10, "softmax")])
    head.compile("adam", "sparse_categorical_crossentropy")
    after = fit(head, digits, home, tag="head")
    found = captured(before, after)
    rows = found.rows(
        "?t a dnnprov:FineTuning ; prov:used ?p . ?p a dnnprov:TrainedModel ; "
        "prov:specializationOf ?content ; dnnprov:path ?path ; prov:wasDerivedFrom ?source . "
        "?m dnnprov:fineTunedFrom ?p ; prov:wasDerivedFrom ?p . "
        "?f a dnnprov:File ; prov:specializationOf ?content ; prov:wasGeneratedBy ?export",
        "t",
        "path",
        "f",
        "source",
    )
    file = before.names("file-1")
    assert rows == [(after.names.training, str(tmp_path / "pretrained.keras"), file, file)]
    assert found.violations() == []
    # The layers say which of them were frozen.
    frozen = found.rows(
        "?l dnnprov:layerName ?name ; dnnprov:trainable false ; dnnprov:parameterCount ?n", "name"
    )
    assert {"hidden", "out"} <= {row[0] for row in frozen}


def test_layers_that_are_used_on_carry_where_they_come_from(digits, home, captured, tmp_path):
    """Without the model that was loaded, and when the file has changed meanwhile."""
    source = network()
    source.save_weights(tmp_path / "w.weights.h5")
    base = network(1)
    base.load_weights(tmp_path / "w.weights.h5")
    (tmp_path / "w.weights.h5").write_bytes(b"other")
    model = keras.Sequential([keras.layers.Input((64,)), base.layers[0], keras.layers.Dense(10)])
    model.compile("adam", "sparse_categorical_crossentropy")
    run = fit(model, digits, home)
    found = captured(run)
    assert found.rows(
        "?t a dnnprov:FineTuning ; prov:used ?p . ?p dnnprov:unhashedReason ?why", "why"
    ) == [("the file changed after the model was read from it",)]


def test_weights_that_are_loaded_after_the_fit_make_another_model(digits, home, captured, tmp_path):
    model = network()
    best = keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True)
    run = fit(model, digits, home, best)
    model.evaluate(*digits, verbose=0)
    model.load_weights(tmp_path / "1.weights.h5")
    model.evaluate(*digits, verbose=0)
    found = captured(run)
    (second,) = found.rows("?m dnnprov:restoredFrom ?c . ?c dnnprov:epoch ?epoch", "m", "epoch")
    assert second == (run.names("model-2"), 0)
    tested = [row[1] for row in found.rows("?t dnnprov:tests ?m", "t", "m")]
    assert tested == [run.names.model, run.names("model-2")]
    assert found.violations() == []


CRASHING = """
import os, sys, keras, numpy as np
import kprov_capture.keras as kprov
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
class Die(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == int(sys.argv[1]):
            ours.run.settle(20)
            os._exit(9)
ours = kprov.Provenance("long")
model.fit(np.ones((4, 2)), np.ones(4), epochs=5, verbose=0,
          callbacks=[keras.callbacks.BackupAndRestore("backup"), Die(), ours])
"""


def test_resuming_after_a_crash_is_a_new_run_in_one_campaign(home, captured, tmp_path):
    script = tmp_path / "long.py"
    script.write_text(CRASHING)
    for last, status in (("2", 9), ("4", 9), ("9", 0)):
        done = subprocess.run(
            [sys.executable, script, last], cwd=tmp_path, env=child_environment(home.path)
        )
        assert done.returncode == status
    found = captured()
    runs = sorted(found.runs, key=lambda run: run.iri)
    assert [(run.status, run.epochs) for run in runs] == [
        ("CRASHED", 2),
        ("CRASHED", 2),
        ("FINISHED", 1),
    ]
    one, two, three = (f"{run.iri}#execution" for run in runs)
    assert found.rows(
        "?e dnnprov:resumedFrom ?before ; prov:wasInformedBy ?before", "e", "before"
    ) == [(two, one), (three, two)]
    # Each went on from the last checkpoint of the one before.
    used = found.rows(
        "?r a dnnprov:ModelRestoration ; dnnprov:technique ?by ; prov:used ?p . "
        "?p prov:wasDerivedFrom ?file . ?file prov:wasDerivedFrom ?c . ?c dnnprov:epoch ?epoch",
        "r",
        "by",
        "epoch",
    )
    assert [row[1:] for row in used] == [("BackupAndRestore", 1), ("BackupAndRestore", 3)]
    campaigns = found.rows("?c a dnnprov:Campaign ; prov:hadMember ?run", "c", "run")
    assert len({row[0] for row in campaigns}) == 1
    assert {row[1] for row in campaigns} == {run.iri for run in runs}
    assert [row[0] for row in found.rows("?m a dnnprov:oTraining ; dnnprov:epoch ?n", "n")] == [
        0,
        1,
        2,
        3,
        4,
    ]
    assert found.violations() == []


def test_a_note_that_is_gone_or_spoilt_costs_the_link_and_nothing_else(
    digits, home, captured, tmp_path
):
    model = network()
    before = fit(model, digits, home)
    model.save(tmp_path / "m.keras")
    before.close()
    for note in (home.path / "written").iterdir():
        note.write_text("{")
    again = keras.models.load_model(tmp_path / "m.keras")
    found = captured(before, fit(again, digits, home))
    assert found.rows(
        "?p a dnnprov:TrainedModel ; dnnprov:path ?path ; "
        "prov:specializationOf ?c . ?f a dnnprov:File ; prov:wasGeneratedBy ?e ; "
        "prov:specializationOf ?c",
        "path",
    ) == [(str(tmp_path / "m.keras"),)]
    assert found.violations() == []


def test_a_path_that_is_a_file_object_or_a_folder_is_keras_own_matter(digits, home, tmp_path):
    model = network()
    fit(model, digits, home)
    with pytest.raises(Exception, match=r"keras|extension"):
        model.save(tmp_path)
    with pytest.raises(Exception, match=r"."):
        model.load_weights(tmp_path / "nothing.weights.h5")
    assert not getattr(files._inside, "busy", False)


def test_a_model_keeps_its_weights_through_all_of_this(digits, home, tmp_path):
    model = network()
    fit(model, digits, home)
    model.save(tmp_path / "m.keras")
    for old, new in zip(
        model.get_weights(),
        keras.models.load_model(tmp_path / "m.keras").get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(old, new)
