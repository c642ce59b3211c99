"""What is due is destroyed, what is held stays (P-30…P-38): a property of time, not an act of anybody.

A segment is due when its first instant is (``vms.law.retention``), as its hour key is. Order of a destruction:

    1. spooled hour keys that are due (the others are the keeper's, which destroys its own)
    2. rows marked ``destroying``, committed       crash after: marked rows are finished by the next sweep
    3. files removed, folder synced                crash after: as 2
    4. rows removed, in one commit with the stream's mark and the erasure report (the outbox)

At the reserve of the disk the oldest footage that neither a hold nor the order's minimum protects goes early, as a
documented loss with an alarm (P-35). Without the communes' policy (never heard from the keeper) nothing is destroyed:
held footage cannot be brought back, and the keys of what is due die with the keeper anyway.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, delete, select

from recorder.erasure import Mode, destroy, erased_absences, finish_marked
from recorder.hour_keys import KeySpool
from recorder.segment import SegmentName
from recorder.store.disk import write_atomic
from recorder.store.local import LocalStore
from vms import logs
from vms.clock import HOUR_US, Clock, UtcTime
from vms.db.engine import read, write
from vms.errors import Damaged, GuetError
from vms.keeper.protocol import CameraRetention
from vms.law.retention import MAX_DAYS, MIN_DAYS, due, held
from vms.model import Absence, ErasureReport, Incident, Segment

DAY_US: Final = 24 * HOUR_US
# A calendar month has 28 days at least, and a day of clock change an hour less.
SHORTEST_MONTH_DAYS: Final = 28
SLACK_US: Final = 2 * HOUR_US
BATCH_LIMIT_SEGMENTS: Final = 200
REPORT_LIMIT_ROWS: Final = 100
SWEEP_PAUSE_S: Final = 60.0
# A hold placed just before this process started may not be in the copy: the first sweep waits this long for the keeper.
FIRST_HEARD_LIMIT_S: Final = 120.0
FIRST_HEARD_POLL_S: Final = 1.0
# Early destruction frees this much more than the reserve asks for, so as not to run at each sweep.
EARLY_MARGIN_BYTES: Final = 256 * 1024 * 1024

log = logs.get("recorder.retention")


class ErasureSink(Protocol):
    """The keeper, for what retention needs of it."""

    async def retention(self, commune: str) -> list[CameraRetention]:
        """Each camera's days and holds."""
        ...

    async def report_erased(self, commune: str, erased: Sequence[dict[str, Any]]) -> None:
        """Journal destructions (*effacement*, P-40)."""
        ...


@dataclass(slots=True)
class Swept:
    """What one sweep destroyed."""

    segments: int = 0
    size_bytes: int = 0
    early: int = 0
    absences: int = 0
    keys: int = 0
    short_bytes: int = 0  # below the reserve, and nothing left that may go


class Policies:
    """The last policy heard of each commune, kept in a file: retention goes on while the keeper is away."""

    def __init__(self, store: LocalStore, memo: Path) -> None:
        self._store, self._memo = store, memo
        self._communes: dict[str, dict[str, CameraRetention]] = {}
        try:
            data = json.loads(memo.read_bytes()) if memo.exists() else {}
            for commune, cameras in data.items():
                self._set(commune, [CameraRetention.model_validate(one) for one in cameras])
        except (ValueError, ValidationError, AttributeError, TypeError) as error:
            raise Damaged(
                "La copie des durées et des retenues est illisible.",
                where=memo.name,
                todo="Supprimez ce fichier : il est refait dès que le gardien répond.",
            ) from error

    def _set(self, commune: str, cameras: Iterable[CameraRetention]) -> None:
        self._communes[commune] = {one.camera: one for one in cameras}

    def learn(self, commune: str, cameras: Sequence[CameraRetention]) -> None:
        """Keep what the keeper says, durable on return. Blocks."""
        self._set(commune, cameras)
        data = {name: [one.model_dump(mode="json") for one in known.values()] for name, known in self._communes.items()}
        write_atomic(self._store.disk, self._memo, json.dumps(data).encode("utf-8"))

    def heard(self) -> bool:
        """Whether any commune's policy is known."""
        return bool(self._communes)

    def of_camera(self, camera: str) -> CameraRetention | None:
        """A camera's policy wherever it is named; None when no commune names it."""
        return next((known[camera] for known in self._communes.values() if camera in known), None)

    def mode_of(self, now_us: int, row: Segment) -> Mode:
        """Why a marked segment goes: it is due, or it went early."""
        return "due" if term(self.of(row.commune_id, row.camera_id), row.start_us) <= now_us else "early"

    def of(self, commune: str, camera: str) -> CameraRetention | None:
        """A camera's policy; a month without holds for a camera its commune no longer names; None when unheard of."""
        known = self._communes.get(commune)
        if known is None:
            return None
        return known.get(camera) or CameraRetention(camera=camera, max_days=MAX_DAYS)


def spans(policy: CameraRetention, now_us: int) -> list[tuple[int, int]]:
    """The ranges that holds keep now (P-32, P-34: a provisional hold ends by itself)."""
    return [(one.from_us, one.to_us) for one in policy.holds if one.until_us is None or now_us < one.until_us]


def term(policy: CameraRetention | None, start_us: int) -> int:
    """When what starts then is due, UTC µs; the law's month is the most that any policy can give (P-31)."""
    days = MAX_DAYS if policy is None else min(max(policy.max_days, MIN_DAYS), MAX_DAYS)
    return due(start_us, days)


def is_due(policy: CameraRetention, start_us: int, end_us: int, now_us: int) -> bool:
    """Whether what covers [start, end) must go: its first instant is due and no hold touches it."""
    return term(policy, start_us) <= now_us and not held(start_us, end_us, spans(policy, now_us))


def may_go_early(policy: CameraRetention, start_us: int, end_us: int, now_us: int) -> bool:
    """Whether it may go before it is due, for want of room: neither held nor within the order's minimum (P-35)."""
    young = policy.min_days is not None and now_us < end_us + policy.min_days * DAY_US
    return not young and not held(start_us, end_us, spans(policy, now_us))


class Retention:
    """Sweeps one store and its index. One process of a host runs it."""

    def __init__(
        self,
        engine: AsyncEngine,
        store: LocalStore,
        spool: KeySpool,
        policies: Policies,
        clock: Clock,
        reserve_bytes: int,
    ) -> None:
        self._engine, self._store, self._spool, self._policies = engine, store, spool, policies
        self._clock, self._reserve_bytes = clock, reserve_bytes

    async def run(self, keeper: ErasureSink, communes: Callable[[], Iterable[str]]) -> None:
        """Learn, sweep and report each minute, until cancelled. A failing sweep is logged as grave and tried again."""
        await self._first_heard(keeper, communes)
        while True:
            try:
                await self.learn(keeper, communes())
                await self.sweep()
                await self.report(keeper)
            except (GuetError, OSError, SQLAlchemyError) as error:
                log.error("sweep_failed", why=str(error), severity="grave", rule="P-30")
            await self._clock.sleep(SWEEP_PAUSE_S)

    async def _first_heard(self, keeper: ErasureSink, communes: Callable[[], Iterable[str]]) -> None:
        """Wait for the keeper, which starts beside us: what is held must not go for an older copy's sake (P-32)."""
        for _ in range(int(FIRST_HEARD_LIMIT_S / FIRST_HEARD_POLL_S)):
            if await self.learn(keeper, communes()):
                return
            await self._clock.sleep(FIRST_HEARD_POLL_S)
        log.warning("retention_from_copy", limit_s=FIRST_HEARD_LIMIT_S)

    async def learn(self, keeper: ErasureSink, communes: Iterable[str]) -> bool:
        """Ask the keeper for each commune's days and holds; what it does not say now stays as last heard.

        Whether every commune, of one at least, was heard.
        """
        heard = []
        for commune in communes:
            try:
                cameras = await keeper.retention(commune)
            except GuetError as error:
                log.info("retention_not_heard", commune=commune, why=str(error))
                heard.append(False)
                continue
            await asyncio.to_thread(self._policies.learn, commune, cameras)
            heard.append(True)
        return bool(heard) and all(heard)

    async def sweep(self) -> Swept:
        """Destroy everything that is due now; safe to kill anywhere and run again."""
        swept, now_us = Swept(), self._clock.utc().us
        _count(swept, await finish_marked(self._engine, self._store, partial(self._policies.mode_of, now_us), now_us))
        swept.keys = await asyncio.to_thread(self._spool.destroy_where, partial(self._key_due, now_us=now_us))
        for commune, camera in await self._cameras():
            policy = self._policies.of(commune, camera)
            if policy is None:
                log.error("retention_unknown", commune=commune, camera=camera, rule="P-30")
                continue
            while batch := await self._due(camera, policy, now_us):
                await self._destroy(batch, "due", swept)
            swept.absences += await erased_absences(
                self._engine, camera, _newest_due(policy, now_us), partial(is_due, policy, now_us=now_us)
            )
        await self._make_room(swept, now_us)
        await asyncio.to_thread(self._purge_quarantine, now_us)
        await self._purge_strays(now_us)
        if swept.segments or swept.short_bytes:
            log.info("swept", segments=swept.segments, size_bytes=swept.size_bytes, early=swept.early)
        return swept

    async def report(self, keeper: ErasureSink) -> int:
        """Hand the outbox to the keeper's journal, oldest first; how many entries. Stops while it is away."""
        done = 0
        while True:
            async with read(self._engine) as session:
                chosen = select(ErasureReport).order_by(col(ErasureReport.id)).limit(REPORT_LIMIT_ROWS)
                rows = list((await session.execute(chosen)).scalars())
            if not rows:
                return done
            commune = rows[0].commune_id
            batch = [row for row in rows if row.commune_id == commune]
            try:
                await keeper.report_erased(commune, [_report(row) for row in batch])
            except GuetError as error:
                log.info("erasures_wait", reports=len(rows), why=str(error))
                return done
            # A crash here journals the same destruction twice: said twice is better than not at all.
            async with write(self._engine) as session:
                await session.execute(delete(ErasureReport).where(col(ErasureReport.id).in_([row.id for row in batch])))
            done += len(batch)

    def _key_due(self, camera: str, hour_us: int, now_us: int) -> bool:
        policy = self._policies.of_camera(camera)
        if policy is None:
            # Nobody knows of holds: the law's month, once the keeper was heard at all.
            return self._policies.heard() and term(None, hour_us) <= now_us
        kept = held(hour_us, hour_us + HOUR_US, spans(policy, now_us))
        return term(policy, hour_us) <= now_us and not kept

    async def _cameras(self) -> list[tuple[str, str]]:
        async with read(self._engine) as session:
            chosen = select(Segment.commune_id, Segment.camera_id).distinct()
            other = select(Absence.commune_id, Absence.camera_id).distinct()
            found = {(row[0], row[1]) for row in await session.execute(chosen)}
            found |= {(row[0], row[1]) for row in await session.execute(other)}
        return sorted(found)

    async def _due(self, camera: str, policy: CameraRetention, now_us: int) -> list[Segment]:
        newest_us = _newest_due(policy, now_us)
        async with read(self._engine) as session:
            chosen = select(Segment).where(col(Segment.camera_id) == camera, col(Segment.start_us) <= newest_us)
            rows = (await session.execute(chosen.order_by(col(Segment.start_us)))).scalars()
            return [row for row in rows if is_due(policy, row.start_us, row.end_us, now_us)][:BATCH_LIMIT_SEGMENTS]

    async def _destroy(self, rows: Sequence[Segment], mode: Mode, swept: Swept) -> None:
        await destroy(self._engine, self._store, rows, mode, self._clock.utc().us)
        _count(swept, rows)
        swept.early += len(rows) if mode == "early" else 0

    async def _make_room(self, swept: Swept, now_us: int) -> None:
        short = self._reserve_bytes - await asyncio.to_thread(self._store.free_bytes)
        if short <= 0:
            return
        wanted = short + EARLY_MARGIN_BYTES
        rows = await self._early(wanted, now_us)
        for start in range(0, len(rows), BATCH_LIMIT_SEGMENTS):
            await self._destroy(rows[start : start + BATCH_LIMIT_SEGMENTS], "early", swept)
        if rows:
            await self._alarm(rows, now_us)
        if sum(row.size_bytes for row in rows) < short:
            swept.short_bytes = short - sum(row.size_bytes for row in rows)
            log.error("only_protected_left", short_bytes=swept.short_bytes, rule="P-35", severity="grave")

    async def _early(self, wanted_bytes: int, now_us: int) -> list[Segment]:
        """The oldest sealed segments that may go early, up to ``wanted_bytes``."""
        chosen: list[Segment] = []
        total = 0
        async with read(self._engine) as session:
            query = select(Segment).where(col(Segment.state) == "sealed").order_by(col(Segment.start_us))
            found = await session.stream(query.execution_options(yield_per=1000))
            async for row in found.scalars():
                policy = self._policies.of(row.commune_id, row.camera_id)
                if policy is None or not may_go_early(policy, row.start_us, row.end_us, now_us):
                    continue
                chosen.append(row)
                total += row.size_bytes
                if total >= wanted_bytes:
                    break
        return chosen

    async def _alarm(self, rows: Sequence[Segment], now_us: int) -> None:
        async with write(self._engine) as session:
            for camera in sorted({(row.commune_id, row.camera_id) for row in rows}):
                lost = [row for row in rows if row.camera_id == camera[1]]
                session.add(
                    Incident(
                        commune_id=camera[0],
                        camera_id=camera[1],
                        kind="early-destruction",
                        severity="grave",
                        what=f"Faute de place, {len(lost)} segments ont été détruits avant leur échéance.",
                        todo="Agrandissez le volume ou réduisez la durée de conservation ; la perte est documentée.",
                        rule="P-35",
                        opened_us=now_us,
                    )
                )

    async def _purge_strays(self, now_us: int) -> None:
        """Files without a row that are past any due date: their keys are gone, and so must they be (S5)."""
        last_day = UtcTime(max(0, now_us - (SHORTEST_MONTH_DAYS * DAY_US))).iso()[:10]
        for file in await asyncio.to_thread(self._store.files_until, last_day):
            policy = self._policies.of(file.commune, file.name.camera) if file.name is not None else None
            if file.name is None or policy is None:
                continue
            start_us = file.name.start.us
            async with read(self._engine) as session:
                known = await session.get(Segment, str(file.name)) is not None
            if not known and is_due(policy, start_us, start_us + 1, now_us):
                log.warning("stray_destroyed", segment=str(file.name), rule="P-30")
                await asyncio.to_thread(self._store.destroy, file.path)

    def _purge_quarantine(self, now_us: int) -> None:
        for path in self._store.quarantined():
            if quarantine_due(path, now_us):
                self._store.destroy(path)


def quarantine_due(path: Path, now_us: int) -> bool:
    """Whether a quarantined file must go: a month after the start its name says, or else after it was last changed."""
    try:
        recorded_us = SegmentName.parse(path.name.partition(".seg")[0]).start.us
    except Damaged:
        recorded_us = path.stat().st_mtime_ns // 1000
    return due(recorded_us, MAX_DAYS) <= now_us


def _newest_due(policy: CameraRetention, now_us: int) -> int:
    """Nothing that starts after this can be due: a bound for queries, not a rule."""
    return now_us - min(policy.max_days, SHORTEST_MONTH_DAYS) * DAY_US + SLACK_US


def _count(swept: Swept, rows: Sequence[Segment]) -> None:
    swept.segments += len(rows)
    swept.size_bytes += sum(row.size_bytes for row in rows)


def _report(row: ErasureReport) -> dict[str, Any]:
    return {
        "camera": row.camera_id,
        "from_us": row.from_us,
        "to_us": row.to_us,
        "mode": row.mode,
        "count": row.count,
        "bytes": row.size_bytes,
    }
