"""Train one small network under several trackers at once, and keep what each of them wrote.

It makes tests/exchange/fixtures/trackers/, with which the readers of kprov_rdf.exchange.foreign
are tested: kprov's own journal, and the same training as MLflow (as files and as a database),
W&B, TensorBoard and Keras' CSVLogger logged it. The data set and the model lie in each.

Run it in an environment of bench/requirements-peers.txt, from the root of the project, on a
machine whose name may be published; what the trackers tell of a machine is kept as it is:

    unshare --uts sh -c 'hostname node; PYTHONPATH=capture USER=ana python tools/trackers.py'

Everything is written to /tmp/digits first, so that no path of yours is in it. That folder must
not exist. Nothing leaves the machine.
"""

import contextlib
import gzip
import json
import os
import platform
import shutil
import sqlite3
import struct
import sys
from pathlib import Path
from typing import Any

WORK = Path("/tmp/digits")  # noqa: S108  its name is part of the fixtures
OUT = Path(__file__).resolve().parent.parent / "tests/exchange/fixtures/trackers"
os.environ |= {
    "CUDA_VISIBLE_DEVICES": "-1",
    "DO_NOT_TRACK": "1",
    "KPROV_HOME": str(WORK / "kprov"),
    "KPROV_REDACT": "true",
    "KPROV_TRAVEL": "off",
    "LOGNAME": "ana",
    "MLFLOW_ALLOW_FILE_STORE": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "USER": "ana",
    "WANDB_DATA_DIR": str(WORK / "data"),
    "WANDB_DISABLE_CODE": "true",
    "WANDB_DISABLE_GIT": "true",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "XDG_CONFIG_HOME": str(WORK / "config"),
}

# The name of a kernel may tell where it was made.
platform.platform = lambda *_, **__: "Linux"
platform.release = lambda: ""
WORK.mkdir()  # now, since imports write to the configuration

import keras  # noqa: E402
import numpy  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

SETTINGS = {"batch_size": 32, "epochs": 5, "learning_rate": 0.001, "optimizer": "Adam"}
SAMPLES = 400


def halve_after_three(epoch: int, rate: float) -> float:
    return rate * 0.5 if epoch == 3 else rate


def data() -> None:
    digits = load_digits()
    numpy.savez_compressed(
        "digits.npz",
        x=digits.data[:SAMPLES].astype("uint8"),
        y=digits.target[:SAMPLES].astype("uint8"),
    )


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Dense(8, activation="relu", name="hidden"),
            keras.layers.Dense(10, activation="softmax", name="digits"),
        ],
        name="network",
    )
    rate = float(SETTINGS["learning_rate"])
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


class Mlflow(keras.callbacks.Callback):
    """Logs each epoch to a run of MLflow, as files below a folder or into a database."""

    def __init__(self, uri: str, artifacts: str | None = None) -> None:
        super().__init__()
        import mlflow

        self.client = mlflow.MlflowClient(tracking_uri=uri)
        self.experiment = self.client.create_experiment("digits", artifacts)
        self.run = self._run("digits")
        for name, value in SETTINGS.items():
            self.client.log_param(self.run, name, value)
        self._data()

    def _run(self, name: str, **tags: str) -> str:
        told = {"mlflow.user": "ana", "mlflow.source.name": "train.py", **tags}
        run = self.client.create_run(self.experiment, run_name=name, tags=told)
        return str(run.info.run_id)

    def _data(self) -> None:
        from mlflow.data.numpy_dataset import from_numpy
        from mlflow.entities import DatasetInput, InputTag

        with numpy.load("digits.npz") as table:
            found = from_numpy(table["x"], targets=table["y"], name="digits")
        tag = InputTag("mlflow.data.context", "training")
        self.client.log_inputs(self.run, [DatasetInput(found._to_mlflow_entity(), [tag])])

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        for name, value in logs.items():
            self.client.log_metric(self.run, name, float(value), step=epoch)

    def finish(self, tested: float) -> None:
        from mlflow.entities import LoggedModelOutput

        self.client.log_artifact(self.run, "digits.npz", "dataset")
        self.client.log_artifact(self.run, "digits.keras", "model")
        model = self.client.create_logged_model(
            self.experiment, "digits", self.run, {"purpose": "test"}, {"units": "8"}, "keras"
        )
        self.client.finalize_logged_model(model.model_id, "READY")
        self.client.log_outputs(self.run, [LoggedModelOutput(model.model_id, 0)])
        nested = self._run("evaluation", **{"mlflow.parentRunId": self.run})
        self.client.log_metric(nested, "loss", tested)
        self.client.set_terminated(nested)
        self.client.set_terminated(self.run)


class Wandb:
    def __init__(self) -> None:
        import wandb

        settings = wandb.Settings(
            host="node", username="ana", x_disable_stats=True,
            console="off", program="train.py", x_executable="python",
        )  # fmt: skip
        self.run = wandb.init(project="digits", name="digits", config=SETTINGS, settings=settings)

    def finish(self) -> None:
        import wandb

        artifact = wandb.Artifact("digits", type="dataset")
        artifact.add_file("digits.npz")
        self.run.log_artifact(artifact)
        for name in ("digits.npz", "digits.keras"):
            shutil.copy(name, self.run.dir)
            self.run.save(f"{self.run.dir}/{name}", base_path=self.run.dir)
        self.run.finish()


def train() -> None:
    from wandb.integration.keras import WandbMetricsLogger

    import kprov_capture.keras as kprov

    model = network()
    files = Mlflow((WORK / "mlruns").as_uri())
    base = Mlflow(f"sqlite:///{WORK}/mlflow.db", (WORK / "artifacts").as_uri())
    wandb = Wandb()
    with kprov.Run("digits") as run:
        with run.transformation("load", reads="digits.npz") as step:
            with numpy.load("digits.npz") as table:
                x, y = table["x"].astype("float32") / 16, table["y"]
            step.output(x=x, y=y)
        model.fit(
            x, y, validation_split=0.25, batch_size=32, epochs=5, verbose=0,
            callbacks=[
                # First, so that it is among what the others log.
                keras.callbacks.LearningRateScheduler(halve_after_three),
                kprov.Provenance(), files, base, WandbMetricsLogger(),
                keras.callbacks.TensorBoard("tensorboard", write_graph=False),
                keras.callbacks.CSVLogger("log.csv"),
            ],
        )  # fmt: skip
        model.save("digits.keras")
        tested = model.evaluate(x, y, verbose=0)[0]
    files.finish(tested)
    base.finish(tested)
    wandb.finish()
    for name in ("digits.npz", "digits.keras"):
        shutil.copy(name, "tensorboard")


def records() -> None:
    """Keep what W&B's own classes read in its file; it has no fragments, being small."""
    from google.protobuf.json_format import MessageToDict
    from wandb.proto import wandb_internal_pb2

    (file,) = OUT.glob("wandb/*/*.wandb")
    data, at, found = file.read_bytes(), 7, []
    while at < len(data):
        _, size, _ = struct.unpack_from("<IHB", data, at)
        record = wandb_internal_pb2.Record.FromString(data[at + 7 : at + 7 + size])
        found.append(MessageToDict(record, preserving_proto_field_name=True))
        at += 7 + size
    (OUT / "wandb.json").write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")


def keep() -> None:
    """Copy what is worth keeping: no logs of the trackers themselves, and no name of a machine."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    (journal,) = WORK.glob("kprov/journal/*.nq")
    (OUT / "kprov.nq.gz").write_bytes(gzip.compress(journal.read_bytes(), mtime=0))
    shutil.copy("log.csv", OUT)
    shutil.copytree("mlruns", OUT / "mlruns", ignore=shutil.ignore_patterns(".trash"))
    shutil.copytree("artifacts", OUT / "mlflow/artifacts")
    with contextlib.closing(sqlite3.connect("mlflow.db")) as base:
        base.execute("PRAGMA page_size = 512")
        base.execute("VACUUM")
    shutil.copy("mlflow.db", OUT / "mlflow")
    left_out = shutil.ignore_patterns("logs", "tmp", "latest-run", "debug*.log")
    shutil.copytree("wandb", OUT / "wandb", ignore=left_out, symlinks=True)
    shutil.copytree("tensorboard", OUT / "tensorboard")
    records()


def main() -> None:
    os.chdir(WORK)
    sys.argv = ["train.py"]
    data()
    train()
    keep()


if __name__ == "__main__":
    main()
