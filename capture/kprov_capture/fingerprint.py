"""SHA-256 of data sets and files, without copying them."""

import hashlib
from collections.abc import Mapping
from typing import Any

from kprov_capture.facts import ArrayContent, Fingerprint

_CHUNK = 1 << 22


def of_file(path: str) -> Fingerprint:
    """SHA-256 and size of a file. Raises ``OSError`` where it cannot be read."""
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return Fingerprint(digest.hexdigest(), size)


def of_array(array: Any) -> Fingerprint:
    """SHA-256 of the elements of a NumPy-like array in C order, as they lie in memory.

    Raises ``ValueError`` or ``TypeError`` where the elements have no bytes (objects).
    """
    if array.dtype.hasobject:
        raise TypeError(f"elements of type {array.dtype} have no bytes of their own")
    digest = hashlib.sha256()
    # A contiguous array is read in place (sha256 releases the GIL); any other row
    # by row, so that a view is never copied whole.
    if array.flags.c_contiguous:
        digest.update(array.reshape(-1).view("u1") if array.size else b"")
    else:
        for row in array:
            digest.update(row.tobytes())
    return Fingerprint(digest.hexdigest(), int(array.nbytes))


def of_arrays(arrays: Mapping[str, Any]) -> tuple[Fingerprint, list[ArrayContent]]:
    """Each array's fingerprint, and that of the manifest that lists them.

    The manifest is a line ``name type shape sha256`` for each array, so equal
    bytes of another type or shape are other data.
    """
    found = [
        ArrayContent(name, array.dtype.str, tuple(array.shape), of_array(array))
        for name, array in arrays.items()
    ]
    manifest = "".join(
        f"{a.name} {a.element_type} {','.join(map(str, a.shape))} {a.content.sha256}\n"
        for a in found
    ).encode()
    return Fingerprint(hashlib.sha256(manifest).hexdigest(), len(manifest)), found
