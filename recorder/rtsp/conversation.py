"""What is said between us and one camera: OPTIONS, DESCRIBE, SETUP, PLAY, keepalives, and its own requests.

No I/O, and no bytes of pictures: messages in, requests out; what went wrong is raised as an ``RtspError``. Only the
video track is ever set up (P-06), only over the connection itself (interleaved).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from enum import Enum
from typing import Final

from recorder.rtsp import message, sdp
from recorder.rtsp.assembly import UnitAssembler
from recorder.rtsp.auth import Authenticator, Credentials
from recorder.rtsp.body import LooseBody
from recorder.rtsp.errors import (
    CameraUnreachable,
    Redirected,
    RtspError,
    StreamDamaged,
    StreamRefused,
    StreamStalled,
    WrongCredential,
)
from recorder.rtsp.h264 import H264Depacketizer
from recorder.rtsp.h265 import H265Depacketizer
from recorder.rtsp.keepalive import Habits, Keepalive
from recorder.rtsp.reports import Reports
from recorder.rtsp.rtp import RtpReceiver
from recorder.rtsp.urls import StreamUrl, base_url, resolve_control, track_addresses

PENDING_LIMIT_COUNT: Final = 8
TRIES_LIMIT_COUNT: Final = 3
SESSION_ID_LIMIT_CHARS: Final = 256
USER_AGENT: Final = "Guet"
# Answers that may mean no more than that the camera knows the track, or the whole, by another address.
_TRY_ELSEWHERE: Final = frozenset({400, 404, 405, 451, 454, 455, 459, 460, 462})
_REDIRECTS: Final = frozenset({300, 301, 302, 303, 305, 307, 308})
_INVALID_RANGE: Final = 457
# Answers to PLAY that may mean its Range.
_RANGE_UNWANTED: Final = frozenset({400, 406, 451, 456, 500, 501, 551})
_SESSION_UNKNOWN: Final = 454
_KEEPALIVES: Final = ("GET_PARAMETER", "OPTIONS")
_PUBLIC: Final = "Public: OPTIONS, ANNOUNCE, GET_PARAMETER, SET_PARAMETER, TEARDOWN, REDIRECT"
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
    describe_only: bool = False  # nothing is set up, so that no picture and no sound is ever sent

    @property
    def live(self) -> bool:
        """Whether this plays what the camera sees now."""
        return self.receiver is RtpReceiver


LIVE: Final = PlayOptions()


@dataclass(slots=True)
class _Pending:
    method: str
    uri: str
    sent_us: int
    tries: int
    answered: bool
    headers: tuple[tuple[str, str], ...]


class Conversation:
    """One camera, one connection, one video track: what has been agreed so far."""

    def __init__(
        self, url: StreamUrl, credentials: Credentials | None, *, where: str, options: PlayOptions = LIVE,
        habits: Habits | None = None, authenticator: Authenticator | None = None,
    ) -> None:  # fmt: skip
        """``habits`` and ``authenticator`` carry on what an earlier connection to the camera has learnt."""
        self.url = url
        self.where = where
        self.options = options
        self.state = State.STARTING
        self.description: sdp.Description | None = None
        self.receiver: RtpReceiver | None = None
        self.reports = Reports(secrets.randbits(32))
        self.stray_frames = 0
        self._depacketizer: UnitAssembler | None = None
        self.authenticator = authenticator or Authenticator(credentials, where=where, secure=url.secure)
        self._out = bytearray()
        self._pending: dict[int, _Pending] = {}
        self._cseq = 0
        self._now_us = 0
        self._session_id = ""
        self._keepalive = Keepalive(habits or Habits())
        self._body = LooseBody(where)
        self._aggregate = url.request
        self._tracks: list[str] = []
        self._video_channel, self._control_channel, self._promised_channel = -1, -1, -1
        self._promised: list[bytes] = []  # packets that came there lately, while pictures come elsewhere
        self._promised_us = 0
        self._garbage_bytes = 0
        self._goodbye_us: int | None = None
        self._keyless: tuple[int, int] | None = None  # key pictures so far, and since when another one is awaited
        self._crowd_us = self._crowd_units = 0
        self._answered: message.Response | None = None
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

    def ended(self, error: RtspError) -> None:
        """The connection ended by ``error``: learn from it for the next one."""
        forgotten = isinstance(error, StreamStalled) and str(_SESSION_UNKNOWN) in error.what
        if self.state is State.PLAYING and (forgotten or isinstance(error, CameraUnreachable)):
            self._keepalive.lost(self._now_us)

    @property
    def awaits_account(self) -> bool:
        """Whether the camera has asked for an account and not yet said what it thinks of it."""
        return self.description is None and any(item.answered for item in self._pending.values())

    def teardown(self) -> None:
        """Say goodbye, without waiting for the answer."""
        if self.state is State.PLAYING or (self._session_id and self.state is not State.CLOSED):
            self._request("TEARDOWN", self._aggregate)
        self.state = State.CLOSED

    def _request(self, method: str, uri: str, headers: tuple[tuple[str, str], ...] = (), *, tries: int = 1) -> None:
        self._cseq += 1
        fields = [("CSeq", str(self._cseq)), ("User-Agent", USER_AGENT)]
        answer = self.authenticator.header(method, uri)
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
            self._asked(received)
            return
        pending = self._pending.pop(self._number_of(received), None) if received.status >= 200 else None
        if pending is None:
            return
        keepalive = self.state is State.PLAYING and pending.method in _KEEPALIVES
        if received.status == 401 and not (keepalive and pending.tries > 1):
            self._sign_in(pending, received, keepalive=keepalive)
        elif 200 <= received.status < 300:
            if pending.answered:
                self.authenticator.accepted()
            self._accepted(pending, received, keepalive=keepalive)
        else:
            self._refused(pending, received, keepalive=keepalive)

    def _asks(self, method: str) -> bool:
        """Whether a request of this kind waits for its answer."""
        return any(item.method == method for item in self._pending.values())

    def _number_of(self, received: message.Response) -> int:
        """Which request this answers. Some cameras number answers as they like: before PLAY there is one to answer.

        An answer that comes word for word again answers nothing.
        """
        cseq, before = received.cseq, self._answered
        self._answered = received
        if cseq in self._pending:
            return cseq or 0
        if cseq is not None and (self.state is State.PLAYING or (cseq and received == before)):
            return -1
        return next(iter(self._pending), -1)

    def _sign_in(self, pending: _Pending, received: message.Response, *, keepalive: bool) -> None:
        try:
            self.authenticator.challenged(received.headers.all("www-authenticate"), answered=pending.answered)
        except RtspError:
            if not keepalive:
                raise
            self._keepalive.answered(pending.method, accepted=False)  # the stream itself goes on
            return
        if pending.tries >= TRIES_LIMIT_COUNT:  # were it tried on and on, the camera would lock the account
            raise WrongCredential("La caméra redemande sans fin un compte.", where=self.where)
        self._request(pending.method, pending.uri, pending.headers, tries=pending.tries + 1)

    def _accepted(self, pending: _Pending, received: message.Response, *, keepalive: bool) -> None:
        match pending.method:
            case _ if keepalive:
                self._keepalive.answered(pending.method, accepted=True)
            case "OPTIONS" if self.state is State.STARTING:
                self._keepalive.offered(received.headers.get("public"))
                self._describe()
            case "DESCRIBE":
                self._body.begin(received, self._now_us)
            case "SETUP":
                self._set_up(received)
            case "PLAY":
                session = received.headers.get("session").partition(";")[0].strip()
                if session and len(session) <= SESSION_ID_LIMIT_CHARS and session.isprintable():
                    self._session_id = session
                self._plays()

    def _plays(self) -> None:
        self.state = State.PLAYING
        self._last_unit_us = self._now_us
        self._keepalive.begin(self._now_us)

    def _asked(self, request: message.Request) -> None:
        """A camera's own request. What ends the stream is told as its end, so that the next try comes at once."""
        if request.method in ("OPTIONS", "ANNOUNCE", "GET_PARAMETER", "SET_PARAMETER", "TEARDOWN", "REDIRECT"):
            self._out += message.answer(request, 200, "OK", *([_PUBLIC] if request.method == "OPTIONS" else []))
        else:
            self._out += message.answer(request, 501, "Not Implemented")
        if request.method in ("TEARDOWN", "REDIRECT"):
            raise StreamStalled(f"La caméra met fin au flux ({request.method}).", where=self.where)

    def _describe(self) -> None:
        self._request("DESCRIBE", self.url.request, (("Accept", "application/sdp"),))

    def _refused(self, pending: _Pending, received: message.Response, *, keepalive: bool) -> None:
        status = received.status
        if pending.method == "OPTIONS" and self.state is State.STARTING and status not in _REDIRECTS:
            self._describe()  # which will say what is wrong, if anything is
        elif pending.method == "PLAY" and self._pictures_come():
            self._plays()  # it plays since SETUP, say, and takes PLAY for a second one
        elif pending.method == "PLAY" and status == _INVALID_RANGE and pending.headers == LIVE.play_headers:
            self._request("PLAY", pending.uri)  # "now" is what a live camera plays without being told
        elif status in _TRY_ELSEWHERE and self._elsewhere(pending):
            return
        elif pending.method == "PLAY" and status in _RANGE_UNWANTED and pending.headers == LIVE.play_headers:
            self._request("PLAY", self._aggregate)
        elif keepalive and status != _SESSION_UNKNOWN:
            self._keepalive.answered(pending.method, accepted=False)
        elif pending.method != "TEARDOWN":
            raise self._refusal(pending, received)

    def _pictures_come(self) -> bool:
        depacketizer = self._depacketizer
        return self.state is State.PLAYING or (depacketizer is not None and bool(depacketizer.ready))

    def _elsewhere(self, pending: _Pending) -> bool:
        """Ask again at the next address that the camera may have meant."""
        if pending.method == "SETUP" and pending.uri in self._tracks[:-1]:
            self._request("SETUP", self._tracks[self._tracks.index(pending.uri) + 1], pending.headers)
            return True
        if pending.method != "PLAY":
            return False
        tried = list(dict.fromkeys((self._aggregate, self._tracks[0], self.url.request)))
        if pending.uri not in tried[:-1]:
            return False
        self._request("PLAY", tried[tried.index(pending.uri) + 1], pending.headers)
        return True

    def _refusal(self, pending: _Pending, received: message.Response) -> RtspError:
        status, reason = received.status, "".join(filter(str.isprintable, received.reason))[:60] or "sans motif"
        what = f"La caméra refuse {pending.method} : {status} {reason}."
        if status == _SESSION_UNKNOWN and self.state is State.PLAYING:
            return StreamStalled(f"La caméra a oublié la session en cours ({status}).", where=self.where)
        if status in _REDIRECTS and received.headers.get("location"):
            return Redirected(
                what, where=self.where, todo="Déclarez l’adresse définitive du flux.", status_code=status,
                location=received.headers.get("location"),
            )  # fmt: skip
        return StreamRefused(
            what, where=self.where, todo="Vérifiez l’adresse du flux et le nombre de clients admis par la caméra.",
            status_code=status,
        )  # fmt: skip

    def _described(self, headers: message.Headers, body: bytes) -> None:
        description = self.description = sdp.parse(body, self.where)
        base = base_url(self.url.request, headers.get("content-base"), headers.get("content-location"))
        self._aggregate = resolve_control(base, description.control)
        video = description.video
        self._tracks = track_addresses(self.url.request, base, video.control)
        build = H264Depacketizer if video.codec == "h264" else H265Depacketizer
        self._depacketizer = build(video.parameter_sets, wary=True)
        self.receiver = self.options.receiver(video.payload_type, self._depacketizer, self.where)
        self.receiver.other_types = description.other_types
        self.state = State.DESCRIBED
        if self.options.describe_only:
            return
        transport = (("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1"), *self.options.setup_headers)
        self._request("SETUP", self._tracks[0], transport)

    def _set_up(self, received: message.Response) -> None:
        transport = received.headers.get("transport")
        found = _INTERLEAVED.search(transport)
        if transport and found is None and "TCP" not in transport.upper():
            raise StreamRefused("La caméra n’accepte pas le flux sur la connexion elle-même (TCP).", where=self.where)
        first = int(found[1]) if found else 0
        second = int(found[2]) if found and found[2] else first + 1
        if max(first, second) > 255:
            raise StreamDamaged(f"Canaux impossibles : {transport[:60]!r}.", where=self.where)
        # Pictures and reports on one channel: pictures then, and no reports.
        self._video_channel, self._control_channel = first, second if second != first else -1
        self._promised_channel = first
        session, _, parameters = received.headers.get("session").partition(";")
        if len(session) > SESSION_ID_LIMIT_CHARS or not session.isprintable():
            raise StreamDamaged("La caméra ne donne pas de numéro de session utilisable.", where=self.where)
        self._session_id = session.strip()  # a camera that gives none has one client, and wants none back
        self._keepalive.told(parameters)
        self._request("PLAY", self._aggregate, self.options.play_headers)
