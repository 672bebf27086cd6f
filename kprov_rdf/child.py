"""A Python process of our own, for work that may end the process that does it, or take forever.

It answers each line of its standard input with a line of its standard output; both are JSON.
"""

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import kprov_capture
import kprov_rdf

# Not from the folder in which the command was started: it may hold a json.py of anybody's.
_PLACES = [str(Path(one.__path__[0]).parent) for one in (kprov_rdf, kprov_capture)]


def program(module: str) -> str:
    """The code that runs ``main`` of a module of ours, which can make no sockets (``fence``)."""
    package, _, name = module.rpartition(".")
    return (
        f"import sys; sys.path += {_PLACES}; from kprov_rdf import fence; fence.cut_off(); "
        f"from {package} import {name}; {name}.main()"
    )


class EndedError(Exception):
    """The child ended without an answer, with ``status``; ``late``: it had no more time."""

    def __init__(self, status: int, late: bool) -> None:
        super().__init__(f"the child ended with status {status}")
        self.status = status
        self.late = late


class Child:
    """A process that runs ``code``, until it is closed."""

    def __init__(self, code: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, asked: object, seconds: float) -> Any:
        """Its answer. Raises ``EndedError`` where it takes longer than that, or ends."""
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._process.kill()

        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101
        timer = threading.Timer(seconds, give_up)
        timer.start()
        try:
            with contextlib.suppress(OSError):  # it died: its end is read below
                stdin.write(json.dumps(asked).encode() + b"\n")
                stdin.flush()
            line = stdout.readline()
        finally:
            timer.cancel()
        if not line.endswith(b"\n"):
            raise EndedError(self._process.wait(), late.is_set())
        return json.loads(line)

    def kill(self) -> None:
        """End it, from any thread; ``ask`` then raises."""
        self._process.kill()

    def close(self) -> None:
        """End it, and leave nothing of it."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
