"""What the metrics of each batch cost, beside a CSV file and SQLite in the same run.

CPU time of the training thread (`time.thread_time`) and of the whole process
(`time.process_time`), which other processes do not change. The peers write each batch
when it comes.
"""

import csv
import sqlite3
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from common import Row, report

from kprov_capture.run import Run

VALUES = 1_000_000
PEER_BATCHES = 20_000
NAMES = ("loss", "accuracy", "auc", "f1")
Hand = Callable[[int, int, Mapping[str, float]], object]


def cost(hand: Hand, end: Callable[[], object], batches: int, width: int) -> tuple[float, float]:
    """CPU in µs for each value: of the calling thread, and of all threads to the end."""
    metrics = {name: 0.5 + number for number, name in enumerate(NAMES[:width])}
    process, thread = time.process_time(), time.thread_time()
    for step in range(batches):
        hand(0, step, metrics)
    thread = time.thread_time() - thread
    end()
    process = time.process_time() - process
    return thread / (batches * width) * 1e6, process / (batches * width) * 1e6


def ours(folder: Path, width: int) -> tuple[float, float]:
    run = Run("bench", home=folder)
    run.start_training({})
    # What a run finds out once (software, code) is no cost of the batches.
    run.settle(60)
    found = cost(run.batch, lambda: run.end_training("FINISHED"), VALUES // width, width)
    run.close()
    return found


def csv_line(folder: Path, width: int) -> float:
    with open(folder / "batches.csv", "w", newline="") as file:
        writer = csv.writer(file)

        def write(epoch: int, step: int, metrics: Mapping[str, float]) -> None:
            writer.writerow([epoch, step, *metrics.values()])
            file.flush()

        return cost(write, file.flush, PEER_BATCHES, width)[1]


def sqlite_rows(folder: Path, width: int) -> float:
    """A row for each value, committed with each batch, without waiting for the disk."""
    store = sqlite3.connect(folder / "batches.sqlite")
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = OFF")
    store.execute("CREATE TABLE metrics (name TEXT, value REAL, epoch INTEGER, step INTEGER)")

    def write(epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        rows = [(name, value, epoch, step) for name, value in metrics.items()]
        store.executemany("INSERT INTO metrics VALUES (?, ?, ?, ?)", rows)
        store.commit()

    found = cost(write, store.commit, PEER_BATCHES, width)[1]
    store.close()
    return found


def main() -> None:
    rows = []
    for width in (1, 4):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            thread, process = ours(folder, width)
            peers = csv_line(folder, width), sqlite_rows(folder, width)
        what = f"{VALUES:,} values, {width} a batch"
        rows += [
            Row(f"{what}: training thread", thread, "µs a value", 0.5,
                peer="a CSV line and flush a batch", peer_value=peers[0]),
            Row(f"{what}: all threads, to the closed file", process, "µs a value", 2,
                peer="SQLite, a commit a batch", peer_value=peers[1]),
        ]  # fmt: skip
    report("series", rows)


if __name__ == "__main__":
    main()
