"""A random life of two streams against a model that is trivially right: what returned is there, opens, counts once.

The machine records, pauses, stops, is killed at a random step with or without the power, restarts, ages, places holds
and destroys what is due. After every rule fsck finds nothing wrong (S1–S5); at a restart the store equals the model.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from recorder.fsck.fsck import Fsck
from recorder.recording.writer import StreamWriter
from recorder.retention.policies import Policies, is_due
from recorder.retention.room import RoomKeeper
from recorder.retention.sweep import Retention
from recorder.store.errors import StoreError
from recorder.stream.sink import SinkRefused
from tests.fakes.faulty_disk import Crash, Fault
from tests.fakes.recording import CAMERA, COMMUNE, START, Format, Opened, Rig
from vms.clock import UtcTime
from vms.keeper.protocol import CameraRetention, HeldRange

T = TypeVar("T")
STREAMS = ("main", "sub")
DAYS = 3


class Footage(RuleBasedStateMachine):
    """The store beside its model: ``kept`` per stream is every group whose write returned and that is not due."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.home = Path(tempfile.mkdtemp(prefix="guet-model-"))
        self.writers: dict[str, StreamWriter] = {}
        self.kept: dict[str, list[Opened]] = {stream: [] for stream in STREAMS}
        self.maybe: dict[str, list[Opened]] = {stream: [] for stream in STREAMS}
        self.holds: list[HeldRange] = []
        self.number = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        async def prepare() -> Rig:
            return await Rig(self.home).prepare()

        self.rig = self.run(prepare())
        self._learn()

    def _policy(self) -> CameraRetention:
        return CameraRetention(camera=CAMERA, max_days=DAYS, holds=tuple(self.holds))

    def _policies(self) -> Policies:
        return Policies(self.rig.store, self.home / "policies.json")

    def _sweeper(self, rig: Rig) -> Retention:
        policies = self._policies()
        room = RoomKeeper(rig.engine, rig.store, policies, rig.clock, 0)
        return Retention(rig.engine, rig.store, rig.spool, policies, rig.clock, room)

    def _learn(self) -> None:
        self._policies().learn(COMMUNE, [self._policy()])

    async def _writer(self, stream: str) -> StreamWriter:
        if stream not in self.writers:
            writer = self.rig.writer(stream)
            await writer.start()
            self.writers[stream] = writer
        return self.writers[stream]

    async def _group(self, stream: str, seconds: int) -> None:
        self.number += 1
        start = self.rig.clock.utc()
        end = start.plus(seconds=seconds)
        self.rig.clock.advance(seconds=seconds)
        group = Opened(start.us, end.us, f"{stream} group {self.number} ".encode() * 30)
        self.maybe[stream].append(group)
        try:
            writer = await self._writer(stream)
            await writer.group([group.plaintext], start, end, 25, Format())
        except (SinkRefused, StoreError):  # refused by the writer, or by the disk at its start
            self.maybe[stream].remove(group)
            return
        self.maybe[stream].remove(group)
        self.kept[stream].append(group)

    @rule(stream=st.sampled_from(STREAMS), lengths=st.lists(st.sampled_from([1, 2, 10, 40]), min_size=1, max_size=4))
    def record(self, stream: str, lengths: list[int]) -> None:
        for seconds in lengths:
            self.run(self._group(stream, seconds))

    @rule(
        stream=st.sampled_from(STREAMS),
        cause=st.sampled_from(["camera-unreachable", "suspended"]),
        pause=st.integers(0, 90),
    )
    def be_absent(self, stream: str, cause: str, pause: int) -> None:
        async def work() -> None:
            await (await self._writer(stream)).absence(self.rig.clock.utc(), cause)

        self.run(work())
        self.rig.clock.advance(seconds=pause)

    @rule(hours=st.sampled_from([0.2, 1, 5, 30, 80]))
    def age(self, hours: float) -> None:
        # Nothing comes for so long: a recorder has noticed, and an open segment is never old.
        for writer in self.writers.values():
            self.run(writer.absence(self.rig.clock.utc(), "stream-stalled"))
        self.rig.clock.advance(seconds=hours * 3600)

    @rule(stream=st.sampled_from(STREAMS))
    def stop(self, stream: str) -> None:
        writer = self.writers.pop(stream, None)
        if writer is not None:
            self.run(writer.close())

    @rule(
        stream=st.sampled_from(STREAMS),
        step=st.integers(0, 14),
        before=st.booleans(),
        seed=st.none() | st.integers(0, 999),
    )
    def die(self, stream: str, step: int, *, before: bool, seed: int | None) -> None:
        """The process is killed at a step of the disk while one stream records; with ``seed`` the power goes too."""
        self.rig.disk.arm(Fault(step, "crash-before" if before else "crash-after"))
        try:
            for _ in range(8):
                self.run(self._group(stream, 10))
        except Crash:
            pass
        for writer in self.writers.values():
            writer._release()
        self.writers.clear()
        if seed is not None:
            self.rig.disk.power_cut(random.Random(seed))
        self.rig.disk.restart()

    @rule(stream=st.sampled_from(STREAMS), step=st.integers(0, 8), stored=st.booleans(), full=st.booleans())
    def fail(self, stream: str, step: int, *, stored: bool, full: bool) -> None:
        """One step of the disk fails, and the process lives on."""
        self.rig.disk.arm(Fault(step, "stored" if stored else "not-stored", 28 if full else 5))
        for _ in range(5):
            self.run(self._group(stream, 20))
        self.rig.disk.arm(None)

    @rule(back=st.integers(0, 200_000), length=st.integers(1, 50_000))
    def hold(self, back: int, length: int) -> None:
        end = self.rig.clock.utc().us - back * 1_000_000
        self.holds.append(HeldRange(id=f"h{len(self.holds)}", from_us=end - length * 1_000_000, to_us=end))
        self._learn()

    @precondition(lambda self: self.holds)
    @rule()
    def release(self) -> None:
        self.holds.pop()
        self._learn()

    @rule()
    def destroy_what_is_due(self) -> None:
        rig = self.rig
        sweeper = self._sweeper(rig)
        self.run(sweeper.sweep())
        now_us = rig.clock.utc().us
        for stream in STREAMS:
            there = {one.plaintext for one in self.run(self.rig.opened(stream))}
            gone = [one for one in self.kept[stream] if one.plaintext not in there]
            # A segment goes when its first instant is due, its last group at most two minutes before its own time.
            early = [
                one for one in gone if not is_due(self._policy(), one.start_us - 120_000_000, one.start_us, now_us)
            ]
            assert early == []
            self.kept[stream] = [one for one in self.kept[stream] if one.plaintext in there]
            assert not [
                one
                for one in self.kept[stream]
                if is_due(self._policy(), one.start_us, one.end_us, now_us) and not self._shares_a_held_segment(one)
            ]

    def _shares_a_held_segment(self, group: Opened) -> bool:
        near_us = 120_000_000
        return any(one.from_us < group.end_us + near_us and group.start_us - near_us < one.to_us for one in self.holds)

    @rule()
    def compare(self) -> None:
        for stream in STREAMS:
            self.run(self._writer(stream))
            opened = self.run(self.rig.opened(stream))
            plains = [one.plaintext for one in opened]
            assert len(plains) == len(set(plains))
            assert [one.start_us for one in opened] == sorted(one.start_us for one in opened)
            expected = {one.plaintext for one in self.kept[stream]}
            assert expected <= set(plains)
            assert set(plains) <= expected | {one.plaintext for one in self.maybe[stream]}

    @invariant()
    def fsck_holds(self) -> None:
        if not hasattr(self, "rig"):
            return
        now = UtcTime(min(self.rig.clock.utc().us, START.us + 1))  # what is due is not yet destroyed: S5 apart
        report = self.run(Fsck(self.rig.engine, self.rig.store, now, self._policies()).check())
        assert report.ok, [str(one) for one in report.findings]

    def teardown(self) -> None:
        try:
            if hasattr(self, "rig"):
                for writer in self.writers.values():
                    writer._release()
                now = self.rig.clock.utc()
                rig = self.rig
                self.run(Fsck(rig.engine, rig.store, UtcTime(START.us), self._policies()).repair())
                self.run(self._sweeper(rig).sweep())
                report = self.run(Fsck(rig.engine, rig.store, now, self._policies()).check())
                assert report.ok, [str(one) for one in report.findings]
                self.run(rig.close())
        finally:
            self.runner.close()
            shutil.rmtree(self.home, ignore_errors=True)


# The same lives at each run: a red run is a change of ours. To explore, raise max_examples and drop derandomize.
Footage.TestCase.settings = settings(
    max_examples=15,
    stateful_step_count=20,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestFootage = Footage.TestCase
