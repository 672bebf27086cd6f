"""Train the network of tools/trackers.py once more, and keep what yProv4ML logs of it.

It makes tests/exchange/fixtures/yprov/. The training is that of fixtures/trackers, number for
number: that is checked, and then the data set and the model are those of that folder, so that they
have the hashes that kprov recorded.

Run it from the root of the project in an environment with yprov4ml, xarray, keras, tensorflow-cpu
and scikit-learn, on a machine whose name may be published:

    unshare --uts sh -c 'hostname node; python tools/yprov.py'

yProv4ML 3.2.8 needs Python 3.12, and torch although nothing here uses it. (These files were made
with Python 3.11, and two of its f-strings written for that.) As with tools/trackers.py, the folder
/tmp/digits must not exist, and nothing leaves the machine.
"""

import csv
import os
import shutil
from pathlib import Path
from typing import Any

from trackers import OUT as TRACKERS  # type: ignore[import-not-found]
from trackers import SETTINGS, WORK, data, halve_after_three, network

OUT = TRACKERS.parent / "yprov"


def log(kind: str) -> Any:
    """A callback that logs each epoch to the run of yProv4ML that is going on."""
    import keras
    import yprov4ml

    class Logged(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            for name, value in logs.items():
                context = "validation" if name.startswith("val_") else "training"
                yprov4ml.log_metric(name.removeprefix("val_"), value, context, step=epoch)

    yprov4ml.start_run(
        "digits",
        prov_user_namespace="http://example.org/ana",
        provenance_save_dir="prov",
        metrics_file_type=kind,
    )
    for name, value in SETTINGS.items():
        yprov4ml.log_param(name, value, "training", is_input=True)
    yprov4ml.log_artifact("digits.npz", "digits.npz", "training", is_input=True)
    return Logged()


def train(kind: str) -> list[dict[str, float]]:
    import keras
    import numpy
    import yprov4ml

    model = network()
    logged = log(kind)
    with numpy.load("digits.npz") as table:
        x, y = table["x"].astype("float32") / 16, table["y"]
    scheduler = keras.callbacks.LearningRateScheduler(halve_after_three)
    history = model.fit(
        x, y, validation_split=0.25, batch_size=32, epochs=5, verbose=0,
        callbacks=[scheduler, logged],
    )  # fmt: skip
    shutil.copy(TRACKERS / "tensorboard" / "digits.keras", ".")
    yprov4ml.log_artifact("digits.keras", "digits.keras", "training", is_model=True)
    yprov4ml.end_run()
    values = history.history.items()
    return [{name: float(found[n]) for name, found in values} for n in range(5)]


def check(found: list[dict[str, float]]) -> None:
    """That it is the training that the trackers logged."""
    with (TRACKERS / "log.csv").open() as file:
        for row, values in zip(csv.DictReader(file), found, strict=True):
            for name, value in values.items():
                if abs(float(row[name]) - value) > 1e-7 * abs(value):
                    raise SystemExit(f"{name} of epoch {row['epoch']} is {value}, not {row[name]}.")


def main() -> None:
    os.chdir(WORK)
    data()
    if Path("digits.npz").read_bytes() != (TRACKERS / "tensorboard/digits.npz").read_bytes():
        shutil.copy(TRACKERS / "tensorboard/digits.npz", ".")
    for kind in ("csv", "nc"):
        check(train(kind))
        # What it keeps of one run it gives to the next one of the same process.
        import yprov4ml.constants

        yprov4ml.constants.PROV4ML_DATA.metrics.clear()
    shutil.rmtree(OUT, ignore_errors=True)
    shutil.copytree("prov", OUT)


if __name__ == "__main__":
    main()
