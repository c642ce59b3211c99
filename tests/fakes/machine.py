"""A whole machine for tests: real processes under the supervisor, virtual cameras, people of two towns.

Nothing is stubbed: the keeper, recorders, web and provisioners are the product's own processes; only the cameras are
ours, since no registry has one that takes users and misbehaves on command.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from deploy.demo.farm import HTTP_PORT, Network, clip_for, farm_config
from deploy.demo.footage import Clip, find_clips
from deploy.demo.run import cache_dir, machine
from deploy.demo.setup import Town, people, set_up, start_communes
from deploy.demo.town import COMMUNES, DemoCamera
from deploy.ports import free_port
from vms.clock import Clock, SystemClock
from vms.settings import Settings


@dataclass(slots=True)
class Machine:
    """A running machine and the towns on it."""

    settings: Settings
    network: Network
    cameras: Sequence[DemoCamera]
    clips: dict[str, Clip]
    clock: Clock
    farm: CameraFarm
    towns: dict[str, Town] = field(default_factory=dict)
    persons: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where the pages answer."""
        return self.settings.public_url

    def pids(self, name: str) -> list[int]:
        """The running processes of one kind (keeper, recorder, web); the supervisor is the test itself."""
        return [pid for pid, command in children(os.getpid()) if command[2:4] == ["deploy.process", name]]

    def all_pids(self) -> list[int]:
        """Every process of the product on this machine: the supervised ones and what they started."""
        roots = [pid for pid, command in children(os.getpid()) if "deploy." in " ".join(command[2:3])]
        return sorted({pid for root in roots for pid in (root, *descendants(root))})

    def town(self, commune: str) -> Town:
        """The town with its people's clients, made at first use."""
        if commune not in self.towns:
            found = next(one for one in COMMUNES if one.id == commune)
            self.towns[commune] = Town(found, self.cameras, self.url, self.clock)
        return self.towns[commune]

    async def set_up(self, commune: str) -> list[str]:
        """Bring a town's cameras into service; their ids."""
        town = self.town(commune)
        await people(town, self.persons)
        return await set_up(town, self.network, self.clips)


class CameraFarm:
    """The virtual cameras as a process of their own, and their control endpoint."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told

    async def sent(self, camera: str, stream: str, since_us: int = 0) -> list[dict[str, Any]]:
        """The access units handed to players whole, oldest first: player, number, digest, key, sent_us."""
        return list(await self._get(f"/cameras/{virtual_id(camera)}/sent/{stream}?since_us={since_us}"))

    async def state(self, camera: str) -> dict[str, Any]:
        """Counts, players, accounts."""
        return dict(await self._get(f"/cameras/{virtual_id(camera)}"))

    async def misbehave(self, camera: str, kind: str, **how: Any) -> None:
        """Order a fault (``tests/fakes/camera/misbehave.py``)."""
        async with httpx.AsyncClient(base_url=self.told["control"], trust_env=False, timeout=30.0) as client:
            answer = await client.post(f"/cameras/{virtual_id(camera)}/misbehave", json={"kind": kind, **how})
            answer.raise_for_status()

    async def _get(self, path: str) -> Any:
        async with httpx.AsyncClient(base_url=self.told["control"], trust_env=False, timeout=30.0) as client:
            return (await client.get(path)).raise_for_status().json()


def virtual_id(camera: str) -> str:
    """What the farm calls the product's camera: ``valclair-c01`` is its ``valclair-01``."""
    commune, number = camera.rsplit("-c", 1)
    return f"{commune}-{number}"


def children(parent: int) -> list[tuple[int, list[str]]]:
    """The living children of a process, with their command lines."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, ppid = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            command = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it ended while we looked
        if int(ppid) == parent and state != "Z":
            found.append((int(entry.name), command))
    return sorted(found)


def descendants(root: int) -> list[int]:
    """Every living process below ``root``."""
    below = [pid for pid, _ in children(root)]
    return below + [deeper for pid in below for deeper in descendants(pid)]


@asynccontextmanager
async def farm(config: dict[str, Any], folder: Path) -> AsyncIterator[CameraFarm]:
    """The virtual cameras as a process of their own, answering."""
    path = folder / "cameras.json"
    path.write_text(json.dumps(config))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fakes.camera", "--config", str(path), stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is None:
            raise RuntimeError("no stdout")
        async with asyncio.timeout(60):
            line = await process.stdout.readline()
        yield CameraFarm(json.loads(line))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


@asynccontextmanager
async def running(
    cameras: Sequence[DemoCamera],
    *,
    adjust: Callable[[dict[str, Any]], dict[str, Any]] = lambda config: config,
    home: Path | None = None,
    **settings: Any,
) -> AsyncIterator[Machine]:
    """A machine with these cameras on its network and both communes started; nothing enrolled yet."""
    folder = home or Path(tempfile.mkdtemp(prefix="guet-"))
    port = free_port()
    chosen = Settings(
        home=folder,
        port=port,
        public_url=f"http://localhost:{port}",
        demo=True,
        onvif_ports=settings.pop("onvif_ports", [HTTP_PORT]),
        recorders=settings.pop("recorders", 1),
        **settings,
    )
    chosen.make_dirs()
    clips = find_clips(None, cache_dir())
    network = Network.kept_in(folder)
    by_id = {f"{one.commune}-c{one.number:02d}": clip_for(one, clips) for one in cameras}
    stop = asyncio.Event()
    clock = SystemClock(chosen.test_clock_offset_s)
    try:
        config = adjust(farm_config(network, cameras, clips, folder))
        async with farm(config, folder) as there, machine(chosen, stop):
            await start_communes(chosen)
            here = Machine(chosen, network, cameras, by_id, clock, there)
            yield here
            for town in here.towns.values():
                await town.close()
    finally:
        if home is None:
            shutil.rmtree(folder, ignore_errors=True)


async def eventually(
    check: Callable[[], Awaitable[bool]], *, within_s: float = 60.0, every_s: float = 0.1, what: str = "it"
) -> None:
    """Poll until ``check`` holds; AssertionError when it does not within the bound."""
    for _ in range(int(within_s / every_s)):
        if await check():
            return
        await asyncio.sleep(every_s)
    raise AssertionError(f"{what} did not happen within {within_s} s")
