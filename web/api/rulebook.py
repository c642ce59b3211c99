"""The rulebook's closed lists, in words, for forms: purposes, legal frames, grounds (L251-2, P-72, P-74)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from web.deps import Srv, Token

router = APIRouter(tags=["rulebook"])


@router.get("/purposes")
async def purposes(token: Token, services: Srv) -> dict[str, Any]:
    """The purposes of L251-2 with their number, words and regime (P-01)."""
    return await services.keeper.read(token, "purposes")


@router.get("/legal-frames")
async def legal_frames(token: Token, services: Srv) -> dict[str, Any]:
    """Legal frames with the fields each asks for, and the grounds on which each may be refused (P-72, P-74)."""
    return await services.keeper.read(token, "legal_frames")
