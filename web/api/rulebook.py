"""The rulebook's closed lists, in words, for forms: purposes, legal frames, grounds (L251-2, P-72, P-74)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from vms.law.rulebook import (
    ConventionRule,
    GroupingRule,
    LegalFrame,
    ModificationRule,
    ObjectiveLevel,
    PoolingForm,
    Purpose,
    RefusalGround,
    Words,
    rulebook,
)
from web.deps import Acting, Srv, Token

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


class TermsView(BaseModel):
    """What the papers may name: of an order (P-05, P-25…P-27), a body (P-60), a convention (P-61), a camera (T-15)."""

    regimes: dict[str, Words]
    recipients: dict[str, Words]
    provisional_grounds: dict[str, Words]
    modifications: dict[str, ModificationRule]
    objectives: dict[str, ObjectiveLevel]
    groupings: dict[str, GroupingRule]
    members: dict[str, Words]
    conventions: dict[str, ConventionRule]
    pooling_forms: dict[str, PoolingForm]


@router.get("/terms")
async def terms(token: Token, services: Srv) -> TermsView:
    """The closed lists that forms for legal papers choose from (P-25, P-27, P-60, P-61)."""
    await services.keeper.session(token)
    book = rulebook()
    return TermsView(
        regimes=dict(book.regime),
        recipients=dict(book.recipient),
        provisional_grounds=dict(book.provisional_ground),
        modifications=dict(book.modification),
        objectives=dict(book.objective),
        groupings=dict(book.grouping),
        members=dict(book.member),
        conventions=dict(book.convention),
        pooling_forms=dict(book.pooling_form),
    )


@router.get("/communes/{commune}/explanations")
async def explanation(
    commune: Acting,
    token: Token,
    services: Srv,
    person: Annotated[str, Query(max_length=300)],
    act: Annotated[str, Query(max_length=20)],
    camera: Annotated[str, Query(max_length=80)],
    at: Annotated[str | None, Query(max_length=40)] = None,
    purpose: Annotated[str, Query(max_length=3)] = "",
    request: Annotated[str | None, Query(max_length=80)] = None,
) -> dict[str, Any]:
    """Whether a person might do that act on that camera at that instant (now by default), element by element, by the
    facts as they were then recorded; no picture, and the question is journalled (D-12).
    """
    asked = {"person": person, "act": act, "camera": camera, "purpose": purpose, "at": at, "request": request}
    return await services.keeper.read(token, "explain", {k: v for k, v in asked.items() if v is not None})


@router.get("/communes/{commune}/explanations/mine")
async def own_explanation(
    commune: Acting,
    token: Token,
    services: Srv,
    act: Annotated[str, Query(max_length=20)],
    camera: Annotated[str, Query(max_length=80)],
    at: Annotated[str | None, Query(max_length=40)] = None,
    purpose: Annotated[str, Query(max_length=3)] = "",
) -> dict[str, Any]:
    """The same about the caller: why one's own act is refused (P-58); journalled too (D-12)."""
    asked = {"act": act, "camera": camera, "purpose": purpose, "at": at}
    return await services.keeper.read(token, "explain_mine", {k: v for k, v in asked.items() if v is not None})
