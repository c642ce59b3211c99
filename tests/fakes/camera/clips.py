"""MP4 clips as ready-made access units: demuxed once, packetised once, shared by every camera that plays them."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
from av.video.stream import VideoStream

from tests.fakes.camera.packetise import PacketRun, packet_run

Codec = Literal["h264", "h265"]
CLOCK_HZ = 90_000
LENGTH_BYTES = 4
MIN_CLIP_UNITS = 2


def unit_digest(nals: tuple[bytes, ...]) -> str:
    """SHA-256 (hex) of an access unit: every NAL preceded by its length as a 32-bit big-endian number."""
    digest = hashlib.sha256()
    for nal in nals:
        digest.update(len(nal).to_bytes(4, "big"))
        digest.update(nal)
    return digest.hexdigest()


def is_parameter_set(nal: bytes, codec: Codec) -> bool:
    """Whether the NAL unit is an SPS or PPS (H.264), or a VPS, SPS or PPS (H.265)."""
    if codec == "h264":
        return nal[0] & 0x1F in (7, 8)
    return (nal[0] >> 1) & 0x3F in (32, 33, 34)


@dataclass(frozen=True, slots=True)
class ClipUnit:
    """One access unit as the camera sends it: parameter sets repeated before each key frame."""

    nals: tuple[bytes, ...]
    pts_90k: int
    key: bool
    digest: str
    run: PacketRun
    first_packet: int
    """Packets of the clip before this unit."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip in memory. ``duration_90k`` runs to the end of the last frame."""

    path: Path
    codec: Codec
    width: int
    height: int
    fps: float
    parameter_sets: tuple[bytes, ...]
    units: tuple[ClipUnit, ...]
    packets: int
    duration_90k: int
    bitrate_kbps: int


def load_clip(path: Path) -> Clip:
    """The clip in ``path``; read and packetised once for each version of the file."""
    stat = path.stat()
    return _load(path.resolve(), stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=64)
def _load(path: Path, mtime_ns: int, size: int) -> Clip:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        codec = _codec(stream, path)
        extradata = stream.codec_context.extradata or b""
        parameter_sets = _avcc_sets(extradata) if codec == "h264" else _hvcc_sets(extradata)
        rate = stream.average_rate or Fraction(25)
        units = _units(container, stream, codec, parameter_sets)
        width, height = stream.codec_context.width, stream.codec_context.height
    if len(units) < MIN_CLIP_UNITS or not units[0].key:
        raise ValueError(f"{path.name}: a clip must start on a key frame and hold at least two frames")
    duration = units[-1].pts_90k + round(CLOCK_HZ / rate)
    octets = sum(len(nal) for unit in units for nal in unit.nals)
    return Clip(
        path=path,
        codec=codec,
        width=width,
        height=height,
        fps=float(rate),
        parameter_sets=parameter_sets,
        units=tuple(units),
        packets=units[-1].first_packet + units[-1].run.count,
        duration_90k=duration,
        bitrate_kbps=max(1, round(octets * 8 * CLOCK_HZ / duration / 1000)),
    )


def _codec(stream: VideoStream, path: Path) -> Codec:
    names: dict[str, Codec] = {"h264": "h264", "hevc": "h265"}
    name = stream.codec_context.name
    if name not in names:
        raise ValueError(f"{path.name}: {name} cannot be streamed; use H.264 or H.265")
    return names[name]


def _units(
    container: av.container.InputContainer,
    stream: VideoStream,
    codec: Codec,
    parameter_sets: tuple[bytes, ...],
) -> list[ClipUnit]:
    units: list[ClipUnit] = []
    origin: int | None = None
    packets = 0
    time_base = stream.time_base or Fraction(1, CLOCK_HZ)
    for packet in container.demux(stream):
        if packet.pts is None or packet.size == 0:
            continue
        if packet.dts is not None and packet.dts != packet.pts:
            raise ValueError("a clip with B-frames cannot be sent in presentation order without transcoding")
        origin = packet.pts if origin is None else origin
        nals = _split(bytes(packet))
        if packet.is_keyframe:
            nals = parameter_sets + tuple(n for n in nals if not is_parameter_set(n, codec))
        run = packet_run(nals, codec)
        pts = round((packet.pts - origin) * time_base * CLOCK_HZ)
        units.append(ClipUnit(nals, pts, packet.is_keyframe, unit_digest(nals), run, packets))
        packets += run.count
    return units


def _split(sample: bytes) -> tuple[bytes, ...]:
    """The NAL units of an MP4 sample (ISO/IEC 14496-15: each preceded by its length)."""
    nals = []
    at = 0
    while at + LENGTH_BYTES <= len(sample):
        length = int.from_bytes(sample[at : at + LENGTH_BYTES], "big")
        nals.append(sample[at + LENGTH_BYTES : at + LENGTH_BYTES + length])
        at += LENGTH_BYTES + length
    return tuple(nal for nal in nals if nal)


def _avcc_sets(record: bytes) -> tuple[bytes, ...]:
    """SPS and PPS of an ``avcC`` record (ISO/IEC 14496-15 §5.3.3)."""
    sets = []
    at = 6
    for count in (record[5] & 0x1F, None):
        if count is None:
            count = record[at]
            at += 1
        for _ in range(count):
            length = int.from_bytes(record[at : at + 2], "big")
            sets.append(record[at + 2 : at + 2 + length])
            at += 2 + length
    return tuple(sets)


def _hvcc_sets(record: bytes) -> tuple[bytes, ...]:
    """VPS, SPS and PPS of an ``hvcC`` record (ISO/IEC 14496-15 §8.3.3)."""
    sets = []
    at = 23
    for _ in range(record[22]):
        kind = record[at] & 0x3F
        count = int.from_bytes(record[at + 1 : at + 3], "big")
        at += 3
        for _ in range(count):
            length = int.from_bytes(record[at : at + 2], "big")
            if kind in (32, 33, 34):
                sets.append(record[at + 2 : at + 2 + length])
            at += 2 + length
    return tuple(sets)
