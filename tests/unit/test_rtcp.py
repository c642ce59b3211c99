"""RTCP: the camera's clock in, receiver reports out."""

from __future__ import annotations

import struct

from recorder.rtsp import rtcp
from recorder.rtsp.reports import Reports
from recorder.rtsp.rtp import RtpReceiver
from vms.clock import MICRO, UtcTime


def sender_report(ssrc: int, seconds: int, fraction: int, stamp: int) -> bytes:
    return struct.pack(">BBHIIIIII", 0x80, 200, 6, ssrc, seconds, fraction, stamp, 10, 1000)


class Ignore:
    def push(self, data: object, start: int, end: int, rtp_time: int, marker: bool, received_us: int) -> None: ...

    def lost(self, *, before: bool = False) -> None: ...


def receiver() -> RtpReceiver:
    found = RtpReceiver(96, Ignore(), "cam")
    packet = struct.pack(">BBHII", 0x80, 96, 5, 90_000, 7) + b"\x65"
    found.packet(packet, 0, len(packet), 0)
    return found


def test_a_sender_report_becomes_utc() -> None:
    moment = UtcTime.parse("2026-11-24T14:12:36.500000Z")
    seconds = moment.us // MICRO + rtcp.NTP_TO_UNIX_S
    (found,) = rtcp.parse(sender_report(7, seconds & 0xFFFFFFFF, 1 << 31, 90_000))
    assert isinstance(found, rtcp.SenderReport)
    assert found.utc_us == moment.us
    assert found.rtp_stamp == 90_000


def test_the_ntp_era_after_2036() -> None:
    moment = UtcTime.parse("2036-02-07T06:28:17Z")
    seconds = moment.us // MICRO + rtcp.NTP_TO_UNIX_S
    assert seconds >= 1 << 32
    (found,) = rtcp.parse(sender_report(7, seconds & 0xFFFFFFFF, 0, 0))
    assert isinstance(found, rtcp.SenderReport)
    assert found.utc_us == moment.us


def test_compound_packets_goodbye_and_rubbish() -> None:
    sdes = struct.pack(">BBHI", 0x81, 202, 2, 7) + b"\1\2ab"
    goodbye = struct.pack(">BBHI", 0x81, 203, 1, 7)
    both = rtcp.parse(sender_report(7, 4_000_000_000, 0, 1) + sdes + goodbye)
    assert [type(item).__name__ for item in both] == ["SenderReport", "Goodbye"]
    assert rtcp.parse(b"") == []
    assert rtcp.parse(b"\x80\xc8\xff\xff" + bytes(40)) == []
    assert rtcp.parse(sender_report(7, 0, 0, 1)) == []  # "no clock"
    assert rtcp.parse(b"\0" * 4000) == []


def test_reports_are_due_every_five_seconds_and_count_losses() -> None:
    reports, source = Reports(ours=42), receiver()
    reports.received(sender_report(7, 4_000_000_000, 0x80000000, 90_000), 1 * MICRO, source)
    assert reports.claimed == (90_000, (4_000_000_000 - rtcp.NTP_TO_UNIX_S) * MICRO + 500_000)
    assert reports.due(1 * MICRO, source) == b""
    source.lost_packets = 1
    packet = reports.due(6 * MICRO, source)
    version, kind, words, ours, ssrc, lost, highest, jitter, last, delay = struct.unpack_from(">BBHIIIIIII", packet)
    assert (version, kind, words, ours, ssrc) == (0x81, 201, 7, 42, 7)
    assert lost == 128 << 24 | 1
    assert highest == 5
    assert jitter == 0
    assert last == ((4_000_000_000 & 0xFFFF) << 16 | 0x8000)
    assert delay == 5 * 65_536
    assert packet[32:34] == b"\x81\xca"  # the CNAME that every compound packet needs
    assert reports.due(7 * MICRO, source) == b""


def test_reports_of_another_source_are_left_alone() -> None:
    reports, source = Reports(ours=42), receiver()
    assert not reports.received(sender_report(9, 4_000_000_000, 0, 0), 0, source)
    assert reports.claimed is None
    assert not reports.received(struct.pack(">BBHI", 0x81, 203, 1, 9), 0, source)
    assert reports.received(struct.pack(">BBHI", 0x81, 203, 1, 7), 0, source)
