"""The recorder with one mistake in it, so that a test can show that the simulation notices.

The first four are mistakes that it really had, and that the simulation found.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.utils import Buffer
from sqlmodel import col, select

import recorder.recording.adoption
import recorder.retention.policies
import recorder.retention.sweep
from deploy.simulation.disk import VirtualDisk
from recorder.recording.writer import StreamWriter
from recorder.retention.sweep import Retention
from recorder.store.errors import StoreError
from recorder.store.local import LocalStore, SegmentFile
from recorder.store.s3 import SpooledStore
from recorder.store.spared import SparedStore
from vms.clock_guard import ClockGuard
from vms.db.engine import read
from vms.db.leases import Held
from vms.model import Segment

Mutant = Callable[[pytest.MonkeyPatch], None]


def adoption_trusts_the_page_cache(patch: pytest.MonkeyPatch) -> None:
    """A group found whole after a kill is counted though nobody ever synced it."""

    async def cut(store: LocalStore, label: str, stream: Any, scan: Any, name: Any, done: Any) -> None:
        path = store.path_of(name, stream.commune)
        if scan.rest == "damaged":
            await asyncio.to_thread(store.quarantine_tail, path, scan.sound_bytes)
        if scan.rest:
            await asyncio.to_thread(store.cut, path, scan.sound_bytes)

    patch.setattr(recorder.recording.adoption, "_cut", cut)
    adoption_believes_memory(patch)


def adoption_believes_memory(patch: pytest.MonkeyPatch) -> None:
    """A file left by a crash is read from the page cache, where a failed sync's groups still show."""
    patch.setattr(VirtualDisk, "doubt", lambda self, fd: None)


def folders_are_synced_once(patch: pytest.MonkeyPatch) -> None:
    """A day's folder whose sync failed, or whose maker died before it, never becomes durable."""

    def make_dirs(self: LocalStore, path: Path) -> None:
        missing = [path]
        while not missing[-1].parent.exists():
            missing.append(missing[-1].parent)
        for folder in reversed(missing):
            if self.disk.make_dir(folder):
                self.disk.sync_dir(folder.parent)

    patch.setattr(LocalStore, "_make_dirs", make_dirs)


def open_segments_are_judged_by_their_first_group(patch: pytest.MonkeyPatch) -> None:
    """What a crash left open is destroyed by what its row says, which is too little."""

    async def nothing(*_: Any) -> None:
        return

    async def due(self: Retention, camera: str, policy: Any, now_us: int) -> list[Segment]:
        async with read(self._engine) as session:
            rows = (await session.execute(select(Segment).where(col(Segment.camera_id) == camera))).scalars()
            return [row for row in rows if recorder.retention.policies.is_due(policy, row.start_us, row.end_us, now_us)]

    the_wall_clock_is_believed(patch)  # else most lives end before the clock of a machine that was off is believed
    patch.setattr(Retention, "_end_left_open", nothing)
    patch.setattr(Retention, "_due", due)


def appends_are_not_synced(patch: pytest.MonkeyPatch) -> None:
    """Groups are told as durable from the page cache."""

    def append(self: SegmentFile, *parts: Buffer) -> None:
        self._disk.append(self._fd, *parts)
        self.durable_bytes += sum(len(memoryview(part)) for part in parts)

    patch.setattr(SegmentFile, "append", append)


def a_group_goes_missing(patch: pytest.MonkeyPatch) -> None:
    """One group in nine is forgotten, and the next one pretends that it was not."""
    kept, count = StreamWriter.group, [0]

    async def group(self: StreamWriter, plaintext: Any, start: Any, end: Any, *rest: Any) -> None:
        count[0] += 1
        if count[0] % 9 == 0:
            start = self._segment.end_us if self._segment is not None else start.us
            with contextlib.suppress(AttributeError):
                self._segment.end_us = end.us  # type: ignore[union-attr]
            return
        await kept(self, plaintext, start, end, *rest)

    patch.setattr(StreamWriter, "group", group)


def a_day_too_early(patch: pytest.MonkeyPatch) -> None:
    """Footage goes a day before it is due."""
    term = recorder.retention.policies.term
    for module in (recorder.retention.policies, recorder.retention.sweep):
        patch.setattr(
            module, "term", lambda policy, start_us: term(policy, start_us) - recorder.retention.policies.DAY_US
        )


def holds_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Held footage goes when it is due."""
    for module in (recorder.retention.policies, recorder.retention.sweep):
        patch.setattr(module, "held", lambda *_: False)


def the_wall_clock_is_believed(patch: pytest.MonkeyPatch) -> None:
    """What a clock that jumps calls due is destroyed."""
    patch.setattr(ClockGuard, "now_us", lambda self, confirmed=None: self._clock.utc().us)


def late_writers_commit(patch: pytest.MonkeyPatch) -> None:
    """A recorder goes on with a camera that another has taken, as if nothing were."""

    async def guard(*_: Any) -> None:
        return

    patch.setattr(Held, "guard", guard)
    patch.setattr(Held, "may_write", lambda self: True)


def the_bucket_is_believed_unheard(patch: pytest.MonkeyPatch) -> None:
    """What does not reach the bucket leaves the spool all the same."""
    upload = SpooledStore.upload

    def hopeful(self: SpooledStore, path: Path) -> None:
        with contextlib.suppress(StoreError):
            upload(self, path)

    patch.setattr(SpooledStore, "upload", hopeful)


def the_spare_is_never_asked(patch: pytest.MonkeyPatch) -> None:
    """What the volume refuses is lost, though another stands by."""
    patch.setattr(SparedStore, "has_other_place", lambda store, error: False)
