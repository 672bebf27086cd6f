"""Batches: hands what Keras reports at each batch over to a run."""

import math
import threading
from collections.abc import Mapping
from typing import Any

import keras

from kprov_capture import guard
from kprov_capture.run import Run


class Batches(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Records the metrics of each batch, by :meth:`kprov_capture.run.Run.batch`.

    ``run`` may also be set later, at the beginning of the training; without one
    nothing is recorded. ``step`` is the last step of the epoch, from 0, that the values
    cover: with ``steps_per_execution`` one call stands for several.
    """

    # On JAX and torch it may be called from the threads of a pool, in any order: else each
    # step would wait for the device.
    async_safe = True

    def __init__(self, run: Run | None = None) -> None:
        super().__init__()
        self.run = run
        self._forget()

    def _forget(self) -> None:
        self._epoch = 0
        self._last_step: float = math.inf
        # Where nobody knows the number of steps, the last call of an epoch may count too many:
        # it waits here until the end of the epoch says how many steps there were.
        self._waits = False
        self._waiting: tuple[int, Mapping[str, float]] | None = None
        self._lock: Any = threading.Lock()
        self._iterations = 0

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "run": None, "_model": None}
        return {key: value for key, value in state.items() if key not in ("_lock", "_waiting")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    @guard.guarded("follow the batches")
    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._epoch, self._waiting = epoch, None
        steps = (self.params or {}).get("steps")
        self._last_step = steps - 1 if steps else math.inf
        self._waits = not steps and getattr(self.model, "steps_per_execution", 1) > 1
        if self._waits:
            self._iterations = self._counted()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        if self.run is None or not logs:
            return
        if self._waits:
            self._wait(batch, logs)
        else:
            self.run.batch(self._epoch, int(min(batch, self._last_step)), logs)

    @guard.guarded("record the metrics of a batch")
    def _wait(self, batch: int, logs: Mapping[str, float]) -> None:
        """The last call so far waits, and the one before it goes."""
        with self._lock:
            first, self._waiting = self._waiting, (batch, logs)
            if first is not None and first[0] > batch:
                first, self._waiting = self._waiting, first
        if first is not None and self.run is not None:
            self.run.batch(self._epoch, *first)

    @guard.guarded("record the last batch of an epoch")
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._waiting is None or self.run is None:
            return
        (batch, values), self._waiting = self._waiting, None
        # The model is in step with the device now. A train_step of the user's own may count none.
        steps = self._counted() - self._iterations
        self.run.batch(epoch, min(batch, steps - 1) if steps > 0 else batch, values)

    def _counted(self) -> int:
        return int(self.model.optimizer.iterations)
