"""The keeper of many communes under load: real files, real facts, real journals; only the streams are pretended."""

from __future__ import annotations

import asyncio
import base64
import secrets
from pathlib import Path
from typing import Final

from deploy.bench.cost import Cost, measured
from recorder.segment.format import SegmentName
from vms.clock import HOUR_US, MICRO, Clock, ManualClock, UtcTime
from vms.keeper.communes import Commune
from vms.keeper.files.records import COMMUNE_ID, CommuneRecord
from vms.keeper.files.store import Tx
from vms.keeper.gate.plan import PLAN_FRESH_US, make_plan
from vms.keeper.handlers.recorder import RecorderDesk
from vms.keeper.house import House
from vms.keeper.identity.host import Host
from vms.keeper.journal.entry import Entry
from vms.keys.wrapping import generate_commune_key
from vms.law.facts import CameraFacts, Order, Zones

DAY_US: Final = 24 * HOUR_US
ORDER: Final = "o-1"
HEADS_BATCH: Final = 200
WRAPPED_BYTES: Final = 1800


def camera_ids(commune: str, count: int) -> list[str]:
    """The ids of a commune's cameras."""
    return [f"{commune}-c{number:02d}" for number in range(1, count + 1)]


def found(folder: Path, clock: Clock, communes: dict[str, int]) -> None:
    """Make the keeper's files of these communes, each with an order and so many cameras in service.

    What a person would have journalled step by step is written as facts at once; the private key is not kept.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    host = Host(folder, clock)
    public = base64.b64encode(generate_commune_key()[1]).decode()
    for commune, count in communes.items():
        made = Commune(commune, folder, host.keys, clock)

        def facts(tx: Tx, made: Commune = made, commune: str = commune, count: int = count) -> None:
            for kind, name, value in _facts(commune, camera_ids(commune, count), public, tx.now.us):
                made.records.put(tx.db, kind, name, value, tx.now.us)
            tx.journal(Entry("modification", "init_commune"))

        made.store.transact(facts)
        asyncio.run(made.close())
    host.store.transact(lambda tx: _register(tx, list(communes)))
    asyncio.run(host.store.close())


def _facts(commune: str, cameras: list[str], public: str, now_us: int) -> list[tuple[str, str, object]]:
    began_us = now_us - 90 * DAY_US
    order = Order(
        ORDER, "2026-08-001", "Préfecture de la Brume", began_us, now_us + 4 * 365 * DAY_US, 30, frozenset({"5"}), 7
    )
    rows: list[tuple[str, str, object]] = [
        ("commune", COMMUNE_ID, CommuneRecord(commune, public, began_us, "engagement 2026", began_us)),
        ("order", ORDER, order),
    ]
    for camera in cameras:
        states = ((began_us, "enrolled"), (began_us, "authorised"), (began_us, "in_service"))
        rows.append(
            (
                "camera",
                camera,
                CameraFacts(
                    camera, commune, camera, "Place", states, ORDER, frozenset({"5"}), narrow=False, fast_flows=False,
                    panel_us=began_us, prefect_informed_us=began_us,
                ),
            )
        )  # fmt: skip
        rows.append(("zones", f"z-{camera}", Zones(f"z-{camera}", camera, 1, (), True, "a", began_us, "b", began_us)))
    return rows


def _register(tx: Tx, communes: list[str]) -> None:
    tx.db.executemany("INSERT INTO commune (id, created_us) VALUES (?, ?)", [(one, tx.now.us) for one in communes])


class SimulatedKeeper:
    """An open keeper, and what its recorders ask of it."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.house = House(folder, clock)
        self.desk = RecorderDesk(self.house)
        self._clock = clock

    async def start(self) -> Cost:
        """Open every commune, destroy what is due: what a restart of the keeper takes."""
        cost = Cost(1)
        with measured(cost):
            await self.house.start()
        return cost

    async def plans(self, times: int) -> tuple[Cost, Cost, int, int]:
        """The plan made anew, and as each recorder asks for it; cameras recorded by it, its signed size in bytes."""
        cost, again = Cost(times), Cost(times * 10)
        first = str((await self.desk.plan({}, b""))["plan"])
        plan = make_plan(self.house.communes, self.house.host.keys.permit_public, self._clock.utc().us)
        for _ in range(times):
            self._clock.step(seconds=PLAN_FRESH_US / MICRO)
            with measured(cost):
                await self.desk.plan({"known": plan.version}, b"")
        with measured(again):
            for _ in range(again.times):
                await self.desk.plan({"known": plan.version}, b"")
        return cost, again, sum(camera.record for camera in plan.cameras), len(first)

    async def checkpoints(self, rounds: int) -> Cost:
        """A journal entry in every commune at once, each with its signed checkpoint, durable."""
        cost = Cost(rounds * len(list(self.house.communes)))
        entry = Entry("collecte", "gap", detail={"cause": "stream-stalled", "stream": "main"})
        with measured(cost):
            for _ in range(rounds):
                await asyncio.gather(*(commune.log(entry) for commune in self.house.communes))
        return cost

    async def heads(self, cameras: list[str], rounds: int) -> Cost:
        """Chain heads of both streams of these cameras, signed and kept, as after each group of pictures."""
        cost = Cost(len(cameras) * 2 * rounds)
        start = UtcTime(self._clock.utc().us - 60_000_000)
        key = secrets.token_hex(16)
        for number in range(1, rounds + 1):
            given = [
                {
                    "camera": camera, "stream": stream, "sequence": number, "link": secrets.token_hex(32),
                    "segment": str(SegmentName(camera, stream, start, key, 0)),
                }
                for camera in cameras
                for stream in ("main", "sub")
            ]  # fmt: skip
            with measured(cost):
                for first in range(0, len(given), HEADS_BATCH):
                    await self.desk.put_heads({"heads": given[first : first + HEADS_BATCH]}, b"")
        return cost

    async def hour_keys(self, cameras: list[tuple[str, str]]) -> Cost:
        """The wrapped key of this hour for each (commune, camera), durable on return."""
        cost, hour_us = Cost(len(cameras)), self._clock.utc().hour().us
        wrapped = secrets.token_bytes(WRAPPED_BYTES)
        with measured(cost):
            for commune, camera in cameras:
                args = {"commune": commune, "camera": camera, "key_id": secrets.token_hex(16), "hour_us": hour_us}
                await self.desk.put_hour_key(args, wrapped)
        return cost

    async def ticks(self, times: int) -> Cost:
        """The keeper's own clock: what is due in every commune, as each second."""
        cost = Cost(times)
        with measured(cost):
            for _ in range(times):
                await self.house.tick()
        return cost

    async def close(self) -> None:
        """Close every file."""
        await self.house.close()
