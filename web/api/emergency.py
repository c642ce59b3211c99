"""The exceptional opening by two persons: who is named, what is asked, confirmed and closed (decision 0016)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from vms.keeper.acts.emergency import AskEmergency, CloseEmergency, ConfirmEmergency, NamePersons
from web.deps import Acting, Srv, Statement, Token, arguments

router = APIRouter(tags=["emergencies"])


@router.get("/communes/{commune}/emergencies")
async def emergencies(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """Those named, and the openings, newest first."""
    return await services.keeper.read(token, "emergencies")


@router.post("/communes/{commune}/emergencies/persons")
async def name(commune: Acting, body: NamePersons, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """Name those who may sign, from a day after on."""
    return await services.keeper.act(token, "name_emergency_persons", arguments(body), statement)


@router.post("/communes/{commune}/emergencies", status_code=201)
async def ask(commune: Acting, body: AskEmergency, token: Token, statement: Statement, services: Srv) -> dict[str, Any]:
    """The first signature: exactly what is to be opened, for how long, and why; it opens nothing."""
    return await services.keeper.act(token, "ask_emergency", arguments(body), statement)


@router.post("/communes/{commune}/emergencies/confirm")
async def confirm(
    commune: Acting, body: ConfirmEmergency, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """The second signature, another person's: open from now on, and told to the mayor and the DPO."""
    return await services.keeper.act(token, "confirm_emergency", arguments(body), statement)


@router.post("/communes/{commune}/emergencies/close")
async def close(
    commune: Acting, body: CloseEmergency, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """End it now: its views are dark within five seconds."""
    return await services.keeper.act(token, "close_emergency", arguments(body), statement)
