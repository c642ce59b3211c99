"""The journal as its readers see it, and its tree as anyone may check it (P-40, E-01…E-05)."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

from web.deps import Acting, Srv, Token
from web.journal_archive import write_archive

router = APIRouter(prefix="/communes/{commune}/journal", tags=["journal"])
PAGE_MAX = 200


@router.get("")
async def entries(
    commune: Acting,
    token: Token,
    services: Srv,
    before: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    kind: Annotated[str, Query(max_length=20)] = "",
    act: Annotated[str, Query(max_length=40)] = "",
    person: Annotated[str, Query(max_length=64)] = "",
    camera: Annotated[str, Query(max_length=80)] = "",
) -> dict[str, Any]:
    """Entries, newest first, filtered; reading the journal is itself journalled (D-12)."""
    args = {"before": before, "limit": limit, "kind": kind, "act": act, "person": person, "camera": camera}
    return await services.keeper.read(token, "journal", {k: v for k, v in args.items() if v not in ("", None)})


@router.get("/export")
async def export(
    commune: Acting,
    token: Token,
    services: Srv,
    log: Annotated[str | None, Query(pattern=r"^\d{4}-T[1-4]$")] = None,
) -> FileResponse:
    """One quarter of the journal (the open one by default) as CSV and JSON, signed, with all that proves it (D-13)."""
    folder = Path(tempfile.mkdtemp(prefix="guet-journal-"))
    try:
        path = await write_archive(services.keeper, token, log, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    gone = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
    return FileResponse(path, media_type="application/zip", filename=path.name, background=gone)


@router.get("/review")
async def review(
    commune: Acting, token: Token, services: Srv, days: Annotated[int, Query(ge=1, le=31)] = 30
) -> dict[str, Any]:
    """Questions that the last days' entries raise; for the auditor alone, and nothing by person (D-12, D-33)."""
    return await services.keeper.read(token, "journal_review", {"days": days})


@router.get("/checkpoint")
async def checkpoint(commune: Acting, token: Token, services: Srv) -> dict[str, Any]:
    """The signed head of the journal's tree."""
    return await services.keeper.read(token, "journal_checkpoint")


@router.get("/proof")
async def proof(commune: Acting, token: Token, services: Srv, entry: Annotated[int, Query(ge=1)]) -> dict[str, Any]:
    """The inclusion proof of one entry."""
    return await services.keeper.read(token, "journal_proof", {"seq": entry})


@router.get("/tile/{kind}")
async def tile(
    commune: Acting,
    token: Token,
    services: Srv,
    kind: Literal["hashes", "entries"],
    log: Annotated[str, Query(max_length=40)],
    n: Annotated[int, Query(ge=0)],
    level: Annotated[int, Query(ge=0, le=8)] = 0,
) -> dict[str, Any]:
    """One tile of the tree (C2SP tlog-tiles)."""
    asked = {"log": log, "level": "entries" if kind == "entries" else level, "index": n}
    return await services.keeper.read(token, "journal_tile", asked)


@router.get("/records/{n}")
async def records(
    commune: Acting, token: Token, services: Srv, n: int, log: Annotated[str, Query(max_length=40)]
) -> dict[str, Any]:
    """The records of one entry bundle with their salts, for whoever verifies a copy (D-13)."""
    return await services.keeper.read(token, "journal_records", {"log": log, "index": n})
