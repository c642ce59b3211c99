"""One camera in a recorder process: its streams, its mask, its writers, started and stopped together.

What the law allows decides what runs (P-24): ``record`` streams to store and viewers, ``framing`` shows the raw picture
to the framing session only. Without either nothing connects.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from recorder.camera.clock_marks import Mark
from recorder.camera.loop import Gate, StreamHealth, StreamLoop, StreamTarget
from recorder.rtsp.auth import Credentials
from recorder.rtsp.drain import Drain
from recorder.stream.live_hub import Hub
from recorder.stream.pipeline import Pipeline
from recorder.stream.sink import GroupSink
from recorder.stream.timeline import Note
from vms import logs
from vms.clock import Clock
from vms.keeper.protocol import ZoneView

if TYPE_CHECKING:  # decoders are loaded only where a camera is masked
    from recorder.stream.masking import CameraMask

LOOP_RESTART_S: Final = 5.0
NO_ZONES: Final = "mask-failed"

log = logs.get("recorder.camera")

Treatment = Literal["clear", "mask", "dark"]


@dataclass(frozen=True)
class CameraSpec:
    """What must run for one camera; another spec means another run."""

    camera: str
    commune: str
    urls: tuple[tuple[str, str], ...]
    record: bool
    zones: ZoneView | None
    credentials: Credentials | None = field(default=None, repr=False)
    fence: int = 0  # of the camera's lease: another one means that another recorder may have written in between
    certificates: tuple[tuple[str, str], ...] = ()  # by stream: the SHA-256 of the only one to speak TLS with

    @property
    def treatment(self) -> Treatment:
        """What must happen to a picture before it is kept or shown (P-10): without a valid answer, nothing is."""
        if self.zones is None:
            return "dark"
        if self.zones.polygons:
            return "mask"
        return "clear" if self.zones.no_dwelling else "dark"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a process gives to each of its cameras."""

    clock: Clock
    drain: Drain
    gate: Gate
    make_sink: Callable[[str, str, str], GroupSink]  # commune, camera, stream
    forget_keys: Callable[[str], None]  # a camera that no longer runs here leaves no clear hour key behind


class CameraRun:
    """A camera that runs by one spec."""

    def __init__(self, spec: CameraSpec, hubs: Mapping[tuple[str, str], Hub], around: Surroundings) -> None:
        """``hubs`` by (stream, act): they outlive the run, so that viewers wait through a restart."""
        self.spec = spec
        self._around = around
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._broken = False
        self._mask: CameraMask | None = None
        self._dark = spec.record and spec.treatment == "dark"
        if spec.record and spec.treatment == "mask" and spec.zones is not None:
            from recorder.stream.masking import CameraMask

            self._mask = CameraMask(spec.camera, spec.zones, around.clock)
        self._loops: dict[str, StreamLoop] = {}
        self._pipelines: dict[str, Pipeline] = {}
        for stream, url in spec.urls:
            self._loops[stream] = self._loop(stream, url, hubs)

    @property
    def broken(self) -> bool:
        """Whether a fault of ours ended a part of it: only another run helps."""
        mask = self._mask.task if self._mask is not None else None
        return self._broken or (mask is not None and mask.done())

    def start(self) -> None:
        """Start the mask and the streams. A camera whose zones say nothing stays dark and is not even called."""
        if self._dark:
            for pipeline in self._pipelines.values():
                pipeline.fault(NO_ZONES, "Aucun jeu de zones validé.")
            return
        if self._mask is not None:
            self._mask.start()
        self._start_streams()

    def frame(self, on: bool) -> None:
        """Open or close the raw view of the framing session (P-57)."""
        for loop in self._loops.values():
            loop.show_raw(on)
        if self._dark and on and not self._tasks:
            self._start_streams()
        elif self._dark and not on:
            for task in self._tasks.values():
                task.cancel()
            self._tasks.clear()

    def _start_streams(self) -> None:
        for stream, loop in self._loops.items():
            loop.record = self.spec.record and not self._dark
            self._tasks[stream] = asyncio.create_task(self._keep(stream, loop), name=f"{self.spec.camera}/{stream}")

    async def stop(self, cause: str, detail: str = "") -> None:
        """End everything; each stream's open group is handed over first, then the absence begins."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        ends = await asyncio.gather(*(loop.end(cause, detail) for loop in self._loops.values()), return_exceptions=True)
        for error in ends:
            if isinstance(error, BaseException):
                log.error("flux mal terminé", camera=self.spec.camera, why=repr(error))
        if self._mask is not None:
            await self._mask.stop()

    def health(self) -> dict[str, StreamHealth]:
        """How each stream does."""
        found = {stream: loop.health() for stream, loop in self._loops.items()}
        if not self._dark:
            return found
        return {stream: replace(health, state="dark", cause=NO_ZONES) for stream, health in found.items()}

    def marks(self) -> dict[str, list[Mark]]:
        """How the camera's clock stood beside ours, by stream, since the last call."""
        return {stream: loop.marks.take() for stream, loop in self._loops.items()}

    def notes(self) -> list[Note]:
        """What the streams' timelines noted since the last call."""
        found: list[Note] = []
        for loop in self._loops.values():
            found += loop.notes
            loop.notes = []
        return found

    def _loop(self, stream: str, url: str, hubs: Mapping[tuple[str, str], Hub]) -> StreamLoop:
        spec, around = self.spec, self._around
        sink = around.make_sink(spec.commune, spec.camera, stream) if spec.record else None
        zone_set = spec.zones.id if spec.zones is not None else None
        name = f"{spec.camera}/{stream}"
        pipeline = Pipeline(name, around.clock, hubs[stream, "live"], sink, zone_set)
        framing = Pipeline(f"{name}/framing", around.clock, hubs[stream, "framing"], None, None)
        self._pipelines[stream] = pipeline
        if self._mask is not None:
            self._mask.add(stream, pipeline)
        target = StreamTarget(spec.camera, stream, url, spec.credentials, dict(spec.certificates).get(stream, ""))
        return StreamLoop(
            target, around.clock, around.drain, around.gate, pipeline=pipeline, framing=framing, mask=self._mask
        )

    async def _keep(self, stream: str, loop: StreamLoop) -> None:
        """Run one stream's loop. A fault of ours ends this camera's run only, and the fleet makes a new one."""
        try:
            await loop.run()
        except Exception as error:  # a process's edge, as far as one camera goes: the others must not notice
            log.exception("boucle interrompue", camera=self.spec.camera, stream=stream, why=repr(error))
            await self._around.clock.sleep(LOOP_RESTART_S)
            self._broken = True
