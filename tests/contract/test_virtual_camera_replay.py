"""The virtual camera's card over RTSP, as the ONVIF Streaming specification has a server replay it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from recorder.access_unit import AccessUnit
from recorder.rtsp.client import RtspClient
from recorder.rtsp.conversation import PlayOptions
from recorder.rtsp.drain import Drain
from recorder.rtsp.errors import StreamRefused
from recorder.rtsp.replay import ReplayReceiver, Stamp, replay_options
from recorder.rtsp.urls import parse_url
from tests.fakes.camera import CameraConfig, Farm, FarmConfig, VirtualCamera
from tests.fakes.camera.card import Recording
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.small_clip import write_clip
from vms.clock import MICRO, SystemClock, UtcTime

RECORDED_S = 2.2


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[VirtualCamera]:
    config = CameraConfig(
        id="card", address="127.0.61.9", main=write_clip(tmp_path / "main.mp4"), card=True, factory=False,
        rtsp_authentication=False, onvif=False, clock_offset_s=-7200.0,
    )  # fmt: skip
    async with Farm(FarmConfig(cameras=(config,), http_port=0, rtsp_port=0, discovery_port=0)) as farm:
        await asyncio.sleep(RECORDED_S)
        yield farm["card"]


async def replayed(
    camera: VirtualCamera, options: PlayOptions, wait_s: float = 0.5
) -> list[tuple[AccessUnit, Stamp | None]]:
    """What a replay brings."""
    found: list[tuple[AccessUnit, Stamp | None]] = []

    def take(units: list[AccessUnit]) -> None:
        receiver = client.session.receiver
        assert isinstance(receiver, ReplayReceiver)
        found.extend((unit, receiver.take(unit.rtp_time)) for unit in units)

    url, _ = parse_url(camera.replay_url("recording-main"))
    client = RtspClient(url, None, SystemClock(), Drain(), take, options)
    await client.open()
    await asyncio.sleep(wait_s)
    client.close()
    return found


def whole(recording: Recording) -> PlayOptions:
    span = recording.span_us
    assert span is not None
    return replay_options(UtcTime(span[0]), UtcTime(span[1]))


async def test_every_unit_comes_with_the_cameras_time(camera: VirtualCamera) -> None:
    recording = camera.card["main"]
    options = whole(recording)
    kept = recording.between(0, 1 << 62)
    found = await replayed(camera, options)
    found_times = [stamp.camera_us for _, stamp in found if stamp is not None]
    assert len(found_times) == len(found)
    assert found_times == [one.utc_us for one in kept][: len(found)]
    assert len(found) >= len(kept) - 1
    assert [unit.nals for unit, _ in found] == [one.unit.nals for one in kept][: len(found)]
    assert abs(found_times[0] - SystemClock().utc().us + 7200 * MICRO) < 10 * MICRO


async def test_a_start_within_a_recording_begins_at_the_key_frame_before(camera: VirtualCamera) -> None:
    recording = camera.card["main"]
    span = recording.span_us
    assert span is not None
    middle = span[0] + MICRO + 10_000
    found = await replayed(camera, replay_options(UtcTime(middle), UtcTime(span[1])))
    first = found[0]
    assert first[0].key
    assert first[1] is not None
    assert first[1].clean
    assert first[1].camera_us <= middle
    assert sum(unit.key and stamp is not None and stamp.camera_us <= middle for unit, stamp in found) == 1


async def test_a_gap_on_the_card_is_marked_and_skipped(camera: VirtualCamera) -> None:
    recording = camera.card["main"]
    misbehave(camera, "card", on=False)
    await asyncio.sleep(1.3)
    misbehave(camera, "card", on=True)
    await asyncio.sleep(1.0)
    found = await replayed(camera, whole(recording))
    stamps = [stamp for _, stamp in found if stamp is not None]
    ends = [number for number, stamp in enumerate(stamps) if stamp.ends]
    holes = [n for n, (a, b) in enumerate(itertools.pairwise(stamps)) if b.camera_us - a.camera_us > MICRO]
    assert ends == holes
    assert len(holes) == 1
    assert stamps[holes[0] + 1].clean


async def test_intra_frames_only(camera: VirtualCamera) -> None:
    options = whole(camera.card["main"])
    play = tuple((name, "intra" if name == "Frames" else value) for name, value in options.play_headers)
    found = await replayed(camera, PlayOptions(options.setup_headers, play, ReplayReceiver))
    assert found
    assert all(unit.key for unit, _ in found)


async def test_rate_control_is_real_time_unless_it_is_waived(camera: VirtualCamera) -> None:
    options = whole(camera.card["main"])
    play = tuple(one for one in options.play_headers if one[0] != "Rate-Control")
    found = await replayed(camera, PlayOptions(options.setup_headers, play, ReplayReceiver), wait_s=0.6)
    assert 5 <= len(found) <= 25
    assert len(await replayed(camera, options, wait_s=0.6)) > 2 * len(found)


@pytest.mark.parametrize(
    ("setup", "play"),
    [
        ((("Require", "no-such-feature"),), (("Range", "npt=0-"),)),
        ((("Require", "onvif-replay"),), (("Range", "clock=yesterday-"),)),
    ],
)
async def test_what_it_cannot_follow_is_refused(
    camera: VirtualCamera, setup: tuple[tuple[str, str], ...], play: tuple[tuple[str, str], ...]
) -> None:
    with pytest.raises(StreamRefused, match=r"551|457"):
        await replayed(camera, PlayOptions(setup, play, ReplayReceiver))
