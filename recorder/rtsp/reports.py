"""RTCP in both directions for one stream: what the camera claims about its clock, and the reports we owe it."""

from __future__ import annotations

from typing import Final

from recorder.rtsp import rtcp
from recorder.rtsp.rtp import RtpReceiver
from vms.clock import MICRO

REPORT_INTERVAL_S: Final = 5.0
# A report is about now: one whose media time is further from the latest packet's counts something else.
CLAIM_LIMIT_90K: Final = 10 * 90_000
CNAME: Final = "guet"


class Reports:
    """Keeps the last sender report of the source and builds a receiver report every 5 s."""

    def __init__(self, ours: int) -> None:
        """``ours`` is our own SSRC."""
        self._ours = ours
        self._due_us: int | None = None
        self._middle = 0
        self._heard_us = 0
        self._expected_before = 0
        self._lost_before = 0
        # (media time without wrap, the camera's UTC in microseconds at that media time)
        self.claimed: tuple[int, int] | None = None

    def received(self, packet: bytes, now_us: int, receiver: RtpReceiver) -> bool:
        """Take a compound packet; True when the source says goodbye."""
        for report in rtcp.parse(packet):
            # Before the first packet any source may be ours; afterwards only the one we follow.
            if receiver.ssrc is not None and report.ssrc != receiver.ssrc:
                continue
            if isinstance(report, rtcp.Goodbye):
                return True
            self._middle, self._heard_us = report.ntp_middle, now_us
            if receiver.ssrc is None:
                continue
            media = receiver.unwrap(report.rtp_stamp)
            if abs(media - receiver.rtp_time) <= CLAIM_LIMIT_90K:
                self.claimed = (media, report.utc_us)
        return False

    def due(self, now_us: int, receiver: RtpReceiver) -> bytes:
        """The receiver report to send now; empty while none is due."""
        if self._due_us is None:
            self._due_us = now_us + round(REPORT_INTERVAL_S * MICRO)
        if now_us < self._due_us:
            return b""
        self._due_us = now_us + round(REPORT_INTERVAL_S * MICRO)
        if receiver.ssrc is None:
            return rtcp.receiver_report(self._ours, None, CNAME)
        expected = receiver.packets + receiver.lost_packets
        interval = expected - self._expected_before
        lost = receiver.lost_packets - self._lost_before
        self._expected_before, self._lost_before = expected, receiver.lost_packets
        reception = rtcp.Reception(
            source=receiver.ssrc,
            fraction_lost=min(255, lost * 256 // interval) if interval > 0 else 0,
            total_lost=receiver.lost_packets,
            highest_sequence=receiver.highest_sequence,
            last_report=self._middle,
            delay_65536=(now_us - self._heard_us) * 65_536 // MICRO if self._middle else 0,
        )
        return rtcp.receiver_report(self._ours, reception, CNAME)
