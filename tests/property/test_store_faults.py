"""The fault table of a segment's life: at each single step, each way to fail, and what must hold afterwards (S1–S5).

"not-stored" and "stored" are errors that the process survives; "crash-before" and "crash-after" end it, and a power cut
then takes what was never synced.
"""

from __future__ import annotations

import errno
import itertools
import random
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

import recorder.recording.adoption
import recorder.segment.commits
from recorder.fsck.fsck import Fsck
from recorder.recording.writer import StreamWriter
from recorder.retention.policies import Policies
from recorder.stream.sink import SinkRefused
from tests.fakes.faulty_disk import Crash, Fault, Mode
from tests.fakes.recording import START, Format, Rig
from vms.db.engine import write

# One segment of three groups, an absence, the minute's cut, and the close: more steps than this are never taken.
STEPS = 24


async def script(writer: StreamWriter, done: list[bytes]) -> None:
    """A short life that meets every kind of step; what returned without error is durable by promise."""
    for second, length in ((0, 2), (2, 2), (4, 56), (60, 2), (62, 2), (70, 2)):
        if second == 70:
            await writer.absence(START.plus(seconds=64), "camera-unreachable")
        start = START.plus(seconds=second)
        plain = f"group {second} ".encode() * 40
        try:
            await writer.group([plain], start, start.plus(seconds=length), 50, Format())
        except SinkRefused:
            continue
        done.append(plain)


async def settle(rig: Rig, done: list[bytes], *, lost_open: int, index_away: bool = False) -> None:
    """Start again, and look: invariants hold, what was durable opens, time is tiled, a further group can be written."""
    policies = Policies(rig.store, rig.home / "policies.json")
    before = await Fsck(rig.engine, rig.store, START.plus(seconds=200), policies).check()
    # With the index away for long, several segments wait to be adopted: more than S2 lets a crash leave, and said so.
    broken = [one for one in before.findings if not one.note]
    assert all(index_away and one.kind == "unrecorded" for one in broken), broken
    rig.clock.advance(seconds=300)
    again = rig.writer()
    await again.start()
    plain = b"after the restart " * 20
    await again.group([plain], START.plus(seconds=400), START.plus(seconds=402), 50, Format())
    await again.close()
    opened = [one.plaintext for one in await rig.opened()]
    assert opened[-1] == plain
    assert set(done) <= set(opened)
    assert len(set(opened) - set(done) - {plain}) <= lost_open
    assert len(opened) == len(set(opened))
    report = await Fsck(rig.engine, rig.store, START.plus(seconds=500), policies).check()
    assert report.findings == [], report.findings
    tiles = await rig.tiles()
    assert all(left[1] == right[0] for left, right in itertools.pairwise(tiles)), tiles


@pytest.mark.parametrize("mode", ["not-stored", "stored", "crash-before", "crash-after"])
@pytest.mark.parametrize("step", range(STEPS))
async def test_each_step_of_the_disk(tmp_path: Path, step: int, mode: Mode) -> None:
    rig = await Rig(tmp_path).prepare()
    writer, done = rig.writer(), list[bytes]()
    await writer.start()
    rig.disk.arm(Fault(step, mode, errno.ENOSPC if step % 2 else errno.EIO))
    try:
        await script(writer, done)
        await writer.close()
    except Crash:
        writer._release()
        rig.disk.power_cut(random.Random(step))
    rig.disk.restart()
    await settle(rig, done, lost_open=1)
    await rig.close()


class FaultyCommits:
    """Stands in for ``write``: the n-th commit fails, before or after it was stored, or ends the process."""

    def __init__(self, commit: int, mode: Mode, times: int = 1) -> None:
        self.commit, self.mode, self.times = commit, mode, times
        self.dead = False

    def __call__(self, engine: Any, *, alone: bool = True) -> Any:
        @asynccontextmanager
        async def faulty() -> Any:
            if self.dead:
                raise Crash
            self.commit -= 1
            hit = self.commit < 0 and self.times > 0
            self.times -= hit
            async with write(engine, alone=alone) as session:
                yield session
                if hit and self.mode == "not-stored":
                    raise OperationalError("COMMIT", None, Exception("disk I/O error"))
                if hit and self.mode == "crash-before":
                    self.dead = True
                    raise Crash
            if hit and self.mode == "stored":
                raise OperationalError("COMMIT", None, Exception("disk I/O error"))
            if hit:
                self.dead = True
                raise Crash

        return faulty()


@pytest.mark.parametrize("mode", ["not-stored", "stored", "crash-before", "crash-after"])
@pytest.mark.parametrize("times", [1, 3, 100])
@pytest.mark.parametrize("commit", range(6))
async def test_each_commit_of_the_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commit: int, times: int, mode: Mode
) -> None:
    rig = await Rig(tmp_path).prepare()
    writer, done = rig.writer(), list[bytes]()
    await writer.start()
    with monkeypatch.context() as patch:
        patch.setattr(recorder.segment.commits, "write", FaultyCommits(commit, mode, times))
        try:
            await script(writer, done)
            await writer.close()
        except Crash:
            writer._release()
    await settle(rig, done, lost_open=1, index_away=times == 100)
    await rig.close()


@pytest.mark.parametrize("away", ["away", "stored_but_away"])
async def test_the_keeper_away_loses_nothing(tmp_path: Path, away: str) -> None:
    rig = await Rig(tmp_path).prepare()
    setattr(rig.keeper, away, True)
    writer, done = rig.writer(), list[bytes]()
    await writer.start()
    await script(writer, done)
    await writer.close()
    assert len(done) == 6
    await settle(rig, done, lost_open=0)
    await rig.close()


@pytest.mark.parametrize("step", range(12))
@pytest.mark.parametrize("mode", ["crash-before", "crash-after"])
async def test_adoption_may_itself_be_cut_short(tmp_path: Path, step: int, mode: Mode) -> None:
    rig = await Rig(tmp_path).prepare()
    writer, done = rig.writer(), list[bytes]()
    await writer.start()
    await script(writer, done)
    # The process dies with a torn group at the end; then each start of adoption dies a step later.
    writer._release()
    (path, *_) = sorted(rig.store.root.rglob("*.seg"), reverse=True)
    path.write_bytes(path.read_bytes() + b"GRP1 unfinished")
    for attempt in range(step):
        rig.disk.arm(Fault(attempt, mode))
        again = rig.writer()
        try:
            await again.start()
        except Crash:
            rig.disk.restart()
        else:
            again._release()
            break
    rig.disk.restart()
    await settle(rig, done, lost_open=0)
    await rig.close()
