"""One daemon thread that works through jobs in order, off the training thread."""

import os
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from kprov_capture import guard

Job = tuple[Callable[..., None], tuple[Any, ...]]


class Ticket:
    """Whether a job was done with what it was given before its owner could change that again."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.late = False


class Background:
    """A queue of jobs and the thread that runs them; the thread starts with the first job.

    Once it runs, it also calls ``beat`` about every ``beat_seconds``.
    """

    def __init__(
        self, name: str, beat: Callable[[], None] | None = None, beat_seconds: float | None = None
    ) -> None:
        self._name = name
        self._beat = beat
        self._beat_seconds = beat_seconds
        self._forget_thread()
        if hasattr(os, "register_at_fork"):
            # Threads do not survive a fork, and the parent's jobs are the parent's to do.
            os.register_at_fork(after_in_child=self._forget_thread)

    def _forget_thread(self) -> None:
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._thread: threading.Thread | None = None
        # Python may collect a model at any time, also here, and close its run on this thread.
        self._start_lock = threading.RLock()

    def put(self, job: Callable[..., None], *args: Any) -> None:
        """Have ``job(*args)`` done later. Costs the caller less than a microsecond."""
        self._jobs.put((job, args))
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        with self._start_lock:
            thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            if self._thread is None:
                self._thread = thread
                try:
                    thread.start()
                except RuntimeError:  # the system gives no more threads: the next job tries again
                    self._thread = None
                    raise

    def _work(self) -> None:
        last_beat = time.monotonic()
        while True:
            self._one_job()
            if self._beat and time.monotonic() - last_beat >= (self._beat_seconds or 0):
                last_beat = time.monotonic()
                try:
                    self._beat()
                except Exception as error:
                    guard.report_from_background(error, "give a sign of life")

    def _one_job(self) -> None:
        # A function of its own: after it, nothing here holds the job's data sets.
        try:
            job, args = self._jobs.get(timeout=self._beat_seconds)
        except Empty:
            return
        try:
            job(*args)
        except Exception as error:
            what = getattr(job, "__name__", "job").strip("_").replace("_", " ")
            guard.report_from_background(error, f"record a part of the training ({what})")

    def flush(self, timeout: float) -> bool:
        """Wait until every job put so far is done; False when ``timeout`` seconds pass first."""
        if self._thread is None or threading.current_thread() is self._thread:
            return True
        done = threading.Event()
        self.put(done.set)
        return done.wait(timeout)
