"""The virtual camera's RTSP: what it sends is the clip, whole and counted; ffmpeg plays it."""

from __future__ import annotations

import asyncio
import itertools
import json
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.looping_camera import EYE, clip, farm_of, settings, until
from tests.contract.rtsp_by_hand import Client, Packet
from tests.fakes.camera import UserConfig, VirtualCamera
from tests.fakes.camera.clips import load_clip, unit_digest
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.clips import encode_clip

NTP_EPOCH_S = 2_208_988_800


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    async with farm_of(settings()) as farm:
        yield farm["cam"]


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
    assert abs(told - 7200 - sent[rtp_time] / 1e6) < 5  # the encoder's own time; a busy machine sends later
