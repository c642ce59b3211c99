"""A réquisition in Chromium, from arrival to the package: registered by keyboard alone, decided by touch on a phone,

extracted and opened in the agent's browser, and verified offline by our command and by what the demonstration sent.
"""

from __future__ import annotations

import asyncio
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

import pytest
from playwright.async_api import Page, expect

from deploy.demo.town import DemoCamera
from tests.browser.axe import violations
from tests.browser.chromium import DESKTOP, PHONE, act_for, chromium, open_page, sign_in, step_up_if_asked
from tests.fakes.machine import Machine, eventually, running
from tests.system.page import timeline
from vms.clock import MICRO

COMMUNE: Final = "Valclair-sur-Brume"
CAMERAS: Final = (DemoCamera("valclair", 2, "Parking des Tilleuls", "Rue des Tilleuls", ("carpark_person", "carpark")),)
CAMERA: Final = "valclair-c02"
TABS_MAX: Final = 120
FIELDS: Final = {
    "authority": "Gendarmerie nationale",
    "officer_name": "OPJ de permanence",
    "officer_number": "4471",
    "unit": "Brigade de la Brume",
    "procedure_number": "2026/00417",
    "offence": "vol avec dégradation",
    "motive": "vol avec dégradation, parking",
}
FOCUSED: Final = """() => { const e = document.activeElement; return {
  tag: e.tagName, name: e.getAttribute('name') || '', type: e.getAttribute('type') || '', value: e.value || '',
  text: (e.textContent || '').trim(), visible: e !== document.body && e.matches(':focus-visible') }; }"""


async def recorded_range(here: Machine) -> tuple[int, int]:
    """Eight seconds that are recorded, once they are."""
    client = await here.town("valclair").as_("mayor")
    found: list[tuple[int, int]] = []

    async def there() -> bool:
        now = here.clock.utc().us
        told = await timeline(client, CAMERA, "main", now - 600 * MICRO, now)
        found[:] = [
            (one["from_us"] + 11 * MICRO, one["from_us"] + 19 * MICRO)
            for one in told["recorded"]
            if one["to_us"] - one["from_us"] > 22 * MICRO
        ]
        return bool(found)

    await eventually(there, within_s=180, every_s=0.5, what="twenty-two recorded seconds")
    return found[0]


async def register_by_keyboard(page: Page, start_us: int, end_us: int) -> str:
    """Fill the form in with Tab, Space and letters only; the request's id. Focus is visible at every stop."""
    await page.goto(f"/demandes/nouvelle?camera={CAMERA}&from={start_us}&to={end_us}")
    await expect(page.get_by_role("button", name="Enregistrer et geler")).to_be_visible()
    typed: set[str] = set()
    for _ in range(TABS_MAX):
        await page.keyboard.press("Tab")
        focused: dict[str, Any] = await page.evaluate(FOCUSED)
        assert focused["visible"] or focused["tag"] == "BODY", focused
        if focused["name"] == "frame" and "frame" not in typed:
            assert focused["value"] == "flagrance"
            await page.keyboard.press("Space")
            typed.add("frame")
        elif focused["name"] in FIELDS and focused["name"] not in typed:
            await page.keyboard.type(FIELDS[focused["name"]])
            typed.add(focused["name"])
        elif focused["tag"] == "BUTTON" and focused["text"] == "Enregistrer et geler":
            assert typed == {"frame", *FIELDS}
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/demandes/d-*")
            return page.url.rsplit("/", 1)[-1].split("?")[0]
    raise AssertionError(f"the keyboard never reached the button; typed {sorted(typed)}")


async def decide_by_touch(page: Page, request: str) -> None:
    """The mayor's one screen: who, what, why; approve, with the password again. No picture is shown."""
    await page.goto(f"/decision/{request}")
    await expect(page.get_by_text("Gendarmerie nationale").first).to_be_visible()
    assert await page.locator("video").count() == 0
    await page.get_by_role("button", name="Autoriser l’extraction").tap()
    asked = page.get_by_role("dialog")
    await expect(asked).to_be_visible()
    await step_up_if_asked(page)
    await expect(
        page.get_by_text("Extraction déjà autorisée").or_(page.get_by_text("Extraction autorisée")).first
    ).to_be_visible()


async def extract_and_download(page: Page, request: str, folder: Path, recipient: str) -> Path:
    """Build with progress, then open the sealed package in the page and save it, encrypted to a service's key."""
    await page.goto(f"/demandes/{request}")
    await page.get_by_role("button", name="Lancer l’extraction").click()
    await step_up_if_asked(page)
    get = page.get_by_role("button", name="Télécharger le paquet")
    await expect(get).to_be_visible(timeout=180_000)
    field = page.get_by_label("Clé age du service")
    await field.fill(recipient[:-1])
    await get.click()
    await expect(page.get_by_text("Ce n’est pas une clé publique age")).to_be_visible()
    await field.fill(recipient)
    async with page.expect_download(timeout=180_000) as download:
        await get.click()
        await step_up_if_asked(page)
    saved = folder / "paquet.zip.age"
    await (await download.value).save_as(saved)
    assert (await download.value).suggested_filename.endswith(".zip.age")
    return saved


async def tool(*arguments: str) -> str:
    """What a tool of others prints."""
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert process.returncode == 0, arguments
    return out.decode().strip()


async def the_receipt_on_paper(page: Page, request: str, folder: Path, package: Path) -> None:
    """What is printed bears the hash of the package's manifest, and nothing of the page around it."""
    await page.goto(f"/demandes/{request}")
    await page.get_by_role("link", name="Reçu et étiquette").click()
    await expect(page.get_by_role("button", name="Imprimer")).to_be_visible()
    assert await violations(page) == []
    paper = folder / "recu.pdf"
    paper.write_bytes(await page.pdf(format="A4"))
    said = await tool("pdftotext", "-layout", str(paper), "-")
    printed = normalize("NFC", "".join(said.split()))
    with zipfile.ZipFile(package) as archive:
        assert sha256(archive.read("manifest.json")).hexdigest() in printed
    assert "Signaturedequireçoit" in printed
    assert "Habilitations" not in printed


async def vms(*arguments: str) -> tuple[int, str]:
    """One command of ours, as a process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli", *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


@pytest.mark.timeout(600)
async def test_a_requisition_from_the_keyboard_to_the_proof(tmp_path: Path) -> None:
    async with running(CAMERAS) as here, chromium() as browser:
        assert await here.set_up("valclair") == [CAMERA]
        start_us, end_us = await recorded_range(here)

        secretary = await open_page(browser, here.url, viewport=DESKTOP)
        await sign_in(secretary.page, "mairie.valclair")
        await act_for(secretary.page, COMMUNE)
        request = await register_by_keyboard(secretary.page, start_us, end_us)

        mayor = await open_page(browser, here.url, viewport=PHONE, has_touch=True, is_mobile=True)
        await sign_in(mayor.page, "maire.valclair")
        await act_for(mayor.page, COMMUNE)
        await decide_by_touch(mayor.page, request)
        await mayor.page.reload()
        await expect(mayor.page.get_by_text("Extraction déjà autorisée").first).to_be_visible()

        officer = await open_page(browser, here.url, viewport=DESKTOP, accept_downloads=True)
        await sign_in(officer.page, "agent07.valclair")
        await act_for(officer.page, COMMUNE, "5")
        identity, package = tmp_path / "service.key", tmp_path / "paquet.zip"
        await tool("age-keygen", "-o", str(identity))
        recipient = await tool("age-keygen", "-y", str(identity))
        sealed = await extract_and_download(officer.page, request, tmp_path, recipient)
        await tool("age", "-d", "-i", str(identity), "-o", str(package), str(sealed))

        await the_receipt_on_paper(officer.page, request, tmp_path, package)

        chief = await here.town("valclair").as_("mayor")
        vkey = (await chief.get("/communes/valclair/journal/checkpoint"))["vkey"]
        code, said = await vms("evidence", "verify", str(package), "--signer", vkey)
        assert (code, "AUTHENTIQUE" in said) == (0, True), said
        code, said = await vms("evidence", "verify", str(package))
        assert (code, "SIGNATAIRE INCONNU" in said) == (1, True), said
        for watched in (secretary, mayor, officer):
            assert watched.complaints() == []
