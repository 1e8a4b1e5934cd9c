"""Bits of H.264 syntax: reading, writing, Exp-Golomb codes, emulation prevention."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MAX_ZEROS = 32  # no ue(v) of the standard is longer (9.1)
_NEEDS_PREVENTION = re.compile(rb"\x00\x00(?=[\x00-\x03])")


class BitsInvalid(ValueError):
    """The bits end too early, or hold no code of the expected kind."""


class BitReader:
    """Reads the bits of ``data``, most significant first (7.2)."""

    __slots__ = ("_size", "_value", "position")

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._size = 8 * len(data)
        self.position = 0

    def u(self, n_bits: int) -> int:
        """An unsigned integer of ``n_bits``."""
        left = self._size - self.position - n_bits
        if left < 0:
            raise BitsInvalid("the bits end inside a field")
        self.position += n_bits
        return (self._value >> left) & ((1 << n_bits) - 1)

    def flag(self) -> bool:
        """One bit."""
        return self.u(1) == 1

    def ue(self) -> int:
        """An unsigned Exp-Golomb code (9.1)."""
        left = self._size - self.position
        zeros = left - (self._value & ((1 << left) - 1)).bit_length()
        if zeros > _MAX_ZEROS:
            raise BitsInvalid("an Exp-Golomb code is too long")
        self.position += zeros
        return self.u(zeros + 1) - 1

    def se(self) -> int:
        """A signed Exp-Golomb code (9.1.1)."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)

    def more_rbsp_data(self) -> bool:
        """Whether anything stands before the trailing bits (7.2)."""
        stop = self._size - (self._value & -self._value).bit_length()
        return self._value != 0 and self.position < stop


class BitWriter:
    """Collects bits, most significant first."""

    __slots__ = ("size", "value")

    def __init__(self) -> None:
        self.value = 0
        self.size = 0

    def u(self, value: int, n_bits: int) -> None:
        """Append ``value`` as an unsigned integer of ``n_bits``."""
        if value < 0 or value >> n_bits:
            raise BitsInvalid(f"{value} does not fit into {n_bits} bits")
        self.value = self.value << n_bits | value
        self.size += n_bits

    def flag(self, value: bool) -> None:
        """Append one bit."""
        self.u(int(value), 1)

    def ue(self, value: int) -> None:
        """Append an unsigned Exp-Golomb code (9.1)."""
        if value < 0:
            raise BitsInvalid(f"{value} has no unsigned code")
        self.u(value + 1, 2 * (value + 1).bit_length() - 1)

    def se(self, value: int) -> None:
        """Append a signed Exp-Golomb code (9.1.1)."""
        self.ue(2 * value - 1 if value > 0 else -2 * value)

    def aligned(self, fill: int) -> bytes:
        """All bits, filled up to whole bytes with ones or zeros (``fill`` 1 or 0)."""
        n_fill = -self.size % 8
        filling = (1 << n_fill) - 1 if fill else 0
        return (self.value << n_fill | filling).to_bytes(
            (self.size + n_fill) // 8, "big"
        )


def unescape(payload: bytes) -> bytes:
    """The RBSP of a NAL unit's payload: emulation prevention bytes removed (7.4.1)."""
    return payload.replace(b"\0\0\3", b"\0\0")


def escape(rbsp: bytes) -> bytes:
    """The payload of a NAL unit: emulation prevention bytes put in (7.4.1)."""
    payload = _NEEDS_PREVENTION.sub(b"\0\0\3", rbsp)
    return payload + b"\3" if payload.endswith(b"\0") else payload


def annex_b_units(data: bytes) -> Iterator[bytes]:
    """The NAL units of a byte stream with start codes (B.1)."""
    start = data.find(b"\0\0\1")
    if start < 0 or data[:start].strip(b"\0"):
        raise BitsInvalid("there is no start code")
    while start >= 0:
        end = data.find(b"\0\0\1", start + 3)
        unit = data[start + 3 : end if end >= 0 else len(data)].rstrip(b"\0")
        if unit:
            yield unit
        start = end


def sized_units(data: bytes, length_size: int) -> Iterator[bytes]:
    """The NAL units of a packet that puts a length before each (ISO/IEC 14496-15, 5.3.4)."""
    at, total = 0, len(data)
    while at < total:
        start = at + length_size
        at = start + int.from_bytes(data[at:start], "big")
        if at > total or start > total:
            raise BitsInvalid("a NAL unit is longer than its packet")
        if at > start:
            yield data[start:at]
