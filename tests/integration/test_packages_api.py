"""The package over HTTP: started, followed, downloaded sealed, opened with the key that only the page gets (P-74)."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from recorder.recording.playback import Playback
from recorder.store.attached import reading
from tests.integration.keeper_town import MAYOR, PASSPHRASE, Town
from tests.integration.signing_pages import sign_calls
from tests.integration.test_extraction import SECOND, Scene, scene, vkey_of
from tests.judges.forgery import entries_of
from tests.peers.timestamping import Authority, served
from vms.evidence.sealed import open_parts
from vms.evidence.verify import verify_package
from vms.keeper.protocol import PACKAGE_WINDOW_INFO
from vms.keys.wrapping import generate_peer_key, open_from
from vms.settings import Settings
from web.app import create_app
from web.deps import Services
from web.extractions import packages_dir
from web.permits import PermitBook

DEADLINE_S = 60
__all__ = ["scene"]


class Pages:
    """The application's own routes, as a person's page calls them."""

    def __init__(self, made: Scene) -> None:
        place, rig = made.place, made.rig
        offset_s = round(place.clock.utc().us / SECOND - time.time())
        settings = Settings(home=rig.home, test_clock_offset_s=offset_s)
        playback = Playback(rig.engine, reading(settings), place.clock)
        self.services = Services(
            settings, place.clock, rig.engine, place.web, playback, PermitBook(place.web, place.clock)
        )
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(create_app(self.services)), base_url="http://localhost/api/v1", timeout=60
        )
        sign_calls(self._client, place)
        self._tokens = place.tokens

    async def call(self, login: str, method: str, path: str, **given: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._tokens[login]}"} | given.pop("headers", {})
        return await self._client.request(method, path, headers=headers, **given)

    async def finished(self, login: str, request: str) -> dict[str, Any]:
        """The request once its extraction has ended."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                found: dict[str, Any] = (await self.call(login, "GET", f"/requests/{request}")).json()
                if found["package"]["progress"]["status"] != "running":
                    return found
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        await self.services.extractions.stop()
        await self._client.aclose()


async def opened(place: Town, pages: Pages, login: str, request: str) -> bytes:
    """A package in clear, as the page of whoever extracts it opens it."""
    sealed = await pages.call(login, "GET", f"/requests/{request}/package")
    private, public = generate_peer_key()
    named = base64.b64encode(public).decode()
    signed = await place.web.statement(place.tokens[login], "export", request=request, public=named)
    path, headers = f"/requests/{request}/package/key", {"Guet-Statement": signed}
    told = (await pages.call(login, "POST", path, json={"public": named}, headers=headers)).json()
    key = open_from(private, base64.b64decode(told["sealed"]), PACKAGE_WINDOW_INFO, told["permit"].encode())
    return b"".join(open_parts(BytesIO(sealed.content), told["package"], key))


@pytest.fixture
async def pages(scene: Scene) -> AsyncIterator[Pages]:
    made = Pages(scene)
    yield made
    await made.close()


async def test_the_whole_way_over_http(scene: Scene, pages: Pages, tmp_path: Path) -> None:
    await scene.place.web.unlock(scene.place.tokens[MAYOR], "valclair", PASSPHRASE)
    await scene.record()
    request = await scene.approved()
    early = await pages.call("agent", "GET", f"/requests/{request}/package")
    assert early.status_code == 404
    authority = await asyncio.to_thread(Authority, tmp_path / "tsa")
    with served(authority.answer) as server:
        pages.services.settings.timestamp_url = server.url
        pages.services.settings.timestamp_ca = authority.folder / "ca.pem"
        started = await pages.call("agent", "POST", f"/requests/{request}/extract")
        assert started.status_code == 202, started.text
        again = await pages.call("agent", "POST", f"/requests/{request}/extract")
        assert again.status_code in (202, 409)
        found = await pages.finished("agent", request)
    assert found["package"]["progress"]["status"] == "done"
    assert found["state"] == "packaged"
    sealed = await pages.call("agent", "GET", f"/requests/{request}/package")
    assert sealed.headers["cache-control"] == "no-store"
    private, public = generate_peer_key()
    named = base64.b64encode(public).decode()
    signed = await scene.place.web.statement(scene.place.tokens["agent"], "export", request=request, public=named)
    headers = {"Guet-Statement": signed}
    answer = await pages.call(
        "agent", "POST", f"/requests/{request}/package/key", json={"public": named}, headers=headers
    )
    told = answer.json()
    key = open_from(private, base64.b64decode(told["sealed"]), PACKAGE_WINDOW_INFO, told["permit"].encode())
    package = tmp_path / "p.zip"
    package.write_bytes(b"".join(open_parts(BytesIO(sealed.content), told["package"], key)))
    report = verify_package(package, await vkey_of(scene.place))
    assert report.verdict == "authentic"
    assert "horodatage : le cachet existait le" in report.text()
    published = await pages.call("secretariat", "GET", "/communes/valclair/seal.pem")
    assert entries_of(package.read_bytes())["signer.pem"] == published.content


async def test_no_token_no_package_and_the_agent_may_start_again(scene: Scene, pages: Pages, tmp_path: Path) -> None:
    await scene.place.web.unlock(scene.place.tokens[MAYOR], "valclair", PASSPHRASE)
    await scene.record(2)
    request = await scene.approved()
    authority = await asyncio.to_thread(Authority, tmp_path / "tsa")
    pages.services.settings.timestamp_ca = authority.folder / "ca.pem"
    with served(lambda query: b"") as server:
        pages.services.settings.timestamp_url = server.url
        await pages.call("agent", "POST", f"/requests/{request}/extract")
        found = await pages.finished("agent", request)
    assert found["package"]["progress"]["error"]["rule"] == "E-10"
    assert found["state"] == "approved"
    assert not list(packages_dir(pages.services.settings.home).rglob("*guetpkg*"))
    pages.services.settings.timestamp_url = ""
    await pages.call("agent", "POST", f"/requests/{request}/extract")
    assert (await pages.finished("agent", request))["state"] == "packaged"


async def test_who_may_not_extract_gets_neither_bytes_nor_key(scene: Scene, pages: Pages) -> None:
    await scene.place.web.unlock(scene.place.tokens[MAYOR], "valclair", PASSPHRASE)
    await scene.record(2)
    request = await scene.approved()
    assert (await pages.call("agent", "POST", f"/requests/{request}/extract")).status_code == 202
    await pages.finished("agent", request)
    key = {"public": base64.b64encode(bytes(range(32))).decode()}
    for method, path, body in (
        ("POST", f"/requests/{request}/extract", None),
        ("GET", f"/requests/{request}/package", None),
        ("POST", f"/requests/{request}/package/key", key),
    ):
        refused = await pages.call("secretariat", method, path, json=body)
        assert refused.status_code == 403, path
        assert refused.json()["rule"]


async def test_a_refusal_is_told_to_whoever_started(scene: Scene, pages: Pages) -> None:
    await scene.record(2)
    request = await scene.approved()
    locked = await pages.call("agent", "POST", f"/requests/{request}/extract")
    assert locked.status_code == 503
    found = await pages.finished("agent", request)
    assert found["package"]["progress"]["status"] == "failed"
    assert found["package"]["progress"]["error"]["what"]
    unknown = await pages.call("agent", "POST", "/requests/d-0000000000000000/extract")
    assert unknown.status_code in (403, 404)
    wrong = await pages.call("agent", "POST", f"/requests/{request}/package/key", json={"public": "x" * 44})
    assert wrong.status_code == 400
