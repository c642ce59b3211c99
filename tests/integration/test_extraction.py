"""A decided request answered against a real keeper and a real store, to the package that verifies (P-74, E-31)."""

from __future__ import annotations

import asyncio
import os
import time
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from recorder.export.exporter import Exported
from recorder.export.extraction import Place, extract_request, package_path, sweep
from recorder.recording.hour_keys import HourKeys
from recorder.recording.writer import StreamWriter
from tests.fakes.extraction import record_clip
from tests.fakes.recording import Rig
from tests.integration.keeper_town import CAMERA, MAYOR, PASSPHRASE, Town, town
from tests.integration.test_keeper_requests import register
from vms.db.engine import write
from vms.errors import Refused, Unavailable
from vms.evidence.manifest import Manifest
from vms.evidence.sealed import open_parts
from vms.evidence.verify import verify_package
from vms.keeper.protocol import PACKAGE_WINDOW_INFO
from vms.keys.wrapping import generate_peer_key, open_from
from vms.model import Camera, Commune

SECOND = 1_000_000


class Scene:
    """A town, a store that its recorder filled an hour ago, and an agent who may extract."""

    def __init__(self, place: Town, rig: Rig, folder: Path) -> None:
        self.place, self.rig, self.folder = place, rig, folder
        self.start = place.hour_ago()

    async def record(self, groups: int = 6) -> None:
        """Six groups of two seconds under keys that the keeper holds."""
        self.rig.clock.step(seconds=(self.start.us - self.rig.clock.utc().us) / SECOND)
        public = self.place.keeper.house.communes.get("valclair").public_key
        keys = HourKeys(self.place.recorder, self.rig.spool, lambda commune: public)
        writer: StreamWriter = self.rig.writer(keys=keys)
        await writer.start()
        await record_clip(self.rig, writer, "main", groups, self.start)
        self.rig.clock.step(seconds=2 * groups)
        await writer.close()

    async def approved(self) -> str:
        request = await register(self.place, from_us=self.start.us, to_us=self.start.us + 12 * SECOND)
        await self.place.act(MAYOR, "decide", request=request["request"], decision="execute")
        return str(request["request"])

    async def extract(self, request: str) -> Exported:
        offset_s = round(self.place.clock.utc().us / SECOND - time.time())
        where = Place(self.rig.engine, self.rig.store, self.folder, self.place.clock, offset_s)
        return await extract_request(
            self.place.web, self.place.tokens["agent"], request, where, lambda done, total: None
        )


@asynccontextmanager
async def real_time(place: Town) -> AsyncIterator[None]:
    """The town's clock runs like the worker's, which is the machine's."""

    async def run() -> None:
        before = time.monotonic()
        while True:
            await asyncio.sleep(0.05)
            now = time.monotonic()
            place.clock.step(seconds=now - before)
            before = now

    running = asyncio.create_task(run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with town(tmp_path / "town") as place:
        await place.commission()
        await place.add("secretariat", "secretary")
        await place.add("agent", "officer", ["live", "replay", "export"])
        await place.enter("agent", purpose="5")
        (tmp_path / "rig").mkdir()
        rig = await Rig(tmp_path / "rig").prepare()
        async with write(rig.engine) as session:
            session.add(Commune(id="valclair", name="Valclair-sur-Brume"))
            await session.flush()
            session.add(
                Camera(
                    id=CAMERA, commune_id="valclair", number=1, name="Place de l’Église", place="mât 3",
                    created_us=0, updated_us=0,
                )
            )  # fmt: skip
        made = Scene(place, rig, tmp_path / "packages")
        async with real_time(place):
            yield made
        await rig.close()


async def as_the_page(place: Town, request: str, exported: Exported, into: Path) -> Path:
    """Download and open the package as the agent's browser does."""
    private, public = generate_peer_key()
    view = await place.watch("agent", "export", request=request, public=public)
    package, sealed = await place.web.open_package(view.id, public)
    key = open_from(private, sealed, PACKAGE_WINDOW_INFO, view.id.encode())
    with exported.path.open("rb") as file:
        into.write_bytes(b"".join(open_parts(file, package, key)))
    return into


async def vkey_of(place: Town) -> str:
    answer: dict[str, Any] = await place.read(MAYOR, "journal_checkpoint")
    return str(answer["vkey"])


async def test_a_decided_request_becomes_a_package_that_verifies(scene: Scene, tmp_path: Path) -> None:
    await scene.place.web.unlock(scene.place.tokens[MAYOR], "valclair", PASSPHRASE)
    await scene.record()
    request = await scene.approved()
    exported = await scene.extract(request)
    assert exported.path == package_path(scene.folder, "valclair", exported.package)
    package = await as_the_page(scene.place, request, exported, tmp_path / "p.zip")
    report = verify_package(package, await vkey_of(scene.place))
    assert report.verdict == "authentic", report.text()
    assert len([check for check in report.checks if check.step == "journal"]) == 2

    with zipfile.ZipFile(package) as archive:
        manifest = Manifest.parse(archive.read("manifest.json"))
    assert manifest.request.id == request
    assert manifest.request.facts["procedure_number"] == "4127/2026"
    assert manifest.decision["decision"] == "execute"
    assert [one["version"] for one in manifest.zone_sets] == [1]
    assert [(video.from_us, video.to_us) for video in manifest.streams[0].videos] == [
        (scene.start.us, scene.start.us + 12 * SECOND)
    ]
    shown = (await scene.place.read(MAYOR, "request", request=request))["package"]
    assert shown["manifest_sha256"] == exported.manifest_sha256
    assert await scene.place.recorder.packages("valclair") == {exported.package}


async def test_without_a_decision_nothing_is_extracted(scene: Scene) -> None:
    await scene.place.web.unlock(scene.place.tokens[MAYOR], "valclair", PASSPHRASE)
    await scene.record(2)
    made = await register(scene.place, from_us=scene.start.us, to_us=scene.start.us + 4 * SECOND)
    with pytest.raises(Refused) as refused:
        await scene.extract(str(made["request"]))
    assert refused.value.rule == "P-74"
    assert not list(scene.folder.rglob("*.guetpkg*"))


async def test_a_locked_commune_extracts_nothing_and_leaves_nothing(scene: Scene) -> None:
    await scene.record(2)
    request = await scene.approved()
    with pytest.raises(Unavailable):
        await scene.extract(request)
    assert not list(scene.folder.rglob("*.guetpkg*"))
    assert await scene.place.recorder.packages("valclair") == set()


async def test_a_purged_package_goes_key_first_then_file(scene: Scene) -> None:
    await scene.place.web.unlock(scene.place.tokens[MAYOR], "valclair", PASSPHRASE)
    await scene.record(2)
    request = await scene.approved()
    exported = await scene.extract(request)
    live = await scene.place.recorder.packages("valclair")
    later_s = time.time() + 7200
    assert sweep(scene.folder, "valclair", live, later_s) == 0
    await scene.place.act("agent", "purge_package", request=request)
    live = await scene.place.recorder.packages("valclair")
    assert live == set()
    assert sweep(scene.folder, "valclair", live, time.time()) == 0
    assert sweep(scene.folder, "valclair", live, later_s) == 1
    assert not exported.path.exists()


def test_a_sweep_keeps_what_is_live_and_young(tmp_path: Path) -> None:
    folder = tmp_path / "valclair"
    folder.mkdir()
    for name in ("E-1.guetpkg", "E-2.guetpkg", "E-3.guetpkg.partial", "note.txt"):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (1000, 1000))
    (folder / "E-4.guetpkg").write_bytes(b"x")
    assert sweep(tmp_path, "valclair", {"E-1", "E-3"}, time.time()) == 2
    assert sorted(path.name for path in folder.iterdir()) == ["E-1.guetpkg", "E-4.guetpkg", "note.txt"]
    assert sweep(tmp_path, "elsewhere", set(), time.time()) == 0
