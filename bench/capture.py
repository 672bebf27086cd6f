"""What capture costs the training thread, beside Keras's own CSVLogger in the same run.

CPU time of the training thread (`time.thread_time`), which other processes do not
change; the delay from the hand-over to the return of `write()`; and what an import costs.
"""

import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
from common import Row, quantile, report
from fits import TRAIN, Stopwatch, digits, tiny

import kprov_capture.keras as kprov
from kprov_capture.keras import wrappers
from kprov_capture.run import Run

EPOCHS, SKIPPED = 300, 20
BURSTS, HANDED = 20, 1_000
IMPORT = """
import json, sys, time
before = set(sys.modules)
started = time.process_time()
import {module}
seconds = time.process_time() - started
tops = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(json.dumps([seconds, sorted(tops - sys.stdlib_module_names - {{"kprov_capture"}})]))
"""


def per_epoch(folder: Path) -> tuple[float, float, list[float]]:
    """CPU ms per epoch of ours and of CSVLogger, and each delay in ms until it is written."""
    x, y = digits()
    ours, csv = kprov.Provenance("bench", home=folder), keras.callbacks.CSVLogger(folder / "l.csv")
    watches = Stopwatch(), Stopwatch()
    with (
        delays() as found,
        watches[0].callbacks(lambda callback: callback is ours),
        watches[1].callbacks(lambda callback: callback is csv),
    ):
        tiny().fit(
            x[:TRAIN], y[:TRAIN], validation_data=(x[TRAIN:], y[TRAIN:]), batch_size=512,
            epochs=EPOCHS, verbose=0, callbacks=[ours, csv],
        )  # fmt: skip
        assert ours.run is not None
        ours.run.close()
    cost = [watch.per_epoch(SKIPPED) * 1e3 for watch in watches]
    return cost[0], cost[1], found


def handed_over(folder: Path, count: int) -> float:
    """CPU µs on the calling thread for each value, where ``count`` metrics make an epoch.

    The median of some bursts; between them the writer comes to rest, as it does in a
    training, where a backlog would have Python's collector of garbage look at it.
    """
    metrics = {f"metric-{n}": n / 7 for n in range(count)}
    found = []
    with Run("bench", home=folder) as run:
        run.start_training({"optimizer_name": "Adam"})
        at = run.now()
        for burst in range(BURSTS):
            run.settle(60)
            started = time.thread_time()
            for number in range(burst * HANDED, (burst + 1) * HANDED):
                run.epoch(number, at, at, 0.1, 0.001, 0, metrics)
            found.append((time.thread_time() - started) / HANDED / count * 1e6)
    return statistics.median(found)


def imported(module: str) -> tuple[float, list[str]]:
    """CPU seconds of an import in a new process, median of 11; and what it brings of others."""
    command = [sys.executable, "-c", IMPORT.format(module=module)]
    answers = [json.loads(subprocess.check_output(command)) for _ in range(12)][1:]
    return statistics.median(answer[0] for answer in answers), answers[0][1]


@contextlib.contextmanager
def delays() -> Iterator[list[float]]:
    """Collects, for each epoch, the ms from ``Run.epoch`` to the return of ``write``."""
    put_at: dict[int, float] = {}
    found: list[float] = []
    put, write = Run.epoch, Run._write_epoch

    def stamped(self: Run, number: int, *args: Any) -> None:
        put_at[number] = time.perf_counter()
        put(self, number, *args)

    def written(self: Run, number: int, *args: Any) -> None:
        write(self, number, *args)
        found.append((time.perf_counter() - put_at[number]) * 1e3)

    Run.epoch, Run._write_epoch = stamped, written  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Run.epoch, Run._write_epoch = put, write  # type: ignore[method-assign]


def around(folder: Path) -> tuple[float, float]:
    """CPU ms on the calling thread before the first epoch and after the last one.

    The wrapper of fit around a loop that calls the hooks as fit does and trains nothing.
    """
    x, y = digits()
    model = tiny()
    marks: list[float] = []

    def loop(
        self: Any, x: Any = None, y: Any = None, epochs: int = 1, callbacks: Any = None
    ) -> None:
        hooks = keras.callbacks.CallbackList(callbacks, model=self, epochs=epochs)
        hooks.on_train_begin()
        marks.append(time.thread_time())
        hooks.on_epoch_begin(0)
        hooks.on_epoch_end(0, {"loss": 1.0})
        marks.append(time.thread_time())
        hooks.on_train_end()

    fit: Callable[..., None] = wrappers._wrap_fit(loop)
    before, after = [], []
    for _ in range(10):
        marks.clear()
        provenance = kprov.Provenance("bench", home=folder)
        started = time.thread_time()
        fit(model, x, y, epochs=1, callbacks=[provenance])
        ended = time.thread_time()
        before.append((marks[0] - started) * 1e3)
        after.append((ended - marks[1]) * 1e3)
        assert provenance.run is not None
        provenance.run.close()
    return max(before), max(after)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before, after = around(folder)  # first, so that its worst is that of a fresh process
        ours, csv, found = per_epoch(folder)
        four, one = handed_over(folder, 4), handed_over(folder, 1)
    floor, _ = imported("csv")
    package, others = imported("kprov_capture")
    recorder, more = imported("kprov_capture.run")
    report(
        "capture",
        [
            Row("training thread, CPU per epoch (4 metrics and the rate)", ours, "ms", 0.1,
                peer="CSVLogger", peer_value=csv),
            Row("hand-over of a value, CPU of the calling thread (4 in an epoch)",
                four, "µs", 0.5),
            Row("the same, one in an epoch", one, "µs"),
            Row("training thread, CPU before the first epoch (worst of 10)", before, "ms", 30),
            Row("training thread, CPU after the last epoch (worst of 10)", after, "ms", 50),
            Row("hand-over to return of write(), median", statistics.median(found), "ms"),
            Row("hand-over to return of write(), 99th percentile", quantile(found, 0.99), "ms", 50),
            Row("import kprov_capture, in a new process", package, "s CPU", 0.05,
                peer="import csv", peer_value=floor),
            Row("import kprov_capture.run, the recorder", recorder, "s CPU", 0.05,
                peer="import csv", peer_value=floor),
            Row("packages of others that they import", len({*others, *more}), "packages", 0),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
