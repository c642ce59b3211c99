"""What must hold for any bytes that reach a reader of ours: a sane value or one of our errors, and bounded work.

One function a reader, all of the form ``bytes → None``; ``fuzz.py`` runs them guided by coverage, ``test_corpora.py``
over the kept corpora. Conversations as a whole are in ``rtsp_target.py``, stored segments in ``segment_target.py``.
"""

from __future__ import annotations

import contextlib

from recorder.access_unit import StreamFormat, TimedUnit
from recorder.rtsp import rtcp, sdp
from recorder.rtsp.auth import Authenticator, Credentials, parse_challenges
from recorder.rtsp.errors import ParameterSetsMissing, RtspError, StreamDamaged
from recorder.rtsp.h264 import H264Depacketizer
from recorder.rtsp.h264_sets import SIDE_LIMIT_PIXELS, H264Sets
from recorder.rtsp.h265 import H265Depacketizer
from recorder.rtsp.h265_sets import H265Sets, frame_rate
from recorder.rtsp.rtp import RtpReceiver
from recorder.rtsp.urls import base_url, resolve_control
from recorder.stream.fragmenter import fragment, init_segment
from recorder.stream.timeline import Timeline
from tests.fuzz.rtsp_target import START, check
from vms.clock import ManualClock
from vms.errors import Damaged
from vms.evidence import mp4

WHERE = "192.0.2.1:554"
REQUEST = "rtsp://192.0.2.1:554/stream?channel=1"


def rtp(data: bytes) -> None:
    """The first byte chooses the codec; then packets, each behind a length of two bytes."""
    if not data:
        return
    depacketizer = H265Depacketizer() if data[0] & 1 else H264Depacketizer()
    receiver = RtpReceiver(96, depacketizer, WHERE)
    clock = ManualClock(START)
    timeline, last_us, position = Timeline(clock), 0, 1
    try:
        while position + 2 <= len(data):
            end = min(position + 2 + int.from_bytes(data[position : position + 2], "big"), len(data))
            clock.advance(seconds=0.01)
            receiver.packet(data, position + 2, end, clock.monotonic_us())
            position = end
            for unit in depacketizer.take():
                last_us = check(unit, timeline, last_us)
    except StreamDamaged as error:
        if WHERE not in error.where:
            raise AssertionError("an error without the peer's address") from error
    if not 0 <= receiver.highest_sequence <= 0xFFFFFFFF or receiver.lost_packets < 0:
        raise AssertionError("counts that no report can carry")
    rtcp.parse(data)


def parameter_sets(data: bytes) -> None:
    """The first byte chooses the codec; then NAL units, each behind a length of two bytes."""
    if not data:
        return
    sets = H265Sets() if data[0] & 1 else H264Sets()
    position = 1
    while position + 2 <= len(data):
        end = min(position + 2 + int.from_bytes(data[position : position + 2], "big"), len(data))
        nal, position = data[position + 2 : end], end
        sets.add(nal)
        frame_rate(nal)
        try:
            _sane(sets.format())
        except ParameterSetsMissing:
            continue


def _sane(fmt: StreamFormat) -> None:
    if not (0 < fmt.width <= SIDE_LIMIT_PIXELS and 0 < fmt.height <= SIDE_LIMIT_PIXELS):
        raise AssertionError("a picture of impossible size")
    if fmt.fps is not None and not 0 < fmt.fps <= 1000:
        raise AssertionError("an impossible frame rate")
    if not fmt.codec_string.isascii() or len(fmt.codec_string) > 60:
        raise AssertionError("a codec string no browser takes")
    mp4.split_group(init_segment(fmt) + b"\0\0\0\x08moof\0\0\0\x08mdat")


def description(data: bytes) -> None:
    """A body of DESCRIBE, and the addresses it leads to."""
    try:
        found = sdp.parse(data, WHERE)
    except RtspError as error:
        if WHERE not in error.where or len(str(error)) > 1000:
            raise AssertionError("an error without the peer's address, or too long") from error
        return
    if not 0 <= found.video.payload_type < 128:
        raise AssertionError("a payload type that RTP cannot carry")
    if sum(map(len, found.video.parameter_sets)) > len(data):
        raise AssertionError("parameter sets out of nothing")
    base = base_url(REQUEST, found.control, found.video.control)
    for url in (resolve_control(base, found.control), resolve_control(base, found.video.control)):
        if any(ord(char) <= 32 or ord(char) >= 127 for char in url):
            raise AssertionError(f"an address that no request line can carry: {url!r}")


def challenge(data: bytes) -> None:
    """The value of a ``WWW-Authenticate`` field, answered."""
    value = data.decode("latin-1").replace("\r", " ").replace("\n", " ")
    parse_challenges([value])
    authenticator = Authenticator(Credentials("user", "secret"), where=WHERE, secure=False)
    try:
        authenticator.challenged([value], answered=False)
    except RtspError as error:
        if len(str(error)) > 1000 or "secret" in str(error):
            raise AssertionError("an error too long, or one that tells the password") from error
        return
    answer = authenticator.header("DESCRIBE", REQUEST) or ""
    if not answer.startswith("Digest ") or "secret" in answer:
        raise AssertionError("the password left in clear")


def movie(data: bytes) -> None:
    """A fragment of a stored group, as export and verification read it."""
    with contextlib.suppress(Damaged):
        mp4.split_group(data)
    with contextlib.suppress(Damaged):
        samples = mp4.nal_units(data)
        if sum(4 + len(nal) for sample in samples for nal in sample) > len(data):
            raise AssertionError("more bytes than there were")
    try:
        moved = mp4.shifted(data, 90_000)
    except Damaged:
        return
    if mp4.shifted(moved, -90_000) != data or mp4.decode_time_90k(moved) != mp4.decode_time_90k(data) + 90_000:
        raise AssertionError("a shift that cannot be undone")


def round_trip(data: bytes) -> None:
    """NAL units cut from the bytes, fragmented as the recorder does, come out of the reader as they went in."""
    clock = ManualClock(START)
    depacketizer = H264Depacketizer()
    timeline, position = Timeline(clock), 0
    units: list[TimedUnit] = []
    while position < len(data) and len(units) < 64:
        size = 1 + data[position] % 60
        nal = bytes([0x65, 0x80]) + data[position + 1 : position + size]
        position += size
        clock.advance(seconds=0.04)
        depacketizer.push(nal, 0, len(nal), 3600 * len(units), True, clock.monotonic_us())
        units += [timeline.stamp(unit) for unit in depacketizer.take()]
    if not units:
        return
    movie_of(units)


def movie_of(units: list[TimedUnit]) -> None:
    """Fragment and read back."""
    fmt = StreamFormat("h264", 16, 16, None, (), "avc1.42001E")
    made = fragment(units, fmt, 1, units[-1].utc.plus(seconds=1))
    if mp4.nal_units(made) != [list(unit.unit.nals) for unit in units]:
        raise AssertionError("what was written is not what is read")
    if mp4.decode_time_90k(made) != units[0].utc.us * 9 // 100:
        raise AssertionError("another capture time")
    movie(made)
