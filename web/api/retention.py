"""Retention and holds: what is due when, what is kept and why (P-30…P-38)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlalchemy import func
from sqlmodel import col, select

from vms.db.engine import read
from vms.keeper.acts.time import ConfirmTime
from vms.model import Segment
from web.deps import Acting, Srv, Statement, Token, arguments

router = APIRouter(tags=["retention"])


class Stored(BaseModel):
    """What one camera has on disk."""

    camera: str
    segments: int
    size_bytes: int
    oldest_us: int


class RetentionView(BaseModel):
    """The legal side from the keeper, the stored side from the store."""

    legal: dict[str, Any]
    stored: list[Stored]
    now_us: int


@router.get("/communes/{commune}/retention")
async def retention(commune: Acting, token: Token, services: Srv) -> RetentionView:
    """Per camera: retention, holds, oldest footage, size."""
    legal = await services.keeper.read(token, "retention")
    async with read(services.engine) as session:
        rows = await session.execute(
            select(
                col(Segment.camera_id),
                func.count(),
                func.coalesce(func.sum(col(Segment.size_bytes)), 0),
                func.min(col(Segment.start_us)),
            )
            .where(Segment.commune_id == commune)
            .group_by(col(Segment.camera_id))
        )
        stored = [Stored(camera=row[0], segments=row[1], size_bytes=row[2], oldest_us=row[3]) for row in rows.all()]
    return RetentionView(legal=legal, stored=stored, now_us=services.clock.utc().us)


@router.get("/communes/{commune}/retention/certificate")
async def certificate(
    commune: Acting,
    token: Token,
    services: Srv,
    day: Annotated[str, Query(pattern=r"^\d{4}-\d{2}-\d{2}$")],
    camera: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """The destruction certificate of a day (of Paris), with its proofs; ``vms retention verify`` checks it offline."""
    data = await services.keeper.prove_destruction(token, day, camera)
    name = f"destruction-{camera or commune}-{day}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/json", headers=headers)


@router.post("/communes/{commune}/retention/confirm-time")
async def confirm_time(
    commune: Acting, body: ConfirmTime, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Say that the machine's time, which is in doubt, is right: what it calls due is destroyed now (P-30)."""
    return await services.keeper.act(token, "confirm_time", arguments(body), statement)


@router.get("/communes/{commune}/holds")
async def holds(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """Holds, active and past."""
    return await services.keeper.read(token, "holds")
