"""What passes between a recorder and the masker: encoded units in, masked or dropped units out, one for one.

Every unit handed in comes back exactly once, in presentation order, as a ``MaskedUnit`` or a ``DroppedUnit`` with the
same ``ticket`` and ``utc_us``; a ``MaskFailed`` ends the worker and with it every unit still inside. So whatever is
not stored is a gap with a cause, never a hole that nobody can explain (S4), and never a clear picture (P-11).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from vms.errors import GuetError

Codec = Literal["h264", "h265"]

# Bounds of one picture. 4096 × 2304 is the largest sensor profile we plan for; beyond it a decoder's memory is at risk.
PICTURE_LIMIT_PIXELS: Final = 4096 * 2304
PICTURE_MIN_SIDE_PIXELS: Final = 32
UNIT_LIMIT_BYTES: Final = 8 * 1024 * 1024
NALS_LIMIT: Final = 512

# Why a camera goes dark: the same words as the causes of an absence in the link chain.
MASK_FAILED: Final = "mask-failed"
SIZE_CHANGED: Final = "picture-size-changed"
STREAM_DAMAGED: Final = "stream-damaged"
KEY_AWAITED: Final = "key-frame-awaited"


class MaskFailed(GuetError):
    """The masker can no longer promise that its pictures are masked: the camera goes dark (P-11).

    ``cause`` is the cause of the absence to record: ``mask-failed``, ``picture-size-changed`` or ``stream-damaged``.
    """

    kind: ClassVar[str] = "mask-failed"
    status: ClassVar[int] = 503

    def __init__(self, what: str, *, cause: str = MASK_FAILED, where: str = "", todo: str = "") -> None:
        super().__init__(what, where=where, todo=todo, rule="P-11")
        self.cause = cause


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One stream as it enters: codec, size in pixels after cropping, and its parameter sets (SPS, PPS; VPS first)."""

    codec: Codec
    width: int
    height: int
    fps: float | None = None
    parameter_sets: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class EncodedUnit:
    """One encoded picture of the camera: its NAL units (no start code, no length), its capture time, its ticket.

    ``ticket`` is the caller's own number for it (unique per stream, growing); it comes back with the result.
    """

    nals: tuple[bytes, ...]
    utc_us: int
    key: bool
    ticket: int


@dataclass(frozen=True, slots=True)
class MaskedUnit:
    """One H.264 picture whose zones are opaque. ``key`` is true where it was true for the unit handed in, and
    for the first one that comes out.

    A key unit carries SPS and PPS in ``nals`` and again in ``parameter_sets`` (empty for the others).
    """

    nals: tuple[bytes, ...]
    utc_us: int
    key: bool
    ticket: int
    parameter_sets: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class DroppedUnit:
    """One picture that will not be output, and why (``stream-damaged``, ``key-frame-awaited``): it belongs in a gap."""

    utc_us: int
    ticket: int
    cause: str


Outcome = MaskedUnit | DroppedUnit
