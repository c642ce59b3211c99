"""Requests for footage, from registration to receipt (P-34, P-70…P-75)."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from vms.errors import Refused
from vms.keeper.acts.holds import PlaceHold
from vms.keeper.acts.requests import RegisterRequest
from vms.law.access import FILED, FRAME
from web import letter
from web.deps import Acting, Srv, Statement, Token, arguments

router = APIRouter(tags=["requests"])
FieldValue = str | int | bool | None


class CompleteIn(BaseModel):
    """What a decider's query asked for."""

    fields: dict[str, FieldValue] = Field(min_length=1, max_length=32)


class PartIn(BaseModel):
    """Some of a request's cameras, within its range; µs UTC."""

    cameras: list[str] = Field(min_length=1, max_length=64)
    from_us: int = Field(ge=0)
    to_us: int = Field(ge=0)


class DecisionIn(BaseModel):
    """Execute whole or in part, query, or refuse; less than the whole needs a legal ground of the rulebook (P-74)."""

    decision: str = Field(pattern="^(execute|query|refuse)$")
    ground: str = Field(default="", max_length=60)
    comment: str = Field(default="", max_length=300)
    part: PartIn | None = None
    outcome: str = Field(default="", max_length=20)
    appointment: int | None = Field(default=None, ge=0)


class IdentityIn(BaseModel):
    """A document was seen at the counter; the cameras of the place that the person said, and the range, µs UTC."""

    document_seen: Literal[True]
    cameras: list[str] = Field(min_length=1, max_length=64)
    from_us: int = Field(ge=0)
    to_us: int = Field(ge=0)


class ExtensionIn(BaseModel):
    """Why the answer takes longer; the person is told (P-85)."""

    reason: str = Field(max_length=40)


class ReceiptIn(BaseModel):
    """Who received the package, in which capacity, on which medium (P-41)."""

    recipient: str = Field(min_length=1, max_length=200)
    medium: str = Field(default="", max_length=100)
    others_hidden: bool = False


class MotiveIn(BaseModel):
    """Why a hold ends."""

    motive: str = Field(min_length=1, max_length=200)


@router.get("/communes/{commune}/requests")
async def requests(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """Requests of the commune, newest first."""
    return await services.keeper.read(token, "requests")


@router.post("/communes/{commune}/requests", status_code=201)
async def register(
    commune: Acting, body: RegisterRequest, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Register a request; its range is held at once."""
    return await services.keeper.act(token, "register_request", arguments(body), statement)


@router.post("/communes/{commune}/collections", status_code=201)
async def collect(
    commune: Acting, body: RegisterRequest, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Open a collection by an agent of the State, without a réquisition; its range is held at once (P-73)."""
    return await services.keeper.act(token, "collect", arguments(body), statement)


@router.get("/requests/{request}")
async def request_detail(request: str, token: Token, services: Srv) -> dict[str, Any]:
    """One request: what will leave, its hold, its decision, its package."""
    found = await services.keeper.read(token, "request", {"request": request})
    progress = services.extractions.progress(request)
    return {**found, "package": {**found["package"], "progress": progress}} if progress else found


@router.post("/requests/{request}/complete")
async def complete(request: str, body: CompleteIn, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """Answer the decider's query."""
    return await services.keeper.act(token, "complete_request", {"request": request, **body.model_dump()}, statement)


@router.post("/requests/{request}/decision")
async def decide(request: str, body: DecisionIn, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """The mayor's or deputy's decision; asks for the password again (step-up), and for the page's signature."""
    return await services.keeper.act(token, "decide", {"request": request, **body.model_dump()}, statement)


@router.get("/requests/{request}/applicant")
async def applicant(request: str, token: Token, services: Srv) -> dict[str, Any]:
    """What a filmed person told of themselves, while it is kept; reading it is journalled (P-83)."""
    return await services.keeper.read(token, "applicant", {"request": request})


@router.post("/requests/{request}/identity")
async def check_identity(
    request: str, body: IdentityIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Note that the person's identity was checked; the request goes to the decision (P-83)."""
    return await services.keeper.act(token, "check_identity", {"request": request, **body.model_dump()}, statement)


@router.post("/requests/{request}/extension")
async def extend(request: str, body: ExtensionIn, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """Put a filmed person's answer off by two months, once (P-85)."""
    return await services.keeper.act(token, "extend_answer", {"request": request, **body.model_dump()}, statement)


@router.get("/requests/{request}/letter", response_class=Response)
async def answer_letter(request: str, token: Token, services: Srv) -> Response:
    """The letter to a filmed person, as it stands with the request: receipt, extension or answer (PDF/A)."""
    found = await services.keeper.read(token, "request", {"request": request})
    told = await services.keeper.read(token, "applicant", {"request": request})
    acting = (await services.keeper.session(token)).acting
    if acting is None or found["frame"] != FRAME or found["state"] in (FILED, "lapsed"):
        raise Refused("Cette demande n’appelle pas de lettre.", where=request[:80], rule="P-85")
    page = await services.keeper.public_page(acting.commune)
    made = await letter.render(found, told["applicant"], page)
    name = f"{found['number']}.pdf"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(made, media_type="application/pdf", headers=headers)


@router.post("/requests/{request}/receipt")
async def receipt(request: str, body: ReceiptIn, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """Note the hand-over: the hold ends, our copy has its date."""
    return await services.keeper.act(token, "receive_package", {"request": request, **body.model_dump()}, statement)


@router.post("/communes/{commune}/holds", status_code=201)
async def place_hold(
    commune: Acting, body: PlaceHold, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Place a hold for a procedure (P-32)."""
    return await services.keeper.act(token, "place_hold", arguments(body), statement)


@router.post("/holds/{hold}/release")
async def release_hold(hold: str, body: MotiveIn, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """Release a hold: what it kept past its due date is destroyed."""
    return await services.keeper.act(token, "release_hold", {"hold": hold, "motive": body.motive}, statement)
