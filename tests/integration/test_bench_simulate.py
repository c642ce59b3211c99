"""``vms bench simulate`` on two communes: the names that scripts hold on to, and a plan made once for all who ask."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deploy.bench.simulate import run, spread_over
from deploy.bench.simulated_keeper import SimulatedKeeper, found
from vms.clock import ManualClock, UtcTime
from vms.keeper.gate.plan import PLAN_FRESH_US, PlanDesk
from vms.keeper.journal.entry import Author

START = UtcTime.parse("2026-11-24T09:30:00Z")
NAMES = {"communes", "cameras", "control_cpu_percent", "db_writes_per_s", "retention_day_s", "checkpoint_s"}


async def test_a_small_house_gives_every_figure() -> None:
    result = await run(communes=2, cameras=2, database="sqlite")
    figures = result["figures"]
    assert set(figures) >= NAMES
    assert (figures["communes"], figures["cameras"]) == (2, 2)
    assert all(value >= 0 for value in figures.values())
    assert set(result["scaled"]) <= set(figures)
    assert result["measured"]["retention"]["times"] == 2880


def test_cameras_are_spread_and_none_is_lost() -> None:
    spread = spread_over(1153, 17_000)
    assert (len(spread), sum(spread.values()), set(spread.values())) == (1153, 17_000, {14, 15})


async def test_one_plan_for_all_recorders_until_an_act_or_a_second(tmp_path: Path) -> None:
    clock = ManualClock(START)
    await asyncio.to_thread(found, tmp_path / "keeper", clock, {"valclair": 2})
    keeper = SimulatedKeeper(tmp_path / "keeper", clock)
    await keeper.start()
    communes, desk = keeper.house.communes, PlanDesk(keeper.house.host.keys.permit_public)
    first = desk.plan(communes, clock.utc().us)
    assert [camera.record for camera in first.cameras] == [True, True]
    assert desk.plan(communes, clock.utc().us) is first
    await communes.get("valclair").change(lambda change: change.modified("note"), Author())
    acted = desk.plan(communes, clock.utc().us)
    assert acted is not first
    assert acted.version == first.version
    clock.step(seconds=PLAN_FRESH_US / 1e6)
    assert desk.plan(communes, clock.utc().us) is not acted
    await keeper.close()
