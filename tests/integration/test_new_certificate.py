"""A camera's new certificate: seen first, then kept only if it is still what a person confirmed (A-01, O-21)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.camera import VirtualCamera
from tests.fakes.camera.onvif_media2 import OPERATIONS
from tests.fakes.camera.operations import Operation
from tests.fakes.camera_town import PREFIX, camera, farm
from tests.fakes.provisioning_town import OrderTown, order_town
from tests.fakes.tls_front import self_signed, tls_front
from tests.integration.test_enrolment_tls import rtsps_at
from vms.db.engine import write
from vms.model import Camera, FoundDevice
from vms.onvif import sweep
from vms.onvif.tls import fetch_fingerprint
from vms.services import camera_clock

CAMERA = "valclair-c07"
ADDRESS = "127.77.0.7"


@dataclass
class Encrypted:
    """A camera enrolled over TLS; ``fronts`` stand before its ports until they are replaced."""

    town: OrderTown
    device: VirtualCamera
    folder: Path
    fronts: AsyncExitStack
    ports: tuple[int, int] = (0, 0)

    async def present(self) -> None:
        """Show fresh certificates, at the same ports."""
        await self.fronts.aclose()
        behind = (self.device.http_port, self.device.rtsp_port)
        services, streams = [
            await self.fronts.enter_async_context(tls_front(self_signed(self.folder), ADDRESS, inner, port))
            for inner, port in zip(behind, self.ports, strict=True)
        ]
        self.ports = (services, streams)

    async def shown(self) -> dict[str, str]:
        """What it shows now."""
        services, streams = [await fetch_fingerprint(ADDRESS, port) for port in self.ports]
        return {"services": services, "main": streams, "sub": streams}

    async def kept(self) -> dict[str, str]:
        """What the row and the vault hold it to; both must say the same of the services."""
        [row] = await self.town.cameras()
        entry = self.town.vault.read(CAMERA)
        assert entry is not None
        assert entry.certificate == row.main_profile["services_certificate"]
        return {
            "services": entry.certificate,
            "main": str(row.main_profile["certificate"]),
            "sub": str(row.sub_profile["certificate"]),
        }

    async def renew(self, seen: dict[str, str]) -> Any:
        """The order of a person who confirmed ``seen``."""
        return await self.town.run("renew_certificate", {"camera": CAMERA, "seen": seen})


@asynccontextmanager
async def encrypted(home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Encrypted]:
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)
    async with farm(camera()) as cameras, order_town(home) as town, AsyncExitStack() as fronts:
        await town.prefix(PREFIX, trusted=False)
        made = Encrypted(town, cameras["cam-7"], folder, fronts)
        await made.present()
        access = OPERATIONS["GetStreamUri"].access
        monkeypatch.setitem(OPERATIONS, "GetStreamUri", Operation(access, rtsps_at(made.ports[1])))
        reference = made.device.config.endpoint_reference
        url = f"https://{ADDRESS}:{made.ports[0]}/onvif/device_service"
        search = await town.queue("discover", {})
        async with write(town.engine) as session:
            found = FoundDevice(id="f1", order_id=search, commune_id="valclair", address=ADDRESS, found_us=0)
            found.onvif_url, found.endpoint_reference = url, reference
            session.add(found)
        done = await town.run("enrol", {"found_id": "f1", "name": "Halle", "number": 7})
        assert done.status == "done", done.error
        yield made


async def test_a_new_certificate_is_seen_then_kept_and_the_camera_obeys_again(
    short_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with encrypted(short_home, tmp_path, monkeypatch) as place:
        first = await place.kept()
        assert first == await place.shown()
        await place.present()
        shown = await place.shown()
        looked = await place.town.run("look_certificate", {"camera": CAMERA})
        assert looked.progress["certificates"] == [
            {"of": of, "kept": first[of], "shown": shown[of]} for of in ("services", "main", "sub")
        ]
        assert await place.kept() == first, "seeing changes nothing"
        assert (await place.town.run("rotate", {"camera": CAMERA})).error["rule"] == "A-01"

        done = await place.renew(shown)
        assert (done.status, done.camera_id) == ("done", CAMERA), done.error
        assert await place.kept() == shown
        assert (await place.town.run("rotate", {"camera": CAMERA})).status == "done"


async def test_nothing_but_what_the_person_confirmed_is_kept(
    short_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with encrypted(short_home, tmp_path, monkeypatch) as place:
        first = await place.kept()
        await place.present()
        confirmed = await place.shown()
        await place.present()  # yet another one answers by the time of the order
        now = await place.shown()
        for seen in (confirmed, first, {"services": now["services"]}, now | {"sub": confirmed["sub"]}):
            refused = await place.renew(seen)
            assert (refused.status, refused.error["rule"]) == ("failed", "A-01")
        for unreadable in ({}, {"services": "oui"}, now | {"audio": "0" * 64}):
            assert (await place.renew(unreadable)).status == "failed"
        assert await place.kept() == first


async def test_another_device_under_the_confirmed_certificate_is_not_taken(
    short_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with encrypted(short_home, tmp_path, monkeypatch) as place:
        first = await place.kept()
        await place.present()
        async with write(place.town.engine) as session:
            row = await session.get(Camera, CAMERA)
            assert row is not None
            row.sqlmodel_update({"endpoint_reference": "urn:uuid:another", "mac": "02:00:00:00:00:09", "serial": "S9"})
        refused = await place.renew(await place.shown())
        assert (refused.status, refused.error["rule"]) == ("failed", "O-21")
        assert await place.kept() == first


async def test_a_camera_that_encrypts_nothing_has_no_certificate(
    short_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 2)
    monkeypatch.setattr(sweep, "PROBES_PER_SECOND", 200)
    monkeypatch.setattr(sweep, "ANSWER_WAIT_S", 0.4)
    async with farm(camera()) as cameras, order_town(short_home, cameras.discovery.port) as town:
        await town.prefix(PREFIX)
        await town.enrol(cameras["cam-7"])
        assert (await town.run("look_certificate", {"camera": CAMERA})).error["kind"] == "conflict"
        assert (await town.run("look_certificate", {"camera": "brumesnil-c01"})).status == "failed"
