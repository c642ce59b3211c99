"""Kill the provisioner between any two durable acts of an order; run it again; nothing is lost (A-05)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.camera import VirtualCamera
from tests.fakes.camera_town import Town, camera, farm
from vms.clock import SystemClock
from vms.onvif.device import Device
from vms.services import camera_clock
from vms.services.device_session import DeviceSessions
from vms.services.rotate import PLAN as ROTATION
from vms.services.rotate import rotate
from vms.services.steps import Steps
from vms.vault.entry import ROLES, VaultEntry
from vms.vault.files import Vault

WRITES = ("Create", "Set", "Delete", "Remove")


class Killed(BaseException):
    """What ``kill -9`` is to the code under test: nothing catches it."""


class Killer:
    """Counts the durable acts of a run and kills before one of them, which is after the one that came first."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = -1
        self.seen: list[str] = []
        device_call, save, vault_write = Device._call, Steps._write, Vault.write

        async def call(device: Device, name: str, *children: Any, **how: Any) -> Any:
            if not name.startswith(WRITES):
                return await device_call(device, name, *children, **how)
            return await self._act(name, lambda: device_call(device, name, *children, **how))

        async def write(steps: Steps) -> None:
            await self._act("progress", lambda: save(steps))

        def vault(store: Vault, entry: VaultEntry) -> None:
            self._tick("vault")
            vault_write(store, entry)

        monkeypatch.setattr(Device, "_call", call)
        monkeypatch.setattr(Steps, "_write", write)
        monkeypatch.setattr(Vault, "write", vault)

    async def _act(self, name: str, act: Callable[[], Awaitable[Any]]) -> Any:
        self._tick(name)
        return await act()

    def _tick(self, name: str) -> None:
        self.seen.append(name)
        if len(self.seen) - 1 == self.at:
            raise Killed(name)


def opens_somehow(device: VirtualCamera, town: Town) -> bool:
    """Whether somebody still has an administrator's password: the factory's, or one in the vault."""
    entry = town.vault.read("valclair-c07")
    vaulted = (
        {(c.username, c.password) for role in ROLES for c in entry.account(role).credentials()} if entry else set()
    )
    known = vaulted | {("admin", "admin")}
    return any((a.name, a.password) in known for a in device.accounts.all() if a.level == "Administrator")


async def test_killed_anywhere_and_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 1)
    killer = Killer(monkeypatch)
    async with farm(camera()) as cameras:
        await Town(tmp_path / "whole").enrol(cameras["cam-7"])
    acts = list(killer.seen)
    assert acts.count("CreateUsers") == 3
    assert acts.index("vault") < acts.index("CreateUsers") < acts.index("DeleteUsers")
    for number in range(len(acts)):
        town = Town(tmp_path / str(number))
        async with farm(camera()) as cameras:
            device = cameras["cam-7"]
            killer.at, killer.seen = number, []
            with pytest.raises(Killed):
                await town.enrol(device)
            assert opens_somehow(device, town), (number, acts[number])
            killer.at = -1
            await town.enrol(device)
            entry = town.vault.read("valclair-c07")
            assert entry is not None
            assert {(a.name, a.password) for a in device.accounts.all()} == {
                (entry.account(role).username, entry.account(role).password) for role in ROLES
            }, (number, acts[number])
            assert entry.established
            assert {s["state"] for s in town.saved["steps"]} <= {"done", "warn"}


async def test_a_rotation_killed_anywhere_and_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_clock, "SAMPLES_MAX", 1)
    killer = Killer(monkeypatch)
    async with farm(camera()) as cameras:
        device = cameras["cam-7"]
        town = Town(tmp_path)
        await town.enrol(device)
        sessions = DeviceSessions(device.device_url, SystemClock())

        async def turn() -> None:
            steps = Steps(ROTATION, SystemClock(), town.save, {})
            user = await rotate(sessions, town.vault, "valclair-c07", steps)
            account = device.accounts.get(user.username)
            assert account is not None
            assert account.password == user.password

        killer.seen = []
        await turn()
        acts = list(killer.seen)
        assert acts.count("SetUser") == 3
        assert acts.index("vault") < acts.index("SetUser")
        for number in range(len(acts)):
            before = {a.password for a in device.accounts.all()}
            killer.at, killer.seen = number, []
            with pytest.raises(Killed):
                await turn()
            assert opens_somehow(device, town), (number, acts[number])
            killer.at = -1
            await turn()
            entry = town.vault.read("valclair-c07")
            assert entry is not None
            now = {a.password for a in device.accounts.all()}
            assert now == {entry.account(role).password for role in ROLES}
            assert not now & before
            assert not any(entry.account(role).pending for role in ROLES)
