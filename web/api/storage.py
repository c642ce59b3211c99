"""Room for footage: the volume, until when it is enough, and what each camera takes (P-35). No pictures."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from vms.db.engine import read
from vms.errors import Refused
from vms.model import CameraStorage, Commune, RecordedMinute, RecordingStop, Volume
from web.deps import Acting, Srv, Token

router = APIRouter(tags=["storage"])


class VolumeView(BaseModel):
    """One volume as last measured; ``reserve_us`` and ``stop_us`` are empty when never at the measured rates."""

    id: str
    level: str
    total_bytes: int
    free_bytes: int
    reserve_bytes: int
    stored_bytes: int
    needed_bytes: int
    bytes_per_s: float
    reserve_us: int | None
    stop_us: int | None
    fault: str
    measured_us: int


class MinuteView(BaseModel):
    """The last whole minute kept of one stream, as measured (T-04, T-05, T-06); ``rule`` is what it falls short of."""

    stream: str
    start_us: int
    fps: float
    width: int
    height: int
    rule: str


class CameraStorageView(BaseModel):
    """What one camera takes; ``rank`` 1 is the last that would stop."""

    camera: str
    stored_bytes: int
    protected_bytes: int
    bytes_per_s: float
    rank: int
    stopped_us: int | None
    minutes: list[MinuteView]


class StorageView(BaseModel):
    """The host's volumes and one commune's cameras."""

    volumes: list[VolumeView]
    cameras: list[CameraStorageView]
    now_us: int


class CommuneStorageView(BaseModel):
    """What one commune takes on the host's volumes."""

    commune: str
    name: str
    cameras: int
    stored_bytes: int
    bytes_per_s: float
    stopped: int


class HostStorageView(BaseModel):
    """The host's volumes and what each commune takes."""

    volumes: list[VolumeView]
    communes: list[CommuneStorageView]
    now_us: int


async def _volumes(session: AsyncSession) -> list[VolumeView]:
    rows = await session.execute(select(Volume).order_by(col(Volume.id)))
    return [VolumeView(**row.model_dump()) for row in rows.scalars()]


@router.get("/communes/{commune}/storage")
async def storage(commune: Acting, token: Token, services: Srv) -> StorageView:
    """The volumes, and per camera of the commune: size, rate, place in the order, last measured minute."""
    await services.keeper.read(token, "retention")  # whoever may know of retention may know of room
    async with read(services.engine) as session:
        volumes = await _volumes(session)
        stops = await session.execute(select(RecordingStop).where(RecordingStop.commune_id == commune))
        stopped = {row.camera_id: row.since_us for row in stops.scalars()}
        minutes: dict[str, list[MinuteView]] = {}
        kept = select(RecordedMinute).where(RecordedMinute.commune_id == commune)
        for one in (await session.execute(kept.order_by(col(RecordedMinute.stream)))).scalars():
            minutes.setdefault(one.camera_id, []).append(MinuteView(**one.model_dump(exclude={"camera_id"})))
        taken = select(CameraStorage).where(CameraStorage.commune_id == commune)
        cameras = [
            CameraStorageView(
                **row.model_dump(exclude={"camera_id", "commune_id", "measured_us"}),
                camera=row.camera_id,
                stopped_us=stopped.get(row.camera_id),
                minutes=minutes.get(row.camera_id, []),
            )
            for row in (await session.execute(taken.order_by(col(CameraStorage.camera_id)))).scalars()
        ]
    return StorageView(volumes=volumes, cameras=cameras, now_us=services.clock.utc().us)


@router.get("/host/storage")
async def host_storage(token: Token, services: Srv) -> HostStorageView:
    """The volumes and each commune's share, for whoever runs the machines."""
    if not (await services.keeper.session(token)).person.host_admin:
        raise Refused(
            "Cette page est celle de l’hébergeur.",
            todo="Ouvrez « Stockage » dans votre commune.",
            rule="P-57",
        )
    async with read(services.engine) as session:
        volumes = await _volumes(session)
        names = {row.id: row.name for row in (await session.execute(select(Commune))).scalars()}
        counted = select(col(RecordingStop.commune_id), func.count()).group_by(col(RecordingStop.commune_id))
        stops: dict[str, int] = {row[0]: row[1] for row in await session.execute(counted)}
        rows = await session.execute(
            select(
                col(CameraStorage.commune_id),
                func.count(),
                func.sum(col(CameraStorage.stored_bytes)),
                func.sum(col(CameraStorage.bytes_per_s)),
            )
            .group_by(col(CameraStorage.commune_id))
            .order_by(col(CameraStorage.commune_id))
        )
        communes = [
            CommuneStorageView(
                commune=row[0], name=names.get(row[0], row[0]), cameras=row[1], stored_bytes=int(row[2]),
                bytes_per_s=float(row[3]), stopped=stops.get(row[0], 0),
            )
            for row in rows
        ]  # fmt: skip
    return HostStorageView(volumes=volumes, communes=communes, now_us=services.clock.utc().us)
