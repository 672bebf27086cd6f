"""What there is in data: its arrays, and the objects that it is made of, by duck typing.

NumPy is used where the process has loaded it, and never loaded.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kprov_capture.filters import class_name

_MAX_DEPTH = 8
_MAX_PARTS = 1_000
_MAX_TEXT = 20_000  # characters of a specification
_NUMBERS = "biufc"  # kinds of NumPy's types
_PLAIN = (str, bytes, int, float, complex, bool, type(None))


@dataclass
class Found:
    """The arrays by name, or the reason why not all of the data are arrays that can be hashed.

    ``parts`` are the objects that the data are made of: arrays, tables, data sets.
    """

    arrays: dict[str, Any] = field(default_factory=dict)
    reason: str | None = None
    parts: list[Any] = field(default_factory=list)
    samples: int | None = None
    batches: int | None = None
    specification: str | None = None

    @property
    def source(self) -> str:
        """The classes of the parts."""
        return ", ".join(dict.fromkeys(class_name(part) for part in self.parts[:20])) or "nothing"


def parts(data: Any) -> list[Any]:
    """The objects that data are made of: what stands in lists, tuples and mappings."""
    return [part for _, part in _parts("x", data, 0)][:_MAX_PARTS]


def _parts(name: str, data: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if depth < _MAX_DEPTH and isinstance(data, Mapping):
        for key, part in data.items():
            yield from _parts(f"{name}_{key}", part, depth + 1)
    elif depth < _MAX_DEPTH and isinstance(data, (list, tuple)) and not _of_plain(data):
        for number, part in enumerate(data):
            yield from _parts(f"{name}_{number}", part, depth + 1)
    else:
        yield name, data


def _of_plain(data: Any) -> bool:
    """Whether a list has numbers or texts, and so is one part."""
    return bool(data) and isinstance(data[0], _PLAIN)


def look(data: Mapping[str, Any]) -> Found:
    """What there is in data that were given by name; its arrays are ``x``, ``x_0``, ``x_key``."""
    found = Found()
    for outer, value in data.items():
        for name, part in _parts(outer, value, 0):
            if len(found.parts) == _MAX_PARTS:
                found.reason = found.reason or f"it has more than {_MAX_PARTS} parts"
                return found
            found.parts.append(part)
            while name in found.arrays:  # {"x_0": …, "x": […]}
                name += "_"  # noqa: PLW2901
            _look_at(found, name, part)
    return found


def _look_at(found: Found, name: str, part: Any) -> None:
    try:
        arrays, reason = _arrays(name, part)
        shape = getattr(part, "shape", ()) if arrays else ()
        size = int(shape[0]) if shape else None
        specification = getattr(part, "element_spec", None)
        if specification is not None and found.specification is None:
            found.specification = str(specification)[:_MAX_TEXT]
            found.batches = _length(part)
    except Exception as error:  # __array__, shape and the like are anybody's code
        arrays, size = {}, None
        reason = f"{name} could not be read as an array ({type(error).__name__})"
    found.arrays |= arrays
    found.reason = found.reason or reason
    if found.samples is None:
        found.samples = size


def _arrays(name: str, part: Any) -> tuple[dict[str, Any], str | None]:
    """The arrays of one part, or why it has none."""
    numpy = sys.modules.get("numpy")
    kind = type(part).__qualname__
    sparse = ("data", "indices", "indptr")
    if numpy is not None and all(hasattr(part, one) for one in (*sparse, "shape")):
        # A sparse matrix of SciPy, whose rows are as many as its pointers, less one.
        pointers = {f"{name}_{one}": numpy.asarray(getattr(part, one)) for one in sparse}
        return pointers, None
    if numpy is not None and hasattr(part, "__array__") and hasattr(part, "shape"):
        array = numpy.asarray(part)
        if array.dtype.hasobject:
            return {}, f"{name} has elements of type {array.dtype}, which have no bytes"
        return {name: array}, None
    if numpy is not None and isinstance(part, (list, tuple, range)):
        array = numpy.asarray(part)
        if array.dtype.kind in _NUMBERS:
            return {name: array}, None
    if hasattr(part, "element_spec") or hasattr(part, "__next__"):
        return {}, f"a {kind} yields its data and cannot be read twice"
    return {}, f"{name} is a {kind}, which is no array"


def _length(part: Any) -> int | None:
    try:
        return len(part)
    except TypeError:
        return None  # infinite, or not known


def root(part: Any) -> Any:
    """The array that owns the memory of a NumPy array; the object itself where it is none."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        while isinstance(part, numpy.ndarray) and isinstance(part.base, numpy.ndarray):
            part = part.base
    return part


def is_plain(part: Any) -> bool:
    """A number or a text, of which Python may have one object for many uses."""
    return isinstance(part, _PLAIN)
