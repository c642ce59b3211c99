"""The virtual camera's card over RTSP, as the ONVIF Streaming specification has a server replay it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
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

RECORDED_US = 2_200_000
LIMIT_S = 60.0
Found = list[tuple[AccessUnit, Stamp | None]]


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[VirtualCamera]:
    config = CameraConfig(
        id="card", address="127.0.61.9", main=write_clip(tmp_path / "main.mp4"), card=True, factory=False,
        rtsp_authentication=False, onvif=False, clock_offset_s=-7200.0,
    )  # fmt: skip
    async with Farm(FarmConfig(cameras=(config,), http_port=0, rtsp_port=0, discovery_port=0)) as farm:
        made = farm["card"]
        recording = made.card["main"]
        recording.erase(0, 1 << 62)  # what it holds by now bears the time from before the encoder was backdated
        made.streams["main"].backdate(RECORDED_US)
        await until(lambda: (span := recording.span_us) is not None and span[1] - span[0] >= RECORDED_US - MICRO // 2)
        yield made


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not met():  # noqa: ASYNC110 - a card that records says nothing
            await asyncio.sleep(0.01)


async def replayed(camera: VirtualCamera, options: PlayOptions, enough: int) -> Found:
    """What a replay brings; at least that many units, or it fails."""
    found: Found = []

    def take(units: list[AccessUnit]) -> None:
        receiver = client.session.receiver
        assert isinstance(receiver, ReplayReceiver)
        found.extend((unit, receiver.take(unit.rtp_time)) for unit in units)

    url, _ = parse_url(camera.replay_url("recording-main"))
    client = RtspClient(url, None, SystemClock(), Drain(), take, options)
    try:
        await client.open()
        await until(lambda: len(found) >= enough)
    finally:
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
    found = await replayed(camera, options, len(kept) - 1)  # the last one has no successor to end it
    found_times = [stamp.camera_us for _, stamp in found if stamp is not None]
    assert len(found_times) == len(found)
    assert found_times == [one.utc_us for one in kept][: len(found)]
    assert [unit.nals for unit, _ in found] == [one.unit.nals for one in kept][: len(found)]
    assert abs(found_times[0] - SystemClock().utc().us + 7200 * MICRO) < 10 * MICRO


async def test_a_start_within_a_recording_begins_at_the_key_frame_before(camera: VirtualCamera) -> None:
    recording = camera.card["main"]
    span = recording.span_us
    assert span is not None
    middle = span[0] + MICRO + 10_000
    after = len(recording.between(middle, span[1] + 1))
    found = await replayed(camera, replay_options(UtcTime(middle), UtcTime(span[1])), after)
    first = found[0]
    assert first[0].key
    assert first[1] is not None
    assert first[1].clean
    assert first[1].camera_us <= middle
    assert sum(unit.key and stamp is not None and stamp.camera_us <= middle for unit, stamp in found) == 1


async def test_a_gap_on_the_card_is_marked_and_skipped(camera: VirtualCamera) -> None:
    recording = camera.card["main"]
    misbehave(camera, "card", on=False)
    kept, stream = len(recording.between(0, 1 << 62)), camera.streams["main"]
    from_us = stream.due_us()
    await until(
        lambda: stream.due_us() - from_us >= 1_300_000
    )  # the encoder's time, which a busy machine may be behind
    misbehave(camera, "card", on=True)
    await until(lambda: len(recording.between(0, 1 << 62)) >= kept + 10)
    found = await replayed(camera, whole(recording), len(recording.between(0, 1 << 62)) - 1)
    stamps = [stamp for _, stamp in found if stamp is not None]
    ends = [number for number, stamp in enumerate(stamps) if stamp.ends]
    holes = [n for n, (a, b) in enumerate(itertools.pairwise(stamps)) if b.camera_us - a.camera_us > MICRO]
    assert ends == holes
    assert len(holes) == 1
    assert stamps[holes[0] + 1].clean


async def test_intra_frames_only(camera: VirtualCamera) -> None:
    options = whole(camera.card["main"])
    play = tuple((name, "intra" if name == "Frames" else value) for name, value in options.play_headers)
    keys = sum(one.unit.key for one in camera.card["main"].between(0, 1 << 62))
    found = await replayed(camera, PlayOptions(options.setup_headers, play, ReplayReceiver), keys - 1)
    assert all(unit.key for unit, _ in found)


async def test_rate_control_is_real_time_unless_it_is_waived(camera: VirtualCamera) -> None:
    options = whole(camera.card["main"])
    play = tuple(one for one in options.play_headers if one[0] != "Rate-Control")
    loop = asyncio.get_running_loop()
    begun = loop.time()
    found = await replayed(camera, PlayOptions(options.setup_headers, play, ReplayReceiver), 20)
    real_s = loop.time() - begun
    first, last = found[0][1], found[19][1]
    assert first is not None
    assert last is not None
    media_s = (last.camera_us - first.camera_us) / MICRO
    assert real_s >= media_s > 0.7
    begun = loop.time()
    await replayed(camera, options, 20)
    assert loop.time() - begun < real_s


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
        await replayed(camera, PlayOptions(setup, play, ReplayReceiver), 1)
