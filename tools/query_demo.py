"""Makes the record that docs/queries.md asks: docs/demo/runs.nq.gz.

``python -m tools.query_demo`` runs ``kprov demo``, ``examples/densed.py`` and the trainings below,
which end early, fail or are killed, and exports all that without persons, hosts and paths. It
takes about three minutes. The page is then generated from the file: ``make generate``.
"""

import argparse
import gzip
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "docs/demo/runs.nq.gz"
# No question asks for these, and they say what machine it was.
_LEFT_OUT = re.compile(rb"dnnprov#(operatingSystem|processor|memorySize|coreCount|requirements)> ")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        environment = {
            **os.environ,
            "KPROV_HOME": str(place / "home"),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'capture'}",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "XDG_CONFIG_HOME": str(place / "config"),
        }

        def run(*arguments: str, code: int = 0) -> None:
            done = subprocess.run(
                [sys.executable, *arguments], cwd=place, env=environment, check=False
            )
            if done.returncode != code:
                raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}")

        run("-m", "kprov_rdf", "demo", "--epochs", "31")
        run(str(ROOT / "examples/densed.py"))
        run("-m", "tools.query_demo", "--train", "all")
        run("-m", "tools.query_demo", "--train", "killed", code=1)
        run("-m", "kprov_rdf", "export", "--all", "--redact", "-o", "runs.nq")
        RECORD.parent.mkdir(exist_ok=True)
        lines = sorted((place / "runs.nq").read_bytes().splitlines(keepends=True))
        kept = [line for line in lines if not _LEFT_OUT.search(line)]
        RECORD.write_bytes(gzip.compress(b"".join(kept), mtime=0))


def train(what: str) -> None:
    """Trainings with what the others lack."""
    import keras
    import numpy
    from sklearn.datasets import load_digits
    from sklearn.preprocessing import StandardScaler

    import kprov_capture.keras as kprov
    from kprov_capture.dataflow import Attribute, Dataflow, DataSet, Transformation

    def network() -> keras.Model:
        layers = keras.layers
        model = keras.Sequential(
            [
                layers.Input((64,)),
                layers.Dense(16, "tanh", name="hidden"),
                layers.Dropout(0.1, name="dropout"),
                layers.Dense(10, "softmax", name="digits"),
            ]
        )
        model.compile("nadam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    class Ending(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:  # noqa: ARG002
            if epoch == 2 and what == "killed":
                record.run.settle(20)
                os._exit(1)
            if epoch == 2:
                raise RuntimeError("the disk is full")

    keras.utils.set_random_seed(7)
    digits = load_digits()
    record = kprov.Provenance("digits-killed" if what == "killed" else "digits-failed")
    if what == "killed":
        network().fit(
            digits.data, digits.target, epochs=20, verbose=0, callbacks=[record, Ending()]
        )
    numpy.savetxt("digits.csv", numpy.c_[digits.data, digits.target][:600], "%d", ",")
    with kprov.Run("digits-mlp") as run:
        with run.transformation("load", reads="digits.csv") as step:
            table = numpy.loadtxt("digits.csv", delimiter=",")
            x, y = table[:, :64], table[:, 64]
            step.output(x=x, y=y)
        scaler = StandardScaler()
        with run.transformation("scale", inputs={"x": x}, using=scaler) as step:
            z = scaler.fit_transform(x)
            step.output(x=z)
        with run.split("split", inputs={"x": z, "y": y}, fraction=0.8) as step:
            train_set, test_set = (z[:480], y[:480]), (z[480:], y[480:])
            step.parts(train=train_set, test=test_set)
        model = network()
        early = keras.callbacks.EarlyStopping(
            "val_loss", patience=2, min_delta=0.05, restore_best_weights=True
        )
        model.fit(
            *train_set, validation_data=test_set, epochs=40, verbose=0,
            callbacks=[early, kprov.Provenance()],
        )  # fmt: skip
        model.evaluate(*test_set, verbose=0)
        model.save("digits.keras")
    base = keras.models.load_model("digits.keras")
    base.trainable = False
    head = keras.Sequential([base, keras.layers.Dense(10, "softmax", name="head")])
    head.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    head.fit(*train_set, epochs=3, verbose=0, callbacks=[kprov.Provenance("digits-head")])
    head.evaluate(*test_set, verbose=0)
    try:
        network().fit(*train_set, epochs=9, verbose=0, callbacks=[record, Ending()])
    except RuntimeError:
        print("failed as it should")
    block = DataSet("idenseblock", [Attribute("k", "NUMERIC"), Attribute("l", "NUMERIC")])
    dense = DataSet("odenseblock", [Attribute("features", "NUMERIC")])
    flow = Dataflow("blocks", [Transformation("denseblock", inputs=[block], outputs=[dense])])
    with kprov.Run(flow) as run:
        for k, depth in ((16, 4), (24, 4)):
            run.task(
                "denseblock",
                inputs={"idenseblock": {"k": k, "l": depth}},
                outputs={"odenseblock": {"features": k * depth}},
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", choices=["all", "killed"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.train:
        train(given.train)
    else:
        main()
