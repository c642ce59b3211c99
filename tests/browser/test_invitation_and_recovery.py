"""How an account begins and how it comes back, as people do it in a real Chromium: at a desk, on a telephone (P-58)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.axe import violations
from tests.browser.chromium import DESKTOP, PHONE, Watched, act_for, open_page, sign_in
from tests.browser.door_rig import APPROVERS, OFFICER, Place, dialog, door
from tests.integration.keeper_town import MAYOR, PASSWORD

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
ARTEFACTS: Final = Path(__file__).parents[2] / "artefacts" / "door"
COMMUNE: Final = "Valclair-sur-Brume"
NEW: Final = "une phrase toute neuve"
SCREENS: Final = {"1440": DESKTOP, "390": PHONE}
screens = pytest.mark.parametrize("screen", SCREENS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with door(tmp_path_factory.mktemp("g")) as made:
        yield made


async def opened(place: Place, screen: str) -> Watched:
    """A browser of its own, so that it is another workstation."""
    return await open_page(place.browser, place.url, viewport=SCREENS[screen], reduced_motion="reduce")


async def seen(page: Page, name: str) -> None:
    """No axe violation, nothing wider than the screen; a picture to look at is kept."""
    await expect(page.get_by_role("dialog")).to_have_count(0)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)
    assert not await violations(page)
    assert await page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")


async def closed(*all_watched: Watched) -> None:
    """Nothing in the console but the refusals that were asked for."""
    odd = [one for watched in all_watched for one in watched.complaints() if "status of 40" not in one]
    for watched in all_watched:
        await watched.page.context.close()
    assert not odd


async def give_password(page: Page, password: str = PASSWORD) -> None:
    """The password again, in the dialog that asks for it."""
    await dialog(page).get_by_label("Mot de passe").fill(password)
    await dialog(page).get_by_label("Mot de passe").press("Enter")


async def shown_code(page: Page, former: str = "") -> str:
    """The code of the invitation on the page; not the former one."""
    code = page.locator("dt", has_text="Code de l’invitation").locator("xpath=following-sibling::dd[1]")
    if former:
        await expect(code).not_to_have_text(former)
    return await code.inner_text()


async def accept(page: Page, login: str, code: str, said: str) -> None:
    """Fill in the form of an invitation, by the keyboard alone at its end; what the page then says."""
    await page.get_by_label("Identifiant").fill(login)
    await page.get_by_label("Code de l’invitation").fill(code)
    await page.get_by_label("Nouveau mot de passe").fill(NEW)
    await page.get_by_label("Nouveau mot de passe").press("Enter")
    await expect(page.get_by_text(said)).to_be_visible()


async def parts(place: Place, person: str) -> list[str]:
    """Both approvers' parts of a code."""
    made = []
    for login in APPROVERS:
        await place.town.enter(login)
        given = await place.town.act(login, "approve_recovery", person=person, motive="reconnu de vue")
        made.append(str(given["part"]))
    return made


@screens
async def test_an_invited_person_opens_their_own_account(place: Place, screen: str) -> None:
    login, town = f"agent{screen}", place.town
    maker, owner = await opened(place, screen), await opened(place, screen)
    page = maker.page
    await sign_in(page, MAYOR, PASSWORD)
    await act_for(page, COMMUNE)
    await page.goto("/habilitations")
    await page.get_by_role("button", name="Inviter une personne…").click()
    await dialog(page).get_by_label("Fonction affichée").fill(f"Agent PM {screen}")
    await dialog(page).get_by_label("Identifiant").fill(login)
    await dialog(page).get_by_role("button", name="Inviter", exact=True).click()
    await give_password(page)
    await expect(page.get_by_text("Ce code est montré une seule fois.")).to_be_visible()
    await expect(page.get_by_text(f"{place.url}/invitation")).to_be_visible()
    await seen(page, f"invitation-{screen}")
    first = await shown_code(page)
    person = (await page.get_by_role("link", name="Enregistrer son habilitation").get_attribute("href") or "").split(
        "/"
    )[-1]
    await page.goto("/invitation")
    await accept(page, login, first, "préparée sur ce poste")
    await seen(page, f"invitation-same-workstation-{screen}")

    right = {"role": "secretary", "decision_ref": "arrêté 2026-9", "signed_by": "Le maire"}
    span = {"from": "2026-01-01", "until": "2027-12-31", "scope": {"cameras": "all", "acts": []}}
    await town.enter(MAYOR)
    await town.web.act(town.tokens[MAYOR], "grant", {"person": person} | right | span)
    await page.goto(f"/habilitations/{person}")
    await expect(page.get_by_text("Invitation en attente jusqu’au")).to_be_visible()
    await seen(page, f"invitation-waits-{screen}")
    await page.get_by_role("button", name="Nouvelle invitation…").click()
    await dialog(page).get_by_role("button", name="Inviter de nouveau").click()
    await expect(page.get_by_text("Ce code est montré une seule fois.")).to_be_visible()
    code = await shown_code(page, first)
    await seen(page, f"invitation-again-{screen}")

    page = owner.page
    await page.goto("/connexion")
    await page.get_by_role("link", name="J’ai reçu une invitation").click()
    await expect(page.get_by_role("heading", name="Ouvrir mon compte")).to_be_visible()
    await seen(page, f"invitation-door-{screen}")
    await accept(page, login, first, "Cette invitation n’est pas valable.")
    await seen(page, f"invitation-refused-{screen}")
    await accept(page, login, code, "Votre compte est ouvert.")
    await seen(page, f"invitation-taken-{screen}")
    await page.get_by_role("link", name="Aller à la connexion").click()
    await sign_in(page, login, NEW)
    await act_for(page, COMMUNE)
    await closed(maker, owner)


@screens
async def test_an_account_comes_back_by_two_parts_and_its_owner_is_told(place: Place, screen: str) -> None:
    agent = place.town.people[OFFICER]
    both = await parts(place, agent)
    approver, owner = await opened(place, screen), await opened(place, screen)
    page = approver.page
    await sign_in(page, "adjointe", PASSWORD)
    await act_for(page, COMMUNE)
    await page.goto(f"/habilitations/{agent}")
    await expect(page.get_by_text("Toutes les approbations sont là.")).to_be_visible()
    await expect(page.get_by_role("button", name="Rétablir l’accès…")).to_have_count(0)
    words = await page.content()
    assert not any(part in words for part in both)
    await seen(page, f"recovery-approved-{screen}")

    page = owner.page
    await page.goto("/retablir")
    await expect(page.get_by_label("Partie 2 du code")).to_be_visible()
    await seen(page, f"recovery-door-{screen}")
    for given, said in ((both[:1], "Il faut toutes ses parties"), (both, "Mot de passe changé.")):
        await page.get_by_label("Identifiant").fill(OFFICER)
        for number, part in enumerate(given, 1):
            await page.get_by_label(f"Partie {number} du code").fill(part.upper())
        await page.get_by_label("Nouveau mot de passe").fill(NEW)
        await page.get_by_label("Nouveau mot de passe").press("Enter")
        await expect(page.get_by_text(said)).to_be_visible()
        await seen(page, f"recovery-door-{len(given)}-{screen}")
    await sign_in(page, OFFICER, NEW)
    told = page.get_by_text("L’accès à votre compte a été rétabli le")
    await expect(told).to_be_visible()
    await seen(page, f"recovered-commune-{screen}")
    await act_for(page, COMMUNE)
    await expect(told).to_be_visible()
    await seen(page, f"recovered-app-{screen}")
    await page.get_by_role("link", name="Enregistrer une clé d’accès").click()
    await page.wait_for_url("**/compte")
    await expect(told).to_be_visible()
    await expect(page.get_by_role("link", name="Enregistrer une clé d’accès")).to_have_count(0)
    await seen(page, f"recovered-account-{screen}")
    await closed(approver, owner)


@screens
async def test_the_owner_of_an_elected_account_stops_its_recovery_by_one_click(place: Place, screen: str) -> None:
    town, mayor = place.town, place.town.people[MAYOR]
    watched = await opened(place, screen)
    page = watched.page
    await sign_in(page, MAYOR, PASSWORD)
    await act_for(page, COMMUNE)
    await expect(page.get_by_role("region", name="Votre compte")).to_have_count(0)
    both = await parts(place, mayor)
    for number, address in enumerate(("/decider", "/mur", "/compte", "/commune")):
        await page.goto(address)
        await expect(page.get_by_text(re.compile(r"Approuvé par\s: (Adjointe, Dpo|Dpo, Adjointe)"))).to_be_visible()
        await expect(page.get_by_text("Le code servira à partir du")).to_be_visible()
        await seen(page, f"recovery-owner-{number}-{screen}")
    await page.goto("/decider")
    await page.get_by_role("button", name="Ce n’est pas moi : arrêter").press("Enter")
    await expect(page.get_by_text("Le rétablissement est arrêté.")).to_be_visible()
    await seen(page, f"recovery-stopped-{screen}")
    await page.get_by_role("button", name="J’ai lu").click()
    await expect(page.get_by_text("Le rétablissement est arrêté.")).to_have_count(0)
    await town.enter(MAYOR)
    assert (await town.web.accounts.account(town.tokens[MAYOR]))["recovery"] is None
    await page.goto("/retablir")
    await page.get_by_label("Identifiant").fill(MAYOR)
    for number, part in enumerate(both, 1):
        await page.get_by_label(f"Partie {number} du code").fill(part)
    await page.get_by_label("Nouveau mot de passe").fill(NEW)
    await page.get_by_label("Nouveau mot de passe").press("Enter")
    await expect(page.get_by_text("n’est pas valable")).to_be_visible()
    await closed(watched)
