"""CMAF out of access units: an initialisation segment per format, then one ``moof+mdat`` per group or per frame.

Capture time is in the file itself: ``tfdt`` of a fragment is the UTC of its first unit in 90 kHz ticks since 1970. NAL
units stand in the samples as the camera sent them, parameter sets included, each behind its length (T-10).
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Sequence
from typing import Final

from cryptography.utils import Buffer

from recorder.access_unit import MEDIA_CLOCK_HZ, StreamFormat, TimedUnit, ticks_of
from recorder.stream.boxes import TRACK_ID, box, file_type, full_box, movie
from vms.clock import UtcTime

# What a unit is taken to last when nothing tells: a twenty-fifth of a second.
DURATION_DEFAULT_90K: Final = MEDIA_CLOCK_HZ // 25
# Initialisation segments kept: one a stream, each of a kilobyte.
FORMATS_LIMIT_COUNT: Final = 256
# sample_depends_on / sample_is_non_sync_sample (ISO/IEC 14496-12 §8.8.3.1).
SYNC_SAMPLE: Final = 0x02000000
OTHER_SAMPLE: Final = 0x01010000
# tfhd: default-base-is-moof. trun: data offset, then duration, size, flags and composition offset of each sample.
DEFAULT_BASE_IS_MOOF: Final = 0x020000
RUN_FLAGS: Final = 0x000001 | 0x000100 | 0x000200 | 0x000400 | 0x000800

_sample: Final = struct.Struct(">IIIi").pack


@functools.lru_cache(maxsize=FORMATS_LIMIT_COUNT)
def init_segment(fmt: StreamFormat) -> bytes:
    """``ftyp`` and ``moov``: what a player needs before the first fragment of this format."""
    return file_type() + movie(fmt)


def playable(units: Sequence[TimedUnit], fmt: StreamFormat, sequence: int, next_utc: UtcTime | None) -> list[Buffer]:
    """A file of its own, ``init_segment`` and ``fragment``, in the pieces in which its pictures lie in memory."""
    return [init_segment(fmt), *_pieces(units, fmt, sequence, next_utc)]


def fragment(units: Sequence[TimedUnit], fmt: StreamFormat, sequence: int, next_utc: UtcTime | None) -> bytes:
    """One ``moof+mdat`` with the given units, at least one.

    A unit lasts until the next one; the last until ``next_utc``, or for its expected duration when that is not known.
    ``sequence`` is the fragment's number, from 1 (taken modulo 2^32).
    """
    return b"".join(_pieces(units, fmt, sequence, next_utc))


def _pieces(units: Sequence[TimedUnit], fmt: StreamFormat, sequence: int, next_utc: UtcTime | None) -> list[Buffer]:
    starts = [ticks_of(unit.utc_us) for unit in units]
    last = units[-1]
    if next_utc is not None:
        end = max(ticks_of(next_utc.us), starts[-1] + 1)
    else:
        end = starts[-1] + (last.duration_90k or _nominal(fmt))
    total = 8
    samples: list[bytes] = []
    data, begin, stop = units[0].unit.data, units[0].unit.start, units[0].unit.start
    pieces: list[Buffer] = []
    for unit, start, until in zip(units, starts, [*starts[1:], end], strict=True):
        inner = unit.unit
        size = inner.stop - inner.start
        if inner.data is not data or inner.start != stop:
            pieces.append(memoryview(data)[begin:stop])
            data, begin = inner.data, inner.start
        stop = inner.stop
        total += size
        flags = SYNC_SAMPLE if inner.key else OTHER_SAMPLE
        samples.append(_sample(until - start, size, flags, unit.composition_90k))
    pieces.append(memoryview(data)[begin:stop])
    head = _movie_fragment(samples, starts[0], sequence) + total.to_bytes(4, "big") + b"mdat"
    return [head, *pieces]


def _movie_fragment(samples: list[bytes], start: int, sequence: int) -> bytes:
    header = full_box(b"mfhd", 0, 0, (sequence & 0xFFFFFFFF).to_bytes(4, "big"))
    track = full_box(b"tfhd", 0, DEFAULT_BASE_IS_MOOF, TRACK_ID.to_bytes(4, "big"))
    decode_time = full_box(b"tfdt", 1, 0, start.to_bytes(8, "big"))
    run_bytes = b"".join(samples)
    # moof ‖ traf ‖ trun heads, then the samples' table: the data starts 8 bytes after all of it.
    run_head = 20
    moof_size = 8 + len(header) + 8 + len(track) + len(decode_time) + run_head + len(run_bytes)
    run = full_box(b"trun", 1, RUN_FLAGS, struct.pack(">Ii", len(samples), moof_size + 8), run_bytes)
    return box(b"moof", header, box(b"traf", track, decode_time, run))


def _nominal(fmt: StreamFormat) -> int:
    return max(1, round(MEDIA_CLOCK_HZ / fmt.fps)) if fmt.fps else DURATION_DEFAULT_90K
