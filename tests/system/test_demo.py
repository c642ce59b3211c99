"""``vms demo`` twice on one home: what it says when it is ready, what a second start finds again, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from deploy.admin.api_client import ApiClient
from tests.fakes.machine import descendants, eventually
from tests.system.page import opened_groups, timeline
from vms.clock import MICRO

READY_LIMIT_S: Final = 280.0
END_LIMIT_S: Final = 60.0
STREAMS: Final = ("main", "sub")


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demonstration and the line it printed."""

    ready: dict[str, Any]
    process: asyncio.subprocess.Process
    took_s: float


@asynccontextmanager
async def demo(home: Path) -> AsyncIterator[Demo]:
    """``vms demo`` until it is ready; killed at the end whatever happened."""
    begun = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "deploy.cli", "demo", "--home", str(home), "--port", "0",
        stdout=asyncio.subprocess.PIPE, limit=1 << 20,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(READY_LIMIT_S):
            line = await process.stdout.readline()
        assert line, f"no line; exit {await process.wait()}"
        yield Demo(json.loads(line), process, time.monotonic() - begun)
    finally:
        if process.returncode is None:  # the test failed before it ended it: nothing may go on running
            for pid in (*descendants(process.pid), process.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            await process.wait()


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def as_mayor(ready: dict[str, Any], commune: str) -> ApiClient:
    """The commune's mayor, with the account that the ready line gives."""
    one = next(a for a in ready["accounts"] if a["role"] == "mayor" and commune in a["communes"])
    client = ApiClient(ready["url"])
    await client.sign_in(one["login"], one["password"])
    await client.post("/session/act", {"commune": commune, "purpose": "5", "motive": "essai de la démonstration"})
    return client


async def end(running: Demo) -> float:
    """SIGTERM; the seconds until nothing of it runs any more."""
    everything = [running.process.pid, *descendants(running.process.pid)]
    assert len(everything) > 4, "supervisor, cameras, keeper, recorder, web at least"
    begun = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(END_LIMIT_S):
        assert await running.process.wait() == 0

    async def gone() -> bool:
        return not any(alive(pid) for pid in everything)

    await eventually(gone, within_s=END_LIMIT_S, every_s=0.02, what="the end of every process")
    return time.monotonic() - begun


def check_ready(ready: dict[str, Any]) -> None:
    assert ready["event"] == "ready"
    assert ready["url"].startswith("http://localhost:")
    assert 1 <= len(ready["cameras"]) <= 6
    roles = {one["role"] for one in ready["accounts"]}
    assert roles == {
        "mayor", "deputy", "chief", "officer", "secretary", "csu_operator", "installer", "auditor", "inspector",
        "host_admin",
    }  # fmt: skip
    assert all(one["login"] and one["password"] and one["does"] for one in ready["accounts"])


async def check_door(ready: dict[str, Any]) -> None:
    """The sign-in page offers the accounts that the ready line gives, and each opens."""
    async with httpx.AsyncClient(base_url=f"{ready['url']}/api/v1", timeout=60) as client:
        offered = (await client.get("/demo")).raise_for_status().json()["accounts"]
    logins = {(one["login"], one["password"]) for one in ready["accounts"]}
    assert {(one["login"], one["password"]) for one in offered} == logins
    assert all(one["label"] and one["does"] for one in offered)


async def recorded(client: ApiClient, camera: str, from_us: int) -> dict[str, list[dict[str, int]]]:
    now_us = time.time_ns() // 1000
    return {stream: (await timeline(client, camera, stream, from_us, now_us))["recorded"] for stream in STREAMS}


async def test_a_second_start_finds_everything_again_and_both_end_without_a_trace(short_home: Path) -> None:
    begun_us = time.time_ns() // 1000
    async with demo(short_home) as first:
        check_ready(first.ready)
        await check_door(first.ready)
        mayors = {commune: await as_mayor(first.ready, commune) for commune in ("valclair", "brumesnil")}
        before = {}
        for camera in first.ready["cameras"]:
            before[camera] = await recorded(mayors[camera.rsplit("-", 1)[0]], camera, begun_us)
            assert before[camera]["main"], camera
        for commune, client in mayors.items():
            placed = [one["legal"].get("position") for one in await client.get(f"/communes/{commune}/cameras")]
            assert placed, commune
            assert all(placed), commune
            await client.close()
        stopped_us = time.time_ns() // 1000
        ended_s = [await end(first)]

    async with demo(short_home) as second:
        check_ready(second.ready)
        assert sorted(second.ready["cameras"]) == sorted(first.ready["cameras"])
        for camera in second.ready["cameras"]:
            mayor = await as_mayor(second.ready, camera.rsplit("-", 1)[0])
            now = await recorded(mayor, camera, begun_us)
            for stream in STREAMS:
                for span in before[camera][stream]:
                    assert any(
                        one["from_us"] <= span["from_us"] and one["to_us"] >= span["to_us"] for one in now[stream]
                    ), (camera, stream, span, now[stream])
            assert now["main"][-1]["to_us"] > stopped_us, f"{camera} records again"
            # What was recorded before the restart still opens: the key that sealed it is with the keeper.
            span = before[camera]["main"][0]
            groups = await opened_groups(mayor, camera, "main", span["from_us"], span["to_us"])
            assert groups
            assert groups[0].units()
            gaps = (await timeline(mayor, camera, "main", begun_us, time.time_ns() // 1000))["absences"]
            assert "recorder-stopped" in {gap["cause"] for gap in gaps if gap["to_us"] and gap["to_us"] > stopped_us}
            await mayor.close()
        ended_s.append(await end(second))
    print(
        f"\nvms demo: ready in {first.took_s:.1f} s, a second time in {second.took_s:.1f} s; "
        f"ended in {ended_s[0]:.1f} s and {ended_s[1]:.1f} s; recorded {(stopped_us - begun_us) / MICRO:.0f} s"
    )
