"""Real trainings: their lineage over a fine-tuned model, and where two of them part."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

import kprov_capture.keras as kprov
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_rdf.comparison import compare
from kprov_rdf.lineage import meant, told, tree
from kprov_rdf.lineage.steps import DOWN
from kprov_rdf.lineage.walk import trace
from tests.keras.conftest import Captured, Data


def network(seed: int = 0) -> keras.Model:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_from_the_metrics_of_a_fine_tuned_model_to_the_raw_file(
    digits: Data, home: Home, tmp_path: Path, captured: Callable[..., Captured]
) -> None:
    x, y = digits
    raw, file, tuned = (tmp_path / name for name in ("digits.npz", "first.keras", "tuned.keras"))
    np.savez(raw, x=x, y=y)
    with Run("first", home=home.path) as first:
        with first.transformation("load", reads=raw) as step, np.load(raw) as table:
            x, y = table["x"], table["y"]
            step.output(x=x, y=y)
        with first.split("cut", inputs={"x": x, "y": y}, seed=7) as cut:
            parts = {"train": (x[:200], y[:200]), "test": (x[200:], y[200:])}
            cut.parts(**parts)
        model = network()
        provenance = kprov.Provenance("first", home=home.path)
        model.fit(*parts["train"], epochs=1, verbose=0, callbacks=[provenance])
        model.save(file)
    again = keras.models.load_model(file)
    later = kprov.Provenance("later", home=home.path)
    again.fit(*parts["train"], epochs=1, verbose=0, callbacks=[later])
    again.evaluate(*parts["test"], verbose=0)
    again.save(tuned)
    assert later.run is not None
    found = captured(first, later.run)

    up = trace(found.store, meant.find(found.store, f"{later.run.id}#testing-1-metrics").iris)
    story = tree.text(up, told.tell(found.store, up))
    for part in ("test metrics", "TestSet", "FineTuning  Adam", "TrainSet", "model first.keras",
                 "Training  Adam", "SplitData cut  seed 7", "LoadData load", "file digits.npz",
                 "git commit", "Python 3."):  # fmt: skip
        assert part in story
    assert story.count("file digits.npz") == 1
    down = trace(found.store, meant.find(found.store, str(raw)).iris, DOWN)
    made = tree.text(down, told.tell(found.store, down))
    for part in ("→ Training", "FineTuning", "tuned.keras", "test metrics"):
        assert part in made


def test_where_two_trainings_part(
    digits: Data, home: Home, captured: Callable[..., Captured]
) -> None:
    x, y = digits

    def run(seed: int, *callbacks: keras.callbacks.Callback) -> Run:
        keras.backend.clear_session()
        provenance = kprov.Provenance("parting", home=home.path)
        network(seed).fit(x[:100], y[:100], epochs=4, verbose=0, callbacks=[*callbacks, provenance])
        assert provenance.run is not None
        return provenance.run

    halved = keras.callbacks.LearningRateScheduler(lambda n, rate: rate if n < 2 else rate / 2)
    runs = [run(0), run(0), run(1), run(0, halved)]
    found = captured(*runs)
    one, same, seed, rate = (
        compare(found.store, runs[0].names.run, other.names.run) for other in [runs[0], *runs[1:]]
    )
    assert one.same
    assert same.same
    assert (same.shared, "loss" in same.alike) == ((0, 1, 2, 3), True)
    assert {p.metric: p.epoch for p in seed.partings}["loss"] == 0
    assert ("seed", 0, 1) in {
        (d.name, d.a, d.b) for section in seed.sections for d in section.differences
    }
    parted = {p.metric: p.epoch for p in rate.partings}
    assert (parted["learningRate"], parted["loss"]) == (2, 2)
    (adapted,) = (s for s in rate.sections if s.title == "adaptations")
    changed = [one.name for one in adapted.differences]
    assert changed == ["epoch 2, learningRate", "epoch 3, learningRate"]
