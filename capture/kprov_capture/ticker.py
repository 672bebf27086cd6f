"""A daemon thread that does one thing again and again, as long as a training goes on."""

import os
import threading
from collections.abc import Callable

from kprov_capture import guard


class Ticker:
    """Calls ``work(False)`` every ``seconds`` and when woken, and ``work(True)`` once, at its end.

    The thread begins with :meth:`start` and ends with :meth:`stop`. In a forked child there
    is none, and these calls do nothing.
    """

    def __init__(self, name: str, work: Callable[[bool], None], seconds: float) -> None:
        self._work = work
        self._seconds = seconds
        self._wake = threading.Event()
        self._stopped = False
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        # In a child the lock of the event may be held by a thread that is not there.
        if os.getpid() == self._pid:
            self._wake.set()

    def stop(self, timeout: float) -> bool:
        """End the thread after its last work; False where that takes longer than ``timeout``."""
        if os.getpid() != self._pid or threading.current_thread() is self._thread:
            return True
        self._stopped = True
        self._wake.set()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        last = False
        while not last:
            self._wake.wait(self._seconds)
            self._wake.clear()
            last = self._stopped  # read before the work: what comes during it gets one more
            try:
                self._work(last)
            except Exception as error:
                guard.report_from_background(error, f"write values ({self._thread.name})")
