"""Photographs of posted notices, kept by the SHA-256 of what is kept: remade first, then written, then noted (P-80)."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Final

import web
from vms.errors import BadInput, GuetError, Unavailable
from web.kept_files import KeptFiles
from web.photo_header import damaged, photo_size

REFUSED: Final = 3
WORKER_LIMIT_S: Final = 60.0
WAITING_LIMIT: Final = 4


class PanelPhotos:
    """One machine's photographs, in ``home/panels``; one is decoded at a time, a few wait."""

    def __init__(self, home: Path) -> None:
        self._files = KeptFiles(home / "panels", ".jpg", "Cette photographie", "P-80")
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def keep(self, commune: str, data: bytes) -> str:
        """Remake an upload and keep it; its SHA-256 (hex). BadInput (P-80) for what is no photograph: nothing is kept.

        Unavailable while too many wait.
        """
        photo_size(data)
        if self._waiting >= WAITING_LIMIT:
            raise Unavailable("Trop de photographies à la fois.", todo="Recommencez dans une minute.")
        self._waiting += 1
        try:
            async with self._turn:
                made = await _remade(data)
        finally:
            self._waiting -= 1
        return await self._files.keep(commune, made)

    async def read(self, commune: str, digest: str) -> bytes:
        """A photograph; NotFound when it is not here, Damaged when it is not the one that was noted."""
        return await self._files.read(commune, digest)

    async def forget(self, commune: str, digest: str) -> None:
        """Delete one that no camera is noted with."""
        await self._files.forget(commune, digest)


async def _remade(data: bytes) -> bytes:
    """The photograph made anew by ``web.photo_worker``; BadInput when it refuses, dies or takes too long."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-B", "-m", "web.photo_worker"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(Path(web.__file__).parent.parent),
            "OPENBLAS_NUM_THREADS": "1",
        },
    )
    try:
        async with asyncio.timeout(WORKER_LIMIT_S):
            made, _ = await process.communicate(data)
    except TimeoutError as error:
        raise damaged() from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == REFUSED:
        told = GuetError.from_dict(json.loads(made))
        raise told if isinstance(told, BadInput) else damaged()
    if process.returncode != 0 or not made:
        raise damaged()
    return made
