"""What a scene of some minutes does not live to see, told to its pages in the server's place."""

from __future__ import annotations

import json
import re
import time
from typing import Any, Final

from playwright.async_api import Page, Route

from vms.clock import MICRO

SEE: Final = re.compile("Voir ce qu’elle montre|See what it shows")
KEPT, NEW = "3f" * 32, "a7" * 32


def openings(camera: str, other: str) -> dict[str, Any]:
    """The exceptional openings as they are told a day after somebody was named: a scene does not live that long."""
    now_us, minute_us = time.time_ns() // 1000, 60 * MICRO
    one = {
        "id": "x-1", "state": "open", "cameras": [camera, other], "from_us": now_us - 120 * minute_us,
        "to_us": now_us - 90 * minute_us, "minutes": 30, "motive": "accident rue des Tilleuls, maire injoignable",
        "asked_by": "Agent PM 07", "asked_us": now_us - 9 * minute_us, "sign_by_us": now_us + 6 * minute_us,
        "confirmed_by": "Agente PM 12", "opened_us": now_us - 5 * minute_us, "until_us": now_us + 25 * minute_us,
        "closed_us": None, "closed_by": "", "may_confirm": False, "may_close": True, "yours": True,
    }  # fmt: skip
    waits = {
        "id": "x-2",
        "state": "asked",
        "confirmed_by": "",
        "opened_us": None,
        "until_us": None,
        "may_confirm": True,
    }
    closed = {
        "id": "x-3",
        "state": "over",
        "closed_us": now_us - minute_us,
        "closed_by": "La maire",
        "may_close": False,
    }
    names = ("Agent PM 07", "Agente PM 12")
    persons = [{"person": name, "label": name, "since_us": now_us - 3 * minute_us, "may_sign": True} for name in names]
    return {
        "now_us": now_us, "named_hours": 24, "signing_minutes": 15, "open_minutes": 60, "range_hours": 4,
        "cameras_limit": 4, "named": True, "may_sign": True, "sign_lapse": None, "persons": persons,
        "emergencies": [one, one | waits, one | closed],
    }  # fmt: skip


async def certificates(page: Page, camera: str) -> None:
    """On a camera's page: it speaks TLS, and one of its certificates is no longer the one that was kept."""

    async def over_tls(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, json={**await answer.json(), "tls": True})

    shown = [
        {"of": "services", "kept": KEPT, "shown": NEW},
        {"of": "main", "kept": KEPT, "shown": KEPT},
    ]
    order = {
        "id": "look", "commune": "valclair", "kind": "look", "status": "done", "camera": camera, "error": {},
        "progress": {"steps": [], "certificates": shown}, "created_us": 0, "updated_us": 0,
    }  # fmt: skip
    await page.route(f"**/api/v1/cameras/{camera}", over_tls)
    await page.route("**/certificates/look", lambda route: route.fulfill(status=202, json=order))
    await page.route("**/api/v1/orders/look", lambda route: route.fulfill(json=order))
    told = f"data: {json.dumps(order)}\n\n"
    events = {"body": told, "content_type": "text/event-stream"}
    await page.route("**/api/v1/orders/look/events", lambda route: route.fulfill(**events))
    await page.reload()
    await page.get_by_role("button", name=SEE).click()
    await page.get_by_text(re.compile("^(Différent|Different)$")).wait_for()


async def sealed(page: Page, request: str) -> None:
    """On a request's hand-over page: its package is sealed, so that there is a receipt to print."""
    package = {"manifest_sha256": NEW, "bytes": 48_000_000, "built_us": time.time_ns() // 1000}

    async def packaged(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, json={**await answer.json(), "package": package})

    address = f"**/api/v1/requests/{request}"
    await page.route(address, packaged)
    await page.reload()
    await page.locator(".paper").wait_for()
    await page.unroute(address)
