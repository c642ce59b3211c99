"""A real Chromium on the pages, used as a person does: sign in, choose, fill in, confirm; no back door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, Locator, Page, WebSocket, async_playwright, expect

from deploy.demo.town import PASSWORD

ARGUMENTS: Final = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
DESKTOP: Final = {"width": 1440, "height": 900}
PHONE: Final = {"width": 390, "height": 844}
PATIENCE_MS: Final = 60_000
# What Chromium itself says in a headless container; none of it is the pages'.
NOISE: Final = ("GPU stall", "WebGL", "DBus")


@dataclass(slots=True)
class Watched:
    """A page and what went wrong or came in while it was used."""

    page: Page
    errors: list[str] = field(default_factory=list)
    binary: dict[str, list[bytes]] = field(default_factory=dict)

    def complaints(self) -> list[str]:
        """Console errors, exceptions and CSP violations (checklist 44)."""
        return [one for one in self.errors if not any(noise in one for noise in NOISE)]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, headless, with a profile of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


async def open_page(browser: Browser, url: str, *, viewport: dict[str, int], **options: Any) -> Watched:
    """A fresh context and page, watched."""
    context: BrowserContext = await browser.new_context(
        base_url=url, viewport={"width": viewport["width"], "height": viewport["height"]}, locale="fr-FR", **options
    )
    page = await context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    watched = Watched(page)
    page.on("console", lambda message: watched.errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: watched.errors.append(str(error)))

    def opened(socket: WebSocket) -> None:
        kept = watched.binary.setdefault(socket.url.split("/api/v1", 1)[-1], [])
        socket.on("framereceived", lambda data: kept.append(data) if isinstance(data, bytes) else None)

    page.on("websocket", opened)
    return watched


async def sign_in(page: Page, login: str, password: str = PASSWORD) -> None:
    """Through the sign-in page."""
    await page.goto("/connexion")
    await page.get_by_label("Identifiant").fill(login)
    await page.get_by_label("Mot de passe", exact=True).fill(password)
    await page.get_by_role("button", name="Continuer").click()
    await page.wait_for_url("**/commune**")


async def act_for(page: Page, commune: str, purpose: str = "", context: str = "") -> None:
    """Choose the commune, and a purpose when one is given, on the page that asks for them."""
    await page.get_by_role("radio", name=commune).check(force=True)
    if purpose:
        await page.get_by_label("Motif de la consultation").select_option(purpose)
    if context:
        await page.get_by_label("Contexte, en quelques mots (facultatif)").fill(context)
    await page.get_by_role("button", name=f"Agir pour {commune}").click()
    await page.wait_for_url(lambda url: "/commune" not in url)


async def act(page: Page, button: Locator, confirm: str, fields: dict[str, str] | None = None) -> None:
    """Open an act's dialog, fill it in, confirm; the password again when it is asked for."""
    await button.click()
    dialog = page.get_by_role("dialog").last
    await expect(dialog).to_be_visible()
    for label, value in (fields or {}).items():
        await dialog.get_by_label(label, exact=False).first.fill(value)
    await dialog.get_by_role("button", name=confirm, exact=True).click()
    await step_up_if_asked(page)
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def step_up_if_asked(page: Page, password: str = PASSWORD) -> None:
    """Give the password again if the page asks before the act is done, however long that takes."""
    asked = page.get_by_role("dialog").get_by_label("Mot de passe")
    done = page.get_by_role("dialog")
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while not await asked.count():
            if not await done.count():
                return
            await page.wait_for_timeout(100)
    await asked.last.fill(password)
    await asked.last.press("Enter")


async def type_date(page: Page, dialog: Locator, label: str, day: date) -> None:
    """Type a date into its three segments, day first as French usage wants."""
    await dialog.get_by_role("spinbutton", name=f"jour, {label}").click()
    await page.keyboard.type(day.strftime("%d%m%Y"), delay=20)
