"""Replay of a card over RTSP: ONVIF Streaming specification, chapter Playback (forward only, TCP interleaved).

``Require: onvif-replay``, ``Range: clock=``, ``Rate-Control``, ``Frames``, ``Immediate`` and the RTP header extension
0xABAC on the first packet of every access unit. No RTCP is sent, as a server may elect.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import struct
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.fakes.camera.card import CardUnit, Recording
from tests.fakes.camera.packetise import PacketRun
from tests.fakes.camera.rtsp_messages import Request, response
from tests.fakes.camera.sdp import VIDEO_TRACK, describe
from tests.fakes.camera.stream import MICRO, NTP_EPOCH_S

if TYPE_CHECKING:
    from tests.fakes.camera.rtsp_server import RtspConnection

FEATURE = "onvif-replay"
PROFILE = 0xABAC
EXTENSION_BYTES = 16
FOLLOW_S = 0.02
CLEAN, END, DISCONTINUITY, TERMINAL = 0x80, 0x40, 0x20, 0x10
_UTC = r"(\d{8})T(\d{6})(?:\.(\d{1,9}))?Z"
_RANGE = re.compile(rf"clock\s*=\s*{_UTC}\s*-\s*(?:{_UTC})?")
_FRAMES = re.compile(r"all|predicted|intra(?:/(\d{1,9}))?")


class BadReplay(ValueError):
    """A header that this server cannot follow; the text is the status line."""


def extension(utc_us: int, flags: int, cseq: int) -> bytes:
    """The replay header extension: NTP time, C E D T and reserved bits, Cseq, padding."""
    seconds, micro = divmod(utc_us, MICRO)
    fraction = ((micro << 32) + MICRO - 1) // MICRO
    return struct.pack("!HHIIBBH", PROFILE, 3, (seconds + NTP_EPOCH_S) & 0xFFFFFFFF, fraction, flags, cseq & 0xFF, 0)


def extended(run: PacketRun, channel: int, sequence: int, stamp: int, ssrc: int, header: bytes) -> bytes:
    """The packets of a unit with the extension on the first of them."""
    frames = run.stamped(channel, sequence, stamp, ssrc)
    size = int.from_bytes(frames[2:4], "big") + len(header)
    return bytes(frames[:2]) + size.to_bytes(2, "big") + bytes([frames[4] | 0x10]) + frames[5:16] + header + frames[16:]


def parse_range(text: str) -> tuple[int, int | None]:
    """Start and end of a ``clock`` range, UTC µs; BadReplay."""
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        raise BadReplay("457 Invalid Range")
    start = _instant(found[1], found[2], found[3])
    end = _instant(found[4], found[5], found[6]) if found[4] else None
    if end is not None and end < start:
        raise BadReplay("457 Invalid Range")
    return start, end


def _instant(date: str, time: str, fraction: str | None) -> int:
    try:
        moment = datetime.strptime(date + time, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as error:
        raise BadReplay("457 Invalid Range") from error
    return int(moment.timestamp()) * MICRO + int(((fraction or "") + "000000")[:6])


def clock(utc_us: int) -> str:
    """A ``utc-time`` of RFC 2326."""
    moment = datetime.fromtimestamp(utc_us / 1e6, UTC)
    return moment.strftime("%Y%m%dT%H%M%S.") + f"{utc_us % MICRO:06d}Z"


class CardReplay:
    """The replay side of one RTSP connection."""

    def __init__(self, connection: RtspConnection) -> None:
        self._connection = connection
        self._recording: Recording | None = None
        self._channel = 0
        self._task: asyncio.Task[None] | None = None
        self._ssrc = secrets.randbits(32)
        self._sequence = secrets.randbits(16)
        self._room = asyncio.Event()
        self._room.set()

    def handles(self, request: Request) -> bool:
        """Whether this request is about a recording."""
        return urlsplit(request.url).path.startswith("/replay/")

    def room(self, there: bool) -> None:
        """The transport's flow control: the only brake when the client has asked for no rate control."""
        self._room.set() if there else self._room.clear()

    def stop(self) -> None:
        """End the replay, if any."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def answer(self, request: Request) -> bytes:
        """The answer to DESCRIBE, SETUP, PLAY or PAUSE."""
        wanted = request.headers.get("require", "")
        if wanted and wanted != FEATURE:
            return response("551 Option not supported", request.sequence, [("Unsupported", wanted)])
        token = urlsplit(request.url).path.split("/")[2]
        recording = self._connection.camera.recording(token)
        if recording is None or recording.clip() is None:
            return response("404 Not Found", request.sequence)
        try:
            match request.method:
                case "DESCRIBE":
                    return self._describe(request, recording)
                case "SETUP":
                    return self._setup(request, recording)
                case "PLAY":
                    return self._play(request)
                case "PAUSE":
                    self.stop()
                    return response("200 OK", request.sequence, [self._connection.session_header()])
        except BadReplay as refusal:
            return response(str(refusal), request.sequence)
        return response("405 Method Not Allowed", request.sequence)

    def _describe(self, request: Request, recording: Recording) -> bytes:
        camera, clip, span = self._connection.camera, recording.clip(), recording.span_us
        assert clip is not None
        assert span is not None
        text = describe(clip, camera.config.address, audio=False, parameter_sets=True, session=self._ssrc)
        text = text.replace("a=range:npt=now-", f"a=range:clock={clock(span[0])}-{clock(span[1])}")
        text += f"a=x-onvif-track:{recording.track}\r\n"
        base = f"{camera.replay_url(recording.token)}/"
        headers = [("Content-Base", base), ("Content-Type", "application/sdp")]
        return response("200 OK", request.sequence, headers, text.encode())

    def _setup(self, request: Request, recording: Recording) -> bytes:
        transport = request.headers.get("transport", "")
        found = re.search(r"interleaved=(\d{1,3})", transport)
        if "TCP" not in transport.upper():
            return response("461 Unsupported Transport", request.sequence)
        self._channel = int(found[1]) if found else 0
        self._recording = recording
        told = f"RTP/AVP/TCP;unicast;interleaved={self._channel}-{self._channel + 1};ssrc={self._ssrc:08X}"
        return response("200 OK", request.sequence, [self._connection.open_session(), ("Transport", told)])

    def _play(self, request: Request) -> bytes:
        recording = self._recording
        if recording is None:
            return response("455 Method Not Valid in This State", request.sequence)
        if request.headers.get("scale", "1.0") not in ("1", "1.0"):
            return response("501 Not Implemented", request.sequence)
        span = recording.span_us
        assert span is not None
        start, end = parse_range(request.headers["range"]) if "range" in request.headers else (span[0], None)
        paced = request.headers.get("rate-control", "yes").lower() != "no"
        frames = _FRAMES.fullmatch(request.headers.get("frames", "all").strip())
        if frames is None:
            raise BadReplay("400 Bad Request")
        intra = frames[0].startswith("intra")
        again = self._task is not None
        if again and request.headers.get("immediate", "").lower() != "yes":
            return response("455 Method Not Valid in This State", request.sequence)
        self.stop()
        self._connection.camera.counts.replays += 1
        work = _Play(recording, start, end, paced, intra, int(frames[1] or 0) * 1000, int(request.sequence), again)
        self._task = asyncio.get_running_loop().create_task(self._send(work))
        url = f"url={self._connection.camera.replay_url(recording.token)}/{VIDEO_TRACK};seq={self._sequence}"
        headers = [self._connection.session_header(), ("Range", f"clock={clock(start)}-"), ("RTP-Info", url)]
        return response("200 OK", request.sequence, headers)

    async def _send(self, work: _Play) -> None:
        """Send units until the range or the recording ends; follows a recording that goes on."""
        number = work.recording.start_at(work.start)
        loop = asyncio.get_running_loop()
        begun_s, first_us, last_intra_us, first = loop.time(), 0, 0, True
        while True:
            kept = work.recording.unit(number)
            if kept is None:
                if not work.recording.recording:
                    return
                await asyncio.sleep(FOLLOW_S)
                continue
            if work.end is not None and kept.utc_us > work.end:
                return
            number += 1
            if work.intra and (not kept.unit.key or kept.utc_us - last_intra_us < work.interval_us):
                continue
            last_intra_us = kept.utc_us
            first_us = first_us or kept.utc_us
            if work.paced:
                await asyncio.sleep(max(0.0, begun_s + (kept.utc_us - first_us) / 1e6 - loop.time()))
            await self._room.wait()
            self._write(kept, work.flags(kept, number - 1, discontinuity=first and work.again), work.cseq)
            first = False
            await asyncio.sleep(0)

    def _write(self, kept: CardUnit, flags: int, cseq: int) -> None:
        run = kept.unit.run
        header = extension(kept.utc_us, flags, cseq)
        self._connection.write_media(extended(run, self._channel, self._sequence, kept.rtp_time, self._ssrc, header))
        self._sequence = (self._sequence + run.count) & 0xFFFF


class _Play:
    """One PLAY request that was accepted."""

    def __init__(
        self, recording: Recording, start: int, end: int | None, paced: bool, intra: bool, interval_us: int, cseq: int,
        again: bool,
    ) -> None:  # fmt: skip
        self.recording, self.start, self.end, self.paced = recording, start, end, paced
        self.intra, self.interval_us, self.cseq, self.again = intra, interval_us, cseq, again

    def flags(self, kept: CardUnit, number: int, *, discontinuity: bool) -> int:
        """C, E, D and T of one unit."""
        after = self.recording.unit(number + 1)
        last = after is None and not self.recording.recording
        last = last or (self.end is not None and after is not None and after.utc_us > self.end)
        ends = self.recording.ends_section(number)
        return (
            (CLEAN if kept.unit.key else 0)
            | (END if ends else 0)
            | (DISCONTINUITY if discontinuity else 0)
            | (TERMINAL if last else 0)
        )
