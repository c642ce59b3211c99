"""A réquisition through the public API up to its package, by the demonstration's people, for tests that look on."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from deploy.demo.setup import Town
from deploy.demo.story import FIELDS
from deploy.demo.story_page import open_package
from deploy.demo.town import PASSWORD
from vms.errors import GuetError

EXTRACT_LIMIT_S: Final = 120.0
POLL_S: Final = 0.1


async def approved(town: Town, cameras: list[str], from_us: int, to_us: int) -> str:
    """A request registered by the secretary and decided by the mayor; its id."""
    secretary, mayor = await town.as_("secretary"), await town.as_("mayor")
    asked = {"frame": "flagrance", "fields": FIELDS, "cameras": cameras, "motive": "vol signalé par un commerçant"}
    made = await secretary.post(town.path("/requests"), asked | {"from_us": from_us, "to_us": to_us})
    await mayor.post("/session/step-up", {"password": PASSWORD})
    await mayor.post(f"/requests/{made['request']}/decision", {"decision": "execute"})
    return str(made["request"])


async def extracted(
    town: Town, request: str, folder: Path, looking_on: Callable[[], Awaitable[None]] | None = None
) -> Path:
    """The opened package of an approved request, with ``looking_on`` awaited while it is being built.

    GuetError when the extraction fails, TimeoutError when it does not end.
    """
    officer = await town.as_("officer")
    await officer.post("/session/act", {"commune": town.commune.id, "purpose": "5", "motive": "réquisition"})
    await officer.post("/session/step-up", {"password": PASSWORD})
    started = asyncio.create_task(officer.post(f"/requests/{request}/extract"))
    if looking_on is not None:
        await looking_on()
    await started
    async with asyncio.timeout(EXTRACT_LIMIT_S):
        while True:
            progress = (await officer.get(f"/requests/{request}"))["package"]["progress"]
            if progress["status"] == "failed":
                raise GuetError.from_dict(progress["error"])
            if progress["status"] == "done":
                return await open_package(officer, request, folder)
            await asyncio.sleep(POLL_S)


def video_of(package: Path, folder: Path) -> tuple[Path, list[str]]:
    """The only video of a package, unpacked, and the NAL hashes that stand beside it."""
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        [video] = [name for name in names if name.startswith("video/") and name.endswith(".mp4")]
        [listed] = [name for name in names if name.endswith(".nal-sha256")]
        return Path(archive.extract(video, folder)), archive.read(listed).decode().split()
