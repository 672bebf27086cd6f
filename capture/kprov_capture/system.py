"""Samples of the system's load while a training goes on, to a .npy file."""

import math
from typing import TYPE_CHECKING

from kprov_capture import guard
from kprov_capture.load import MACHINE_CPU, MACHINE_MEMORY, PROCESS_MEMORY, Load
from kprov_capture.record import Record
from kprov_capture.series_file import SeriesFile
from kprov_capture.ticker import Ticker

if TYPE_CHECKING:
    from kprov_capture.gpu import Gpus

LOCAL = "system"
LEAST_SECONDS = 0.1
_KEYS = (("time", "<f8"),)
_WANTED = (MACHINE_CPU, PROCESS_MEMORY, MACHINE_MEMORY)


def check_interval(seconds: float) -> float:
    """``seconds`` as a float. Raises ``ValueError`` unless it is 0.1 or more, and finite."""
    if isinstance(seconds, (int, float)) and LEAST_SECONDS <= seconds < math.inf:
        return float(seconds)
    raise ValueError(
        f"the seconds between two samples of the system must be a number from {LEAST_SECONDS} on, "
        f"such as 5; found {seconds!r}"
    )


class System:
    """The series of one training: time (seconds since 1970), and what could be measured then.

    The thread begins when it is made, and ends with :meth:`end`.
    """

    def __init__(self, record: Record, seconds: float) -> None:
        self._record = record
        self._seconds = check_interval(seconds)
        self._file = SeriesFile(record, LOCAL, _KEYS, self._seconds)
        self._load = Load()
        self._gpus: Gpus | None = None
        self._ticker = Ticker("kprov-system", self._sample, self._seconds)
        self._ticker.start()
        self._ticker.wake()

    def end(self, timeout: float) -> None:
        """The training ended: take the last sample, and say what is in the file."""
        if not self._ticker.stop(timeout):
            guard.log.warning("kprov did not finish writing %s in time", self._file.table.path)

    def _sample(self, last: bool) -> None:
        if self._gpus is None:  # at once, and here: starting a process takes its time
            from kprov_capture.gpu import Gpus  # subprocess takes milliseconds to import

            self._gpus = Gpus(self._seconds)
            if not last:
                return
        try:
            self._file.add([[self._record.now()]], [self._load.look() | self._gpus.look()])
        finally:
            if last:
                self._gpus.close()
                known = self._file.table.columns
                absent = [name for name in _WANTED if name not in known]
                told = f"{', '.join(absent)} could not be found out here" if absent else None
                self._file.end(told, self._gpus.missing())
