"""Validating runs against the shapes: one run, a million statements, and pySHACL beside it."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
from common import Row, report

from kprov_capture.facts import Dataset, Layer
from kprov_capture.home import Home, create
from kprov_capture.run import Run
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.runs import listing
from kprov_rdf.validate import shacl

EPOCHS = 105  # a run of 2,000 statements
STATEMENTS = 1_000_000
DIFFERENT = 25  # runs that are recorded; they are validated again and again
REPEATS = 7


def record(home: Home) -> None:
    """Runs with five layers and four metrics an epoch."""
    settings = {"optimizer_name": "Adam", "learning_rate": 0.001, "epochs": EPOCHS}
    layers = [
        Layer(f"dense_{i}", None, f"dense_{i}", "Dense", i, "relu", None, "None,8", 40)
        for i in range(5)
    ]
    for _ in range(DIFFERENT):
        run = Run("bench", home=home.path)
        run.dataset("train", Dataset("train-set", "train", "numpy.ndarray", samples=10))
        run.start_training(settings)
        run.architecture(layers, 200)
        for epoch in range(EPOCHS):
            loss = 1 / (1 + epoch)
            metrics = {"loss": loss, "accuracy": 1 - loss, "val_loss": loss, "val_accuracy": loss}
            run.epoch(epoch, run.now(), run.now(), 0.5, 0.001, 0, metrics)
        run.end_training("FINISHED")
        run.close()


def texts(home: Home) -> list[tuple[str, list[ox.Triple], str]]:
    """Of each run its IRI, statements, and N-Triples."""
    found = []
    with open_snapshot(home) as store:
        for info in listing(store, store.living):
            triples = store.graph(info.iri)
            text = (ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"").decode()
            found.append((info.iri, triples, text))
    return found


def cpu(action: Callable[[], object]) -> float:
    """Seconds of CPU of this process, all threads."""
    started = time.process_time()
    action()
    return time.process_time() - started


def median(action: Callable[[], object], repeats: int = REPEATS) -> float:
    action()
    return statistics.median(cpu(action) for _ in range(repeats))


def million(runs: list[tuple[str, list[ox.Triple], str]]) -> float:
    """Seconds of CPU for a million statements, a graph a run."""
    done, seconds = 0, 0.0
    while done < STATEMENTS:
        iri, triples, text = runs[(done // len(runs[0][1])) % len(runs)]
        seconds += cpu(lambda iri=iri, text=text: shacl.validate_text(iri, text))
        done += len(triples)
    return seconds * STATEMENTS / done


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        home = create(Path(name) / "home")
        record(home)
        runs = texts(home)
    iri, triples, text = runs[0]
    assert shacl.validate_text(iri, text) == []
    strict = median(lambda: shacl.validate_text(iri, text, "strict"))
    lenient = median(lambda: shacl.validate_text(iri, text, "lenient"))
    stored = median(lambda: shacl.validate(iri, triples))
    peer = median(lambda: list(shacl.with_pyshacl(iri, text, "strict")), 3)
    peer_lenient = median(lambda: list(shacl.with_pyshacl(iri, text, "lenient")), 3)
    said = f"one run of {len(triples):,} statements"
    report(
        "validate",
        [
            Row(f"{said}, strict", strict * 1e3, "ms CPU", 10, False, "pySHACL", peer * 1e3),
            Row(
                f"{said}, lenient", lenient * 1e3, "ms CPU", None, False, "pySHACL",
                peer_lenient * 1e3,
            ),
            Row(f"{said}, strict, from the statements of the store", stored * 1e3, "ms CPU", 10),
            Row("1,000,000 statements, a graph a run, strict", million(runs), "s CPU", 2.5),
            Row("checking our shapes before an engine has them, once", checking() * 1e3, "ms CPU"),
        ],
    )  # fmt: skip


def checking() -> float:
    from kprov_rdf.validate import shapes

    text = shacl.shapes_text("strict")
    return median(lambda: shapes.check(text, "shapes/"))


if __name__ == "__main__":
    main()
