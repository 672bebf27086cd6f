"""Files of W&B's as a program of its writes them, for the tests: the opposite of the reader."""

import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from kprov_rdf.exchange.foreign.schemas import Schema
from kprov_rdf.exchange.foreign.wandb_records import RECORD

HEADER = b":W&B" + struct.pack("<HB", 0xBEE1, 0)
BLOCK = 1 << 15


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def message(told: Mapping[str, Any], schema: Schema = RECORD) -> bytes:
    """A message by the names of its fields."""
    numbers = {field.name: (number, field) for number, field in schema.items()}
    found = b""
    for name, given in told.items():
        number, field = numbers[name]
        for one in given if field.repeated else [given]:
            if field.kind == "double":
                found += varint(number << 3 | 1) + struct.pack("<d", one)
            elif isinstance(field.kind, str) and field.kind != "text":
                value = (one << 1) ^ (one >> 63) if field.kind == "zigzag" else int(one)
                found += varint(number << 3) + varint(value)
            else:
                raw = one.encode() if isinstance(one, str) else message(one, field.kind)  # type: ignore[arg-type]
                found += varint(number << 3 | 2) + varint(len(raw)) + raw
    return found


def framed(records: Iterable[bytes]) -> bytes:
    """The log of these records, in fragments where a block ends."""
    found = bytearray(HEADER)
    for record in records:
        rest, first = record, True
        while first or rest:
            left = BLOCK - len(found) % BLOCK
            if left < 7:
                found += bytes(left)
                left = BLOCK
            part, rest = rest[: left - 7], rest[left - 7 :]
            kind = (1 if not rest else 2) if first else (4 if not rest else 3)
            checksum = zlib.crc32(part, zlib.crc32(bytes((kind,))))
            found += struct.pack("<IHB", checksum, len(part), kind) + part
            first = False
    return bytes(found)


def items(**values: Any) -> list[dict[str, Any]]:
    return [
        {"nested_key": [name.replace("__", "/")], "value_json": json.dumps(value)}
        for name, value in values.items()
    ]


def history(step: int, **values: Any) -> dict[str, Any]:
    """A row at a step, logged so many seconds after the run began; __ in names is a slash."""
    told = {**values, "_step": step, "_timestamp": 1_795_295_700 + step}
    return {"history": {"item": items(**told), "step": {"num": step}}}


def run(*records: dict[str, Any], **config: Any) -> bytes:
    """A whole file of a run that began at 1795295700 and took a minute."""
    begin = {
        "run_id": "abc", "project": "digits", "display_name": "digits",
        "start_time": {"seconds": 1_795_295_700}, "config": {"update": items(**config)},
    }  # fmt: skip
    told = [{"run": begin}, *records, {"exit": {"exit_code": 0, "runtime": 60}}]
    return framed(message(one) for one in told)
