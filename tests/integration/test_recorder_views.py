"""Views of a recorder process: what a permit opens, what is masked, what nobody gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.camera.misbehave import misbehave
from tests.fakes.recorder_keeper import RecorderKeeper, camera_plan, zones
from tests.fakes.recorder_town import CAMERA, OTHER, ZONE, pictures, town, watch, write_clips
from tests.judges.pixels import FLAT_TOLERANCE
from vms.clock import MICRO, UtcTime
from vms.errors import GuetError, Refused, Unavailable
from vms.keeper.gate.permit import LIFETIME_US
from vms.keeper.protocol import LegalState
from vms.model import Absence, Segment
from vms.wire import ChannelClosed


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_clips(tmp_path_factory.mktemp("clips"))


async def test_zones_are_opaque_on_every_picture_of_both_streams(short_home: Path, clips: dict[str, Path]) -> None:
    """P-10, from the first frame on."""
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA, zone_set=zones(CAMERA, "zones-9", ZONE)))
        await made.recorded()
        for stream, size in (("main", (240, 320)), ("sub", (120, 160))):
            said, media = await watch(made, 2, stream=stream, parts=25)
            assert next(item for item in said if item["type"] == "stream")["masked"] == 1
            seen = pictures(media)
            assert len(seen) > 20
            for picture in seen:
                assert picture.shape == size
                height, width = size
                inside = picture[height // 4 + 4 : 3 * height // 4 - 4, width // 4 + 4 : 3 * width // 4 - 4]
                assert int(inside.max()) - int(inside.min()) <= 2 * FLAT_TOLERANCE
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

        begun_us = last_us = made.clock.utc().us
        with pytest.raises(Unavailable, match="renouvelé"):  # nobody refuses it: the keeper is silent
            permit = made.keeper.permit(CAMERA, UtcTime(begun_us))
            async with made.client().stream("live", {"permit": permit, "camera": CAMERA}) as channel:
                while True:
                    _, body = await channel.receive()
                    last_us = made.clock.utc().us if body else last_us
        assert begun_us < last_us <= begun_us + LIFETIME_US + MICRO
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
        begun_us = made.clock.utc().us
        said, media = await watch(made, 2, act="framing", parts=25)
        assert len(pictures(media)) > 20
        beat = [item for item in said if item["type"] == "beat"][-1]
        assert (beat["state"], beat["cause"]) == ("live", "")
        assert begun_us <= beat["last_unit_us"] <= beat["utc_us"] + MICRO
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
        said, media = await watch(made, 2, act="framing", parts=25)
        assert len(pictures(media)) > 20
        assert [item for item in said if item["type"] == "beat"][-1]["state"] == "live"
        _, media = await watch(made, 1)
        assert media == []
        assert list(made.settings.store_dir.rglob("*.seg")) == []


async def test_a_view_of_a_camera_that_is_not_there(short_home: Path, clips: dict[str, Path]) -> None:
    async with town(short_home, clips) as made:
        made.keeper.decide(camera_plan(CAMERA))
        await made.recorded()
        with pytest.raises((Unavailable, ChannelClosed)):
            permit = made.keeper.permit(OTHER, made.clock.utc())
            async with made.client().stream("live", {"permit": permit, "camera": OTHER}) as channel:
                await channel.receive()
