"""The web application: API under /api/v1, the built pages beside it, one strict policy over both."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from web import metrics, problems
from web.api import (
    account,
    authorisations,
    cameras,
    demo,
    documents,
    emergency,
    events,
    federation,
    journal,
    keys,
    live,
    packages,
    panel,
    panel_photo,
    pending,
    people,
    provisioning,
    public,
    replay,
    requests,
    retention,
    rulebook,
    session,
    siting,
    storage,
)
from web.body_limit import BodyLimit, BodyLimits
from web.contract_marks import mark
from web.deps import Services
from web.reader import READER_NAME
from web.security import SecurityMiddleware

API: Final = "/api/v1"
PAGES: Final = Path(__file__).parent / "ui" / "dist"
PAGES_MISSING: Final = "Les pages ne sont pas construites : lancez `make ready`."
ROUTERS: Final[tuple[APIRouter, ...]] = (
    session.router,
    account.router,
    federation.router,
    demo.router,
    cameras.router,
    provisioning.router,
    authorisations.router,
    people.router,
    emergency.router,
    pending.router,
    journal.router,
    retention.router,
    keys.router,
    documents.router,
    siting.router,
    storage.router,
    rulebook.router,
    public.router,
    panel.router,
    panel_photo.router,
    requests.router,
    packages.router,
    live.router,
    replay.router,
    events.router,
)


def create_app(services: Services | None, pages: Path = PAGES, body_limits: BodyLimits | None = None) -> FastAPI:
    """The application; ``services`` is None only to print the contract (``web.openapi``)."""
    app = FastAPI(
        title="Guet",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{API}/openapi.json",
        responses=problems.RESPONSES,
        separate_input_output_schemas=False,
    )
    app.state.services = services
    app.add_middleware(BodyLimit, limits=body_limits or BodyLimits())
    app.add_middleware(SecurityMiddleware)
    problems.install(app)
    for router in ROUTERS:
        mark(router.routes)
        app.include_router(router, prefix=API)
    app.include_router(metrics.router)
    _serve_pages(app, pages)
    return app


def _serve_pages(app: FastAPI, pages: Path) -> None:
    """The single-page application: hashed assets as files, every other path its one HTML page."""
    if (pages / "assets").is_dir():
        app.mount("/assets", StaticFiles(directory=pages / "assets"), name="assets")

    @app.get("/{path:path}", include_in_schema=False)
    async def page(path: str) -> FileResponse:
        if path.startswith(("api/", "assets/")):
            raise HTTPException(404)
        index = pages / "index.html"
        if not index.is_file():
            raise HTTPException(503, PAGES_MISSING)
        icon = pages / path
        if path in ("favicon.svg", "robots.txt") and icon.is_file():
            return FileResponse(icon)
        if path == READER_NAME and icon.is_file():
            # To be saved, never shown from here: it is handed over on a medium of its own (T-14).
            return FileResponse(icon, filename=READER_NAME)
        return FileResponse(index)
