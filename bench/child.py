"""Measuring in a process of its own."""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any


class Child:
    """A forked process that does one thing and ends: what it imports its parent has imported once.

    ``core``: the only one that it may use.
    """

    def __init__(self, work: Callable[..., Any], *args: Any, core: int | None = None) -> None:
        sys.stdout.flush()
        reading, writing = os.pipe()
        self._started = time.perf_counter()
        self._pid = os.fork()
        if self._pid:
            os.close(writing)
            self._answer = os.fdopen(reading)
            return
        status = 1
        try:
            if core is not None:
                os.sched_setaffinity(0, {core})
            found = json.dumps(work(*args))
            os.write(writing, found.encode())
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)  # nothing of the parent's is to be ended here

    def result(self) -> tuple[Any, float, float]:
        """What it found; CPU seconds of it, its threads and its children; seconds by the clock.

        Afterwards ``peak`` is the memory that it had at most, in MiB.
        """
        _, status, used = os.wait4(self._pid, 0)
        seconds = time.perf_counter() - self._started
        self.peak = used.ru_maxrss / 1024
        with self._answer as answer:
            if status:
                raise RuntimeError("a child of the benchmark failed; see above")
            return json.loads(answer.readline()), used.ru_utime + used.ru_stime, seconds
