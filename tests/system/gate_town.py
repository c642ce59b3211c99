"""A machine for the gate's tests: two towns, footage, a package, and one person for each role and lapsed right."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import websockets

from deploy.admin.api_client import ApiClient
from deploy.demo.setup import STEPS, Town, discover_and_enrol, into_service, papers, people, unlock
from deploy.demo.town import CAMERAS, INTERCOMMUNALITY, PASSWORD
from recorder.segment.format import SegmentHeader, walk
from tests.fakes.machine import Machine, eventually, running
from tests.judges.clear_bytes import Needles
from tests.system.page import Group, opened_groups, replay, timeline
from vms.clock import MICRO
from vms.errors import Refused
from vms.keys.wrapping import generate_peer_key

SERVED: Final = "valclair-c02"
SUSPENDED: Final = "valclair-c04"
NEVER: Final = "valclair-c01"
FOREIGN: Final = "brumesnil-c02"
IMAGE_ACTS: Final = ("live", "replay", "framing", "export")
# What each role may be given (law.md §9); the rest it can never have.
MAY_HAVE: Final[dict[str, tuple[str, ...]]] = {
    "officer": IMAGE_ACTS, "chief": IMAGE_ACTS, "mayor": IMAGE_ACTS, "deputy": IMAGE_ACTS,
    "csu_operator": ("live", "replay"), "secretary": (), "installer": ("framing",), "auditor": (),
    "inspector": (),
}  # fmt: skip
FOOTAGE_LEAST_US: Final = 8 * MICRO
PATIENCE_S: Final = 120.0
# Purpose 2 is in an order of the town, but not in that of the cameras.
OTHER_PURPOSE: Final = "2"
SOCKET_WAIT_S: Final = 60.0


@dataclass(slots=True)
class GateTown:
    """The machine, and the real ids of Valclair that a stranger might know."""

    machine: Machine
    ids: dict[str, str] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)
    sealed: bytes = b""
    sealed_at: dict[str, int] = field(default_factory=dict)
    range_us: tuple[int, int] = (0, 0)
    clients: list[ApiClient] = field(default_factory=list)

    @property
    def town(self) -> Town:
        """Valclair."""
        return self.machine.town("valclair")

    def read_sealed_group(self) -> None:
        """Where the first opened group lies on disk, and its sealed bytes."""
        group = self.groups[0]
        data = next(self.machine.settings.store_dir.rglob(f"{group.segment}.seg")).read_bytes()
        header, header_bytes = SegmentHeader.parse(data)
        placed = walk(lambda at, length: data[at : at + length], header, header_bytes, verify=False)
        found = next(one for one in placed if one.header.number == group.number)
        self.sealed_at = {"offset": found.sealed_offset, "length": found.header.length}
        self.sealed = data[found.sealed_offset : found.end]

    def needles(self) -> Needles:
        """Pictures, sealed bytes and keys, the keys in every spelling that JSON could carry."""
        keys = [group.key for group in self.groups]
        told = [spelt for key in keys for spelt in (base64.b64encode(key), key.hex().encode())]
        return Needles([self.sealed, *(group.plaintext for group in self.groups), *keys, *told])

    async def newcomer(self, role: str, name: str, acts: Sequence[str]) -> tuple[ApiClient, str]:
        """A new person with one habilitation, signed in; with the habilitation's id."""
        mayor, login = await self.town.as_("mayor"), f"{role}.{name}".replace("_", "-")
        account = {"login": login, "label": f"{role} {name}", "email": f"{login}@guet.example"}
        made = await mayor.post(self.town.path("/people"), account)
        await self.town.open_account(login, made["invitation"])
        person = made["person"]
        given = await mayor.post(self.town.path("/habilitations"), self._habilitation(role, person, acts))
        client = ApiClient(self.machine.url)
        self.clients.append(client)
        await client.sign_in(login, PASSWORD)
        await client.post("/session/act", {"commune": "valclair", "purpose": "5", "motive": "secteur gare"})
        await client.post("/session/step-up", {"password": PASSWORD})
        return client, str(given["habilitation"])

    def _habilitation(self, role: str, person: str, acts: Sequence[str]) -> dict[str, Any]:
        today = self.town.today
        facts: dict[str, Any] = {
            "person": person,
            "role": role,
            "decision_ref": "Décision 2026-200",
            "signed_by": "Maire de Valclair-sur-Brume",
            "scope": {"cameras": "all", "acts": list(acts)},
            "from": today.isoformat(),
            "until": (today + timedelta(days=90)).isoformat(),
            "training_date": (today - timedelta(days=30)).isoformat(),
            "pooled": role == "csu_operator",
        }
        if role in ("deputy", "csu_operator", "inspector"):
            until = (today + timedelta(days=90)).isoformat()
            facts["basis"] = {"reference": "Acte 2026-12", "from": today.isoformat(), "until": until}
        return facts

    async def withdraw(self, habilitation: str) -> None:
        """The mayor withdraws it."""
        mayor = await self.town.as_("mayor")
        # The step-up of the first minutes may be over by now.
        await mayor.post("/session/step-up", {"password": PASSWORD})
        await mayor.post(f"/habilitations/{habilitation}/withdraw", {"motive": "fin de mission"})

    async def frame(self) -> None:
        """A framing session on the served camera, unless one is open."""
        mayor = await self.town.as_("mayor")
        with suppress(Refused):
            await mayor.post(f"/cameras/{SERVED}/framing/open", {"minutes": 15})

    async def suspend(self, habilitation: str) -> None:
        """The mayor lets it rest."""
        mayor = await self.town.as_("mayor")
        await mayor.post(f"/habilitations/{habilitation}/suspend", {"motive": "enquête administrative"})


@asynccontextmanager
async def gate_town() -> AsyncIterator[GateTown]:
    """Both towns running, one camera recording in each, a request packaged, a replay of the mayor's open."""
    wanted = [one for one in CAMERAS if f"{one.commune}-c{one.number:02d}" in (SERVED, SUSPENDED, NEVER, FOREIGN)]
    async with running(wanted) as machine:
        scene = GateTown(machine)
        await machine.set_up("brumesnil")
        await _set_valclair_up(scene)
        await _find_ids(scene)
        await _package(scene)
        mayor = await scene.town.as_("mayor")
        try:
            async with replay(mayor, SERVED) as page:
                scene.groups = await page.window(*scene.range_us)
                scene.ids |= {"permit_id": page.permit, "name": scene.groups[0].segment}
                scene.read_sealed_group()
                yield scene
        finally:
            for client in scene.clients:
                await client.close()


async def _set_valclair_up(scene: GateTown) -> None:
    """One camera in service, one suspended, one that has never been in service; an order for another purpose."""
    town, machine = scene.town, scene.machine
    await people(town, machine.persons)
    await papers(town)
    await discover_and_enrol(town, machine.network)
    mayor, everything = await town.as_("mayor"), town.cameras
    never = next(one for one in everything if NEVER.endswith(f"{one.number:02d}"))
    await STEPS["enrolled"](town, never, NEVER, machine.clips[NEVER])
    town.cameras = [one for one in everything if one is not never]
    await into_service(town, machine.clips)
    await unlock(town)
    await mayor.post(f"/cameras/{SUSPENDED}/suspend", {"motive": "travaux sur le mât"})
    order = {
        "reference": "Arrêté 2026-99-VP", "prefect": "Préfecture de la Brume", "from": town.today.isoformat(),
        "until": (town.today + timedelta(days=300)).isoformat(), "max_days": 15, "purposes": [OTHER_PURPOSE],
    }  # fmt: skip
    await mayor.post(town.path("/authorisations"), order)
    await mayor.post("/session/act", {"commune": "valclair", "purpose": "5", "motive": "essai"})
    # A CSU of the intercommunality watches for the town (P-61); the demonstration's conventions cover it.
    assert INTERCOMMUNALITY in str(await mayor.get(town.path("/conventions")))


async def _find_ids(scene: GateTown) -> None:
    """Ids as they would leak: in an address, a screenshot, a mail."""
    mayor, town = await scene.town.as_("mayor"), scene.town
    listed = (await mayor.get(town.path("/people")))["people"]
    officer = next(one for one in listed if one["label"] == "Agent PM 07")
    orders, found = await mayor.get(town.path("/orders")), await mayor.get(town.path("/found"))
    zone_sets = (await mayor.get(f"/cameras/{SERVED}/zones"))["zone_sets"]
    asked = {"date": town.today.isoformat()}
    plan = await mayor.request("POST", town.path("/site-plans"), params=asked, content=b"%PDF-1.7\n%%EOF\n")
    scene.ids |= {
        "commune": "valclair",
        "camera_id": SERVED,
        "person": officer["person"],
        "session": (await mayor.get("/account"))["sessions"][0]["id"],
        "passkey": "0" * 32,
        "provider": "proconnect",
        "identity": "0" * 32,
        "habilitation": officer["habilitations"][0]["id"],
        "order_id": orders[0]["id"],
        "found_id": found[0]["id"],
        "zone_set": zone_sets[0]["id"],
        "order": (await mayor.get(town.path("/authorisations")))["orders"][0]["id"],
        "grouping": (await mayor.get(town.path("/groupings")))["groupings"][0]["id"],
        "sha256": plan.json()["sha256"],
    }


async def _package(scene: GateTown) -> None:
    """A request over recorded footage, decided and packaged."""
    mayor, now_us = await scene.town.as_("mayor"), time.time_ns() // 1000

    async def enough() -> bool:
        spans = (await timeline(mayor, SERVED, "main", now_us - 600 * MICRO, time.time_ns() // 1000))["recorded"]
        if not spans or spans[-1]["to_us"] - spans[-1]["from_us"] < FOOTAGE_LEAST_US:
            return False
        scene.range_us = spans[-1]["from_us"] + MICRO, spans[-1]["to_us"] - MICRO
        return True

    await eventually(enough, within_s=PATIENCE_S, every_s=0.3, what="enough footage")
    fields = {
        "authority": "Gendarmerie", "officer_name": "OPJ", "officer_number": "1", "unit": "Brigade de la Brume",
        "procedure_number": "2026/1", "offence": "vol",
    }  # fmt: skip
    body = {"frame": "flagrance", "fields": fields, "cameras": [SERVED], "motive": "vol"}
    made = await mayor.post(
        scene.town.path("/requests"), body | {"from_us": scene.range_us[0], "to_us": scene.range_us[1]}
    )
    request = made["request"]
    scene.ids |= {"request": request, "hold": made["hold"]}
    await mayor.post("/session/step-up", {"password": PASSWORD})
    waiting = await mayor.post(f"/holds/{made['hold']}/release", {"motive": "procédure close"})  # nobody confirms it
    scene.ids["pending"] = waiting["pending"]
    await mayor.post(f"/requests/{request}/decision", {"decision": "execute"})
    await mayor.post(f"/requests/{request}/extract")

    async def packaged() -> bool:
        return bool((await mayor.get(f"/requests/{request}"))["state"] == "packaged")

    await eventually(packaged, within_s=PATIENCE_S, every_s=0.3, what="the package")


async def groups_of(client: ApiClient, scene: GateTown) -> list[Group]:
    """What opens for that person over the recorded range."""
    return await opened_groups(client, SERVED, "main", *scene.range_us)


async def conversation(scene: GateTown, path: str, headers: dict[str, str]) -> list[str | bytes]:
    """All that a socket says when a page asks for the keys of a window, until it closes."""
    url = scene.machine.url.replace("http", "ws", 1) + path
    public = base64.b64encode(generate_peer_key()[1]).decode()
    window = {"type": "window", "from_us": scene.range_us[0], "to_us": scene.range_us[1], "public": public}
    said: list[str | bytes] = []
    async with asyncio.timeout(SOCKET_WAIT_S):
        async with websockets.connect(url, additional_headers=headers, proxy=None, max_size=1 << 26) as socket:
            with suppress(websockets.ConnectionClosed):  # it may have said why and closed already
                await socket.send(json.dumps(window))
            with suppress(websockets.ConnectionClosed):
                async for one in socket:
                    said.append(one)
    return said
