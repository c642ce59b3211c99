"""Files that people send and the keeper notes, kept by the SHA-256 of their bytes, whole or not at all.

A crash after the write leaves a file that nothing notes: it takes room and is shown to nobody.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

from vms.errors import Damaged, NotFound


class KeptFiles:
    """One machine's files of one sort, in a folder a commune; ``named`` begins a sentence about one of them."""

    def __init__(self, home: Path, suffix: str, named: str, rule: str) -> None:
        self._home, self._suffix, self._named, self._rule = home, suffix, named, rule

    async def keep(self, commune: str, data: bytes) -> str:
        """Keep a file; its SHA-256 (hex). It is on the disk when this returns, so that it can be noted."""
        digest = hashlib.sha256(data).hexdigest()
        await asyncio.to_thread(_write, self._path(commune, digest), data)
        return digest

    async def read(self, commune: str, digest: str) -> bytes:
        """A file; NotFound when it is not here, Damaged when it is not the one that was noted."""
        try:
            data = await asyncio.to_thread(self._path(commune, digest).read_bytes)
        except FileNotFoundError as error:
            raise NotFound(f"{self._named} n’est pas sur cette machine.", where=digest[:12]) from error
        if hashlib.sha256(data).hexdigest() != digest:
            what = f"{self._named} ne correspond plus à son empreinte."
            raise Damaged(what, where=digest[:12], todo="Envoyez le fichier de nouveau.", rule=self._rule)
        return data

    async def forget(self, commune: str, digest: str) -> None:
        """Delete one that is noted nowhere any more."""
        await asyncio.to_thread(self._path(commune, digest).unlink, missing_ok=True)

    def _path(self, commune: str, digest: str) -> Path:
        return self._home / commune / f"{digest}{self._suffix}"


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and on the disk before it is noted."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
