"""Reading messages of Protocol Buffers (https://protobuf.dev/programming-guides/encoding/).

A schema names the fields that are wanted. What it does not name is kept by its number: a text where
its bytes are one, else hexadecimal digits.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kprov_rdf.errors import InputError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class BrokenError(InputError):
    """Bytes that are no message; ``at`` is where, in bytes from its begin."""

    def __init__(self, message: str, at: int) -> None:
        self.at = at
        super().__init__(message)


@dataclass(frozen=True)
class Field:
    """A field: ``kind`` is "text", "int", "zigzag", "bool", "double", or a schema of its own."""

    name: str
    kind: "str | Mapping[int, Field]" = "text"
    repeated: bool = False


Schema = Mapping[int, Field]


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for place in range(at, min(at + 10, len(data))):
        value |= (data[place] & 0x7F) << shift
        if data[place] < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, place + 1
        shift += 7
    raise BrokenError("a number does not end", at)


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message as they stand: number, and a varint or bytes (8, 4, or any)."""
    at = 0
    while at < len(data):
        key, after = _varint(data, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, at = _varint(data, after)
            yield number, value
            continue
        if wire == _BYTES:
            size, after = _varint(data, after)
        elif wire in (_FIXED64, _FIXED32):
            size = 8 if wire == _FIXED64 else 4
        else:
            raise BrokenError(f"field {number} is of the kind {wire}, which there is not", at)
        if not number or size > len(data) - after:
            raise BrokenError(f"field {number} goes on after the end", at)
        at = after + size
        yield number, data[after:at]


def message(data: bytes, schema: Schema) -> dict[str, Any]:
    """A message by the names of its fields; of one that is not repeated the last value counts.

    Raises ``BrokenError``. It is as deep as the schema, whatever the bytes are.
    """
    found: dict[str, Any] = {}
    for number, raw in fields(data):
        field = schema.get(number)
        if field is None:
            found.setdefault(f"field {number}", []).append(_unknown(raw))
        elif field.repeated:
            found.setdefault(field.name, []).append(_value(raw, field))
        elif isinstance(field.kind, str):
            found[field.name] = _value(raw, field)
        else:  # parts of one message are one message (section "Last One Wins")
            found[field.name] = {**found.get(field.name, {}), **_value(raw, field)}
    return found


def _value(raw: int | bytes, field: Field) -> Any:
    if not isinstance(field.kind, str):
        if isinstance(raw, int):
            raise BrokenError(f"{field.name} is a number, and a message was wanted", 0)
        return message(raw, field.kind)
    if field.kind == "text":
        if isinstance(raw, int):
            raise BrokenError(f"{field.name} is a number, and a text was wanted", 0)
        return raw.decode("utf-8", "replace")
    if field.kind == "double":
        if not isinstance(raw, bytes) or len(raw) != 8:
            raise BrokenError(f"{field.name} is no double", 0)
        return float(struct.unpack("<d", raw)[0])
    if not isinstance(raw, int):
        raise BrokenError(f"{field.name} is no whole number", 0)
    if field.kind == "bool":
        return bool(raw)
    if field.kind == "zigzag":
        return (raw >> 1) ^ -(raw & 1)
    return raw - (1 << 64) if raw >> 63 else raw


def _unknown(raw: int | bytes) -> int | str:
    if isinstance(raw, int):
        return raw
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.hex()
    return text if text.isprintable() else raw.hex()
