"""Writing N-Quads (https://www.w3.org/TR/n-quads/): terms, and lines of one graph."""

import json
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from kprov_capture import privacy
from kprov_capture.guard import text_of
from kprov_capture.terms import RDF_TYPE, XSD_NAMESPACE

# ECHAR and the control characters that may not stand in a string as they are.
_ESCAPES = {code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F)} | {
    ord("\\"): "\\\\",
    ord('"'): '\\"',
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
}


class Iri(str):
    """An IRI, told apart from a string."""

    __slots__ = ()


Value = str | int | float | bool | datetime | Iri


def double(value: float) -> str:
    """The lexical form of an xsd:double; NaN and the infinities are values too."""
    if math.isfinite(value):
        return repr(value)
    return "NaN" if math.isnan(value) else "INF" if value > 0 else "-INF"


def as_double(value: float) -> float:
    """A number as an xsd:double: whole ones too, and infinity for what is beyond."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def instant(seconds: float) -> datetime:
    """A time in seconds since 1970 as a datetime in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def escaped(text: str) -> str:
    """A text as it stands between the quotes of a string."""
    # A lone surrogate (an undecodable byte of a path) has no UTF-8 form.
    return text.encode("utf-8", "backslashreplace").decode("utf-8").translate(_ESCAPES)


def as_json(value: Any) -> str:
    """JSON of a value, with the ``repr`` of what JSON does not have, and without secrets.

    Of a value that contains itself, or that JSON cannot name, the ``repr`` of the whole.
    """
    try:
        return privacy.json_without_secrets(json.dumps(value, default=repr))
    except Exception:
        try:
            return json.dumps(repr(value))
        except Exception:
            return json.dumps(text_of(value))


def _digits(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError:  # more digits than Python writes (sys.set_int_max_str_digits)
        return format(Decimal(value), "f")


def term(value: Value) -> str:
    """The N-Quads form of a value: numbers, booleans and times are typed literals.

    Of any other object it is the text: one value must not lose the batch that it is in.
    """
    if isinstance(value, Iri):
        return f"<{value}>"
    if isinstance(value, bool):
        return f'"{str(value).lower()}"^^<{XSD_NAMESPACE}boolean>'
    if isinstance(value, int):
        return f'"{_digits(value)}"^^<{XSD_NAMESPACE}integer>'
    if isinstance(value, float):
        return f'"{double(float(value))}"^^<{XSD_NAMESPACE}double>'
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return f'"{text}"^^<{XSD_NAMESPACE}dateTime>'
    return f'"{escaped(text_of(value))}"'


class Graph:
    """Lines that say things in one named graph."""

    def __init__(self, name: str) -> None:
        self._end = f" <{name}> .\n"
        self._lines: list[str] = []

    def node(
        self,
        subject: str,
        types: Iterable[str] = (),
        *statements: tuple[str, Value | None],
    ) -> None:
        """Say that ``subject`` has these types and these values; a value of None says nothing."""
        start = f"<{subject}> <"
        for kind in types:
            self._lines.append(f"{start}{RDF_TYPE}> <{kind}>{self._end}")
        for predicate, value in statements:
            if value is not None:
                self._lines.append(f"{start}{predicate}> {term(value)}{self._end}")

    def link(self, subject: str, predicate: str, *objects: str) -> None:
        """Say that ``subject`` is related to each of the IRIs ``objects``."""
        for other in objects:
            self._lines.append(f"<{subject}> <{predicate}> <{other}>{self._end}")

    def text(self) -> str:
        return "".join(self._lines)
