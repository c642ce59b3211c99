"""Reading parameter sets bit by bit: emulation prevention removed, exp-Golomb codes (H.264 §9.1, H.265 §9.2)."""

from __future__ import annotations

from typing import Final

# An exp-Golomb code in a parameter set never needs more; a longer run of zeros is damage.
EXP_GOLOMB_LIMIT_BITS: Final = 32


class BitsExhausted(ValueError):
    """The unit ends before the value does, or a code is longer than any valid one."""


class BitReader:
    """Bits of a NAL unit's payload, most significant first."""

    def __init__(self, payload: bytes) -> None:
        """``payload`` is what follows the NAL unit header; emulation prevention bytes are taken out here."""
        clean = unescape(payload)
        self._value = int.from_bytes(clean, "big")
        self._length = 8 * len(clean)
        self._position = 0

    @property
    def left(self) -> int:
        """Bits not yet read."""
        return self._length - self._position

    def bits(self, count: int) -> int:
        """An unsigned number of ``count`` bits."""
        if count > self.left:
            raise BitsExhausted("unit ends early")
        self._position += count
        return self._value >> (self._length - self._position) & ((1 << count) - 1)

    def flag(self) -> bool:
        """One bit."""
        return self.bits(1) == 1

    def skip(self, count: int) -> None:
        """Pass over ``count`` bits."""
        self.bits(count)

    def ue(self) -> int:
        """An unsigned exp-Golomb number."""
        zeros = 0
        while not self.flag():
            zeros += 1
            if zeros > EXP_GOLOMB_LIMIT_BITS:
                raise BitsExhausted("exp-Golomb code too long")
        return (1 << zeros) - 1 + self.bits(zeros)

    def se(self) -> int:
        """A signed exp-Golomb number."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def unescape(payload: bytes) -> bytes:
    """The payload without emulation prevention bytes (00 00 03 → 00 00)."""
    if b"\0\0\3" not in payload:
        return payload
    clean = bytearray()
    zeros = 0
    for byte in payload:
        if zeros >= 2 and byte == 3:
            zeros = 0
            continue
        clean.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(clean)
