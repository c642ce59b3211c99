"""Packets cut, lost and split anywhere: what comes out was sent, whole and in order, and every hole is told."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.rtsp.h264 import H264Depacketizer
from recorder.rtsp.rtp import RtpReceiver
from recorder.rtsp.session import Session
from recorder.rtsp.urls import parse_url
from tests.fakes.odd_rtsp import sdp
from tests.fakes.small_clip import small_clip
from tests.fuzz.rtsp_target import answers

# A picture: one key or other slice, first in its picture, after side information or none.
slices = st.tuples(st.sampled_from([b"\x65\x88", b"\x41\x9a"]), st.binary(min_size=1, max_size=300)).map(
    lambda pair: pair[0] + pair[1].replace(b"\0\0", b"\1\1") + b"\x80"
)
units = st.lists(
    st.tuples(st.sampled_from([(), (b"\x09\xf0",), (b"\x06\x05\x01\x00\x80",)]), slices).map(
        lambda pair: (*pair[0], pair[1])
    ),
    min_size=1,
    max_size=12,
)


def packets(nals: tuple[bytes, ...], size: int) -> list[bytes]:
    """RTP payloads of one unit, cut into pieces of ``size`` bytes."""
    found = []
    for nal in nals:
        if len(nal) <= size:
            found.append(nal)
            continue
        pieces = [nal[at : at + size] for at in range(1, len(nal), size)]
        for number, piece in enumerate(pieces):
            ends = (0x80 if number == 0 else 0) | (0x40 if number == len(pieces) - 1 else 0)
            found.append(bytes([nal[0] & 0xE0 | 28, ends | nal[0] & 0x1F]) + piece)
    return found


@given(units, st.integers(8, 120), st.integers(0, 65_535), st.integers(0, 2**32 - 1), st.data())
@settings(max_examples=150)
def test_what_comes_out_was_sent_and_every_hole_is_told(
    sent: list[tuple[bytes, ...]], size: int, sequence: int, stamp: int, data: st.DataObject
) -> None:
    depacketizer = H264Depacketizer()
    receiver = RtpReceiver(96, depacketizer, "cam")
    wire: list[tuple[int, bytes]] = []
    sent = [(*nals[:-1], nals[-1][:2] + bytes([number]) + nals[-1][2:]) for number, nals in enumerate(sent)]
    for number, nals in enumerate(sent):
        payloads = packets(nals, size)
        for place, payload in enumerate(payloads):
            marker = 0x80 if place == len(payloads) - 1 else 0
            time = (stamp + 3600 * number) & 0xFFFFFFFF
            wire.append((number, struct.pack(">BBHII", 0x80, 96 | marker, sequence & 0xFFFF, time, 9) + payload))
            sequence += 1
    dropped = data.draw(st.sets(st.integers(1, max(1, len(wire) - 1)), max_size=4))
    holed = {wire[place][0] for place in dropped if place < len(wire)}
    for place, (_, packet) in enumerate(wire):
        if place not in dropped:
            receiver.packet(packet, 0, len(packet), 0)
    found = depacketizer.take()
    last = -1
    for unit in found:
        number = unit.nals[-1][2]
        whole = unit.nals == sent[number]
        # The one thing that a hole may take unseen is what a unit opens with; then the unit tells of the hole.
        assert whole or (unit.lost_before and unit.nals == sent[number][-len(unit.nals) :])
        assert number > last
        assert whole == (number not in holed)
        assert unit.lost_before == (number != last + 1 or not whole)
        assert unit.key == any(nal[0] & 0x1F == 5 for nal in unit.nals)
        last = number
    if not dropped:
        assert len(found) == len(sent)


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=60))
@settings(max_examples=60)
def test_a_stream_may_be_cut_into_any_pieces(cuts: list[int]) -> None:
    clip = small_clip("h264", 64, 64, 12)
    media, sequence = b"", 65_500
    for unit in clip.units:
        media += bytes(unit.run.stamped(0, sequence & 0xFFFF, unit.pts_90k + 2**32 - 9000 & 0xFFFFFFFF, 7))
        sequence += unit.run.count
    data = answers(sdp(clip)) + media
    url, _ = parse_url("rtsp://192.0.2.1/s")
    session = Session(url, None, where=url.peer)
    session.start(0)
    waiting, position, turn, found = b"", 0, 0, []
    while position < len(data):
        step = cuts[turn % len(cuts)]
        waiting += data[position : position + step]
        position += step
        turn += 1
        waiting = waiting[session.receive(waiting, 0) :]
        found += session.units()
    assert [unit.nals for unit in found] == [unit.nals for unit in clip.units]
    times = [unit.rtp_time - found[0].rtp_time for unit in found]
    assert times == [unit.pts_90k for unit in clip.units]
    assert not any(unit.lost_before for unit in found)
