"""A recorder asks its cameras for their own masks: what it does when they are gone, back, or no longer told (O-44)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from recorder.camera.mask_watch import DRIFT_KIND, SILENCE_US, SILENT_KIND, CameraMasks
from recorder.rtsp.auth import Credentials
from tests.fakes.camera import CameraConfig, Farm, FarmConfig, UserConfig, VirtualCamera
from tests.fakes.camera.device import Mask as CameraMask
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.camera.onvif_media import SOURCE_CONFIGURATION
from tests.fakes.camera.soap import element, leaf
from tests.fakes.recorder_keeper import camera_plan
from tests.fakes.recorder_town import CAMERA, town, write_clips
from tests.fakes.small_clip import write_clip
from vms.clock import ManualClock, UtcTime
from vms.db.engine import ensure_schema, open_engine, read
from vms.errors import Unavailable
from vms.keeper.protocol import CameraPlan, MaskPlan
from vms.law.masks import Mask, digest
from vms.model import Absence, Camera, Incident, MaskCheck

DOOR = Mask("mask-1", SOURCE_CONFIGURATION, ((-0.5, -0.5), (0.25, -0.5), (0.3, 0.4)), "Color", enabled=True)
ACCOUNT = Credentials("viewer", "v" * 12)


def show(camera: VirtualCamera, *masks: Mask) -> None:
    """Have the camera report exactly these."""
    camera.device.masks = {mask.token: CameraMask(mask.token, told(mask)) for mask in masks}


def told(mask: Mask) -> str:
    corners = "".join(element("tt:Point", x=str(x), y=str(y)) for x, y in mask.points)
    return element(
        "tr2:Masks",
        leaf("tr2:ConfigurationToken", mask.configuration),
        element("tr2:Polygon", corners),
        leaf("tr2:Type", mask.kind),
        leaf("tr2:Enabled", str(mask.enabled).lower()),
        token=mask.token,
    )


class Bench:
    """One camera, one watch of it, a keeper that may be away, and a clock that the test holds."""

    def __init__(self, device: VirtualCamera, engine: Any) -> None:
        self.device, self.engine = device, engine
        self.clock = ManualClock(UtcTime.parse("2026-11-24T10:00:00Z"))
        self.row = Camera(
            id=CAMERA, commune_id="valclair", number=1, name="c", onvif_url=device.device_url, created_us=1,
            updated_us=1,
        )  # fmt: skip
        self.unmasked: set[str] = set()
        self.told: list[dict[str, Any]] = []
        self.away = False
        self.watch = CameraMasks(CAMERA, self.unmasked, self, engine, self.clock)
        self.plan: CameraPlan = camera_plan(CAMERA)
        self.knows(DOOR)

    def knows(self, *masks: Mask, drift: bool = False) -> None:
        """What the keeper has validated is the door; what it was told last are these."""
        known = MaskPlan(validated=(DOOR,), seen=digest(masks, complete=True), drift=drift)
        self.plan = self.plan.model_copy(update={"masks": known, "record": not drift})

    async def report_masks(self, told: dict[str, Any]) -> None:
        if self.away:
            raise Unavailable("Le gardien ne répond pas.")
        self.told.append(told)

    async def look(self, seconds: int = 15) -> None:
        self.clock.advance(seconds=seconds)
        await self.watch.look(self.plan, self.row, ACCOUNT)

    async def incidents(self) -> set[str]:
        async with read(self.engine) as session:
            rows = (await session.execute(select(Incident))).scalars().all()
        return {row.kind for row in rows if row.closed_us is None}


@pytest.fixture
async def bench(tmp_path: Path) -> Any:
    users = (UserConfig(name="viewer", password="v" * 12, level="User"),)
    config = CameraConfig(
        id=CAMERA, address="127.0.61.13", main=write_clip(tmp_path / "main.mp4"), factory=False, masks=4, users=users
    )
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path / 'guet.sqlite'}")
    await ensure_schema(engine)
    async with Farm(FarmConfig(cameras=(config,), rtsp_port=0, http_port=0, discovery_port=0)) as farm:
        made = Bench(farm[CAMERA], engine)
        show(made.device, DOOR)
        yield made
    await engine.dispose()


async def test_a_mask_taken_off_cuts_here_at_once_and_is_told_with_the_last_agreement(bench: Bench) -> None:
    await bench.look()
    agreed_us = bench.clock.utc().us
    assert (bench.told, bench.unmasked, await bench.incidents()) == ([], set(), set())
    show(bench.device)
    await bench.look()
    assert bench.unmasked == {CAMERA}
    assert [(one["masks"], one["agreed_us"]) for one in bench.told] == [([], agreed_us)]
    assert await bench.incidents() == {DRIFT_KIND}


async def test_a_recorder_that_starts_anew_knows_until_when_they_were_there(bench: Bench) -> None:
    await bench.look()
    async with read(bench.engine) as session:
        noted = await session.get(MaskCheck, CAMERA)
    assert noted is not None
    bench.watch = CameraMasks(CAMERA, bench.unmasked, bench, bench.engine, bench.clock)
    show(bench.device, replace(DOOR, enabled=False))
    await bench.look(3600)
    assert [one["agreed_us"] for one in bench.told] == [noted.agreed_us]


async def test_it_is_shown_again_only_after_two_answers_that_agree(bench: Bench) -> None:
    show(bench.device)
    await bench.look()
    bench.knows(drift=True)
    show(bench.device, replace(DOOR, token="new"))
    await bench.look()
    show(bench.device)
    await bench.look()
    show(bench.device, DOOR)
    await bench.look()
    assert (len(bench.told), bench.unmasked, await bench.incidents()) == (1, {CAMERA}, {DRIFT_KIND})
    await bench.look()
    assert ([mask["token"] for mask in bench.told[-1]["masks"]], bench.unmasked) == (["mask-1"], set())
    assert await bench.incidents() == set()


async def test_a_drift_that_came_and_went_while_the_keeper_was_away_is_told_all_the_same(bench: Bench) -> None:
    await bench.look()
    agreed_us, bench.away = bench.clock.utc().us, True
    show(bench.device, replace(DOOR, kind="Blurred"))
    await bench.look()
    assert bench.unmasked == {CAMERA}, "cut without the keeper"
    show(bench.device, DOOR)
    for _ in range(3):
        await bench.look()
    assert bench.unmasked == {CAMERA}, "and not shown before it knows"
    bench.away = False
    await bench.look()
    assert [(one["masks"][0]["kind"], one.get("agreed_us")) for one in bench.told] == [
        ("Blurred", agreed_us),
        ("Color", None),
    ]
    assert bench.unmasked == set()


@pytest.mark.parametrize(
    ("how", "on", "off"),
    [
        ("slow", {"seconds": 1.5}, {"seconds": 0}),
        ("wrong-password", {}, {"on": False}),
        *[("soap", {"answer": one}, {"answer": ""}) for one in ("not-xml", "truncated", "http-500", "empty")],
    ],
)
async def test_silence_cuts_nothing_and_is_told_after_a_while(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, how: str, on: dict[str, Any], off: dict[str, Any]
) -> None:
    await bench.look()
    with monkeypatch.context() as patched:
        if how == "slow":
            patched.setattr("recorder.camera.mask_watch.ASK_LIMIT_S", 0.2)
        misbehave(bench.device, how, **on)
        await bench.look()
        assert (bench.unmasked, await bench.incidents()) == (set(), set())
        await bench.look(SILENCE_US // 1_000_000)
        assert (bench.told, bench.unmasked, await bench.incidents()) == ([], set(), {SILENT_KIND})
    misbehave(bench.device, how, **off)
    await bench.look()
    assert await bench.incidents() == set()


async def test_a_camera_that_says_it_has_no_masks_any_more_has_lost_them(bench: Bench) -> None:
    await bench.look()
    bench.device.config = bench.device.config.model_copy(update={"masks": 0})
    await bench.look()
    assert (bench.unmasked, await bench.incidents()) == ({CAMERA}, {DRIFT_KIND})


async def test_a_camera_that_never_had_masks_is_told_of_once_it_has(bench: Bench) -> None:
    bench.plan = camera_plan(CAMERA)
    show(bench.device)
    await bench.look()
    assert bench.told == []
    show(bench.device, DOOR)
    await bench.look()
    assert ([one["masks"][0]["points"] for one in bench.told], bench.unmasked) == ([DOOR.points], set())


async def test_the_whole_recorder_stops_a_camera_whose_masks_go(
    short_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.camera.mask_watch.CHECK_S", 0.2)
    monkeypatch.setattr("recorder.camera.watches.ROUND_S", 0.2)
    async with town(short_home, write_clips(tmp_path), masks=4) as made:
        show(made.farm[CAMERA], DOOR)
        known = MaskPlan(validated=(DOOR,), seen=digest((DOOR,), complete=True))
        made.keeper.decide(camera_plan(CAMERA, masks=known))
        await made.recorded()
        await made.keeper.stop()  # nobody is there to forbid it
        show(made.farm[CAMERA])
        await made.health("stopped")

        async def absent() -> bool:
            return {row.cause for row in await made.rows(Absence) if row.end_us is None} == {"mask-drift"}

        await made.until(absent, "nothing kept, and why")

        async def told() -> bool:
            return any(one.kind == DRIFT_KIND and one.closed_us is None for one in await made.rows(Incident))

        await made.until(told, "the drift told")
        show(made.farm[CAMERA], DOOR)
        await made.keeper.start()
        await made.health("live")
        assert made.keeper.masks[0]["masks"] == [], "the keeper hears of it first"
