"""Sending journals to a server: what it has, and the bytes that it lacks.

A journal is sent from the byte that the server says it has, whole batches only. It says
after each what it has now, so what is sent twice is not there twice, and what was
lost on the way is sent again. What the server acknowledged is noted in
``shipped/<run>.json``; without the note the server is asked.

All is imported at once, by the thread that calls, and only where a server is set: a child
of a process that forks while its thread imports something could never import that.
"""

import contextlib
import encodings.idna  # noqa: F401  # for the names of hosts
import gzip
import json
import os
import re
import threading
import time
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kprov_capture import __version__
from kprov_capture.home import Home
from kprov_capture.journal import HEADER, SUFFIX
from kprov_capture.process import HEARTBEAT_SECONDS, is_alive
from kprov_capture.target import LaterError, RejectedError, SettingsError, Target

# As much goes at once where it is there; one batch that is larger goes alone.
CHUNK_BYTES = 1 << 20
# The largest body that a server takes, and so the largest batch.
MAX_BODY = 64 << 20
_SECONDS = 10.0
_ANSWER_BYTES = 1 << 16
_MOST_CONFLICTS = 5
_RUN = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
_COMMIT = re.compile(rb"^# commit [0-9]+ [0-9a-f]{64}(?: end)?\n", re.MULTILINE)
_OK, _CONFLICT = 200, 409
# The answers that are about one journal; the others are about the server or the way to it.
_ABOUT_JOURNAL = {400, 409, 411, 413, 415, 422}
_ABOUT_SETTINGS = {401, 403, 404, 405, 421}


def is_run(name: str) -> bool:
    """Whether it is the id of a run."""
    return _RUN.match(name) is not None


@dataclass(frozen=True)
class Reply:
    """What the server has of a journal: ``size`` bytes of whole batches."""

    size: int
    ended: bool
    conflict: bool = False


class Link:
    """A connection to the server, kept open; used by one thread at a time."""

    def __init__(self, to: Target) -> None:
        self.target = to
        self._connection: HTTPConnection | None = None

    def held(self, run_id: str) -> Reply:
        """What the server has of a run. All three raise ``DeliveryError``."""
        return self._ask("GET", run_id, "", None)

    def touch(self, run_id: str, age: float) -> Reply:
        """A sign of life, ``age`` seconds old."""
        return self._ask("POST", run_id, f"?age={age:.3f}", b"")

    def send(self, run_id: str, offset: int, body: bytes, age: float) -> Reply:
        """Whole batches, which begin at byte ``offset`` of the journal."""
        return self._ask("POST", run_id, f"?offset={offset}&age={age:.3f}", body)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, run_id: str, query: str, body: bytes | None) -> Reply:
        while True:
            used = self._connection is not None
            try:
                status, place, data = self._exchange(method, run_id, query, body)
                return _judged(self.target, status, place, data)
            except (OSError, HTTPException) as error:
                self.close()
                # A server closes what is silent for long: once more, on a line of its own.
                if not used or isinstance(error, TimeoutError):
                    why = str(error) or type(error).__name__
                    raise LaterError(f"{self.target.url} does not answer: {why}.") from error

    def _exchange(
        self, method: str, run_id: str, query: str, body: bytes | None
    ) -> tuple[int, str, bytes]:
        connection = self._connection = self._connection or self._connect()
        path = f"{urlsplit(self.target.url).path or '/'}journal/{run_id}{query}"
        headers = {
            "Authorization": f"Bearer {self.target.token}",
            "User-Agent": f"kprov-capture/{__version__}",
            "Accept": "application/json",
        }
        if body is not None:
            headers["Content-Type"] = "application/n-quads"
        connection.request(method, path, body, headers)
        # http.client follows no redirect: the token goes nowhere else.
        response = connection.getresponse()
        data = response.read(_ANSWER_BYTES)
        if not response.isclosed() and response.read(1):
            self.close()
        return response.status, response.getheader("Location", ""), data

    def _connect(self) -> HTTPConnection:
        parts = urlsplit(self.target.url)
        # The default context of https verifies certificate and name.
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        return kind(str(parts.hostname), parts.port, timeout=_SECONDS)


def _judged(to: Target, status: int, place: str, data: bytes) -> Reply:
    told: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        told = json.loads(data)
    if status in (_OK, _CONFLICT) and isinstance(told, dict):
        size, ended = told.get("size"), told.get("ended")
        if isinstance(size, int) and isinstance(ended, bool) and size >= 0:
            return Reply(size, ended, status == _CONFLICT)
    said = _printable(str(told.get("detail", "")) if isinstance(told, dict) else "")
    if status // 100 == 3:
        raise SettingsError(
            f"{to.url} says that it is now at {_printable(place)}. Nothing is sent where an "
            "answer leads: set KPROV_SERVER, or url in kprov.toml, to the address that is meant."
        )
    if status == _OK:
        raise SettingsError(f"{to.url} does not answer as a kprov server does.")
    kind = (
        RejectedError
        if status in _ABOUT_JOURNAL
        else SettingsError
        if status in _ABOUT_SETTINGS
        else LaterError
    )
    raise kind(f"{to.url} answers {status}{f': {said}' if said else '.'}")


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text[:400])


@dataclass
class Spooled:
    """A journal that is being sent: how far the server has it, None before it was asked.

    ``live``: this process writes it. ``behind``: the server may lack a part.
    """

    home: Home
    run_id: str
    live: bool = False
    sent: int | None = None
    ended: bool = False
    behind: bool = True
    told_alive: float = 0.0

    def deliver(self, link: Link) -> None:
        """Send all that is there. Raises ``DeliveryError``."""
        if self.sent is None:
            reply = link.held(self.run_id)
            self.sent, self.ended = reply.size, reply.ended
        conflicts = 0
        while not self.ended:
            body = batches(self.home, self.run_id, self.sent)
            if not body:
                break
            reply = link.send(self.run_id, self.sent, body, self._age())
            # A server of the same folder is ahead each time, as long as the run is written.
            back = reply.size <= self.sent
            conflicts = conflicts + back if reply.conflict else 0
            if conflicts > _MOST_CONFLICTS or (not reply.conflict and back):
                raise LaterError(f"{link.target.url} takes nothing more of run {self.run_id}.")
            self.sent, self.ended, self.told_alive = reply.size, reply.ended, time.monotonic()
        self._beat(link)
        self.behind = False

    def _beat(self, link: Link) -> None:
        """Tell the server that the writer lives, where nothing else did."""
        if self.ended or time.monotonic() - self.told_alive < HEARTBEAT_SECONDS:
            return
        age = self._age()
        if self.sent and age < 2 * HEARTBEAT_SECONDS:
            link.touch(self.run_id, age)
            self.told_alive = time.monotonic()

    def _age(self) -> float:
        """Seconds since the writer touched the journal."""
        try:
            path = self.home.journal / f"{self.run_id}{SUFFIX}"
            return max(0.0, time.time() - path.stat().st_mtime)
        except OSError:
            return 0.0

    def note(self, to: Target, rejected: str | None = None) -> None:
        """Keep what the server acknowledged. A note that cannot be written is not needed."""
        told = {"server": to.url, "sent": self.sent or 0, "ended": self.ended, "rejected": rejected}
        path = _note(self.home, self.run_id)
        beside = path.with_suffix(f".{os.getpid()}-{threading.get_ident()}.new")
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            beside.write_text(json.dumps(told), "utf-8")
            beside.replace(path)


def _note(home: Home, run_id: str) -> Path:
    return home.path / "shipped" / f"{run_id}.json"


def _noted(home: Home, run_id: str, to: Target) -> dict[str, Any]:
    """What was noted of a run and this server; nothing where that is lost or torn."""
    try:
        found = json.loads(_note(home, run_id).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("server") == to.url else {}


def batches(home: Home, run_id: str, offset: int) -> bytes:
    """Whole batches of a journal from ``offset`` on, about ``CHUNK_BYTES``; b"" for none.

    It may have been put away and compressed meanwhile. Raises ``RejectedError`` for a
    batch that no server takes.
    """
    limit = CHUNK_BYTES
    while True:
        data = _bytes(home, run_id, offset, limit)
        end = 0
        for commit in _COMMIT.finditer(data):
            end = commit.end()
        if end or len(data) < limit:
            return data[:end]
        if limit >= MAX_BODY:
            raise RejectedError(f"A batch of run {run_id} is larger than {MAX_BODY >> 20} MiB.")
        limit *= 4


def _bytes(home: Home, run_id: str, offset: int, limit: int) -> bytes:
    name = f"{run_id}{SUFFIX}"
    try:
        with open(home.journal / name, "rb") as file:
            file.seek(offset)
            return file.read(limit)
    except FileNotFoundError:
        pass
    try:
        with gzip.open(home.done / f"{name}.gz") as packed:
            packed.seek(offset)
            return packed.read(limit)
    except FileNotFoundError:
        return b""
    except (OSError, EOFError) as error:
        raise RejectedError(f"The journal of run {run_id} cannot be read: {error}.") from error


def _writer_lives(path: Path) -> bool:
    """Whether the process that writes a journal runs; also where its first line is not there."""
    try:
        with path.open("rb") as file:
            line = file.readline(100_000)
        told = json.loads(line.decode().removeprefix(HEADER))
        return is_alive(told["process"], path.stat().st_mtime)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False


def _is_ours(home: Home, path: Path, noted: dict[str, Any]) -> bool:
    """Whether any process that comes by has to send it."""
    if path.parent == home.done:
        return bool(noted)
    try:
        return path.stat().st_size != noted.get("sent") and not _writer_lives(path)
    except OSError:
        return False


def waiting(home: Home, to: Target, everything: bool = False) -> list[Spooled]:
    """The journals that the server lacks a part of, oldest first.

    What other living processes write is theirs to send, and what was put away before
    a server was set stays here, unless ``everything`` is wanted.
    """
    found = []
    for path in sorted([*home.journal.glob(f"*{SUFFIX}"), *home.done.glob(f"*{SUFFIX}.gz")]):
        run_id = path.name.partition(".")[0]
        noted = _noted(home, run_id, to) if is_run(run_id) else {"ended": True}
        if noted.get("ended") is True:
            continue
        if everything or (_is_ours(home, path, noted) and not noted.get("rejected")):
            found.append(Spooled(home, run_id))
    return sorted(found, key=lambda one: one.run_id)
