"""What routes are given: the services built by ``deploy``, and the caller's session token."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends
from recorder.playback import Playback
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import HTTPConnection

from vms.clock import Clock
from vms.keeper.client import KeeperForWeb
from vms.settings import Settings
from web.permits import PermitBook
from web.security import token_of


@dataclass(slots=True)
class Services:
    """Everything a route may use; there is no other way to the keeper, the database or the store."""

    settings: Settings
    clock: Clock
    engine: AsyncEngine
    keeper: KeeperForWeb
    playback: Playback
    permits: PermitBook
    _permit_key: bytes | None = field(default=None, init=False)

    async def permit_key(self) -> bytes:
        """The keeper's public key, that permits are checked with; asked once."""
        if self._permit_key is None:
            self._permit_key = await self.keeper.permit_key()
        return self._permit_key


def _services(connection: HTTPConnection) -> Services:
    return cast(Services, connection.app.state.services)


def _token(connection: HTTPConnection) -> str:
    return token_of(connection)


Srv = Annotated[Services, Depends(_services)]
Token = Annotated[str, Depends(_token)]
