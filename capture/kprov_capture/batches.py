"""The metrics of each batch, from the calling thread to a .npy file.

The calling thread appends to a list; a thread of its own empties that list twice a
second, and when an epoch ends.
"""

import math
import os
from collections.abc import Mapping
from operator import le
from typing import Any

from kprov_capture import guard
from kprov_capture.record import Record
from kprov_capture.series_file import SeriesFile
from kprov_capture.ticker import Ticker

LOCAL = "batches"
_KEYS = (("epoch", "<i8"), ("step", "<i8"))
# A row is in the file after two looks at most: a second.
_SECONDS = 0.5
# So many rows are taken at once even if that is not over.
_MANY = 4096
# A look leaves so many of the rows that came since the last one: a thread of a pool may
# still have one that goes before them.
_OUT_OF_ORDER = 64


class Batches:
    """The series of one training; it begins with its first row."""

    def __init__(self, record: Record) -> None:
        self._file = SeriesFile(record, LOCAL, _KEYS)
        self._rows: list[Any] = []  # epoch, step, metrics, epoch, step, metrics, …
        self._held: list[Any] = []
        self._ended = -math.inf  # the last epoch that ended
        self._pid = os.getpid()
        self._ticker = Ticker("kprov-batches", self._look, _SECONDS)
        self._ticker.start()

    def add(self, epoch: int, step: int, metrics: Mapping[str, float]) -> None:
        """Hand over one row, from any thread."""
        rows = self._rows
        try:
            # A copy: whoever called may use the mapping again. Not a tuple for each row: the
            # garbage collector would look through them.
            rows += (epoch, step, dict(metrics))
        except Exception as error:
            if guard.strict():
                raise
            guard.report(error, "record the metrics of a batch")
            return
        if not len(rows) % (3 * _MANY):
            self._ticker.wake()
            if os.getpid() != self._pid:
                rows.clear()  # in a forked child nobody takes them

    def epoch_ended(self, epoch: int) -> None:
        """No row of this epoch comes any more: have all of them written."""
        self._ended = epoch
        self._ticker.wake()

    def end(self, timeout: float) -> None:
        """No row comes any more: write the rest, and say what is in the file."""
        if not self._ticker.stop(timeout):
            guard.log.warning("kprov did not finish writing %s in time", self._file.table.path)

    def _look(self, last: bool) -> None:
        ended, count = math.inf if last else self._ended, len(self._rows)
        flat = _ordered(self._held + self._rows[:count])
        del self._rows[:count]  # what is appended meanwhile stays
        until = len(flat) - 3 * _open_rows(flat, ended, min(count // 3, _OUT_OF_ORDER))
        self._held = flat[until:]
        try:
            if until:
                self._file.add((flat[:until:3], flat[1:until:3]), flat[2:until:3])
            else:
                self._file.table.flush()
        finally:
            if last:
                self._file.end()


def _open_rows(flat: list[Any], ended: float, most: int) -> int:
    """How many of the last rows, at most ``most``, are of an epoch that has not ended."""
    try:
        return sum(epoch > ended for epoch in flat[len(flat) - 3 * most :: 3])
    except TypeError:
        return 0


def _ordered(flat: list[Any]) -> list[Any]:
    """The rows by epoch and step; as they came where a place is no number."""
    try:
        steps = flat[1::3]
        if len(set(flat[::3])) <= 1 and all(map(le, steps, steps[1:])):
            return flat
        places = list(zip(flat[::3], steps, strict=True))
        order = sorted(range(len(places)), key=places.__getitem__)
    except TypeError:
        return flat
    return [cell for at in order for cell in flat[3 * at : 3 * at + 3]]
