"""Acts that two persons take: what waits, the second accord, and stopping it in time (decision 0032)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from web.deps import Acting, Srv, Statement, Token

router = APIRouter(prefix="/communes/{commune}/pending-acts", tags=["pending"])


class StopIn(BaseModel):
    """Why an act is not to take effect."""

    motive: str = Field(min_length=1, max_length=200)


@router.get("")
async def pending_acts(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """What waits for a second person, or for its hour."""
    return await services.keeper.read(token, "pending_acts")


@router.post("/{pending}/confirm")
async def confirm(commune: Acting, pending: str, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """The second accord, another person's: it takes effect after the delay."""
    return await services.keeper.act(token, "confirm_act", {"pending": pending}, statement)


@router.post("/{pending}/stop")
async def stop(
    commune: Acting, pending: str, body: StopIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """It does not take effect."""
    return await services.keeper.act(token, "stop_act", {"pending": pending, "motive": body.motive}, statement)
