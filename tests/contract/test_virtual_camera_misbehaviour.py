"""What the virtual camera does wrong on command, seen from the other end of the wire."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator

import pytest

from tests.contract.looping_camera import ADDRESS, EYE, LIMIT_S, clip, farm_of, settings, until
from tests.contract.rtsp_by_hand import Client
from tests.fakes.camera import VirtualCamera
from tests.fakes.camera.clips import load_clip
from tests.fakes.camera.misbehave import UnknownMisbehaviour, misbehave
from tests.fakes.camera.pacer import Pacer


@pytest.fixture
async def camera() -> AsyncIterator[VirtualCamera]:
    async with farm_of(settings()) as farm:
        yield farm["cam"]


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
        async with asyncio.timeout(LIMIT_S):  # units from before it may still be under way
            while sum(map(len, (await client.unit()).nals)) <= 3 << 20:
                pass
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
        units = [*before, await client.unit()]
        async with asyncio.timeout(LIMIT_S):  # units from before it may still be under way
            while units[-1].nals[0] != other.parameter_sets[0]:
                units.append(await client.unit())
        units += [await client.unit() for _ in range(8)]
    assert before[0].nals[0] != other.parameter_sets[0]
    assert {b.timestamp - a.timestamp for a, b in itertools.pairwise(units)} == {3600}


async def test_rtp_time_jumps(camera: VirtualCamera) -> None:
    async with Client(camera.rtsp_url("main"), EYE) as client:
        await client.play()
        units = [await client.unit() for _ in range(3)]
        misbehave(camera, "rtp-jump", stream="main", ticks=-900_000)
        units.append(await client.unit())
        async with asyncio.timeout(LIMIT_S):  # units from before it may still be under way
            while (units[-1].timestamp - units[-2].timestamp) % (1 << 32) == 3600:
                units.append(await client.unit())
        units += [await client.unit() for _ in range(3)]
    steps = [(b.timestamp - a.timestamp) % (1 << 32) for a, b in itertools.pairwise(units)]
    jump = (3600 - 900_000) % (1 << 32)
    assert steps.count(jump) == 1
    assert set(steps) == {3600, jump}


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
