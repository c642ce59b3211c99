"""A keeper whose clock the test holds, its pages as the demonstration serves them, and a browser at their door."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Locator, Page

from deploy import web_process
from deploy.ports import free_port
from tests.browser.chromium import chromium
from tests.integration.keeper_town import CHIEF, MAYOR, Town, town
from tests.peers.oidc_provider import CLIENT, SECRET, cache, oidc_provider
from vms.clock import HOUR_US, UtcTime
from vms.identity_provider import IdentityProvider
from vms.law.rulebook import rulebook
from vms.settings import Settings

OFFICER: Final = "agent"
# A deputy and an auditor, neither of whom owes the other anything: together they bring anybody back (P-58).
APPROVERS: Final = ("adjointe", "dpo")


@dataclass(slots=True)
class Place:
    """A keeper whose clock the test holds, its pages on http://localhost as the demonstration's are, and a browser."""

    town: Town
    url: str
    browser: Browser


@asynccontextmanager
async def door(home: Path) -> AsyncIterator[Place]:
    """A town whose people are all settled, its keeper's time the pages' own."""
    port, secret = free_port(), home / "secret"
    url = f"http://localhost:{port}"
    settings = Settings(home=home, port=port, public_url=url, demo=True)
    settling_us = (rulebook().durations.settling_days * 24 + 1) * HOUR_US
    start = UtcTime(time.time_ns() // 1000 - settling_us)
    secret.write_text(SECRET)
    with oidc_provider(home, cache(), [url]) as peer:
        provider = IdentityProvider(
            id="proconnect", kind="proconnect", issuer=peer.proconnect, client_id=CLIENT, secret_file=secret
        )
        async with town(home, start=start, public_url=url, providers=[provider]) as made, chromium() as browser:
            await made.add(OFFICER, "officer", ["live"])
            await made.add("adjointe", "deputy", invited_by=CHIEF, basis={"reference": "délégation 4"})
            await made.add("dpo", "auditor", invited_by=CHIEF)
            await made.settle(MAYOR, CHIEF, *APPROVERS)
            (home / "run").symlink_to(made.run)
            pages = asyncio.create_task(web_process.run(settings))
            await answering(port)
            yield Place(made, url, browser)
            pages.cancel()
            await asyncio.gather(pages, return_exceptions=True)


async def answering(port: int) -> None:
    """Wait until the pages' server accepts connections."""
    async with asyncio.timeout(60):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def dialog(page: Page) -> Locator:
    """The topmost dialog."""
    return page.get_by_role("dialog").last
