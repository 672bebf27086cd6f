"""Reads journals, and writes finished ones: whole batches only, each with its digest.

``kprov_capture.journal`` describes the format. What follows the last commit line
is a torn tail: not an error, and not read. A batch that does not match its digest
is one, unless it is the last of a file that is being written: a network file
system may show the size of a file before its bytes, so that is tried again.
"""

import hashlib
import itertools
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from kprov_capture.journal import HEADER, NO_DIGEST, chain
from kprov_rdf.errors import InputError, JournalDamagedError, StorageError

_COMMIT = re.compile(rb"^# commit ([0-9]+) ([0-9a-f]{64})( end)?\n", re.MULTILINE)
RETRY_SECONDS = 5.0
# A file that was not written to for this long is not being written.
_LIVE_SECONDS = 60.0


@dataclass(frozen=True)
class Position:
    """How far a journal was read: bytes, batches, and the digest of the last batch."""

    offset: int = 0
    batches: int = 0
    digest: bytes = NO_DIGEST


@dataclass(frozen=True)
class Reading:
    """Whole batches from one position to another; ``ended``: there will be no more."""

    text: bytes
    position: Position
    ended: bool


def damaged(path: Path, batch: int, offset: int, why: str) -> JournalDamagedError:
    return JournalDamagedError(
        f"The journal {path} is damaged: batch {batch}, which begins at byte {offset}, {why}. "
        "The batches before it are loaded, nothing after it is. Put back an intact copy of the "
        f"file, or go on without the rest of this run: mv {path} {path}.damaged"
    )


def _unreadable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The journal {path} cannot be read: {error.strerror}. Make it readable, or take it away: "
        f"mv {path} {path}.damaged"
    )


def describe(path: Path) -> dict[str, Any]:
    """The first line of a journal: the run's IRI and the process that writes it.

    Of an import its IRI alone, and of a validation what was validated: they are written at once.
    Empty where the line is not there yet.
    """
    try:
        with path.open("rb") as file:
            line = file.readline(100_000)
    except OSError as error:
        raise _unreadable(path, error) from error
    return told(line, path) if line.endswith(b"\n") else {}


def told(line: bytes, path: Path) -> dict[str, Any]:
    """What the first line of a journal says. Raises ``JournalDamagedError``."""
    try:
        found = json.loads(line.decode().removeprefix(HEADER))
    except ValueError:
        found = None
    if not line.startswith(HEADER.encode()) or not isinstance(found, dict):
        raise JournalDamagedError(
            f"The file {path} does not begin as a journal of kprov does ({HEADER.strip()!r}). "
            "It is damaged, no journal, or written by a newer kprov. Upgrade kprov, or take the "
            f"file away: mv {path} {path}.damaged"
        )
    return found


def copied(data: bytes, name: str) -> tuple[str, bytes]:
    """The run of a journal that was copied, and its whole batches, each with its digest.

    Raises ``InputError`` where it is none, or not as it was written.
    """
    first = data[: data.find(b"\n", 0, 100_000) + 1]
    try:
        found = json.loads(first.decode().removeprefix(HEADER))
        run = found["run"] if first.startswith(HEADER.encode()) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        run = None
    if not isinstance(run, str):
        raise InputError(f"{name} does not begin as the journal of a run does; it is not read.")
    good, _, bad = _check(data, Position())
    if bad is not None or good.offset < len(data):
        raise InputError(
            f"{name} was changed or cut after it was written: what follows batch {good.batches} "
            "does not match its digest. It is not read."
        )
    return run, data


def read(path: Path, start: Position = Position(), patience: float | None = None) -> Reading:
    """The whole batches after ``start``.

    For ``patience`` seconds (``RETRY_SECONDS``) a live journal that does not match is tried again.

    Raises ``JournalDamagedError`` where a batch does not match its digest or the
    file is shorter than what was read of it before; ``StorageError`` where it
    cannot be read.
    """
    deadline = time.monotonic() + (RETRY_SECONDS if patience is None else patience)
    while True:
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(start.offset)
                data = file.read()
            live = time.time() - path.stat().st_mtime < _LIVE_SECONDS
        except OSError as error:
            raise _unreadable(path, error) from error
        if size < start.offset:
            note = path.with_suffix(".position")
            why = f"is missing: the file became shorter (if it is a copy, remove {note} instead)"
            raise damaged(path, start.batches, size, why)
        good, ended, bad_is_last = _check(data, start)
        if bad_is_last is None:
            return Reading(data[: good.offset - start.offset], good, ended)
        if not (bad_is_last and live) or time.monotonic() > deadline:
            why = "does not match its digest" if not ended else "follows the end of the run"
            raise damaged(path, good.batches + 1, good.offset, why)
        time.sleep(0.1)


def whole(data: bytes, start: Position) -> Reading:
    """The whole batches that ``data`` begins with, where they follow ``start``.

    Raises ``ValueError`` where one of them does not match its digest, or follows the end.
    """
    good, ended, bad = _check(data, start)
    if bad is not None:
        why = "follows the end of the run" if ended else "does not match its digest"
        raise ValueError(f"batch {good.batches + 1} {why}")
    return Reading(data[: good.offset - start.offset], good, ended)


def _check(data: bytes, start: Position) -> tuple[Position, bool, bool | None]:
    """The position after the last good batch, whether the run ended there, and what is bad.

    That is None: nothing; True: the last batch of ``data``; False: one before it.
    """
    good, ended, at = start, False, 0
    commits = list(_COMMIT.finditer(data))
    for index, commit in enumerate(commits):
        digest = chain(good.digest, data[at : commit.start()])
        number = good.batches + 1
        if ended or int(commit[1]) != number or digest.hex().encode() != commit[2]:
            return good, ended, index == len(commits) - 1
        at = commit.end()
        good, ended = Position(start.offset + at, number, digest), commit[3] is not None
    return good, ended, None


def graphs_in(nquads: bytes) -> set[str]:
    """The names of the graphs that these lines fill, but for catalogs and links."""
    ends = {line[line.rfind(b" <") + 2 :].rstrip(b"\n") for line in BytesIO(nquads)}
    found = {end[:-3].decode() for end in ends if end.endswith(b"> .")}
    return {name for name in found if not name.endswith(("/catalog", "/links"))}


def replace(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write a file so that a reader, or a power cut, finds the old one or the new one."""
    beside = path.with_name(path.name + ".new")
    try:
        with beside.open("wb") as file:
            for part in (data,) if isinstance(data, bytes) else data:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write(path: Path, first: Mapping[str, object], nquads: bytes | Iterable[bytes]) -> None:
    """Write a finished journal, whole or not at all. Raises ``OSError``.

    ``first`` is what its first line says: ``{"import": IRI, "records": [IRI]}``, ``{"links": IRI}``
    or ``{"validation": journal}``. ``nquads`` are whole lines, in parts of any size.
    """

    told = (nquads,) if isinstance(nquads, bytes) else nquads

    def parts() -> Iterator[bytes]:
        digest = hashlib.sha256(NO_DIGEST)  # as ``chain`` has it
        head = f"{HEADER}{json.dumps(dict(first))}\n".encode()
        for part in itertools.chain((head,), told):
            digest.update(part)
            yield part
        yield f"# commit 1 {digest.hexdigest()} end\n".encode()

    replace(path, parts())
