"""A recorder's storage without a camera: store, index, keys, and a keeper that can open what was sealed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.recording.hour_keys import HourKeys, KeySpool
from recorder.recording.scan import read_index
from recorder.recording.writer import StreamWriter
from recorder.segment.format import SegmentName
from recorder.store.local import LocalStore
from tests.fakes.faulty_disk import FaultyDisk
from vms.clock import ManualClock, UtcTime
from vms.db.engine import ensure_schema, open_engine, read
from vms.errors import GuetError, Unavailable
from vms.keys import derive, sealing, wrapping
from vms.model import Absence, Segment

START = UtcTime.parse("2026-11-24T14:10:00Z")
COMMUNE, CAMERA = "valclair", "valclair-c01"
PRIVATE, PUBLIC = wrapping.generate_commune_key()


@dataclass(frozen=True, slots=True)
class Format:
    codec_string: str = "avc1.64001F"
    width: int = 1920
    height: int = 1080


@dataclass
class FakeKeeper:
    """Takes wrapped keys; may be away, or take a key and say that it is away."""

    keys: dict[str, tuple[str, str, int, bytes]] = field(default_factory=dict)
    away: bool = False
    stored_but_away: bool = False

    async def put_hour_key(self, commune: str, camera: str, key_id: str, hour_us: int, wrapped: bytes) -> bool:
        await asyncio.sleep(0)
        if not self.away:
            self.keys[key_id] = (commune, camera, hour_us, wrapped)
        if self.away or self.stored_but_away:
            raise Unavailable("Le gardien ne répond pas.")
        return True


@dataclass(frozen=True, slots=True)
class Opened:
    """A group that opened."""

    start_us: int
    end_us: int
    plaintext: bytes


class Rig:
    """Everything a writer needs, over one folder; survives the writer's death."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.disk = FaultyDisk()
        self.clock = ManualClock(START)
        self.keeper = FakeKeeper()
        (home / "store").mkdir(parents=True, exist_ok=True)
        self.spool = KeySpool(home / "keys.sqlite")
        self.store = LocalStore.attach(home / "store", home / "store-id", self.disk, floor_bytes=0)
        self.engine: AsyncEngine = open_engine(f"sqlite+aiosqlite:///{home / 'guet.sqlite'}")

    async def prepare(self) -> Rig:
        await ensure_schema(self.engine)
        return self

    async def close(self) -> None:
        await self.engine.dispose()

    def keys(self) -> HourKeys:
        return HourKeys(self.keeper, self.spool, lambda commune: PUBLIC)

    def writer(self, stream: str = "main", keys: HourKeys | None = None, camera: str = CAMERA) -> StreamWriter:
        return StreamWriter(
            camera,
            stream,
            COMMUNE,
            store=self.store,
            engine=self.engine,
            keys=keys or self.keys(),
            clock=self.clock,
        )

    async def segments(self, stream: str = "main") -> list[Segment]:
        async with read(self.engine) as session:
            chosen = select(Segment).where(col(Segment.stream) == stream).order_by(col(Segment.start_us))
            return list((await session.execute(chosen)).scalars())

    async def absences(self, stream: str = "main") -> list[Absence]:
        async with read(self.engine) as session:
            chosen = select(Absence).where(col(Absence.stream) == stream).order_by(col(Absence.start_us))
            return list((await session.execute(chosen)).scalars())

    async def tiles(self, stream: str = "main") -> list[tuple[int, int | None, str]]:
        """Segments (with no cause) and absences in order of time."""
        parts: list[tuple[int, int | None, str]] = [
            (one.start_us, one.end_us, "") for one in await self.segments(stream) if one.state == "sealed"
        ]
        parts += [(one.start_us, one.end_us, one.cause) for one in await self.absences(stream)]
        return sorted(parts, key=lambda part: part[0])

    def hour_key(self, key_id: str) -> bytes:
        """The clear key, as the keeper would unwrap it; from the spool when it was never handed over."""
        kept = self.keeper.keys.get(key_id)
        if kept is None:
            (kept,) = [
                (one.commune, one.camera, one.hour_us, one.wrapped)
                for one in self.spool.waiting(1000)
                if one.key_id == key_id
            ]
        commune, camera, hour_us, wrapped = kept
        return wrapping.unwrap(PRIVATE, wrapped, wrapping.hour_key_info(commune, camera, key_id, hour_us))

    async def opened(self, stream: str = "main") -> list[Opened]:
        """Every group that the rows name, opened; raises when one does not open."""
        groups: list[Opened] = []
        for row in await self.segments(stream):
            name = SegmentName.parse(row.name)
            path = self.store.path_of(name, row.commune_id)
            data = path.read_bytes()
            _, placed = read_index(LocalStore(self.store.root, ""), path, check_last=row.state == "open")
            key = derive.segment_key(self.hour_key(name.hour_key_id), row.name)
            for one in placed:
                number = one.header.number
                context = derive.group_context(name.camera, row.name, number)
                sealed = data[one.sealed_offset : one.end]
                plain = sealing.open_group(derive.group_key(key, number), context, sealed)
                groups.append(Opened(one.header.utc_us, one.header.end_us, plain))
        return groups


def problem_of(error: BaseException) -> str:
    """A GuetError's sentence, for assertions that print well."""
    return str(error) if isinstance(error, GuetError) else repr(error)
