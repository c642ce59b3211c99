"""The conversation with one camera: OPTIONS, DESCRIBE, SETUP, PLAY, then frames, reports and keepalives.

No I/O here: ``receive`` takes bytes, ``outgoing`` gives bytes, ``tick`` is told the time; what went wrong is raised as
an ``RtspError``. Only the video track is ever set up (P-06), only over the connection itself (interleaved).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from enum import Enum
from typing import Final

from recorder.access_unit import AccessUnit
from recorder.rtsp import message, sdp
from recorder.rtsp.assembly import UnitAssembler
from recorder.rtsp.auth import Authenticator, Credentials
from recorder.rtsp.errors import CameraUnreachable, StreamDamaged, StreamRefused, StreamStalled
from recorder.rtsp.h264 import H264Depacketizer
from recorder.rtsp.h265 import H265Depacketizer
from recorder.rtsp.reports import Reports
from recorder.rtsp.rtp import RtpReceiver
from recorder.rtsp.urls import StreamUrl, base_url, resolve_control
from vms.clock import MICRO

REPLY_TIMEOUT_S: Final = 8.0
STALL_LIMIT_S: Final = 8.0
PENDING_LIMIT_COUNT: Final = 8
TRIES_LIMIT_COUNT: Final = 3
SESSION_TIMEOUT_DEFAULT_S: Final = 60
SESSION_TIMEOUT_LIMIT_S: Final = 600
KEEPALIVE_LIMIT_S: Final = 30.0
SESSION_ID_LIMIT_CHARS: Final = 256
USER_AGENT: Final = "Guet"
DOLLAR: Final = 0x24
_LINE_ENDS: Final = (0x0D, 0x0A)
# A server may know only one of the two addresses that PLAY can carry; these answers mean "try the other".
_TRY_TRACK: Final = frozenset({404, 459, 460})
_METHOD_MISSING: Final = frozenset({405, 451, 501, 551})
_TIMEOUT: Final = re.compile(r"timeout\s*=\s*(\d{1,6})", re.I)
_INTERLEAVED: Final = re.compile(r"interleaved\s*=\s*(\d{1,3})\s*(?:-\s*(\d{1,3}))?", re.I)


class State(Enum):
    """Where the conversation stands."""

    STARTING = "starting"
    DESCRIBED = "described"
    PLAYING = "playing"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PlayOptions:
    """What a conversation asks for beside the usual; the default plays what the camera sees now."""

    setup_headers: tuple[tuple[str, str], ...] = ()
    play_headers: tuple[tuple[str, str], ...] = (("Range", "npt=0.000-"),)
    receiver: type[RtpReceiver] = RtpReceiver
    receive_buffer_bytes: int | None = None  # of the socket; None leaves it to the system


LIVE: Final = PlayOptions()


@dataclass(slots=True)
class _Pending:
    method: str
    uri: str
    sent_us: int
    tries: int
    answered: bool
    headers: tuple[tuple[str, str], ...]


class Session:
    """One camera, one connection, one video track."""

    def __init__(
        self, url: StreamUrl, credentials: Credentials | None, *, where: str, options: PlayOptions = LIVE
    ) -> None:
        self.url = url
        self.where = where
        self.options = options
        self.state = State.STARTING
        self.description: sdp.Description | None = None
        self.receiver: RtpReceiver | None = None
        self.reports = Reports(secrets.randbits(32))
        self.stray_frames = 0
        self._depacketizer: UnitAssembler | None = None
        self._auth = Authenticator(credentials, where=where, secure=url.secure)
        self._out = bytearray()
        self._pending: dict[int, _Pending] = {}
        self._cseq = 0
        self._now_us = 0
        self._public: frozenset[str] = frozenset()
        self._session_id = ""
        self._keepalive_us = round(KEEPALIVE_LIMIT_S * MICRO)
        self._keepalive_due_us = 0
        self._base = self._aggregate = self._track = url.request
        self._video_channel, self._control_channel = -1, -1
        self._last_unit_us = 0
        self._dropped_at_last_unit = 0

    def start(self, now_us: int) -> None:
        """Begin the conversation; ``now_us`` is the monotonic clock, as in ``receive`` and ``tick``."""
        self._now_us = now_us
        self._request("OPTIONS", self.url.request)

    def outgoing(self) -> bytes:
        """Bytes to send, each given once."""
        data = bytes(self._out)
        self._out.clear()
        return data

    def units(self) -> list[AccessUnit]:
        """Access units finished since the last call."""
        return self._depacketizer.take() if self._depacketizer is not None else []

    def receive(self, data: bytes | bytearray | memoryview, received_us: int) -> int:
        """Take what has arrived; returns how many bytes were used up: the rest comes again with what follows."""
        self._now_us = received_us
        receiver = self.receiver
        video = self._video_channel
        position, end = 0, len(data)
        while position < end:
            if data[position] == DOLLAR:
                if end - position < 4:
                    break
                stop = position + 4 + (data[position + 2] << 8 | data[position + 3])
                if stop > end:
                    break
                channel = data[position + 1]
                if channel == video and receiver is not None:
                    position = receiver.frames(data, position, end, channel, received_us)
                    continue
                if channel == self._control_channel and receiver is not None:
                    self._control(bytes(data[position + 4 : stop]), receiver)
                else:
                    self.stray_frames += 1
                position = stop
            elif data[position] in _LINE_ENDS:
                position += 1
            else:
                limit = position + message.HEAD_LIMIT_BYTES + message.BODY_LIMIT_BYTES + 4
                parsed = message.parse(bytes(data[position:limit]), self.where)
                if parsed is None:
                    break
                self._message(parsed[0])
                receiver, video = self.receiver, self._video_channel
                position += parsed[1]
        depacketizer = self._depacketizer
        if depacketizer is not None and depacketizer.ready:
            self._last_unit_us = received_us
            self._dropped_at_last_unit = depacketizer.dropped_units
        return position

    def tick(self, now_us: int) -> None:
        """Let time pass: keepalives and reports become due, silence becomes an error (StreamStalled and others).

        Silence is judged by access units, never by bytes: reports keep a dead stream's connection busy.
        """
        self._now_us = now_us
        if self.state is not State.PLAYING:
            oldest = min((item.sent_us for item in self._pending.values()), default=now_us)
            if now_us - oldest > REPLY_TIMEOUT_S * MICRO:
                raise CameraUnreachable(f"La caméra ne répond plus depuis {REPLY_TIMEOUT_S:g} s.", where=self.where)
            return
        if now_us - self._last_unit_us > STALL_LIMIT_S * MICRO:
            self._stalled()
        if now_us >= self._keepalive_due_us:
            self._keepalive()
        report = self.reports.due(now_us, self.receiver) if self.receiver is not None else b""
        if report and self._control_channel >= 0:
            self._out += bytes((DOLLAR, self._control_channel)) + len(report).to_bytes(2, "big") + report

    def resume(self, now_us: int) -> None:
        """Reading goes on after a pause of ours: the silence so far was not the camera's."""
        self._last_unit_us = now_us

    def teardown(self) -> None:
        """Say goodbye, without waiting for the answer."""
        if self._session_id and self.state is not State.CLOSED:
            self._request("TEARDOWN", self._aggregate)
        self.state = State.CLOSED

    def _stalled(self) -> None:
        depacketizer = self._depacketizer
        if depacketizer is not None and depacketizer.dropped_units > self._dropped_at_last_unit:
            raise StreamDamaged(
                f"Aucune image entière depuis {STALL_LIMIT_S:g} s : les paquets sont abîmés.", where=self.where
            )
        raise StreamStalled(
            f"Connexion établie, mais aucune image depuis {STALL_LIMIT_S:g} s.",
            where=self.where,
            todo="Vérifiez la caméra ; la reprise est automatique.",
        )

    def _request(self, method: str, uri: str, headers: tuple[tuple[str, str], ...] = (), *, tries: int = 1) -> None:
        self._cseq += 1
        fields = [("CSeq", str(self._cseq)), ("User-Agent", USER_AGENT)]
        answer = self._auth.header(method, uri)
        if answer is not None:
            fields.append(("Authorization", answer))
        if self._session_id:
            fields.append(("Session", self._session_id))
        self._out += message.serialise(method, uri, [*fields, *headers])
        if len(self._pending) >= PENDING_LIMIT_COUNT:  # a camera that answers no keepalive must not fill memory
            del self._pending[next(iter(self._pending))]
        self._pending[self._cseq] = _Pending(method, uri, self._now_us, tries, answer is not None, headers)

    def _message(self, received: message.Message) -> None:
        if isinstance(received, message.Request):
            self._out += message.answer(received, 501, "Not Implemented")
            return
        cseq = received.cseq
        if cseq is None and len(self._pending) == 1:
            cseq = next(iter(self._pending))
        pending = self._pending.pop(cseq, None) if cseq is not None else None
        if pending is None:
            return
        if received.status == 401:
            self._auth.challenged(received.headers.all("www-authenticate"), answered=pending.answered)
            if pending.tries >= TRIES_LIMIT_COUNT:
                raise StreamRefused("La caméra redemande sans fin un compte.", where=self.where, status_code=401)
            self._request(pending.method, pending.uri, pending.headers, tries=pending.tries + 1)
            return
        if pending.answered:
            self._auth.accepted()
        if not 200 <= received.status < 300:
            self._refused(pending, received)
            return
        match pending.method:
            case "OPTIONS" if self.state is State.STARTING:
                self._public = frozenset(word.strip().upper() for word in received.headers.get("public").split(","))
                self._request("DESCRIBE", self.url.request, (("Accept", "application/sdp"),))
            case "DESCRIBE":
                self._described(received)
            case "SETUP":
                self._set_up(received)
            case "PLAY":
                self.state = State.PLAYING
                self._last_unit_us = self._now_us
                self._keepalive_due_us = self._now_us + self._keepalive_us

    def _refused(self, pending: _Pending, received: message.Response) -> None:
        status = received.status
        if pending.method == "OPTIONS" and self.state is State.STARTING and status in _METHOD_MISSING:
            self._request("DESCRIBE", self.url.request, (("Accept", "application/sdp"),))
            return
        if pending.method == "PLAY" and status in _TRY_TRACK and pending.uri != self._track:
            self._request("PLAY", self._track, pending.headers)
            return
        if pending.method in ("GET_PARAMETER", "OPTIONS", "TEARDOWN") and status != 454:
            if pending.method == "GET_PARAMETER":
                self._public -= {"GET_PARAMETER"}
            return
        reason = received.reason[:60] or "sans motif"
        if status == 454:
            raise StreamStalled("La caméra a oublié la session en cours.", where=self.where)
        raise StreamRefused(
            f"La caméra refuse {pending.method} : {status} {reason}.",
            where=self.where,
            todo="Vérifiez l’adresse du flux et le nombre de clients admis par la caméra.",
            status_code=status,
        )

    def _described(self, received: message.Response) -> None:
        headers = received.headers
        description = self.description = sdp.parse(received.body, self.where)
        base = base_url(self.url.request, headers.get("content-base"), headers.get("content-location"))
        self._aggregate = resolve_control(base, description.control)
        self._track = resolve_control(base, description.video.control)
        video = description.video
        build = H264Depacketizer if video.codec == "h264" else H265Depacketizer
        self._depacketizer = build(video.parameter_sets)
        self.receiver = self.options.receiver(video.payload_type, self._depacketizer, self.where)
        self.state = State.DESCRIBED
        self._request(
            "SETUP", self._track, (("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1"), *self.options.setup_headers)
        )

    def _set_up(self, received: message.Response) -> None:
        transport = received.headers.get("transport")
        if "TCP" not in transport.upper():
            raise StreamRefused("La caméra n’accepte pas le flux sur la connexion elle-même (TCP).", where=self.where)
        found = _INTERLEAVED.search(transport)
        first = int(found[1]) if found else 0
        second = int(found[2]) if found and found[2] else first + 1
        if max(first, second) > 255 or first == second:
            raise StreamDamaged(f"Canaux impossibles : {transport[:60]!r}.", where=self.where)
        self._video_channel, self._control_channel = first, second
        session, _, parameters = received.headers.get("session").partition(";")
        if not session.strip() or len(session) > SESSION_ID_LIMIT_CHARS or not session.isprintable():
            raise StreamDamaged("La caméra ne donne pas de numéro de session utilisable.", where=self.where)
        self._session_id = session.strip()
        told = _TIMEOUT.search(parameters)
        timeout_s = min(int(told[1]), SESSION_TIMEOUT_LIMIT_S) if told else SESSION_TIMEOUT_DEFAULT_S
        self._keepalive_us = round(min(max(timeout_s, 2) / 2, KEEPALIVE_LIMIT_S) * MICRO)
        self._request("PLAY", self._aggregate, self.options.play_headers)

    def _keepalive(self) -> None:
        self._keepalive_due_us = self._now_us + self._keepalive_us
        method = "GET_PARAMETER" if "GET_PARAMETER" in self._public else "OPTIONS"
        self._request(method, self._aggregate)

    def _control(self, packet: bytes, receiver: RtpReceiver) -> None:
        if self.reports.received(packet, self._now_us, receiver):
            raise StreamStalled("La caméra annonce la fin du flux (RTCP BYE).", where=self.where)
