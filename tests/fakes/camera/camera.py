"""A virtual camera: its streams, accounts and faults, and the servers on its own loopback address."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.camera.accounts import Accounts
from tests.fakes.camera.card import Recording
from tests.fakes.camera.clips import load_clip
from tests.fakes.camera.config import CameraConfig
from tests.fakes.camera.device import DeviceState
from tests.fakes.camera.digest import DigestDoor
from tests.fakes.camera.memory import Memory
from tests.fakes.camera.onvif_events import Subscription
from tests.fakes.camera.onvif_recordings import SearchSession
from tests.fakes.camera.onvif_server import OnvifServer
from tests.fakes.camera.pacer import Pacer
from tests.fakes.camera.rtsp_server import Counts, RtspConnection
from tests.fakes.camera.stream import EPOCH_US, LiveStream, monotonic_us

MAX_LOOP_PAUSE_90K = 90_000 // 5
"""Clips whose lengths differ by no more loop together: the shorter rests on its last frame. Others loop alone."""


@dataclass(slots=True)
class CameraFaults:
    """How a camera misbehaves now, streams apart; all off at first.

    ``cut`` is a cable pulled out: nothing gets through either way, and new connections fail.
    ``soap`` is one of not-xml, xml-bomb, endless, truncated, http-500, empty; "" answers properly.
    """

    refuse_connections: bool = False
    cut: bool = False
    rtsp_garbage: bool = False
    slow_s: float = 0.0
    soap: str = ""


class VirtualCamera:
    """One camera. ``start`` binds its ports, ``stop`` closes them and every connection."""

    def __init__(self, config: CameraConfig, pacer: Pacer, *, http_port: int, rtsp_port: int) -> None:
        self.config = config
        self.pacer = pacer
        self.http_port = http_port
        self.rtsp_port = rtsp_port
        self.faults = CameraFaults()
        self.counts = Counts()
        self.accounts = Accounts(config.users, config.factory)
        self.door = DigestDoor(self.accounts, config.digest, config.nonce_lifetime_s)
        self.device = DeviceState(config)
        self.clock_offset_us = round(config.clock_offset_s * 1e6)
        self.audio = config.audio
        self.connections: set[RtspConnection] = set()
        self.announce: Callable[[str, VirtualCamera], None] = lambda kind, camera: None
        self.streams = self._make_streams()
        self.card = {name: Recording(name) for name in self.streams} if config.card else {}
        self.searches: dict[str, SearchSession] = {}
        self.pull_points: dict[str, Subscription] = {}
        self.asked_path = ""  # of the ONVIF request being answered: a pull point has one of its own
        self._rtsp: asyncio.Server | None = None
        self._onvif = OnvifServer(self)
        self._memory = Memory(config.memory)
        self._memory.recall(self)

    def _make_streams(self) -> dict[str, LiveStream]:
        clips = {"main": self.config.main} | ({"sub": self.config.sub} if self.config.sub else {})
        phase_us = round(self.config.start_phase_s * 1e6)
        streams = {
            name: LiveStream(name, load_clip(path), self.utc_of, seed=f"{self.config.id}/{name}", phase_us=phase_us)
            for name, path in clips.items()
        }
        durations = [stream.clip.duration_90k for stream in streams.values()]
        if max(durations) - min(durations) <= MAX_LOOP_PAUSE_90K:
            for stream in streams.values():
                stream.period_90k = max(durations)
        return streams

    # ── clock and addresses ──

    def utc_us(self) -> int:
        """The camera's own idea of UTC, in µs; wrong by ``clock_offset_us``."""
        return self.utc_of(monotonic_us())

    def utc_of(self, at_us: int) -> int:
        """The camera's UTC at a monotonic instant: one straight line, as of an oscillator, however late it is asked."""
        return at_us + EPOCH_US + self.clock_offset_us

    def rtsp_url(self, stream: str) -> str:
        """The RTSP URL of a stream, without credentials."""
        return f"rtsp://{self.config.address}:{self.rtsp_port}/{stream}"

    def replay_url(self, token: str) -> str:
        """The RTSP URL of a recording."""
        return f"rtsp://{self.config.address}:{self.rtsp_port}/replay/{token}"

    def recording(self, token: str) -> Recording | None:
        """The recording on the card with this token."""
        return next((one for one in self.card.values() if one.token == token), None)

    @property
    def device_url(self) -> str:
        """The address of the ONVIF device service (its XAddr)."""
        return f"http://{self.config.address}:{self.http_port}/onvif/device_service"

    # ── life ──

    def remember(self) -> None:
        """Write to flash what a restart must not lose; nothing when the camera has none."""
        self._memory.keep(self)

    async def start(self) -> None:
        """Listen for RTSP and, unless the camera has none, ONVIF."""
        loop = asyncio.get_running_loop()
        self._rtsp = await loop.create_server(lambda: RtspConnection(self), self.config.address, self.rtsp_port)
        self.rtsp_port = self._rtsp.sockets[0].getsockname()[1]
        if self.config.onvif:
            await self._onvif.start()
        for name, recording in self.card.items():
            self.streams[name].card = recording
            self.pacer.watch(self.streams[name])

    async def stop(self) -> None:
        """Close everything that is open."""
        for stream in self.streams.values():
            stream.card = None
        if self._rtsp:
            self._rtsp.close()
        self.drop()
        await self._onvif.stop()

    def drop(self) -> None:
        """Drop every RTSP connection at once."""
        for connection in tuple(self.connections):
            connection.close()

    def set_discoverable(self, discoverable: bool) -> None:
        """Change the discovery mode (O-20): Hello when it is found again, Bye before it hides."""
        if discoverable == self.device.discoverable:
            return
        if not discoverable:
            self.announce("Bye", self)
        self.device.discoverable = discoverable
        if discoverable:
            self.announce("Hello", self)

    def switch_clip(self, stream: str, path: Path) -> None:
        """Go on with another clip in flight: other parameter sets, perhaps another size."""
        clip = load_clip(path)
        self.streams[stream].switch(clip, clip.duration_90k)
