"""The provenance in what Keras saves: Keras loads it, and kprov shows it."""

import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from kprov_capture import archive
from kprov_capture.home import Home
from kprov_rdf import cli, travel
from tests.keras.conftest import Captured, Data


@keras.saving.register_keras_serializable("kprov-tests")
class Vocabulary(keras.layers.Layer):
    """A layer of a user's own, with a file among the assets of the archive."""

    def __init__(self, factor: float = 2.0, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.factor, self.words = factor, "one\ntwo\n"

    def call(self, x: object) -> object:
        return x * self.factor  # type: ignore[operator]

    def get_config(self) -> dict[str, object]:
        return {**super().get_config(), "factor": self.factor}

    def save_assets(self, folder: str) -> None:
        Path(folder, "words.txt").write_text(self.words)

    def load_assets(self, folder: str) -> None:
        self.words = Path(folder, "words.txt").read_text() + "loaded"


@pytest.mark.parametrize("layers", [[], [Vocabulary(3.0)]], ids=["plain", "custom"])
def test_keras_loads_what_has_provenance_in_it(
    digits: Data, provenance, captured, tmp_path: Path, layers: list[keras.layers.Layer]
) -> None:
    model = keras.Sequential([keras.layers.Input((64,)), *layers, keras.layers.Dense(10)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(*digits, epochs=2, verbose=0, callbacks=[provenance])
    path = tmp_path / "model.keras"
    model.save(path)
    model.save(path)
    with zipfile.ZipFile(path) as found:
        assert found.namelist().count(archive.DOCUMENT) == 1
    loaded = keras.models.load_model(path)
    x = digits[0][:8]
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert loaded.optimizer.iterations.numpy() == model.optimizer.iterations.numpy()
    if layers:
        assert loaded.layers[0].words == "one\ntwo\nloaded"
    carried = travel.find(path)
    assert carried is not None
    assert (carried.problems, carried.run.epochs, carried.run.status) == ((), 2, "FINISHED")
    seen: Captured = captured(provenance.run)
    assert seen.violations() == []
    (sha,) = {row[1] for row in seen.rows(
        "?f prov:hadMember ?m ; prov:specializationOf ?c ; prov:wasGeneratedBy ?e . "
        "?e a dnnprov:ModelExport . ?c dnnprov:sha256 ?sha FILTER (STRENDS(STR(?f), '#file-2'))",
        "f", "sha",
    )}  # fmt: skip
    assert sha == archive.of_bytes(path.read_bytes()).sha256


def test_what_was_trained_on_afterwards_is_another_model(
    model, digits: Data, provenance, tmp_path: Path, home: Home, capfd
) -> None:
    model.fit(*digits, epochs=1, verbose=0, callbacks=[provenance])
    first, second = tmp_path / "first.keras", tmp_path / "second.keras"
    model.save(first)
    model.fit(*digits, epochs=1, verbose=0)  # not recorded: what is saved has no run
    model.save(second)
    assert archive.DOCUMENT not in zipfile.ZipFile(second).namelist()
    with zipfile.ZipFile(first) as source, zipfile.ZipFile(second, "a") as to:
        for name in (archive.DOCUMENT, archive.MANIFEST):
            to.writestr(name, source.read(name))
    assert cli.run(["show", str(first)]) == 0
    assert cli.run(["show", str(second)]) == 1
    assert "its model.weights.h5 has the SHA-256" in capfd.readouterr().err
    provenance.run.close()


def test_a_checkpoint_within_fit_has_none(model, digits: Data, provenance, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(path)
    model.fit(*digits, epochs=1, verbose=0, callbacks=[provenance, checkpoint])
    assert archive.DOCUMENT not in zipfile.ZipFile(path).namelist()
    provenance.run.close()
