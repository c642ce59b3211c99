"""Turns at a scarce thing: few at once, those who wait let in by turns, and the known never behind strangers.

The known (whoever has signed in there before, or is signed in) have waiting places of their own and go first; one turn
in four is a stranger's all the same, so that a first sign-in comes to its end. Within each, sources take turns: who
comes with a thousand waits behind who comes with one, and a full queue takes the last place from who holds most.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from vms.errors import TooManyRequests

KNOWN_IN_A_ROW: Final = 3
RETRY_S: Final = 2


@dataclass(frozen=True, slots=True)
class Turn:
    """Who waits: one source among the known, or among strangers."""

    source: str
    known: bool


HOUSE: Final = Turn("", known=True)


@dataclass(frozen=True, slots=True)
class Room:
    """How many may wait, in all and of one source."""

    in_all: int
    of_one: int


class _Line:
    """Those who wait on one side, by source, the next source first."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._sources: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()
        self._count = 0

    def __bool__(self) -> bool:
        return self._count > 0

    def join(self, source: str) -> asyncio.Future[None]:
        own = len(self._sources.get(source, ()))
        if own >= self._room.of_one or (self._count >= self._room.in_all and not self._displaced(own)):
            raise _full()
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sources.setdefault(source, deque()).append(waiting)
        self._count += 1
        return waiting

    def next(self) -> asyncio.Future[None] | None:
        if not self._sources:
            return None
        source, waiting = self._sources.popitem(last=False)
        first = waiting.popleft()
        self._count -= 1
        if waiting:
            self._sources[source] = waiting
        return first

    def leave(self, source: str, gone: asyncio.Future[None]) -> None:
        waiting = self._sources.get(source)
        if waiting is not None and gone in waiting:
            waiting.remove(gone)
            self._count -= 1
            if not waiting:
                del self._sources[source]

    def _displaced(self, own: int) -> bool:
        longest = max(self._sources, key=lambda one: len(self._sources[one]))
        if len(self._sources[longest]) <= own + 1:
            return False
        last = self._sources[longest].pop()
        self._count -= 1
        if not last.done():
            last.set_exception(_full())
        return True


class Turns:
    """At most ``at_once`` hold a turn; TooManyRequests when no more may wait."""

    def __init__(self, at_once: int, known: Room, strangers: Room) -> None:
        self._free = at_once
        self._lines = {True: _Line(known), False: _Line(strangers)}
        self._in_a_row = 0

    @asynccontextmanager
    async def taken(self, turn: Turn) -> AsyncIterator[None]:
        """Wait for a turn and hold it."""
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait(turn)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, turn: Turn) -> None:
        line = self._lines[turn.known]
        waiting = line.join(turn.source)
        try:
            await waiting
        except asyncio.CancelledError:
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                self._pass_on()
            line.leave(turn.source, waiting)
            raise

    def _pass_on(self) -> None:
        while (chosen := self._next()) is not None:
            if not chosen.done():
                chosen.set_result(None)
                return
        self._free += 1

    def _next(self) -> asyncio.Future[None] | None:
        known, strangers = self._lines[True], self._lines[False]
        if known and (not strangers or self._in_a_row < KNOWN_IN_A_ROW):
            self._in_a_row += 1
            return known.next()
        self._in_a_row = 0
        return strangers.next()


def _full() -> TooManyRequests:
    todo = f"Réessayez dans {RETRY_S} s."
    return TooManyRequests("Trop de connexions en même temps.", todo=todo, retry_after_s=RETRY_S)
