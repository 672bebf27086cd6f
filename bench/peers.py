"""What an epoch costs under kprov and under other trackers, in one run: of the training thread's
time, and of the disk: all files that a fit leaves, models too where a tracker saves them.

Each fit is in a process of its own; the trackers take turns, in another order each round.
Needs the environment of bench/requirements-peers.txt (`make bench-peers`). What cannot be
imported is left out, and said; yProv4ML is always (see bench/requirements-peers.in). Nothing
leaves the machine.
"""

import contextlib
import importlib
import logging
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ |= {
    "AIM_UI_TELEMETRY_ENABLED": "0",
    "DO_NOT_TRACK": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
}

import keras
from child import Child
from common import Row, quick, report
from fits import TRAIN, Stopwatch, digits, tiny

EPOCHS, SKIPPED, ROUNDS = (40, 10, 1) if quick() else (120, 20, 3)

# What a fit needs of a tracker: its callbacks, and what to do when the fit is over.
Prepared = tuple[list[Any], Callable[[], Any]]


def kprov(folder: Path) -> Prepared:
    import kprov_capture.keras

    callback = kprov_capture.keras.Provenance("bench", home=folder)
    return [callback], lambda: callback.run.close()  # noqa: PLW0108  it has its run later


def csv_logger(folder: Path) -> Prepared:
    return [keras.callbacks.CSVLogger(folder / "log.csv")], lambda: None


def tensorboard(folder: Path) -> Prepared:
    importlib.import_module("tensorboard")  # Keras would fail only in the first epoch
    return [keras.callbacks.TensorBoard(str(folder))], lambda: None


def trackio(folder: Path) -> Prepared:
    os.environ["TRACKIO_DIR"] = str(folder)
    import trackio

    class Trackio(keras.callbacks.Callback):  # it has none for Keras
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            trackio.log(dict(logs))

    trackio.init(project="bench")
    return [Trackio()], trackio.finish


def aim(folder: Path) -> Prepared:
    from aim.tensorflow import AimCallback

    callback = AimCallback(repo=str(folder), experiment="bench")
    return [callback], callback.experiment.close


def wandb(folder: Path) -> Prepared:
    import wandb
    from wandb.integration.keras import WandbMetricsLogger

    wandb.init(project="bench", dir=folder)
    return [WandbMetricsLogger()], wandb.finish


def mlflow(folder: Path, **settings: bool) -> Prepared:
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{folder}/mlflow.db"
    import mlflow

    mlflow.tensorflow.autolog(**settings)
    return [], lambda: None


def mlflow_lean(folder: Path) -> Prepared:
    return mlflow(folder, log_models=False, checkpoint=False, log_datasets=False)


PEERS = {
    "kprov": kprov,
    "CSVLogger": csv_logger,
    "trackio": trackio,
    "Aim": aim,
    "W&B, offline": wandb,
    "TensorBoard": tensorboard,
    "MLflow autolog, lean": mlflow_lean,
    "MLflow autolog": mlflow,
}
OF_KERAS = (keras.callbacks.History, keras.callbacks.ProgbarLogger)


def fit(prepare: Callable[[Path], Prepared], name: str) -> dict[str, Any]:
    """CPU ms of the training thread per epoch in the callbacks; or why there is no figure."""
    os.chdir(name)  # some write beside the script
    keras.utils.set_random_seed(0)
    x, y = digits()
    watch = Stopwatch()
    logging.disable(logging.WARNING)  # they talk
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        try:
            callbacks, finish = prepare(Path(name))
        except (ImportError, SyntaxError) as error:
            return {"missing": f"{type(error).__name__}: {error}"}
        with watch.callbacks(lambda callback: not isinstance(callback, OF_KERAS)):
            history = tiny().fit(
                x[:TRAIN], y[:TRAIN], validation_data=(x[TRAIN:], y[TRAIN:]), batch_size=512,
                epochs=EPOCHS, verbose=0, callbacks=callbacks,
            )  # fmt: skip
        finish()
    files = [path for path in Path(name).rglob("*") if path.is_file()]
    return {
        "ms": watch.per_epoch(SKIPPED) * 1e3,
        "bytes": sum(path.stat().st_size for path in files) / EPOCHS,
        "loss": history.history["val_loss"][-1],
    }


def main() -> None:
    found: dict[str, list[dict[str, Any]]] = {}
    names, dice = list(PEERS), random.Random(0)
    for _ in range(ROUNDS):
        dice.shuffle(names)
        for name in names:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                answer, _, _ = Child(fit, PEERS[name], folder).result()
            if "missing" not in answer:
                found.setdefault(name, []).append(answer)
            elif name not in found:
                print(f"left out: {name}: {answer['missing']}", file=sys.stderr)
    losses = {answer["loss"] for answers in found.values() for answer in answers}
    assert len(losses) == 1, f"a tracker changed what was trained: {losses}"
    costs = {n: statistics.median(a["ms"] for a in found[n]) for n in PEERS if n in found}
    sizes = {n: statistics.median(a["bytes"] for a in found[n]) for n in PEERS if n in found}
    ours, size = costs.pop("kprov"), sizes.pop("kprov")
    report(
        "peers",
        [Row("kprov, training thread, CPU per epoch", ours, "ms", 0.1)]
        + [Row(f"{n}, the same", cost, "ms", peer="kprov", peer_value=ours)
           for n, cost in sorted(costs.items(), key=lambda item: item[1])]
        + [Row(f"kprov, files of a fit of {EPOCHS} epochs, per epoch", size, "bytes")]
        + [Row(f"{n}, the same", taken, "bytes", peer="kprov", peer_value=size)
           for n, taken in sorted(sizes.items(), key=lambda item: item[1])],
    )  # fmt: skip


if __name__ == "__main__":
    main()
