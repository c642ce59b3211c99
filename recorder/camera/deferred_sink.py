"""A stream's writer that may not be ready: the disk is away, or the process that held the stream is still ending.

Live pictures do not wait for a disk. Each group tries again to start the writer; until it starts, groups are refused
with the cause, and the pipeline spaces its tries.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from cryptography.utils import Buffer

from recorder.access_unit import StreamFormat
from recorder.camera.leases import LeaseAwaited
from recorder.recording.minutes import MinuteMeter
from recorder.recording.segment_writer import Group
from recorder.recording.writer import StreamWriter
from recorder.store.errors import StoreError
from recorder.stream.sink import GroupSink, SinkRefused
from vms import logs
from vms.clock import UtcTime
from vms.errors import GuetError

log = logs.get("recorder.deferred_sink")


# What is kept in memory of a camera whose lease is about to come over: more than a handover takes.
AWAITED_LIMIT_GROUPS: Final = 12
AWAITED_LIMIT_BYTES: Final = 48 * 1024 * 1024


class DeferredSink(GroupSink):
    """Starts the writer when it can, passes everything on to it, and measures each minute that was kept."""

    def __init__(
        self, make: Callable[[], Awaitable[StreamWriter]], may_keep: Callable[[], bool], minutes: MinuteMeter
    ) -> None:
        """``may_keep``: whether there is room for this camera now (P-35)."""
        self._make, self._may_keep, self.minutes = make, may_keep, minutes
        self._starting = asyncio.Lock()
        self.closed = False
        self._writer: StreamWriter | None = None
        # Groups of a camera that another recorder still writes: kept from where it stops, once it has stopped.
        self._awaited: deque[Group] = deque(maxlen=AWAITED_LIMIT_GROUPS)
        self._relieves = False

    @property
    def writer(self) -> StreamWriter | None:
        """The writer once it runs: its chain head goes to the keeper."""
        return self._writer

    async def prepare(self) -> None:
        """Try to start the writer now; a failure is left to the first group."""
        try:
            await self._started()
        except (SinkRefused, LeaseAwaited) as error:
            log.warning("écriture pas encore possible", why=str(error))

    async def group(
        self, plaintext: Sequence[Buffer], start: UtcTime, end: UtcTime, units: int, fmt: StreamFormat,
        zone_set: str | None,
    ) -> None:  # fmt: skip
        """Keep a group, starting the writer first if need be; SinkRefused."""
        if not self._may_keep():
            raise SinkRefused(
                "Il ne reste que des images protégées : cette caméra n’est plus enregistrée.",
                cause="disk-full",
                todo="Agrandissez le volume.",
            )
        try:
            writer = await self._started()
        except LeaseAwaited:
            self._await(Group(plaintext, start, end, units, fmt, zone_set or ""))
            return
        await writer.group(plaintext, start, end, units, fmt, zone_set)
        self.minutes.add(start.us, end.us, units, fmt.width, fmt.height)

    async def absence(self, start: UtcTime, cause: str, detail: str) -> None:
        """Record an absence. Without a writer there is nothing to add to: at its start it finds the hole by itself."""
        try:
            writer = await self._started()
        except (SinkRefused, LeaseAwaited):
            return
        await writer.absence(start, cause, detail)

    async def resume(self, at: UtcTime) -> None:
        """The absence ends."""
        if self._writer is not None:
            await self._writer.resume(at)

    async def close(self) -> None:
        """Seal and let go."""
        async with self._starting:
            self.closed = True
            writer = self._writer
            if writer is not None:
                await writer.close()

    async def _started(self) -> StreamWriter:
        async with self._starting:
            if self.closed:
                raise SinkRefused("L’écriture de ce flux est terminée.", cause="recorder-stopped")
            if self._writer is None:
                try:
                    writer = await self._make()
                    await writer.start(relieves=self._relieves)
                    await self._catch_up(writer)
                except LeaseAwaited:
                    self._relieves = True
                    raise
                except GuetError as error:
                    cause = error.cause if isinstance(error, StoreError) else "disk-wrong"
                    raise SinkRefused(error.what, cause=cause, where=error.where, todo=error.todo) from error
                self._writer = writer
            return self._writer

    def _await(self, group: Group) -> None:
        self._awaited.append(group)
        while sum(one.size_bytes() for one in self._awaited) > AWAITED_LIMIT_BYTES:
            self._awaited.popleft()

    async def _catch_up(self, writer: StreamWriter) -> None:
        """Write what came while the lease was awaited; what the recorder before has covered is left out (S4)."""
        while self._awaited:
            one = self._awaited.popleft()
            with contextlib.suppress(SinkRefused):
                await writer.group(one.plaintext, one.start, one.end, one.units, one.fmt, one.zone_set_id)
