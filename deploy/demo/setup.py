"""Sets the two towns up through the same doors as everyone: the host's start-up, then the API, as each role.

Every step looks first whether it is done, so that an interrupted demonstration goes on where it was, and a second start
only signs in and unlocks.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, Final

from deploy.admin.api_client import ApiClient
from deploy.demo.farm import Network, zones_of
from deploy.demo.footage import Clip
from deploy.demo.town import (
    ACCOUNTS,
    COMMUNES,
    INTERCOMMUNALITY,
    PASSPHRASE,
    PASSWORD,
    Account,
    DemoCamera,
    DemoCommune,
    accounts_of,
)
from vms import logs
from vms.clock import MICRO, Clock, paris_date
from vms.db.engine import open_engine
from vms.errors import Conflict, NotFound
from vms.keeper.clients.audiences import way_to_keeper
from vms.keeper.clients.host import KeeperForHost
from vms.keeper.protocol import HOST_SOCKET
from vms.services.found_commune import found_commune
from vms.settings import Settings

PURPOSES: Final = ("1", "3", "5", "11")
MOTIVE: Final = "mise en route de la démonstration"
RETENTION_DAYS: Final = 15
CONTROL_DAYS: Final = 60
SEARCHES_LIMIT_COUNT: Final = 10
STEP_UP_AGAIN_US: Final = 2 * 60 * MICRO  # a step-up is good for five minutes
# The deed that a role needs besides the decision (P-29, P-51, P-53).
DEEDS: Final = {
    "deputy": "Arrêté de délégation 2026-04",
    "csu_operator": "Agrément préfectoral 2026-117",
    "inspector": "Contrôle préfectoral 2026-31",
}

log = logs.get("deploy.demo.setup")


class Town:
    """One commune being set up: its people's clients, signed in once."""

    def __init__(
        self, commune: DemoCommune, cameras: Sequence[DemoCamera], url: str, clock: Clock, *, verify: bool = True
    ) -> None:
        self.commune = commune
        self.cameras = [one for one in cameras if one.commune == commune.id]
        self.today = paris_date(clock.utc())
        self.clock = clock
        self._url, self._verify = url, verify
        self._clients: dict[str, ApiClient] = {}
        self._stepped_up_us: dict[str, int] = {}

    async def as_(self, role: str) -> ApiClient:
        """The client of the commune's account with that role, acting for the commune."""
        if role not in self._clients:
            client = ApiClient(self._url, verify=self._verify)
            await client.sign_in(accounts_of(role, self.commune.id).login, PASSWORD)
            # No purpose yet: there may be no order, and setting up opens no picture.
            await client.post("/session/act", {"commune": self.commune.id, "motive": MOTIVE})
            self._clients[role] = client
        client, now_us = self._clients[role], self.clock.utc().us
        # Founding recording and giving rights wants the password again; a search for cameras may outlast one step-up.
        if now_us - self._stepped_up_us.get(role, -STEP_UP_AGAIN_US) >= STEP_UP_AGAIN_US:
            self._stepped_up_us[role] = now_us
            await client.post("/session/step-up", {"password": PASSWORD})
        return client

    async def open_account(self, login: str, invitation: str) -> None:
        """Take an invitation as its owner does, on a workstation of their own."""
        client = ApiClient(self._url, verify=self._verify)
        try:
            await client.post("/session/invitation", {"login": login, "code": invitation, "password": PASSWORD})
        finally:
            await client.close()

    async def close(self) -> None:
        """Sign everybody out: the demonstration leaves no session open."""
        for client in self._clients.values():
            await client.request("DELETE", "/session")
            await client.close()

    def path(self, rest: str) -> str:
        """A path of this commune."""
        return f"/communes/{self.commune.id}{rest}"


async def start_communes(settings: Settings) -> None:
    """The host's part: communes with their holders, and its own administrator."""
    host = KeeperForHost(way_to_keeper(settings, HOST_SOCKET))
    engine = open_engine(settings.database_url)
    try:
        for commune in COMMUNES:
            holders = [_holder(one) for one in ACCOUNTS if one.holder and commune.id in one.communes]
            await found_commune(engine, host, {"commune": commune.id, "name": commune.name, "holders": holders})
    finally:
        await engine.dispose()
    admin = next(one for one in ACCOUNTS if one.role == "host_admin")
    with contextlib.suppress(Conflict):
        await host.add_host_admin(admin.login, admin.label, PASSWORD)


def _holder(one: Account) -> dict[str, Any]:
    holder = {"login": one.login, "label": one.label, "password": PASSWORD, "role": one.role, "passphrase": PASSPHRASE}
    holder |= {"email": one.email, "decision_ref": "Installation du conseil 2026", "signed_by": "Conseil municipal"}
    return holder | ({"basis_ref": "Arrêté de délégation 2026-04"} if one.role == "deputy" else {})


async def people(town: Town, persons: dict[str, str]) -> None:
    """The mayor gives each person an habilitation of their own, and an account to those who have none (P-58).

    ``persons`` maps logins to people known from another town: someone who serves two towns has one account.
    """
    mayor = await town.as_("mayor")
    known = {one["label"]: one for one in (await mayor.get(town.path("/people")))["people"]}
    for one in ACCOUNTS:
        if town.commune.id not in one.communes:
            continue
        if one.label in known:
            persons[one.login] = known[one.label]["person"]
            continue
        if one.login not in persons:
            account = {"login": one.login, "label": one.label, "email": one.email}
            made = await mayor.post(town.path("/people"), account)
            await town.open_account(one.login, made["invitation"])
            persons[one.login] = made["person"]
        await mayor.post(town.path("/habilitations"), _habilitation(one, persons[one.login], town))


def _habilitation(one: Account, person: str, town: Town) -> dict[str, Any]:
    today = town.today
    facts: dict[str, Any] = {
        "person": person,
        "role": one.role,
        "category": one.category,
        "decision_ref": f"Décision 2026-{ACCOUNTS.index(one) + 1:03d}",
        "signed_by": f"Maire de {town.commune.name}",
        "scope": {"cameras": "all", "acts": list(one.acts)},
        "from": today.isoformat(),
        "until": (today + timedelta(days=CONTROL_DAYS if one.role == "inspector" else 365)).isoformat(),
        "training_date": (today - timedelta(days=30)).isoformat(),
    }
    if one.role in DEEDS:
        facts["basis"] = {
            "reference": DEEDS[one.role],
            "from": (today - timedelta(days=60)).isoformat(),
            "until": (today + timedelta(days=700)).isoformat(),
        }
    facts["pooled"] = one.role == "csu_operator"
    return facts


async def papers(town: Town) -> None:
    """The order, the commitment to the CNIL, and the conventions of the pooled supervision centre (P-20, P-61)."""
    chief = await town.as_("mayor")
    today = town.today
    if (await chief.get(town.path("/authorisations")))["orders"]:
        return
    await chief.post(
        town.path("/authorisations"),
        {
            "reference": f"Arrêté 2026-{town.commune.network:02d}-VP",
            "prefect": "Préfecture de la Brume",
            "from": (today - timedelta(days=40)).isoformat(),
            "until": (today + timedelta(days=4 * 365)).isoformat(),
            "max_days": RETENTION_DAYS,
            "purposes": list(PURPOSES),
        },
    )
    await chief.post(
        town.path("/cnil"), {"reference": f"RU-074 n° 2026{town.commune.network:03d}", "date": today.isoformat()}
    )
    await chief.post(
        town.path("/information"),
        {
            "controller": f"Mairie de {town.commune.name}, place de la Mairie (commune inventée)",
            "officer": f"Délégué à la protection des données, mairie de {town.commune.name}",
            "rights": "Au guichet de la mairie, du lundi au vendredi, de 9 h à 12 h, ou par courrier",
        },
    )
    # The intercommunality acquires and pools for its communes, each of which agreed (P-60 I).
    body = {"kind": "epci", "name": INTERCOMMUNALITY, "reference": "Statuts 2020", "members": ["commune"]}
    made = await chief.post(town.path("/groupings"), body | {"chair": "epci_president"})
    agreed = {"reference": "Délibération 2026-31", "date": (today - timedelta(days=40)).isoformat()}
    await chief.post(town.path(f"/groupings/{made['grouping']}/consent"), agreed)
    for number, kind in enumerate(("equipment_and_staff", "state"), 1):
        await chief.post(
            town.path("/conventions"),
            {
                "kind": kind,
                "reference": f"Convention CSU 2026-{number}",
                "parties": f"{town.commune.name} et {INTERCOMMUNALITY}",
                "from": (today - timedelta(days=40)).isoformat(),
                "until": (today + timedelta(days=3 * 365)).isoformat(),
            },
        )


async def discover_and_enrol(town: Town, network: Network) -> None:
    """Declare the prefix, find what answers there, enrol each device under its number."""
    agent = await town.as_("mayor")
    for order in await agent.get(town.path("/orders")):
        # An interrupted demonstration may have left some: they are carried out before anything is looked for.
        if order["status"] in ("queued", "running"):
            await agent.wait_for_order(order["id"])
    there = {camera["number"] for camera in await agent.get(town.path("/cameras"))}
    missing = [one for one in town.cameras if one.number not in there]
    if not missing:
        return
    cidr = network.prefix(town.commune.network)
    if cidr not in {one["cidr"] for one in await agent.get(town.path("/prefixes"))}:
        await agent.post(town.path("/prefixes"), {"cidr": cidr, "trusted": True})
    addresses = {one.number: network.address(town.commune.network, one.number) for one in missing}
    found: dict[str, dict[str, Any]] = {}
    for _ in range(SEARCHES_LIMIT_COUNT):  # on a busy machine a camera may answer too late for one search
        order = await agent.post(town.path("/discover"), {"prefixes": [cidr]})
        await agent.wait_for_order(order["id"])
        found |= {one["address"]: one for one in await agent.get(town.path("/found"), order=order["id"])}
        if found.keys() >= set(addresses.values()):
            break
    orders = []
    for one in missing:
        address = addresses[one.number]
        if address not in found:
            raise NotFound(f"La caméra {one.number} de {town.commune.name} n’a pas répondu.", where=address)
        body = {"found_id": found[address]["id"], "number": one.number, "name": one.name, "place": one.place}
        orders.append(await agent.post(town.path("/enrol"), body))
    for order in orders:
        await agent.wait_for_order(order["id"])


Step = Callable[[Town, DemoCamera, str, Clip], Awaitable[None]]


async def _authorise(town: Town, _: DemoCamera, camera: str, __: Clip) -> None:
    mayor = await town.as_("mayor")
    order = (await mayor.get(town.path("/authorisations")))["orders"][0]
    await mayor.post(f"/cameras/{camera}/framing-class", {"narrow": False, "fast_flows": False})
    await mayor.post(f"/cameras/{camera}/authorise", {"order": order["id"]})


async def _frame(town: Town, wanted: DemoCamera, camera: str, clip: Clip) -> None:
    """One person draws, another validates (P-11)."""
    author = await town.as_("deputy")
    zones = [{"points": list(zone), "reason": "dwelling-interior"} for zone in zones_of(wanted, clip)]
    await author.post(f"/cameras/{camera}/framing/open", {"minutes": 5})
    drawn = await author.post(f"/cameras/{camera}/zones", {"polygons": zones, "no_dwelling": not zones})
    await author.post(f"/cameras/{camera}/framing/close")
    validator = await town.as_("mayor")
    await validator.post(f"/cameras/{camera}/zones/{drawn['zone_set']['id']}/validate")


async def _commission(town: Town, wanted: DemoCamera, camera: str, _: Clip) -> None:
    mayor, today = await town.as_("mayor"), town.today.isoformat()
    await mayor.post(f"/cameras/{camera}/panel", {"date": today, "place": f"Entrée : {wanted.place}"})
    await mayor.post(f"/cameras/{camera}/prefect", {"date": today})
    await mayor.post(f"/cameras/{camera}/commission")


async def _put_in_service(town: Town, _: DemoCamera, camera: str, __: Clip) -> None:
    await (await town.as_("mayor")).post(f"/cameras/{camera}/service")


# What each legal state still needs before the next one; the API refuses any other order.
STEPS: Final[dict[str, Step]] = {
    "enrolled": _authorise,
    "authorised": _frame,
    "framed": _commission,
    "commissioned": _put_in_service,
}


async def into_service(town: Town, clips: dict[str, Clip]) -> list[str]:
    """Lead each camera from its present state into service, one legal step after another; the cameras in service."""
    mayor = await town.as_("mayor")
    wanted = {one.number: one for one in town.cameras}
    ready = []
    for camera in await mayor.get(town.path("/cameras")):
        state = camera["legal"]["state"]
        demo_camera = wanted.get(camera["number"])
        while demo_camera is not None and state in STEPS:
            await STEPS[state](town, demo_camera, camera["id"], clips[camera["id"]])
            state = (await mayor.get(f"/cameras/{camera['id']}"))["legal"]["state"]
        if state == "in_service":
            ready.append(camera["id"])
    return ready


async def place_cameras(town: Town) -> None:
    """The mayor notes where each camera stands that the demonstration gives a place (P-22)."""
    mayor = await town.as_("mayor")
    positions = {one.number: one.position for one in town.cameras}
    for camera in await mayor.get(town.path("/cameras")):
        position = positions.get(camera["number"])
        if position is not None and camera["legal"].get("position") is None:
            await mayor.post(town.path(f"/cameras/{camera['id']}/position"), position.model_dump())


async def unlock(town: Town) -> None:
    """A holder opens the commune's key, so that replay works at once."""
    mayor = await town.as_("mayor")
    await mayor.post("/session/unlock", {"commune": town.commune.id, "passphrase": PASSPHRASE})


async def add_source(town: Town, url: str, number: int) -> None:
    """Declare a stream given on the command line; it stays dark until a person has framed and authorised it."""
    agent = await town.as_("mayor")
    if number in {camera["number"] for camera in await agent.get(town.path("/cameras"))}:
        return
    order = await agent.post(
        town.path("/declare-rtsp"),
        {"url": url, "name": f"Source {number}", "place": "ligne de commande", "number": number},
    )
    await agent.wait_for_order(order["id"])


async def set_up(town: Town, network: Network, clips: dict[str, Clip]) -> list[str]:
    """Everything but the people, who come first, for one commune; the cameras in service."""
    await papers(town)
    await discover_and_enrol(town, network)
    cameras, _, _ = await asyncio.gather(into_service(town, clips), unlock(town), place_cameras(town))
    await (await town.as_("mayor")).post("/session/act", {"commune": town.commune.id, "purpose": "5", "motive": MOTIVE})
    log.info("commune prête", commune=town.commune.id, cameras=len(cameras))
    return cameras
