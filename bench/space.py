"""Bytes on disk: of an epoch and of a run, in the journals and in the store; what maintenance does.

Runs of 100 epochs with four metrics, recorded as a training records them and loaded as a server
loads them, an epoch at a time, or as a store is built anew. Beside it the same values as CSV.
"""

import csv
import random
import shutil
import tempfile
from pathlib import Path

from common import Row, quick, report

from kprov_capture.home import Home, create
from kprov_capture.run import Run
from kprov_rdf import ingest
from kprov_rdf.store import LOG_BYTES, owned
from kprov_rdf.upkeep import compaction, removal
from kprov_rdf.upkeep.collection import collect
from kprov_rdf.upkeep.compaction import size

RUNS, EPOCHS = (10, 100) if quick() else (100, 100)
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy")


def record(home: Home, chance: random.Random, beside: Path) -> None:
    """One run, and the same values as CSV."""
    run = Run("bench", home=home.path)
    run.start_training({"optimizer_name": "Adam", "learning_rate": 0.001, "epochs": EPOCHS})
    with beside.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", *METRICS])
        for number in range(EPOCHS):
            values = {name: chance.random() for name in METRICS}
            run.epoch(number, run.now(), run.now(), 0.5, 0.001, 0, values)
            writer.writerow([number, *values.values()])
    run.end_training("FINISHED")
    run.close()


def per_epoch(paths: list[Path]) -> float:
    return size(paths) / (RUNS * EPOCHS)


def quads(text: bytes) -> float:
    """Statements of one epoch: those of a batch with the metrics of one."""
    batches = [one for one in text.split(b"# commit ") if b"dnnprov#valLoss>" in one]
    epochs = [one for one in batches if b"#epoch-" in one]
    return max(sum(line.startswith(b"<") for line in one.splitlines()) for one in epochs)


def online(home: Home, text: bytes) -> tuple[int, int]:
    """Load batch by batch: the longest log meanwhile, and the log that is left."""
    longest = 0
    with owned(home) as store:
        for batch in text.split(b"# commit "):
            store.load(b"# commit " + batch)
            longest = max(longest, store.log_bytes())
    return longest, size(home.store.glob("*.log"))


def main() -> None:
    chance = random.Random(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home, tables = create(folder / "home"), folder / "csv"
        tables.mkdir()
        for number in range(RUNS):
            record(home, chance, tables / f"{number}.csv")
        live = sorted(home.journal.glob("*.nq"))
        text = b"".join(path.read_bytes() for path in live)
        written, table = per_epoch(live), per_epoch([tables])
        other = create(folder / "online")
        longest, left = online(other, text)
        ingest.open_snapshot(home).close()
        archived = per_epoch([home.done])
        shutil.rmtree(home.store)
        ingest.open_snapshot(home).close()
        built = per_epoch([home.store])
        compaction.compact(home)
        compacted = per_epoch([home.store])
        freed = half(home)
    peer = {"peer": "CSV of the same values", "peer_value": table}
    mib = 1 << 20
    report(
        "space",
        [
            Row("statements of an epoch with four metrics", quads(text), "quads", 17),
            Row("journal of a run that goes on, per epoch", written, "bytes", **peer),
            Row("journal of a run that has ended, per epoch", archived, "bytes", **peer),
            Row(f"journal of a run of {EPOCHS} epochs", archived * EPOCHS / 1024, "KiB"),
            Row("store built of the journals, per epoch", built, "bytes", **peer),
            Row("the same after kprov optimize", compacted, "bytes", **peer),
            Row(f"store of a run of {EPOCHS} epochs", compacted * EPOCHS / 1024, "KiB"),
            Row("longest write-ahead log of a store that stays open", longest / mib, "MiB", 32),
            Row("write-ahead log after the store is closed", left / mib, "MiB", LOG_BYTES / mib),
            Row("store after half of the runs were removed and freed", freed, "of before", 0.6),
        ],
    )  # fmt: skip


def half(home: Home) -> float:
    """The part of the store that is left after half of the runs were removed."""
    before = size([home.store])
    with ingest.open_snapshot(home) as store:
        names = [name for name in store.graphs() if "/run/" in name][::2]
        planned = removal.plan(home, store, names)
    removal.remove(home, planned)
    collect(home)
    return size([home.store]) / before


if __name__ == "__main__":
    main()
