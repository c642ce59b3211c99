"""RTP packets of an access unit, laid out once as interleaved RTSP frames and stamped per sending.

H.264 as in RFC 6184 (single NAL unit, STAP-A for parameter sets, FU-A), H.265 as in RFC 7798 (single, FU);
interleaving as in RFC 2326 §10.12.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

MAX_PAYLOAD_BYTES = 1400
INTERLEAVED_HEADER_BYTES = 4
RTP_HEADER_BYTES = 12
VIDEO_PAYLOAD_TYPE = 96
AUDIO_PAYLOAD_TYPE = 0
RTP_VERSION_2 = 0x80
MARKER = 0x80

_STAMP = struct.Struct("!HII")


@dataclass(frozen=True, slots=True)
class PacketRun:
    """The packets of one unit back to back; ``offsets`` says where each interleaved frame starts."""

    template: bytes
    offsets: tuple[int, ...]

    @property
    def count(self) -> int:
        """Number of RTP packets."""
        return len(self.offsets)

    @property
    def payload_octets(self) -> int:
        """Octets of RTP payload, as RTCP sender reports count them."""
        return len(self.template) - self.count * (INTERLEAVED_HEADER_BYTES + RTP_HEADER_BYTES)

    def stamped(self, channel: int, sequence: int, timestamp: int, ssrc: int) -> bytearray:
        """A copy with channel, sequence numbers (from ``sequence``), RTP time and SSRC filled in."""
        frames = bytearray(self.template)
        pack = _STAMP.pack_into
        for number, offset in enumerate(self.offsets):
            frames[offset + 1] = channel
            pack(frames, offset + 6, (sequence + number) & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
        return frames


def packet_run(nals: tuple[bytes, ...], codec: Literal["h264", "h265"]) -> PacketRun:
    """The run of packets that carries the NAL units as one access unit (marker bit on the last)."""
    payloads = h264_payloads(nals) if codec == "h264" else h265_payloads(nals)
    return run_of(payloads, VIDEO_PAYLOAD_TYPE)


def run_of(payloads: list[bytes], payload_type: int) -> PacketRun:
    """The payloads as interleaved RTP frames with empty stamps, the marker bit on the last."""
    template = bytearray()
    offsets = []
    for number, payload in enumerate(payloads):
        marker = MARKER if number == len(payloads) - 1 else 0
        offsets.append(len(template))
        template += struct.pack("!BBH", 0x24, 0, RTP_HEADER_BYTES + len(payload))
        template += struct.pack("!BBHII", RTP_VERSION_2, marker | payload_type, 0, 0, 0)
        template += payload
    return PacketRun(bytes(template), tuple(offsets))


def h264_payloads(nals: tuple[bytes, ...]) -> list[bytes]:
    """RTP payloads of H.264 NAL units: neighbouring small parameter sets share a STAP-A, large units are cut."""
    payloads: list[bytes] = []
    small: list[bytes] = []
    for nal in nals:
        if nal[0] & 0x1F in (7, 8) and sum(len(n) + 2 for n in small) + len(nal) + 3 <= MAX_PAYLOAD_BYTES:
            small.append(nal)
            continue
        payloads += _stap_a(small)
        small = []
        payloads += _h264_fragments(nal)
    return payloads + _stap_a(small)


def _stap_a(nals: list[bytes]) -> list[bytes]:
    if len(nals) < 2:
        return list(nals)
    reference = max(nal[0] & 0x60 for nal in nals)
    return [bytes([reference | 24]) + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)]


def _h264_fragments(nal: bytes) -> list[bytes]:
    if len(nal) <= MAX_PAYLOAD_BYTES:
        return [nal]
    indicator = (nal[0] & 0xE0) | 28
    kind = nal[0] & 0x1F
    step = MAX_PAYLOAD_BYTES - 2
    pieces = [nal[at : at + step] for at in range(1, len(nal), step)]
    last = len(pieces) - 1
    return [
        bytes([indicator, (0x80 if i == 0 else 0) | (0x40 if i == last else 0) | kind]) + piece
        for i, piece in enumerate(pieces)
    ]


def h265_payloads(nals: tuple[bytes, ...]) -> list[bytes]:
    """RTP payloads of H.265 NAL units: alone when they fit, else fragmentation units."""
    payloads: list[bytes] = []
    for nal in nals:
        if len(nal) <= MAX_PAYLOAD_BYTES:
            payloads.append(nal)
            continue
        header = bytes([(nal[0] & 0x81) | (49 << 1), nal[1]])
        kind = (nal[0] >> 1) & 0x3F
        step = MAX_PAYLOAD_BYTES - 3
        pieces = [nal[at : at + step] for at in range(2, len(nal), step)]
        last = len(pieces) - 1
        payloads += [
            header + bytes([(0x80 if i == 0 else 0) | (0x40 if i == last else 0) | kind]) + piece
            for i, piece in enumerate(pieces)
        ]
    return payloads
