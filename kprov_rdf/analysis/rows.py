"""Terms as Python values, and rows of them with names."""

import functools
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import pyoxigraph as ox

from kprov_capture.terms import XSD_NAMESPACE
from kprov_rdf.query import Term

Value = str | int | float | bool | datetime | None

_INTEGERS = (
    *("integer", "int", "long", "short", "byte"),
    *("nonNegativeInteger", "positiveInteger", "nonPositiveInteger", "negativeInteger"),
    *("unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"),
)


class IRI(str):
    """An IRI in an answer: text, and as a parameter of another question still an IRI."""

    __slots__ = ()


def _time(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    # As everywhere in kprov, a time without a zone is taken for UTC.
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


def _boolean(text: str) -> bool:
    return text in ("true", "1")


_READERS: dict[str, Callable[[str], Value]] = {
    **{XSD_NAMESPACE + name: int for name in _INTEGERS},
    **{XSD_NAMESPACE + name: float for name in ("double", "float", "decimal")},
    f"{XSD_NAMESPACE}boolean": _boolean,
    f"{XSD_NAMESPACE}dateTime": _time,
}


def python(term: Term) -> Value:
    """A term as a Python value.

    Numbers, booleans and times (in UTC) as such, an IRI as :class:`IRI`, anything else as
    text, and None for what is not bound. What is no value of its type stays text.
    """
    if isinstance(term, ox.Literal):
        read = _READERS.get(term.datatype.value)
        try:
            return term.value if read is None else read(term.value)
        except (ValueError, OverflowError):
            return term.value
    if isinstance(term, ox.NamedNode):
        return IRI(term.value)
    return None if term is None else str(term)


def text(value: Value) -> str:
    """A value as in a CSV file: nothing for None, and numbers that read as the same number."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def shown(value: Value) -> str:
    """A value for people: six significant digits, times without their fractions."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return text(value)


class Row(tuple[Value, ...]):
    """A row: a tuple whose values also have names, ``row.loss`` and ``row["loss"]``."""

    __slots__ = ()
    _columns: tuple[str, ...] = ()

    def keys(self) -> tuple[str, ...]:
        """The names of the columns; with them ``dict(row)`` works."""
        return self._columns

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, str):
            try:
                return tuple.__getitem__(self, self._columns.index(key))
            except ValueError:
                raise KeyError(f"{key}: the columns are {', '.join(self._columns)}") from None
        return tuple.__getitem__(self, key)

    def __getattr__(self, name: str) -> Any:
        # Reached only by names that are no column: those are properties.
        raise AttributeError(f"no column {name!r}; the columns are {', '.join(self._columns)}")

    def __repr__(self) -> str:
        named = zip(self._columns, self, strict=True)
        return f"Row({', '.join(f'{name}={value!r}' for name, value in named)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _made, (self._columns, tuple(self))


def _made(columns: tuple[str, ...], values: tuple[Value, ...]) -> Row:
    return row_type(columns)(values)


@functools.lru_cache(maxsize=256)
def row_type(columns: tuple[str, ...]) -> type[Row]:
    """The class of the rows that have these columns."""
    named = {
        name: property(itemgetter(index))
        for index, name in enumerate(columns)
        if not name.startswith("_") and name != "keys"
    }
    return type("Row", (Row,), {"__slots__": (), "_columns": columns, **named})


def parts(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    """Rows in lists of ``size``."""
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def finite(value: Value) -> bool:
    """Whether it is a number that is neither NaN nor infinite."""
    return isinstance(value, (int, float)) and math.isfinite(value)
