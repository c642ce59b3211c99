"""The commune's key: who holds it, and the drill that shows that it still opens (A-14)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from web.deps import Acting, Srv, Token

router = APIRouter(tags=["keys"])


class DrillIn(BaseModel):
    """The signed-in holder's passphrase."""

    passphrase: str = Field(min_length=1, max_length=500)


@router.get("/communes/{commune}/key")
async def key(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """Who holds the commune's key, when each has shown it, and what is wanting."""
    told: dict[str, Any] = (await services.keeper.read(token, "retention"))["key"]
    return told


@router.post("/communes/{commune}/key/drill")
async def drill(commune: Acting, body: DrillIn, token: Token, services: Srv) -> dict[str, Any]:
    """Show that the passphrase opens the commune's key; nothing is unlocked by it, and the date is journalled."""
    return await services.keeper.drill_key(token, commune, body.passphrase)
