"""The token that a server wants of those who send it something: read, checked, made.

It is never part of a message, a journal or a command line of ours.
"""

import os
import re
from pathlib import Path

# What may stand in a header as it is (RFC 6750 section 2.1, and a little more).
_TOKEN = re.compile(r"[\x21-\x7e]{1,512}\Z")
_LONGEST = 4096


def check(token: str, where: str) -> str:
    """``token`` itself. Raises ``ValueError``, which says where it was found and not what."""
    if not _TOKEN.match(token):
        raise ValueError(
            f"the token in {where} must be one line of at most 512 visible ASCII characters"
        )
    return token


def read(path: str | os.PathLike[str]) -> str:
    """The token in a file. Raises ``ValueError`` where there is none, or not exactly one."""
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            text = file.read(_LONGEST)
    except OSError as error:
        raise ValueError(f"the token file {path} cannot be read: {error.strerror}") from error
    return check(text.strip(), str(path))


def create(path: Path) -> str:
    """Make a token and write it to a new file that only this user reads. Raises ``OSError``."""
    import secrets

    token = secrets.token_urlsafe(24)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(token + "\n")
    return token
