"""Software masks: one worker process per camera decodes, paints the private zones, encodes (P-10, P-11).

How a recorder uses it::

    async with MaskWorker(camera, zone_set) as worker:          # starts the process
        await worker.open("main", StreamSpec("h264", 1280, 720, 25.0, (sps, pps)))
        await worker.open("sub", StreamSpec("h264", 704, 576, 12.0, (sps, pps)))
        await worker.submit("main", EncodedUnit(nals, utc_us, key, ticket))     # any task
        async for outcome in worker.outputs("main"):                             # one task per stream
            match outcome:
                case MaskedUnit(): ...   # store and show; same utc_us and ticket, always H.264
                case DroppedUnit(): ...  # a gap with outcome.cause

* ``submit`` never waits for the encoder: it queues, within bounds, and raises ``MaskFailed`` when they are reached.
* ``outputs`` yields one outcome per submitted unit and raises ``MaskFailed`` when the worker can no longer promise
  masked pictures; both streams fail together, and ``submit`` raises the same error from then on.
* ``open`` again on the same stream, after the camera was reconnected, starts with a fresh decoder and encoder; a size
  that differs from the first one is ``MaskFailed(cause="picture-size-changed")``.
* ``close`` (or leaving the block) ends the process; what was still inside is lost and belongs in the gap.
* After ``MaskFailed`` the worker is over: make another one after a pause.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

from privacy.units import EncodedUnit, MaskFailed, Outcome, StreamSpec
from privacy.zones import ZoneSet


class MaskWorker:
    """The masker of one camera, both streams, in a process of its own."""

    def __init__(self, camera: str, zone_set: ZoneSet, *, encoder: str = "libx264") -> None:
        self.camera = camera
        self.zone_set = zone_set
        self.encoder = encoder

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Start the process; MaskFailed when it does not answer."""
        raise MaskFailed("Le masquage n’est pas encore en service.")

    async def open(self, stream: str, spec: StreamSpec) -> None:
        """Begin (or begin again) one stream."""
        raise MaskFailed("Le masquage n’est pas encore en service.")

    async def submit(self, stream: str, unit: EncodedUnit) -> None:
        """Queue one unit; MaskFailed when the queue is full or the worker is over."""
        raise MaskFailed("Le masquage n’est pas encore en service.")

    def outputs(self, stream: str) -> AsyncIterator[Outcome]:
        """The outcomes of one stream in presentation order."""
        raise MaskFailed("Le masquage n’est pas encore en service.")

    async def close(self) -> None:
        """End the process."""
