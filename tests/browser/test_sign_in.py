"""Signing in without a password, as a person does it: a real Chromium with its own virtual authenticator (A-05)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, CDPSession, Locator, Page, expect

from deploy.demo.run import free_port, machine
from deploy.demo.setup import start_communes
from deploy.demo.town import PASSWORD
from tests.browser.axe import violations
from tests.browser.chromium import DESKTOP, chromium, open_page, sign_in
from vms.settings import Settings

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
MAYOR = "maire.valclair"
KEY: dict[str, Any] = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, Browser]]:
    """A machine without cameras, on http://localhost as the demonstration is, and a browser."""
    port = free_port()
    url = f"http://localhost:{port}"
    settings = Settings(home=tmp_path_factory.mktemp("g"), port=port, public_url=url, demo=True, recorders=1)
    settings.make_dirs()
    async with machine(settings, asyncio.Event()), chromium() as browser:
        await start_communes(settings)
        yield url, browser


async def authenticator(page: Page) -> tuple[CDPSession, str]:
    """A platform authenticator in the page's browser, and its id."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    return session, made["authenticatorId"]


def dialog(page: Page) -> Locator:
    """The topmost dialog."""
    return page.get_by_role("dialog").last


async def add_passkey(page: Page, name: str) -> None:
    """Through the account page; the confirmation is the caller's."""
    await page.get_by_role("button", name="Ajouter une clé d’accès").click()
    await dialog(page).get_by_label("Nom de la clé").fill(name)
    await page.keyboard.press("Enter")


async def test_a_passkey_is_registered_signs_in_confirms_and_is_removed(place: tuple[str, Browser]) -> None:
    url, browser = place
    watched = await open_page(browser, url, viewport=DESKTOP, reduced_motion="reduce")
    page = watched.page
    keys, key = await authenticator(page)
    await sign_in(page, MAYOR)
    await page.get_by_role("link", name="Mon compte").click()
    await expect(page.get_by_role("heading", name="Aucune clé d’accès")).to_be_visible()
    await add_passkey(page, "Poste d’accueil")
    await dialog(page).get_by_label("Mot de passe").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(page.get_by_text("Jamais utilisée.")).to_be_visible()
    assert not await violations(page)

    await page.request.delete("/api/v1/session")
    await page.goto("/connexion?suite=/compte")
    await keys.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    await page.get_by_role("button", name="Entrer avec une clé d’accès").click()
    await expect(page.get_by_text("Aucune clé d’accès n’a répondu.")).to_be_visible()
    assert not await violations(page)
    await keys.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": True})
    await page.get_by_role("button", name="Entrer avec une clé d’accès").click()
    await page.wait_for_url("**/commune**")
    session = await (await page.request.get("/api/v1/session")).json()
    assert (session["person"]["login"], session["has_passkey"]) == (MAYOR, True)

    # By password nothing is confirmed yet: the passkey does it in the password's place.
    await page.request.delete("/api/v1/session")
    await sign_in(page, MAYOR)
    await page.goto("/compte")
    await page.get_by_role("button", name="Retirer… Poste d’accueil").click()
    await dialog(page).get_by_role("button", name="Retirer la clé").click()
    await dialog(page).get_by_role("button", name="Confirmer avec une clé d’accès").click()
    await expect(page.get_by_role("heading", name="Aucune clé d’accès")).to_be_visible()
    await page.request.delete("/api/v1/session")
    await page.goto("/connexion")
    await page.get_by_role("button", name="Entrer avec une clé d’accès").click()
    await expect(page.get_by_text("Cette clé d’accès n’est pas connue ici.")).to_be_visible()
    odd = [one for one in watched.complaints() if "status of 40" not in one]
    await page.context.close()
    assert not odd
