"""A session is held to the workstation that it was opened on (P-41, decision 0027)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from recorder.recording.playback import Playback
from recorder.store.attached import reading
from tests.integration.keeper_town import CHIEF, IMAGE_ACTS, MAYOR, PASSWORD, Town, town
from vms.db.engine import ensure_schema, open_engine
from vms.errors import Refused, Unauthenticated
from vms.keeper.elsewhere import tell_elsewhere
from vms.keeper.identity.signed_request import PageKey
from vms.keeper.identity.workstations import POST_LIMIT_CHARS, presented
from vms.settings import Settings
from web.app import create_app
from web.deps import Services
from web.permits import PermitBook
from web.security import COOKIE, POST_COOKIE

HERE, THERE = "h" * 32, "t" * 32


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path) as made:
        await made.order()
        await made.add("agent", "officer", IMAGE_ACTS)
        await made.act(CHIEF, "name_workstation", post=HERE, label="CSU 1")
        await made.act(CHIEF, "name_workstation", post=THERE, label="Accueil")
        yield made


async def opened(place: Town, post: str = HERE) -> str:
    """The bare token of a session of the agent on a workstation, acting for the commune."""
    token = (await place.web.sign_in("agent", PASSWORD, "192.0.2.1", post=post)).token
    await place.web.act_for(presented(token, post), "valclair", "5")
    return token


async def told(place: Town, count: int) -> list[dict[str, Any]]:
    """What the journal says of it once it says that much; the keeper's own round may be writing it just now."""
    await tell_elsewhere(place.keeper.house)
    async with asyncio.timeout(30):
        while True:
            entries = (await place.read(MAYOR, "journal", kind="session"))["entries"]
            found = [one["record"] for one in entries if one["record"]["act"] == "session_elsewhere"]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.02)


async def test_a_token_without_its_workstations_secret_opens_nothing(place: Town) -> None:
    token = await opened(place)
    for post in ("", THERE, HERE[:-1], HERE + "x", HERE.upper(), f"{HERE}~{HERE}", "~"):
        shown = presented(token, post)
        for attempt in (
            place.web.session(shown), place.web.extend(shown), place.web.read(shown, "cameras"),
            place.web.act_for(shown, "valclair", "5"), place.web.step_up(shown, PASSWORD), place.web.sign_out(shown),
            place.web.accounts.account(shown), place.web.act(shown, "end_sessions", {"person": "p", "motive": "x"}),
            place.web.admit(shown, "live", ["valclair-c01"]),
        ):  # fmt: skip
            with pytest.raises(Unauthenticated) as caught:
                await attempt
            assert "autre poste" in str(caught.value), post
    assert await place.web.session(presented(token, HERE)), "where it was opened it goes on"
    long = "x" * (2 * POST_LIMIT_CHARS)
    assert await place.web.session(presented(await opened(place, long), long)), "of a secret only so much is looked at"


async def test_it_is_journalled_with_both_workstations_and_shown_to_its_person(place: Town) -> None:
    token = await opened(place)
    for post in (THERE, THERE, ""):
        with pytest.raises(Unauthenticated):
            await place.web.session(presented(token, post))
    [entry] = await told(place, 1)
    assert (entry["author"]["person"], entry["author"]["workstation"]) == (place.people["agent"], "Accueil")
    assert (entry["detail"]["opened_on"], entry["detail"]["shown_by"]) == ("CSU 1", "Accueil")
    assert THERE not in str(entry)
    place.clock.advance(seconds=60)
    with pytest.raises(Unauthenticated):
        await place.web.session(token)
    assert sorted(one["detail"]["shown_by"] for one in await told(place, 2)) == ["?", "Accueil"]
    sessions = (await place.web.accounts.account(presented(token, HERE)))["sessions"]
    mine = next(one for one in sessions if one["current"])
    assert (mine["workstation"], mine["held"], mine["elsewhere_us"]) == ("CSU 1", True, place.clock.utc().us)
    assert not any(one["held"] for one in sessions if not one["current"]), "the command line has no workstation"


async def test_it_is_held_after_a_restart_too(place: Town) -> None:
    token = await opened(place)
    await place.restart()
    with pytest.raises(Unauthenticated):
        await place.web.session(presented(token, THERE))
    assert await place.web.session(presented(token, HERE))
    for path in (place.home / "keeper").iterdir():
        assert HERE.encode() not in path.read_bytes(), "its secret is kept nowhere"


async def test_what_its_page_signed_serves_nobody_elsewhere(place: Town) -> None:
    """A wish that was overheard, with the token: refused for the workstation, and not spent by it."""
    key = PageKey()
    token = (await place.web.sign_in("agent", PASSWORD, "192.0.2.1", post=HERE, key=key.public)).token
    session = await place.web.act_for(presented(token, HERE), "valclair", "5")
    acting = session.acting
    assert acting is not None
    signed = key.sign(
        session.id, session.moment, "live", cameras=("valclair-c01",), commune=acting.commune, purpose=acting.purpose,
        motive=acting.motive,
    )  # fmt: skip
    with pytest.raises(Unauthenticated):
        await place.web.admit(presented(token, THERE), "live", ["valclair-c01"], statement=signed)
    with pytest.raises(Refused) as caught:  # there is no such camera: the gate was asked
        await place.web.admit(presented(token, HERE), "live", ["valclair-c01"], statement=signed)
    assert caught.value.rule == "P-62"


@pytest.fixture
async def pages(place: Town, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The application's own routes; no cookie is kept by itself."""
    settings = Settings(home=tmp_path / "web")
    settings.make_dirs()
    engine = open_engine(settings.database_url)
    await ensure_schema(engine)
    services = Services(
        settings, place.clock, engine, place.web, Playback(engine, reading(settings), place.clock),
        PermitBook(place.web, place.clock),
    )  # fmt: skip
    transport = httpx.ASGITransport(create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost/api/v1") as client:
        yield client
    await engine.dispose()


async def test_a_stolen_cookie_is_refused_however_it_is_sent_and_the_command_line_goes_on(
    place: Town, pages: httpx.AsyncClient
) -> None:
    answer = await pages.post("/session", json={"login": "agent", "password": PASSWORD})
    token, post = answer.cookies[COOKIE], answer.cookies[POST_COOKIE]
    pages.cookies.clear()

    async def status(headers: dict[str, str]) -> tuple[int, str]:
        answer = await pages.get("/account", headers=headers)
        return answer.status_code, answer.text

    own = {"Cookie": f"{COOKIE}={token}; {POST_COOKIE}={post}"}
    assert (await status(own))[0] == 200
    stolen = (
        {"Cookie": f"{COOKIE}={token}"},
        {"Cookie": f"{COOKIE}={token}; {POST_COOKIE}={THERE}"},
        {"Cookie": f"{COOKIE}={token}~{THERE}; {POST_COOKIE}={THERE}"},
        {"Authorization": f"Bearer {token}"},
        {"Authorization": f"Bearer {token}", "Cookie": f"{POST_COOKIE}={post}"},
    )
    for headers in stolen:
        code, text = await status(headers)
        assert code == 401
        assert "autre poste" in text
    assert (await pages.get("/session", headers=stolen[0])).json() is None
    assert (await status(own))[0] == 200
    answer = await pages.post("/session/token", json={"login": "agent", "password": PASSWORD})
    assert (await status({"Authorization": f"Bearer {answer.json()['token']}"}))[0] == 200, "no workstation, none asked"
