"""Sends journals to a server while they are written, on a thread of its own.

The journal in the state folder is written as always; it is what is sent from, so
training never waits for a server. Where that does not answer, it is tried again, ever
less often. What is not sent when the process ends is sent by the next one that
records into the same folder, or by ``kprov ship``.
"""

import os
import random
import threading
import time
from pathlib import Path

from kprov_capture import delivery, guard
from kprov_capture.delivery import Link, Spooled
from kprov_capture.home import Home
from kprov_capture.process import HEARTBEAT_SECONDS
from kprov_capture.target import DeliveryError, LaterError, RejectedError, Target

# Batches that come close together go together; an epoch is on its way after this long.
_GATHER_SECONDS = 0.05
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
# The end of a process waits no longer than this for what is left.
EXIT_SECONDS = 3.0


class Shipper:
    """Sends the journals of one folder to one server; the thread starts with the first."""

    def __init__(self, home: Home, to: Target) -> None:
        self._home, self._target = home, to
        self._link = Link(to)
        self._todo: dict[str, Spooled] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._drained = threading.Event()
        self._pause = 0.0  # until it is tried again, where it failed
        self._warned: set[type[DeliveryError]] = set()
        self._thread: threading.Thread | None = None

    def follow(self, run_id: str) -> None:
        """Send the journal of this run, of which nothing is written yet, and what was left."""
        with self._lock:
            self._todo[run_id] = Spooled(self._home, run_id, live=True)
            self._todo[run_id].note(self._target)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="kprov-shipper", daemon=True
                )
                self._thread.start()

    def wake(self) -> None:
        """There is more to send."""
        self._wake.set()

    def left(self) -> int:
        """How many journals the server lacks a part of."""
        with self._lock:
            return sum(one.behind for one in self._todo.values())

    def drain(self, seconds: float) -> bool:
        """Send what is there, for at most ``seconds``; whether the server has all of it."""
        if self._thread is None or not self._thread.is_alive():
            return self.left() == 0
        self._drained.clear()
        self._ending.set()
        self._wake.set()
        self._drained.wait(seconds)
        self._ending.clear()
        return self.left() == 0

    def say_what_is_left(self) -> None:
        guard.log.warning(
            "kprov has not sent all to %s: a part of %d run(s) is kept in %s only. The next "
            "training that records there sends it, or 'kprov ship'.",
            self._target.url,
            self.left(),
            self._home.path,
        )

    # -- on the thread

    def _work(self) -> None:
        try:
            self._take_up()
        except Exception as error:
            guard.report_from_background(error, "look for runs that were not sent")
        while True:
            ending = self._ending.is_set()
            try:
                self._turn()
                self._pause = 0.0
            except DeliveryError as error:
                self._failed(error)
            except Exception as error:
                guard.report_from_background(error, "send what was recorded")
                self._failed(LaterError(""))
            if ending:
                self._drained.set()
            self._rest()

    def _take_up(self) -> None:
        """What was left by processes that are gone."""
        for one in delivery.waiting(self._home, self._target):
            with self._lock:
                self._todo.setdefault(one.run_id, one)

    def _rest(self) -> None:
        """Wait until there is something to send, and where it failed, a while."""
        if self._drained.is_set() and self._ending.is_set():
            time.sleep(_GATHER_SECONDS)  # whoever waits is about to go
        elif self._pause:
            # Chance, so that many trainers do not all come back at once.
            self._ending.wait(self._pause * random.uniform(0.5, 1.0))  # noqa: S311
        else:
            self._wake.wait(HEARTBEAT_SECONDS)
            self._ending.wait(_GATHER_SECONDS)
        self._wake.clear()

    def _turn(self) -> None:
        with self._lock:
            todo = list(self._todo.values())
        for one in todo:
            one.behind = True
        for one in todo:
            rejected = None
            try:
                one.deliver(self._link)
            except RejectedError as error:
                rejected = str(error)
                guard.log.warning("kprov could not send run %s: %s", one.run_id, rejected)
            if one.ended or rejected or not one.live:
                one.note(self._target, rejected)
                with self._lock:
                    del self._todo[one.run_id]

    def _failed(self, error: DeliveryError) -> None:
        later = isinstance(error, LaterError)
        self._pause = min(self._pause * 2 or _FIRST_PAUSE, _LONGEST_PAUSE)
        if not later:
            self._pause = _LONGEST_PAUSE  # somebody has to change something
        if str(error) and type(error) not in self._warned:
            self._warned.add(type(error))
            guard.log.warning(
                "kprov could not send what was recorded: %s It is kept in %s, and tried again now "
                "and then. The training goes on.",
                error,
                self._home.path,
            )


_shippers: dict[tuple[Path, Target], Shipper] = {}
_lock = threading.Lock()


def _forget_all() -> None:
    """In a forked child: what the parent records is the parent's to send."""
    global _lock
    _lock = threading.Lock()
    _shippers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def follow(home: Home, to: Target, run_id: str) -> Shipper:
    """Have the journal of a new run sent."""
    with _lock:
        one = _shippers.setdefault((home.path, to), Shipper(home, to))
    one.follow(run_id)
    return one


def drain() -> None:
    """At the end of the process: send what is left, for a few seconds at most."""
    until = time.monotonic() + EXIT_SECONDS
    for one in list(_shippers.values()):
        if not one.drain(max(0.0, until - time.monotonic())):
            one.say_what_is_left()
