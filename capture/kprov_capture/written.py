"""Which run wrote a model file that lies at some path: notes in the state folder.

Content joins a file that is read to the one that was written, but a training that was
killed leaves no hash behind. A note says at once which run and node a file is, and holds
as long as size and time of the file are the same. Losing notes loses no provenance.
"""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from kprov_capture.facts import Source
from kprov_capture.privacy import without_secrets

FOLDER = "written"


def _digest(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()


def _note(home: Path, path: str) -> Path:
    return home / FOLDER / f"{_digest(path)[:32]}.json"


def state(path: str) -> tuple[int, int] | None:
    """Size and time of a file; None where there is none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


def remember(home: Path, path: str, node: str, run: str, campaign: str | None) -> None:
    """Note that ``path`` is ``node`` of ``run``. Raises ``OSError`` where it cannot be noted."""
    note = _note(home, path)
    note.parent.mkdir(exist_ok=True)
    text = json.dumps(
        # Not the path itself, which may be one that is not to be written.
        {
            "path": _digest(path),
            "state": state(path),
            "node": node,
            "run": run,
            "campaign": campaign and without_secrets(campaign),
        }
    )
    # Renamed into place: a reader sees the old note or the new one.
    new = note.with_suffix(f".{os.getpid()}.tmp")
    try:
        new.write_text(text, "utf-8")
        new.replace(note)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def find(home: Path, path: str) -> Source:
    """The file at ``path``, and which run wrote it where that is known."""
    try:
        told: Any = json.loads(_note(home, path).read_text("utf-8"))
        if told["path"] == _digest(path) and told["state"] == list(state(path) or ()):
            return Source(path, str(told["node"]), str(told["run"]), told.get("campaign"))
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no note, or one that something else wrote
    return Source(path)
