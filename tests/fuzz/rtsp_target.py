"""Fuzzing of everything a camera's bytes reach: messages, descriptions, RTP, depacketisers, RTCP, parameter sets.

``python -m tests.fuzz.fuzz rtsp`` runs ``any_input`` with atheris, guided by coverage; a unit test runs ``one_input``
over mutations of a valid conversation. Whatever comes in, only an ``RtspError`` may come out, memory stays bounded,
and what is handed on is sane (checked after every step, error paths too).
"""

from __future__ import annotations

from recorder.access_unit import AccessUnit
from recorder.rtsp import rtcp
from recorder.rtsp.assembly import NALS_LIMIT_COUNT, UNIT_LIMIT_BYTES
from recorder.rtsp.errors import RtspError
from recorder.rtsp.session import Session
from recorder.rtsp.urls import parse_url
from recorder.stream.fragmenter import init_segment
from recorder.stream.timeline import Timeline
from vms.clock import ManualClock, UtcTime

START = UtcTime(1_800_000_000_000_000)
STEP_BYTES = 211


def answers(description: bytes) -> bytes:
    """The camera's side of a conversation up to PLAY."""
    head = f"RTSP/1.0 200 OK\r\nCSeq: 2\r\nContent-Length: {len(description)}\r\n\r\n".encode()
    return (
        b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: OPTIONS\r\n\r\n"
        + head
        + description
        + b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nTransport: RTP/AVP/TCP;interleaved=0-1\r\nSession: 1\r\n\r\n"
        + b"RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n"
    )


def check(unit: AccessUnit, timeline: Timeline, last_us: int) -> int:
    """What must hold of every access unit; the unit's time."""
    if not unit.nals or not all(unit.nals) or len(unit.nals) > NALS_LIMIT_COUNT:
        raise AssertionError("an empty or overfull unit")
    if unit.size_bytes() > UNIT_LIMIT_BYTES + 4096:
        raise AssertionError("an oversized unit")
    if unit.fmt is not None:
        if not unit.key:
            raise AssertionError("a format on no key unit")
        init_segment(unit.fmt)
    stamped = timeline.stamp(unit)
    if stamped.utc.us <= last_us:
        raise AssertionError("time went back")
    return stamped.utc.us


def one_input(data: bytes) -> None:
    """One conversation: what a camera sends, from its first byte, in pieces."""
    url, account = parse_url("rtsp://user:pass@192.0.2.1/s")
    session = Session(url, account, where=url.peer)
    clock = ManualClock(START)
    timeline = Timeline(clock)
    session.start(clock.monotonic_us())
    waiting, last_us = b"", 0
    try:
        for position in range(0, len(data), STEP_BYTES):
            clock.advance(seconds=0.01)
            waiting += data[position : position + STEP_BYTES]
            used = session.receive(waiting, clock.monotonic_us())
            if not 0 <= used <= len(waiting):
                raise AssertionError("more used than there was")
            waiting = waiting[used:]
            session.tick(clock.monotonic_us())
            if len(session.outgoing()) > 64 * 1024:
                raise AssertionError("an answer too long")
            if session.reports.claimed is not None:
                timeline.claim(*session.reports.claimed)
            for unit in session.units():
                last_us = check(unit, timeline, last_us)
    except RtspError as error:
        if not error.cause or len(str(error)) > 2000:
            raise AssertionError("an error without a cause, or too long") from error
    for unit in session.units():
        last_us = check(unit, timeline, last_us)
    rtcp.parse(data)


DESCRIPTIONS = tuple(
    b"v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 " + name + b"/90000\r\n" for name in (b"H264", b"H265")
)


def any_input(data: bytes) -> None:
    """The first byte says where the fuzzed bytes begin: at the first answer, or behind PLAY of either codec."""
    start = data[0] % 3 if data else 0
    one_input(data[1:] if start == 0 else answers(DESCRIPTIONS[start - 1]) + data[1:])
