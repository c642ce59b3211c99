"""What TCP makes of a stream: pieces, bursts, ends and floods."""

from __future__ import annotations

import asyncio

from tests.fakes.zoo.faults import then
from tests.fakes.zoo.pictures import FRAME_90K, Packet, Picture, frame, pictures
from tests.fakes.zoo.scenario import Scenario, gap
from tests.fakes.zoo.server import Peer

FLOOD = 12_000


async def in_pieces(peer: Peer) -> None:
    """The first pictures in pieces of seven bytes."""
    shown = peer.scenario.shown()
    whole = peer.send

    async def piecemeal(data: bytes) -> None:
        for at in range(0, len(data), 7):
            await whole(data[at : at + 7])
            await asyncio.sleep(0)

    peer.send = piecemeal  # type: ignore[method-assign]
    await peer.show(shown[:3])
    peer.send = whole  # type: ignore[method-assign]
    await peer.show(shown[3:], first=3)


async def in_bursts(peer: Peer) -> None:
    """Pictures wait in the camera for a second and a half, then all come at once."""
    loop = asyncio.get_running_loop()
    shown = peer.scenario.shown()
    await peer.show(shown[:5])
    begun = loop.time()
    step_s = FRAME_90K / 90_000 * peer.zoo.pace
    await asyncio.sleep(step_s * (len(shown) - 5))
    for at, picture in enumerate(shown[5:]):
        await peer.picture(5 + at, picture, begun + at * step_s)


def all_keys() -> tuple[Picture, ...]:
    """Every picture a key picture."""
    return pictures(options="keyint=1:min-keyint=1")


def half_closes(peer: Peer) -> None:
    peer.writer.write_eof()


async def reset_in_a_frame(peer: Peer) -> None:
    await peer.send(frame(0, bytes(1400))[:700])
    peer.writer.transport.abort()


def empty_frames(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """Forty frames without a byte in them before some pictures."""
    return [*([frame(0, b"")] * 40 if index % 7 == 3 else []), *packets]


async def one_at_a_time(peer: Peer) -> None:
    """Pictures of a few bytes, as fast as they go."""
    slice_nal = b"\x41\x9a\x02"
    made, stamp = bytearray(), peer.stamp + 90_000
    for number in range(FLOOD):
        made += Packet(slice_nal, stamp + number, peer.sequence + number, marker=True).framed()
    peer.zoo.count([Picture((slice_nal,), 0, False)] * FLOOD)
    await peer.send(bytes(made))
    await asyncio.sleep(3)


async def stray_flood(peer: Peer) -> None:
    """Frames of one byte, each with a line end behind it, on a channel that nobody set up."""
    for _ in range(10):
        await peer.send((frame(9, b"x") + b"\n") * 5_000)
        await asyncio.sleep(0)
    await asyncio.sleep(2)


SCENARIOS = (
    Scenario(name="pieces-of-seven-bytes", what="bytes come seven at a time", play=in_pieces),
    Scenario(name="all-keys", what="every picture a key picture", make=all_keys),
    Scenario(name="all-keys-burst", what="the same, held back for a second and a half, then all at once",
             make=all_keys, play=in_bursts, lasts_s=0.6),
    Scenario(name="burst", what="pictures held back for a second and a half, then all at once", play=in_bursts,
             lasts_s=0.6),
    Scenario(name="half-close", what="the server ends its half of the connection", visits=2,
             expect=gap("camera-unreachable", "coupé"), play=then(half_closes)),
    Scenario(name="reset-in-a-frame", what="the connection is reset inside a frame", visits=2,
             expect=gap("camera-unreachable"), play=then(reset_in_a_frame)),
    Scenario(name="frames-empty", what="frames without a byte between pictures", alter=empty_frames),
    Scenario(name="picture-flood", what="twelve thousand pictures of a few bytes at once", visits=2,
             expect=gap("stream-damaged", "images par seconde"), play=then(one_at_a_time)),
    Scenario(name="stray-flood", what="fifty thousand frames of a byte on another channel", visits=2,
             expect=gap("stream-stalled|stream-damaged"), play=then(stray_flood)),
)  # fmt: skip
