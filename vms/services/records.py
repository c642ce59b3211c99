"""What the provisioner reads and writes in the shared database, for one commune: orders, finds, cameras, incidents."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, func, select

from vms.clock import Clock
from vms.db.engine import read, write
from vms.errors import Conflict, NotFound
from vms.model import Camera, FoundDevice, Incident, Prefix, ProvisioningOrder
from vms.onvif.territory import DeclaredPrefix, Territory
from vms.services.identify import Identity, KnownCamera

FOUND_LIMIT: Final = 4096


class Records:
    """The database as provisioning services see it; every write is one transaction and may be repeated."""

    def __init__(self, engine: AsyncEngine, clock: Clock, commune: str) -> None:
        self._engine = engine
        self._clock = clock
        self.commune: Final = commune

    async def territory(self) -> Territory:
        """The commune's declared prefixes; Refused (O-22) when it has none."""
        async with read(self._engine) as session:
            rows = (await session.execute(select(Prefix).where(Prefix.commune_id == self.commune))).scalars()
            return Territory([DeclaredPrefix.parse(row.cidr, trusted=row.trusted) for row in rows])

    async def known_cameras(self) -> list[KnownCamera]:
        """Every camera of the inventory, whatever its commune: a stolen one may turn up in another."""
        async with read(self._engine) as session:
            rows = (await session.execute(select(Camera).order_by(col(Camera.id)))).scalars().all()
        return [
            KnownCamera(
                row.id,
                row.commune_id,
                row.name,
                row.address,
                Identity(row.endpoint_reference, row.mac, row.serial, row.manufacturer, row.model, row.firmware),
            )
            for row in rows
        ]

    async def found(self, found_id: str) -> FoundDevice:
        """A device that a search found in this commune; NotFound otherwise."""
        async with read(self._engine) as session:
            row = await session.get(FoundDevice, found_id)
        if row is None or row.commune_id != self.commune:
            raise NotFound("Cet équipement n’a pas été trouvé ici.", todo="Relancez la découverte.")
        return row

    async def save_found(self, device: FoundDevice) -> None:
        """Store a find, or what is newly known of it."""
        async with write(self._engine) as session:
            known = await session.get(FoundDevice, device.id)
            if known is None:
                count = await session.execute(
                    select(func.count()).select_from(FoundDevice).where(FoundDevice.order_id == device.order_id)
                )
                if count.scalar_one() >= FOUND_LIMIT:
                    return
            else:
                device.found_us = known.found_us
            await session.merge(device)

    async def mark_enrolled(self, found_id: str, camera: str) -> None:
        """Show a find as the camera that it has become."""
        async with write(self._engine) as session:
            row = await session.get(FoundDevice, found_id)
            if row is not None:
                row.state = "enrolled"
                row.detail = {**row.detail, "camera": camera, "what": ""}

    async def camera(self, camera: str) -> Camera | None:
        """A camera's row."""
        async with read(self._engine) as session:
            return await session.get(Camera, camera)

    async def save_camera(self, camera: str, values: Mapping[str, Any]) -> None:
        """Write a camera's row, new or known; Conflict when its number is another camera's."""
        now = self._clock.utc().us
        async with write(self._engine) as session:
            number = values.get("number")
            taken = select(Camera.id).where(Camera.commune_id == self.commune, Camera.number == number)
            other = (await session.execute(taken.where(Camera.id != camera))).scalar_one_or_none()
            if other is not None:
                raise Conflict(
                    f"Le numéro {number} est celui de la caméra {other}.", todo="Choisissez un autre numéro."
                )
            row = await session.get(Camera, camera)
            if row is None:
                session.add(Camera(id=camera, commune_id=self.commune, created_us=now, updated_us=now, **values))
            else:
                row.sqlmodel_update({**values, "updated_us": now})

    async def stream_owner(self, url: str) -> str | None:
        """The camera that records this stream already, if any."""
        async with read(self._engine) as session:
            query = select(Camera.id).where((col(Camera.main_url) == url) | (col(Camera.sub_url) == url))
            return (await session.execute(query)).scalars().first()

    async def open_incident(self, kind: str, what: str, *, camera: str = "", todo: str = "", rule: str = "") -> None:
        """Open a grave incident; one that is open already with the same words is not opened twice."""
        async with write(self._engine) as session:
            same = select(Incident.id).where(
                Incident.commune_id == self.commune,
                Incident.kind == kind,
                Incident.camera_id == camera,
                Incident.what == what,
                col(Incident.closed_us).is_(None),
            )
            if (await session.execute(same)).scalars().first() is None:
                session.add(
                    Incident(
                        commune_id=self.commune,
                        camera_id=camera,
                        kind=kind,
                        severity="grave",
                        what=what,
                        todo=todo,
                        rule=rule,
                        opened_us=self._clock.utc().us,
                    )
                )


async def order_row(engine: AsyncEngine, order: str) -> ProvisioningOrder:
    """An order's row; NotFound when there is none."""
    async with read(engine) as session:
        row = await session.get(ProvisioningOrder, order)
    if row is None:
        raise NotFound("Cet ordre n’existe pas.", where=order[:40])
    return row


async def update_order(engine: AsyncEngine, clock: Clock, order: str, **values: Any) -> None:
    """Write what has become of an order: ``status``, ``progress``, ``error``, ``camera_id``."""
    async with write(engine) as session:
        row = await session.get(ProvisioningOrder, order)
        if row is not None:
            row.sqlmodel_update({**values, "updated_us": clock.utc().us})


def found_id(order: str, address: str, reference: str) -> str:
    """A find's id: the same when a resumed search finds the same device again."""
    return hashlib.sha256("\0".join((order, address, reference)).encode()).hexdigest()[:32]
