"""The keeper on a machine of its own: pages, recorders, provisioning run on a head that has no key and no account."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from deploy.demo.run import answers, machine
from deploy.demo.setup import Town, start_communes
from deploy.demo.town import COMMUNES, PASSPHRASE
from deploy.ports import free_port
from deploy.processes import Supervisor
from deploy.serve import serve
from tests.fakes.authority import Authority
from tests.fakes.machine import eventually
from vms.clock import SystemClock
from vms.errors import GuetError, Unavailable
from vms.keeper.clients.audiences import KeeperForWeb, way_to_keeper
from vms.keeper.clients.host import KeeperForHost
from vms.keeper.protocol import BY_PORT, HOST_SOCKET, PROVISIONER_SOCKET, RECORDER_SOCKET, WEB_SOCKET
from vms.settings import Settings
from vms.wire import WireClient
from vms.wire_tls import MachineIdentity

AUDIENCES = (WEB_SOCKET, PROVISIONER_SOCKET, HOST_SOCKET)


@dataclass(frozen=True, slots=True)
class Apart:
    """Two machines of one operator, and the authority that vouches for them."""

    keeper: Settings
    head: Settings
    authority: Authority

    def stranger(self, name: str, home: Path) -> Settings:
        """Another machine that the authority vouches for."""
        chosen = {"home": home, "machine": name} | of(self.authority.machine(name))
        return self.head.model_copy(update=chosen)


def of(identity: MachineIdentity) -> dict[str, Any]:
    return {
        "machine_certificate": identity.certificate,
        "machine_key": identity.key,
        "machine_authority": identity.authority,
    }


def four_ports() -> int:
    """The first of as many free ports in a row as the keeper has audiences."""
    for _ in range(100):
        first = free_port()
        if all(_is_free(first + place) for place in range(1, len(BY_PORT))):
            return first
    raise AssertionError("no four free ports in a row")


def _is_free(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture
async def apart(short_home: Path, tmp_path: Path) -> AsyncIterator[Apart]:
    authority, port, pages = Authority(tmp_path / "authority"), four_ports(), free_port()
    common = {"public_url": f"http://localhost:{pages}", "demo": True, "recorders": 1}
    keeper = Settings(
        home=short_home / "k", part="keeper", keeper_port=port, relay_listen="127.0.0.1", head_machines=["head-a"],
        **common, **of(authority.machine("localhost")),
    )  # fmt: skip
    head = Settings(
        home=short_home / "h", part="head", machine="head-a", port=pages, keeper_at=f"localhost:{port}",
        **common, **of(authority.machine("head-a")),
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        stop = asyncio.Event()
        running = asyncio.create_task(serve(keeper, stop))
        stack.push_async_callback(lambda: _ended(running, stop))

        await eventually(
            partial(answers, keeper.run_dir / HOST_SOCKET, *range(port, port + len(BY_PORT))),
            within_s=60,
            what="the keeper",
        )
        await stack.enter_async_context(machine(head, asyncio.Event()))
        yield Apart(keeper, head, authority)


async def _ended(running: asyncio.Task[None], stop: asyncio.Event) -> None:
    stop.set()
    await running


async def test_a_town_lives_on_a_head_that_has_no_keeper(apart: Apart) -> None:
    await start_communes(apart.head)
    town = Town(COMMUNES[0], [], apart.head.public_url, SystemClock())
    mayor = await town.as_("mayor")
    assert (await mayor.get(town.path("/people")))["people"], "whom the keeper knows"
    account = {"login": "essai", "label": "Agent 1"}
    made = await mayor.post(town.path("/people"), account)  # a grave act: signed by the page's key, judged over there
    assert made["person"]
    opened = await mayor.post("/session/unlock", {"commune": COMMUNES[0].id, "passphrase": PASSPHRASE})
    assert COMMUNES[0].id in opened["unlocked"]
    await town.close()
    assert (apart.keeper.home / "keeper").is_dir()
    assert not (apart.head.home / "keeper").exists(), "the host of the pages is blind"
    for path in (apart.keeper.home / "keeper").rglob("*.sqlite"):
        assert not list(apart.head.home.rglob(path.name))
    assert not (apart.keeper.home / "store").exists(), "the keeper's machine has no picture"
    assert not (apart.keeper.home / "guet.sqlite").exists()


async def test_only_the_heads_that_are_named_may_ask_as_one(apart: Apart, tmp_path: Path) -> None:
    other = apart.stranger("head-b", tmp_path)
    for audience, op in zip(AUDIENCES, ("session", "check_order", "init_commune"), strict=True):
        with pytest.raises(Unavailable):
            await WireClient(way_to_keeper(other, audience)).call(op, {})
    # A recorder's port answers any machine of the operator, and no question of a head.
    with pytest.raises(GuetError, match="inconnue"):
        await WireClient(way_to_keeper(other, RECORDER_SOCKET)).call("sign_in", {})
    with pytest.raises(GuetError, match="inconnue"):
        await WireClient(way_to_keeper(apart.head, PROVISIONER_SOCKET)).call("sign_in", {})


async def test_pages_refuse_while_the_keeper_is_away(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    head = Settings(
        home=tmp_path / "h", part="head", keeper_at=f"localhost:{free_port()}", **of(authority.machine("head-a"))
    )
    with pytest.raises(Unavailable):
        await KeeperForWeb(way_to_keeper(head, WEB_SOCKET)).sign_in("maire", "Un mot de passe", "poste")
    with pytest.raises(Unavailable):
        await KeeperForHost(way_to_keeper(head, HOST_SOCKET)).init_commune({})


def test_each_part_runs_its_own_processes(tmp_path: Path) -> None:
    keeper = Settings(home=tmp_path, part="keeper", keeper_port=9440, head_machines=["head-a"], recorders=2)
    head = Settings(home=tmp_path, part="head", keeper_at="keeper.example:9440", recorders=2)
    names = [[child.name for child in Supervisor(one, SystemClock()).children] for one in (keeper, head)]
    assert names == [["keeper"], ["recorder-0", "recorder-1", "web"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"part": "head"},
        {"part": "keeper", "keeper_port": 9440},
        {"part": "keeper", "head_machines": ["head-a"]},
        {"part": "keeper", "keeper_port": 9440, "head_machines": ["head-a"], "keeper_at": "k.example:1"},
        {"part": "both"},
        {"keeper_port": 65_533},
    ],
)
def test_a_part_that_lacks_a_setting_does_not_start(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, **wrong)
