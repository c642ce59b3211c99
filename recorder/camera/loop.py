"""One stream of one camera, for as long as it is wanted: connect → play → frames → fault → gap → wait → connect.

What comes is stamped once; then it goes where the camera's plan says: to the pipeline that keeps and shows it, through
the mask when the camera has private zones (P-10), and, while a framing session is open, raw to that session's viewers,
in memory only (P-57). Every fault ends as an absence with its cause; none reaches another camera.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from recorder.access_unit import AccessUnit, StreamFormat, TimedUnit
from recorder.camera.backoff import Backoff
from recorder.camera.clock_marks import ClockMarks
from recorder.rtsp.auth import Credentials
from recorder.rtsp.client import RtspClient
from recorder.rtsp.drain import Drain
from recorder.rtsp.errors import KeyFrameAwaited, ParameterSetsMissing, RtspError
from recorder.rtsp.keepalive import Habits
from recorder.rtsp.urls import parse_url
from recorder.stream.pipeline import Pipeline
from recorder.stream.timeline import Note, Timeline
from vms import logs
from vms.clock import MICRO, Clock
from vms.errors import BadInput

if TYPE_CHECKING:  # decoders are loaded only where a camera is masked
    from recorder.stream.masking import CameraMask

KEY_LIMIT_S: Final = 30.0
MEASURE_S: Final = 5.0

log = logs.get("recorder.camera_loop")

Gate = Callable[[str], AbstractAsyncContextManager[object]]


@dataclass(frozen=True, slots=True)
class StreamTarget:
    """Where a stream is and with which account, which shows in no log; ``certificate`` is the pinned SHA-256."""

    camera: str
    stream: str
    url: str
    credentials: Credentials | None = field(default=None, repr=False)
    certificate: str = ""

    @property
    def name(self) -> str:
        """``camera/stream``, for logs and tasks."""
        return f"{self.camera}/{self.stream}"


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """What a stream does now, for CameraHealth and for viewers. Times are UTC microseconds."""

    state: str
    cause: str
    since_us: int
    last_unit_us: int
    fmt: StreamFormat | None
    fps: float
    kbps: float
    claim_difference_us: int


class StreamLoop:
    """Keeps one stream going until it is cancelled."""

    def __init__(
        self, target: StreamTarget, clock: Clock, drain: Drain, gate: Gate, *, pipeline: Pipeline,
        framing: Pipeline | None = None, mask: CameraMask | None = None, backoff: Backoff | None = None,
    ) -> None:  # fmt: skip
        """``gate`` bounds simultaneous connections by host; ``record`` and ``frame`` start as off."""
        self.record = False
        self.frame = False
        self.notes: list[Note] = []
        self._target = target
        self._clock = clock
        self._drain = drain
        self._gate = gate
        self._pipeline = pipeline
        self._framing = framing
        self._mask = mask
        self._backoff = backoff or Backoff()
        self._timeline = Timeline(clock)
        self.marks = ClockMarks(clock)
        self._habits = Habits()
        self._client: RtspClient | None = None
        self._connected = False
        self._cause = ""
        self._since_us = clock.utc().us
        self._keys = 0
        self._formats = 0
        self._fmt: StreamFormat | None = None
        self._last_unit_us = 0
        self._meter = Meter()
        for hub in (pipeline.hub, framing.hub if framing else None):
            if hub is not None:
                hub.on_watched = self.watch

    async def run(self) -> None:
        """Run until cancelled. Raises only for faults of ours (a dead sink task)."""
        while True:
            begun_us = self._clock.monotonic_us()
            try:
                await self._play()
            except (RtspError, BadInput) as error:
                cause = error.cause if isinstance(error, RtspError) else "camera-unreachable"
                await self._fault(cause, str(error))
            lasted_s = (self._clock.monotonic_us() - begun_us) / MICRO
            await self._clock.sleep(self._backoff.after(self._cause, lasted_s))

    def show_raw(self, on: bool) -> None:
        """Open or close the raw view of a framing session (P-57)."""
        if on == self.frame:
            return
        self.frame = on
        if self._framing is not None and not on:
            self._framing.fault("not-authorised", "La séance de cadrage est finie.")
        self.watch()

    def watch(self) -> None:
        """Read bytes as they come for whoever waits for them: viewers, the mask; on the tick otherwise."""
        if self._client is not None and self._connected:
            self._client.watched = self._wanted_at_once()

    def health(self) -> StreamHealth:
        """What the stream does now."""
        fps, kbps = self._meter.rates(self._clock.monotonic_us())
        masked = self._pipeline.absent_cause or ""
        cause = self._cause or (masked if self.record else "") or self._pipeline.unkept_cause
        if not self._connected:
            state = "stalled" if cause == "stream-stalled" else ("dark" if cause else "connecting")
        else:
            state = "dark" if cause and cause == masked else "live"
        kept = self._pipeline.last_unit
        last_us = (kept.utc_us if kept else 0) if self.record else self._last_unit_us
        return StreamHealth(
            state, cause, self._since_us, last_us, self._pipeline.fmt or self._fmt, fps, kbps,
            self._timeline.claim_difference_us,
        )  # fmt: skip

    async def end(self, cause: str, detail: str) -> None:
        """The stream is not wanted any more: hand over what is open; then the absence that begins."""
        self._disconnect()
        if self._mask is not None:
            await self._mask.interrupt(self._target.stream)
        self.marks.look(self._pipeline, ended=True)
        if self._framing is not None:
            await self._framing.close(cause, detail)
        await self._pipeline.close(cause, detail)

    async def _play(self) -> None:
        url, written = parse_url(self._target.url)
        client = RtspClient(
            url, self._target.credentials or written, self._clock, self._drain, self._units, habits=self._habits,
            certificate=self._target.certificate,
        )  # fmt: skip
        self._client = client
        self._keys = self._formats = 0
        self._timeline.restart()
        self.marks.restart(self._pipeline)
        floor = self._pipeline.covered_until
        if floor is not None:
            self._timeline.not_before(floor)
        try:
            async with self._gate(url.host):
                await client.open()
            self._enter(connected=True, cause="")
            self.watch()
            await self._until_fault(client)
        finally:
            self._disconnect()

    async def _until_fault(self, client: RtspClient) -> None:
        ended = asyncio.ensure_future(client.wait())
        tasks: set[asyncio.Future[None]] = {ended}
        if self._pipeline.task is not None:
            tasks.add(self._pipeline.task)
        try:
            done, _ = await asyncio.wait(tasks, timeout=KEY_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                self._require_key_frames()
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)

    def _require_key_frames(self) -> None:
        if not self._keys:
            raise KeyFrameAwaited(f"Aucune image clé en {KEY_LIMIT_S:g} s.", where=self._target.name)
        if not self._formats:
            raise ParameterSetsMissing(
                f"Aucun jeu de paramètres utilisable en {KEY_LIMIT_S:g} s.", where=self._target.name
            )

    async def _fault(self, cause: str, detail: str) -> None:
        if self._cause != cause:
            log.warning("flux interrompu", stream=self._target.name, cause=cause, detail=detail)
        self._enter(connected=False, cause=cause)
        if self._mask is not None and self.record:
            await self._mask.interrupt(self._target.stream)
        self.marks.look(self._pipeline, ended=True)
        if self.record:
            self._pipeline.fault(cause, detail)
        if self._framing is not None:
            self._framing.fault(cause, detail)

    def _units(self, units: list[AccessUnit]) -> None:
        client = self._client
        if client is None:
            return
        timeline = self._timeline
        claimed = client.session.reports.claimed
        if claimed is not None:
            client.session.reports.claimed = None
            timeline.claim(*claimed)
            self.marks.claim(*claimed)
        timed = timeline.stamp_all(units)
        size = 0
        for unit in units:
            size += unit.stop - unit.start
            if unit.key:
                self._key(unit)
        if self.record:
            self._keep(timed)
        if self.frame and self._framing is not None:
            self._framing.push_all(timed)
        self._last_unit_us = timed[-1].utc_us
        self.marks.look(self._pipeline)
        self._meter.add(self._clock.monotonic_us(), len(units), size)
        self.notes += timeline.notes()

    def _keep(self, timed: list[TimedUnit]) -> None:
        if self._mask is None:
            self._pipeline.push_all(timed)
            return
        for unit in timed:
            self._mask.push(self._target.stream, unit)

    def _key(self, unit: AccessUnit) -> None:
        self._keys += 1
        if unit.fmt is not None:
            self._formats += 1
            self._fmt = unit.fmt

    def _wanted_at_once(self) -> bool:
        framing = self.frame and self._framing is not None and self._framing.hub.watched
        return self._mask is not None or self._pipeline.hub.watched or framing

    def _enter(self, *, connected: bool, cause: str) -> None:
        if connected != self._connected or cause != self._cause:
            self._since_us = self._clock.utc().us
        self._connected, self._cause = connected, cause

    def _disconnect(self) -> None:
        try:
            if self._client is not None:
                self._client.close()  # the last pictures come from in here
        finally:
            self._client, self._connected = None, False


class Meter:
    """Pictures and kilobits a second over the last few seconds."""

    def __init__(self) -> None:
        self._from_us = 0
        self._units = 0
        self._bytes = 0
        self._rates = (0.0, 0.0)

    def add(self, now_us: int, units: int, size: int) -> None:
        """``units`` pictures of ``size`` bytes in all have come."""
        passed_s = (now_us - self._from_us) / MICRO
        if passed_s >= MEASURE_S:
            if passed_s < 3 * MEASURE_S:
                self._rates = (self._units / passed_s, self._bytes * 8 / 1000 / passed_s)
            self._from_us, self._units, self._bytes = now_us, 0, 0
        self._units += units
        self._bytes += size

    def rates(self, now_us: int) -> tuple[float, float]:
        """Pictures and kilobits a second; zero when nothing has come for a while."""
        return self._rates if (now_us - self._from_us) / MICRO < 3 * MEASURE_S else (0.0, 0.0)
