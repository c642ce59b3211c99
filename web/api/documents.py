"""Documents drawn from the live state: for whom, about what, as PDF/A or as data (P-29). The keeper judges who may."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response

from vms.documents.render import FORMATS, file_name, render
from web.deps import Acting, Srv, Token
from web.documents_archive import archive
from web.measures import measured

router = APIRouter(prefix="/communes/{commune}/documents", tags=["documents"])
DAY: Final = r"^\d{4}-\d{2}-\d{2}$"
# Setting a long document takes seconds of a core: one after the other.
TURN: Final = asyncio.Lock()


@router.get("")
async def documents(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """The documents that the caller may have, and what there is to choose for each."""
    return await services.keeper.read(token, "documents")


@router.get("/archive")
async def whole(commune: Acting, token: Token, services: Srv) -> Response:
    """Every document that the caller may have, PDF and data, in one ZIP file; each is an entry of the journal."""
    found = (await measured(services.engine, commune)).model_dump_json().encode()
    async with TURN:
        file = await archive(services.keeper, token, commune, found, services.site_plans)
    name = f"documents-{commune}-{services.clock.utc().iso()[:10]}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(file, media_type="application/zip", headers=headers)


@router.get("/{kind}")
async def document(
    commune: Acting,
    kind: str,
    token: Token,
    services: Srv,
    form: Literal["pdf", "json", "csv"] = "pdf",
    day: Annotated[str | None, Query(pattern=DAY)] = None,
    first: Annotated[str | None, Query(pattern=DAY)] = None,
    last: Annotated[str | None, Query(pattern=DAY)] = None,
    year: Annotated[int | None, Query(ge=2000, le=9998)] = None,
    order: Annotated[str | None, Query(max_length=80)] = None,
) -> Response:
    """One document as a file; making it is an entry of the journal, with the digest of its data."""
    given = {"day": day, "first": first, "last": last, "year": year, "order": order}
    asked = {name: value for name, value in given.items() if value not in (None, "")}
    found = (await measured(services.engine, commune)).model_dump_json().encode()
    data = await services.keeper.make_document(token, kind, asked, found)
    async with TURN:
        file = await asyncio.to_thread(render, data, form)
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name(data, form)}"',
        "Cache-Control": "no-store",
    }
    return Response(file, media_type=FORMATS[form], headers=headers)
