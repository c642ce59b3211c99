"""Leases lived by chance: never two writers of one thing, and no late write is kept. On SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, delete, select

from deploy.bench.servers import postgresql
from vms.clock import ManualClock, UtcTime
from vms.db.engine import ensure_schema, open_engine, read, write
from vms.db.leases import MARGIN_S, RENEW_S, TTL_S, Leases, WrongFence, guard
from vms.errors import Conflict
from vms.model import Lease, Worker

SEATS = ("rec-a/0", "rec-b/0", "rec-c/0")
THINGS = ("camera:one", "camera:two")


class TimedLeases(Leases):
    """Leases by a clock that the test moves, also where the database has one of its own; and a line that may be cut."""

    cut = False

    async def _now_us(self, session: AsyncSession) -> int:
        if self.cut:
            raise OperationalError("SELECT", None, Exception("the line is cut"))
        return self._clock.monotonic_us()


class LeasesMachine(RuleBasedStateMachine):
    """Three machines that take, renew, stall, lose the database, die and come back."""

    engine: ClassVar[AsyncEngine]
    loop: ClassVar[asyncio.AbstractEventLoop]

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        async def empty() -> None:
            async with write(self.engine) as session:
                await session.execute(delete(Lease))
                await session.execute(delete(Worker))

        self.do(empty())
        self.clock = ManualClock(UtcTime.parse("2026-11-24T14:10:00Z"))
        self.clock.advance(seconds=1000)
        self.workers: dict[str, TimedLeases] = {}
        # The highest fence under which something was committed, by thing.
        self.kept: dict[str, int] = {}
        self.seen: dict[str, int] = {}
        for seat in SEATS:
            self.start(seat)

    @rule(seat=st.sampled_from(SEATS))
    def start(self, seat: str) -> None:
        """A process starts; the one before it in that seat, if any, is dead. It watches, and then sits down."""
        worker = TimedLeases(self.engine, self.clock, seat, 10)
        self.workers.pop(seat, None)

        async def join() -> None:
            joining = asyncio.ensure_future(worker.join())
            while not joining.done():
                await asyncio.sleep(0)
                self.clock.advance(seconds=0.5)
            await joining

        self.do(join())
        self.workers[seat] = worker

    @rule(seconds=st.sampled_from((0.3, RENEW_S, TTL_S - MARGIN_S, TTL_S, 2 * TTL_S)))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)

    @rule(stalled=st.sets(st.sampled_from(SEATS)), seconds=st.integers(1, 7))
    def seconds_pass(self, stalled: set[str], seconds: int) -> None:
        """Some seconds of the usual life, for all but those whose process stands still."""
        for _ in range(seconds):
            self.clock.advance(seconds=RENEW_S)
            for seat, worker in sorted(self.workers.items()):
                if seat not in stalled:
                    self.do(worker.renew(b""))
                    for name, fence in self.do(worker.take(THINGS)).items():
                        assert fence > self.seen.get(name, 0)
                        self.seen[name] = fence
            self.one_writer()

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        worker = self.workers[data.draw(st.sampled_from(sorted(self.workers)))]
        before = worker.fences()
        lost = self.do(worker.renew(b""))
        assert lost <= set(before)
        assert worker.database_away == worker.cut
        for name in lost:
            assert not worker.may_write(name, before[name])

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        worker = self.workers[data.draw(st.sampled_from(sorted(self.workers)))]
        taken = self.do(worker.take(THINGS))
        for name, fence in taken.items():
            assert fence > self.seen.get(name, 0), "a fence never falls, and never comes twice"
            self.seen[name] = fence

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), name=st.sampled_from(THINGS))
    def release(self, data: st.DataObject, name: str) -> None:
        self.do(self.workers[data.draw(st.sampled_from(sorted(self.workers)))].release([name]))

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def cut_or_mend(self, data: st.DataObject) -> None:
        worker = self.workers[data.draw(st.sampled_from(sorted(self.workers)))]
        worker.cut = not worker.cut

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        del self.workers[data.draw(st.sampled_from(sorted(self.workers)))]

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), name=st.sampled_from(THINGS))
    def commit(self, data: st.DataObject, name: str) -> None:
        """A write under whatever the worker believes to hold: kept only under the newest fence."""
        worker = self.workers[data.draw(st.sampled_from(sorted(self.workers)))]
        held = worker.held(name)
        if held is None:
            return

        async def write_under() -> bool:
            try:
                async with write(self.engine, alone=False) as session:
                    await held.guard(session)
            except WrongFence:
                return False
            return True

        newest = self.do(self.newest(name))
        kept = self.do(write_under())
        assert kept == (newest == held.fence)
        if kept:
            assert held.fence >= self.kept.get(name, 0), "a late writer's rows were kept"
            self.kept[name] = held.fence

    async def newest(self, name: str) -> int:
        async with read(self.engine) as session:
            row = (
                await session.execute(select(Lease.fence, Lease.holder).where(col(Lease.name) == name))
            ).one_or_none()
            return row[0] if row is not None and row[1] else -1

    @invariant()
    def one_writer(self) -> None:
        """Of those that the database answers, at most one may write a thing; the others only into their own spool."""
        for name in THINGS:
            writers = [
                worker.id
                for worker in getattr(self, "workers", {}).values()
                if not worker.database_away and (held := worker.held(name)) is not None and held.may_write()
            ]
            assert len(writers) <= 1, writers


@contextmanager
def loop_of_its_own() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    try:
        yield loop
    finally:
        loop.close()


def live(loop: asyncio.AbstractEventLoop, url: str, examples: int) -> None:
    engine = open_engine(url)
    loop.run_until_complete(ensure_schema(engine))
    machine = type("Machine", (LeasesMachine,), {"engine": engine, "loop": loop})
    few = settings(
        max_examples=examples,
        stateful_step_count=25,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(machine, settings=few)
    finally:
        loop.run_until_complete(engine.dispose())


def test_leases_on_sqlite(tmp_path: Path) -> None:
    with loop_of_its_own() as loop:
        live(loop, f"sqlite+aiosqlite:///{tmp_path / 'g.sqlite'}", 20)


def test_leases_on_postgresql() -> None:
    with loop_of_its_own() as loop, TemporaryDirectory() as folder:
        server = postgresql(Path(folder))
        started = loop.run_until_complete(server.__aenter__())
        try:
            live(loop, started.url, 8)
        finally:
            loop.run_until_complete(server.__aexit__(None, None, None))


async def test_a_second_start_of_a_living_seat_is_refused(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'g.sqlite'}")
    await ensure_schema(engine)
    clock = ManualClock(UtcTime.parse("2026-11-24T14:10:00Z"))
    clock.advance(seconds=1000)
    first, second = Leases(engine, clock, "rec-a/0"), Leases(engine, clock, "rec-a/0")
    await first.join()
    await first.take(THINGS)
    joining = asyncio.ensure_future(second.join())
    async with asyncio.timeout(60):
        while not joining.done():
            await asyncio.sleep(0.001)
            clock.advance(seconds=0.05)
            await first.renew()
    with pytest.raises(Conflict, match="rec-a/0"):
        await joining
    assert await first.renew() == set()
    assert set(first.fences()) == set(THINGS)
    assert not second.fences()
    await engine.dispose()


async def test_a_fence_that_was_never_given_is_refused(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'g.sqlite'}")
    await ensure_schema(engine)
    clock = ManualClock(UtcTime.parse("2026-11-24T14:10:00Z"))
    worker = Leases(engine, clock, "rec-a/0")
    await worker.join()
    fence = (await worker.take(["camera:one"]))["camera:one"]
    for name, wrong in (("camera:one", fence + 1), ("camera:one", 0), ("camera:two", 1)):
        with pytest.raises(WrongFence):
            async with write(engine) as session:
                await guard(session, name, wrong)
    await engine.dispose()


def test_a_lapsed_lease_is_taken_within_ten_seconds_of_the_holder_s_last_word() -> None:
    # TTL, the look of the taker (each second), and a connection with its first key frame of two seconds.
    assert TTL_S + RENEW_S + 2 < 10
    assert TTL_S - MARGIN_S > 2 * RENEW_S, "one slow answer must not cost a lease"
