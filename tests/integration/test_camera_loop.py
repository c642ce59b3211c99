"""A camera's stream against the virtual camera: what it sent is what is kept, and every hole has its cause."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from recorder.camera.assignment import ConnectGate
from recorder.camera.backoff import Backoff
from recorder.camera.loop import StreamLoop, StreamTarget
from recorder.rtsp.auth import Credentials
from recorder.rtsp.drain import Drain
from recorder.rtsp.resync import GARBAGE_LIMIT_BYTES
from recorder.stream.live_hub import Hub
from recorder.stream.pipeline import Pipeline
from tests.fakes.camera import CameraConfig, Farm, FarmConfig, UserConfig
from tests.fakes.camera.clips import load_clip
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.camera.sdp import AUDIO_TRACK, VIDEO_TRACK
from tests.fakes.memory_sink import MemorySink
from tests.fakes.small_clip import write_clip
from vms.clock import SystemClock

CAMERA = "camera-1"
ACCOUNT = Credentials("viewer", "secret of the viewer")


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("clips")
    return {
        "h264": write_clip(folder / "h264.mp4"),
        "h265": write_clip(folder / "h265.mp4", "h265"),
        "small": write_clip(folder / "small.mp4", "h264", 160, 120),
    }


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of what ends a silence: elsewhere a busy machine's silence must be no camera's."""
    monkeypatch.setattr("recorder.rtsp.session.STALL_LIMIT_S", 1.5)
    monkeypatch.setattr("recorder.camera.loop.KEY_LIMIT_S", 1.5)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.camera.backoff.RETRY_CREDENTIAL_S", 1.0)
    monkeypatch.setattr("recorder.camera.backoff.RETRY_LIMIT_S", 1.0)


@dataclass
class Bench:
    """One virtual camera, one loop, one sink."""

    farm: Farm
    loop: StreamLoop
    sink: MemorySink
    hub: Hub
    task: asyncio.Task[None]

    def misbehave(self, kind: str, **order: object) -> None:
        misbehave(self.farm[CAMERA], kind, **order)

    def sent(self) -> list[str]:
        return [unit.digest for unit in self.farm[CAMERA].streams["main"].ledger]

    async def more(self, groups: int = 2) -> None:
        """Wait for more whole groups than there are now."""
        wanted = len(self.sink.groups) + groups
        await self.sink.until(lambda sink: len(sink.groups) >= wanted)

    async def hole(self, cause: str) -> None:
        """Wait for an absence of that cause, and for pictures after it."""
        await self.sink.until(lambda sink: cause in sink.causes())
        await self.more(1)

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.loop.end("recorder-stopped", "")


@asynccontextmanager
async def bench(clip: Path, *, account: Credentials | None = ACCOUNT, **camera: object) -> AsyncIterator[Bench]:
    admin = UserConfig(name="admin", password="x" * 12)
    users = (admin, UserConfig(name="viewer", password=ACCOUNT.password, level="User"))
    fields: dict[str, object] = {"factory": False, "users": users, "onvif": False} | camera
    config = CameraConfig.model_validate({"id": CAMERA, "address": "127.0.0.1", "main": clip, **fields})
    async with AsyncExitStack() as stack:
        farm = await stack.enter_async_context(
            Farm(FarmConfig(cameras=(config,), rtsp_port=0, http_port=0, control_port=0, discovery_port=0))
        )
        clock, hub, sink = SystemClock(), Hub(), MemorySink()
        pipeline = Pipeline(CAMERA, clock, hub, sink, None)
        loop = StreamLoop(
            StreamTarget(CAMERA, "main", farm[CAMERA].rtsp_url("main"), account), clock, Drain(), ConnectGate(),
            pipeline=pipeline, backoff=Backoff(lambda: 0.5),
        )  # fmt: skip
        loop.record = True
        made = Bench(farm, loop, sink, hub, asyncio.create_task(loop.run()))
        yield made
        await made.end()
        assert sink.closed
        assert sink.causes()[-1] == "recorder-stopped"


@pytest.mark.parametrize("codec", ["h264", "h265"])
async def test_every_unit_sent_is_kept_byte_for_byte(clips: dict[str, Path], codec: str) -> None:
    async with bench(clips[codec], digest=("SHA-256", "MD5")) as made:
        await made.more(5)
        assert made.loop.health().state == "live"
        assert made.loop.health().fmt is not None
        sent = len(made.sent())
        await made.end()
        kept = made.sink.digests()
        assert kept == made.sent()[: len(kept)]
        assert len(kept) >= sent - 1  # all that it had sent when we said goodbye, but for one under way
        first, *others = [group.units for group in made.sink.groups[:-1]]
        # What a camera held back until PLAY comes at once: short groups of pictures are one then.
        assert first % 10 == 0
        assert others == [10] * len(others)
        assert made.sink.causes() == ["recorder-stopped"]


async def test_audio_is_offered_and_never_fetched(clips: dict[str, Path]) -> None:
    """P-06."""
    async with bench(clips["h264"], audio=True) as made:
        await made.more(2)
        counts = made.farm[CAMERA].counts
        assert counts.setups == {VIDEO_TRACK: 1, AUDIO_TRACK: 0}


async def test_unwatched_streams_wait_for_the_tick_and_lose_nothing(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        client = made.loop._client
        assert client is not None
        assert not client.watched
        viewer = made.hub.join()
        assert client.watched
        await made.more(2)
        viewer.close()
        assert not client.watched
        await made.more(2)
        await made.end()
        kept = made.sink.digests()
        assert kept == made.sent()[: len(kept)]


async def test_a_dropped_connection_is_a_gap_and_the_camera_comes_back(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(2)
        made.misbehave("drop")
        await made.hole("camera-unreachable")
        assert made.sink.holes[0].end is not None


async def test_refused_connections(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.misbehave("refuse-connections", on=True)
        made.misbehave("drop")
        await made.sink.until(lambda sink: "camera-unreachable" in sink.causes())
        made.misbehave("refuse-connections", on=False)
        await made.more(1)


async def test_a_wrong_password_is_said_and_what_was_kept_stays(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.misbehave("wrong-password", on=True)
        made.misbehave("drop")
        await made.sink.until(lambda sink: "wrong-credential" in sink.causes())
        assert made.loop.health().cause == "wrong-credential"
        made.misbehave("wrong-password", on=False)
        await made.more(1)


async def test_an_account_that_is_none(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"], account=None) as made:
        await made.sink.until(lambda sink: sink.causes() == ["wrong-credential"])
        assert "secret" not in made.sink.holes[0].detail


@pytest.mark.usefixtures("short_patience")
async def test_a_stall_is_seen_though_reports_go_on(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.misbehave("stall", on=True)
        await made.sink.until(lambda sink: "stream-stalled" in sink.causes())
        made.misbehave("stall", on=False)
        await made.more(1)


async def test_garbage_in_the_stream(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.misbehave("garbage", octets=4096)
        await made.more(2)
        clip = {unit.digest for unit in load_clip(clips["h264"]).units}
        assert set(made.sink.digests()) <= clip
        assert set(made.sink.causes()) <= {"stream-damaged"}
        made.misbehave("garbage", octets=2 * GARBAGE_LIMIT_BYTES)
        await made.hole("stream-damaged")


async def test_garbage_instead_of_rtsp(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.misbehave("rtsp-garbage", on=True)
        made.misbehave("drop")
        await made.sink.until(lambda sink: "stream-damaged" in sink.causes())
        made.misbehave("rtsp-garbage", on=False)
        await made.more(1)


async def test_lost_packets_are_a_gap_up_to_the_next_key_frame(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.misbehave("lose-packets", every=40)
        await made.hole("stream-damaged")
        made.misbehave("lose-packets", every=0)
        await made.more(1)
        await made.end()
        clip = {unit.digest for unit in load_clip(clips["h264"]).units}
        assert set(made.sink.digests()) <= clip  # nothing but whole, undamaged units is kept


async def test_an_oversized_unit_costs_itself_and_no_more(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.misbehave("oversized", mib=16)
        await made.hole("stream-damaged")
        await made.end()
        assert set(made.sink.digests()) <= set(made.sent())


@pytest.mark.usefixtures("short_patience")
async def test_a_stream_without_key_frames(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.misbehave("no-key-frames", on=True)
        made.misbehave("drop")
        await made.sink.until(lambda sink: "key-frame-awaited" in sink.causes())
        made.misbehave("no-key-frames", on=False)
        await made.more(1)


@pytest.mark.usefixtures("short_patience")
async def test_a_stream_without_parameter_sets(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.misbehave("no-parameter-sets", on=True)
        made.misbehave("drop")
        await made.sink.until(lambda sink: "parameter-sets-missing" in sink.causes())
        made.misbehave("no-parameter-sets", on=False)
        await made.more(1)


async def test_parameter_sets_that_change_in_flight_make_another_format(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        viewer = made.hub.join()
        await made.more(1)
        made.misbehave("other-clip", clip=str(clips["small"]))
        await made.sink.until(lambda sink: any(group.fmt.size == (160, 120) for group in sink.groups))
        kinds = []
        while "restart" not in kinds:
            kinds.append((await viewer.next()).kind)


@pytest.mark.parametrize("ticks", [90_000 * 3600, -90_000 * 3600])
async def test_a_jump_of_the_media_clock_leaves_no_gap(clips: dict[str, Path], ticks: int) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.misbehave("rtp-jump", ticks=ticks)
        await made.more(3)
        await made.end()
        assert "media-jump" in {note.kind for note in made.loop.notes}
        assert made.sink.causes() == ["recorder-stopped"]
        total = made.sink.groups[-1].end.since(made.sink.groups[0].start)
        assert total < 20_000_000


async def test_a_camera_whose_clock_is_wrong_is_noted(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.misbehave("clock-jump", seconds=-90)
        await made.sink.until(lambda _: any(note.kind == "claim-differs" for note in made.loop.notes))
        assert made.loop.health().claim_difference_us == pytest.approx(-90e6, abs=5e6)
        assert made.sink.causes() == []


async def test_forgotten_sessions_and_stale_nonces(clips: dict[str, Path]) -> None:
    async with bench(clips["h264"], session_timeout_s=2, nonce_lifetime_s=1.0) as made:
        await made.more(10)  # several keepalives, with nonces that have run out
        assert made.sink.causes() == []
        made.misbehave("forget-sessions")
        await made.sink.until(lambda sink: len(sink.holes) > 0)
        await made.more(1)


async def test_a_disk_that_refuses_is_an_absence_and_live_goes_on(
    clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.stream.pipeline.REFUSED_RETRY_S", 0.5)
    async with bench(clips["h264"]) as made:
        await made.more(1)
        made.sink.refuse = "disk-full"
        await made.sink.until(lambda sink: "disk-full" in sink.causes())
        viewer = made.hub.join()
        while (await viewer.next()).kind != "fragment":
            pass
        assert made.loop.health().cause == "disk-full"
        made.sink.refuse = ""
        await made.more(2)
        assert set(made.sink.causes()) == {"disk-full"}
