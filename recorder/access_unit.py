"""What a camera's stream is made of once the network is gone: access units, their format, their time.

An access unit is one coded picture. Three clocks meet here and keep their names: ``rtp_time`` is the camera's media
clock (90 kHz), ``received_us`` our monotonic clock, ``utc`` the time the recorder vouches for. What the camera itself
claims (``claimed``) stands beside ours and never replaces it (A-10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from vms.clock import UtcTime

MEDIA_CLOCK_HZ: Final = 90_000
# What stands before each NAL unit of a sample: its length (ISO/IEC 14496-15 §5.2.3).
LENGTH_BYTES: Final = 4

Codec = Literal["h264", "h265"]


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What a decoder must know before the first unit; equal formats need no new initialisation.

    ``parameter_sets`` are NAL units without start code: SPS then PPS for H.264, VPS, SPS, PPS for H.265.
    """

    codec: Codec
    width: int
    height: int
    fps: float | None
    parameter_sets: tuple[bytes, ...]
    codec_string: str

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, after cropping."""
        return self.width, self.height


# The next two are made for each picture of each camera, and a frozen class takes twice as long to make: they are never
# changed once made all the same.
@dataclass(slots=True)
class AccessUnit:
    """One coded picture as the camera sent it: ``data[start:stop]`` are its NAL units in order, as a sample holds them.

    That is without start codes, each behind its length. Pictures that one read brought lie in one ``data``, back to
    back, and go to the store as one piece. ``fmt`` is set on key units whose parameter sets are known. ``lost_before``
    says that packets are missing between the previous unit and this one, so that nothing up to the next key unit can be
    decoded faithfully.
    """

    data: bytes
    start: int
    stop: int
    rtp_time: int
    key: bool
    received_us: int
    fmt: StreamFormat | None = None
    lost_before: bool = False

    @classmethod
    def of(
        cls, nals: Sequence[bytes], rtp_time: int, key: bool, received_us: int, fmt: StreamFormat | None = None,
        lost_before: bool = False,
    ) -> AccessUnit:  # fmt: skip
        """A unit of these NAL units, copied once."""
        data = b"".join([part for nal in nals for part in (len(nal).to_bytes(LENGTH_BYTES, "big"), nal)])
        return cls(data, 0, len(data), rtp_time, key, received_us, fmt, lost_before)

    @property
    def nals(self) -> tuple[bytes, ...]:
        """The NAL units without their lengths: copies, for whoever looks into the picture."""
        data, at, found = self.data, self.start, []
        while at < self.stop:
            end = at + LENGTH_BYTES + int.from_bytes(data[at : at + LENGTH_BYTES], "big")
            found.append(data[at + LENGTH_BYTES : end])
            at = end
        return tuple(found)

    def size_bytes(self) -> int:
        """Bytes of all NAL units, with their lengths."""
        return self.stop - self.start


@dataclass(slots=True)
class TimedUnit:
    """An access unit with its time.

    ``utc_us`` never goes back along a stream. ``duration_90k`` is the time expected until the next unit, None when not
    even a guess is possible. ``composition_90k`` is non-zero only for streams with reordered pictures: the picture is
    shown at ``utc_us`` plus that many ticks.
    """

    unit: AccessUnit
    utc_us: int
    duration_90k: int | None
    composition_90k: int = 0

    @property
    def utc(self) -> UtcTime:
        """The instant; made when asked for, since few of the pictures of a group are."""
        return UtcTime(self.utc_us)


def ticks_of(utc_us: int) -> int:
    """The instant on the media time scale: 90 kHz ticks since 1970, rounded down."""
    return utc_us * 9 // 100
