"""RTP packets of any access unit can be put together again to the same NAL units (RFC 6184, RFC 7798)."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from tests.contract.rtsp_by_hand import add_h264
from tests.fakes.camera.packetise import MAX_PAYLOAD_BYTES, packet_run

H264 = st.builds(
    lambda kind, reference, size, fill: bytes([reference << 5 | kind]) + bytes([fill]) * size,
    st.sampled_from([1, 5, 6, 7, 8]), st.integers(0, 3), st.integers(1, 6000), st.integers(0, 255),
)  # fmt: skip
H265 = st.builds(
    lambda kind, size, fill: bytes([kind << 1, 1]) + bytes([fill]) * size,
    st.sampled_from([1, 19, 32, 33, 34, 39]), st.integers(1, 6000), st.integers(0, 255),
)  # fmt: skip


def payloads(frames: bytearray, channel: int, sequence: int, timestamp: int) -> list[tuple[bytes, bool]]:
    """Check every interleaved frame and RTP header; payloads and marker bits."""
    found: list[tuple[bytes, bool]] = []
    at = 0
    while at < len(frames):
        dollar, told, length = struct.unpack_from("!BBH", frames, at)
        version, kind, number, time, ssrc = struct.unpack_from("!BBHII", frames, at + 4)
        assert (dollar, told, version, kind & 0x7F, ssrc) == (0x24, channel, 0x80, 96, 0xABCD)
        assert (number, time) == ((sequence + len(found)) & 0xFFFF, timestamp)
        assert length <= MAX_PAYLOAD_BYTES + 12
        found.append((bytes(frames[at + 16 : at + 4 + length]), bool(kind & 0x80)))
        at += 4 + length
    assert [marker for _, marker in found] == [False] * (len(found) - 1) + [True]
    return found


@given(st.lists(H264, min_size=1, max_size=6), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF))
def test_h264_units_come_back(nals: list[bytes], sequence: int, timestamp: int) -> None:
    run = packet_run(tuple(nals), "h264")
    frames = run.stamped(4, sequence, timestamp, 0xABCD)
    again: list[bytes] = []
    got = payloads(frames, 4, sequence, timestamp)
    for payload, _ in got:
        add_h264(again, payload)
    assert again == nals
    assert run.count == len(got)
    assert run.payload_octets == sum(len(payload) for payload, _ in got)


@given(st.lists(H265, min_size=1, max_size=6))
def test_h265_units_come_back(nals: list[bytes]) -> None:
    frames = packet_run(tuple(nals), "h265").stamped(0, 0, 0, 0xABCD)
    again: list[bytes] = []
    for payload, _ in payloads(frames, 0, 0, 0):
        if payload[0] >> 1 & 0x3F != 49:
            again.append(payload)
            continue
        if payload[2] & 0x80:
            again.append(bytes([payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1]]))
        again[-1] += payload[3:]
    assert again == nals


def test_stamping_leaves_the_template_alone() -> None:
    run = packet_run((b"\x65" + bytes(5000),), "h264")
    before = bytes(run.template)
    run.stamped(7, 9, 11, 13)
    assert run.template == before
