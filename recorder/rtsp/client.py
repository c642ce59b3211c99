"""The socket of one camera: connects, carries bytes to the session and back, hands out access units.

``open`` returns once the camera plays; from then on units go to ``on_units`` from within the read itself, and
``wait`` raises what ended the stream. Nothing here decides to try again: that is the camera loop's.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final

from recorder.access_unit import AccessUnit
from recorder.rtsp.auth import Authenticator, Credentials
from recorder.rtsp.conversation import LIVE, PlayOptions, State
from recorder.rtsp.dial import EARLY_BYTES, connect, tell_from
from recorder.rtsp.drain import Drain
from recorder.rtsp.errors import CameraUnreachable, Redirected, RtspError, StreamRefused
from recorder.rtsp.keepalive import Habits
from recorder.rtsp.session import Session
from recorder.rtsp.tls import TlsFilter, camera_context
from recorder.rtsp.tunnel import Tunnel, open_tunnel
from recorder.rtsp.urls import StreamUrl, redirected
from vms.clock import Clock

OPEN_TIMEOUT_S: Final = 20.0
# Redirections to the camera itself, and one call more for a camera that hangs up to ask for an account.
ATTEMPTS_LIMIT_COUNT: Final = 4
UNSENT_LIMIT_BYTES: Final = 64 * 1024

UnitsHandler = Callable[[list[AccessUnit]], None]


class RtspClient:
    """One connection to one camera's stream."""

    def __init__(
        self, url: StreamUrl, credentials: Credentials | None, clock: Clock, drain: Drain, on_units: UnitsHandler,
        options: PlayOptions = LIVE, habits: Habits | None = None, certificate: str = "",
    ) -> None:  # fmt: skip
        """``certificate`` is the SHA-256 (hex) of the only certificate to speak TLS with; empty for any (A-01)."""
        self._habits = habits or Habits()
        self._certificate = certificate
        self._credentials = credentials
        self.session = Session(url, credentials, where=url.peer, options=options, habits=self._habits)
        self._clock = clock
        self._drain = drain
        self._on_units = on_units
        self._socket: socket.socket | None = None
        self._tunnel: Tunnel | None = None  # what we say goes another way than what we hear
        self._tls: TlsFilter | None = None
        self._carry = b""
        self._unsent = bytearray()
        self._watched = True
        self._clear = b""
        loop = asyncio.get_running_loop()
        self._playing: asyncio.Future[None] = loop.create_future()
        self._fault: asyncio.Future[None] = loop.create_future()

    async def open(self) -> None:
        """Connect and play; raises RtspError. The socket is closed again when that fails.

        A camera that sends us to another address of its own is followed; one that hangs up after asking for an account
        is called again with the account.
        """
        for attempt in range(ATTEMPTS_LIMIT_COUNT):
            try:
                return await self._open_once()
            except Redirected as error:
                target = redirected(self.session.url, error.location)
                if target is None:
                    raise StreamRefused(
                        f"{error.what} La caméra envoie vers un autre hôte ou hors du RTSP, ce qui n’est pas suivi.",
                        where=error.where, todo=error.todo, status_code=error.status_code,
                    ) from error  # fmt: skip
                if attempt == ATTEMPTS_LIMIT_COUNT - 1:
                    raise
                self._begin_anew(target, None)
            except CameraUnreachable:
                if attempt or not self.session.awaits_account:
                    raise
                self._begin_anew(self.session.url, self.session.authenticator)
        return None

    def _begin_anew(self, url: StreamUrl, authenticator: Authenticator | None) -> None:
        before = self.session
        self.session = Session(
            url, self._credentials, where=url.peer, options=before.options, habits=self._habits,
            authenticator=authenticator,
        )  # fmt: skip
        self._tls, self._carry, self._clear = None, b"", b""
        self._unsent.clear()
        loop = asyncio.get_running_loop()
        self._playing, self._fault = loop.create_future(), loop.create_future()

    async def _open_once(self) -> None:
        url = self.session.url
        try:
            await self._connect(url)
            if url.secure and not url.tunnel:
                self._tls = TlsFilter(camera_context(self._certificate), url.host, url.peer)
            self.session.start(self._clock.monotonic_us())
            self._listen()
            self._flush()
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                await self._until_playing()
        except TimeoutError as error:
            self.close()
            raise CameraUnreachable(f"La caméra n’a pas répondu en {OPEN_TIMEOUT_S:g} s.", where=url.peer) from error
        except BaseException:
            self.close()
            raise

    async def _connect(self, url: StreamUrl) -> None:
        dial = self._drain.dial or connect
        room = self.session.options.receive_buffer_bytes
        if not url.tunnel:
            self._socket = await dial(url, room)
            return
        tunnel = self._tunnel = await open_tunnel(url, room, dial, self.session.authenticator, self._certificate)
        self._socket, self._tls = tunnel.reading.socket, tunnel.reading.tls
        if self._tls is None:
            self._carry = tunnel.received
        else:
            self._clear = tunnel.received

    async def wait(self) -> None:
        """Wait until the stream ends; raises the RtspError that says why. Returns after ``close``."""
        await asyncio.shield(self._fault)

    @property
    def _post(self) -> socket.socket | None:
        return self._tunnel.writing.socket if self._tunnel is not None else None

    @property
    def watched(self) -> bool:
        """Whether bytes are read as they arrive (True), or on the tick and once many wait."""
        return self._watched

    @watched.setter
    def watched(self, watched: bool) -> None:
        if watched == self._watched:
            return
        self._watched = watched
        if self._socket is not None and not self._fault.done():
            self._listen()

    def hold(self) -> None:
        """Read nothing for now: TCP slows the camera down. For replay only, a live camera would drop pictures."""
        if self._socket is not None and not self._fault.done():
            self._drain.remove(self)
            asyncio.get_running_loop().remove_reader(self._socket)

    def release(self) -> None:
        """Read again."""
        if self._socket is not None and not self._fault.done():
            self.session.resume(self._clock.monotonic_us())
            self._listen()

    def close(self) -> None:
        """Hand out what was held back, say goodbye and close; safe to call twice."""
        sock = self._socket
        if sock is None:
            return
        try:
            units = self.session.finish()
            if units:
                self._on_units(units)
        finally:
            self._hang_up(sock)

    def _hang_up(self, sock: socket.socket) -> None:
        self._leave_loop()
        tunnel, post = self._tunnel, self._post
        self._socket = self._tunnel = None
        self.session.teardown()
        goodbye = self.session.outgoing()
        if tunnel is not None:
            goodbye = tunnel.encoded(goodbye)
        elif self._tls is not None:
            goodbye = self._tls.encrypt(goodbye)
        with contextlib.suppress(OSError), sock:  # a camera that is gone frees the session by its own timeout
            (post or sock).send(goodbye)
        if post is not None:
            post.close()
        if not self._fault.done():
            self._fault.set_result(None)

    def readable(self) -> None:
        """Read and handle what has arrived."""
        sock = self._socket
        if sock is None or self._fault.done():
            return
        whole = False
        try:
            carry = self._drain.read(sock, self._carry, self._feed)
            if carry is None:
                raise CameraUnreachable("La caméra a coupé la connexion.", where=self.session.where)
            self._carry = carry
            self._flush()
            whole = True
        except BlockingIOError:
            whole = True
        except RtspError as error:
            self._fail(error)
            whole = True
        except OSError as error:
            self._fail(CameraUnreachable(f"Connexion rompue : {error.strerror or error}.", where=self.session.where))
            whole = True
        finally:
            if not whole:  # a fault of ours: it goes on to the loop's handler, but the camera must not hang
                self._fail(RtspError("Erreur interne pendant la lecture du flux.", where=self.session.where))

    def poll(self) -> None:
        """A second has passed: keepalives, reports, stalls."""
        if self._socket is None or self._fault.done():
            return
        try:
            self.session.tick(self._clock.monotonic_us())
            self._note_playing()
            self._flush()
        except RtspError as error:
            self._fail(error)
        except OSError as error:
            self._fail(CameraUnreachable(f"Connexion rompue : {error.strerror or error}.", where=self.session.where))

    def _feed(self, data: memoryview) -> int:
        now_us = self._clock.monotonic_us()
        try:
            if self._tls is None:
                used = self.session.receive(data, now_us)
            else:
                clear = self._clear + self._tls.decrypt(data)
                self._clear = clear[self.session.receive(clear, now_us) :]
                used = len(data)
        finally:  # what came whole before the damage is not lost
            units = self.session.units()
            if units:
                self._on_units(units)
        self._note_playing()
        return used

    def _note_playing(self) -> None:
        if self._playing.done():
            return
        wanted = State.DESCRIBED if self.session.options.describe_only else State.PLAYING
        if self.session.state is wanted:
            self._playing.set_result(None)

    def _listen(self) -> None:
        sock = self._socket
        if sock is None:
            return
        loop = asyncio.get_running_loop()
        self.session.patient = not self._watched
        told = self._watched
        with contextlib.suppress(OSError):  # no such mark here: whoever sends much waits for the tick
            tell_from(sock, 1 if told else EARLY_BYTES)
            told = True
        if told:
            loop.add_reader(sock, self.readable)
        else:
            loop.remove_reader(sock)
        self._drain.add(self, on_tick=not self._watched)

    def _flush(self) -> None:
        sock = self._socket
        data = self.session.outgoing()
        if self._tunnel is not None:
            data = self._tunnel.encoded(data)
        elif self._tls is not None:
            data = self._tls.encrypt(data)
        if sock is None or not (data or self._unsent):
            return
        self._unsent += data
        sock = self._post or sock
        if len(self._unsent) > UNSENT_LIMIT_BYTES:
            raise CameraUnreachable("La caméra ne lit plus ce qui lui est envoyé.", where=self.session.where)
        loop = asyncio.get_running_loop()
        with contextlib.suppress(BlockingIOError):  # the writer below goes on when there is room
            del self._unsent[: sock.send(self._unsent)]
        if self._unsent:
            loop.add_writer(sock, self._writable)
        else:
            loop.remove_writer(sock)

    def _writable(self) -> None:
        try:
            self._flush()
        except (RtspError, OSError) as error:
            self._fail(CameraUnreachable(f"Envoi impossible : {error}.", where=self.session.where))

    def _fail(self, error: RtspError) -> None:
        if not self._fault.done():
            self.session.ended(error)
            self._fault.set_exception(error)
            self._fault.exception()  # taken note of: whoever waits gets it, and nobody has to
            self._leave_loop()

    def _leave_loop(self) -> None:
        loop = asyncio.get_running_loop()
        for sock in (self._socket, self._post):
            if sock is not None:
                loop.remove_reader(sock)
                loop.remove_writer(sock)
        self._drain.remove(self)

    async def _until_playing(self) -> None:
        await asyncio.wait({self._playing, self._fault}, return_when=asyncio.FIRST_COMPLETED)
        if not self._playing.done():
            await self._fault
