"""The ``vms`` command as a person of the town: through the application's own routes, in this process."""

from __future__ import annotations

import asyncio
import io
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

import httpx
import pytest

from deploy import cli
from deploy.admin import session_file
from deploy.admin.api_client import API, ApiClient
from recorder.recording.playback import Playback
from recorder.store.attached import reading
from tests.integration.keeper_town import Town
from vms.db.engine import open_engine
from vms.keeper.clients.audiences import KeeperForWeb
from vms.settings import Settings
from web.app import create_app
from web.deps import Services
from web.permits import PermitBook


def client_of(place: Town, token: str) -> ApiClient:
    """A client of the town's routes; its keeper's connections belong to the loop that it is used in."""
    keeper, settings = KeeperForWeb(place.run / "k-web.sock"), Settings(home=place.home)
    engine = open_engine(f"sqlite+aiosqlite:///{place.home / 'g.sqlite'}")
    playback = Playback(engine, reading(settings), place.clock)
    app = create_app(Services(settings, place.clock, engine, keeper, playback, PermitBook(keeper, place.clock)))
    client = ApiClient("http://localhost", token)
    client._http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://localhost{API}")
    return client


async def vms(place: Town, login: str, *arguments: str, typed: str = "", signing: bool = False) -> tuple[int, str, str]:
    """Run the command in a thread of its own, as that person; exit code, stdout, stderr.

    ``typed`` is what they type; ``signing``: with the key that their page made at sign-in.
    """

    def client() -> ApiClient:
        made = client_of(place, place.tokens[login])
        if signing:
            made.key = place.web._keys[place.tokens[login]]
        return made

    def run() -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), out.getvalue(), err.getvalue()

    with (
        mock.patch.object(session_file, "load", return_value=mock.Mock(commune="valclair", client=client)),
        mock.patch("sys.argv", ["vms", *arguments]),
        mock.patch("sys.stdin", io.StringIO(typed)),
    ):
        return await asyncio.to_thread(run)
