"""Prefectural orders, the commitment to the CNIL, and conventions: what the gate's dates come from."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from vms.keeper.acts.orders import RecordCnil, RecordOrder
from vms.keeper.acts.people import RecordConvention
from web.deps import Acting, Srv, Token, arguments

router = APIRouter(prefix="/communes/{commune}", tags=["authorisations"])


@router.get("/authorisations")
async def authorisations(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """Orders with their dates, retention and purposes, and the commitment to the CNIL."""
    return await services.keeper.read(token, "orders")


@router.post("/authorisations", status_code=201)
async def record_order(commune: Acting, body: RecordOrder, token: Token, services: Srv) -> dict[str, Any]:
    """Record a prefectural order as its text says (P-20, P-25)."""
    return await services.keeper.act(token, "record_order", arguments(body))


@router.post("/cnil", status_code=201)
async def record_cnil(commune: Acting, body: RecordCnil, token: Token, services: Srv) -> dict[str, Any]:
    """Record the commitment sent to the CNIL (P-23)."""
    return await services.keeper.act(token, "record_cnil", arguments(body))


@router.get("/conventions")
async def conventions(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """Conventions between bodies, with their dates (P-61)."""
    return await services.keeper.read(token, "conventions")


@router.post("/conventions", status_code=201)
async def record_convention(commune: Acting, body: RecordConvention, token: Token, services: Srv) -> dict[str, Any]:
    """Record a convention (P-61)."""
    return await services.keeper.act(token, "record_convention", arguments(body))
