"""Server-sent events: what changed in the commune acted for, so that pages refresh what they show."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlmodel import col, select

from vms.db.engine import read
from vms.errors import Refused
from vms.model import Camera, CameraHealth, Incident
from web.deps import Acting, Services, Srv, Token

router = APIRouter(tags=["events"])
POLL_S = 1.0
INCIDENTS_MAX = 50


class IncidentView(BaseModel):
    """Something a person of this commune should know."""

    id: int
    camera: str
    kind: str
    severity: str
    what: str
    todo: str
    rule: str
    opened_us: int
    closed_us: int | None


class HealthView(BaseModel):
    """What one stream does now."""

    camera: str
    stream: str
    state: str
    cause: str
    since_us: int
    last_unit_us: int
    codec: str
    width: int
    height: int
    fps: float
    kbps: float
    masked_zones: int


def health_view(row: CameraHealth) -> HealthView:
    """A health row as pages see it."""
    return HealthView(
        camera=row.camera_id, stream=row.stream, state=row.state, cause=row.cause, since_us=row.since_us,
        last_unit_us=row.last_unit_us, codec=row.codec, width=row.width, height=row.height, fps=row.fps, kbps=row.kbps,
        masked_zones=row.masked_zones,
    )  # fmt: skip


async def incidents_of(services: Services, commune: str) -> list[IncidentView]:
    """The open and latest incidents of a commune, newest first."""
    async with read(services.engine) as session:
        rows = await session.execute(
            select(Incident)
            .where(Incident.commune_id == commune)
            .order_by(col(Incident.closed_us).isnot(None), col(Incident.opened_us).desc())
            .limit(INCIDENTS_MAX)
        )
        return [
            IncidentView(
                id=row.id or 0, camera=row.camera_id, kind=row.kind, severity=row.severity, what=row.what,
                todo=row.todo, rule=row.rule, opened_us=row.opened_us, closed_us=row.closed_us,
            )
            for row in rows.scalars()
        ]  # fmt: skip


async def _snapshot(services: Services, commune: str) -> dict[str, Any]:
    async with read(services.engine) as session:
        rows = await session.execute(
            select(CameraHealth)
            .join(Camera, col(Camera.id) == CameraHealth.camera_id)
            .where(Camera.commune_id == commune)
        )
        health = [health_view(row).model_dump() for row in rows.scalars()]
    for item in health:
        item.pop("last_unit_us")  # moves at each frame; pages watch their own pictures
        item.pop("kbps"), item.pop("fps")
    incidents = [one.model_dump() for one in await incidents_of(services, commune)]
    return {"commune": commune, "health": health, "incidents": incidents}


@router.get("/communes/{commune}/incidents")
async def incidents(commune: Acting, token: Token, services: Srv) -> list[IncidentView]:
    """Incidents of a commune that the caller may know of."""
    await services.keeper.read(token, "cameras")
    return await incidents_of(services, commune)


@router.get("/events")
async def events(token: Token, services: Srv) -> StreamingResponse:
    """State of the commune acted for: cameras' streams and incidents, sent when they change; ends with the session."""
    session = await services.keeper.session(token)
    if session.acting is None:
        raise Refused("Choisissez d’abord une commune.", todo="Choisissez-la en haut de la page.", rule="P-62")
    commune = session.acting.commune

    async def stream() -> AsyncIterator[str]:
        last = ""
        while True:
            acting = (await services.keeper.session(token)).acting
            if acting is None or acting.commune != commune:
                return
            await services.keeper.read(token, "cameras")
            text = json.dumps(await _snapshot(services, commune), ensure_ascii=False)
            if text != last:
                yield f"event: state\ndata: {text}\n\n"
                last = text
            else:
                yield ": en vie\n\n"
            await asyncio.sleep(POLL_S)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
