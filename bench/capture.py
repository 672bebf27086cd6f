"""What capture costs the training thread, beside Keras's own CSVLogger in the same run.

CPU time of the training thread (`time.thread_time`), which other processes do not
change; and the delay from the hand-over to the return of `write()`.
"""

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
from common import Row, quantile, report
from sklearn.datasets import load_digits

import kprov_capture.keras as kprov
from kprov_capture.keras import wrappers
from kprov_capture.run import Run

EPOCHS = 300


class Stopwatch:
    """Sums the CPU time of the calling thread inside of some functions, call by call."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def watch(self, owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.thread_time()
            try:
                return original(*args, **kwargs)
            finally:
                self.seconds.append(time.thread_time() - started)

        setattr(owner, name, timed)


def network() -> keras.Model:
    model = keras.Sequential(
        [
            keras.layers.Input((64,)),
            keras.layers.Dense(32, "relu"),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def per_epoch(folder: Path) -> tuple[float, float, list[float]]:
    """CPU ms per epoch of ours and of CSVLogger, and each delay in ms until it is written."""
    data = load_digits()
    x, y = (data.data / 16).astype("float32"), data.target
    ours, csv = kprov.Provenance("bench", home=folder), keras.callbacks.CSVLogger(folder / "l.csv")
    watches = Stopwatch(), Stopwatch()
    for watch, callback in zip(watches, (ours, csv), strict=True):
        for hook in ("on_epoch_begin", "on_epoch_end"):
            watch.watch(callback, hook)
    with delays() as found:
        network().fit(
            x[:1400], y[:1400], validation_data=(x[1400:], y[1400:]), batch_size=512,
            epochs=EPOCHS, verbose=0, callbacks=[ours, csv],
        )  # fmt: skip
        assert ours.run is not None
        ours.run.close()
    # The first epochs pay for imports and caches of both.
    cost = [sum(watch.seconds[20:]) / (len(watch.seconds[20:]) / 2) * 1e3 for watch in watches]
    return cost[0], cost[1], found


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
    data = load_digits()
    model = network()
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
        fit(model, data.data, data.target, epochs=1, callbacks=[provenance])
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
    report(
        "capture",
        [
            Row("training thread, CPU per epoch (4 metrics and the rate)", ours, "ms", 0.1,
                peer="CSVLogger", peer_value=csv),
            Row("training thread, CPU before the first epoch (worst of 10)", before, "ms", 30),
            Row("training thread, CPU after the last epoch (worst of 10)", after, "ms", 50),
            Row("hand-over to return of write(), median", statistics.median(found), "ms"),
            Row("hand-over to return of write(), 99th percentile", quantile(found, 0.99), "ms", 50),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
