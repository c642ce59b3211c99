"""The commune's key: who holds it and by what means, and the drill that shows that it still opens (A-14)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from web.api.session import DeviceIn
from web.deps import Acting, Srv, Token

router = APIRouter(tags=["keys"])


class DrillIn(BaseModel):
    """The signed-in holder's passphrase, or a token of theirs."""

    passphrase: str = Field(default="", max_length=500)
    device: DeviceIn | None = None


class TokenIn(BaseModel):
    """A token that is to open the key too, by the holder's passphrase; ``key_label`` names a key that it has."""

    passphrase: str = Field(min_length=1, max_length=500)
    device: DeviceIn
    key_label: str = Field(default="", max_length=100)


class TokenOut(BaseModel):
    """The token to forget."""

    label: str = Field(min_length=1, max_length=32)


@router.get("/communes/{commune}/key")
async def key(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """Who holds the commune's key, when each has shown it, and what is wanting."""
    told: dict[str, Any] = (await services.keeper.read(token, "retention"))["key"]
    return told


@router.post("/communes/{commune}/key/drill")
async def drill(commune: Acting, body: DrillIn, token: Token, services: Srv) -> dict[str, Any]:
    """Show that passphrase or token opens the commune's key; nothing is unlocked by it, and the date is journalled."""
    if body.device is not None:
        return await services.keeper.accounts.drill_token(token, commune, body.device.model_dump())
    return await services.keeper.drill_key(token, commune, body.passphrase)


@router.post("/communes/{commune}/key/tokens")
async def add_token(commune: Acting, body: TokenIn, token: Token, services: Srv) -> dict[str, Any]:
    """Have the commune's key wrapped for a token of the signed-in holder; nothing is unlocked by it."""
    device = body.device.model_dump()
    return await services.keeper.accounts.add_token(token, commune, body.passphrase, device, body.key_label)


@router.post("/communes/{commune}/key/tokens/remove")
async def remove_token(commune: Acting, body: TokenOut, token: Token, services: Srv) -> dict[str, Any]:
    """Forget a token of the signed-in holder."""
    return await services.keeper.accounts.remove_token(token, commune, body.label)
