"""Where a camera stands and what for, and the site plan that goes with the préfecture's file (P-22, T-15)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from vms.errors import NotFound, Refused
from vms.keeper.acts.objective import Aimed
from vms.keeper.acts.siting import PLAN_LIMIT_BYTES, Placed
from vms.law.rulebook import rulebook
from web.deps import Acting, Services, Srv, Statement, Token, arguments, body_of
from web.plan_file import SUFFIX, plan_media, plan_name

router = APIRouter(prefix="/communes/{commune}", tags=["documents"])
ACT: Final = "file_site_plan"
BODY: Final = {"schema": {"type": "string", "format": "binary"}}
UPLOAD: Final = {"requestBody": {"required": True, "content": dict.fromkeys(SUFFIX, BODY)}}


@router.post("/cameras/{camera_id}/position", status_code=201)
async def place(
    commune: Acting, camera_id: str, body: Placed, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Record where a camera stands, where it looks and how far."""
    return await services.keeper.act(token, "place_camera", {"camera": camera_id, **arguments(body)}, statement)


@router.post("/cameras/{camera_id}/objective", status_code=201)
async def aim(
    commune: Acting, camera_id: str, body: Aimed, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Record what a camera is meant to show, and how long it may lack (T-15)."""
    return await services.keeper.act(token, "set_objective", {"camera": camera_id, **arguments(body)}, statement)


@router.post("/site-plans", status_code=201, openapi_extra=UPLOAD)
async def file_plan(
    commune: Acting,
    request: Request,
    token: Token,
    statement: Statement,
    services: Srv,
    day: Annotated[date, Query(alias="date")],
    order: Annotated[str | None, Query(max_length=80)] = None,
) -> dict[str, Any]:
    """Keep the *plan-masse* of an order, or of a first request; it takes the place of the one before."""
    await _require(services, token)
    data = await body_of(request, PLAN_LIMIT_BYTES)
    media = plan_media(data)
    before = {one["sha256"] for one in await _plans(services, token)}
    digest = await services.site_plans.keep(commune, data)
    args = {"sha256": digest, "media": media, "size_bytes": len(data), "date": day.isoformat()}
    try:
        return await services.keeper.act(token, ACT, args | ({"order": order} if order else {}), statement)
    finally:
        noted = {one["sha256"] for one in await _plans(services, token)}
        for gone in (before | {digest}) - noted:
            await services.site_plans.forget(commune, gone)


@router.get("/site-plans/{sha256}", response_class=Response, responses={200: {"content": dict.fromkeys(SUFFIX, BODY)}})
async def plan(commune: Acting, sha256: str, token: Token, services: Srv) -> Response:
    """A filed plan, to be saved: nothing of ours opens it, and no page shows it."""
    found = next((one for one in await _plans(services, token) if one["sha256"] == sha256), None)
    if found is None:
        raise NotFound("Ce plan n’est pas versé ici.", where=sha256[:12])
    headers = {
        "Content-Disposition": f'attachment; filename="{plan_name(commune, found)}"',
        "Cache-Control": "no-store",
    }
    return Response(await services.site_plans.read(commune, sha256), media_type=found["media"], headers=headers)


async def _require(services: Services, token: str) -> None:
    """Take in nothing for somebody whose act the keeper would refuse; it decides again, with the act."""
    acting = (await services.keeper.session(token)).acting
    rule = rulebook().act[ACT]
    if acting is None or acting.role not in rule.roles:
        raise Refused("Vous ne versez pas les plans.", todo="Le maire le fait.", rule=rule.rule)


async def _plans(services: Services, token: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await services.keeper.read(token, "documents"))["site_plans"]
    return found
