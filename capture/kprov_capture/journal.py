"""The journal of a run: an append-only file of N-Quads in batches.

    # kprov journal 1 {"run": "http://…/run/…", "process": {…}}
    <…> <…> <…> <…> .
    # commit 1 <sha256>
    …
    # commit 2 <sha256> end

A batch is what lies between two commit lines. The digest of batch n is the
SHA-256 of the digest of batch n-1 (32 bytes; zeros for the first) followed by
the bytes of the batch, so it covers everything before it and a reader can go on
from where it stopped. N-Quads ignores the lines that begin with '#', so the
file is linked data as it is. The digests detect damage, not forgery.

The journal of an execution of which messages tell, by way of a server, says which in its
first line ("execution"), and has the messages as comments (``# message {…}``), so that a
server that begins anew can go on.

The journal of an import (``kprov merge``) has {"import": "http://…"} in its first
line and one batch, which is the end.
"""

import hashlib
import json
import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HEADER = "# kprov journal 1 "
SUFFIX = ".nq"
NO_DIGEST = bytes(32)
# Batches that could not be written are kept up to this size, and then dropped.
MAX_UNWRITTEN = 64 * 1024 * 1024


def chain(previous: bytes, batch: bytes) -> bytes:
    """The digest of ``batch``, given the digest of the batch before it."""
    return hashlib.sha256(previous + batch).digest()


def header(run: str, process: Mapping[str, Any]) -> str:
    return HEADER + json.dumps({"run": run, "process": process}) + "\n"


class JournalFullError(Exception):
    """Batches were dropped because they could not be written for too long."""


class Journal:
    """The writer of one journal; used by one thread at a time.

    The file is opened for each batch: on a network file system closing it is
    what makes a batch visible elsewhere, and many open runs cost no handles.
    """

    def __init__(self, path: Path, first: str) -> None:
        self.path = path
        self.batches = 0
        self._size = 0  # of the file, as far as whole batches go
        self._digest = NO_DIGEST
        self._unwritten: deque[bytes] = deque()
        self._first: str | None = first
        self._created = False
        self.ended = False

    @classmethod
    def resumed(cls, path: Path, size: int, batches: int, digest: bytes) -> "Journal":
        """The journal at ``path``, to go on after its whole batches; what follows them is cut."""
        os.truncate(path, size)
        found = cls(path, "")
        found._first, found._created = None, True
        found._size, found.batches, found._digest = size, batches, digest
        return found

    def append(self, text: str, *, end: bool = False, sync: bool = False) -> None:
        """Append one batch. ``end`` marks the last one; ``sync`` waits for the disk.

        Raises ``OSError`` where it cannot be written: the batch is then kept and
        goes out before the next one, and the file is left without a torn batch.
        """
        if self.ended:
            raise ValueError(f"the journal {self.path} has ended")
        if self._first is not None:
            text, self._first = self._first + text, None
        batch = text.encode("utf-8", "backslashreplace")
        self._digest = chain(self._digest, batch)
        self.batches += 1
        self.ended = end
        commit = f"# commit {self.batches} {self._digest.hex()}{' end' if end else ''}\n"
        self._unwritten.append(batch + commit.encode())
        if sum(map(len, self._unwritten)) > MAX_UNWRITTEN:
            # The chain would be broken: nothing more may be written to this file.
            self.ended = True
            self._unwritten.clear()
            raise JournalFullError(f"{self.path} could not be written for too long; it ends here")
        self._write(sync)

    def _write(self, sync: bool) -> None:
        # Not O_CREAT after the first time: a journal that somebody removed stays removed.
        flags = os.O_WRONLY | (0 if self._created else os.O_CREAT | os.O_EXCL)
        handle = os.open(self.path, flags | getattr(os, "O_BINARY", 0), 0o644)
        try:
            self._created = True
            while self._unwritten:
                self._write_batch(handle, self._unwritten[0])
                self._size += len(self._unwritten.popleft())
            if sync:
                os.fsync(handle)
        finally:
            os.close(handle)

    def _write_batch(self, handle: int, batch: bytes) -> None:
        """One batch, whole or not at all: a reader may have seen the ones before it."""
        os.lseek(handle, self._size, os.SEEK_SET)
        try:
            rest = memoryview(batch)
            while rest:
                rest = rest[os.write(handle, rest) :]
        except OSError as error:
            error.filename = str(self.path)  # write() knows no name
            os.ftruncate(handle, self._size)
            raise

    def written(self) -> bytes:
        """The batches that are in the file. Raises ``OSError`` where it cannot be read."""
        with open(self.path, "rb") as file:
            return file.read(self._size)

    def touch(self) -> None:
        """A sign of life for readers on other hosts."""
        if self._created and not self.ended:
            os.utime(self.path)
