"""A commune's database, a keeper that signs whatever a test orders, and virtual cameras: what orders need to run."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from deploy.provisioner import run_order
from tests.fakes.camera import VirtualCamera
from vms.clock import SystemClock
from vms.db.engine import ensure_schema, open_engine, read, write
from vms.errors import Refused
from vms.keeper.clients.audiences import KeeperForProvisioner
from vms.keeper.protocol import PROVISIONER_SOCKET
from vms.keys.wrapping import generate_peer_key
from vms.model import Camera, Commune, FoundDevice, Incident, Prefix, ProvisioningOrder
from vms.settings import Settings
from vms.vault.files import Vault
from vms.vault.handover import Intake, seal_for_provisioner
from vms.wire import WireServer


@dataclass
class OrderTown:
    """One commune named valclair; ``enrolled`` is what the keeper was told."""

    settings: Settings
    engine: AsyncEngine
    recorder_private: bytes
    enrolled: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    forged: bool = False
    numbers: int = 0

    @property
    def vault(self) -> Vault:
        """The vault as a fresh provisioner opens it."""
        return Vault(self.settings.vault_dir)

    async def prefix(self, cidr: str, *, trusted: bool = True) -> None:
        """Declare a prefix."""
        async with write(self.engine) as session:
            session.add(Prefix(commune_id="valclair", cidr=cidr, trusted=trusted, declared_us=0))

    async def queue(self, kind: str, args: dict[str, Any], *, commune: str = "valclair") -> str:
        """Write an order's row as the web process does; the token is the order itself, which this keeper believes."""
        self.numbers += 1
        order = f"order-{self.numbers}"
        token = json.dumps({"id": order, "commune": commune, "kind": kind, "args": args})
        async with write(self.engine) as session:
            row = ProvisioningOrder(id=order, commune_id="valclair", kind=kind, token=token, created_us=0, updated_us=0)
            session.add(row)
        return order

    async def run(self, kind: str, args: dict[str, Any]) -> ProvisioningOrder:
        """Queue an order, carry it out in this process, and return its row."""
        return await self.carry_out(await self.queue(kind, args))

    async def carry_out(self, order: str) -> ProvisioningOrder:
        """Carry out an order that is queued, or was interrupted."""
        keeper = KeeperForProvisioner(self.settings.run_dir / PROVISIONER_SOCKET)
        code = await run_order(self.settings, self.engine, SystemClock(), keeper, order)
        row = await self.order(order)
        assert code == (0 if row.status == "done" else 1)
        return row

    async def order(self, order: str) -> ProvisioningOrder:
        """An order's row."""
        async with read(self.engine) as session:
            row = await session.get(ProvisioningOrder, order)
        assert row is not None
        return row

    async def found(self, order: str = "") -> list[FoundDevice]:
        """What was found, by address."""
        query = select(FoundDevice).order_by(col(FoundDevice.address))
        async with read(self.engine) as session:
            rows = await session.execute(query.where(FoundDevice.order_id == order) if order else query)
            return list(rows.scalars())

    async def cameras(self) -> list[Camera]:
        """The inventory."""
        async with read(self.engine) as session:
            return list((await session.execute(select(Camera).order_by(col(Camera.id)))).scalars())

    async def incidents(self) -> list[Incident]:
        """Every incident."""
        async with read(self.engine) as session:
            return list((await session.execute(select(Incident).order_by(col(Incident.id)))).scalars())

    def typed(self, username: str, password: str) -> str:
        """An account as the page seals it."""
        Intake(self.settings.vault_dir)
        return seal_for_provisioner(self.settings.vault_dir, "valclair", username, password)

    async def enrol(self, device: VirtualCamera, number: int = 7, **more: Any) -> ProvisioningOrder:
        """Search for a camera, then enrol it."""
        search = await self.run("discover", {})
        found = [f for f in await self.found(search.id) if f.address == device.config.address]
        named = {"found_id": found[0].id, "name": f"Halle {number}", "place": "Place de la Halle", "number": number}
        return await self.run("enrol", named | more)

    async def check_order(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The keeper's answer."""
        if self.forged:
            raise Refused("Cet ordre n’est pas signé par le gardien.", rule="P-40")
        return {**json.loads(args["order"]), "person": "p1", "issued_us": 0, "expires_us": 1}

    async def camera_enrolled(self, args: dict[str, Any], _: bytes) -> dict[str, Any]:
        """The keeper takes note."""
        self.enrolled.append((args["camera"], args["facts"]))
        return {"camera": args["camera"]}


@asynccontextmanager
async def order_town(home: Path, discovery_port: int = 3702) -> AsyncIterator[OrderTown]:
    """A commune in ``home`` and its keeper's socket, until the block ends."""
    settings = Settings(home=home, discovery_port=discovery_port)
    settings.make_dirs()
    private, public = generate_peer_key()
    (settings.recorder_dir / "identity.pub").write_bytes(public)
    engine = open_engine(settings.database_url)
    await ensure_schema(engine)
    async with write(engine) as session:
        session.add(Commune(id="valclair", name="Valclair-sur-Brume"))
    town = OrderTown(settings, engine, private)
    server = WireServer({"check_order": town.check_order, "camera_enrolled": town.camera_enrolled})
    await server.start(settings.run_dir / PROVISIONER_SOCKET)
    try:
        yield town
    finally:
        await server.stop()
        await engine.dispose()
