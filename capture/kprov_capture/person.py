"""Who records: the user, under an id that tells nothing, kept in the user's settings."""

import contextlib
import os
from pathlib import Path

from kprov_capture.facts import Agent


def _settings_folder() -> Path | None:
    """None for a user without a home, whom ``~`` would lead to the working folder."""
    configured = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return Path(configured) / "kprov" if os.path.isabs(configured) else None


def small_file(path: Path) -> str | None:
    """The text of a file of one line; None where there is none that can be read."""
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return None


def kept_id(kind: str) -> str:
    """A random id, kept in the user's settings so that runs of one user share it."""
    folder, new = _settings_folder(), os.urandom(8).hex()
    if folder is None:
        return new
    path = folder / f"{kind}-id"
    if found := small_file(path):
        return found
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Exclusively, so that of two first runs at once one id wins.
        with path.open("x", encoding="ascii") as file:
            file.write(new + "\n")
    except FileExistsError:
        return small_file(path) or new
    except OSError:
        # No writable settings: a person of this process only. A full disk leaves an empty file.
        with contextlib.suppress(OSError):
            if small_file(path) == "":
                path.unlink()
    return new


def person() -> Agent:
    """The user, under a random id and with the login name as label."""
    import getpass

    try:
        label = getpass.getuser()
    except (OSError, KeyError, ImportError):
        label = "unknown user"
    return Agent("person", kept_id("person"), label)
