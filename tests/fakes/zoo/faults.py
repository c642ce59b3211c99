"""Damage on the wire, silence, and connections that end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from tests.fakes.zoo.pictures import Packet, frame
from tests.fakes.zoo.scenario import ALL, Play, Scenario, gap, refused
from tests.fakes.zoo.server import Ask, Peer

HIT = 15

Damage = Callable[[bytes], bytes]


def damaged(change: Damage, *, hit: tuple[int, ...] = (HIT,)) -> Callable[
    [Peer, int, list[Packet]], list[Packet | bytes]
]:  # fmt: skip
    """The second frame of a few pictures as bytes that are not what they should be."""

    def alter(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
        if index not in hit:
            return list(packets)
        at = min(1, len(packets) - 1)
        return [*packets[:at], change(packets[at].framed()), *packets[at + 1 :]]

    return alter


def noise(count: int, seed: int = 5) -> bytes:
    """Bytes without order; no dollar sign, so that each test finds the same."""
    return random.Random(seed).randbytes(count).replace(b"$", b"#")


def between(garbage: bytes, *, every: int = 7) -> Callable[[Peer, int, list[Packet]], list[Packet | bytes]]:
    """Bytes that belong to nothing before some pictures."""
    return lambda peer, index, packets: [*([garbage] if index % every == 3 and index < 30 else []), *packets]


def then(after: Callable[[Peer], object], *, shown: int = 25) -> Play:
    """On the first connection something happens after some pictures; the next one is sound."""

    async def play(peer: Peer) -> None:
        clip = peer.scenario.shown()
        if peer.number:
            return await peer.show(clip)
        await peer.show(clip[:shown])
        done = after(peer)
        if asyncio.iscoroutine(done):
            await done
        return None

    return play


async def reports_only(peer: Peer) -> None:
    for second in range(40):
        await peer.send(peer.sender_report(3_976_000_000 + second, 90_000 * second))
        await asyncio.sleep(0.1)


async def dribble(peer: Peer) -> None:
    for byte in frame(0, bytes(4000))[:400]:
        await peer.send(bytes((byte,)))
        await asyncio.sleep(0.01)


async def silence(peer: Peer) -> None:
    await asyncio.sleep(4)


async def half_a_frame(peer: Peer) -> None:
    await peer.send(frame(0, bytes(1400))[:700])
    peer.writer.close()


def aborts(peer: Peer) -> None:
    peer.writer.transport.abort()


def closes(peer: Peer) -> None:
    peer.writer.close()


def hangs_up(ask: Ask) -> bytes:
    ask.peer.writer.close()
    return b""


async def foreign_flood(peer: Peer) -> None:
    for _ in range(300):
        await peer.send(frame(9, bytes(1000)) * 4)
        await asyncio.sleep(0.01)


async def noise_only(peer: Peer) -> None:
    for number in range(60):
        await peer.send(noise(20_000, number))
        await asyncio.sleep(0.01)


async def not_rtp(peer: Peer) -> None:
    for _ in range(100):
        await peer.send(frame(0, b"\x13" * 60))


SCENARIOS = (
    Scenario(name="dollar-lost", what="a frame's dollar sign is another byte", expect=gap("stream-damaged"),
             alter=damaged(lambda data: b"\x81" + data[1:])),
    Scenario(name="frame-head-lost", what="a frame without its four-byte head", expect=gap("stream-damaged"),
             alter=damaged(lambda data: data[4:])),
    Scenario(name="frame-cut", what="a frame that stops half-way, the next one follows", expect=gap("stream-damaged"),
             alter=damaged(lambda data: data[: len(data) // 2])),
    Scenario(name="frame-length-long", what="a frame that says 60 bytes more than it has",
             expect=gap("stream-damaged"), alter=damaged(lambda data: _lengthened(data, 60))),
    Scenario(name="frame-length-short", what="a frame that says 60 bytes less than it has",
             expect=gap("stream-damaged"), alter=damaged(lambda data: _lengthened(data, -60))),
    Scenario(name="frame-length-huge", what="a frame that says 65,535 bytes", expect=gap("stream-damaged"),
             alter=damaged(lambda data: data[:2] + b"\xff\xff" + data[4:])),
    Scenario(name="channel-damaged", what="a frame's channel is another number", expect=gap("stream-damaged"),
             alter=damaged(lambda data: data[:1] + b"\xee" + data[2:])),
    Scenario(name="bytes-missing", what="40 bytes are missing in the middle of a picture",
             expect=gap("stream-damaged"), alter=damaged(lambda data: data[:200] + data[240:])),
    Scenario(name="zeros-between", what="zero bytes between frames", alter=between(bytes(37))),
    Scenario(name="headless-reports-between", what="reports without a frame head between pictures (Canon)",
             alter=between(b"\x80\xc8\0\6" + bytes(24))),
    Scenario(name="garbage-between", what="noise between pictures", expect=gap("stream-damaged", least=5),
             alter=between(noise(200), every=11)),
    Scenario(name="garbage-once", what="noise once", expect=gap("stream-damaged"), alter=between(
        noise(333), every=21)),
    Scenario(name="text-between", what="a log line of the camera between frames", expect=ALL, alter=between(
        b"[warn] venc: buffer full\r\n")),
    Scenario(name="garbage-forever", what="noise and nothing else from a moment on", visits=2,
             expect=gap("stream-damaged"), play=then(noise_only)),
    Scenario(name="foreign-flood", what="only frames of channels that nobody set up", visits=2,
             expect=gap("stream-stalled"), play=then(foreign_flood)),
    Scenario(name="not-rtp", what="frames that hold no RTP", visits=2, expect=gap("stream-damaged", "RTP"),
             play=then(not_rtp)),
    Scenario(name="silence", what="silence on an open connection", visits=2,
             expect=gap("stream-stalled", "aucune image"), play=then(silence)),
    Scenario(name="reports-only", what="reports go on, pictures do not", visits=2,
             expect=gap("stream-stalled", "aucune image"), play=then(reports_only)),
    Scenario(name="dribble", what="one byte every ten milliseconds", visits=2, expect=gap("stream-stalled"),
             play=then(dribble)),
    Scenario(name="closes", what="the connection is closed", visits=2, expect=gap("camera-unreachable", "coupé"),
             play=then(closes)),
    Scenario(name="aborts", what="the connection is reset", visits=2, expect=gap("camera-unreachable"),
             play=then(aborts)),
    Scenario(name="ends-in-a-frame", what="the connection ends inside a frame", visits=2,
             expect=gap("camera-unreachable", "coupé"), play=then(half_a_frame)),
    Scenario(name="never-answers", what="accepts and says nothing", expect=refused("camera-unreachable", "répond"),
             answers={"OPTIONS": lambda ask: None}),
    Scenario(name="answers-one-byte", what="an answer that never ends", expect=refused("camera-unreachable", "répond"),
             reply=lambda ask, said: said[:9]),
    Scenario(name="closes-at-once", what="closes when asked anything", expect=refused("camera-unreachable", "coupé"),
             answers={"OPTIONS": hangs_up}),
    Scenario(name="never-plays", what="PLAY is accepted and nothing comes", expect=refused(
        "stream-stalled", "aucune image"), play=silence),
)  # fmt: skip


def _lengthened(data: bytes, by: int) -> bytes:
    return data[:2] + (int.from_bytes(data[2:4], "big") + by).to_bytes(2, "big") + data[4:]
