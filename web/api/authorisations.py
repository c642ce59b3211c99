"""Prefectural orders, the commitment to the CNIL, and conventions: what the gate's dates come from."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from vms.keeper.acts.groupings import RecordGrouping
from vms.keeper.acts.information import InformPublic
from vms.keeper.acts.orders import RecordCnil, RecordOrder
from vms.keeper.acts.people import RecordConvention
from vms.keeper.arguments import Moment
from web.deps import Acting, Srv, Statement, Token, arguments


class WithdrawOrderIn(BaseModel):
    """The préfet's decision and its date."""

    reference: str = Field(min_length=1, max_length=200)
    date: Moment


class ChangeIn(BaseModel):
    """What has changed: moved, field, purpose, retention."""

    kind: str = Field(max_length=40)
    motive: str = Field(default="", max_length=200)


class ConsentIn(BaseModel):
    """The commune's decision and its date; ``agree`` false takes the consent back."""

    reference: str = Field(min_length=1, max_length=200)
    date: Moment
    agree: bool = True


router = APIRouter(prefix="/communes/{commune}", tags=["authorisations"])


@router.get("/authorisations")
async def authorisations(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """Orders with their dates, retention and purposes, and the commitment to the CNIL."""
    return await services.keeper.read(token, "orders")


@router.post("/authorisations", status_code=201)
async def record_order(
    commune: Acting, body: RecordOrder, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Record a prefectural order as its text says (P-20, P-25)."""
    return await services.keeper.act(token, "record_order", arguments(body), statement)


@router.post("/authorisations/{order}/withdraw")
async def withdraw_order(
    commune: Acting, order: str, body: WithdrawOrderIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Record that the préfet withdrew an order: its cameras stop at that date (P-27)."""
    return await services.keeper.act(token, "withdraw_order", {"order": order, **arguments(body)}, statement)


@router.post("/cameras/{camera_id}/changes", status_code=201)
async def declare_change(
    commune: Acting, camera_id: str, body: ChangeIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Declare a change of what the order was given for: the camera waits for its new order (P-27)."""
    return await services.keeper.act(token, "declare_change", {"camera": camera_id, **arguments(body)}, statement)


@router.get("/groupings")
async def groupings(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """Bodies that acquire or pool for the commune, and its consent to each (P-60)."""
    return await services.keeper.read(token, "groupings")


@router.post("/groupings", status_code=201)
async def record_grouping(
    commune: Acting, body: RecordGrouping, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Record a body with its members and its chair (P-60)."""
    return await services.keeper.act(token, "record_grouping", arguments(body), statement)


@router.post("/groupings/{grouping}/consent")
async def consent(
    commune: Acting, grouping: str, body: ConsentIn, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Record the commune's consent, or its end (P-60)."""
    return await services.keeper.act(token, "consent", {"grouping": grouping, **arguments(body)}, statement)


@router.post("/cnil", status_code=201)
async def record_cnil(
    commune: Acting, body: RecordCnil, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Record the commitment sent to the CNIL (P-23)."""
    return await services.keeper.act(token, "record_cnil", arguments(body), statement)


@router.post("/information", status_code=201)
async def inform_public(
    commune: Acting, body: InformPublic, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Set what the public page says of the commune (P-81)."""
    return await services.keeper.act(token, "inform_public", arguments(body), statement)


@router.get("/conventions")
async def conventions(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """Conventions between bodies, with their dates (P-61)."""
    return await services.keeper.read(token, "conventions")


@router.post("/conventions", status_code=201)
async def record_convention(
    commune: Acting, body: RecordConvention, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """Record a convention (P-61)."""
    return await services.keeper.act(token, "record_convention", arguments(body), statement)
