"""What the host's volume says to people, days ahead: the forecast, each camera's share, and an incident per commune.

Written to the shared database by the one process that runs retention; pages, metrics and the operator's e-mail read it
there. Nothing is decided here.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, delete, select

from recorder.retention.forecast import CameraStock, Forecast, forecast
from recorder.retention.policies import DAY_US, Policies
from recorder.retention.spare_board import KINDS as SPARE_KINDS
from recorder.retention.spare_board import SPARE, Days, SpareBoard, incident_of, without
from recorder.retention.stock import Stock
from recorder.retention.stop_order import in_order
from recorder.store.local import LocalStore
from recorder.store.s3 import UNLIMITED_BYTES
from recorder.store.spared import SparedStore
from vms import logs
from vms.clock import Clock
from vms.db.engine import write
from vms.errors import GuetError
from vms.model import CameraStorage, Incident, RecordingStop, Volume

BOARD_PAUSE_S: Final = 30.0
# With nothing stored yet: the first pictures of a new host show soon.
FIRST_PAUSE_S: Final = 5.0
FORECAST: Final = "storage-forecast"
WRONG: Final = "volume-wrong"
MAIN: Final = "main"

log = logs.get("recorder.retention.volume_board")


class VolumeBoard:
    """Measures one store and writes what it found."""

    def __init__(
        self,
        engine: AsyncEngine,
        store: LocalStore,
        policies: Policies,
        clock: Clock,
        reserve_bytes: int,
        cameras: Callable[[], Collection[tuple[str, str]]],
        keep_longest: Sequence[str] = (),
    ) -> None:
        self._engine, self._store, self._policies, self._clock = engine, store, policies, clock
        self._reserve_bytes, self._cameras, self._keep_longest = reserve_bytes, cameras, tuple(keep_longest)
        self._stock = Stock(engine, store, policies)
        self._spare = SpareBoard(store) if isinstance(store, SparedStore) else None
        self._level_told = "ok"

    async def run(self) -> None:
        """Measure and write until cancelled; a database that is away only makes it wait."""
        while True:
            pause_s = BOARD_PAUSE_S
            try:
                if not (await self.write()).stored_bytes:
                    pause_s = FIRST_PAUSE_S
            except (SQLAlchemyError, OSError) as error:
                log.warning("volume_not_written", why=type(error).__name__)
            await self._clock.sleep(pause_s)

    async def write(self) -> Volume:
        """One measure; the row as written."""
        now_us = self._clock.utc().us
        if self._level_told in ("reserve", "stopping"):
            self._stock.forget()  # footage goes before its time: whole days of the past shrink too
        fault = await asyncio.to_thread(self._fault)
        free_bytes, total_bytes = await asyncio.to_thread(self._size) if not fault else (0, 0)
        stocks = self._with_rest(await self._stock.look(now_us))
        spare, apart = await self._look_at_spare(sum(one.bytes_per_s for one in stocks), fault, now_us)
        ahead = forecast(without(stocks, apart), free_bytes, self._reserve_bytes, now_us)
        async with write(self._engine) as session:
            stops = (await session.execute(select(RecordingStop))).scalars().all()
            level = self._level(fault, free_bytes, ahead, bool(stops), now_us)
            volume = Volume(
                id=MAIN, level=level, total_bytes=total_bytes, free_bytes=free_bytes if total_bytes else 0,
                reserve_bytes=self._reserve_bytes, stored_bytes=ahead.stored_bytes, needed_bytes=ahead.needed_bytes,
                bytes_per_s=round(ahead.bytes_per_s, 1), reserve_us=None if fault else ahead.reserve_us,
                stop_us=None if fault else ahead.stop_us, fault=fault, measured_us=now_us,
            )  # fmt: skip
            await session.merge(volume)
            await self._write_cameras(session, stocks, now_us)
            communes = {one.commune for one in stocks}
            await _settle(session, communes, (FORECAST, WRONG), _incident_of(volume, now_us), now_us)
            await _settle(session, communes, SPARE_KINDS, incident_of(spare) if spare is not None else None, now_us)
            if spare is not None:
                await session.merge(spare)
            else:
                await session.execute(delete(Volume).where(col(Volume.id) == SPARE))
        self._level_told = volume.level
        return volume

    async def _look_at_spare(self, bytes_per_s: float, fault: str, now_us: int) -> tuple[Volume | None, Days]:
        """The spare's row, if there is one, and what it holds."""
        if self._spare is None:
            return None, {}
        being_written = self._stock.being_written
        row = await asyncio.to_thread(self._spare.look, being_written, bytes_per_s, fault, now_us)
        return row, await asyncio.to_thread(self._spare.days, now_us) if row.level != "wrong" else {}

    def _fault(self) -> str:
        try:
            self._store.check_identity()
        except GuetError as error:
            return error.what
        return "" if os.access(self._store.root, os.W_OK) else "Le volume est en lecture seule."

    def _size(self) -> tuple[int, int]:
        """Free and total bytes; zero both for a bucket, which tells nobody how full it is."""
        total_bytes = self._store.total_bytes()
        return (self._store.free_bytes(), total_bytes) if total_bytes < UNLIMITED_BYTES else (UNLIMITED_BYTES, 0)

    def _with_rest(self, stocks: list[CameraStock]) -> list[CameraStock]:
        """Cameras that are to be recorded and have nothing on disk yet count too, at nothing known."""
        known = {one.camera for one in stocks}
        wanted = set(self._cameras())
        rest = [
            CameraStock(camera, commune, 0.0, (), self._policies.of(commune, camera))
            for commune, camera in sorted(wanted)
            if camera not in known
        ]
        # A camera that is not to be recorded any more brings nothing new: what it has goes when it is due.
        stocks = [one if (one.commune, one.camera) in wanted else replace(one, bytes_per_s=0.0) for one in stocks]
        return stocks + rest

    def _level(self, fault: str, free_bytes: int, ahead: Forecast, stops: bool, now_us: int) -> str:
        if fault:
            return "wrong"
        if stops:
            return "stopping"
        return "reserve" if free_bytes < self._reserve_bytes else ahead.level(now_us)

    async def _write_cameras(self, session: AsyncSession, stocks: Sequence[CameraStock], now_us: int) -> None:
        order = in_order([(one.commune, one.camera) for one in stocks], self._keep_longest)
        ranks = {place.camera: rank for rank, place in enumerate(order, start=1)}
        await session.execute(delete(CameraStorage).where(col(CameraStorage.camera_id).not_in(list(ranks))))
        for one in stocks:
            await session.merge(
                CameraStorage(
                    camera_id=one.camera, commune_id=one.commune, stored_bytes=one.stored_bytes,
                    protected_bytes=one.protected_bytes(now_us), bytes_per_s=round(one.bytes_per_s, 1),
                    rank=ranks[one.camera], measured_us=now_us,
                )
            )  # fmt: skip


async def _settle(
    session: AsyncSession, communes: Collection[str], kinds: Collection[str], wanted: Incident | None, now_us: int
) -> None:
    """Open or close each commune's incident about a volume, so that it says what is so now (P-35)."""
    query = select(Incident).where(col(Incident.kind).in_(kinds), col(Incident.closed_us).is_(None))
    standing = {(one.commune_id, one.kind): one for one in (await session.execute(query)).scalars()}
    for (commune, kind), incident in standing.items():
        if wanted is None or kind != wanted.kind or commune not in communes:
            incident.closed_us = now_us
    if wanted is None:
        return
    for commune in sorted(communes):
        known = standing.get((commune, wanted.kind))
        if known is not None:
            known.what, known.severity = wanted.what, wanted.severity
        else:
            session.add(Incident(**{**wanted.model_dump(exclude={"id"}), "commune_id": commune}))


def _incident_of(volume: Volume, now_us: int) -> Incident | None:
    """What people should know of the volume; None when all is well."""
    match volume.level:
        case "wrong":
            what = f"Volume des enregistrements : {volume.fault}"
            return _incident(WRONG, "grave", what, "rien n’est écrit sur ce volume en attendant", now_us)
        case "reserve" | "stopping":
            what = "Le volume des enregistrements est à sa réserve."
            return _incident(FORECAST, "grave", what, "il faut agrandir le volume", now_us)
        case "warn":
            todo = "il faut agrandir le volume ou réduire la durée de conservation"
            return _incident(FORECAST, "warn", _ahead(volume, now_us), todo, now_us)
    return None


def _incident(kind: str, severity: str, what: str, todo: str, now_us: int) -> Incident:
    return Incident(
        commune_id="", kind=kind, severity=severity, what=what, todo=f"Prévenez l’hébergeur : {todo}.", rule="P-35",
        opened_us=now_us,
    )  # fmt: skip


def _ahead(volume: Volume, now_us: int) -> str:
    reserve, stop = volume.reserve_us, volume.stop_us
    if reserve is not None and (stop is None or reserve <= stop):
        when = in_days(reserve - now_us)
        return f"Au débit mesuré, la réserve du volume sera atteinte {when} : des images partiront trop tôt."
    when = in_days((stop or now_us) - now_us)
    return f"Au débit mesuré, il ne restera {when} que des images protégées : l’enregistrement s’arrêtera."


def in_days(ahead_us: int) -> str:
    """How far ahead something is, in whole days, as people say it."""
    days = max(0, ahead_us) // DAY_US
    if days == 0:
        return "dans moins d’un jour"
    return "dans un jour" if days == 1 else f"dans {days} jours"
