"""Turns at the password hash: few at once, the known apart from strangers, sources in turn."""

from __future__ import annotations

import asyncio
from collections import Counter

from vms.errors import TooManyRequests
from vms.keeper.identity.turns import Room, Turn, Turns


class Desk:
    """Those who come, in the order in which they were served."""

    def __init__(self, at_once: int = 2) -> None:
        self.turns = Turns(at_once, Room(512, 16), Room(32, 8))
        self.served: list[str] = []
        self.holding = self.most = 0

    async def come(self, source: str, *, known: bool) -> bool:
        """Whether a turn was had."""
        try:
            async with self.turns.taken(Turn(source, known=known)):
                self.holding += 1
                self.most = max(self.most, self.holding)
                await asyncio.sleep(0)
                self.served.append(source)
                self.holding -= 1
        except TooManyRequests:
            return False
        return True


async def test_known_workstations_are_all_served_beside_a_flood() -> None:
    """Fails when all wait in one queue: strangers fill it and the known are refused."""
    desk = Desk()
    strangers = [asyncio.create_task(desk.come(f"n{n % 64}", known=False)) for n in range(640)]
    await asyncio.sleep(0)
    known = await asyncio.gather(*(desk.come(f"agent{n}", known=True) for n in range(200)))
    assert all(known)
    assert desk.most <= 2
    assert sum(await asyncio.gather(*strangers)) <= 32 + 2 + 200


async def test_one_turn_in_four_is_a_strangers() -> None:
    """Fails when the known always go first: a first sign-in then never comes to its end."""
    desk = Desk(at_once=1)
    tasks = [asyncio.create_task(desk.come("first", known=True))]
    tasks += [asyncio.create_task(desk.come(f"a{n}", known=True)) for n in range(12)]
    tasks += [asyncio.create_task(desk.come("stranger", known=False))]
    await asyncio.gather(*tasks)
    assert desk.served.index("stranger") <= 4


async def test_sources_take_turns_and_a_full_queue_is_shared() -> None:
    """Fails when the queue is first come first served, or when one source may fill it."""
    desk = Desk(at_once=1)
    held = asyncio.create_task(desk.come("held", known=False))
    many = [asyncio.create_task(desk.come(f"net{n % 4}", known=False)) for n in range(100)]
    await asyncio.sleep(0)
    late = asyncio.create_task(desk.come("late", known=False))
    assert await late
    assert await held
    assert sum(await asyncio.gather(*many)) <= 32
    assert desk.served.index("late") <= 9
    assert max(Counter(desk.served).values()) <= 8


async def test_whoever_goes_away_while_waiting_leaves_the_turn_to_the_next() -> None:
    """Fails when a cancelled wait keeps its place or loses a turn."""
    desk = Desk(at_once=1)
    tasks = [asyncio.create_task(desk.come(f"s{n}", known=bool(n % 2))) for n in range(10)]
    await asyncio.sleep(0)
    for one in tasks[1::3]:
        one.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert await desk.come("after", known=False)
    assert desk.turns._free == 1


async def test_a_full_line_says_so() -> None:
    """Fails when one source may wait without bound."""
    desk = Desk(at_once=1)
    tasks = [asyncio.create_task(desk.come("one", known=False)) for _ in range(20)]
    had = await asyncio.gather(*tasks)
    assert had.count(True) == 1 + 8
