"""MP4 boxes (ISO/IEC 14496-12): the few that a fragmented file with one video track needs."""

from __future__ import annotations

import struct
from typing import Final

from recorder.access_unit import MEDIA_CLOCK_HZ, StreamFormat
from recorder.rtsp import h264_sets, h265_sets

TRACK_ID: Final = 1
_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED: Final = 0x55C4  # "und", ISO 639-2 packed as ISO/IEC 14496-12 says


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box: length, type, contents."""
    size = 8 + sum(map(len, parts))
    return b"".join((size.to_bytes(4, "big"), kind, *parts))


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box with version and flags."""
    return box(kind, (version << 24 | flags).to_bytes(4, "big"), *parts)


def file_type() -> bytes:
    """CMAF brand, for one track whose fragments can be appended to MediaSource."""
    return box(b"ftyp", b"iso6", bytes(4), b"iso6cmfcmp41")


def movie(fmt: StreamFormat) -> bytes:
    """The movie box of one video track without samples; durations are unknown (0), since it is a live track."""
    header = full_box(
        b"mvhd", 0, 0,
        struct.pack(">IIII", 0, 0, MEDIA_CLOCK_HZ, 0), struct.pack(">IHHQ", 0x10000, 0x0100, 0, 0), _MATRIX,
        bytes(24), struct.pack(">I", TRACK_ID + 1),
    )  # fmt: skip
    track_header = full_box(
        b"tkhd", 0, 3,
        struct.pack(">IIIIIQHHHH", 0, 0, TRACK_ID, 0, 0, 0, 0, 0, 0, 0), _MATRIX,
        struct.pack(">II", fmt.width << 16, fmt.height << 16),
    )  # fmt: skip
    media = box(
        b"mdia",
        full_box(b"mdhd", 0, 0, struct.pack(">IIIIHH", 0, 0, MEDIA_CLOCK_HZ, 0, _UNDETERMINED, 0)),
        full_box(b"hdlr", 0, 0, struct.pack(">I4s", 0, b"vide"), bytes(12), b"Guet\0"),
        box(
            b"minf",
            full_box(b"vmhd", 0, 1, bytes(8)),
            box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1))),
            _sample_tables(fmt),
        ),
    )
    extends = box(b"mvex", full_box(b"trex", 0, 0, struct.pack(">IIIII", TRACK_ID, 1, 0, 0, 0)))
    return box(b"moov", header, box(b"trak", track_header, media), extends)


def _sample_tables(fmt: StreamFormat) -> bytes:
    entry = _avc1(fmt) if fmt.codec == "h264" else _hvc1(fmt)
    return box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, 0, bytes(4)),
        full_box(b"stsc", 0, 0, bytes(4)),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    )


def _visual_entry(kind: bytes, fmt: StreamFormat, configuration: bytes) -> bytes:
    return box(
        kind,
        struct.pack(">6xH16x", 1),
        struct.pack(">HHIIIH", fmt.width, fmt.height, 0x00480000, 0x00480000, 0, 1),
        bytes(32),
        struct.pack(">Hh", 0x0018, -1),
        configuration,
    )


def _avc1(fmt: StreamFormat) -> bytes:
    """AVC sample entry with its decoder configuration record (ISO/IEC 14496-15 §5.3.3)."""
    sps = [nal for nal in fmt.parameter_sets if nal[0] & 0x1F == h264_sets.SPS]
    pps = [nal for nal in fmt.parameter_sets if nal[0] & 0x1F == h264_sets.PPS]
    record = bytes((1, *sps[0][1:4], 0xFF, 0xE0 | len(sps))) + _counted(sps) + bytes((len(pps),)) + _counted(pps)
    if sps[0][1] in h264_sets.HIGH_PROFILES:
        parsed = h264_sets.parse_sps(sps[0])
        record += bytes((0xFC | parsed.chroma, 0xF8 | parsed.depth_luma, 0xF8 | parsed.depth_chroma, 0))
    return _visual_entry(b"avc1", fmt, box(b"avcC", record))


def _hvc1(fmt: StreamFormat) -> bytes:
    """HEVC sample entry with its decoder configuration record (ISO/IEC 14496-15 §8.3.3)."""
    arrays = b""
    for kind in (h265_sets.VPS, h265_sets.SPS, h265_sets.PPS):
        nals = [nal for nal in fmt.parameter_sets if nal[0] >> 1 & 0x3F == kind]
        arrays += struct.pack(">BH", 0x80 | kind, len(nals)) + _counted(nals)
    sps = h265_sets.parse_sps(next(nal for nal in fmt.parameter_sets if nal[0] >> 1 & 0x3F == h265_sets.SPS))
    record = (
        b"\1"
        + sps.profile_tier_level
        + struct.pack(
            ">HBBBBHBB",
            0xF000,  # minimum spatial segmentation: unknown
            0xFC,  # parallelism: unknown
            0xFC | sps.chroma,
            0xF8 | sps.depth_luma,
            0xF8 | sps.depth_chroma,
            0,  # average frame rate: unknown
            sps.sub_layers << 3 | (4 if sps.temporal_nesting else 0) | 3,
            3,
        )
        + arrays
    )
    return _visual_entry(b"hvc1", fmt, box(b"hvcC", record))


def _counted(nals: list[bytes]) -> bytes:
    return b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)
