"""The processes killed at any moment: what a recorder loses, what a keeper's and a web process's death leaves alone.

One machine, four cameras, two of them masked in software. The virtual camera counts what it sent, unit by unit with
their hashes; what opens afterwards, through the keeper as a page does, is compared with it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import signal
import statistics
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
import websockets

from deploy.admin.api_client import ApiClient
from deploy.demo.town import CAMERAS, PASSPHRASE
from tests.fakes.machine import Machine, eventually, running
from tests.system.kill_tally import Loss, Player, check_clear, check_masked, cut_into_lives
from tests.system.page import Group, LiveView, opened_groups, replay, timeline, watch
from vms.clock import MICRO
from vms.errors import GuetError

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1800)]

KILLS: Final = 20
LIFE_MAX_S: Final = 4.0
DARK_S: Final = 5.0
PATIENCE_S: Final = 120.0
LOOK_BACK_US: Final = 900 * MICRO
VALCLAIR: Final = [one for one in CAMERAS if one.commune == "valclair"]
IDS: Final = [f"valclair-c{one.number:02d}" for one in VALCLAIR]
CLEAR: Final = [f"valclair-c{one.number:02d}" for one in VALCLAIR if not one.masked]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town() -> AsyncIterator[Machine]:
    async with running(VALCLAIR) as machine:
        assert sorted(await machine.set_up("valclair")) == sorted(IDS)
        await all_record(machine)
        yield machine


async def mayor(machine: Machine) -> ApiClient:
    return await machine.town("valclair").as_("mayor")


def now_us() -> int:
    return time.time_ns() // 1000


async def grown(machine: Machine, camera: str, since_us: int) -> bool:
    """Whether the camera has recorded past an instant."""
    try:
        spans = (await timeline(await mayor(machine), camera, "main", since_us, now_us()))["recorded"]
    except GuetError:
        return False
    return bool(spans) and spans[-1]["to_us"] > since_us


async def all_record(machine: Machine) -> None:
    since = now_us()
    for camera in IDS:
        await eventually(partial(grown, machine, camera, since), within_s=PATIENCE_S, what=camera)


async def fsck(home: Path) -> dict[str, Any]:
    """``vms fsck --json``; its report, with the exit code."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli", "fsck", "--home", str(home), "--json", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    return json.loads(out) | {"exit": process.returncode}


async def one_pid(machine: Machine, name: str, other_than: int = 0) -> int:
    """The process's number, once there is one that is not ``other_than``."""
    found: list[int] = []

    async def there() -> bool:
        found[:] = [pid for pid in machine.pids(name) if pid != other_than]
        return bool(found)

    await eventually(there, within_s=PATIENCE_S, every_s=0.02, what=f"a process {name}")
    return found[0]


async def streaming(machine: Machine, camera: str, stream: str, groups: list[Group]) -> list[Player]:
    """The lives of what is recorded as ``stream``: enrolment makes the camera's D1 profile the main one where T-04
    asks for it, so that the digests tell which of the camera's streams it is."""
    if camera not in CLEAR:
        return await players(machine, camera, stream)
    first = groups[0].digests()[0]
    for name in (stream, "sub" if stream == "main" else "main"):
        lives = await players(machine, camera, name)
        if any(first in life.digests for life in lives):
            return lives
    raise AssertionError(f"nothing that {camera} sent is what was recorded as {stream}")


async def players(machine: Machine, camera: str, stream: str) -> list[Player]:
    """The camera's ledger by player, in order of their first unit."""
    lives: dict[int, Player] = {}
    for unit in await machine.farm.sent(camera, stream):
        life = lives.setdefault(unit["player"], Player([], [], []))
        life.digests.append(unit["digest"])
        life.keys.append(unit["key"])
        life.sent_us.append(unit["sent_us"])
    return list(lives.values())


async def kill_at_random(machine: Machine) -> list[int]:
    """Twenty deaths of the recorder, each at a random moment of its life, fsck after each; their instants."""
    seed = secrets.randbits(32)
    print(f"\nkill -9 of the recorder: seed {seed}")
    chance, kills, last = random.Random(seed), [], 0
    for number in range(KILLS):
        pid = await one_pid(machine, "recorder", other_than=last)
        if number % 2:  # while it starts, adopts and connects, and while everything is recorded: half of each
            await all_grow(machine)
        await asyncio.sleep(chance.uniform(0.0, LIFE_MAX_S))
        os.kill(pid, signal.SIGKILL)
        kills.append(now_us())
        last = pid
        report = await fsck(machine.settings.home)
        assert report["ok"], (number, report["findings"])
        assert report["exit"] == 0
    return kills


async def gaps_of(machine: Machine, camera: str, stream: str, since_us: int) -> list[dict[str, Any]]:
    """The absences since then; those of the recorder's death end where the next recorded stretch begins."""
    known = await timeline(await mayor(machine), camera, stream, since_us - LOOK_BACK_US, now_us())
    starts = {span["from_us"] for span in known["recorded"]}
    ends = {span["to_us"] for span in known["recorded"]}
    for gap in known["absences"]:
        if gap["cause"] == "recorder-stopped":
            assert gap["to_us"] in starts or gap["to_us"] in {one["from_us"] for one in known["absences"]}, gap
            assert gap["from_us"] in ends or gap["from_us"] in {one["to_us"] for one in known["absences"]}, gap
    return [gap for gap in known["absences"] if gap["to_us"] is None or gap["to_us"] > since_us]


async def test_a_recorder_killed_twenty_times_loses_at_most_the_open_group(town: Machine) -> None:
    begun_us = now_us()
    kills = await kill_at_random(town)
    await all_record(town)
    end_us = now_us()
    client = await mayor(town)
    lost: list[Loss] = []
    lengths_s: list[float] = []
    single_s: list[float] = []  # gaps of one death alone: a start that is killed in turn prolongs the same gap
    for camera in IDS:
        for stream in ("main", "sub"):
            groups = await opened_groups(client, camera, stream, begun_us - LOOK_BACK_US, now_us() - MICRO)
            # From the life that the first kill ended on: its last durable group may have ended before this test began.
            lives = [life for life in await streaming(town, camera, stream, groups) if life.sent_us[-1] >= begun_us]
            runs = [run for run in cut_into_lives(groups) if run[-1].end_us >= lives[0].sent_us[0]]
            gaps = await gaps_of(town, camera, stream, begun_us)
            stops = [gap for gap in gaps if gap["cause"] == "recorder-stopped"]
            assert stops, (camera, stream)
            lengths_s += [(gap["to_us"] - gap["from_us"]) / MICRO for gap in stops]
            alone = [gap for gap in stops if sum(gap["from_us"] <= at < gap["to_us"] for at in kills) == 1]
            single_s += [(gap["to_us"] - gap["from_us"]) / MICRO for gap in alone]
            if camera in CLEAR:
                assert {gap["cause"] for gap in gaps} <= {"recorder-stopped", "key-frame-awaited"}, gaps
                lost += check_clear(lives, runs, kills)
            else:
                check_masked(lives, runs)
    cost_s = [one.seconds for one in lost]
    print(
        f"{KILLS} kills over {(end_us - begun_us) / MICRO:.0f} s, {len(lost)} lives of a clear stream ended: "
        f"whole groups lost {max(one.groups for one in lost)}; of what was sent, median "
        f"{statistics.median(cost_s):.2f} s and at worst {max(cost_s):.2f} s (the open group)\n"
        f"gaps recorder-stopped, to the first key frame: median {statistics.median(lengths_s):.2f} s, "
        f"worst {max(lengths_s):.2f} s; of a single death: median {statistics.median(single_s or lengths_s):.2f} s"
    )
    assert max(one.groups for one in lost) == 0, lost


class Wall:
    """Four live views, as on a wall, that come back by themselves as a page's do."""

    def __init__(self, client: ApiClient) -> None:
        self._client = client
        self.views: list[LiveView] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def light(self) -> None:
        """Open every view and wait for a picture in each; a view that ends is opened again, as a page does."""
        await self.close()
        self.views, self._tasks = [], []
        for camera in IDS:
            await self._light(camera)

    async def _light(self, camera: str) -> None:
        tried: list[LiveView] = []

        async def lit() -> bool:
            view = LiveView(camera)
            tried.append(view)
            task = asyncio.create_task(watch(self._client, view))

            async def told() -> bool:
                return view.ended or len(view.fragments) >= 2

            await eventually(told, within_s=PATIENCE_S, every_s=0.05, what=f"a word of {camera}")
            if view.ended:
                await task
                return False
            self.views.append(view)
            self._tasks.append(task)
            return True

        await eventually(lit, within_s=PATIENCE_S, every_s=0.2, what=f"light on {camera}")

    async def close(self) -> None:
        """Turn everything off."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def answers(client: ApiClient) -> bool:
    """Whether the pages and the keeper behind them answer a person who had signed in before."""
    try:
        await client.get("/session")
    except GuetError:
        return False
    return True


def stored_bytes(machine: Machine, camera: str) -> int:
    """What lies on disk of one camera: no process is asked."""
    return sum(path.stat().st_size for path in (machine.settings.store_dir / "valclair" / camera).rglob("*.seg"))


async def all_grow(machine: Machine) -> None:
    """Every camera goes on being recorded, as seen on the disk."""
    before = {camera: stored_bytes(machine, camera) for camera in IDS}

    async def grew() -> bool:
        return all(stored_bytes(machine, camera) > size for camera, size in before.items())

    await eventually(grew, within_s=PATIENCE_S, what="recording on every camera")


async def all_dark(wall: Wall) -> float:
    """Wait until every view has ended; seconds from now to the last picture that came."""
    loop = asyncio.get_running_loop()
    begun_s = loop.time()

    async def dark() -> bool:
        return all(view.ended for view in wall.views)

    await eventually(dark, within_s=4 * DARK_S, every_s=0.02, what="darkness")
    return max(view.last_picture_s for view in wall.views) - begun_s


async def test_a_killed_keeper_darkens_every_view_and_recording_goes_on(town: Machine) -> None:
    client, recorder = await mayor(town), town.pids("recorder")
    wall = Wall(client)
    await wall.light()
    keeper = await one_pid(town, "keeper")
    os.kill(keeper, signal.SIGKILL)
    late_s = await all_dark(wall)
    await all_grow(town)
    print(f"\nkeeper killed: last picture {late_s:.2f} s later")
    assert late_s <= DARK_S
    await one_pid(town, "keeper", other_than=keeper)
    await eventually(partial(answers, client), within_s=PATIENCE_S, what="the keeper answering")
    # Views come back by themselves; replay waits for a holder, since the private key died with the keeper.
    await wall.light()
    async with replay(client, IDS[0]) as page:
        with pytest.raises(GuetError):
            await page.window(now_us() - 20 * MICRO, now_us() - MICRO)
    await client.post("/session/unlock", {"commune": "valclair", "passphrase": PASSPHRASE})
    assert await opened_groups(client, IDS[0], "main", now_us() - 60 * MICRO, now_us() - MICRO)
    await wall.close()
    assert town.pids("recorder") == recorder, "the recorder went on"


async def test_a_hung_keeper_darkens_every_view_and_gives_no_key(town: Machine) -> None:
    client, recorder = await mayor(town), town.pids("recorder")
    wall = Wall(client)
    await wall.light()
    keeper = await one_pid(town, "keeper")
    async with replay(client, IDS[0]) as page:
        assert await page.window(now_us() - 60 * MICRO, now_us() - MICRO), "replay works before"
        os.kill(keeper, signal.SIGSTOP)
        try:
            late_s = await all_dark(wall)
            with pytest.raises((GuetError, websockets.ConnectionClosed)):
                await page.window(now_us() - 60 * MICRO, now_us() - MICRO)
            with pytest.raises((GuetError, websockets.WebSocketException, TimeoutError)):
                async with replay(client, IDS[1]) as late:
                    await late.window(now_us() - 60 * MICRO, now_us() - MICRO)
            await all_grow(town)
        finally:
            os.kill(keeper, signal.SIGCONT)
    print(f"\nkeeper hung: last picture {late_s:.2f} s later")
    assert late_s <= DARK_S
    await eventually(partial(answers, client), within_s=PATIENCE_S, what="the keeper answering")
    await wall.light()
    await wall.close()
    assert town.pids("recorder") == recorder, "the recorder went on"


async def test_a_killed_web_leaves_recorder_and_keeper_alone_and_pages_resume(town: Machine) -> None:
    client, others = await mayor(town), (town.pids("recorder"), town.pids("keeper"))
    wall = Wall(client)
    await wall.light()
    web = await one_pid(town, "web")
    os.kill(web, signal.SIGKILL)
    await all_dark(wall)
    await all_grow(town)
    await one_pid(town, "web", other_than=web)
    await eventually(partial(answers, client), within_s=PATIENCE_S, what="the pages answering")
    await wall.light()
    await wall.close()
    assert await opened_groups(client, IDS[0], "main", now_us() - 60 * MICRO, now_us() - MICRO), "still unlocked"
    assert (town.pids("recorder"), town.pids("keeper")) == others
