"""What anyone may read and ask, signed in or not: a commune's page about its cameras, and the form by which a filmed
person exercises a right (P-28, P-81…P-85).
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from vms.law.rulebook import Purpose, Words, rulebook
from web.client_address import address_of
from web.deps import Srv

router = APIRouter(tags=["public"], prefix="/public")
# A page that changes with an order may be a minute old: who asks often is answered by a cache on the way.
CACHE: Final = "public, max-age=60"


class PublicOrder(BaseModel):
    """An authorisation in force; instants in µs UTC."""

    reference: str
    prefect: str
    from_us: int
    until_us: int
    max_days: int
    recipients: list[Words]


class PublicPage(BaseModel):
    """A commune's page: who answers, for which purposes, how long, under which orders. No place, no picture."""

    commune: str
    name: str
    controller: str
    officer: str
    rights: str
    cnil_reference: str
    cameras: int
    purposes: list[Purpose]
    orders: list[PublicOrder]


@router.get("/communes/{commune}")
async def public_page(commune: Annotated[str, Path(max_length=80)], services: Srv, response: Response) -> PublicPage:
    """The commune's page; 404 for one that is not on this service."""
    told, book = await services.keeper.public_page(commune), rulebook()
    response.headers["Cache-Control"] = CACHE
    orders = [one | {"recipients": [book.recipient[name] for name in one["recipients"]]} for one in told["orders"]]
    purposes = [one for one in book.purposes if one.id in told["purposes"]]
    return PublicPage.model_validate(told | {"orders": orders, "purposes": purposes})


class FileIn(BaseModel):
    """A filmed person's request: a right, a place in words, an hour at most (µs UTC), how to know and answer them."""

    right: str = Field(max_length=40)
    place: str = Field(min_length=1, max_length=200)
    from_us: int = Field(ge=0)
    to_us: int = Field(ge=0)
    description: str = Field(min_length=1, max_length=600)
    name: str = Field(min_length=1, max_length=200)
    answer: str = Field(pattern="^(post|email)$")
    contact: str = Field(min_length=1, max_length=600)


class Filed(BaseModel):
    """The request's number and its follow-up code, told this once; ``held`` says whether its range is frozen."""

    number: str
    code: str
    held: bool
    identity_by_us: int
    answer_by_us: int


class FollowIn(BaseModel):
    """A follow-up code as it was typed."""

    code: str = Field(max_length=100)


class Followed(BaseModel):
    """Where a request is, in words of a closed list and dates; nothing of what the person told."""

    number: str
    right: str
    state: str
    filed_us: int
    identity_by_us: int
    answer_by_us: int
    extension: str
    held: bool
    outcome: str
    decided_us: int | None


@router.post("/communes/{commune}/access", status_code=201)
async def file_access(
    commune: Annotated[str, Path(max_length=80)], body: FileIn, request: Request, services: Srv
) -> Filed:
    """Make a filmed person's request; without account, document or picture. 429 once too many came (P-82, P-85)."""
    return Filed.model_validate(await services.keeper.file_access(commune, address_of(request), body.model_dump()))


@router.post("/communes/{commune}/access/follow")
async def follow_access(
    commune: Annotated[str, Path(max_length=80)], body: FollowIn, request: Request, services: Srv
) -> Followed:
    """The state of the request that a code belongs to; 404 for any other. The code is never in an address."""
    return Followed.model_validate(await services.keeper.follow_access(commune, address_of(request), body.code))
