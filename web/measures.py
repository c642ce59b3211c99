"""What recorders measured of a commune's cameras, as its documents take it: no person, no picture, no address."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.export.exporter import build_version
from vms.db.engine import read
from vms.documents.sources import CAMERAS_LIMIT, INCIDENTS_LIMIT, Measure, Measured, MeasuredCamera, SeenIncident
from vms.model import Camera, Incident, RecordedMinute


async def measured(engine: AsyncEngine, commune: str) -> Measured:
    """The cameras with their last measured minute (T-04…T-06), and the newest incidents of the commune."""
    async with read(engine) as session:
        rows = await session.execute(
            select(Camera).where(Camera.commune_id == commune).order_by(col(Camera.number)).limit(CAMERAS_LIMIT)
        )
        cameras = rows.scalars().all()
        minutes: dict[str, list[Measure]] = {}
        for one in (
            await session.execute(select(RecordedMinute).where(RecordedMinute.commune_id == commune))
        ).scalars():
            minutes.setdefault(one.camera_id, []).append(
                Measure(
                    stream=one.stream, start_us=one.start_us, fps=one.fps, width=one.width, height=one.height,
                    rule=one.rule,
                )
            )  # fmt: skip
        found = await session.execute(
            select(Incident)
            .where(Incident.commune_id == commune)
            .order_by(col(Incident.opened_us).desc())
            .limit(INCIDENTS_LIMIT + 1)
        )
        incidents = found.scalars().all()
    return Measured(
        cameras=tuple(
            MeasuredCamera(
                id=one.id, number=one.number, device=f"{one.manufacturer} {one.model}".strip()[:200], tls=one.tls,
                hardened=one.hardened, clock_offset_ms=one.clock_offset_ms, minutes=tuple(minutes.get(one.id, ())),
            )
            for one in cameras
        ),
        incidents=tuple(
            SeenIncident(
                kind=one.kind, camera=one.camera_id, severity=one.severity, rule=one.rule, opened_us=one.opened_us,
                closed_us=one.closed_us,
            )
            for one in incidents[:INCIDENTS_LIMIT]
        ),
        whole=len(incidents) <= INCIDENTS_LIMIT,
        build=build_version(),
    )  # fmt: skip
