"""Messages of Protocol Buffers without their schema (protobuf.dev/programming-guides/encoding).

Fields are asked for by their numbers, in the type that the schema gives them. A message that does
not fit is an ``InputError``.
"""

import struct
from collections import defaultdict
from collections.abc import Iterator

from kprov_rdf.errors import InputError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_SIZES = {FIXED64: 8, FIXED32: 4}
_LONGEST = 10  # bytes of a varint


def damaged(where: str, at: int, what: str) -> InputError:
    """The error of a message that cannot be read at this byte of it."""
    return InputError(
        f"{where} is damaged: at byte {at} of a message {what}. Copy it again from where it was "
        "written."
    )


def varint(data: bytes, at: int, where: str) -> tuple[int, int]:
    """A number of 64 bits without a sign, and where the next field begins."""
    value = 0
    for place in range(_LONGEST):
        if at + place >= len(data):
            break
        byte = data[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, at + place + 1
    raise damaged(where, at, "a number does not end")


def fields(data: bytes, where: str) -> Iterator[tuple[int, int, int | bytes]]:
    """Each field: its number, its wire type, and the number or the bytes that it holds."""
    at = 0
    while at < len(data):
        start = at
        key, at = varint(data, at, where)
        number, wire = key >> 3, key & 7
        if number == 0:
            raise damaged(where, start, "a field has the number 0")
        if wire == VARINT:
            value, at = varint(data, at, where)
            yield number, wire, value
            continue
        if wire == BYTES:
            size, at = varint(data, at, where)
        elif wire in _SIZES:
            size = _SIZES[wire]
        else:
            raise damaged(where, start, f"a field has the wire type {wire}, which is not used")
        if at + size > len(data):
            raise damaged(where, start, "a field is longer than the rest of the message")
        yield number, wire, data[at : at + size]
        at += size


class Message:
    """The fields of one message. What is not there is 0, empty, or an empty list."""

    def __init__(self, data: bytes, where: str) -> None:
        self.where = where
        self._fields: dict[int, list[tuple[int, int | bytes]]] = defaultdict(list)
        for number, wire, value in fields(data, where):
            self._fields[number].append((wire, value))

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    def _of(self, number: int, *wires: int) -> Iterator[tuple[int, int | bytes]]:
        for wire, value in self._fields.get(number, ()):
            if wire not in wires:
                raise damaged(self.where, 0, f"field {number} has the wire type {wire}")
            yield wire, value

    def parts(self, number: int) -> list[bytes]:
        """Bytes, texts and messages of a repeated field."""
        return [value for _, value in self._of(number, BYTES) if isinstance(value, bytes)]

    def part(self, number: int) -> bytes:
        return b"".join(self.parts(number)[-1:])

    def text(self, number: int) -> str:
        return self.part(number).decode("utf-8", "replace")

    def message(self, number: int) -> "Message":
        return Message(self.part(number), self.where)

    def messages(self, number: int) -> list["Message"]:
        return [Message(one, self.where) for one in self.parts(number)]

    def numbers(self, number: int) -> list[int]:
        """Whole numbers of 64 bits with a sign, packed or not."""
        found: list[int] = []
        for _, value in self._of(number, VARINT, BYTES):
            if isinstance(value, int):
                found.append(value)
                continue
            at = 0
            while at < len(value):
                one, at = varint(value, at, self.where)
                found.append(one)
        return [one - (1 << 64) if one >> 63 else one for one in found]

    def number(self, number: int) -> int:
        return (self.numbers(number) or [0])[-1]

    def doubles(self, number: int) -> list[float]:
        """Numbers of 64 bits with a point, packed or not."""
        return self._floating(number, FIXED64, "d")

    def double(self, number: int) -> float:
        return (self.doubles(number) or [0.0])[-1]

    def floats(self, number: int) -> list[float]:
        """Numbers of 32 bits with a point, packed or not."""
        return self._floating(number, FIXED32, "f")

    def _floating(self, number: int, wire: int, kind: str) -> list[float]:
        told = b"".join(
            value for _, value in self._of(number, wire, BYTES) if isinstance(value, bytes)
        )
        size = _SIZES[wire]
        if len(told) % size:
            raise damaged(self.where, 0, f"field {number} is no list of numbers")
        return list(struct.unpack(f"<{len(told) // size}{kind}", told))
