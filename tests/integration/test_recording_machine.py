"""A machine that only records: it asks the head's keeper over mutual TLS, and runs nothing that belongs to the head."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.ports import free_port
from deploy.processes import Supervisor
from tests.fakes.authority import Authority
from vms.clock import SystemClock
from vms.errors import GuetError, Unavailable
from vms.keeper.clients.audiences import KeeperForRecorder, way_to_keeper
from vms.keeper.protocol import RECORDER_SOCKET
from vms.keeper.service import Keeper
from vms.settings import Settings
from vms.wire import WireClient
from vms.wire_tls import MachineIdentity, machine_identity

SHARED = "postgresql+asyncpg://nobody@localhost/none"


def of(identity: MachineIdentity) -> dict[str, Path]:
    return {
        "machine_certificate": identity.certificate,
        "machine_key": identity.key,
        "machine_authority": identity.authority,
    }


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "ours")


@pytest.fixture
async def head(short_home: Path, authority: Authority) -> AsyncIterator[Settings]:
    """A keeper that answers ``rec-a`` too."""
    settings = Settings(
        home=short_home, keeper_port=free_port(), relay_listen="127.0.0.1", recorder_machines=["rec-a"],
        **of(authority.machine("localhost")),
    )  # fmt: skip
    settings.make_dirs()
    keeper = Keeper(settings.keeper_dir, settings.run_dir, SystemClock())
    await keeper.start()
    await keeper.listen(settings)
    yield settings
    await keeper.stop()


def machine(head: Settings, home: Path, authority: Authority, name: str) -> Settings:
    at = f"localhost:{head.keeper_port}"
    return Settings(home=home, machine=name, database_url=SHARED, keeper_at=at, **of(authority.machine(name)))


async def test_it_gets_its_plan_from_the_head(head: Settings, tmp_path: Path, authority: Authority) -> None:
    here = KeeperForRecorder(head.run_dir / RECORDER_SOCKET)
    there = KeeperForRecorder(way_to_keeper(machine(head, tmp_path, authority, "rec-a"), RECORDER_SOCKET))
    ours, theirs = await here.plan(), await there.plan()
    assert ours is not None
    assert theirs is not None
    assert theirs[0].version == ours[0].version
    assert theirs[0].permit_key == ours[0].permit_key


async def test_a_machine_that_is_not_on_the_list_gets_nothing(
    head: Settings, tmp_path: Path, authority: Authority
) -> None:
    with pytest.raises(Unavailable):
        await KeeperForRecorder(way_to_keeper(machine(head, tmp_path, authority, "rec-b"), RECORDER_SOCKET)).plan()


async def test_no_other_audience_is_served_there(head: Settings, tmp_path: Path, authority: Authority) -> None:
    """A stolen recorder's certificate signs nobody in and opens no key."""
    client = WireClient(way_to_keeper(machine(head, tmp_path, authority, "rec-a"), RECORDER_SOCKET))
    for op in ("sign_in", "admit", "key_window", "init_commune", "check_order"):
        with pytest.raises(GuetError, match="inconnue"):
            await client.call(op, {})


def test_it_runs_recorders_only(tmp_path: Path, authority: Authority) -> None:
    whole = Supervisor(Settings(home=tmp_path, recorders=2), SystemClock())
    assert [child.name for child in whole.children] == ["keeper", "recorder-0", "recorder-1", "web"]
    settings = Settings(home=tmp_path, recorders=2, database_url=SHARED, keeper_at="head.example:9440")
    assert [child.name for child in Supervisor(settings, SystemClock()).children] == ["recorder-0", "recorder-1"]
    assert way_to_keeper(Settings(home=tmp_path), RECORDER_SOCKET) == tmp_path / "run" / RECORDER_SOCKET
    with pytest.raises(ValidationError):
        Settings(home=tmp_path, keeper_at="head.example:9440")
    with pytest.raises(GuetError):
        machine_identity(settings)
