"""A keeper on real sockets with a small town in it, moved by a clock that the test holds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from unittest import mock

from argon2 import PasswordHasher

from vms.clock import HOUR_US, MICRO, ManualClock, UtcTime
from vms.identity_provider import IdentityProvider
from vms.keeper.clients.audiences import KeeperForProvisioner, KeeperForRecorder
from vms.keeper.clients.host import KeeperForHost
from vms.keeper.clients.signing import KeeperForPeople
from vms.keeper.identity import passwords
from vms.keeper.protocol import Admitted
from vms.keeper.service import Keeper
from vms.keeper.two_persons import apply_due
from vms.keys import passphrase
from vms.keys.wrapping import hour_key_info, wrap
from vms.law.rulebook import rulebook

START: Final = UtcTime.parse("2026-11-24T14:12:36Z")
PASSWORD: Final = "une phrase assez longue"
PASSPHRASE: Final = "la brume monte sur le canal"
MAYOR, CHIEF = "maire", "cheffe"
CAMERA: Final = "valclair-c01"
DELAY_S: Final = rulebook().durations.two_persons_delay_hours * 3600
IMAGE_ACTS: Final = ["live", "replay", "framing", "export", "snapshot"]


class Town:
    """Clients of one keeper, and the tokens of those who signed in."""

    def __init__(
        self,
        home: Path,
        run: Path,
        clock: ManualClock,
        public_url: str,
        providers: Sequence[IdentityProvider] = (),
        token_module: Path | None = None,
    ) -> None:
        self.home, self.run, self.clock, self._public_url = home, run, clock, public_url
        self._providers, self._token_module = providers, token_module
        self.keeper = self._keeper()
        self.web = KeeperForPeople(run / "k-web.sock")
        self.recorder = KeeperForRecorder(run / "k-rec.sock")
        self.provisioner = KeeperForProvisioner(run / "k-prov.sock")
        self.host = KeeperForHost(run / "k-adm.sock")
        self.tokens: dict[str, str] = {}
        self.people: dict[str, str] = {}

    async def restart(self) -> None:
        """Stop the keeper and start another on the same files."""
        await self.keeper.stop()
        self.keeper = self._keeper()
        await self.keeper.start()

    def _keeper(self) -> Keeper:
        folder = self.home / "keeper"
        return Keeper(folder, self.run, self.clock, self._public_url, self._providers, self._token_module)

    async def found(self, commune: str = "valclair", name: str = "Valclair-sur-Brume") -> None:
        """Create a commune with its mayor and head of service as holders, both signed in and acting."""
        suffix = "" if commune == "valclair" else f".{commune}"
        holders = [
            {
                "login": MAYOR + suffix,
                "label": "Le maire",
                "password": PASSWORD,
                "passphrase": PASSPHRASE,
                "email": "maire@valclair.example",
            },
            {
                "login": CHIEF + suffix,
                "label": "Cheffe de service PM",
                "password": PASSWORD,
                "passphrase": PASSPHRASE + " aussi",
                "role": "chief",
                "email": "cheffe@valclair.example",
            },
        ]
        made = await self.host.init_commune({"commune": commune, "name": name, "holders": holders})
        self.people |= made["people"]
        for login in (MAYOR + suffix, CHIEF + suffix):
            await self.enter(login, commune)

    async def enter(self, login: str, commune: str | None = "valclair", purpose: str = "") -> str:
        """Sign in (with the step-up done) and act for a commune; the token."""
        token = (await self.web.sign_in(login, PASSWORD, "poste-1")).token
        self.tokens[login] = token
        await self.web.step_up(token, PASSWORD)
        if commune is not None:
            await self.web.act_for(token, commune, purpose)
        return token

    async def act(self, login: str, name: str, **args: Any) -> dict[str, Any]:
        """An act of a signed-in person; ``from_`` stands for ``from``."""
        given = {key.removesuffix("_"): value for key, value in args.items()}
        return await self.web.act(self.tokens[login], name, given)

    async def agree(self, first: str, second: str, name: str, **args: Any) -> str:
        """An act of two persons, asked for by one and confirmed by the other, its delay over; what waited."""
        for login in (first, second):
            await self.web.step_up(self.tokens[login], PASSWORD)
        pending = str((await self.act(first, name, **args))["pending"])
        await self.act(second, "confirm_act", pending=pending)
        self.clock.advance(seconds=DELAY_S)
        for commune in self.keeper.house.communes:
            await apply_due(commune, self.clock.utc().us)
        return pending

    async def read(self, login: str, name: str, **args: Any) -> dict[str, Any]:
        """A read of a signed-in person."""
        return await self.web.read(self.tokens[login], name, args)

    async def add(
        self,
        login: str,
        role: str,
        acts: list[str] | None = None,
        *,
        commune: str = "valclair",
        invited_by: str = "",
        **more: Any,
    ) -> str:
        """A person with an account and an habilitation given by the mayor, signed in; the habilitation's id."""
        mayor = MAYOR if commune == "valclair" else f"{MAYOR}.{commune}"
        if login not in self.people:
            await self.invite(login, by=invited_by or mayor)
        given = {
            "person": self.people[login],
            "role": role,
            "decision_ref": "arrêté 2026-001",
            "signed_by": "Le maire",
            "from": "2026-01-01",
            "until": "2027-12-31",
            "scope": {"cameras": "all", "acts": acts or []},
        }
        granted = await self.web.act(self.tokens[mayor], "grant", given | more)
        await self.enter(login, commune)
        return str(granted["habilitation"])

    async def invite(self, login: str, *, by: str = MAYOR, opened: bool = True) -> str:
        """An account made by a signed-in person, opened by its owner on a workstation of their own; the person's id."""
        made = await self.web.act(self.tokens[by], "add_person", {"login": login, "label": login.capitalize()})
        self.people[login] = made["person"]
        if opened:
            await self.web.accounts.accept_invitation(login, made["invitation"], PASSWORD, f"poste de {login}")
        return str(made["person"])

    async def settle(self, *logins: str) -> None:
        """Let the settling time pass, and sign these in again."""
        self.clock.advance(seconds=(rulebook().durations.settling_days * 24 + 1) * 3600)
        for login in logins:
            await self.enter(login)

    async def order(self, *, commune: str = "valclair", **more: Any) -> str:
        """A prefectural order for purposes 1, 3 and 5 with fifteen days; its id."""
        mayor = MAYOR if commune == "valclair" else f"{MAYOR}.{commune}"
        given = {
            "reference": f"2026-0718-{commune}",
            "prefect": "Préfet du Nord",
            "from": "2026-07-07",
            "until": "2031-07-06",
            "max_days": 15,
            "purposes": [1, 3, 5],
        }
        return str((await self.web.act(self.tokens[mayor], "record_order", given | more))["order"])

    async def enrol(self, camera: str = CAMERA, *, commune: str = "valclair") -> None:
        """A camera as the provisioner reports it, under an order of the mayor."""
        mayor = MAYOR if commune == "valclair" else f"{MAYOR}.{commune}"
        order = (await self.act(mayor, "order_provisioning", kind="enrol", args={"found": "x"}))["order"]
        profile = {"stream": "main", "codec": "h264", "width": 1920, "height": 1080, "fps": 25}
        await self.provisioner.camera_enrolled(
            order, camera, {"name": "Place de l’Église", "place": "mât 3", "profiles": [profile], "model": "V-1"}
        )

    async def commission(self, camera: str = CAMERA, *, commune: str = "valclair") -> None:
        """Everything from enrolment to service for one camera."""
        suffix = "" if commune == "valclair" else f".{commune}"
        mayor, chief = MAYOR + suffix, CHIEF + suffix
        orders = (await self.read(mayor, "orders"))["orders"]
        order = orders[0]["id"] if orders else await self.order(commune=commune)
        await self.enrol(camera, commune=commune)
        await self.act(mayor, "record_cnil", reference="2 214 077", date="2026-07-18")
        await self.act(chief, "authorise_camera", camera=camera, order=order)
        await self.act(chief, "declare_framing_class", camera=camera, narrow=False, fast_flows=False)
        zone = {"points": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5]], "reason": "entrance"}
        drawn = await self.act(chief, "draw_zones", camera=camera, polygons=[zone])
        await self.web.step_up(self.tokens[mayor], PASSWORD)
        await self.act(mayor, "validate_zones", camera=camera, zone_set=drawn["zone_set"]["id"])
        await self.act(chief, "post_panel", camera=camera, date="2026-09-08", place="angle de la place")
        await self.act(chief, "inform_prefect", camera=camera, date="2026-09-10")
        await self.act(chief, "commission_camera", camera=camera)
        await self.act(chief, "put_in_service", camera=camera)

    async def watch(self, login: str, act: str = "live", **more: Any) -> Admitted:
        """Open a view on the first camera."""
        return await self.web.admit(self.tokens[login], act, more.pop("cameras", [CAMERA]), **more)

    async def hour_key(self, hour_us: int, *, camera: str = CAMERA, key_id: str = "", key: bytes = b"k" * 32) -> str:
        """Hand over a wrapped hour key as a recorder does; its id."""
        key_id = key_id or os.urandom(16).hex()
        public = self.keeper.house.communes.get("valclair").public_key
        wrapped = wrap(public, key, hour_key_info("valclair", camera, key_id, hour_us))
        await self.recorder.put_hour_key("valclair", camera, key_id, hour_us, wrapped)
        return key_id

    async def segment(self, start: UtcTime, *, key: bytes = b"k" * 32, camera: str = CAMERA) -> str:
        """A segment's name with its hour key and head at the keeper."""
        key_id = await self.hour_key(start.hour().us, key=key, camera=camera)
        name = f"{camera}.main.{start.compact()}.{key_id}.0"
        head = {"camera": camera, "stream": "main", "sequence": start.us // MICRO, "link": "ab" * 32, "segment": name}
        await self.recorder.put_heads([head])
        return name

    def hour_ago(self, hours: int = 1) -> UtcTime:
        """Ten minutes into an earlier hour."""
        return UtcTime(self.clock.utc().hour().us - hours * HOUR_US + 600 * MICRO)


@asynccontextmanager
async def town(
    home: Path,
    *,
    start: UtcTime = START,
    founded: bool = True,
    public_url: str = "",
    providers: Sequence[IdentityProvider] = (),
    token_module: Path | None = None,
) -> AsyncIterator[Town]:
    """A running keeper, with Valclair founded unless told otherwise."""
    # Argon2id at its real cost is tested where it matters; here it would only make a hundred sign-ins slow.
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    with (
        tempfile.TemporaryDirectory(prefix="k-") as run,
        mock.patch.object(passwords, "HASHER", cheap),
        mock.patch.multiple(passphrase, MEMORY_KIB=64, PASSES=1),
    ):
        made = Town(home, Path(run), ManualClock(start), public_url, providers, token_module)
        await made.keeper.start()
        try:
            if founded:
                await made.found()
            yield made
        finally:
            await made.keeper.stop()


@asynccontextmanager
async def watching_town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with one camera in service (fifteen days), and an officer who may see and replay, acting for purpose 5."""
    async with town(tmp_path) as made:
        await made.commission()
        await made.add("agent", "officer", ["live", "replay"])
        await made.enter("agent", purpose="5")
        yield made


@asynccontextmanager
async def extracting_town(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with one camera in service, a secretary, and an officer who may extract and acts for it."""
    async with town(tmp_path) as made:
        await made.commission()
        await made.add("secretariat", "secretary")
        await made.add("agent", "officer", ["live", "replay", "export"])
        await made.enter("agent", purpose="5")
        yield made
