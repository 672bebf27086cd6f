"""What a run records into files of values: metrics of each batch, and the load of the system."""

import threading
from collections.abc import Mapping
from typing import Any

from kprov_capture import guard
from kprov_capture.batches import Batches
from kprov_capture.record import Record
from kprov_capture.system import System

# The time that a training waits at its end for its last values to be written.
_END_SECONDS = 2.0


class Measured(Record):
    """A record with series of values; :class:`kprov_capture.run.Run` is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.has_training = False
        self._claimed = False
        self._training_ended = False
        self._beginning = threading.Lock()
        self._batches: Batches | None = None
        self._system: System | None = None
        super().__init__(*args, **kwargs)

    def claim(self) -> bool:
        """Take the one training that it can have; False where another one did."""
        with self._beginning:
            free = not (self._claimed or self.has_training)
            self._claimed = True
            return free

    def batch(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """What was reported at a batch goes to ``series/{id}/batches.npy``.

        ``epoch`` and ``step`` count from 0. Any thread may call it, between
        :meth:`start_training` and :meth:`end_training`; it costs less than a microsecond.
        """
        batches = self._batches
        if batches is None:
            batches = self._begin_batches()
        if batches is not None:
            batches.add(epoch, step, metrics)

    @guard.guarded("record the metrics of a batch")
    def _begin_batches(self) -> Batches | None:
        with self._beginning:  # batches may come from several threads
            if self._batches is None and self._in_training("batch"):
                self._batches = Batches(self)
            return self._batches

    @guard.guarded("follow the load of the system")
    def follow_system(self, seconds: float) -> None:
        """Sample processor, memory and GPUs into ``series/{id}/system.npy`` till the training ends.

        Every ``seconds``, on a thread of its own. Call it after :meth:`start_training`.
        """
        if self._system is None and self._in_training("follow_system"):
            self._system = System(self, seconds)

    def _in_training(self, wanted: str) -> bool:
        if not self.has_training:
            raise RuntimeError(f"call start_training before {wanted}")
        return self._mine() and not self._training_ended

    def close(self, *, wait: bool = True) -> None:
        """End the execution. Harmless when repeated; nothing is recorded afterwards."""
        if self._mine():
            self._end_series()
        super().close(wait=wait)

    @guard.guarded("end the series of values")
    def _end_series(self) -> None:
        self._training_ended = True
        batches, self._batches = self._batches, None
        system, self._system = self._system, None
        for series in (batches, system):
            if series is not None:
                series.end(_END_SECONDS)
