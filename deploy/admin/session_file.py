"""Where ``vms login`` keeps a person's session for the commands that act: a private file, never a password."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from getpass import getpass
from pathlib import Path
from typing import TypeVar

from deploy.admin.api_client import ApiClient
from vms.errors import Refused, StepUpNeeded, Unauthenticated
from vms.keeper.identity.signed_request import PageKey
from vms.vault.files import write_durably

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SavedSession:
    """One server, one person, the commune acted for; ``ca`` is the certificate to trust, if not a public one, ``key``
    what the session signs with.
    """

    url: str
    token: str
    commune: str = ""
    ca: str = ""
    key: str = ""

    def client(self) -> ApiClient:
        """A client that acts as this person."""
        key = PageKey.load(self.key) if self.key else None
        return ApiClient(self.url, self.token, key=key, verify=trust(self.ca))


def trust(ca: str) -> ssl.SSLContext | bool:
    """Whom to believe: the certificate file given, else the machine's authorities."""
    return ssl.create_default_context(cafile=ca) if ca else True


def session_path() -> Path:
    """``VMS_SESSION_FILE``, else ``guet/session.json`` under the account's state folder."""
    given = os.environ.get("VMS_SESSION_FILE")
    if given:
        return Path(given)
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "guet" / "session.json"


def act_for_commune(work: Callable[[ApiClient, str], Awaitable[T]]) -> T:
    """Do something as the signed-in person, given the commune's path; Refused when none was chosen (P-62).

    An act that wants the password again asks for it where a person types, and is then asked for once more.
    """
    saved = load()
    if not saved.commune:
        raise Refused("Vous n’agissez pour aucune commune.", todo="vms login … --commune COMMUNE", rule="P-62")

    async def run() -> T:
        async with saved.client() as client:
            path = f"/communes/{saved.commune}"
            try:
                return await work(client, path)
            except StepUpNeeded:
                if not sys.stdin.isatty():
                    raise
                password = await asyncio.to_thread(getpass, "Mot de passe, à nouveau : ")
                await client.post("/session/step-up", {"password": password})
                return await work(client, path)

    return asyncio.run(run())


def save(session: SavedSession) -> None:
    """Keep the session, readable by this account only."""
    path = session_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_durably(path, json.dumps(asdict(session)).encode())


def load() -> SavedSession:
    """The session kept; Unauthenticated when there is none."""
    try:
        return SavedSession(**json.loads(session_path().read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise Unauthenticated("Vous n’êtes pas connecté.", todo="Connectez-vous : vms login.") from error


def forget() -> None:
    """Remove the session kept."""
    session_path().unlink(missing_ok=True)
