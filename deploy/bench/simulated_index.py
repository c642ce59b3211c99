"""The shared index under load: segments as writers commit them, health, leases, and the destruction of a day."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.bench.cost import Cost, measured
from recorder.camera.health import HealthBoard
from recorder.camera.loop import StreamHealth
from recorder.recording.hour_keys import KeySpool
from recorder.retention.policies import Policies
from recorder.retention.room import RoomKeeper
from recorder.retention.sweep import Retention, Swept
from recorder.segment.format import SegmentHeader, SegmentName
from recorder.segment.rows import BeginSegment, Operation, SealSegment, StreamId, apply
from recorder.store.local import LocalStore
from vms.clock import ManualClock, UtcTime
from vms.db.engine import is_shared, read, write
from vms.db.leases import Leases
from vms.keeper.protocol import CameraRetention
from vms.model import Camera, Commune, Segment

SEGMENT_US: Final = 60_000_000
SEGMENTS_PER_DAY: Final = 1440
STREAMS: Final = ("main", "sub")
# Writers that commit at the same moment, as several recorders do.
WRITERS: Final = 4
ROWS_BATCH: Final = 5000
SEGMENT_BYTES: Final = 31_000_000
LINK: Final = bytes(32)


@dataclass(slots=True)
class Index:
    """The shared database and, for the CPU, the server that runs it."""

    engine: AsyncEngine
    clock: ManualClock
    server: int | None
    row_bytes: float = 0.0

    async def declare(self, cameras: Sequence[tuple[str, str]]) -> None:
        """Rows of the communes and cameras."""
        communes = sorted({commune for commune, _ in cameras})
        rows = [
            {
                "id": camera, "commune_id": commune, "number": number, "name": camera, "created_us": 1, "updated_us": 1,
                "main_profile": {}, "sub_profile": {}, "credential_sealed": b"",
            }
            for number, (commune, camera) in enumerate(cameras)
        ]  # fmt: skip
        async with write(self.engine) as session:
            await session.execute(insert(Commune), [{"id": one, "name": one} for one in communes])
            for first in range(0, len(rows), ROWS_BATCH):
                await session.execute(insert(Camera), rows[first : first + ROWS_BATCH])

    async def segments(self, cameras: Sequence[tuple[str, str]]) -> Cost:
        """One minute of each camera: a segment ends and the next begins, one commit per stream, as writers do."""
        streams = [StreamId(commune, camera, stream) for commune, camera in cameras for stream in STREAMS]
        cost = Cost(len(streams))
        at = self.clock.utc()
        with measured(cost, self.server):
            await asyncio.gather(*(self._commit(streams[one::WRITERS], at) for one in range(WRITERS)))
        return cost

    async def _commit(self, streams: Sequence[StreamId], at: UtcTime) -> None:
        key = secrets.token_hex(16)
        for stream in streams:
            ended = SegmentName(stream.camera, stream.stream, at.plus(us=-SEGMENT_US), key, 0)
            begun = SegmentName(stream.camera, stream.stream, at, key, 0)
            header = SegmentHeader(begun, stream.commune, "avc1.64001F", 1920, 1080, "z-1", "live", 31, LINK)
            operations: list[Operation] = [
                SealSegment(str(ended), at.us, SEGMENT_BYTES, 30, LINK),
                BeginSegment(header, at.us + 2_000_000, LINK, SEGMENT_BYTES // 30, LINK),
            ]
            async with write(self.engine, alone=False) as session:
                await apply(session, stream, operations)

    async def health(self, cameras: Sequence[tuple[str, str]], rounds: int) -> Cost:
        """The health of every stream of one recorder process, written again as while pictures come."""
        board = HealthBoard(self.engine, self.clock, 0)
        cost = Cost(len(cameras) * len(STREAMS) * rounds)
        for number in range(rounds):
            now_us = self.clock.utc().us
            found = {
                (camera, stream): (StreamHealth("live", "", 1, now_us, None, 25.0 + number, 4000.0, 0), 0)
                for _, camera in cameras
                for stream in STREAMS
            }
            with measured(cost, self.server):
                await board.write(found)
            self.clock.step(seconds=60)
        return cost

    async def leases(self, cameras: Sequence[tuple[str, str]], workers: int, rounds: int) -> tuple[Cost, Cost]:
        """Every camera leased by one of ``workers``: what taking all costs, and then each renewal."""
        seats = [Leases(self.engine, self.clock, f"machine-{number}/0", len(cameras)) for number in range(workers)]
        taken, renewed = Cost(len(cameras)), Cost(workers * rounds)
        names = [f"camera:{camera}" for _, camera in cameras]
        with measured(taken, self.server):
            for number, seat in enumerate(seats):
                await seat.join()
                await seat.take(names[number::workers])
        with measured(renewed, self.server):
            for _ in range(rounds):
                for seat in seats:
                    await seat.renew()
        held = sum(len(seat.fences()) for seat in seats)
        if held != len(cameras):
            raise RuntimeError(f"{held} leases held, {len(cameras)} wanted")
        return taken, renewed

    async def retention(
        self, home: Path, cameras: Sequence[tuple[str, str]], others: int, known_cameras: Sequence[tuple[str, str]]
    ) -> tuple[Cost, Cost]:
        """A full day of these cameras falls due: rows, real (small) files, reports; then a sweep that finds nothing.

        ``others`` cameras have one row each, so that finding what is due is measured over all of them.
        """
        home.mkdir(parents=True, exist_ok=True)
        (home / "store").mkdir(exist_ok=True)
        store = await asyncio.to_thread(LocalStore.attach, home / "store", home / "store-id", floor_bytes=0)
        policies = Policies(store, home / "retention.json")
        by_commune: dict[str, list[CameraRetention]] = {}
        for commune, camera in known_cameras:
            by_commune.setdefault(commune, []).append(CameraRetention(camera=camera, max_days=30))
        for number in range(others):
            by_commune.setdefault("rest", []).append(CameraRetention(camera=f"rest-c{number:05d}", max_days=30))
        for commune, known in by_commune.items():
            await asyncio.to_thread(policies.learn, commune, known)
        room = RoomKeeper(self.engine, store, policies, self.clock, 0)
        spool = KeySpool(home / "keys-waiting.sqlite")
        sweeper = Retention(self.engine, store, spool, policies, self.clock, room)
        self.clock.advance(seconds=62 * 86_400)
        # What the segments' run has left goes first, so that only the day is counted.
        await sweeper.sweep()
        made = await self._day(store, cameras, others)
        self.clock.advance(seconds=31 * 86_400)
        due, idle = Cost(made), Cost(len(cameras) + others)
        with measured(due, self.server):
            swept: Swept = await sweeper.sweep()
        # The others' single segment is younger: it stays.
        with measured(idle, self.server):
            again = await sweeper.sweep()
        if swept.segments != made or again.segments:
            raise RuntimeError(f"{swept.segments} segments went, {made} were due")
        return due, idle

    async def _day(self, store: LocalStore, cameras: Sequence[tuple[str, str]], others: int) -> int:
        """Rows of a whole day, each with a small file where the store expects it, and one row of each other camera."""
        start = UtcTime(self.clock.utc().us // (86_400 * 1_000_000) * 86_400 * 1_000_000 - 86_400 * 1_000_000)
        rows = [
            _row(commune, camera, stream, start.plus(us=number * SEGMENT_US), number)
            for commune, camera in cameras
            for stream in STREAMS
            for number in range(SEGMENTS_PER_DAY)
        ]
        await asyncio.to_thread(_touch, store, rows)
        late = self.clock.utc().plus(days=30)
        rest = [_row("rest", f"rest-c{number:05d}", "main", late, 0) for number in range(others)]
        for first in range(0, len(rows) + len(rest), ROWS_BATCH):
            async with write(self.engine) as session:
                await session.execute(insert(Segment), (rows + rest)[first : first + ROWS_BATCH])
        self.row_bytes = await self._row_bytes()
        return len(rows)

    async def _row_bytes(self) -> float:
        """What a segment's row takes in the database, with its indexes and what is dead and not yet taken again."""
        size = (
            "pg_total_relation_size('segment')"
            if is_shared(self.engine)
            else "(SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size())"
        )
        async with read(self.engine) as session:
            found = await session.execute(text(f"SELECT {size} * 1.0 / (SELECT count(*) FROM segment)"))
            return float(found.scalar_one())


def _row(commune: str, camera: str, stream: str, start: UtcTime, number: int) -> dict[str, Any]:
    name = SegmentName(camera, stream, start, f"{start.hour().us:032x}", 0)
    return {
        "name": str(name), "commune_id": commune, "camera_id": camera, "stream": stream, "state": "sealed",
        "start_us": start.us, "end_us": start.us + SEGMENT_US, "hour_key_id": name.hour_key_id,
        "size_bytes": SEGMENT_BYTES, "groups": 30, "codec": "avc1.64001F", "width": 1920, "height": 1080,
        "zone_set_id": "z-1", "origin": "live", "fence": 0, "sequence": number * 31, "first_link": LINK,
        "last_link": LINK,
    }  # fmt: skip


def _touch(store: LocalStore, rows: Sequence[dict[str, Any]]) -> None:
    for row in rows:
        path = store.path_of(SegmentName.parse(row["name"]), row["commune_id"])
        if not path.parent.exists():
            path.parent.mkdir(parents=True)
        path.write_bytes(b"sealed")
