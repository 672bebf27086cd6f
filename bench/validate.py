"""Validating: runs by the shapes, beside pySHACL; and PROV-CONSTRAINTS to a million records.

A record is a statement of PROV-DM. The documents are N-Quads, read and checked on one core; the
prov package, which has no validator, merges statements (constraints 22 and 23) in the same run.
"""

import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
from child import Child
from common import Row, report
from instances import SHAPES, ordinary

from kprov_capture.facts import Dataset, Layer
from kprov_capture.home import Home, create
from kprov_capture.run import Run
from kprov_rdf.dm import provo
from kprov_rdf.dm.model import Document
from kprov_rdf.ingest import open_snapshot
from kprov_rdf.runs import listing
from kprov_rdf.store import LocalStore
from kprov_rdf.validate import constraints, inputs, shacl

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
            *constraint_rows(),
        ],
    )  # fmt: skip


def checked(data: bytes, stored: bool = False) -> dict[str, float]:
    """Seconds of CPU to read a document, or what a store has of it, and to check it."""
    store = LocalStore()
    if stored:
        store.load(data.replace(b" .\n", b" <http://example.org/graph> .\n"))
    started = time.process_time()
    if stored:
        triples = store.graph("http://example.org/graph")
        document = provo.triples(triples, Document("store", "RDF"), None)
    else:
        document = inputs.read(data, "document.nq")
    read = time.process_time()
    found = constraints.check(document)
    return {
        "read": read - started,
        "check": time.process_time() - read,
        "records": sum(one.statements for one in found),
        "violations": sum(len(one.violations) + one.more for one in found),
    }


def alone(data: bytes, stored: bool = False) -> dict[str, float]:
    """The same in a process of its own, with the memory that it took at most, in MiB."""
    child = Child(checked, data, stored, core=min(os.sched_getaffinity(0)))
    found, _, _ = child.result()
    return {**found, "peak": child.peak}


def merged_by_prov(data: bytes) -> float:
    """Seconds of CPU of the prov package to merge the statements of a document."""
    from prov.model import ProvDocument

    document = ProvDocument.deserialize(content=data.decode(), format="rdf", rdf_format="nt")
    return cpu(document.unified)


def constraint_rows() -> list[Row]:
    sizes = (10_000, 100_000, 1_000_000)
    found = {}
    for size in sizes:
        found[size] = alone("".join(ordinary(size)).encode())
        assert not found[size]["violations"]
    whole = {size: one["read"] + one["check"] for size, one in found.items()}
    slope = statistics.linear_regression(
        [math.log(size) for size in sizes], [math.log(whole[size]) for size in sizes]
    ).slope
    small = "".join(ordinary(10_000)).encode()
    prov = merged_by_prov(small)
    stored = alone("".join(ordinary(100_000)).encode(), True)
    rows = [
        Row("constraints, 10,000 records from N-Quads", whole[sizes[0]], "s CPU", None, False,
            "prov, merging alone", prov),
        Row("constraints, 100,000 records from N-Quads", whole[sizes[1]], "s CPU", 5),
        Row("the same from a store", stored["read"] + stored["check"], "s CPU", 5),
        Row("constraints, 1,000,000 records from N-Quads", whole[sizes[2]], "s CPU", 60),
        Row("of it, checking", found[sizes[2]]["check"], "s CPU"),
        Row("memory at most", found[sizes[2]]["peak"], "MiB", 2048),
        Row("exponent of the time over 10,000 to 1,000,000 records", slope, "", 1.1),
    ]  # fmt: skip
    for name, make in SHAPES.items():
        size = 100_000 if name.startswith("existential") else 1_000_000
        one = alone("".join(make(size)).encode())
        assert bool(one["violations"]) == name.endswith("invalid")
        what = f"constraints, {one['records']:,} records: {name}"
        rows.append(Row(what, one["read"] + one["check"], "s CPU", 60))
    return rows


def checking() -> float:
    from kprov_rdf.validate import shapes

    text = shacl.shapes_text("strict")
    return median(lambda: shapes.check(text, "shapes/"))


if __name__ == "__main__":
    main()
