"""The attack that made one person the mayor, over HTTP against running processes, and three like it: each is refused,
and the mayor is told.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deploy.admin.api_client import ApiClient
from deploy.demo.run import machine
from deploy.demo.setup import Town, papers, people, start_communes
from deploy.demo.town import COMMUNES, PASSWORD
from deploy.ports import free_port
from vms.clock import SystemClock
from vms.errors import GuetError, Refused, Unauthenticated
from vms.keeper.clients.audiences import way_to_keeper
from vms.keeper.clients.host import KeeperForHost
from vms.keeper.protocol import HOST_SOCKET
from vms.settings import Settings

REASON = {"motive": "reconnu de vue"}


@dataclass(slots=True)
class Attack:
    """The running machine, its town, and what the attackers hold."""

    settings: Settings
    town: Town
    persons: dict[str, str]
    clients: list[ApiClient]

    async def puppet(self, chief: ApiClient, login: str) -> str:
        """An account that the attackers make and open themselves; the person's id."""
        made = await chief.post(self.town.path("/people"), {"login": login, "label": "Pantin"})
        await self.town.open_account(login, made["invitation"])
        return str(made["person"])

    async def enter(self, login: str) -> ApiClient:
        """Sign in and act for the commune, confirmed."""
        client = ApiClient(self.settings.public_url)
        self.clients.append(client)
        await client.sign_in(login, PASSWORD)
        await client.post("/session/act", {"commune": self.town.commune.id, "motive": "essai"})
        await client.post("/session/step-up", {"password": PASSWORD})
        return client

    def right(self, person: str, role: str) -> dict[str, Any]:
        """A right as an attacker would write it."""
        today = self.town.today
        return {
            "person": person, "role": role, "decision_ref": "arrêté", "signed_by": "Le maire",
            "from": today.isoformat(), "until": today.replace(year=today.year + 1).isoformat(),
            "scope": {"cameras": "all", "acts": []},
        }  # fmt: skip

    async def approve(self, client: ApiClient, login: str) -> dict[str, Any]:
        """Approve that an account comes back."""
        answer = await client.post(self.town.path(f"/people/{self.persons[login]}/recovery"), REASON)
        return dict(answer)

    async def told(self, login: str) -> bool:
        """Whether this person has an e-mail waiting about a recovery."""
        host = KeeperForHost(way_to_keeper(self.settings, HOST_SOCKET))
        entries = await host.outbox(100)
        return any(one["kind"] == "recovery" and one["email"] == f"{login}@guet.example" for one in entries)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def attack() -> AsyncIterator[Attack]:
    with tempfile.TemporaryDirectory(prefix="guet-") as home:
        async with _running(Path(home)) as made:
            yield made


@asynccontextmanager
async def _running(home: Path) -> AsyncIterator[Attack]:
    port = free_port()
    settings = Settings(home=home, port=port, public_url=f"http://localhost:{port}", demo=True, recorders=1)
    async with machine(settings, asyncio.Event()):
        await start_communes(settings)
        town, persons = Town(COMMUNES[0], [], settings.public_url, SystemClock()), {}
        await people(town, persons)
        await papers(town)
        listed = (await (await town.as_("mayor")).get(town.path("/people")))["people"]
        persons |= {"maire.valclair": next(one["person"] for one in listed if one["label"].startswith("Maire"))}
        made = Attack(settings, town, persons, [])
        yield made
        for client in made.clients:
            await client.close()
        await town.close()


async def still_the_mayor(attack: Attack) -> None:
    """The true mayor signs in with the password of before, and no code of the attackers' replaces it."""
    assert await attack.enter("maire.valclair")
    assert await attack.told("maire.valclair")


async def test_a_chief_and_a_puppet_of_theirs(attack: Attack) -> None:
    """Mutation: ``auditor`` out of ``GIVEN_BY_MAYOR``."""
    chief = await attack.enter("cheffe.valclair")
    puppet = await attack.puppet(chief, "pantin.un")
    with pytest.raises(Refused, match="donnée par le maire"):
        await chief.post(attack.town.path("/habilitations"), attack.right(puppet, "auditor"))
    await chief.post(attack.town.path("/habilitations"), attack.right(puppet, "officer"))
    with pytest.raises(Refused, match=r"rang moindre|moins de 7 jours"):
        await attack.approve(chief, "maire.valclair")
    with pytest.raises(Refused):
        await attack.approve(await attack.enter("pantin.un"), "maire.valclair")
    with pytest.raises(Unauthenticated):
        await chief.post("/session/recover", {"login": "maire.valclair", "code": "a b", "password": PASSWORD + "!"})
    await still_the_mayor(attack)


async def test_two_chiefs(attack: Attack) -> None:
    mayor, chief = await attack.enter("maire.valclair"), await attack.enter("cheffe.valclair")
    second = await attack.puppet(mayor, "chef.deux")
    await mayor.post(attack.town.path("/habilitations"), attack.right(second, "chief"))
    for one in (chief, await attack.enter("chef.deux")):
        with pytest.raises(Refused, match=r"rang moindre|moins de 7 jours"):
            await attack.approve(one, "maire.valclair")
    await still_the_mayor(attack)


async def test_a_puppet_of_a_puppet(attack: Attack) -> None:
    chief = await attack.enter("cheffe.valclair")
    first = await attack.puppet(chief, "pantin.premier")
    await chief.post(attack.town.path("/habilitations"), attack.right(first, "secretary"))
    puppet = await attack.enter("pantin.premier")
    with pytest.raises(Refused):
        await puppet.post(attack.town.path("/people"), {"login": "pantin.trois", "label": "Pantin"})
    second = await attack.puppet(chief, "pantin.deux")
    for role in ("chief", "auditor", "deputy", "mayor"):
        for one in (chief, puppet):
            with pytest.raises(GuetError):
                await one.post(attack.town.path("/habilitations"), attack.right(second, role))
    with pytest.raises(Refused):
        await attack.approve(chief, "maire.valclair")
    await still_the_mayor(attack)


async def test_a_chief_and_a_csu_operator(attack: Attack) -> None:
    chief, operator = await attack.enter("cheffe.valclair"), await attack.enter("csu03.paysdebrume")
    for one in (operator, chief):
        with pytest.raises(Refused):
            await attack.approve(one, "maire.valclair")
    await still_the_mayor(attack)
