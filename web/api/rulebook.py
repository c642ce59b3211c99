"""The rulebook's closed lists, in words, for forms: purposes, legal frames, grounds (L251-2, P-72, P-74)."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from vms.law.rulebook import LegalFrame, Purpose, RefusalGround, rulebook
from web.deps import Srv, Token

router = APIRouter(tags=["rulebook"])


class PurposesView(BaseModel):
    """The purposes of L251-2 with their number, words and regime."""

    purposes: tuple[Purpose, ...]


class LegalFramesView(BaseModel):
    """Legal frames, the grounds on which each may be refused, and the procedures that a hold may serve."""

    frames: dict[str, LegalFrame]
    grounds: dict[str, RefusalGround]
    hold_procedures: dict[str, str]


@router.get("/purposes")
async def purposes(token: Token, services: Srv) -> PurposesView:
    """The purposes of L251-2 (P-01); a signed-in person needs them before choosing a commune."""
    await services.keeper.session(token)
    return PurposesView(purposes=tuple(rulebook().purposes))


@router.get("/legal-frames")
async def legal_frames(token: Token, services: Srv) -> LegalFramesView:
    """Legal frames with the fields each asks for, and the grounds of a refusal (P-72, P-74)."""
    await services.keeper.session(token)
    book = rulebook()
    return LegalFramesView(
        frames=dict(book.legal_frame), grounds=dict(book.refusal_ground), hold_procedures=dict(book.hold_procedure)
    )
