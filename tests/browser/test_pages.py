"""Every page, as someone who may see it: no axe violation, no console or CSP complaint, nothing wider than the screen,
and everything reached by the keyboard, its focus seen.

At 1440×900 and 390×844, light and dark, French and English; the screenshots stay in ``artefacts/pages``.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from deploy.demo.town import CAMERAS, PASSWORD, accounts_of
from tests.browser.axe import violations
from tests.browser.chromium import DESKTOP, PHONE, Watched, act_for, chromium, open_page, sign_in
from tests.browser.keyboard import reach, walk
from tests.browser.staged import certificates, openings, sealed
from tests.fakes.machine import Machine, eventually, running
from tests.fakes.photographs import jpeg
from tests.system.page import timeline
from vms.clock import MICRO

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1800)]

ARTEFACTS: Final = Path(__file__).parents[2] / "artefacts" / "pages"
COMMUNE: Final = "Valclair-sur-Brume"
NUMBERS: Final = (2, 3, 4)
CAMERA: Final = "valclair-c02"
OTHER: Final = "valclair-c04"
SCREENS: Final = {"1440": DESKTOP, "390": PHONE}
LANGUAGES: Final = ("fr", "en")
PATIENCE_S: Final = 120.0
SETTLED: Final = """() => document.querySelector('h1') !== null && document.querySelector('[aria-busy="true"]') === null
  && document.fonts.status === 'loaded'"""
PLAYS: Final = """() => document.querySelector('.over') === null
  && ([...document.querySelectorAll('video')].some((video) => video.readyState >= 2)
    // A recording at rest is drawn on the canvas over its element.
    || [...document.querySelectorAll('.stage canvas')].some((canvas) => !canvas.hidden && canvas.width > 1))"""
PAGES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "nobody": (
        ("connexion", "/connexion"), ("retablir", "/retablir"), ("invitation", "/invitation"),
        ("accessibilite", "/accessibilite"), ("regles", "/regles"),
        ("public", "/information/valclair"), ("public-demande", "/information/valclair/demande"),
        ("panneau", "/information/valclair/panneau"), ("public-suivi", "/information/valclair/suivi"),
        ("404", "/rien-ici"),
    ),
    "mayor": (
        ("commune", "/commune"), ("compte", "/compte"), ("accueil", "/"), ("mur", "/mur"),
        ("relecture", "/relecture?cameras={camera}"), ("relecture-ensemble", "/relecture?cameras={camera},{other}"),
        ("demandes", "/demandes"),
        ("demande-nouvelle", "/demandes/nouvelle"), ("demande", "/demandes/{request}"),
        ("demande-personne", "/demandes/{filed}"), ("decision-personne", "/decision/{filed}"),
        ("remise", "/demandes/{request}/remise"), ("decider", "/decider"),
        ("decision", "/decision/{request}"), ("cameras", "/cameras"), ("camera", "/cameras/{camera}"),
        ("cadrage", "/cameras/{camera}/cadrage"), ("decouverte", "/decouverte"),
        ("declarer", "/decouverte/declarer"), ("enroler", "/decouverte/{found}"), ("autorisation", "/autorisation"),
        ("habilitations", "/habilitations"), ("personne", "/habilitations/{person}"), ("journal", "/journal"),
        ("conservation", "/conservation"), ("stockage", "/stockage"), ("documents", "/documents"),
        ("mutualisation", "/mutualisation"), ("pourquoi", "/pourquoi?acte=live&camera={camera}"),
        ("ouverture-a-deux", "/ouverture-exceptionnelle"),
    ),
    "secretary": (("secretariat-accueil", "/"), ("secretariat-demandes", "/demandes"), ("secretariat-mur", "/mur")),
    "auditor": (("dpo-journal", "/journal"), ("dpo-demandes", "/demandes")),
    "inspector": (
        ("controle-documents", "/documents"), ("controle-journal", "/journal"), ("controle-cameras", "/cameras"),
        ("controle-conservation", "/conservation"), ("controle-autorisation", "/autorisation"),
        ("controle-habilitations", "/habilitations"),
    ),
    "host_admin": (("hebergeur", "/hebergeur"), ("hebergeur-compte", "/compte")),
}  # fmt: skip
MOVING: Final = frozenset({"mur", "cadrage", "relecture", "relecture-ensemble"})
PURPOSE_OF: Final = {"mayor": "5"}
POSITION: Final = {
    "Latitude": "48,123456",
    "Longitude": "-2.345678",
    "Direction, en degrés": "45",
    "Champ, en degrés": "70",
    "Portée, en mètres": "45",
}


@dataclass(slots=True)
class Scene:
    """A running machine with something on every page, and a browser."""

    machine: Machine
    browser: Browser
    ids: dict[str, str] = field(default_factory=dict)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene() -> AsyncIterator[Scene]:
    # No position yet: the pages are seen as they are before one is noted, and a test notes one.
    wanted = [replace(one, position=None) for one in CAMERAS if one.commune == "valclair" and one.number in NUMBERS]
    async with running(wanted) as machine, chromium() as browser:
        made = Scene(machine, browser)
        town = machine.town("valclair")
        # One is found and not enrolled: the enrolment page needs it.
        town.cameras = [one for one in town.cameras if not one.masked]
        await machine.set_up("valclair")
        await _fill(made)
        yield made


async def _fill(scene: Scene) -> None:
    """One request with its hold, one found device, an open framing session, some footage."""
    town, begun_us = scene.machine.town("valclair"), time.time_ns() // 1000
    mayor = await town.as_("mayor")

    async def recorded() -> bool:
        spans = (await timeline(mayor, CAMERA, "main", begun_us - 60 * MICRO, time.time_ns() // 1000))["recorded"]
        scene.ids["to_us"] = str(spans[-1]["to_us"]) if spans else ""
        return bool(spans)

    await eventually(recorded, within_s=PATIENCE_S, what="footage")
    to_us = int(scene.ids["to_us"])
    fields = {
        "authority": "Gendarmerie nationale", "officer_name": "Officier 1", "officer_number": "4471",
        "unit": "Brigade de la Brume", "procedure_number": "2026/00417", "offence": "vol avec dégradation",
    }  # fmt: skip
    body: dict[str, Any] = {"frame": "flagrance", "fields": fields, "cameras": [CAMERA], "motive": "vol"}
    made = await mayor.post(town.path("/requests"), body | {"from_us": to_us - 4 * MICRO, "to_us": to_us})
    person = {"right": "access", "place": "rue des Tilleuls", "description": "manteau rouge", "name": "Camille Durand"}
    person |= {"answer": "post", "contact": "12 rue du Puits"}
    span = {"from_us": to_us - 4 * MICRO, "to_us": to_us}
    filed = await mayor.post("/public/communes/valclair/access", person | span)
    listed = (await mayor.get(town.path("/requests")))["requests"]
    found = await mayor.get(town.path("/found"))
    there = {one["address"] for one in await mayor.get(town.path("/cameras"))}
    people = (await mayor.get(town.path("/people")))["people"]
    await mayor.post("/session/step-up", {"password": PASSWORD})
    await mayor.post(f"/cameras/{CAMERA}/framing/open", {"minutes": 15})
    scene.ids |= {
        "camera": CAMERA,
        "other": OTHER,
        "request": made["request"],
        "filed": next(one["id"] for one in listed if one["number"] == filed["number"]),
        "found": next(one["id"] for one in found if one["address"] not in there),
        "person": next(one["person"] for one in people if one["label"] == "Agent PM 07"),
    }


async def enter(scene: Scene, role: str) -> Watched:
    """A page of someone with that role, acting for the town."""
    watched = await open_page(scene.browser, scene.machine.url, viewport=DESKTOP, reduced_motion="reduce")
    if role == "host_admin":
        await sign_in_host(watched.page)
    elif role != "nobody":
        await sign_in(watched.page, accounts_of(role, "valclair").login)
        await act_for(watched.page, COMMUNE, PURPOSE_OF.get(role, ""))
        await watched.page.route("**/communes/*/emergencies", lambda route: route.fulfill(json=openings(CAMERA, OTHER)))
    return watched


async def sign_in_host(page: Page) -> None:
    """The host's administrator has no commune to choose."""
    await page.goto("/connexion")
    await page.get_by_label("Identifiant").fill("hebergeur.reseau")
    await page.get_by_label("Mot de passe", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Continuer").click()
    await page.wait_for_url("**/hebergeur**")


async def check(watched: Watched, name: str, language: str) -> list[str]:
    """What is wrong with the page as it stands, on both screens and in both themes."""
    page, wrong = watched.page, []
    for theme in ("light", "dark"):
        await page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
        for width, size in SCREENS.items():
            await page.set_viewport_size({"width": size["width"], "height": size["height"]})
            where = f"{name} {width} {theme} {language}"
            wrong += [f"{where}: {one}" for one in await violations(page, colours_only=theme == "dark")]
            over = await page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
            wrong += [f"{where}: {over} px wider than the screen"] if over > 0 else []
            await page.evaluate("() => window.scrollTo(0, 0)")
            picture = await page.screenshot(full_page=True)
            (ARTEFACTS / f"{name}-{width}-{theme}-{language}.png").write_bytes(picture)
    await page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})
    return wrong


async def visit(scene: Scene, watched: Watched, path: str, language: str, *, moving: bool) -> None:
    """Open the page in a language and wait until it has said all it has to say."""
    page = watched.page
    sign = "&" if "?" in path else "?"
    await page.goto(f"{path.format(**scene.ids)}{sign}langue={language}")
    await page.wait_for_function(SETTLED)
    if moving:
        await eventually(partial(plays, page), within_s=PATIENCE_S, what=f"a picture on {path}")


async def plays(page: Page) -> bool:
    """Whether a video has a picture."""
    return bool(await page.evaluate(PLAYS))


async def test_a_photograph_of_the_notice_is_sent_from_the_cameras_page_and_a_lie_is_not(scene: Scene) -> None:
    watched = await enter(scene, "mayor")
    page = watched.page
    await page.goto(f"/cameras/{CAMERA}")
    await page.get_by_role("button", name="Ajouter une photographie…").click()
    dialog = page.get_by_role("dialog")
    for content, told in ((b"%PDF-1.7", "Ce fichier est un PDF"), (jpeg(), "")):
        upload = {"name": "panneau.jpg", "mimeType": "image/jpeg", "buffer": content}
        await dialog.get_by_label("Fichier").set_input_files(upload)  # type: ignore[arg-type]
        await dialog.get_by_role("button", name="Envoyer").click()
        if told:
            await expect(dialog.get_by_text(told)).to_be_visible()
    picture = page.get_by_role("img", name="Le panneau posé")
    await picture.scroll_into_view_if_needed()
    await page.wait_for_function("() => document.querySelector('.panel-photo img')?.naturalWidth === 1600")
    # The browser itself says that the lie was answered by 400.
    assert [one for one in watched.complaints() if "400" not in one] == []
    await page.context.close()


async def test_a_position_and_a_site_plan_are_given_by_the_keyboard_alone(scene: Scene) -> None:
    watched = await enter(scene, "mayor")
    page = watched.page
    await page.goto(f"/cameras/{CAMERA}")
    await opened(page, "Noter la position…")
    dialog = page.get_by_role("dialog")
    for label, value in POSITION.items():
        await reach(page, dialog.get_by_label(label))
        await page.keyboard.type(value)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("48.123456, -2.345678")).to_be_visible()
    await expect(page.get_by_role("button", name="Corriger la position…")).to_be_visible()

    await page.goto("/documents")
    await opened(page, "Verser un plan-masse…")
    plan = {"name": "plan.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7\n%%EOF\n"}
    await dialog.get_by_label("Fichier").set_input_files(plan)  # type: ignore[arg-type]
    await reach(page, dialog.get_by_role("button", name="Verser"))
    await page.keyboard.press("Enter")
    saved = page.get_by_role("link", name="Enregistrer le plan")
    await reach(page, saved)
    async with page.expect_download() as waiting:
        await page.keyboard.press("Enter")
    download = await waiting.value
    assert download.suggested_filename.startswith("plan-masse-valclair-")
    assert (await download.path()).read_bytes() == plan["buffer"]
    assert watched.complaints() == []
    await page.context.close()


async def test_cameras_are_added_and_left_by_the_keyboard_without_losing_the_place(scene: Scene) -> None:
    watched = await enter(scene, "mayor")
    page = watched.page
    await page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    await page.goto(f"/relecture?camera={CAMERA}")
    box = page.get_by_role("checkbox", name="Voie verte")
    await reach(page, box)
    for search in (f"?cameras={CAMERA}%2C{OTHER}&", f"?camera={CAMERA}&"):
        await page.keyboard.press("Space")
        await page.wait_for_url(lambda url, search=search: search in url)
        await expect(box).to_be_focused()
        await expect(box).to_be_in_viewport()
    assert watched.complaints() == []
    await page.context.close()


async def opened(page: Page, name: str) -> None:
    """Open a dialog from its button by Enter, close it by Escape, see that the focus came back, and open it again."""
    button, dialog = page.get_by_role("button", name=name), page.get_by_role("dialog")
    await reach(page, button)
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_visible()
    assert await dialog.evaluate("(one) => one.contains(document.activeElement)")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(button).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_visible()


@pytest.mark.parametrize("role", list(PAGES))
async def test_every_page_is_accessible_quiet_and_fits(scene: Scene, role: str) -> None:
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    watched, wrong = await enter(scene, role), []
    for name, path in PAGES[role]:
        for language in LANGUAGES:
            await visit(scene, watched, path, language, moving=role == "mayor" and name in MOVING)
            if name == "camera":
                await certificates(watched.page, CAMERA)
            if name == "remise":
                await sealed(watched.page, scene.ids["request"])
            wrong += await check(watched, name, language)
        for width in SCREENS if name in MOVING else ("1440",):
            size = SCREENS[width]
            await watched.page.set_viewport_size({"width": size["width"], "height": size["height"]})
            wrong += [f"{name} {width}: {one}" for one in await walk(watched.page)]
    wrong += [f"console: {one}" for one in watched.complaints()]
    await watched.page.context.close()
    assert not wrong, "\n".join(wrong)
