"""From the raw digits to a training with Keras: the steps between are one question."""

import json
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

import kprov_capture.keras as kprov
from kprov_capture.home import Home
from kprov_capture.run import Run
from kprov_rdf import query
from tests.keras.conftest import Captured, Data

Asked = list[dict[str, object]]


def steps(found: Captured, run: Run) -> Asked:
    answer = query.table(found.store, query.find("preparation"), {"run": run.names.run})
    return [dict(zip(answer.columns, map(query.value, row), strict=True)) for row in answer.rows]


def test_the_way_of_the_digits_into_a_fit(
    digits: Data,
    model: keras.Model,
    home: Home,
    tmp_path: Path,
    captured: Callable[..., Captured],
) -> None:
    """Loaded from a file, scaled by a layer of Keras, divided, and fitted within the same run."""
    x, y = digits
    path = tmp_path / "digits.npz"
    np.savez(path, x=x * 16, y=y)
    layer = keras.layers.Rescaling(1 / 16)
    with Run("digits-mlp", home=home.path) as run:
        with run.transformation("load", reads=path) as step, np.load(path) as table:
            x, y = table["x"], table["y"]
            step.output(x=x, y=y)
        with run.transformation("scale", inputs={"x": x}, using=layer) as step:
            x = keras.ops.convert_to_numpy(layer(x))
            step.output(x=x)
        with run.split("split", inputs={"x": x, "y": y}, seed=7) as cut:
            chosen = np.random.default_rng(7).permutation(len(x))[:200]
            cut.parts(train=(x[chosen], y[chosen]), indices={"train": chosen})
        model.fit(
            x[chosen],
            y[chosen],
            epochs=1,
            verbose=0,
            callbacks=[kprov.Provenance("digits-mlp", home=home.path)],
        )
    found = captured(run)
    assert found.violations() == []
    load, scale, split = steps(found, run)
    assert (load["name"], load["read"]) == ("load", str(path))
    assert (scale["name"], scale["filter"]) == ("scale", "Rescaling")
    assert json.loads(str(scale["config"]))["settings"]["scale"] == 1 / 16
    assert (split["name"], split["seed"]) == ("split", 7)


def test_a_pipeline_of_tf_data_and_a_tensor(
    digits: Data, home: Home, captured: Callable[..., Captured]
) -> None:
    tf = pytest.importorskip("tensorflow")
    tensor = tf.constant(digits[0])
    stream = tf.data.Dataset.from_tensor_slices(digits).batch(32)
    with (
        Run("digits-mlp", home=home.path) as run,
        run.transformation("batch", inputs={"x": tensor}, batch_size=32) as step,
    ):
        step.output(data=stream)
    found = captured(run)
    assert found.violations() == []
    pattern = "?d dnnprov:elementSpecification ?spec ; dnnprov:batchCount ?n"
    ((count, said),) = found.rows(pattern, "n", "spec")
    assert count == 10
    assert "TensorSpec(shape=(None, 64), dtype=tf.float32" in said
    assert found.rows("?a a dnnprov:DataArray ; dnnprov:shape ?s", "s") == [("300,64",)]
