"""A chain of models, each fine-tuned from the file of the one before: recorded, without Keras."""

from pathlib import Path

import numpy as np

from kprov_capture import written
from kprov_capture.facts import Dataset
from kprov_capture.home import Home
from kprov_capture.run import Run
from tests.recording import LAYERS


def chain(home: Home, folder: Path, length: int, epochs: int = 2, salt: float = 0.0) -> list[Run]:
    """So many runs, all on the same data; each reads the file that the last one wrote.

    ``folder`` gets the files ``model-0.keras`` and so on. All but the first begin from a model.
    Another ``salt`` makes other data.
    """
    runs: list[Run] = []
    for number in range(length):
        run = Run("tuning", home=home.path)
        before = folder / f"model-{number - 1}.keras"
        read = []
        if number:
            read = [run.model_read(str(before), written.state(str(before)))[0]]
        data = {"x": np.arange(64, dtype="float32") + salt, "y": np.full(8, salt)}
        run.dataset("train", Dataset("train-set", "train", "numpy.ndarray", samples=8), data)
        settings = {"optimizer_name": "SGD", "learning_rate": 0.01, "epochs": epochs}
        run.start_training(settings, pretrained=read)
        run.architecture(LAYERS, 58)
        for epoch in range(epochs):
            run.epoch(epoch, run.now(), run.now(), 0.5, 0.01, 0, {"loss": 1 / (1 + epoch)})
        run.end_training("FINISHED")
        path = folder / f"model-{number}.keras"
        path.write_bytes(f"the weights of model {number} {run.id} {' ' * 64}".encode())
        started = run.now()
        run.model_file(started, run.now(), str(path), kind="keras")
        run.close()
        runs.append(run)
    return runs
