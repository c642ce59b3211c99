"""Room as people and monitoring see it: the volume's row, the page's answer, Prometheus' text (P-35)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlmodel import select

from recorder.recording.playback import Playback
from recorder.retention.policies import DAY_US, Policies
from recorder.retention.room import BATCH_LIMIT_SEGMENTS, Made, RoomKeeper
from recorder.retention.volume_board import VolumeBoard
from tests.fakes.recording import CAMERA, COMMUNE, START, Format, Rig
from vms.db.engine import read, write
from vms.errors import Refused
from vms.keeper.protocol import CameraRetention
from vms.model import CameraStorage, Commune, Incident, RecordingStop, Segment, Volume
from vms.settings import Settings
from web.app import create_app
from web.deps import Services
from web.permits import PermitBook

OTHER = "valclair-c02"
TOKEN = "x" * 20


@dataclass
class Desk:
    """The keeper for two callers: an agent of the commune, and the host's administrator."""

    denied: bool = False
    asked: list[str] = field(default_factory=list)

    async def session(self, token: str) -> Any:
        acting = type("Acting", (), {"commune": COMMUNE})()
        person = type("Person", (), {"host_admin": token == "host"})()
        return type("Session", (), {"acting": acting, "person": person})()

    async def read(self, token: str, name: str) -> dict[str, Any]:
        self.asked.append(name)
        if self.denied:
            raise Refused("Ce n’est pas votre rôle.", rule="P-58")
        return {}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await Rig(tmp_path).prepare()
    async with write(made.engine) as session:
        session.add(Commune(id=COMMUNE, name="Valclair"))
    yield made
    await made.close()


async def record(rig: Rig, camera: str, at_s: float, groups: int = 3) -> None:
    start = START.plus(seconds=at_s)
    rig.clock.step(seconds=(start.us - rig.clock.utc().us) / 1e6)
    writer = rig.writer(camera=camera)
    await writer.start()
    for number in range(groups):
        at = start.plus(seconds=2 * number)
        await writer.group([b"picture" * 3000], at, at.plus(seconds=2), 50, Format())
    rig.clock.step(seconds=2 * groups)
    await writer.close()


def policies(rig: Rig, *cameras: CameraRetention) -> Policies:
    known = Policies(rig.store, rig.home / "policies.json")
    known.learn(COMMUNE, list(cameras))
    return known


def board(rig: Rig, known: Policies, reserve_bytes: int) -> VolumeBoard:
    cameras = [(COMMUNE, CAMERA), (COMMUNE, OTHER)]
    return VolumeBoard(rig.engine, rig.store, known, rig.clock, reserve_bytes, lambda: cameras, [OTHER])


def client(rig: Rig, desk: Desk, *, address: str = "127.0.0.1") -> httpx.AsyncClient:
    settings = Settings(home=rig.home, metrics_token=TOKEN)
    keeper: Any = desk
    playback = Playback(rig.engine, rig.store, rig.clock)
    services = Services(settings, rig.clock, rig.engine, keeper, playback, PermitBook(keeper, rig.clock))
    transport = httpx.ASGITransport(create_app(services), client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://guet")


async def test_the_board_counts_what_lies_there_and_says_when_it_is_full(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await record(rig, CAMERA, 0)
    await record(rig, OTHER, 60)
    known = policies(rig, CameraRetention(camera=CAMERA, max_days=30), CameraRetention(camera=OTHER, max_days=30))
    stored = sum(row.size_bytes for row in await rig.segments())
    rate = stored / 12  # two cameras, six seconds each: bytes a second of both together, times two streams of one
    free = rig.store.free_bytes()
    monkeypatch.setattr(rig.store, "free_bytes", lambda: free)  # others write to this machine's disk too
    row = await board(rig, known, 0).write()
    assert (row.stored_bytes, row.level) == (stored, "ok")
    assert row.bytes_per_s == pytest.approx(2 * rate, rel=0.01)
    # A reserve that leaves room for three days at that rate.
    row = await board(rig, known, free - round(row.bytes_per_s * 3 * 86_400)).write()
    assert row.reserve_us is not None
    assert (row.reserve_us - row.measured_us) / DAY_US == pytest.approx(3, abs=0.2)
    assert row.level == "warn"
    async with read(rig.engine) as session:
        incidents = list((await session.execute(select(Incident))).scalars())
    assert [(one.kind, one.commune_id, one.rule) for one in incidents] == [("storage-forecast", COMMUNE, "P-35")]
    await board(rig, known, 0).write()
    async with read(rig.engine) as session:
        assert all(one.closed_us for one in (await session.execute(select(Incident))).scalars())


async def test_what_is_being_written_counts_as_it_grows_and_once_when_it_is_sealed(rig: Rig) -> None:
    known, writer = policies(rig, CameraRetention(camera=CAMERA, min_days=7, max_days=30)), rig.writer()
    looking = board(rig, known, 0)
    assert (await looking.write()).stored_bytes == 0
    await writer.start()
    for number in range(4):
        at = START.plus(seconds=2 * number)
        await writer.group([b"picture" * 3000], at, at.plus(seconds=2), 50, Format())
        rig.clock.step(seconds=2)
        row = await looking.write()
        assert row.stored_bytes == on_disk(rig) > 21_000 * (number + 1)
        async with read(rig.engine) as session:
            (camera,) = (await session.execute(select(CameraStorage).where(CameraStorage.stored_bytes > 0))).scalars()
        assert (camera.camera_id, camera.stored_bytes, camera.protected_bytes) == (CAMERA, on_disk(rig), on_disk(rig))
    await writer.close()
    assert (await looking.write()).stored_bytes == on_disk(rig)


async def test_an_open_segment_of_another_machine_counts_by_what_the_index_says(rig: Rig) -> None:
    await record_row(rig)
    async with write(rig.engine) as session:
        for row in (await session.execute(select(Segment))).scalars():
            row.state = "open"
    assert (await board(rig, policies(rig), 0).write()).stored_bytes == 1000


def on_disk(rig: Rig) -> int:
    return sum(path.stat().st_size for path in rig.store.root.rglob("*.seg"))


async def test_a_volume_that_is_another_one_is_said_and_nothing_is_forecast(rig: Rig) -> None:
    (rig.store.root / "guet-store.json").unlink()
    await record_row(rig)
    row = await board(rig, policies(rig), 0).write()
    assert (row.level, row.reserve_us, row.stop_us) == ("wrong", None, None)
    assert "identité" in row.fault
    async with read(rig.engine) as session:
        kinds = [one.kind for one in (await session.execute(select(Incident))).scalars()]
    assert kinds == ["volume-wrong"]


async def record_row(rig: Rig, camera: str = CAMERA, count: int = 1, first: int = 0) -> None:
    """Rows of segments whose files nobody needs here."""
    async with write(rig.engine) as session:
        for number in range(first, first + count):
            start = START.plus(seconds=60 * number)
            name = f"{camera}.main.{start.compact()}.{number:032x}.0"
            session.add(
                Segment(
                    name=name, commune_id=COMMUNE, camera_id=camera, stream="main", state="sealed", start_us=start.us,
                    end_us=start.us + 60_000_000, hour_key_id=f"{number:032x}", size_bytes=1000, groups=30,
                )
            )  # fmt: skip


async def test_early_destruction_takes_the_oldest_of_all_cameras_batch_after_batch(rig: Rig) -> None:
    """More segments than one batch reads, of two cameras that lie one after the other."""
    count = BATCH_LIMIT_SEGMENTS + 60
    await record_row(rig, OTHER, count)
    await record_row(rig, CAMERA, count, first=count)
    known = policies(rig, CameraRetention(camera=CAMERA, max_days=30), CameraRetention(camera=OTHER, max_days=30))
    keeper = RoomKeeper(rig.engine, rig.store, known, rig.clock, 0)
    rig.clock.advance(seconds=3 * 86_400)
    wanted = (count + 40) * 1000
    made = await keeper._oldest(10**12)
    assert len(made) == BATCH_LIMIT_SEGMENTS
    total = Made()
    await keeper._make(total, wanted, rig.clock.utc().us)
    assert total.segments == count + 40
    left = await rig.segments()
    assert {row.camera_id for row in left} == {CAMERA}
    assert min(row.start_us for row in left) == START.plus(seconds=60 * (count + 40)).us


async def test_the_page_sees_its_commune_and_the_host_sees_sizes(rig: Rig) -> None:
    await record(rig, CAMERA, 0)
    await board(rig, policies(rig, CameraRetention(camera=CAMERA, max_days=30)), 0).write()
    async with write(rig.engine) as session:
        session.add(RecordingStop(camera_id=OTHER, commune_id=COMMUNE, since_us=START.us))
    desk = Desk()
    async with client(rig, desk) as http:
        answer = (await http.get("/api/v1/communes/valclair/storage", headers=bearer("agent"))).json()
        assert desk.asked == ["retention"]
        assert [one["camera"] for one in answer["cameras"]] == [CAMERA, OTHER]
        assert [one["rank"] for one in answer["cameras"]] == [2, 1]
        assert [one["stopped_us"] for one in answer["cameras"]] == [None, START.us]
        host = (await http.get("/api/v1/host/storage", headers=bearer("host"))).json()
        assert [(one["name"], one["cameras"], one["stopped"]) for one in host["communes"]] == [("Valclair", 2, 1)]
        assert (await http.get("/api/v1/host/storage", headers=bearer("agent"))).status_code == 403
        assert (await http.get("/api/v1/communes/motte/storage", headers=bearer("agent"))).status_code == 403
        desk.denied = True
        refused = await http.get("/api/v1/communes/valclair/storage", headers=bearer("agent"))
        assert (refused.status_code, refused.json()["rule"]) == (403, "P-58")


async def test_metrics_are_for_this_machine_or_the_token_and_name_nobody(rig: Rig) -> None:
    await record(rig, CAMERA, 0)
    await board(rig, policies(rig, CameraRetention(camera=CAMERA, max_days=30)), 0).write()
    async with write(rig.engine) as session:
        session.add(Volume(id="spare", level="in-use", stop_us=rig.clock.utc().us, measured_us=rig.clock.utc().us))
    async with client(rig, Desk()) as http:
        answer = await http.get("/metrics")
        assert 'guet_volume_level{level="in-use",volume="spare"} 1.0' in answer.text
        assert 'guet_volume_level{level="in-use",volume="main"} 0.0' in answer.text
        assert answer.status_code == 200
        found = {family.name for family in text_string_to_metric_families(answer.text)}
        assert {"guet_volume_free_bytes", "guet_volume_reserve_days", "guet_volume_level"} <= found
        assert 'guet_volume_reserve_days{volume="main"} +Inf' in answer.text
        for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
            assert (await http.get("/metrics", headers={header: "127.0.0.1"})).status_code == 403
        assert (await http.get("/metrics", headers=bearer("y" * 20))).status_code == 403
    async with client(rig, Desk(), address="192.0.2.7") as http:
        assert (await http.get("/metrics")).status_code == 403
        assert (await http.get("/metrics", headers=bearer(TOKEN))).status_code == 200


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
