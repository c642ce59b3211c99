"""The virtual camera's RTSP: what it sends is the clip, whole and counted; ffmpeg plays it; it misbehaves as told."""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
import struct
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.rtsp_by_hand import Client, Packet
from tests.fakes.camera import CameraConfig, Farm, FarmConfig, UserConfig, VirtualCamera
from tests.fakes.camera.clips import load_clip, unit_digest
from tests.fakes.camera.misbehave import UnknownMisbehaviour, misbehave
from tests.fakes.clips import encode_clip

ADDRESS = "127.0.62.1"
EYE = ("eye", "eye-secret")
USERS = (UserConfig(name="boss", password="boss-secret"), UserConfig(name="eye", password="eye-secret", level="User"))
NTP_EPOCH_S = 2_208_988_800
LIMIT_S = 15.0


@functools.cache
def clip(encoder: str = "libx264", width: int = 320, height: int = 240) -> Path:
    """A clip of 0.8 s: it loops within a test."""
    path = Path(tempfile.mkdtemp(prefix="guet-rtsp-")) / f"{encoder}-{width}.mp4"
    encode_clip(path, encoder, width, height, 20, g="5", **{"x265-params": "log-level=none:keyint=5:bframes=0"})
    return path


def settings(**changes: object) -> CameraConfig:
    given = {"id": "cam", "address": ADDRESS, "main": clip(), "sub": clip("libx264", 160, 120), "users": USERS}
    return CameraConfig.model_validate({**given, "factory": False, "onvif": False, **changes})


def farm_of(config: CameraConfig) -> Farm:
    return Farm(FarmConfig(cameras=(config,), http_port=0, rtsp_port=0, discovery_port=0, multicast=False))


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    async with farm_of(settings()) as farm:
        yield farm["cam"]


async def until(what: object) -> None:
    """Wait until a callable is true; fail after a while."""
    assert callable(what)
    deadline = time.monotonic() + LIMIT_S
    while not what():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
    )
    output, errors = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, errors.decode()
    assert errors == b""
    return output.decode()


# ── what is sent ──


async def test_units_arrive_whole_in_order_and_as_the_ledger_says(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        units = [await client.unit() for _ in range(45)]  # more than two loops
    assert units[0].types[:2] == [7, 8]
    assert 5 in units[0].types
    sent = list(camera.streams["main"].ledger)
    assert [unit_digest(tuple(unit.nals)) for unit in units] == [one.digest for one in sent[:45]]
    assert [one.number for one in sent[:45]] == list(range(sent[0].number, sent[0].number + 45))
    of_clip = [unit.digest for unit in load_clip(clip()).units]
    first = of_clip.index(sent[0].digest)
    assert [one.digest for one in sent[:45]] == [of_clip[(first + n) % 20] for n in range(45)]


async def test_time_and_sequence_run_on_over_the_loop(camera: VirtualCamera) -> None:
    packets: list[Packet] = []
    async with Client(camera.rtsp_url("main"), EYE) as client:
        told = (await client.play()).headers["rtp-info"]
        while len({packet.timestamp for packet in packets}) < 45:
            packet = await client.packet()
            if packet.channel == 0:
                packets.append(packet)
    assert f"seq={packets[0].sequence};rtptime={packets[0].timestamp}" in told
    assert all((b.sequence - a.sequence) % 65536 == 1 for a, b in itertools.pairwise(packets))
    times = list(dict.fromkeys(packet.timestamp for packet in packets))
    assert {(b - a) % (1 << 32) for a, b in itertools.pairwise(times)} == {3600}
    assert max(len(packet.payload) for packet in packets) <= 1412


async def test_both_streams_loop_together_and_two_players_see_the_same(camera: VirtualCamera) -> None:
    assert camera.streams["main"].period_90k == camera.streams["sub"].period_90k
    async with Client(camera.rtsp_url("main"), EYE) as one, Client(camera.rtsp_url("main"), EYE) as two:
        await one.play()
        await two.play()
        theirs = {(unit := await two.unit()).timestamp: unit.nals for _ in range(10)}
        ours = {(unit := await one.unit()).timestamp: unit.nals for _ in range(25)}
    common = ours.keys() & theirs.keys()
    assert len(common) >= 5
    assert all(ours[when] == theirs[when] for when in common)


async def test_clips_of_different_lengths_loop_alone(tmp_path: Path) -> None:
    encode_clip(tmp_path / "long.mp4", "libx264", 160, 120, 60, g="5")
    async with farm_of(settings(sub=tmp_path / "long.mp4")) as farm:
        streams = farm["cam"].streams
        assert (streams["main"].period_90k, streams["sub"].period_90k) == (72_000, 216_000)


async def test_h265_is_streamed_with_its_parameter_sets() -> None:
    async with farm_of(settings(main=clip("libx265"))) as farm:
        told = await run(
            "ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-of", "json", "-show_entries",
            "stream=codec_name,width,height", farm["cam"].rtsp_url("main").replace("//", "//eye:eye-secret@"),
        )  # fmt: skip
    video = json.loads(told)["streams"][0]
    assert (video["codec_name"], video["width"], video["height"]) == ("hevc", 320, 240)


async def test_ffmpeg_plays_it_with_digest_and_loses_nothing(camera: VirtualCamera, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    url = camera.rtsp_url("main").replace("//", "//eye:eye-secret@")
    await run(
        "ffmpeg", "-v", "error", "-rtsp_transport", "tcp", "-allowed_media_types", "video", "-i", url,
        "-frames:v", "40", "-c", "copy", str(out),
    )  # fmt: skip
    slices = [tuple(n for n in unit.nals if n[0] & 0x1F in (1, 5)) for unit in load_clip(out).units]
    of_clip = [tuple(n for n in unit.nals if n[0] & 0x1F in (1, 5)) for unit in load_clip(clip()).units]
    first = of_clip.index(slices[0])
    assert slices == [of_clip[(first + n) % 20] for n in range(40)]
    assert camera.counts.setups == {"video": 1, "audio": 0}


# ── sessions ──


async def test_only_options_is_free(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main")) as client:
        assert (await client.ask("OPTIONS")).status == 200
        answer = await client.ask("DESCRIBE")
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Digest ")
    async with Client(camera.rtsp_url("main"), ("eye", "guess")) as client:
        assert (await client.signed("DESCRIBE")).status == 401
    assert camera.counts.refused == 1


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_nonces_grow_stale(algorithm: str) -> None:
    async with farm_of(settings(digest=(algorithm,))) as farm, Client(farm["cam"].rtsp_url("main"), EYE) as client:
        assert (await client.signed("DESCRIBE")).status == 200
        misbehave(farm["cam"], "stale-nonces")
        answer = await client.ask("DESCRIBE")
        assert (answer.status, "stale=true" in answer.headers["www-authenticate"]) == (401, True)
        assert (await client.ask("DESCRIBE")).status == 200


async def test_the_factory_account_gets_no_stream() -> None:
    factory = (UserConfig(name="admin", password="admin"),)
    async with farm_of(settings(users=factory, factory=True)) as farm:
        url = farm["cam"].rtsp_url("main")
        async with Client(url, ("admin", "admin")) as client:
            assert (await client.signed("DESCRIBE")).status == 403


async def test_what_cannot_be_set_up_is_refused(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        udp = "Transport: RTP/AVP;unicast;client_port=5000-5001"
        assert (await client.signed("SETUP", f"{client.url}/video", udp)).status == 461
        assert (await client.ask("PLAY")).status == 455
        assert (await client.ask("DESCRIBE", camera.rtsp_url("other"))).status == 404
        assert (await client.ask("RECORD")).status == 501
        assert (await client.ask("GET_PARAMETER", session="unknown")).status == 454


async def test_pause_play_and_teardown(camera: VirtualCamera) -> None:
    stream = camera.streams["main"]
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        await client.unit()
        assert (await client.ask("PAUSE")).status == 200
        assert stream.players == []
        assert (await client.ask("PLAY")).status == 200
        assert len(stream.players) == 1
        assert (await client.ask("TEARDOWN")).status == 200
        assert stream.players == []
        assert (await client.ask("GET_PARAMETER")).status == 454


async def test_a_session_ends_when_nobody_keeps_it() -> None:
    async with farm_of(settings(session_timeout_s=1)) as farm, Client(farm["cam"].rtsp_url("main"), EYE) as client:
        answer = await client.play()
        assert answer.headers["session"].endswith(";timeout=1")
        with pytest.raises((EOFError, ConnectionError)):
            while True:
                await client.packet()


async def test_a_receiver_report_keeps_the_session(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        report = struct.pack("!BBHI", 0x80, 201, 1, 7)
        client._writer.write(struct.pack("!BBH", 0x24, 1, len(report)) + report)
        await until(lambda: camera.counts.receiver_reports == 1)


async def test_audio_is_offered_and_counted_only_when_set_up(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        sdp = (await client.signed("DESCRIBE")).body
        assert "m=audio 0 RTP/AVP 0" in sdp
        await client.play("video", "audio")
        assert camera.counts.setups == {"video": 1, "audio": 1}
        audio = [p for p in [await client.packet() for _ in range(60)] if p.channel == 2]
    assert {packet.media for packet in audio} == {b"\xff" * 160}
    assert {b.timestamp - a.timestamp for a, b in itertools.pairwise(audio)} == {160}
    misbehave(camera, "audio", on=False)
    async with Client(camera.rtsp_url("main"), EYE) as client:
        assert "m=audio" not in (await client.signed("DESCRIBE")).body


async def test_sender_reports_tell_the_cameras_own_clock(camera: VirtualCamera) -> None:
    misbehave(camera, "clock-jump", seconds=7200)
    async with Client(camera.rtsp_url("main"), EYE) as client:
        headers = (await client.play()).headers
        assert headers["range"].startswith("clock=2")
        await client.unit()
        client._waiting.clear()
        while (packet := await client.packet()).channel != 1:
            pass
    kind, seconds, fraction, rtp_time = struct.unpack_from("!xB6xIII", packet.payload)
    told = seconds - NTP_EPOCH_S + fraction / (1 << 32)
    assert kind == 200
    assert 7190 < told - time.time() < 7201
    sent = {one.rtp_time: one.sent_us for one in camera.streams["main"].ledger}
    assert abs(told - 7200 - sent[rtp_time] / 1e6) < 0.5


# ── misbehaviour ──


async def next_units(client: Client, count: int) -> list[list[int]]:
    return [(await client.unit()).types for _ in range(count)]


async def test_stall_stops_units_while_reports_go_on(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        await client.unit()
        misbehave(camera, "stall", stream="main")
        sent = camera.streams["main"].ledger.units
        reports = 0
        while reports < 2:
            reports += (await client.packet()).channel == 1
        assert camera.streams["main"].ledger.units == sent
        misbehave(camera, "stall", on=False)
        await client.unit()


async def test_silence_stops_everything(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        await client.unit()
        misbehave(camera, "silence")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                while True:
                    await client.packet()


async def test_drop_hangs_up_and_refuse_keeps_out(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        misbehave(camera, "drop")
        with pytest.raises((EOFError, ConnectionError)):
            while True:
                await client.packet()
    assert camera.streams["main"].players == []
    misbehave(camera, "refuse-connections")
    with pytest.raises((EOFError, ConnectionError)):
        async with Client(camera.rtsp_url("main"), EYE) as client:
            await client.ask("OPTIONS")
    misbehave(camera, "refuse-connections", on=False)
    async with Client(camera.rtsp_url("main"), EYE) as client:
        assert (await client.ask("OPTIONS")).status == 200


async def test_garbage_on_the_wire(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        misbehave(camera, "garbage", octets=64)
        with pytest.raises(ValueError, match="not an interleaved frame"):
            while True:
                await client.packet()


async def test_an_oversized_unit(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        await client.unit()
        misbehave(camera, "oversized", stream="main", mib=3)
        sizes = [sum(map(len, (await client.unit()).nals)) for _ in range(3)]
        assert max(sizes) > 3 << 20
        assert (await client.unit()).types[-1] in (1, 5)


async def test_parameter_sets_left_out(camera: VirtualCamera) -> None:
    misbehave(camera, "no-parameter-sets", stream="main")
    async with Client(camera.rtsp_url("main"), EYE) as client:
        assert "sprop-parameter-sets" not in (await client.signed("DESCRIBE")).body
        await client.play()
        types = await next_units(client, 12)
    assert 5 in itertools.chain(*types)
    assert not {7, 8} & set(itertools.chain(*types))


async def test_no_key_frames(camera: VirtualCamera) -> None:
    misbehave(camera, "no-key-frames", stream="main")
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        assert set(itertools.chain(*await next_units(client, 12))) == {1}


async def test_another_clip_in_flight_changes_parameter_sets_without_a_jump(camera: VirtualCamera) -> None:
    other = load_clip(clip("libx264", 640, 480))
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        before = [await client.unit() for _ in range(3)]
        misbehave(camera, "other-clip", stream="main", clip=str(other.path))
        units = before + [await client.unit() for _ in range(12)]
    assert before[0].nals[0] != other.parameter_sets[0]
    assert other.parameter_sets[0] in [unit.nals[0] for unit in units]
    assert {b.timestamp - a.timestamp for a, b in itertools.pairwise(units)} == {3600}


async def test_rtp_time_jumps(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        units = [await client.unit() for _ in range(3)]
        misbehave(camera, "rtp-jump", stream="main", ticks=-900_000)
        units += [await client.unit() for _ in range(5)]
    steps = {(b.timestamp - a.timestamp) % (1 << 32) for a, b in itertools.pairwise(units)}
    assert steps == {3600, (3600 - 900_000) % (1 << 32)}


async def test_lost_packets_leave_holes_in_the_sequence(camera: VirtualCamera) -> None:
    misbehave(camera, "lose-packets", stream="main", every=4)
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        packets = [p for p in [await client.packet() for _ in range(60)] if p.channel == 0]
    assert all(packet.sequence % 4 for packet in packets)
    assert camera.streams["main"].ledger.units == 0


async def test_forgotten_sessions_and_slow_answers(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        misbehave(camera, "forget-sessions")
        assert (await client.ask("GET_PARAMETER")).status == 454
        misbehave(camera, "slow", seconds=0.3)
        before = time.monotonic()
        assert (await client.ask("OPTIONS", session="")).status == 200
        assert time.monotonic() - before >= 0.29


async def test_a_wrong_password_is_wrong_for_everybody(camera: VirtualCamera) -> None:
    misbehave(camera, "wrong-password")
    async with Client(camera.rtsp_url("main"), EYE) as client:
        assert (await client.signed("DESCRIBE")).status == 401
    misbehave(camera, "wrong-password", on=False)
    async with Client(camera.rtsp_url("main"), EYE) as client:
        assert (await client.signed("DESCRIBE")).status == 200


async def test_garbage_instead_of_answers(camera: VirtualCamera) -> None:
    misbehave(camera, "rtsp-garbage")
    async with Client(camera.rtsp_url("main"), EYE) as client:
        client._writer.write(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        assert not (await asyncio.wait_for(client._reader.read(64), LIMIT_S)).startswith(b"RTSP")


@pytest.mark.parametrize(
    ("kind", "order"), [("fly", {}), ("soap", {"answer": "fish"}), ("rtp-jump", {}), ("stall", {"stream": "third"})]
)
def test_an_order_that_makes_no_sense_is_refused(kind: str, order: dict[str, str]) -> None:
    from tests.fakes.camera.pacer import Pacer

    camera = VirtualCamera(settings(), Pacer(), http_port=0, rtsp_port=0)
    with pytest.raises(UnknownMisbehaviour):
        misbehave(camera, kind, **order)


async def test_a_peer_that_does_not_read_loses_units_up_to_a_key_frame(
    camera: VirtualCamera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fakes.camera.rtsp_server.MAX_UNREAD_BYTES", -1)
    stream = camera.streams["main"]
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        await until(lambda: stream.ledger.dropped >= 2)
        assert stream.ledger.units == 0
        monkeypatch.setattr("tests.fakes.camera.rtsp_server.MAX_UNREAD_BYTES", 8 << 20)
        assert 5 in (await client.unit()).types


@pytest.mark.parametrize("noise", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01" * 40_000, b"A B RTSP/9\r\n\r\n"])
async def test_who_does_not_speak_rtsp_is_shown_out(camera: VirtualCamera, noise: bytes) -> None:
    reader, writer = await asyncio.open_connection(ADDRESS, camera.rtsp_port)
    writer.write(noise)
    try:
        answer = await asyncio.wait_for(reader.read(), LIMIT_S)
    except ConnectionError:
        answer = b""
    assert answer == b"" or answer.startswith(b"RTSP/1.0 400")
    writer.close()
