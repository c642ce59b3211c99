"""The RTSP server of a virtual camera (RFC 2326): TCP interleaved only, digest, one session per connection."""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.fakes.camera.accounts import Access
from tests.fakes.camera.audio import SilenceTrack
from tests.fakes.camera.replay import CardReplay
from tests.fakes.camera.rtsp_messages import Interleaved, NotRtsp, Reader, Request, response
from tests.fakes.camera.sdp import AUDIO_TRACK, VIDEO_TRACK, describe
from tests.fakes.camera.stream import LiveStream

if TYPE_CHECKING:
    from tests.fakes.camera.camera import VirtualCamera

MAX_UNREAD_BYTES = 8 << 20
"""What may wait in our buffer for a slow peer before frames are withheld."""

METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER"
REPLAY_METHODS = ("DESCRIBE", "SETUP", "PLAY", "PAUSE")
_player_numbers = itertools.count(1)


@dataclass(slots=True)
class Counts:
    """What clients asked of a camera, for tests that prove what was *not* asked."""

    connections: int = 0
    describes: int = 0
    setups: dict[str, int] = field(default_factory=lambda: {VIDEO_TRACK: 0, AUDIO_TRACK: 0})
    plays: int = 0
    replays: int = 0
    teardowns: int = 0
    keepalives: int = 0
    receiver_reports: int = 0
    refused: int = 0


@dataclass(slots=True, eq=False)
class VideoPlayer:
    """A session that plays a stream over its connection (``stream.Player``)."""

    transport: asyncio.Transport
    channel: int
    number: int = field(default_factory=lambda: next(_player_numbers))
    awaiting_key: bool = True
    next_report_us: int = 0
    packets: int = 0
    octets: int = 0
    cut: Callable[[], bool] = bool
    packet_sends: bool = False

    def send(self, frames: bytes | bytearray) -> bool:
        """Write frames unless too much waits already."""
        if self.cut() or self.transport.is_closing() or self.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            return False
        if self.packet_sends:
            position = 0
            while position < len(frames):
                stop = position + 4 + (frames[position + 2] << 8 | frames[position + 3])
                self.transport.write(frames[position:stop])  # at once, unless the peer's window is full
                position = stop
        else:
            self.transport.write(frames)
        return True


class RtspConnection(asyncio.Protocol):
    """One client."""

    def __init__(self, camera: VirtualCamera) -> None:
        self._camera = camera
        self._reader = Reader()
        self._transport: asyncio.Transport | None = None
        self._session = ""
        self._channels: dict[str, int] = {}
        self._stream: LiveStream | None = None
        self._player: VideoPlayer | None = None
        self._audio: SilenceTrack | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._replay = CardReplay(self)

    # ── asyncio ──

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet nobody: RTSP clients speak first."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._camera.counts.connections += 1
        if self._camera.faults.refuse_connections or self._camera.faults.cut:
            transport.abort()
            return
        self._camera.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """A lost connection ends its session."""
        self._camera.connections.discard(self)
        self._end()

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        if self._camera.faults.cut:
            return
        try:
            items = self._reader.feed(data)
        except NotRtsp:
            self._write(response("400 Bad Request", "0"))
            self.close()
            return
        for item in items:
            if isinstance(item, Interleaved):
                self._camera.counts.receiver_reports += 1
                self._touch()
                continue
            delay = self._camera.faults.slow_s
            if delay:
                asyncio.get_running_loop().call_later(delay, self._answer, item)
            else:
                self._answer(item)

    def pause_writing(self) -> None:
        """The client reads slower than we send."""
        self._replay.room(there=False)

    def resume_writing(self) -> None:
        """There is room again."""
        self._replay.room(there=True)

    def write_media(self, frames: bytes) -> None:
        """Send interleaved frames of a replay; lost while the network is cut."""
        if not self._camera.faults.cut:
            self._write(frames)

    @property
    def camera(self) -> VirtualCamera:
        """The camera that is served."""
        return self._camera

    def write_garbage(self, octets: int) -> None:
        """Put noise on the wire, in the middle of whatever is being sent."""
        self._write(b"\x00" + os.urandom(octets))

    def close(self) -> None:
        """Drop the connection at once."""
        if self._transport:
            self._transport.abort()

    # ── requests ──

    def _answer(self, request: Request) -> None:
        if self._transport is None or self._transport.is_closing():
            return  # a slow answer to a client that has left
        if self._camera.faults.rtsp_garbage:
            self.write_garbage(4096)
            return
        handler = {
            "OPTIONS": self._options,
            "DESCRIBE": self._describe,
            "SETUP": self._setup,
            "PLAY": self._play,
            "PAUSE": self._pause,
            "TEARDOWN": self._teardown,
            "GET_PARAMETER": self._keep_alive,
            "SET_PARAMETER": self._keep_alive,
        }.get(request.method)
        if handler is None:
            self._write(response("501 Not Implemented", request.sequence))
        elif request.method == "OPTIONS" or self._admitted(request):
            session = request.headers.get("session", "").split(";")[0]
            if session and session != self._session:
                self._write(response("454 Session Not Found", request.sequence))
                return
            self._touch()
            if request.method in REPLAY_METHODS and self._replay.handles(request):
                self._write(self._replay.answer(request))
            else:
                handler(request)

    def _admitted(self, request: Request) -> bool:
        camera = self._camera
        if not camera.config.rtsp_authentication:
            return True
        header = request.headers.get("authorization", "")
        account, stale = camera.door.check(header, request.method)
        if account and camera.accounts.may(account, Access.READ_MEDIA):
            return True
        camera.counts.refused += bool(header) and not stale
        if account:
            self._write(response("403 Forbidden", request.sequence))
            return False
        challenges = [("WWW-Authenticate", value) for value in camera.door.challenges(stale=stale, qop=False)]
        self._write(response("401 Unauthorized", request.sequence, challenges))
        return False

    def _options(self, request: Request) -> None:
        self._write(response("200 OK", request.sequence, [("Public", METHODS)]))

    def _describe(self, request: Request) -> None:
        stream = self._stream_of(request.url)
        if stream is None:
            self._write(response("404 Stream Not Found", request.sequence))
            return
        self._camera.counts.describes += 1
        body = describe(
            stream.clip,
            self._camera.config.address,
            audio=self._camera.audio,
            parameter_sets=not stream.faults.no_parameter_sets,
            session=stream.ssrc,
        ).encode()
        base = f"{self._camera.rtsp_url(stream.name)}/"
        headers = [("Content-Base", base), ("Content-Type", "application/sdp"), ("Cache-Control", "no-cache")]
        self._write(response("200 OK", request.sequence, headers, body))

    def _setup(self, request: Request) -> None:
        stream = self._stream_of(request.url)
        track = urlsplit(request.url).path.rstrip("/").rsplit("/", 1)[-1]
        if track not in (VIDEO_TRACK, AUDIO_TRACK):
            track = VIDEO_TRACK
        if stream is None or (track == AUDIO_TRACK and not self._camera.audio):
            self._write(response("404 Stream Not Found", request.sequence))
            return
        self._camera.counts.setups[track] += 1
        channel = self._interleaved_channel(request.headers.get("transport", ""))
        if channel is None:
            self._write(response("461 Unsupported Transport", request.sequence))
            return
        if self._stream not in (None, stream) or self._player:
            self._write(response("455 Method Not Valid in This State", request.sequence))
            return
        self._stream = stream
        self._channels[track] = channel
        self.open_session()
        transport = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1};ssrc={stream.ssrc:08X}"
        self._write(response("200 OK", request.sequence, [self.session_header(), ("Transport", transport)]))

    def _interleaved_channel(self, transport: str) -> int | None:
        for offer in transport.split(","):
            if "TCP" not in offer.upper():
                continue
            for part in offer.split(";"):
                name, _, value = part.strip().partition("=")
                first = value.partition("-")[0]
                if name == "interleaved" and first.isdigit() and int(first) < 255:
                    return int(first)
            return 2 * len(self._channels)
        return None

    def _play(self, request: Request) -> None:
        if self._stream is None or self._transport is None:
            self._write(response("455 Method Not Valid in This State", request.sequence))
            return
        stream = self._stream
        self._camera.counts.plays += 1
        index = stream.next_key()
        start = datetime.fromtimestamp(self._camera.utc_of(stream.due_us(index)) / 1e6, UTC)
        info = f"url={self._camera.rtsp_url(stream.name)}/{VIDEO_TRACK}"
        info += f";seq={stream.sequence(index)};rtptime={stream.rtp_time(index)}"
        clock = start.strftime("%Y%m%dT%H%M%S.") + f"{start.microsecond // 1000:03d}Z-"
        headers = [self.session_header(), ("Range", f"clock={clock}"), ("RTP-Info", info)]
        self._write(response("200 OK", request.sequence, headers))
        if VIDEO_TRACK in self._channels and self._player is None:
            self._player = VideoPlayer(
                self._transport,
                self._channels[VIDEO_TRACK],
                cut=lambda: self._camera.faults.cut,
                packet_sends=self._camera.config.packet_sends,
            )
            stream.players.append(self._player)
            self._camera.pacer.watch(stream)
        if AUDIO_TRACK in self._channels and self._audio is None:
            self._audio = SilenceTrack(self._transport, self._channels[AUDIO_TRACK])

    def _pause(self, request: Request) -> None:
        self._stop_media()
        self._write(response("200 OK", request.sequence, [self.session_header()]))

    def _teardown(self, request: Request) -> None:
        self._camera.counts.teardowns += 1
        header = self.session_header()
        self._end()
        self._write(response("200 OK", request.sequence, [header]))

    def _keep_alive(self, request: Request) -> None:
        self._camera.counts.keepalives += 1
        self._write(response("200 OK", request.sequence, [self.session_header()] if self._session else []))

    # ── the session ──

    def _stream_of(self, url: str) -> LiveStream | None:
        path = urlsplit(url).path.strip("/").split("/")
        return self._camera.streams.get(path[0])

    def open_session(self) -> tuple[str, str]:
        """The session's header; there is a session from now on."""
        self._session = self._session or secrets.token_hex(8)
        self._touch()
        return self.session_header()

    def session_header(self) -> tuple[str, str]:
        """The session and its timeout, for an answer."""
        return "Session", f"{self._session};timeout={self._camera.config.session_timeout_s}"

    def _touch(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
        if self._session:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(self._camera.config.session_timeout_s, self.close)

    def forget_session(self) -> None:
        """Forget the session while the connection stays: the next request is answered 454."""
        self._end()

    def _end(self) -> None:
        self._stop_media()
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
        self._session = ""
        self._stream = None
        self._channels = {}

    def _stop_media(self) -> None:
        self._replay.stop()
        if self._player and self._stream:
            self._stream.players.remove(self._player)
        if self._audio:
            self._audio.stop()
        self._player = self._audio = None

    def _write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)
