"""Signing in without a password, as a person does it: a real Chromium with its own virtual authenticator (A-05)."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import CDPSession, Page, expect

from tests.browser.axe import violations
from tests.browser.chromium import DESKTOP, act_for, open_page, sign_in
from tests.browser.door_rig import OFFICER, Place, dialog, door
from tests.integration.keeper_town import CHIEF, MAYOR, PASSPHRASE, PASSWORD
from vms.clock import MICRO
from vms.keeper.identity.totp import code_at, step_of

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
KEY: dict[str, Any] = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}
# What is kept of the page's key: whether there is one, and whether it can be carried away.
KEPT_KEY = """async () => {
  const opening = indexedDB.open("guet", 1);
  await new Promise((done, failed) => { opening.onsuccess = done; opening.onerror = failed; });
  const reading = opening.result.transaction("page-key").objectStore("page-key").get("session");
  await new Promise((done, failed) => { reading.onsuccess = done; reading.onerror = failed; });
  opening.result.close();
  const key = reading.result?.privateKey;
  return key ? (await crypto.subtle.exportKey("pkcs8", key).then(() => "exportable", () => "kept")) : "none";
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    async with door(tmp_path_factory.mktemp("g")) as made:
        yield made


async def authenticator(page: Page, **more: Any) -> tuple[CDPSession, str]:
    """A platform authenticator in the page's browser, and its id."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    made = await session.send("WebAuthn.addVirtualAuthenticator", {"options": KEY | more})
    return session, made["authenticatorId"]


async def add_passkey(page: Page, name: str) -> None:
    """Through the account page; the confirmation is the caller's."""
    await page.get_by_role("button", name="Ajouter une clé d’accès").click()
    await dialog(page).get_by_label("Nom de la clé").fill(name)
    await dialog(page).get_by_label("Nom de la clé").press("Enter")


async def test_a_passkey_is_registered_signs_in_confirms_and_is_removed(place: Place) -> None:
    watched = await open_page(place.browser, place.url, viewport=DESKTOP, reduced_motion="reduce")
    page = watched.page
    keys, key = await authenticator(page)
    await sign_in(page, MAYOR, PASSWORD)
    await page.get_by_role("link", name="Mon compte").click()
    await expect(page.get_by_role("heading", name="Aucune clé d’accès")).to_be_visible()
    await add_passkey(page, "Poste d’accueil")
    await dialog(page).get_by_label("Mot de passe").fill(PASSWORD)
    await dialog(page).get_by_label("Mot de passe").press("Enter")
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
    await sign_in(page, MAYOR, PASSWORD)
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


async def test_a_reload_and_a_new_tab_keep_the_pages_key_and_signing_out_destroys_it(place: Place) -> None:
    watched = await open_page(place.browser, place.url, viewport=DESKTOP, reduced_motion="reduce")
    page = watched.page
    await sign_in(page, CHIEF, PASSWORD)
    await page.reload()
    tab = await page.context.new_page()
    await authenticator(tab)
    await tab.goto("/compte")
    await add_passkey(tab, "Onglet")  # signed by the key that the first tab made
    await dialog(tab).get_by_label("Mot de passe").fill(PASSWORD)
    await dialog(tab).get_by_label("Mot de passe").press("Enter")
    await expect(tab.get_by_text("Jamais utilisée.")).to_be_visible()
    assert await tab.evaluate(KEPT_KEY) == "kept"
    await tab.get_by_role("button", name="Retirer… Onglet").click()
    await dialog(tab).get_by_role("button", name="Retirer la clé").click()
    await expect(tab.get_by_role("heading", name="Aucune clé d’accès")).to_be_visible()
    await tab.goto("/commune")
    await tab.get_by_role("button", name="Se déconnecter").click()
    await tab.wait_for_url("**/connexion**")
    assert await tab.evaluate(KEPT_KEY) == "none"
    await page.context.close()


async def test_a_holder_unlocks_the_communes_key_with_a_passkey(place: Place) -> None:
    watched = await open_page(place.browser, place.url, viewport=DESKTOP, reduced_motion="reduce")
    page = watched.page
    await authenticator(page, ctap2Version="ctap2_1", hasPrf=True)
    await sign_in(page, MAYOR, PASSWORD)
    await page.goto("/compte")
    await add_passkey(page, "Clé du maire")
    await dialog(page).get_by_label("Mot de passe").fill(PASSWORD)
    await dialog(page).get_by_label("Mot de passe").press("Enter")
    await expect(page.get_by_text("Jamais utilisée.")).to_be_visible()
    await page.goto("/commune")
    await page.get_by_label("Phrase de passe").fill(PASSPHRASE)
    await page.get_by_label("Une de mes clés d’accès l’ouvrira aussi désormais").check()
    await page.get_by_role("button", name="Déverrouiller", exact=True).click()
    await expect(page.get_by_text("Relecture déverrouillée")).to_be_visible()
    await place.town.restart()
    await page.goto("/commune")
    await page.get_by_role("button", name="Déverrouiller avec une clé d’accès").click()
    await expect(page.get_by_text("Relecture déverrouillée")).to_be_visible()
    assert not await violations(page)
    assert place.town.keeper.house.communes.get("valclair").unlocked
    await page.goto("/compte")
    await page.get_by_role("button", name="Retirer… Clé du maire").click()
    await dialog(page).get_by_role("button", name="Retirer la clé").click()
    await dialog(page).get_by_role("button", name="Confirmer avec une clé d’accès").click()
    await expect(page.get_by_role("heading", name="Aucune clé d’accès")).to_be_visible()
    await page.context.close()


def code_of(place: Place, secret: str) -> str:
    """The code of a typed secret at the keeper's time."""
    return code_at(base64.b32decode(secret.replace(" ", "")), step_of(place.town.clock.utc().us))


async def test_a_second_factor_is_enrolled_and_asked_for(place: Place) -> None:
    watched = await open_page(place.browser, place.url, viewport=DESKTOP, reduced_motion="reduce")
    page = watched.page
    await sign_in(page, CHIEF, PASSWORD)
    await page.goto("/compte")
    await page.get_by_role("button", name="Ajouter un second facteur").click()
    await dialog(page).get_by_label("Mot de passe").fill(PASSWORD)
    await dialog(page).get_by_label("Mot de passe").press("Enter")
    drawing = dialog(page).get_by_role("img", name="Code QR")
    await expect(drawing).to_be_visible()
    await page.wait_for_function("(image) => image.naturalWidth > 100", arg=await drawing.element_handle())
    secret = await dialog(page).locator("code").inner_text()
    assert not await violations(page)
    await dialog(page).get_by_label("Code affiché").fill(code_of(place, secret))
    await dialog(page).get_by_label("Mot de passe").fill(PASSWORD)
    await dialog(page).get_by_label("Mot de passe").press("Enter")
    await expect(dialog(page).get_by_text("Ils ne seront plus jamais montrés.")).to_be_visible()
    codes = await dialog(page).locator("li code").all_inner_texts()
    assert len(codes) == 8
    await dialog(page).get_by_role("button", name="Je les ai notés").click()
    await expect(page.get_by_text("8 restants")).to_be_visible()
    assert not await violations(page)

    await page.request.delete("/api/v1/session")
    await page.goto("/connexion")
    await page.get_by_label("Identifiant").fill(CHIEF)
    await page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    await page.get_by_label("Mot de passe", exact=True).press("Enter")
    await expect(page.get_by_label("Code à usage unique")).to_be_focused()
    assert not await violations(page)
    await page.keyboard.type(code_of(place, secret))
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Ce code n’est pas valable, ou a déjà servi.")).to_be_visible()
    place.town.clock.advance(seconds=30)
    await page.get_by_label("Code à usage unique").fill(code_of(place, secret))
    await page.get_by_role("button", name="Continuer").click()
    await page.wait_for_url("**/commune**")
    odd = [one for one in watched.complaints() if "status of 40" not in one]
    await page.context.close()
    assert not odd


async def test_two_persons_bring_an_account_back_and_one_ends_a_session(place: Place) -> None:
    town, agent = place.town, place.town.people[OFFICER]
    await town.enter("dpo")
    first = (await town.act("dpo", "approve_recovery", person=agent, motive="téléphone perdu"))["part"]
    await town.web.sign_in(MAYOR, PASSWORD, "CSU 2")
    watched = await open_page(place.browser, place.url, viewport=DESKTOP, reduced_motion="reduce")
    page = watched.page
    await sign_in(page, "adjointe", PASSWORD)
    await act_for(page, "Valclair-sur-Brume")
    await page.goto(f"/habilitations/{agent}")
    await expect(page.get_by_text("Rétablissement approuvé par : Dpo.")).to_be_visible()
    assert not await violations(page)
    await page.get_by_role("button", name="Rétablir l’accès…").click()
    await dialog(page).get_by_label("Motif").fill("reconnu de vue")
    await dialog(page).get_by_role("button", name="Approuver").click()
    await dialog(page).get_by_label("Mot de passe").fill(PASSWORD)
    await dialog(page).get_by_label("Mot de passe").press("Enter")
    await expect(page.get_by_text("Votre partie du code, montrée une seule fois.")).to_be_visible()
    await expect(page.get_by_text("Rétablissement approuvé par : Adjointe, Dpo.")).to_be_visible()
    second = await page.locator("main code").inner_text()
    assert first not in await page.content()
    assert not await violations(page)

    await page.goto("/compte")
    await page.get_by_role("button", name="Nommer ce poste…").click()
    await dialog(page).get_by_label("Nom du poste").fill("Accueil de la mairie")
    await dialog(page).get_by_label("Nom du poste").press("Enter")
    await expect(page.get_by_role("definition").filter(has_text="Accueil de la mairie")).to_be_visible()
    await page.request.delete("/api/v1/session")
    await sign_in(page, MAYOR, PASSWORD)
    await page.goto("/compte")
    sessions = page.get_by_role("list", name="Sessions ouvertes")
    await expect(sessions.get_by_text("Accueil de la mairie")).to_be_visible()
    await page.get_by_role("button", name="Fermer… CSU 2").click()
    await dialog(page).get_by_role("button", name="Fermer la session").click()
    await expect(sessions.get_by_text("CSU 2")).to_have_count(0)
    assert not await violations(page)

    await page.request.delete("/api/v1/session")
    await page.goto("/connexion")
    await page.get_by_text("Je ne peux pas me connecter").click()
    await page.get_by_role("link", name="J’ai un code de rétablissement").click()
    await expect(page.get_by_role("heading", name="Rétablir mon accès")).to_be_visible()
    for other, said in (("", "Il faut toutes ses parties"), (first, "Mot de passe changé.")):
        await page.get_by_label("Identifiant").fill(OFFICER)
        await page.get_by_label("Partie 1 du code").fill(second)
        await page.get_by_label("Partie 2 du code").fill(other)
        await page.get_by_label("Nouveau mot de passe").fill("une phrase toute neuve")
        await page.get_by_label("Nouveau mot de passe").press("Enter")
        await expect(page.get_by_text(said)).to_be_visible()
        assert not await violations(page)
    await sign_in(page, OFFICER, "une phrase toute neuve")
    odd = [one for one in watched.complaints() if "status of 40" not in one]
    await page.context.close()
    assert not odd


def pass_time(place: Place) -> None:
    """The keeper judges the provider's dates: its time goes on with everybody's, and never back."""
    place.town.clock.step(seconds=max(0, time.time() - place.town.clock.utc().us / MICRO))


async def test_an_identity_is_linked_on_the_account_page_and_opens_the_door(place: Place) -> None:
    watched = await open_page(place.browser, place.url, viewport=DESKTOP, reduced_motion="reduce")
    page = watched.page
    await sign_in(page, MAYOR, PASSWORD)
    await page.goto("/compte")
    await page.get_by_role("button", name="Lier mon identité ProConnect").click()
    await dialog(page).get_by_label("Mot de passe").fill(PASSWORD)
    await dialog(page).get_by_label("Mot de passe").press("Enter")
    await page.get_by_label("Identifiant").fill("camille")  # at the provider, on another site
    pass_time(place)
    await page.get_by_label("Identifiant").press("Enter")
    await page.wait_for_url(f"{place.url}/compte")
    await expect(page.get_by_text("Camille Durand (camille@valclair.example)")).to_be_visible()
    assert not await violations(page)

    await page.request.delete("/api/v1/session")
    await page.goto("/connexion?suite=/compte")
    await expect(page.get_by_role("link", name="Qu’est-ce que ProConnect ?")).to_be_visible()
    assert not await violations(page)
    pass_time(place)
    await page.get_by_role("button", name="S’identifier avec ProConnect").click()
    await page.wait_for_url("**/commune**")
    session = await (await page.request.get("/api/v1/session")).json()
    assert (session["person"]["login"], session["step_up_until_us"]) == (MAYOR, 0)

    await page.goto("/connexion/retour?code=d’ailleurs&state=d’ailleurs")
    await expect(page.get_by_text("Cette réponse ne répond pas à notre demande.")).to_be_visible()
    assert page.url == f"{place.url}/connexion/retour"
    assert not await violations(page)
