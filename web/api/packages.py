"""Evidence packages: built on a decided request, served sealed, opened in the agent's browser (P-38, P-74, E-31)."""

from __future__ import annotations

import base64
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel

from recorder.export.extraction import find_package
from vms.errors import NotFound, Refused
from vms.keeper.protocol import Act
from web.deps import Acting, Services, Srv, Statement, Token
from web.extractions import packages_dir
from web.fields import PageKey

router = APIRouter(tags=["packages"])


class ExtractionView(BaseModel):
    """How far an extraction is; ``error`` says why it stopped."""

    status: str
    done: int = 0
    total: int = 0
    error: dict[str, str] | None = None


class PageKeyIn(BaseModel):
    """The page's X25519 public key, base64."""

    public: PageKey


class PackageKeyView(BaseModel):
    """The package's name, and its key sealed to the page (base64, ``enc ‖ ct``; the permit's id is the aad)."""

    package: str
    permit: str
    sealed: str


@router.get("/communes/{commune}/seal.pem", response_class=Response)
async def seal_certificate(commune: Acting, token: Token, services: Srv) -> Response:
    """The certificate of the commune's seal, as it is to be published (E-30)."""
    found = await services.keeper.read(token, "seal")
    return Response(found["certificate"], media_type="application/x-pem-file")


@router.post("/requests/{request}/extract", status_code=202, response_model_exclude_none=True)
async def extract(request: str, token: Token, statement: Statement, services: Srv) -> ExtractionView:
    """Start the extraction of a decided request; refused with the rule, or for want of a step-up."""
    return ExtractionView.model_validate(await services.extractions.start(services, token, request, statement))


@router.get("/requests/{request}/package")
async def package(request: str, token: Token, services: Srv) -> FileResponse:
    """The sealed package as it lies; only the page that gets its key can open it."""
    found = await _extractable(services, token, request)
    path = find_package(packages_dir(services.settings.home), found["commune"], request)
    return FileResponse(
        path, media_type="application/octet-stream", filename=path.name, headers={"Cache-Control": "no-store"}
    )


@router.post("/requests/{request}/package/key")
async def package_key(
    request: str, body: PageKeyIn, token: Token, statement: Statement, services: Srv
) -> PackageKeyView:
    """The package's key, sealed to the page's own, which the page signed for; journalled as a communication."""
    found = await _extractable(services, token, request)
    admitted = await services.keeper.admit(
        token, Act.EXPORT, found["cameras"], found["from_us"], found["to_us"], request=request, statement=statement
    )
    try:
        name, sealed = await services.keeper.open_package(admitted.id, body.public)
    finally:
        await services.keeper.end([admitted.id])
    return PackageKeyView(package=name, permit=admitted.id, sealed=base64.b64encode(sealed).decode())


async def _extractable(services: Services, token: str, request: str) -> dict[str, Any]:
    """The request, with the commune acted for; Refused unless this person may extract it, NotFound without package."""
    found = await services.keeper.read(token, "request", {"request": request})
    acting = (await services.keeper.session(token)).acting
    if not found.get("may_extract") or acting is None:
        lapse = found.get("extract") or {}
        raise Refused(
            str(lapse.get("what") or "Vous ne pouvez pas extraire cette demande."),
            where=request,
            todo=str(lapse.get("todo", "")),
            rule=str(lapse.get("rule") or "P-74"),
        )
    if found["state"] != "packaged":
        raise NotFound("Le paquet de cette demande n’existe pas encore, ou n’existe plus.", where=request)
    return {**found, "commune": acting.commune}
