"""What routes are given: the services built by ``deploy``, and the caller's session token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, cast

from fastapi import Depends
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import ClientDisconnect, HTTPConnection, Request

from recorder.live.relay import Relay
from recorder.recording.playback import Playback
from vms.clock import Clock
from vms.errors import BadInput, Refused
from vms.keeper.clients.audiences import KeeperForWeb
from vms.settings import Settings
from web.client_address import Proxies, networks_of
from web.extractions import Extractions
from web.kept_files import KeptFiles
from web.panel_photos import PanelPhotos
from web.permits import PermitBook
from web.security import statement_of, token_of


class DemoAccount(BaseModel):
    """An account of the demonstration that its sign-in page offers: whose it is, and what it can do."""

    login: str
    password: str
    label: str
    communes: tuple[str, ...]
    does: str


@dataclass(slots=True)
class Services:
    """Everything a route may use; there is no other way to the keeper, the database or the store."""

    settings: Settings
    clock: Clock
    engine: AsyncEngine
    keeper: KeeperForWeb
    playback: Playback
    permits: PermitBook
    demo_accounts: tuple[DemoAccount, ...] = ()
    extractions: Extractions = field(default_factory=Extractions)
    proxies: Proxies = field(init=False)
    relay: Relay = field(init=False)
    panel_photos: PanelPhotos = field(init=False)
    site_plans: KeptFiles = field(init=False)
    _permit_key: bytes | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.proxies = networks_of(self.settings.trusted_proxies)
        self.relay = Relay(self.engine, self.settings)
        self.panel_photos = PanelPhotos(self.settings.home)
        self.site_plans = KeptFiles(self.settings.home / "plans", "", "Ce plan", "P-22")

    async def permit_key(self) -> bytes:
        """The keeper's public key, that permits are checked with; asked once."""
        if self._permit_key is None:
            self._permit_key = await self.keeper.permit_key()
        return self._permit_key


def _services(connection: HTTPConnection) -> Services:
    return cast(Services, connection.app.state.services)


def _token(connection: HTTPConnection) -> str:
    return token_of(connection)


def _statement(connection: HTTPConnection) -> str:
    return statement_of(connection)


Srv = Annotated[Services, Depends(_services)]
Token = Annotated[str, Depends(_token)]
Statement = Annotated[str, Depends(_statement)]


async def _acting(commune: str, token: Token, services: Srv) -> str:
    await require_acting(services, token, commune)
    return commune


async def require_acting(services: Services, token: str, commune: str) -> None:
    """Refuse unless ``commune`` is the one acted for: one commune of authority at a time (P-62)."""
    acting = (await services.keeper.session(token)).acting
    if acting is None or acting.commune != commune:
        raise Refused(
            "Vous n’agissez pas pour cette commune.", where=commune[:64], todo="Choisissez-la d’abord.", rule="P-62"
        )


Acting = Annotated[str, Depends(_acting)]


def arguments(body: BaseModel) -> dict[str, Any]:
    """A body as an act's arguments, under the names the keeper reads."""
    return body.model_dump(mode="json", by_alias=True, exclude_unset=True)


async def body_of(request: Request, limit_bytes: int) -> bytes:
    """An upload, read no further than past its limit: whoever judges it sees that it is too long."""
    data = bytearray()
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > limit_bytes:
                break
    except ClientDisconnect as error:
        raise BadInput("L’envoi s’est arrêté en chemin.", todo="Recommencez.") from error
    return bytes(data)
