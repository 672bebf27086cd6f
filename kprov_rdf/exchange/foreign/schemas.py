"""Messages of Protocol Buffers by the names that a schema gives their fields.

A schema names the fields that are wanted. What it does not name is kept by its number: a text where
its bytes are one, else hexadecimal digits.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kprov_rdf.errors import InputError
from kprov_rdf.exchange.foreign.protobuf import damaged, fields


@dataclass(frozen=True)
class Field:
    """A field: ``kind`` is "text", "int", "zigzag", "bool", "double", or a schema of its own."""

    name: str
    kind: "str | Mapping[int, Field]" = "text"
    repeated: bool = False


Schema = Mapping[int, Field]


class Budget:
    """How many fields may be read in all, whichever the messages: each takes memory."""

    def __init__(self, most: int) -> None:
        self.most = self.left = most

    def take(self, where: str) -> None:
        self.left -= 1
        if self.left < 0:
            raise InputError(f"{where} is one too many: there are more than {self.most:,} fields.")


def message(data: bytes, schema: Schema, where: str, budget: Budget) -> dict[str, Any]:
    """A message by the names of its fields; of one that is not repeated the last value counts.

    Raises ``InputError``, which says ``where``. It is as deep as the schema.
    """
    found: dict[str, Any] = {}
    for number, _, raw in fields(data, where):
        budget.take(where)
        field = schema.get(number)
        if field is None:
            found.setdefault(f"field {number}", []).append(_unknown(raw))
        elif field.repeated:
            found.setdefault(field.name, []).append(_value(raw, field, where, budget))
        elif isinstance(field.kind, str):
            found[field.name] = _value(raw, field, where, budget)
        else:  # parts of one message are one message (section "Last One Wins")
            found[field.name] = {**found.get(field.name, {}), **_value(raw, field, where, budget)}
    return found


def _value(raw: int | bytes, field: Field, where: str, budget: Budget) -> Any:
    if not isinstance(field.kind, str):
        if isinstance(raw, int):
            raise damaged(where, 0, f"{field.name} is a number, and a message was wanted")
        return message(raw, field.kind, where, budget)
    if field.kind == "text":
        if isinstance(raw, int):
            raise damaged(where, 0, f"{field.name} is a number, and a text was wanted")
        return raw.decode("utf-8", "replace")
    if field.kind == "double":
        if not isinstance(raw, bytes) or len(raw) != 8:
            raise damaged(where, 0, f"{field.name} is no double")
        return float(struct.unpack("<d", raw)[0])
    if not isinstance(raw, int):
        raise damaged(where, 0, f"{field.name} is no whole number")
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
