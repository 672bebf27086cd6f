"""Real trainings in processes of their own: followed, killed, and asked meanwhile."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from prov.model import ProvDocument

from kprov_capture.home import Home
from kprov_rdf import ingest, runs
from kprov_rdf.exchange import writing
from kprov_rdf.validate import shacl
from tests.conftest import child_environment
from tests.lineage import reachable, without_dnnprov

SCRIPT = """
import sys, time
import keras
from sklearn.datasets import load_digits
import kprov_capture.keras as kprov

class Tell(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print(epoch, time.monotonic(), flush=True)
        time.sleep(float(sys.argv[1]))

digits = load_digits()
x, y = digits.data[:200] / 16, digits.target[:200]
model = keras.Sequential([keras.layers.Input((64,)), keras.layers.Dense(10, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
plateau = keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=3, min_delta=100)
model.fit(x, y, epochs=100_000, verbose=0,
          callbacks=[plateau, kprov.Provenance("killed"), Tell()])
"""


@contextmanager
def training(home: Home, pause: float) -> Iterator[subprocess.Popen[str]]:
    """A training that prints a line after each epoch's hooks have returned."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(pause)],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(home.path),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def epochs_told(process: subprocess.Popen[str], count: int) -> list[tuple[int, float]]:
    """The next ``count`` lines: epoch and when its hooks returned."""
    assert process.stdout is not None
    rows = [process.stdout.readline().split() for _ in range(count)]
    return [(int(number), float(at)) for number, at in rows]


def command(home: Home, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "kprov_rdf", "--home", str(home.path), *arguments],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(os.name != "posix", reason="needs kill -9")
def test_kill_9_in_mid_training(home: Home) -> None:
    with training(home, 0.0) as process:
        told = epochs_told(process, 30)
        killed = time.monotonic()
        process.send_signal(signal.SIGKILL)
        assert process.stdout is not None
        rest = [line.split() for line in process.stdout.read().splitlines()]
        told += [(int(row[0]), float(row[1])) for row in rest if len(row) == 2]
        process.wait()
    must = max(number for number, at in told if at <= killed - 0.05)
    (found,) = json.loads(command(home, "runs", "--format", "json"))
    assert found["status"] == "CRASHED"
    assert found["epochs"] >= must + 1
    assert "valid" in command(home, "validate")
    with ingest.open_snapshot(home) as snapshot:
        (run,) = runs.listing(snapshot, snapshot.living)
        assert shacl.validate(run.iri, snapshot.graph(run.iri)) == []


def test_an_epoch_is_visible_elsewhere_while_the_training_goes_on(home: Home) -> None:
    """Within a second: what was told before the question is in the answer."""
    with training(home, 0.05) as process:
        epochs_told(process, 3)
        for _ in range(3):
            ((number, _),) = epochs_told(process, 1)
            started = time.monotonic()
            text = command(
                home, "query", "-e", "SELECT (MAX(?e) AS ?m) { ?x a dnnprov:oTraining ; "
                "dnnprov:epoch ?e }", "--format", "csv",
            )  # fmt: skip
            assert int(text.splitlines()[1]) >= number
            assert started <= time.monotonic()
        assert json.loads(command(home, "runs", "--format", "json"))[0]["status"] == "RUNNING"
        assert "valid" in command(home, "validate")
        assert process.poll() is None


def test_a_reader_that_holds_a_result_does_not_stop_the_training(home: Home) -> None:
    with training(home, 0.0) as process:
        epochs_told(process, 2)
        reader = ingest.open_snapshot(home)
        result = reader.query("SELECT * { ?s ?p ?o }")
        next(result)
        before = json.loads(command(home, "runs", "--format", "json"))[0]["epochs"]
        epochs_told(process, 20)
        assert json.loads(command(home, "runs", "--format", "json"))[0]["epochs"] > before
        assert next(result)
        reader.close()


@pytest.mark.skipif(os.name != "posix", reason="needs SIGINT")
def test_ctrl_c_is_an_interruption(home: Home) -> None:
    with training(home, 0.01) as process:
        epochs_told(process, 3)
        process.send_signal(signal.SIGINT)
        process.wait(60)
    (found,) = json.loads(command(home, "runs", "--format", "json"))
    assert found["status"] == "INTERRUPTED"
    assert list(home.journal.glob("*.nq")) == []


def test_the_demonstration(tmp_path: Path) -> None:
    """The whole way, with fewer epochs."""
    home = tmp_path / "demo"
    done = subprocess.run(
        [sys.executable, "-m", "kprov_rdf", "--home", str(home), "demo", "--epochs", "20"],
        capture_output=True,
        text=True,
        env=child_environment(home),
    )
    assert done.returncode == 0, done.stderr
    out = done.stdout
    assert "3 runs valid" in out
    for optimizer in ("Adam", "RMSprop", "SGD"):
        assert out.count(f" {optimizer} ") >= 2, out
    for layer in ("activation_1", "dropout_1", "digits"):
        assert layer in out
    assert "wasGeneratedBy(r:model, r:training" in out
    assert "r:adaptation-1" in out
    steps = out[out.index("Next:") :].splitlines()[1:]
    commands = [re.findall(r"kprov.* (serve|demo|show|query|export) ", step) for step in steps]
    assert commands == [["serve"], ["demo"], ["show"], ["query"], ["export"]]
    assert "Ethem Alpaydin" in out, "a document of another hand, in one query with the runs"
    linked = out[out.index("knows a file by its SHA-256") : out.index("6. The same in SQL")]
    assert re.search(r"(?m)Ada +a file from a mail +Adam +[0-9a-f]{8}$", linked), linked
    by_sparql, by_sql = (
        [line.split() for line in part.splitlines() if line.split()[:1] == [optimizer]]
        for optimizer in ("RMSprop",)
        for part in (
            out[out.index("Q3:") : out.index("4. ")],
            out[out.index("6. The same in SQL") :],
        )
    )
    assert by_sparql == by_sql != []
    assert (home / "demo" / "site" / "index.html").exists()

    def table(text: str) -> list[str]:
        found = Home(home)
        return command(found, "query", "-e", text, "--format", "csv").splitlines()[1:]

    techniques = table("SELECT DISTINCT ?by { ?a dnnprov:technique ?by }")
    assert set(techniques) == {"LearningRateScheduler", "ReduceLROnPlateau"}
    assert len(table("SELECT ?t { ?t a dnnprov:Testing }")) == 3
    files = 'SELECT ?f { ?f a dnnprov:File ; dnnprov:fileFormat "keras" }'
    assert len(table(files)) == 3
    relative = (
        "SELECT ?x { { ?x ?p ?o } UNION { ?s ?p ?x } FILTER isIRI(?x) "
        "FILTER (!REGEX(STR(?x), '^https?://')) }"
    )
    assert table(relative) == []
    assert table("SELECT ?x { { ?x ?p ?o } UNION { ?s ?p ?x } FILTER isBlank(?x) }") == []
    assert table("SELECT ?x { ?x a prov:Entity, prov:Activity }") == []
    assert "valid" in command(Home(home), "validate")
    others_read_the_same(Home(home))


def others_read_the_same(home: Home) -> None:
    """Each run: prov reads the same records, and PROV alone leads to all that made the model."""
    with ingest.open_snapshot(home) as snapshot:
        for run in runs.listing(snapshot, snapshot.living):
            triples = snapshot.graph(run.iri)
            read = [
                ProvDocument.deserialize(
                    content=writing.run(snapshot, run.iri, form).decode(), format=name
                )
                for form, name in (("provn", "provn"), ("provjson", "json"), ("provxml", "xml"))
            ]
            assert read[0] == read[1] == read[2]
            plain = without_dnnprov(triples)
            assert shacl.validate(run.iri, plain) == []
            found = {node.removeprefix(run.iri) for node in reachable(plain, f"{run.iri}#model")}
            assert found >= {"#train-set", "#train-set-x", "#config-0", "#architecture"}
            adaptations = {t.subject.value for t in triples if "Adaptation>" in str(t.object)}
            watched = {
                t.object.value
                for t in triples
                if t.subject.value in adaptations and "#metrics-" in str(t.object)
            }
            assert {node.removeprefix(run.iri) for node in adaptations | watched} <= found
            assert bool(adaptations) == (run.optimizer != "RMSprop")
            assert bool(watched) == (run.optimizer == "Adam")
