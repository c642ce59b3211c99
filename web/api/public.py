"""What anyone may read, signed in or not: a commune's page about its cameras (P-28, P-81)."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from vms.law.rulebook import Purpose, Words, rulebook
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
