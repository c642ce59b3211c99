"""A whole recorder process: plan and database in, sealed segments, live views and health out."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.service import run
from tests.fakes.camera import CameraConfig, Farm, FarmConfig, UserConfig
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.recorder_keeper import COMMUNE, RecorderKeeper, camera_plan, zones
from tests.fakes.small_clip import write_clip
from vms.clock import SystemClock
from vms.db.engine import ensure_schema, open_engine, read, write
from vms.errors import GuetError, Refused, Unavailable
from vms.keeper.protocol import LegalState
from vms.keys import wrapping
from vms.model import Absence, Camera, CameraHealth, Commune, Incident, Segment
from vms.onvif.soap import Credential
from vms.settings import Settings
from vms.vault.handover import recorder_public, seal_for_recorder
from vms.wire import ChannelClosed, WireClient

CAMERA = "valclair-c01"
OTHER = "valclair-c02"
ZONE = {"points": [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]], "reason": "entrance"}
LIMIT_S = 30.0


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {
        "main": write_clip(folder / "main.mp4"),
        "sub": write_clip(folder / "sub.mp4", "h264", 160, 120),
        "h265": write_clip(folder / "h265.mp4", "h265"),
        "other-size": write_clip(folder / "other.mp4", "h264", 352, 288),
    }


@dataclass
class Town:
    """One recorder process of one town, with its keeper and cameras."""

    settings: Settings
    keeper: RecorderKeeper
    farm: Farm
    engine: AsyncEngine
    stop: asyncio.Event
    process: asyncio.Task[None]
    clock: SystemClock

    def client(self) -> WireClient:
        return WireClient(self.settings.run_dir / "rec-0.sock")

    async def rows(self, model: type[Any], camera: str = CAMERA) -> list[Any]:
        async with read(self.engine) as session:
            return list((await session.execute(select(model).where(col(model.camera_id) == camera))).scalars())

    async def until(self, met: Callable[[], Awaitable[bool]], what: str) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                while not await met():
                    assert not self.process.done(), "the process ended"
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"not reached: {what}") from None

    async def recorded(self, camera: str = CAMERA, groups: int = 2, streams: int = 2) -> None:
        async def met() -> bool:
            rows = [row for row in await self.rows(Segment, camera) if row.groups >= groups]
            return len({row.stream for row in rows}) >= streams

        # Rows of open segments count their groups when they are sealed; on disk they show by size.
        async def on_disk() -> bool:
            folder = self.settings.store_dir / COMMUNE / camera
            files = [path for path in folder.rglob("*.seg") if path.stat().st_size > 10_000] if folder.exists() else []
            return len({path.name.split(".")[1] for path in files}) >= streams or await met()

        await self.until(on_disk, f"{camera} recorded")

    async def health(self, state: str, stream: str = "main", camera: str = CAMERA) -> None:
        async def met() -> bool:
            return any(row.stream == stream and row.state == state for row in await self.rows(CameraHealth, camera))

        await self.until(met, f"{camera} {state}")

    async def end(self) -> None:
        self.stop.set()
        await self.process


@asynccontextmanager
async def town(home: Path, clips: dict[str, Path], *, main: str = "main", cameras: int = 1) -> AsyncIterator[Town]:
    settings = Settings(home=home, recorders=1)
    settings.make_dirs()
    users = (UserConfig(name="admin", password="x" * 12), UserConfig(name="viewer", password="v" * 12, level="User"))
    configs = tuple(
        CameraConfig(id=f"valclair-c{n:02d}", address=f"127.0.0.{n}", main=clips[main], sub=clips["sub"], users=users,
                     factory=False, onvif=False)
        for n in range(1, cameras + 1)
    )  # fmt: skip
    async with AsyncExitStack() as stack:
        farm = await stack.enter_async_context(
            Farm(FarmConfig(cameras=configs, rtsp_port=0, http_port=0, control_port=0, discovery_port=0))
        )
        keeper = RecorderKeeper(settings.run_dir)
        await keeper.start()
        stack.push_async_callback(keeper.stop)
        engine = open_engine(settings.database_url)
        stack.push_async_callback(engine.dispose)
        await ensure_schema(engine)
        clock, stop = SystemClock(), asyncio.Event()
        process = asyncio.create_task(run(settings, 0, stop))
        made = Town(settings, keeper, farm, engine, stop, process, clock)

        async def identified() -> bool:
            return (settings.recorder_dir / "identity.pub").exists()

        await made.until(identified, "identity")
        await _declare(made, configs)
        try:
            yield made
        finally:
            await made.end()


async def _declare(made: Town, configs: tuple[CameraConfig, ...]) -> None:
    public = recorder_public(made.settings.recorder_dir)
    async with write(made.engine) as session:
        session.add(Commune(id=COMMUNE, name="Valclair"))
    async with write(made.engine) as session:
        for number, config in enumerate(configs, 1):
            camera = made.farm[config.id]
            session.add(
                Camera(
                    id=config.id, commune_id=COMMUNE, number=number, name=config.id,
                    main_url=camera.rtsp_url("main"), sub_url=camera.rtsp_url("sub"),
                    credential_sealed=seal_for_recorder(public, config.id, Credential("viewer", "v" * 12)),
                    created_us=1, updated_us=1,
                )
            )  # fmt: skip


def pictures(parts: list[bytes]) -> list[np.ndarray]:
    with av.open(io.BytesIO(b"".join(parts)), "r") as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


Watched = tuple[list[dict[str, Any]], list[bytes]]


async def watch(made: Town, seconds: float, *, act: str = "live", stream: str = "main") -> Watched:
    """Watch for a while, renewing the permit; what was said and the media received."""
    said: list[dict[str, Any]] = []
    media: list[bytes] = []
    view = "ab" * 16
    permit = made.keeper.permit(CAMERA, made.clock.utc(), act, view=view)
    async with made.client().stream("live", {"permit": permit, "camera": CAMERA, "stream": stream}) as channel:
        end = asyncio.get_running_loop().time() + seconds
        renewed = asyncio.get_running_loop().time()
        while (now := asyncio.get_running_loop().time()) < end:
            if now - renewed > 1.3:
                renewed = now
                await channel.send({"renew": made.keeper.permit(CAMERA, made.clock.utc(), act, view=view)})
            try:
                async with asyncio.timeout(0.5):
                    data, body = await channel.receive()
            except TimeoutError:
                continue
            if body:
                media.append(body)
            elif data:
                said.append(data)
    return said, media


async def test_a_camera_in_service_is_recorded_shown_and_reported(short_home: Path, clips: dict[str, Path]) -> None:
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA))
        await made.recorded()
        await made.health("live")
        said, media = await watch(made, 3)
        kinds = {item["type"] for item in said}
        assert kinds == {"stream", "beat"}
        stream = next(item for item in said if item["type"] == "stream")
        assert (stream["width"], stream["height"], stream["masked"]) == (320, 240, 0)
        assert stream["codec"].startswith("avc1.")
        beats = [item for item in said if item["type"] == "beat"]
        assert beats[-1]["state"] == "live"
        assert abs(beats[-1]["utc_us"] - beats[-1]["last_unit_us"]) < 1_000_000
        assert len(pictures(media)) > 50
        answer, _ = await made.client().call("health")
        assert {(item["stream"], item["state"]) for item in answer["streams"]} == {("main", "live"), ("sub", "live")}
        await made.end()
        segments = await made.rows(Segment)
        assert {row.stream for row in segments} == {"main", "sub"}
        assert {row.state for row in segments} == {"sealed"}
        assert {row.zone_set_id for row in segments} == {"zones-1"}
        absences = await made.rows(Absence)
        assert {row.cause for row in absences} == {"recorder-stopped"}
        assert {row.state for row in await made.rows(CameraHealth)} == {"stopped"}
        assert {head["camera"] for head in made.keeper.heads} == {CAMERA}
        for row in segments:  # every key that sealed something is with the keeper, and opens with the commune's
            info = wrapping.hour_key_info(COMMUNE, CAMERA, row.hour_key_id, row.start_us - row.start_us % 3_600_000_000)
            assert len(wrapping.unwrap(made.keeper.commune_private, made.keeper.hour_keys[row.hour_key_id], info)) == 32


async def test_zones_are_opaque_on_every_picture_of_both_streams(short_home: Path, clips: dict[str, Path]) -> None:
    """P-10, from the first frame on."""
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA, zone_set=zones(CAMERA, "zones-9", ZONE)))
        await made.recorded()
        for stream, size in (("main", (240, 320)), ("sub", (120, 160))):
            said, media = await watch(made, 2, stream=stream)
            assert next(item for item in said if item["type"] == "stream")["masked"] == 1
            seen = pictures(media)
            assert len(seen) > 20
            for picture in seen:
                assert picture.shape == size
                height, width = size
                inside = picture[height // 4 + 4 : 3 * height // 4 - 4, width // 4 + 4 : 3 * width // 4 - 4]
                assert int(inside.max()) - int(inside.min()) < 12
                assert int(picture[: height // 5].max()) - int(picture[: height // 5].min()) > 60
        await made.end()
        assert {row.zone_set_id for row in await made.rows(Segment)} == {"zones-9"}


async def test_another_picture_size_is_dark_and_never_clear(short_home: Path, clips: dict[str, Path]) -> None:
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA, zone_set=zones(CAMERA, "zones-9", ZONE)))
        await made.recorded()
        misbehave(made.farm[CAMERA], "other-clip", stream="main", clip=str(clips["other-size"]))

        async def dark() -> bool:
            return any(row.cause == "picture-size-changed" for row in await made.rows(Absence))

        await made.until(dark, "absence picture-size-changed")
        await made.health("dark")
        said, media = await watch(made, 2)
        assert media == []
        assert said[0]["state"] == "dark"
        assert said[0]["cause"] == "picture-size-changed"


async def test_no_permit_no_pixels(short_home: Path, clips: dict[str, Path]) -> None:
    """Forged, expired, of another camera, of another act, none: refused, and a view that is not renewed ends."""
    async with town(short_home, clips, cameras=2) as made:
        made.keeper.decide(camera_plan(CAMERA), camera_plan(OTHER))
        await made.recorded()
        now = made.clock.utc()
        forger = RecorderKeeper(made.settings.run_dir)
        bad: list[Any] = [
            None, "", 7, "a.b", forger.permit(CAMERA, now), made.keeper.permit(OTHER, now),
            made.keeper.permit(CAMERA, now.plus(seconds=-10)), made.keeper.permit(CAMERA, now, "replay"),
            made.keeper.permit(CAMERA, now, life_us=3_600_000_000),
        ]  # fmt: skip
        for permit in bad:
            with pytest.raises(Refused) as caught:
                async with made.client().stream("live", {"permit": permit, "camera": CAMERA}) as channel:
                    await channel.receive()
            assert caught.value.rule

        def opening() -> dict[str, Any]:
            return {"permit": made.keeper.permit(CAMERA, made.clock.utc()), "camera": CAMERA}

        begun = asyncio.get_running_loop().time()
        with pytest.raises(Refused):
            async with made.client().stream("live", opening()) as channel:
                while True:
                    await channel.receive()
        assert asyncio.get_running_loop().time() - begun < 5
        with pytest.raises(Refused):  # another view's permit renews nothing
            async with made.client().stream("live", opening()) as channel:
                await channel.send({"renew": made.keeper.permit(CAMERA, made.clock.utc())})
                while True:
                    await channel.receive()
        for args in ({}, {"camera": 1}, {"camera": CAMERA, "stream": "third"}):
            with pytest.raises(GuetError):
                async with made.client().stream("live", args) as channel:
                    await channel.receive()


async def test_a_framing_session_shows_the_raw_picture_and_keeps_nothing(
    short_home: Path, clips: dict[str, Path]
) -> None:
    """P-57."""
    async with town(short_home, clips) as made:
        until_us = made.clock.utc().plus(seconds=600).us
        authorised = camera_plan(CAMERA, legal_state=LegalState.AUTHORISED, record=False, zone_set=None)
        made.keeper.decide(authorised.model_copy(update={"framing_until_us": until_us}))
        await made.health("live")
        said, media = await watch(made, 2, act="framing")
        assert len(pictures(media)) > 20
        beat = [item for item in said if item["type"] == "beat"][-1]
        assert (beat["state"], beat["cause"]) == ("live", "")
        assert abs(beat["utc_us"] - beat["last_unit_us"]) < 1_000_000
        _, media = await watch(made, 1.5)  # the live act sees nothing of it
        assert media == []
        made.keeper.decide(authorised)
        await made.health("stopped")
        assert list(made.settings.store_dir.rglob("*.seg")) == []
        assert await made.rows(Segment) == []
        assert await made.rows(Absence) == []


async def test_without_a_zone_set_nothing_is_recorded_and_only_framing_calls_the_camera(
    short_home: Path, clips: dict[str, Path]
) -> None:
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA, zone_set=None))
        await made.health("dark")
        assert made.farm[CAMERA].counts.connections == 0
        until_us = made.clock.utc().plus(seconds=600).us
        made.keeper.decide(camera_plan(CAMERA, zone_set=None, framing_until_us=until_us))

        async def called() -> bool:
            return made.farm[CAMERA].counts.plays > 0

        await made.until(called, "framing")
        said, media = await watch(made, 2, act="framing")
        assert len(pictures(media)) > 20
        assert [item for item in said if item["type"] == "beat"][-1]["state"] == "live"
        _, media = await watch(made, 1)
        assert media == []
        assert list(made.settings.store_dir.rglob("*.seg")) == []


async def test_a_suspended_camera_stops_with_that_cause(short_home: Path, clips: dict[str, Path]) -> None:
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA))
        await made.recorded()
        suspended = camera_plan(CAMERA, legal_state=LegalState.SUSPENDED, record=False, refusal_cause="suspended")
        made.keeper.decide(suspended)
        await made.health("stopped")
        assert {row.cause for row in await made.rows(Absence) if row.end_us is None} == {"suspended"}


async def test_recording_outlives_the_keeper_and_a_restart_without_it(short_home: Path, clips: dict[str, Path]) -> None:
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA))
        await made.recorded()
        await made.keeper.stop()
        size = sum(path.stat().st_size for path in made.settings.store_dir.rglob("*.seg"))

        async def grows() -> bool:
            return sum(path.stat().st_size for path in made.settings.store_dir.rglob("*.seg")) > size

        await made.until(grows, "recording without the keeper")
        await made.end()
        made.stop.clear()
        made.process = asyncio.create_task(run(made.settings, 0, made.stop))
        size = sum(path.stat().st_size for path in made.settings.store_dir.rglob("*.seg"))
        await made.until(grows, "recording after a restart without the keeper")


async def test_recording_ends_by_itself_when_the_plan_has_run_out(short_home: Path, clips: dict[str, Path]) -> None:
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA, record_until_us=made.clock.utc().plus(seconds=6).us))
        await made.recorded()
        await made.keeper.stop()
        await made.health("stopped")
        assert {row.cause for row in await made.rows(Absence) if row.end_us is None} == {"not-authorised"}


async def test_h265_without_zones_is_recorded_as_it_came_beside_its_sub_stream(
    short_home: Path, clips: dict[str, Path]
) -> None:
    async with town(short_home, clips, main="h265") as made:
        made.keeper.decide(camera_plan(CAMERA))
        await made.recorded()
        await made.end()
        codecs = {row.stream: row.codec for row in await made.rows(Segment)}
        assert codecs["main"].startswith("hvc1.")
        assert codecs["sub"].startswith("avc1.")


async def test_one_camera_s_trouble_leaves_the_other_alone(short_home: Path, clips: dict[str, Path]) -> None:
    async with town(short_home, clips, cameras=2) as made:
        made.keeper.decide(camera_plan(CAMERA), camera_plan(OTHER))
        await made.recorded()
        await made.recorded(OTHER)
        misbehave(made.farm[CAMERA], "wrong-password", on=True)
        misbehave(made.farm[CAMERA], "drop")

        async def told() -> bool:
            return any(row.cause == "wrong-credential" for row in await made.rows(CameraHealth))

        await made.until(told, "wrong credential told")
        await made.end()
        assert {row.cause for row in await made.rows(Absence, OTHER)} == {"recorder-stopped"}


async def test_a_camera_s_wrong_clock_becomes_an_incident(short_home: Path, clips: dict[str, Path]) -> None:
    async with town(short_home, clips) as made:
        made.farm[CAMERA].clock_offset_us = -30_000_000
        made.keeper.decide(camera_plan(CAMERA))

        async def told() -> bool:
            return any(row.kind == "camera-clock" and row.rule == "A-10" for row in await made.rows(Incident))

        await made.until(told, "incident camera-clock")


async def test_a_view_of_a_camera_that_is_not_there(short_home: Path, clips: dict[str, Path]) -> None:
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA))
        await made.recorded()
        with pytest.raises((Unavailable, ChannelClosed)):
            permit = made.keeper.permit(OTHER, made.clock.utc())
            async with made.client().stream("live", {"permit": permit, "camera": OTHER}) as channel:
                await channel.receive()
