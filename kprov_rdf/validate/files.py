"""What is in a file, a pipe or a stream, within a limit."""

from pathlib import Path
from typing import BinaryIO

from kprov_rdf.errors import InputError, NotFoundError

_MAX_BYTES = 1 << 30


def content(path: Path) -> bytes:
    """What is in a file or a pipe. Raises ``NotFoundError``, and ``InputError`` for too much."""
    try:
        with path.open("rb") as file:
            return limited(file, str(path))
    except OSError as error:
        raise NotFoundError(
            f"{path} cannot be read: {error.strerror}. Name a run, a file, or - for standard input."
        ) from error


def limited(file: BinaryIO, name: str) -> bytes:
    """All that a stream holds. Raises ``InputError`` where that is too much."""
    data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise InputError(f"{name} is larger than {_MAX_BYTES >> 30} GiB; split it by graph.")
    return data
