"""Children that answer queries, each killed when it takes too long or too much.

Oxigraph cannot be interrupted, has no cap on memory, and a hostile query ends the
process it runs in. So none runs in the server.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kprov_rdf.child import program
from kprov_rdf.errors import BusyError, LimitError

_MIB = 1024 * 1024
_START = program("kprov_rdf.server.worker")
_START_SECONDS = 30.0
_ASKED = ("rows", "bytes", "seconds", "memory")


@dataclass(frozen=True)
class Limits:
    """What one query may take: seconds, bytes of memory, rows, and bytes of the answer.

    ``workers`` queries run at once; as many others wait ``patience`` seconds for one to
    end, and more are refused at once: each of them holds a thread of the server.
    """

    seconds: float = 10.0
    memory: int = 1024 * _MIB
    rows: int = 100_000
    bytes: int = 32 * _MIB
    workers: int = 4
    patience: float = 5.0


class _Child:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _START],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._rest = b""
        self._started = False

    def _send(self, told: Mapping[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # it died: its end is read below
            stdin = self._process.stdin
            assert stdin is not None  # noqa: S101
            stdin.write(json.dumps(told).encode() + b"\n")
            stdin.flush()

    def _read(self, until: float) -> bytes:
        """Some bytes. Raises ``LimitError`` when the time is over or the child is gone.

        Before it has started ``BusyError``.
        """
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101
        ready = select.select([stdout], [], [], max(0.0, until - time.monotonic()))[0]
        if not ready and not self._started:
            raise BusyError("A process that answers queries takes long to start. Try again soon.")
        if not ready:
            raise LimitError(
                f"The query took longer than {self._limits.seconds:g} s and was ended. Make it "
                "cheaper (a LIMIT, fewer patterns that share no variable), or start the server "
                "with a larger --query-seconds."
            )
        data = os.read(stdout.fileno(), _MIB)
        if not data:
            raise LimitError(self._how_it_ended())
        return data

    def _how_it_ended(self) -> str:
        code = self._process.wait()
        if code == -signal.SIGABRT:  # Rust's, where no memory is to be had
            return memory_message(self._limits)
        return (
            f"The query ended the process that answered it (status {code}); it is nested too deep "
            "or too long. Simplify it."
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def _line(self, until: float) -> bytes:
        while b"\n" not in self._rest:
            self._rest += self._read(until)
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def answer(self, asked: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        if not self._started:  # the time of a query does not begin before
            self._line(time.monotonic() + _START_SECONDS)
            self._started = True
        until = time.monotonic() + self._limits.seconds
        self._send(asked)
        told = json.loads(self._line(until))
        parts, length = [self._rest], len(self._rest)
        while length < told["length"]:
            parts.append(self._read(until))
            length += len(parts[-1])
        self._rest = b""
        return told, b"".join(parts)

    def end(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        self._process.kill()
        self._process.wait()


def memory_message(limits: Limits) -> str:
    return (
        f"The query needed more than {limits.memory // _MIB} MiB of memory and was ended. Make it "
        "cheaper, or start the server with a larger --query-memory."
    )


class Pool:
    """At most ``limits.workers`` children, started when they are needed and kept."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._free: list[_Child] = []
        self._room = threading.Semaphore(limits.workers)
        self._queue = threading.Semaphore(2 * limits.workers)
        self._lock = threading.Lock()

    def answer(self, store: Path, asked: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Answer over the store in this folder; see ``worker.answer``.

        Raises ``LimitError`` where a limit is exceeded, ``BusyError`` where no child is free.
        """
        if not self._queue.acquire(blocking=False):
            raise self._busy()
        try:
            if not self._room.acquire(timeout=self.limits.patience):
                raise self._busy()
            try:
                return self._answer(store, asked)
            finally:
                self._room.release()
        finally:
            self._queue.release()

    def _busy(self) -> BusyError:
        return BusyError(
            f"{self.limits.workers} queries are being answered, and as many as may wait for them "
            "do. Try again in a moment."
        )

    def _answer(self, store: Path, asked: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        with self._lock:
            child = self._free.pop() if self._free else None
        if child and not child.alive:
            child.end()
            child = None
        child = child or _Child(self.limits)
        limits = {name: getattr(self.limits, name) for name in _ASKED}
        try:
            told, data = child.answer({**limits, **asked, "store": str(store)})
        except BaseException:
            child.end()
            raise
        with self._lock:
            self._free.append(child)
        return told, data

    def close(self) -> None:
        with self._lock:
            for child in self._free:
                child.end()
            self._free.clear()
