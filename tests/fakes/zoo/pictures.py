"""What the zoo's servers stream: pictures of real encoders, and the same pictures as packets that can be altered."""

from __future__ import annotations

import functools
import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.stream import VideoStream

from tests.fakes.camera.clips import Codec, load_clip, unit_digest
from tests.fakes.camera.packetise import h264_payloads, h265_payloads

GOP = 10
FPS = 25
FRAME_90K = 90_000 // FPS
PAYLOAD_TYPE = 96
SSRC = 0x11223344


@dataclass(frozen=True, slots=True)
class Picture:
    """One access unit; ``stamp`` is its media time from the clip's start."""

    nals: tuple[bytes, ...]
    stamp: int
    key: bool

    @property
    def digest(self) -> str:
        """As the virtual camera's ledger and the memory sink count units."""
        return unit_digest(self.nals)


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet before it is laid out (RFC 3550 §5.1); ``options`` are what header bits and extra words say."""

    payload: bytes
    stamp: int
    sequence: int
    marker: bool = False
    payload_type: int = PAYLOAD_TYPE
    ssrc: int = SSRC
    channel: int = 0
    sources: tuple[int, ...] = ()
    extension: bytes = b""
    padding: int = 0
    version: int = 2

    def rtp(self) -> bytes:
        """The packet's bytes."""
        first = self.version << 6 | bool(self.padding) << 5 | bool(self.extension) << 4 | len(self.sources)
        head = struct.pack(
            ">BBHII", first, self.marker << 7 | self.payload_type, self.sequence & 0xFFFF,
            self.stamp & 0xFFFFFFFF, self.ssrc,
        )  # fmt: skip
        head += b"".join(source.to_bytes(4, "big") for source in self.sources)
        if self.extension:
            head += struct.pack(">HH", 0xABAC, len(self.extension) // 4) + self.extension
        tail = bytes(self.padding - 1) + bytes((self.padding,)) if self.padding else b""
        return head + self.payload + tail

    def framed(self) -> bytes:
        """The packet as an interleaved frame (RFC 2326 §10.12)."""
        return frame(self.channel, self.rtp())

    def but(self, **changes: object) -> Packet:
        """The same packet with something else about it."""
        return replace(self, **changes)  # type: ignore[arg-type]


def frame(channel: int, data: bytes) -> bytes:
    """Bytes as an interleaved frame."""
    return b"$" + bytes((channel,)) + len(data).to_bytes(2, "big") + data


Payloads = Callable[[Picture, Codec], list[bytes]]


def usual_payloads(picture: Picture, codec: Codec) -> list[bytes]:
    """As most cameras do: small units alone or aggregated, large ones in fragments."""
    return h264_payloads(picture.nals) if codec == "h264" else h265_payloads(picture.nals)


@functools.lru_cache(maxsize=16)
def pictures(
    codec: Codec = "h264", width: int = 320, height: int = 240, *, count: int = 40, options: str = ""
) -> tuple[Picture, ...]:
    """``count`` noisy pictures at 25 a second, a key picture every ten, parameter sets before each; no B pictures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        _encode(path, codec, width, height, count, options)
        clip = load_clip(path)
    return tuple(Picture(unit.nals, unit.pts_90k, unit.key) for unit in clip.units)


def sets_of(shown: Sequence[Picture], codec: Codec) -> tuple[bytes, ...]:
    """The parameter sets in front of the first picture."""
    return tuple(nal for nal in shown[0].nals if is_set(nal, codec))


def is_set(nal: bytes, codec: Codec) -> bool:
    """Whether a NAL unit is a parameter set."""
    return nal[0] & 0x1F in (7, 8) if codec == "h264" else nal[0] >> 1 & 0x3F in (32, 33, 34)


def _encode(path: Path, codec: Codec, width: int, height: int, count: int, options: str) -> None:
    keys = f"keyint={GOP}:min-keyint={GOP}:scenecut=0" + (f":{options}" if options else "")
    name, given = (
        ("libx264", {"x264-params": keys})
        if codec == "h264"
        else ("libx265", {"x265-params": f"{keys}:bframes=0:log-level=none:pools=1"})
    )
    random = np.random.default_rng(7)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(name, rate=FPS, options={"preset": "ultrafast", "tune": "zerolatency"} | given)
        if not isinstance(stream, VideoStream):
            raise TypeError(f"{name} makes no video")
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, FPS)
        for number in range(count):
            luma = np.add.outer(np.arange(height), np.arange(width) + 3 * number) % 200
            planes = np.full((height * 3 // 2, width), 128, np.uint8)
            planes[:height] = (luma + random.integers(0, 25, luma.shape)).astype(np.uint8)
            picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
