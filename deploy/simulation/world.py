"""One simulation from its plan to its verdict: lives of a recorder, what is done to them, what is checked."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sqlmodel import col, select

from deploy.simulation.bucket import Objects
from deploy.simulation.camera import Camera
from deploy.simulation.clock import FOLLOWED_US, VirtualClock
from deploy.simulation.database import Database
from deploy.simulation.disk import Volume
from deploy.simulation.engines import Engines
from deploy.simulation.faults import KEEPER_FAULTS, WALL_FAULTS, Fault
from deploy.simulation.harm import Harm
from deploy.simulation.inspection import Inspector
from deploy.simulation.keeper import Keeper
from deploy.simulation.ledger import Ledger
from deploy.simulation.loop import SimulatedLoop
from deploy.simulation.machine import CAMERA, COMMUNE, AmpleRoom, Machine
from deploy.simulation.oracle import Death, Oracle, Tile
from deploy.simulation.plan import LifePlan, Plan
from deploy.simulation.stores import Spool, looked_at
from deploy.simulation.suffering import causes_of, excuses_of, lease_waited
from deploy.simulation.telling import newest_us, untold
from deploy.simulation.terms import gone_too_early, term_us
from recorder.fsck.fsck import Fsck
from recorder.retention.due_clock import DueClock
from recorder.retention.policies import Policies
from recorder.retention.sweep import Retention
from recorder.rtsp.urls import StreamUrl
from recorder.store.errors import StoreError
from recorder.store.local import LocalStore
from vms.clock import MICRO, UtcTime
from vms.db.engine import read
from vms.keeper.protocol import DestructionTime, HeldRange
from vms.model import Absence, Segment

STOP_LIMIT_S: Final = 10.0
DEATH_LIMIT_S: Final = 20.0
RECOVERY_S: Final = 45.0
RECOVERY_POLL_S: Final = 5.0
# A clock that was set back by more is not waited for.
DEBT_LIMIT_S: Final = 6_000.0
SETTLED_S: Final = 1.0


@dataclass
class Verdict:
    """What a simulation came to."""

    seed: int
    problems: list[str] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)
    effective: Counter[str] = field(default_factory=Counter)
    lost_groups: Counter[str] = field(default_factory=Counter)
    worst_loss_groups: int = 0
    worst_loss_slow_groups: int = 0
    virtual_s: float = 0.0
    units_kept: int = 0
    checks: int = 0
    steps: int = 0
    trace: list[str] = field(default_factory=list)


class World:
    """Everything that outlives the recorder."""

    def __init__(self, plan: Plan, loop: SimulatedLoop, home: Path, engines: Engines) -> None:
        self.plan, self.loop, self.home = plan, loop, home
        self.verdict = Verdict(plan.seed)
        self.clock = VirtualClock(loop, plan.start)
        (home / "store").mkdir()
        self.volume = Volume(loop, home / "store")
        (home / "spare").mkdir()
        self.spare = Volume(loop, home / "spare") if plan.spare else None
        self.database = Database(engines.fresh(home), loop.chance)
        self.keeper = Keeper(COMMUNE, CAMERA, plan.days, self.clock)
        self.ledgers = {stream: Ledger(stream) for stream, _ in plan.habits}
        self.cameras = {
            stream: Camera(loop, habits, self.ledgers[stream], _chance(plan.seed, place + 2))
            for place, (stream, habits) in enumerate(plan.habits)
        }
        self.oracle = Oracle(self.ledgers, plan.start.us)
        self._engines = engines
        self._inspector: Inspector | None = None
        self.objects = Objects()
        self._harm = Harm(self)
        self._ended_us = self._found_us = 0
        self._mine: set[asyncio.Task[Any]] = set()

    def tell(self, what: str) -> None:
        """Into the trace."""
        self.verdict.trace.append(f"{self.loop.time():14.6f}  {what}")

    async def run(self) -> Verdict:
        """The whole plan; what did not hold is in the verdict."""
        task = asyncio.current_task()
        if task is not None:
            self._mine.add(task)
        for number, life in enumerate(self.plan.lives):
            await self._life(number, life)
        await self._finish()
        verdict = self.verdict
        verdict.problems += self.oracle.problems
        verdict.worst_loss_groups = self.oracle.worst_loss_groups
        verdict.worst_loss_slow_groups = self.oracle.worst_loss_slow_groups
        verdict.units_kept = self.oracle.units_kept
        verdict.virtual_s = self.loop.time()
        return verdict

    async def dial(self, url: StreamUrl, _: int | None = None) -> Any:
        """How recorders reach cameras."""
        return await self.cameras[url.request.rsplit("/", 1)[1]].connect(url)

    def volumes(self) -> list[Volume]:
        """The store's own, and the spare if there is one."""
        return [self.volume] if self.spare is None else [self.volume, self.spare]

    async def _life(self, number: int, life: LifePlan) -> None:
        begun_us = self.clock.monotonic_us()
        self.tell(f"life {number} begins, the wall clock shows {self.clock.utc().iso()}")
        self._found_us = await newest_us(self._engines.onlooking(self.database))
        await self._note_clock_debt(begun_us)
        machine = Machine(
            self.home, self._engines.recorder, self.volume, self.keeper, self.clock, self.dial, self.loop.chance,
            tuple(self.ledgers), life.watched, self.objects if self.plan.bucket else None, self.spare,
            leased=self.plan.leased,
        )  # fmt: skip
        self._engines.begin(self.database, machine.process)
        machine.start()
        suffering = [asyncio.create_task(self._suffer(fault, machine, begun_us)) for fault in life.faults]
        self._mine |= set(suffering)
        await asyncio.sleep(life.lasts_s)
        if number == len(self.plan.lives) - 1:
            await self._recover(machine)
        stopped = await self._end(life, machine)
        for task in suffering:
            task.cancel()
        await asyncio.gather(*suffering, return_exceptions=True)
        for fault in life.faults:
            self._harm.relent(fault)
        await machine.bury(self._mine)
        self._ended_us = self.clock.monotonic_us()
        self._engines.end()
        self._harm.lease(taken=False)
        self.verdict.steps += machine.process.steps
        if life.ending == "power-cut" and not stopped:
            self.clock.cut()
            for volume in self.volumes():
                for one in volume.platter.power_cut(self.loop.chance):
                    self.tell(f"lost with the power: {one}")
        if machine.broken and "database" not in self._harm.touched:
            self.oracle.say(f"the camera's run broke {machine.broken} times")
        if number < len(self.plan.lives) - 1:  # else: ``_finish`` looks at it
            await self._check(f"after life {number}, {life.ending}")
            await self._inspect()
        if not stopped:
            self._count_death(life, begun_us)
        await self._pause(life)

    async def _end(self, life: LifePlan, machine: Machine) -> bool:
        """Whether the process stopped in order."""
        self.verdict.injected[life.ending] += 1
        if life.ending == "stopped":
            try:
                async with asyncio.timeout(STOP_LIMIT_S):
                    await machine.stop()
                return True
            except TimeoutError:
                self.tell("it does not stop in time")
                self._harm.slow = True
                return False
        machine.process.die_after = life.step
        dead = asyncio.Event()
        machine.process.on_death = dead.set
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DEATH_LIMIT_S):
                await dead.wait()
        machine.process.alive = False
        self.tell(f"{life.ending} {machine.process.died_at or 'between two steps'}")
        return False

    def _count_death(self, life: LifePlan, begun_us: int) -> None:
        death = Death(self.clock.monotonic_us(), begun_us)
        self.oracle.died(death, slow=self._harm.slow, power=life.ending == "power-cut")
        for stream, groups in death.loss_groups.items():
            self.verdict.lost_groups[life.ending] += groups
            self.tell(f"{stream}: {groups} groups gone")

    async def _pause(self, life: LifePlan) -> None:
        now_us = self.clock.utc().us
        if life.hold is not None:
            from_us, to_us = sorted(now_us - round(one * MICRO) for one in life.hold)
            self.keeper.holds.append(HeldRange(id=f"h{len(self.keeper.holds)}", from_us=from_us, to_us=to_us))
            self.verdict.injected["hold-placed"] += 1
        if life.release and self.keeper.holds:
            self.keeper.holds.pop(0)
            self.verdict.injected["hold-released"] += 1
        self._harm.slow = False
        await asyncio.sleep(life.pause_s)

    async def _note_clock_debt(self, begun_us: int) -> None:
        """A wall clock that was set back stands before time that is told for already: until it has caught up, gaps."""
        for stream in self.ledgers:
            tiles = await self._tiles(stream)
            ends_us = max((one.end_us or one.start_us for one in tiles), default=0)
            ends_us = max(ends_us, self.oracle.latest_us(stream))
            debt_us = ends_us - self.clock.utc().us
            # An absence that nobody ended before a death lasted until then, and is cut short by a clock set back.
            cut_us = self.plan.start.us + self._ended_us + max(self.clock.errors_us) - self.clock.utc().us
            if cut_us > 0 and any(one.end_us is None for one in tiles):
                self.oracle.doubled.append((self._ended_us - cut_us - 15 * MICRO, begun_us))
            if debt_us > 0:
                now_us = self.clock.monotonic_us()
                until_us = now_us + debt_us + 15 * MICRO
                self.oracle.excuses.append(causes_of("clock", begun_us, until_us, stream))
                self.oracle.doubled.append((self._ended_us - 15 * MICRO, until_us))

    # faults

    async def _suffer(self, fault: Fault, machine: Machine, begun_us: int) -> None:
        await asyncio.sleep(fault.at_s)
        if not machine.process.alive:
            return
        self.tell(f"{fault.kind} for {fault.for_s:.2f} s, {fault.amount:g} ({fault.stream})")
        self.verdict.injected[fault.kind] += 1
        before = self._harm.hits()
        habits = dict(self.plan.habits)
        excuses = self._harm.excuses(fault, begun_us)
        if fault.kind in WALL_FAULTS or fault.kind == "lease-lost":
            await self._inspect()
        await self._harm.lease_changes(fault, taken=True)
        self._harm.begin(fault)
        if fault.kind in WALL_FAULTS and (self.plan.leased or self._hardly_begun(begun_us)):
            await self._note_clock_debt(begun_us)
        # A key that neither the keeper nor the spool can keep seals nothing; one of the two is enough.
        if fault.kind in KEEPER_FAULTS:
            nowhere = "spool-full" in self.keeper.wrong and len(self.keeper.wrong) > 1
            excuses = excuses_of(replace(fault, kind="spool-full"), self.clock.monotonic_us(), begun_us, habits)
            excuses = excuses if nowhere else []
        self.oracle.excuses += excuses
        await asyncio.sleep(fault.for_s)
        self._harm.relent(fault)
        self.oracle.excuses = lease_waited(self.oracle.excuses, fault, self.clock.monotonic_us(), habits)
        await self._harm.lease_changes(fault, taken=False)
        if fault.kind == "lease-lost" or (self.plan.leased and fault.kind in WALL_FAULTS):
            await self._note_clock_debt(self.clock.monotonic_us())  # the stream begins anew, by the wall clock
        self.tell(f"{fault.kind} is over")
        await asyncio.sleep(SETTLED_S)
        self.verdict.effective[fault.kind] += self._harm.hits() > before or fault.kind in WALL_FAULTS
        await self._check(f"after {fault.kind}")

    def _hardly_begun(self, begun_us: int) -> bool:
        """Whether some stream has not been given its time yet in this life: it will be the clock's new one."""
        for ledger in self.ledgers.values():
            lately = [one for one in ledger.units[-3:] if one.read_us is not None and one.read_us >= begun_us]
            if len(lately) < 3:
                return True
        return False

    # checks

    async def _check(self, when: str) -> None:
        """S1–S5 by the recorder's own fsck, read-only; what a crash may leave is a note there."""
        store = self._look_store()
        if store is None:
            return
        self.verdict.checks += 1
        policies = await asyncio.to_thread(Policies, store, self.home / "retention.json")
        try:
            report = await Fsck(self._engines.onlooker, store, self.clock.utc(), policies).check()
        except StoreError:
            if self._look_store() is not None:
                raise
            return  # the volume went away while we looked
        for one in (one for one in report.findings if not self._harm.leaves(one)):
            self.oracle.say(f"{when}: {one}")
            self.tell(f"fsck {when}: {one}")

    def _look_store(self) -> LocalStore | None:
        """The store, when it was made and nothing of it is away."""
        if any("disk-away" in one.wrong for one in self.volumes()):
            return None
        spare = self.spare.root if self.spare is not None else None
        return looked_at(self.home, self.volume.root, self.objects if self.plan.bucket else None, spare)

    async def _inspect(self) -> None:
        store = self._look_store()
        if store is None:
            return
        if self._inspector is None:
            self._inspector = Inspector(store, self.keeper, self.home / "keys-waiting.sqlite")
        found = self._inspector.look(await self._ends() if self.spare is not None else {})
        latest_us, torn = self.clock.believable_us(), {name for one in self.volumes() for name in one.platter.torn}
        for stream in self.ledgers:
            gone = self.oracle.saw(stream, found.get(stream, []))
            for number, what in gone_too_early(gone, self.keeper, latest_us):
                if not self.oracle.takes_back(stream, number, gone[number], torn):
                    self.oracle.say(f"{stream}: {what}")
            self.oracle.tiled(stream, await self._tiles(stream))

    async def _tiles(self, stream: str) -> list[Tile]:
        async with read(self._engines.onlooking(self.database)) as session:
            chosen = select(Segment).where(col(Segment.stream) == stream, col(Segment.state).in_(("sealed", "spooled")))
            tiles = [Tile(one.start_us, one.end_us, "") for one in (await session.execute(chosen)).scalars()]
            others = select(Absence).where(col(Absence.stream) == stream)
            tiles += [Tile(one.start_us, one.end_us, one.cause) for one in (await session.execute(others)).scalars()]
        return tiles

    async def _ends(self) -> dict[str, int]:
        """Where rows say that ended segments end: with a spare, the group that a disk refused stands elsewhere."""
        async with read(self._engines.onlooking(self.database)) as session:
            chosen = select(Segment).where(col(Segment.state) != "open")
            return {one.name: one.end_us for one in (await session.execute(chosen)).scalars()}

    async def _recover(self, machine: Machine) -> None:
        """Nothing is wrong any more: wait until every stream is kept again, for as long as that may take at most."""
        debt_us = max((one.to_us for one in self.oracle.excuses), default=0) - self.clock.monotonic_us()
        limit_s = RECOVERY_S + (max(0.0, debt_us / MICRO) if debt_us < DEBT_LIMIT_S * MICRO else 0.0)
        waited_s = 0.0
        while waited_s < limit_s and not machine.keeps():
            await asyncio.sleep(RECOVERY_POLL_S)
            waited_s += RECOVERY_POLL_S
        await asyncio.sleep(RECOVERY_POLL_S)

    async def _finish(self) -> None:
        """After an orderly stop in good health: repair, sweep, and nothing at all may be wrong."""
        store = self._look_store()
        if store is None:
            self.oracle.say("no store was ever made")
            return
        engine = self._engines.onlooking(self.database)
        async for problem in untold(engine, self.keeper.guard.look(), self.clock.utc().us, self._found_us):
            self.oracle.say(problem)
        now = UtcTime(self._due_us())
        policies = await asyncio.to_thread(Policies, store, self.home / "retention.json")
        report = await Fsck(engine, store, now, policies).repair()
        self.tell(f"repaired: {report.repaired}")
        policies.learn(COMMUNE, await self.keeper.retention(COMMUNE))
        spool = Spool(self.home / "keys-waiting.sqlite", self.keeper, Machine.nobody())
        room = AmpleRoom(engine, store, policies, self.clock, 0)
        time = DueClock(self.clock)
        time.hear(COMMUNE, DestructionTime(now_us=now.us))
        swept = await Retention(engine, store, spool, policies, self.clock, room, time).sweep()
        if report.findings or swept.segments or swept.absences:
            report = await Fsck(engine, store, now, policies).check()
        for one in report.findings:
            self.oracle.say(f"in the end: {one}")
        await self._inspect()
        end_us = self.clock.monotonic_us()
        for stream, ledger in self.ledgers.items():
            last = max((one.at_us for one in ledger.units if one.kept_utc_us is not None), default=-1)
            if last < end_us - 20 * MICRO and self._future_us(stream) <= self.clock.utc().us:
                self.oracle.say(f"{stream}: nothing kept since {last}, though all is well until {end_us}")
            self.oracle.explained(stream, self.clock.errors_us)
        self.oracle.settle(self.clock.errors_us, lambda shot_us: term_us(shot_us, self.plan.days) <= now.us)

    def _due_us(self) -> int:
        """By what time what is due goes in the end: a person says that the clock is right if it is."""
        doubt = self.keeper.guard.look()
        right = abs(self.clock.error_us) <= FOLLOWED_US
        return self.keeper.guard.now_us(doubt.since_us if right and doubt is not None else None)

    def _future_us(self, stream: str) -> int:
        """Until when time is told for already."""
        ends_us = max((tile.end_us or tile.start_us for tile in self.oracle.tiles[stream].values()), default=0)
        return max(ends_us, self.oracle.latest_us(stream))


def _chance(seed: int, stream: int) -> random.Random:
    return random.Random(f"{seed}/{stream}")  # noqa: S311 (no secret: the same seed must give the same simulation)


def simulate(plan: Plan, home: Path, engines: Engines) -> Verdict:
    """Run one plan in a loop of its own. Problems are in the verdict; errors of the simulation itself are raised."""
    loop = SimulatedLoop(_chance(plan.seed, 1))
    # The recorder draws the jitter of its tries from the interpreter's generator.
    random.seed(plan.seed)
    world = World(plan, loop, home, engines)

    def unhandled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Exception) and "never retrieved" not in str(context.get("message")):
            world.oracle.say(f"{context.get('message')}: {error!r}")

    loop.set_exception_handler(unhandled)
    try:
        return loop.run_until_complete(world.run())
    finally:
        engines.end()
        with contextlib.suppress(RuntimeError):
            loop.close()
