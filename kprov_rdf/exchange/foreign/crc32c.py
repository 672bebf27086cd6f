"""CRC-32C (Castagnoli; RFC 3720, appendix B.4), and its masked form in the logs of some tools."""

_POLYNOMIAL = 0x82F63B78  # reflected
_MASK = 0xA282EAD8


def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """The checksum of some bytes: 32 bits."""
    table, value = _TABLE, 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


def masked(value: int) -> int:
    """A checksum as it is stored beside what it is of: turned by 15 bits, and a constant added."""
    return ((value >> 15 | value << 17) + _MASK) & 0xFFFFFFFF
