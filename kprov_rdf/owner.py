"""Who owns the store of a state folder: ``owner.json`` in it, for as long as somebody does.

A server says there also where it answers and what a reader must show it.
"""

import json
import os
import sys
import tempfile
from dataclasses import dataclass

from kprov_capture.home import Home
from kprov_capture.process import describe, is_alive


@dataclass(frozen=True)
class Address:
    """Where a server answers, and the token that it wants of those who take or change something."""

    url: str
    token: str


def _path(home: Home) -> str:
    return str(home.path / "owner.json")


def _read(home: Home) -> dict[str, object]:
    try:
        with open(_path(home), encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _command() -> str:
    """The command that runs, without what follows an option: that may be a secret."""
    words = [os.path.basename(sys.argv[0] or "python"), *sys.argv[1:]]
    shown = [word for before, word in zip(["", *words], words, strict=False)
             if not before.startswith("-") and not word.startswith("-")]  # fmt: skip
    return " ".join(shown)[:200]


def announce(home: Home, address: Address | None = None) -> None:
    """Say that this process owns the store. Only this user may read the token."""
    told: dict[str, object] = {"process": describe(), "command": _command()}
    if address:
        told |= {"url": address.url, "token": address.token}
    handle, beside = tempfile.mkstemp(dir=home.path, prefix="owner.")  # private
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(told, file)
    os.replace(beside, _path(home))


def withdraw(home: Home) -> None:
    (home.path / "owner.json").unlink(missing_ok=True)


def name(home: Home) -> str:
    """The owner, for a message."""
    found = _read(home)
    process = found.get("process")
    if not isinstance(process, dict):
        return "another process"
    return f"process {process.get('pid')} ({found.get('command')})"


def server(home: Home) -> Address | None:
    """Where the server that owns the store answers; None where no living server does."""
    found = _read(home)
    url, token, process = found.get("url"), found.get("token"), found.get("process")
    if not (isinstance(url, str) and isinstance(token, str) and isinstance(process, dict)):
        return None
    # No sign of life but the process itself: a folder shared between hosts is served by one.
    return Address(url, token) if is_alive(process, 0.0) else None
