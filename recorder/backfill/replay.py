"""Replay of a camera's card as a stream of pictures with their times, no faster than it is used.

What has arrived waits in a bounded queue; when it is full the socket is not read, and TCP holds the camera back. So
memory is bounded, and a live camera of the same process never waits for more than one small read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from typing import Final

from recorder.access_unit import AccessUnit
from recorder.camera.loop import Gate
from recorder.rtsp.auth import Credentials
from recorder.rtsp.client import RtspClient
from recorder.rtsp.drain import Drain
from recorder.rtsp.errors import RtspError, StreamStalled
from recorder.rtsp.replay import ReplayReceiver, Stamp, replay_options
from recorder.rtsp.urls import parse_url
from vms.clock import Clock, UtcTime

AHEAD_LIMIT_UNITS: Final = 64
AHEAD_LOW_UNITS: Final = 16
AHEAD_LIMIT_BYTES: Final = 8 * 1024 * 1024
# A camera that sends nothing for this long has come to the end of its footage (Streaming specification).
QUIET_LIMIT_S: Final = 4.0

Stamped = tuple[AccessUnit, Stamp | None]


class CardReplay:
    """One replay of one recording."""

    def __init__(
        self, url: str, credentials: Credentials | None, clock: Clock, drain: Drain, gate: Gate, certificate: str = ""
    ) -> None:
        """``drain`` must not be that of live cameras: its buffer is busy while a read is handled.

        ``certificate`` is that of the live stream: over TLS, only its holder is asked (A-01); empty for any.
        """
        self._certificate = certificate
        self._url, written = parse_url(url)
        self._credentials = credentials or written
        self._clock, self._drain, self._gate = clock, drain, gate
        self._waiting: deque[Stamped] = deque()
        self._bytes = 0
        self._held = False
        self._arrived = asyncio.Event()
        self._client: RtspClient | None = None

    async def units(self, start: UtcTime, end: UtcTime) -> AsyncGenerator[Stamped, None]:
        """The pictures recorded in [start, end] by the camera's clock, from the key frame at or before ``start``.

        Ends when the camera has no more; RtspError when it refuses or breaks off. Close the iterator to stop.
        """
        options = replay_options(start, end)
        client = RtspClient(
            self._url, self._credentials, self._clock, self._drain, self._take, options,
            certificate=self._certificate,
        )  # fmt: skip
        self._client = client
        try:
            async with self._gate(self._url.host):
                await client.open()
            ended = asyncio.ensure_future(client.wait())
            try:
                while await self._some(ended):
                    while self._waiting:
                        unit, stamp = self._waiting.popleft()
                        self._bytes -= unit.size_bytes()
                        self._relax(client)
                        yield unit, stamp
            finally:
                ended.cancel()
                await asyncio.gather(ended, return_exceptions=True)
        finally:
            self._client = None
            client.close()

    async def _some(self, ended: asyncio.Future[None]) -> bool:
        """Whether pictures wait, after waiting for some; False at the end of the footage."""
        if self._waiting:
            return True
        self._arrived.clear()
        waited: set[asyncio.Future[None]] = {asyncio.ensure_future(self._arrival()), ended}
        try:
            await asyncio.wait(waited, timeout=QUIET_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waited - {ended}:
                one.cancel()
        if self._waiting:
            return True
        if ended.done():
            try:
                ended.result()
            except StreamStalled:  # it said goodbye, or nothing for too long
                return False
            raise RtspError("La relecture s’est arrêtée.", where=self._url.peer)
        return False

    async def _arrival(self) -> None:
        await self._arrived.wait()

    def _take(self, units: list[AccessUnit]) -> None:
        client = self._client
        receiver = client.session.receiver if client is not None else None
        if client is None or not isinstance(receiver, ReplayReceiver):
            return
        for unit in units:
            self._waiting.append((unit, receiver.take(unit.rtp_time)))
            self._bytes += unit.size_bytes()
        self._arrived.set()
        if not self._held and (len(self._waiting) >= AHEAD_LIMIT_UNITS or self._bytes >= AHEAD_LIMIT_BYTES):
            self._held = True
            # From within the read of this very socket: it is finished first.
            asyncio.get_running_loop().call_soon(self._hold, client)

    def _hold(self, client: RtspClient) -> None:
        if self._held:
            client.hold()

    def _relax(self, client: RtspClient) -> None:
        if self._held and len(self._waiting) <= AHEAD_LOW_UNITS:
            self._held = False
            client.release()
