"""The relay: live pictures from the machine that records a camera to the machine whose pages show it.

On one machine that is a Unix socket. Between machines it is mutual TLS on ``VMS_RELAY_PORT`` + the process's index,
with the same frames, permits and renewals (``recorder/live/service.py``): each view has a connection of its own, so
that a page that does not read fills its own queue, drops to the next key frame and is told so, and nobody else waits.
"""

from __future__ import annotations

import ssl
from functools import cached_property
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from vms.db.engine import read
from vms.errors import Unavailable
from vms.model import CameraHealth, Lease, Worker
from vms.settings import Settings
from vms.wire_tls import TlsAddress, machine_identity


def advertised(settings: Settings, index: int) -> str:
    """What a recorder process tells the others: ``host:port`` of its relay, nothing when it has none."""
    if settings.relay_port is None:
        return ""
    return f"{settings.relay_host or settings.machine}:{settings.relay_port + index}"


class Relay:
    """Finds the process that records a camera, on this machine or another."""

    def __init__(self, engine: AsyncEngine, settings: Settings) -> None:
        self._engine, self._settings = engine, settings

    async def way_to(self, camera: str, stream: str) -> Path | TlsAddress:
        """Where the camera's live pictures are to be had; Unavailable while nobody records it, or it is unreachable."""
        found = await (self._by_lease(camera) if self._settings.shared else self._by_health(camera, stream))
        if found is None:
            raise Unavailable("Aucun enregistreur ne suit encore cette caméra.", where=camera, todo="Patientez.")
        return found

    async def _by_health(self, camera: str, stream: str) -> Path | None:
        chosen = select(CameraHealth.recorder).where(
            col(CameraHealth.camera_id) == camera, col(CameraHealth.stream) == stream
        )
        async with read(self._engine) as session:
            index = (await session.execute(chosen)).scalar_one_or_none()
        return None if index is None else self._here(index)

    async def _by_lease(self, camera: str) -> Path | TlsAddress | None:
        chosen = (
            select(Worker.seat, Worker.address)
            .join(Lease, col(Lease.holder) == col(Worker.id))
            .where(col(Lease.name) == f"camera:{camera}")
        )
        async with read(self._engine) as session:
            row = (await session.execute(chosen)).one_or_none()
        if row is None:
            return None
        machine, _, index = str(row[0]).rpartition("/")
        if machine == self._settings.machine:
            return self._here(int(index))
        host, _, port = str(row[1]).rpartition(":")
        if not host:
            raise Unavailable(
                f"La machine {machine} n’a pas de relais : son direct ne se voit que chez elle.",
                where=camera,
                todo="Réglez VMS_RELAY_PORT et les certificats sur cette machine.",
            )
        return TlsAddress(host, int(port), machine, self._calling)

    def _here(self, index: int) -> Path:
        return self._settings.run_dir / f"rec-{index}.sock"

    @cached_property
    def _calling(self) -> ssl.SSLContext:
        return machine_identity(self._settings).client_context()
