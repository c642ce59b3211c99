"""Peers that nobody here wrote, on a whole machine: eight streams of GStreamer's RTSP server recorded for two minutes
and counted on its side; ipycam, which ends in a refusal that names its rule.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from deploy.demo.setup import into_service, papers, people, unlock
from deploy.demo.town import CAMERAS, DemoCamera
from tests.fakes.clips import clip
from tests.fakes.machine import Machine, eventually, running
from tests.peers.gst import GstPeer, SentByGst, gst_rtsp
from tests.peers.ipycam_env import Ipycam, ipycam
from tests.system.page import Group, opened_groups, timeline
from vms.clock import MICRO
from vms.errors import GuetError

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

STREAMS: Final = 8
RECORDED_S: Final = 120
FIRST_NUMBER: Final = 11
IPYCAM: Final = "127.0.65.1"
PATIENCE_S: Final = 240.0
# Sent but not on the disk yet when both sides are read: the open group, what is under way, a second of the counts.
OPEN_S: Final = 20.0
SOURCES: Final = [
    DemoCamera("valclair", FIRST_NUMBER + n, f"Source {n}", f"Salle technique, baie {n}", ("none",))
    for n in range(STREAMS)
]
IDS: Final = [f"valclair-c{one.number:02d}" for one in SOURCES]


def now_us() -> int:
    return time.time_ns() // 1000


@dataclass
class Scene:
    """The machine, both peers, and since when every stream is in service."""

    machine: Machine
    gst: GstPeer
    ipycam: Ipycam
    end_ipycam: ExitStack
    in_service: list[str] = field(default_factory=list)
    since_us: int = 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    folder = tmp_path_factory.mktemp("peers")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "guet" / "peers"
    path = clip("main")
    idle = [one for one in CAMERAS if one.commune == "brumesnil"][:1]  # a farm has one camera at least
    with ExitStack() as peers, gst_rtsp(path, folder, mounts=STREAMS, address="127.0.66.1") as gst:
        other = await asyncio.to_thread(peers.enter_context, ipycam(path, folder, cache, address=IPYCAM))
        async with running(idle, onvif_ports=[other.onvif_port]) as machine:
            town = machine.town("valclair")
            town.cameras = SOURCES
            await people(town, machine.persons)
            await papers(town)
            await unlock(town)
            made = Scene(machine, gst, other, peers)
            await declare(made)
            any_clip = next(iter(machine.clips.values()))
            made.in_service = await into_service(town, dict.fromkeys(IDS, any_clip))
            made.since_us = now_us()
            act = {"commune": "valclair", "purpose": "5", "motive": "essai des sources déclarées"}
            await (await town.as_("mayor")).post("/session/act", act)
            yield made


async def declare(scene: Scene) -> None:
    """Eight sources on a trusted prefix (A-01), as the mayor."""
    town = scene.machine.town("valclair")
    mayor = await town.as_("mayor")
    host = urlsplit(scene.gst.urls[0]).hostname
    await mayor.post(town.path("/prefixes"), {"cidr": f"{host}/32", "trusted": True})
    orders = []
    for source, url in zip(SOURCES, scene.gst.urls, strict=True):
        body = {"url": url, "name": source.name, "place": source.place, "number": source.number}
        orders.append(await mayor.post(town.path("/declare-rtsp"), body))
    for order in orders:
        await mayor.wait_for_order(order["id"])


async def test_eight_declared_streams_are_taken_into_service(scene: Scene) -> None:
    assert sorted(scene.in_service) == IDS
    mayor = await scene.machine.town("valclair").as_("mayor")
    cameras = {one["id"]: one for one in await mayor.get("/communes/valclair/cameras")}
    assert {cameras[name]["hardened"] for name in IDS} == {False}, "shown as not hardened"
    for name in IDS:
        await eventually(partial(records, scene, name, 0.0), within_s=PATIENCE_S, every_s=0.5, what=name)


async def records(scene: Scene, camera: str, seconds: float) -> bool:
    """Whether that much of the camera is recorded since it is in service."""
    mayor = await scene.machine.town("valclair").as_("mayor")
    spans = (await timeline(mayor, camera, "main", scene.since_us, now_us()))["recorded"]
    return sum(one["to_us"] - one["from_us"] for one in spans) > seconds * MICRO


async def test_ipycam_is_found_and_refused_by_the_name_of_its_rule(scene: Scene) -> None:
    """It is of profile S (O-10), and shows its accounts to anybody (O-25).

    It answers Probes in a form of its own and from another address, so that it is asked at its own directly.
    """
    town = scene.machine.town("valclair")
    agent = await town.as_("chief")
    await agent.post(town.path("/prefixes"), {"cidr": f"{IPYCAM}/32", "trusted": True})
    order = await agent.post(town.path("/discover"), {"prefixes": [f"{IPYCAM}/32"], "addresses": [IPYCAM]})
    await agent.wait_for_order(order["id"])
    found = {one["address"]: one for one in await agent.get(town.path("/found"), order=order["id"])}
    device = found[scene.ipycam.address]
    assert (device["state"], device["detail"]["rule"]) == ("refused", "O-10"), device
    asked = {"found_id": device["id"], "name": "Autre", "place": "Mairie", "number": 40}
    order = await agent.post(town.path("/enrol"), asked)
    with pytest.raises(GuetError) as refusal:
        await agent.wait_for_order(order["id"])
    assert (refusal.value.rule, bool(refusal.value.todo)) == ("O-25", True)
    assert 40 not in {one["number"] for one in await agent.get(town.path("/cameras"))}
    await asyncio.to_thread(scene.end_ipycam.close)


async def test_two_minutes_are_recorded_without_a_gap_or_a_missing_frame(scene: Scene) -> None:
    for name in IDS:
        await eventually(partial(records, scene, name, RECORDED_S), within_s=PATIENCE_S, every_s=1.0, what=name)
    mayor = await scene.machine.town("valclair").as_("mayor")
    until_us = now_us() - MICRO
    digests, figures = scene.gst.digests, []
    for name, mount in zip(IDS, (urlsplit(url).path for url in scene.gst.urls), strict=True):
        known = await timeline(mayor, name, "main", scene.since_us, until_us)
        assert len(known["recorded"]) == 1, (name, known["recorded"])
        start_us = known["recorded"][0]["from_us"]
        assert [gap for gap in known["absences"] if gap["to_us"] is None or gap["to_us"] > start_us] == []
        groups = await opened_groups(mayor, name, "main", start_us, until_us)
        got = [slices_digest(unit) for group in groups for unit in group.units()]
        [sent] = [one for one in scene.gst.sent() if one.mount == mount and not one.ended]
        check_against(name, got, digests, sent, groups)
        figures.append((len(got), (groups[-1].end_us - groups[0].start_us) / MICRO))
    print(
        f"\n{STREAMS} streams of GStreamer: {sum(count for count, _ in figures)} units recorded and counted, "
        f"{min(seconds for _, seconds in figures):.1f} s of each at least, no gap, no missing unit"
    )


def check_against(name: str, got: list[str], digests: list[str], sent: SentByGst, groups: list[Group]) -> None:
    """Unit for unit what the server sent: it starts each client at the clip's first unit, in a loop."""
    first = digests.index(got[0])
    assert got == [digests[(first + n) % len(digests)] for n in range(len(got))], name
    assert first == 0, f"{name}: recorded from the client's unit {first}"
    rate = len(got) / ((groups[-1].end_us - groups[0].start_us) / MICRO)
    assert len(got) <= sent.units <= len(got) + OPEN_S * rate, (name, len(got), sent)


def slices_digest(nals: tuple[bytes, ...]) -> str:
    """SHA-256 of the slices of a unit, as the server's side notes it."""
    digest = hashlib.sha256()
    for nal in nals:
        if 1 <= nal[0] & 0x1F <= 5:
            digest.update(len(nal).to_bytes(4, "big") + nal)
    return digest.hexdigest()
