"""Event files of TensorBoard: records of TFRecord, each an Event of Protocol Buffers.

    8 bytes length, 4 bytes CRC of it, the bytes, 4 bytes CRC of them      (tfrecord)
    Event: wall_time 1, step 2, file_version 3, graph_def 4, summary 5     (event.proto)

A file may still be written: what is cut off at its end is no error. Values are said as they are
stored: 0.001 in 32 bits is 0.0010000000474974513.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kprov_rdf.errors import InputError, LimitError
from kprov_rdf.exchange.foreign.crc32c import crc32c, masked
from kprov_rdf.exchange.foreign.protobuf import Message, damaged

MAX_EVENTS = 2_000_000
# Larger ones are graphs and images, of which only a hash is kept.
_CHECKED = 1 << 20
_HEADER = 12
_FLOAT, _DOUBLE, _STRING, _HALF, _BFLOAT = 1, 2, 7, 19, 14
# Of each type of a tensor: how its bytes are read, and the field that has its values otherwise.
_TYPES = {
    _FLOAT: ("f", 5), _DOUBLE: ("d", 6), 3: ("i", 7), 4: ("B", 7), 5: ("h", 7), 6: ("b", 7),
    9: ("q", 10), 10: ("?", 11), 17: ("H", 7), 22: ("I", 16), 23: ("Q", 17), _HALF: ("e", 13),
    _BFLOAT: ("H", 13),
}  # fmt: skip


@dataclass
class Value:
    """One value of a summary. ``scalar`` is None of what is no number, ``texts`` are its strings.

    ``plugin`` is the name of the plugin that wrote it, ``content`` what that plugin keeps with it.
    """

    tag: str
    step: int
    time: float
    plugin: str = ""
    content: bytes = b""
    scalar: float | None = None
    texts: list[bytes] = field(default_factory=list)
    size: int = 0
    sha256: str = ""


@dataclass
class Events:
    """What one file holds. ``torn`` are the bytes at its end that are no whole record.

    ``opened`` is when it was begun, in whole seconds since 1970.
    """

    version: str = ""
    opened: float = 0.0
    values: list[Value] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)
    records: int = 0
    torn: int = 0


def is_events(data: bytes) -> bool:
    """Whether some bytes begin with a record that says "brain.Event:"."""
    if len(data) < _HEADER + 4 or b"brain.Event:" not in data[:128]:
        return False
    return bool(struct.unpack_from("<I", data, 8)[0] == masked(crc32c(data[:8])))


def records(data: bytes, name: str) -> Iterator[bytes]:
    """The records of a file, as far as they are whole.

    Raises ``InputError`` where a checksum is another: the file was changed, or is of another kind.
    """
    at = 0
    while len(data) - at >= _HEADER:
        length, check = struct.unpack_from("<QI", data, at)
        if masked(crc32c(data[at : at + 8])) != check:
            if not any(data[at : at + (1 << 16)]):  # room that was made and not written to
                return
            raise _changed(name, at)
        end = at + _HEADER + length
        if end + 4 > len(data):
            return
        record = data[at + _HEADER : end]
        (check,) = struct.unpack_from("<I", data, end)
        if length <= _CHECKED and masked(crc32c(record)) != check:
            raise _changed(name, at)
        yield record
        at = end + 4


def _changed(name: str, at: int) -> InputError:
    return InputError(
        f"{name} is damaged: the checksum of the record at byte {at:,} is wrong. Copy it again "
        "from where it was written."
    )


def read(data: bytes, name: str) -> Events:
    """The events of a file. Raises ``InputError`` for damage, ``LimitError`` for too many."""
    found = Events()
    whole = 0
    for record in records(data, name):
        whole += len(record) + _HEADER + 4
        found.records += 1
        if found.records > MAX_EVENTS:
            raise LimitError(f"{name} has more than {MAX_EVENTS:,} events. Split it.")
        _event(Message(record, name), found)
    found.torn = len(data) - whole
    return found


def _event(event: Message, found: Events) -> None:
    time, step = event.double(1), event.number(2)
    if 3 in event:
        found.version, found.opened = event.text(3), time
    for one in event.message(5).messages(1) if 5 in event else ():
        found.values.append(_value(one, step, time))
    for number, name in ((4, "graph_def"), (9, "meta_graph_def"), (8, "run metadata")):
        if number in event:
            told = event.part(number)
            digest = hashlib.sha256(told).hexdigest()
            found.others.append({"event": name, "step": step, "bytes": len(told), "sha256": digest})
    if 6 in event:
        log = event.message(6)
        found.others.append({"event": "log", "level": log.number(1), "message": log.text(2)})
    if 7 in event:
        session = event.message(7)
        told_of = {"status": session.number(1), "checkpoint": session.text(2)}
        found.others.append(
            {"event": "session", "step": step, **told_of, "message": session.text(3)}
        )


def _value(one: Message, step: int, time: float) -> Value:
    plugin = one.message(9).message(1)
    value = Value(one.text(1), step, time, plugin.text(1), plugin.part(2))
    if 2 in one:
        value.scalar = (one.floats(2) or [0.0])[-1]
    elif 8 in one:
        told = one.part(8)
        value.size, value.sha256 = len(told), hashlib.sha256(told).hexdigest()
        _tensor(Message(told, one.where), value)
    else:
        told = b"".join(one.part(number) for number in (3, 4, 5, 6))
        value.size, value.sha256 = len(told), hashlib.sha256(told).hexdigest()
    return value


def _tensor(tensor: Message, value: Value) -> None:
    """The number of a tensor that has one value, or its texts."""
    kind, shape = tensor.number(1), [one.number(1) for one in tensor.message(2).messages(2)]
    if kind == _STRING:
        value.texts = tensor.parts(8)
    elif kind in _TYPES and all(size == 1 for size in shape):
        value.scalar = _scalar(tensor, kind)


def _scalar(tensor: Message, kind: int) -> float | None:
    how, number = _TYPES[kind]
    content = tensor.part(4)
    if content:
        if len(content) != struct.calcsize(how):
            raise damaged(tensor.where, 0, "a number has another size than its type")
        (found,) = struct.unpack(f"<{how}", content)
    else:
        found = _listed(tensor, kind, number)
        if found is None:
            return None
    return _bfloat(int(found)) if kind == _BFLOAT else float(found)


def _listed(tensor: Message, kind: int, number: int) -> float | int | None:
    """The first value of the field for the type; a tensor of zeros may leave it out."""
    if kind == _FLOAT:
        return (tensor.floats(number) or [0.0])[0]
    if kind == _DOUBLE:
        return (tensor.doubles(number) or [0.0])[0]
    found = (tensor.numbers(number) or [0])[0]
    if kind == _HALF:
        return float(struct.unpack("<e", struct.pack("<H", found & 0xFFFF))[0])
    return found


def _bfloat(bits: int) -> float:
    return float(struct.unpack("<f", struct.pack("<I", (bits & 0xFFFF) << 16))[0])
