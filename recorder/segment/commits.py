"""Rows of a process's streams, several in one transaction: what waits while one commits goes together with the next.

A segment ends every minute and stream. Of two hundred writers that each commit by themselves, all but one wait for the
database's lock, wake, and find it taken; and each commit is a sync of the disk. Here one at a time leads, and takes
along whoever waits: when it returns, each row is as durable as if its writer had been alone (S3). What is wrong with
one stream's rows stays with that stream.

Where machines share the work each stream commits by itself: its transaction holds its camera's lease, and one that held
several could stand across a recorder that takes them in another order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from recorder.segment.rows import Operation, StreamId, apply
from vms.db.engine import write
from vms.db.leases import Held

TOGETHER_LIMIT_COUNT: Final = 64


@dataclass(slots=True, eq=False)
class _Waiting:
    stream: StreamId
    operations: Sequence[Operation]
    settled: bool = False
    error: SQLAlchemyError | None = None


class Commits:
    """Commits for all the streams of one process on one database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()
        self._waiting: list[_Waiting] = []

    async def commit(self, stream: StreamId, operations: Sequence[Operation], fence: Held | None = None) -> None:
        """Carry the operations out, durable on return.

        WrongFence when another recorder has the camera, SQLAlchemyError when the database is away: then none of them.
        """
        mine = _Waiting(stream, tuple(operations))
        if fence is not None:
            await self._write([mine], fence)
            return
        self._waiting.append(mine)
        try:
            async with self._turn:
                if not mine.settled:
                    await self._lead(mine)
        finally:
            if mine in self._waiting:  # the caller was cancelled: whoever waits behind leads instead
                self._waiting.remove(mine)
        if mine.error is not None:
            raise mine.error

    async def _lead(self, mine: _Waiting) -> None:
        others = [one for one in self._waiting if one is not mine]
        together = [mine, *others[: TOGETHER_LIMIT_COUNT - 1]]
        try:
            await self._write(together)
        except (IntegrityError, DataError) as error:
            if len(together) == 1:
                self._settle(together, error)
            else:  # one stream's rows are refused, and the transaction does not say whose
                for one in together:
                    await self._alone(one)
        except SQLAlchemyError as error:
            self._settle(together, error)
        else:
            self._settle(together, None)

    async def _alone(self, one: _Waiting) -> None:
        try:
            await self._write([one])
        except SQLAlchemyError as error:
            self._settle([one], error)
        else:
            self._settle([one], None)

    async def _write(self, together: Sequence[_Waiting], fence: Held | None = None) -> None:
        async with write(self._engine, alone=False) as session:
            if fence is not None:
                await fence.guard(session)
            for one in together:
                await apply(session, one.stream, one.operations)

    def _settle(self, together: Sequence[_Waiting], error: SQLAlchemyError | None) -> None:
        for one in together:
            one.settled, one.error = True, error
            if one in self._waiting:
                self._waiting.remove(one)
