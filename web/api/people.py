"""People and habilitations of a commune, and what a person may do at this instant (P-58, P-59)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vms.keeper.acts.people import Grant
from vms.keeper.arguments import MomentEnd
from web.deps import Acting, Srv, Statement, Token, arguments

router = APIRouter(tags=["people"])


class PersonIn(BaseModel):
    """A new account, which its owner opens by invitation; it opens nothing before it has an habilitation."""

    login: str = Field(min_length=3, max_length=120)
    label: str = Field(min_length=1, max_length=80)
    email: str = Field(default="", max_length=200)


class WithdrawIn(BaseModel):
    """Why an habilitation ends now."""

    motive: str = Field(min_length=1, max_length=200)


class SuspendIn(BaseModel):
    """Why an habilitation rests, and until when (no end: until it is resumed)."""

    motive: str = Field(min_length=1, max_length=200)
    until: MomentEnd | None = None


@router.get("/communes/{commune}/people")
async def people(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """The dated list of habilitated persons (P-59)."""
    return await services.keeper.read(token, "people")


@router.post("/communes/{commune}/people", status_code=201)
async def add_person(
    commune: Acting, body: PersonIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Invite one person to an account of theirs (shared ones are forbidden); the code to hand over is told once."""
    return await services.keeper.act(token, "add_person", arguments(body), statement)


@router.post("/communes/{commune}/people/{person}/invitation", status_code=201)
async def invite_again(
    commune: Acting, person: str, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """A fresh invitation for someone who has not opened their account yet; the former one serves no more."""
    return await services.keeper.act(token, "invite_again", {"person": person}, statement)


@router.post("/communes/{commune}/habilitations", status_code=201)
async def grant(commune: Acting, body: Grant, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """Record an habilitation and the decision it rests on."""
    return await services.keeper.act(token, "grant", arguments(body), statement)


@router.post("/habilitations/{habilitation}/withdraw")
async def withdraw(
    habilitation: str, body: WithdrawIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Withdraw an habilitation: its views are dark within five seconds (P-53)."""
    return await services.keeper.act(
        token, "withdraw", {"habilitation": habilitation, "motive": body.motive}, statement
    )


@router.post("/habilitations/{habilitation}/suspend")
async def suspend(
    habilitation: str, body: SuspendIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Suspend an habilitation: its views are dark within five seconds (P-53)."""
    return await services.keeper.act(token, "suspend", {"habilitation": habilitation, **arguments(body)}, statement)


@router.post("/habilitations/{habilitation}/resume")
async def resume(habilitation: str, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """End a suspension (P-53)."""
    return await services.keeper.act(token, "resume", {"habilitation": habilitation}, statement)


@router.get("/communes/{commune}/people/{person}/rights")
async def rights(commune: Acting, person: str, token: Token, services: Srv) -> dict[str, Any]:
    """What a person may do now, each refusal with its rule."""
    return await services.keeper.read(token, "rights", {"person": person})


@router.get("/me/rights")
async def my_rights(token: Token, services: Srv) -> dict[str, Any]:
    """What the caller may do now, acting for the commune chosen."""
    return await services.keeper.read(token, "whoami_rights")
