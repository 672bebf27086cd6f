"""Who reads snapshots of a store, as ``reader.json`` beside each says, and whether they live."""

import json
import re
import shutil
from pathlib import Path

from kprov_capture.home import Home
from kprov_capture.process import is_alive

_SNAPSHOT = re.compile(r"[0-9]+-[a-z0-9_]+")


def unread(home: Home) -> list[Path]:
    """The snapshots whose reader is gone. The caller owns the store, or only looks."""
    found = []
    for folder in home.snapshots.glob("*"):
        if not _SNAPSHOT.fullmatch(folder.name) or folder.is_symlink():
            continue  # not of ours
        try:
            reader = json.loads((folder / "reader.json").read_text("utf-8"))
            gone = not is_alive(reader, folder.stat().st_mtime)
        except (OSError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            gone = True  # cut short while it was made or removed
        if gone:
            found.append(folder)
    return found


def sweep(home: Home) -> None:
    """Remove snapshots whose reader is gone. The caller owns the store: none is being made."""
    for folder in unread(home):
        shutil.rmtree(folder, ignore_errors=True)
