"""A photograph of the notice that was posted: sent as it is, remade, kept, and shown to the commune's own (P-80)."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from vms.errors import NotFound, Refused
from vms.law.rulebook import rulebook
from web.deps import Acting, Services, Srv, Statement, Token, body_of
from web.photo_header import UPLOAD_LIMIT_BYTES

router = APIRouter(tags=["cameras"])
ACT: Final = "post_panel_photo"
BODY: Final = {"schema": {"type": "string", "format": "binary"}}
UPLOAD: Final = {"requestBody": {"required": True, "content": {"image/jpeg": BODY, "image/png": BODY}}}


@router.post("/communes/{commune}/cameras/{camera_id}/panel-photo", status_code=201, openapi_extra=UPLOAD)
async def post_photo(
    commune: Acting,
    camera_id: str,
    request: Request,
    token: Token,
    statement: Statement,
    services: Srv,
    day: Annotated[date, Query(alias="date")],
    place: Annotated[str, Query(min_length=1, max_length=200)],
) -> dict[str, Any]:
    """Keep a photograph of a posted notice, of which day and where; it takes the place of the one before."""
    await _require(services, token)
    before = await _photo_of(services, token, camera_id)
    sent = await body_of(request, UPLOAD_LIMIT_BYTES)
    digest = await services.panel_photos.keep(commune, sent)
    digests = {"sha256": digest, "sent_sha256": hashlib.sha256(sent).hexdigest()}  # the page signed for what it sent
    args = {"camera": camera_id, "date": day.isoformat(), "place": place, **digests}
    try:
        noted = await services.keeper.act(token, ACT, args, statement)
    finally:
        await _tidy(services, token, commune, {digest, before} - {""})
    return noted | {"sha256": digest}


@router.get(
    "/communes/{commune}/cameras/{camera_id}/panel-photo",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": BODY}}},
)
async def photo(commune: Acting, camera_id: str, token: Token, services: Srv) -> Response:
    """The photograph of a camera's notice."""
    digest = await _photo_of(services, token, camera_id)
    if not digest:
        raise NotFound("Le panneau de cette caméra n’est pas photographié.", where=camera_id[:80])
    return Response(await services.panel_photos.read(commune, digest), media_type="image/jpeg")


async def _require(services: Services, token: str) -> None:
    """Decode nothing for somebody whose act the keeper would refuse; it decides again, with the act."""
    acting = (await services.keeper.session(token)).acting
    rule = rulebook().act[ACT]
    if acting is None or acting.role not in rule.roles:
        raise Refused("Vous ne notez pas la pose des panneaux.", todo="L’installateur le fait.", rule=rule.rule)


async def _photo_of(services: Services, token: str, camera_id: str) -> str:
    """The SHA-256 of a camera's photograph, empty while it has none; NotFound for a camera that is not known here."""
    kept = await _kept(services, token)
    if camera_id not in kept:
        raise NotFound("Cette caméra n’existe pas.", where=camera_id[:80])
    return kept[camera_id]


async def _kept(services: Services, token: str) -> dict[str, str]:
    """By camera of the commune, the SHA-256 of its photograph."""
    listed = (await services.keeper.read(token, "cameras"))["cameras"]
    return {one["id"]: str(((one["panel"] or {}).get("photo") or {}).get("sha256", "")) for one in listed}


async def _tidy(services: Services, token: str, commune: str, digests: set[str]) -> None:
    """Forget those of these photographs that no camera is noted with."""
    for digest in digests - set((await _kept(services, token)).values()):
        await services.panel_photos.forget(commune, digest)
