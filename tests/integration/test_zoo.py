"""The zoo of odd servers: for each, every unit recorded as it was sent, or an absence that says why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tests.fakes.zoo.table import everything
from tests.fakes.zoo.visit import impatient, visit

# A machine that is busy with other tests may stall a stream for real: what is wrong is wrong in less company, too.
AT_ONCE = (80, 8, 1)
SCENARIOS_LEAST = 400


async def test_every_odd_server_is_recorded_or_told() -> None:
    table = everything()
    assert len(table) >= SCENARIOS_LEAST
    for scenario in table.values():
        scenario.shown()  # encoded before the clock runs

    async def complaints(names: Iterable[str], at_once: int) -> dict[str, str]:
        places = asyncio.Semaphore(at_once)

        async def judged(name: str) -> tuple[str, str]:
            async with places:
                return name, (await visit(table[name])).complaint(table[name])

        found = await asyncio.gather(*map(judged, names))
        return {name: complaint for name, complaint in found if complaint}

    left: dict[str, str] = dict.fromkeys(table, "")
    with impatient():
        for at_once in AT_ONCE:
            left = await complaints(left, at_once)
    assert left == {}
