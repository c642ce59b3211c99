"""What a demonstration tells at its door: its accounts. A real service has none, and answers with an empty list."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from web.deps import DemoAccount, Srv

router = APIRouter(tags=["session"])


class DemoView(BaseModel):
    """The accounts of a demonstration, in the order in which its story needs them."""

    accounts: tuple[DemoAccount, ...]


@router.get("/demo")
async def demo(services: Srv) -> DemoView:
    """The demonstration's accounts, passwords included: they protect invented communes only."""
    return DemoView(accounts=services.demo_accounts)
