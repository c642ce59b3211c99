"""What a commune's street panel leads to: the address of its public page, and the same as a QR code (P-80, P-81)."""

from __future__ import annotations

from typing import Annotated

import segno
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel

from web.api.public import CACHE
from web.deps import Srv

router = APIRouter(tags=["public"], prefix="/public")


class PanelCode(BaseModel):
    """Both empty while the service's public address is not set: a panel must not lead to a wrong place for years."""

    address: str
    code: str


@router.get("/communes/{commune}/panel")
async def panel_code(commune: Annotated[str, Path(max_length=80)], services: Srv, response: Response) -> PanelCode:
    """The public page's address and its QR code (SVG as a data: URI); 404 for a commune that is not on this service."""
    told = await services.keeper.public_page(commune)
    response.headers["Cache-Control"] = CACHE
    # Never the address that the caller came by, which is the caller's to choose.
    public_url = services.settings.public_url.rstrip("/")
    if not public_url:
        return PanelCode(address="", code="")
    address = f"{public_url}/information/{told['commune']}"
    # A quarter of it may be dirty or scratched.
    code = segno.make(address, error="q", micro=False)
    return PanelCode(address=address, code=code.svg_data_uri(scale=8, border=4, light="#fff"))
