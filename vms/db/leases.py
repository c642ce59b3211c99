"""Row leases with fencing tokens: who may do what only one may do, when several machines share the work.

A lease names one thing (``camera:valclair-c01``, ``retention``). It holds while its holder, a *worker*, renews its own
row: a hundred cameras cost one small write a second. Three clocks never need to agree: a taker judges by the
database's, a holder by its own monotonic one, which it reads *before* it asks, so that it gives up first.

    holder    renews each RENEW_S; TTL_S - MARGIN_S after its last answer it writes nothing before it has asked again
    taker     takes what nobody holds, or whose holder has not renewed for TTL_S; the fence grows by one
    guard     a commit asks, in its own transaction, whether the fence is still the newest: a late writer is refused

Taking locks the lapsed worker's row, and renewing updates it: one of the two comes first, and the other sees it. While
the *database* does not answer a holder goes on into its own spool, and asks again until it is back; what it wrote
meanwhile is committed under the guard, or not at all.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, delete, select, update

from vms import logs
from vms.clock import MICRO, Clock
from vms.db.engine import is_shared, read, write
from vms.errors import Conflict
from vms.model import Lease, Worker

RENEW_S: Final = 1.0
TTL_S: Final = 4.0
# By how much a holder gives up before others may take: more than two machines' clocks drift apart in TTL_S.
MARGIN_S: Final = 1.0
# A new process watches its predecessor this long: one that still renews is alive, and the new one is refused.
WATCH_S: Final = 2.5
TAKE_LIMIT_COUNT: Final = 500
# The row of a worker that is gone says until when it recorded; nobody asks after a day.
FORGET_S: Final = 86_400.0

log = logs.get("vms.leases")


class WrongFence(Conflict):
    """A write under a lease that another has taken since, or that was never held: nothing of it was kept."""

    def __init__(self, name: str, fence: int) -> None:
        super().__init__(
            f"Le bail de {name} est passé à un autre : le jeton {fence} ne vaut plus.",
            where=name,
            todo="Rien à faire ici : l’autre enregistreur continue.",
        )


@dataclass(frozen=True, slots=True)
class Peer:
    """Another worker, or this one, as the database knows it."""

    id: str
    seat: str
    capacity: int
    draining: bool
    alive: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in hand."""

    leases: Leases
    name: str
    fence: int

    def may_write(self) -> bool:
        """Whether its holder may write now; asked before each write, answered without asking anybody."""
        return self.leases.may_write(self.name, self.fence)

    async def guard(self, session: AsyncSession) -> None:
        """WrongFence unless this is still the newest fence; nobody can take the lease before the caller's commit."""
        await guard(session, self.name, self.fence)


async def guard(session: AsyncSession, name: str, fence: int) -> None:
    """WrongFence unless ``fence`` is the lease's newest and somebody holds it; holds until the transaction's end."""
    chosen = select(Lease.fence, Lease.holder).where(col(Lease.name) == name).with_for_update(read=True)
    row = (await session.execute(chosen)).one_or_none()
    if row is None or row[0] != fence or not row[1]:
        raise WrongFence(name, fence)


class Leases:
    """One worker's leases."""

    def __init__(self, engine: AsyncEngine, clock: Clock, seat: str, capacity: int = 0, *, address: str = "") -> None:
        """``seat``: machine and process, the same at each start; ``capacity``, ``address``: told to the others."""
        self.seat, self.capacity, self.address = seat, capacity, address
        self.id = f"{seat}/{secrets.token_hex(6)}"
        self.draining = False
        self.database_away = False
        self.peers: tuple[Peer, ...] = ()
        self._engine, self._clock = engine, clock
        self._fences: dict[str, int] = {}
        # A question is under way: a slow database is no reason to stop, and the guard judges what is written meanwhile.
        self._renewing = False
        self._known: set[str] = set()
        self._valid_until_us = 0
        # After a failed renewal others may have had the same trouble: nothing of theirs is taken before this moment.
        self._patient_until_us = 0
        # One question at a time: an answer must not be older than what it replaces.
        self._asking = asyncio.Lock()

    async def join(self) -> dict[str, int]:
        """Take this worker's place, and what its predecessor in the same seat held; names and new fences.

        Conflict when the seat's process is alive: a second start, or two machines that bear one name.
        """
        before = await self._sitting()
        if any(before.values()):
            await self._clock.sleep(WATCH_S)
            now = await self._sitting()
            risen = [worker for worker, renewed_us in now.items() if renewed_us != before.get(worker)]
            if risen:
                raise Conflict(
                    f"Un autre enregistreur occupe déjà la place {self.seat}.",
                    where=risen[0],
                    todo="Arrêtez l’un des deux, ou donnez à chaque machine un nom à elle (VMS_MACHINE).",
                )
        asked_us = self._clock.monotonic_us()
        async with write(self._engine) as session:
            now_us = await self._now_us(session)
            row = Worker(
                id=self.id, seat=self.seat, started_us=now_us, renewed_us=now_us, capacity=self.capacity,
                address=self.address,
            )  # fmt: skip
            session.add(row)
            await session.flush()
            mine = select(Worker.id).where(col(Worker.seat) == self.seat, col(Worker.id) != self.id)
            taken = await self._move(session, col(Lease.holder).in_(mine.with_for_update()), now_us)
            # Whoever of this seat comes back finds no row of its own, and holds nothing.
            gone = update(Worker).where(col(Worker.seat) == self.seat, col(Worker.id) != self.id).values(renewed_us=0)
            await session.execute(gone)
            await self._forget(session, now_us)
        self._valid(asked_us)
        self._fences.update(taken)
        return taken

    async def renew(self, progress: bytes = b"") -> set[str]:
        """Say that this worker lives, and what it has made durable; the leases lost since the last time.

        A database that does not answer is no loss: ``database_away`` says so.
        """
        async with self._asking:
            self._renewing = True
            try:
                return await self._renew(progress)
            finally:
                self._renewing = False

    async def _renew(self, progress: bytes) -> set[str]:
        asked_us = self._clock.monotonic_us()
        try:
            async with write(self._engine, alone=False) as session:
                now_us = await self._now_us(session)
                values: dict[str, object] = {"renewed_us": now_us, "capacity": self.capacity, "draining": self.draining}
                if progress:
                    values["progress"] = progress
                await session.execute(update(Worker).where(col(Worker.id) == self.id).values(**values))
                # Read after our own row is locked: what another has taken is committed, or waits for us.
                held = await session.execute(select(Lease.name, Lease.fence).where(col(Lease.holder) == self.id))
                found = {row[0]: row[1] for row in held}
                self.peers = await self._peers(session, now_us)
        except SQLAlchemyError as error:
            if not self.database_away:
                log.warning("base absente : les baux tenus valent, aucun autre n’est pris", why=type(error).__name__)
            self.database_away = True
            self._patient_until_us = asked_us + round((TTL_S + RENEW_S) * MICRO)
            return set()
        if self.database_away:
            log.info("base de retour")
            self._patient_until_us = asked_us + round((TTL_S + RENEW_S) * MICRO)
        self.database_away = False
        lost = {name for name, fence in self._fences.items() if found.get(name) != fence}
        # What the database says, also of a lease whose answer got lost on its way here.
        self._fences = found
        self._valid(asked_us)
        return lost

    async def take(self, wanted: Collection[str], limit: int = TAKE_LIMIT_COUNT) -> dict[str, int]:
        """Take up to ``limit`` of ``wanted`` that nobody holds; the new fences. Nothing while the database is away."""
        async with self._asking:
            return await self._take(wanted, limit)

    async def _take(self, wanted: Collection[str], limit: int) -> dict[str, int]:
        names = [name for name in wanted if name not in self._fences]
        if not names or limit <= 0 or self.database_away:
            return {}
        patient = self._clock.monotonic_us() < self._patient_until_us
        try:
            await self._make_known(names)
            # A look without locks first: as a rule there is nothing to take.
            async with read(self._engine) as session:
                lapsed = [] if patient else await self._lapsed(session)
                chosen = select(Lease.name).where(col(Lease.holder).in_(["", *lapsed]))
                free = set((await session.execute(chosen)).scalars())
            chosen_names = [name for name in names if name in free][:limit]
            if not chosen_names:
                return {}
            async with write(self._engine, alone=False) as session:
                lapsed = [] if patient else await self._lapsed(session, lock=True)
                now_us = await self._now_us(session)
                open_to_all = col(Lease.holder).in_(["", *lapsed]) & col(Lease.name).in_(chosen_names)
                taken = await self._move(session, open_to_all, now_us)
        except SQLAlchemyError as error:
            log.warning("bail non pris, base absente", why=type(error).__name__)
            return {}
        self._fences.update(taken)
        return taken

    async def held_by(self, workers: Collection[str]) -> dict[str, int]:
        """What other workers hold, with their fences; nothing while the database is away."""
        try:
            async with read(self._engine) as session:
                chosen = select(Lease.name, Lease.fence).where(col(Lease.holder).in_(list(workers)))
                return {row[0]: row[1] for row in await session.execute(chosen)}
        except SQLAlchemyError as error:
            log.warning("baux non lus, base absente", why=type(error).__name__)
            return {}

    async def release(self, names: Collection[str]) -> None:
        """Give leases up: whoever wants them may take them at once. What cannot be said now lapses by itself."""
        async with self._asking:
            await self._release(names)

    async def _release(self, names: Collection[str]) -> None:
        fences = {name: self._fences.pop(name) for name in names if name in self._fences}
        if not fences:
            return
        try:
            async with write(self._engine, alone=False) as session:
                await session.execute(
                    update(Lease)
                    .where(col(Lease.name).in_(list(fences)), col(Lease.holder) == self.id)
                    .values(holder="")
                )
        except SQLAlchemyError as error:
            log.warning("bail non rendu, base absente", why=type(error).__name__)

    async def leave(self) -> None:
        """Give everything up, and the seat."""
        await self.release(list(self._fences))
        try:
            async with write(self._engine, alone=False) as session:
                await session.execute(update(Worker).where(col(Worker.id) == self.id).values(renewed_us=0))
        except SQLAlchemyError as error:
            log.warning("place non rendue, base absente", why=type(error).__name__)
        self._valid_until_us = 0

    def held(self, name: str) -> Held | None:
        """The lease, None when this worker does not hold it."""
        fence = self._fences.get(name)
        return Held(self, name, fence) if fence is not None else None

    def fences(self) -> Mapping[str, int]:
        """Every lease in hand."""
        return dict(self._fences)

    def may_write(self, name: str, fence: int) -> bool:
        """Whether this worker may write under that fence now."""
        current = self._clock.monotonic_us() < self._valid_until_us
        return self._fences.get(name) == fence and (current or self.database_away or self._renewing)

    def _valid(self, asked_us: int) -> None:
        self._valid_until_us = asked_us + round((TTL_S - MARGIN_S) * MICRO)

    async def _now_us(self, session: AsyncSession) -> int:
        """The one clock that all workers share: the database's, or on one machine the time since it started."""
        if not is_shared(self._engine):
            return self._clock.monotonic_us()
        asked = text("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        return int((await session.execute(asked)).scalar_one())

    async def _sitting(self) -> dict[str, int]:
        async with read(self._engine) as session:
            chosen = select(Worker.id, Worker.renewed_us).where(col(Worker.seat) == self.seat)
            return {row[0]: row[1] for row in await session.execute(chosen)}

    async def _peers(self, session: AsyncSession, now_us: int) -> tuple[Peer, ...]:
        chosen = sqlalchemy.select(
            col(Worker.id), col(Worker.seat), col(Worker.capacity), col(Worker.draining), col(Worker.renewed_us)
        )
        rows = await session.execute(chosen.where(col(Worker.renewed_us) > 0))
        return tuple(Peer(row[0], row[1], row[2], row[3], _alive(row[4], now_us)) for row in rows)

    async def _lapsed(self, session: AsyncSession, *, lock: bool = False) -> list[str]:
        now_us = await self._now_us(session)
        # A time that is still to come is an earlier start of the machine's: that worker is gone too.
        gone = (col(Worker.renewed_us) <= now_us - round(TTL_S * MICRO)) | (col(Worker.renewed_us) > now_us)
        chosen = select(Worker.id).where(gone, col(Worker.id) != self.id)
        return list((await session.execute(chosen.with_for_update() if lock else chosen)).scalars())

    async def _move(self, session: AsyncSession, chosen: object, now_us: int) -> dict[str, int]:
        moved = (
            update(Lease)
            .where(chosen)  # type: ignore[arg-type]
            .values(holder=self.id, fence=col(Lease.fence) + 1, taken_us=now_us)
            .returning(col(Lease.name), col(Lease.fence))
        )
        return {row[0]: row[1] for row in await session.execute(moved)}

    async def _make_known(self, names: Collection[str]) -> None:
        fresh = [name for name in names if name not in self._known]
        if not fresh:
            return
        async with write(self._engine, alone=False) as session:
            made = text(
                "INSERT INTO lease (name, holder, fence, taken_us) VALUES (:name, '', 0, 0) ON CONFLICT DO NOTHING"
            )
            await session.execute(made, [{"name": name} for name in sorted(fresh)])
        self._known.update(fresh)

    async def _forget(self, session: AsyncSession, now_us: int) -> None:
        """Remove workers that are long gone and hold nothing."""
        holding = select(Lease.holder)
        old = (col(Worker.started_us) < now_us - round(FORGET_S * MICRO)) & (
            col(Worker.renewed_us) < now_us - round(FORGET_S * MICRO)
        )
        await session.execute(delete(Worker).where(old, col(Worker.id).not_in(holding)))


def _alive(renewed_us: int, now_us: int) -> bool:
    return now_us - round(TTL_S * MICRO) < renewed_us <= now_us


async def is_held(engine: AsyncEngine, name: str) -> bool:
    """Whether a living worker holds the lease; never on one machine, where nobody takes any."""
    if not is_shared(engine):
        return False
    now_us: sqlalchemy.ColumnElement[int] = sqlalchemy.literal_column(
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    )
    async with read(engine) as session:
        holders = select(Lease.name).join(Worker, col(Worker.id) == col(Lease.holder))
        living = holders.where(col(Lease.name) == name, col(Worker.renewed_us) > now_us - round(TTL_S * MICRO))
        return (await session.execute(living)).first() is not None
