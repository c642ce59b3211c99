"""A whole recorder process: plan and database in; sealed segments, health and incidents out."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from recorder.service import run
from recorder.store.attached import attach
from recorder.store.identity import IDENTITY_FILE
from recorder.store.local import LocalStore
from recorder.store.spared import SparedStore
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.recorder_keeper import COMMUNE, camera_plan
from tests.fakes.recorder_town import CAMERA, OTHER, pictures, town, watch, write_clips
from vms.keeper.protocol import LegalState
from vms.keys import wrapping
from vms.model import Absence, CameraHealth, Incident, Segment, Volume
from vms.settings import Settings


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_clips(tmp_path_factory.mktemp("clips"))


async def test_a_camera_in_service_is_recorded_shown_and_reported(short_home: Path, clips: dict[str, Path]) -> None:
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA))
        await made.recorded()
        await made.health("live")
        begun_us = made.clock.utc().us
        said, media = await watch(made, 3, parts=55)
        kinds = {item["type"] for item in said}
        assert kinds == {"stream", "beat"}
        stream = next(item for item in said if item["type"] == "stream")
        assert (stream["width"], stream["height"], stream["masked"]) == (320, 240, 0)
        assert stream["codec"].startswith("avc1.")
        beats = [item for item in said if item["type"] == "beat"]
        assert beats[-1]["state"] == "live"
        assert begun_us <= beats[-1]["last_unit_us"] <= beats[-1]["utc_us"] + 1_000_000
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


async def test_without_its_volume_it_starts_on_the_spare_and_says_so(
    short_home: Path, tmp_path: Path, clips: dict[str, Path]
) -> None:
    settings = Settings(home=short_home, spare_store=tmp_path)
    settings.make_dirs()
    attach(settings, 0)
    (settings.store_dir / IDENTITY_FILE).unlink()  # as where nothing is mounted
    async with town(short_home, clips, spare_store=tmp_path) as made:
        made.keeper.decide(camera_plan(CAMERA))

        async def told() -> bool:
            return {one.kind for one in await made.every(Incident)} >= {"volume-wrong", "spare-in-use"}

        await made.until(told, "the spare in use told")
        assert {one.id: one.level for one in await made.every(Volume)} == {"main": "wrong", "spare": "in-use"}
        await made.end()
        rows = await made.rows(Segment)
        assert {row.stream for row in rows} == {"main", "sub"}
        assert sorted(row.name for row in rows) == sorted(path.stem for path in tmp_path.rglob("*.seg"))
        assert list(settings.store_dir.iterdir()) == []
        told_of = SparedStore(
            LocalStore(settings.store_dir, ""), LocalStore(tmp_path, ""), short_home / "recorder/streams"
        )
        assert any(told_of.told(row.name) for row in rows)


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
        made.keeper.decide(camera_plan(CAMERA))
        await made.recorded()
        made.keeper.decide(camera_plan(CAMERA, record_until_us=made.clock.utc().plus(seconds=3).us))

        async def taken() -> bool:
            return made.keeper.known == made.keeper.version

        await made.until(taken, "the plan that runs out")
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
