"""The zoo of odd servers: for each, every unit recorded as it was sent, or an absence that says why."""

from __future__ import annotations

import asyncio

from tests.fakes.zoo.table import everything
from tests.fakes.zoo.visit import impatient, visit

AT_ONCE = 100
SCENARIOS_LEAST = 390


async def test_every_odd_server_is_recorded_or_told() -> None:
    table = everything()
    assert len(table) >= SCENARIOS_LEAST
    for scenario in table.values():
        scenario.shown()  # encoded before the clock runs
    places = asyncio.Semaphore(AT_ONCE)

    async def judged(name: str) -> str:
        async with places:
            complaint = (await visit(table[name])).complaint(table[name])
        return f"{name}: {complaint}" if complaint else ""

    with impatient():
        complaints = await asyncio.gather(*map(judged, table))
        again = [line.partition(":")[0] for line in complaints if line]
        # A machine that is busy with other tests may stall a stream for real: what is wrong is wrong alone, too.
        alone = [await judged(name) for name in again]
    assert [line for line in alone if line] == []
