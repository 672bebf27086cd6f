"""Loading into the store, and what a reader pays for a snapshot."""

import statistics
import tempfile
import time
from pathlib import Path

import pyoxigraph as ox
from common import Row, quantile, report

from kprov_capture.home import create
from kprov_capture.identity import Names, uuid7
from kprov_capture.run import Run
from kprov_capture.statements import epoch
from kprov_rdf import ingest
from kprov_rdf.store import LocalStore, owned, snapshot

QUADS = 1_000_000
BATCHES = 2_000


def epochs(count: int) -> bytes:
    """So many quads as runs of 100 epochs with four metrics have them: 17 an epoch."""
    parts = []
    metrics = {"loss": 0.5, "accuracy": 0.25, "val_loss": 0.75, "val_accuracy": 0.125}
    names = Names(uuid7())
    for number in range(count // 17 + 1):
        if number % 100 == 0:
            names = Names(uuid7())
        told = {key: value + number / 1e6 for key, value in metrics.items()}
        at = 1.7e9 + number
        parts.append(epoch(names, number % 100, at, at + 0.9, 0.9, 0.001, 0, told))
    return "".join(parts).encode()


def bulk(folder: Path) -> tuple[float, float]:
    """Quads a second of our load into an empty disk store, and of rdflib's into memory."""
    import rdflib

    text = epochs(QUADS)
    count = text.count(b"\n")
    store = LocalStore(folder / "bulk")
    started = time.perf_counter()
    store.load(text)
    ours = count / (time.perf_counter() - started)
    part = b"\n".join(text.splitlines()[:20_000])
    started = time.perf_counter()
    rdflib.Dataset().parse(data=part, format="nquads")
    return ours, 20_000 / (time.perf_counter() - started)


def online(folder: Path) -> list[float]:
    """ms of each load of a batch of 50 quads, as an online run brings them."""
    lines = epochs(BATCHES * 50).splitlines(keepends=True)
    store = LocalStore(folder / "online")
    found = []
    for start in range(0, BATCHES * 50, 50):
        batch = b"".join(lines[start : start + 50])
        started = time.perf_counter()
        store.load(batch)
        found.append((time.perf_counter() - started) * 1e3)
    return found


def snapshots(folder: Path) -> list[float]:
    """ms from opening the store to a snapshot that can be asked."""
    home = create(folder / "home")
    with owned(home) as store:
        store.load(epochs(QUADS))
    found = []
    for _ in range(20):
        started = time.perf_counter()
        with owned(home) as store:
            reader = snapshot(home, store)
        found.append((time.perf_counter() - started) * 1e3)
        reader.close()
    return found


def visible(folder: Path) -> list[float]:
    """ms from the hand-over of an epoch to its presence in a new snapshot."""
    run = Run("bench", home=folder / "live")
    run.start_training({"optimizer_name": "Adam"})
    home = create(folder / "live")
    found = []
    for number in range(30):
        started = time.perf_counter()
        run.epoch(number, run.now(), run.now(), 0.1, 0.001, 0, {"loss": 0.5})
        seen = False
        while not seen:
            with ingest.open_snapshot(home) as reader:
                text = f"ASK {{ ?m dnnprov:epoch {number} ; dnnprov:loss ?l }}"
                seen = bool(reader.query(text))
        found.append((time.perf_counter() - started) * 1e3)
    run.close()
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, peer = bulk(folder)
        loads = online(folder)
        made = snapshots(folder)
        seen = visible(folder)
    report(
        "store",
        [
            Row(f"bulk load into an empty disk store ({QUADS:,} quads, two cores)", ours, "quads/s",
                100_000, least=True, peer="rdflib in memory", peer_value=peer),
            Row("batch of 50 quads, median", statistics.median(loads), "ms"),
            Row("batch of 50 quads, 99th percentile", quantile(loads, 0.99), "ms", 2),
            Row("open the store and take a snapshot, median", statistics.median(made), "ms"),
            Row("epoch handed over to epoch in an answer, worst of 30", max(seen), "ms", 1000),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    ox.Store()  # load the library outside of what is timed
    main()
