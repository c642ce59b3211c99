"""RTP as cameras number, time and mark it (RFC 3550 §5–6), and RTCP beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tests.fakes.zoo.pictures import GOP, Packet, Picture, frame, pictures
from tests.fakes.zoo.scenario import ALL, ALL_BUT_THE_LAST, Alter, Scenario, all_but_told, gap, refused
from tests.fakes.zoo.server import Peer

NTP_2026 = 3_976_000_000

Each = Callable[[int, int, Packet], Packet]  # picture's index, packet's index, packet


def each(change: Each) -> Alter:
    """The same change for every packet."""
    return lambda peer, index, packets: [change(index, at, packet) for at, packet in enumerate(packets)]


def from_picture(first: int, change: Callable[[Packet], Packet]) -> Alter:
    """Something that is so from one picture on."""
    return each(lambda index, at, packet: change(packet) if index >= first else packet)


def only(pictures_hit: Iterable[int], change: Callable[[list[Packet]], list[Packet | bytes]]) -> Alter:
    """Something that happens to a few pictures."""
    hit = frozenset(pictures_hit)
    return lambda peer, index, packets: change(packets) if index in hit else list(packets)


def swapped(packets: list[Packet]) -> list[Packet | bytes]:
    """Neighbours change places."""
    made: list[Packet | bytes] = list(packets)
    for at in range(0, len(made) - 1, 2):
        made[at], made[at + 1] = made[at + 1], made[at]
    return made


def late(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """The second packet of every third picture comes after the next picture's first, as over a UDP hop."""
    held = peer.memory.pop("held", None)
    made: list[Packet | bytes] = list(packets)
    if index % 3 == 0 and len(made) > 1 and index < 38:
        peer.memory["held"] = made.pop(1)
    if isinstance(held, Packet):
        made.insert(1, held)
    return made


def again(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """The whole previous picture is sent once more before this one."""
    before = peer.memory.get("before", [])
    peer.memory["before"] = list(packets)
    return [*(before if isinstance(before, list) else []), *packets]


def lost(at: int) -> Callable[[list[Packet]], list[Packet | bytes]]:
    """Without one packet."""
    return lambda packets: [packet for number, packet in enumerate(packets) if number != at]


def reset(packet: Packet) -> Packet:
    return packet.but(sequence=packet.sequence + 30_000)


def reports(seconds: int, ssrc: int = 0x11223344) -> Alter:
    """A sender report before every fifth picture; the camera's clock is this far off."""

    def with_report(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
        return [*([peer.sender_report(NTP_2026 + seconds, packets[0].stamp, ssrc=ssrc)] if index % 5 == 0 else []),
                *packets]  # fmt: skip

    return with_report


def goodbye(ssrc: int) -> bytes:
    return frame(1, b"\x81\xcb\0\1" + ssrc.to_bytes(4, "big"))


async def says_goodbye(peer: Peer) -> None:
    shown = peer.scenario.shown()
    await peer.show(shown[:25])
    if not peer.number:
        return await peer.send(goodbye(0x11223344))
    await peer.show(shown[25:], first=25)
    return None


def b_like() -> tuple[Picture, ...]:
    """Time stamps as of pictures shown in another order than sent: 0 2 1 4 3 …"""
    made = list(pictures())
    for at in range(1, len(made) - 1, 2):
        if not made[at].key and not made[at + 1].key:
            one, two = made[at], made[at + 1]
            made[at] = Picture(one.nals, two.stamp, one.key)
            made[at + 1] = Picture(two.nals, one.stamp, two.key)
    return tuple(made)


def long_wait() -> tuple[Picture, ...]:
    """The first key picture comes after a hundred others."""
    shown = pictures()
    others = [picture for picture in shown if not picture.key]
    front = [Picture(others[n % len(others)].nals, 3600 * n, False) for n in range(30)]
    return (*front, *(Picture(p.nals, p.stamp + 30 * 3600, p.key) for p in shown))


def intra_refresh() -> tuple[Picture, ...]:
    """No key picture ever, only the first one."""
    shown = [picture for picture in pictures() if not picture.key]
    return tuple(Picture(picture.nals, 3600 * n, False) for n, picture in enumerate(shown * 2))


def base(change: int, **fields: int) -> Alter:
    return each(
        lambda index, at, packet: packet.but(
            stamp=packet.stamp + fields.get("stamp", 0), sequence=packet.sequence + fields.get("sequence", 0)
        )
    )


SCENARIOS = (
    Scenario(name="sequence-wraps", what="the sequence number wraps", alter=base(0, sequence=65_400)),
    Scenario(name="stamp-wraps", what="the time stamp wraps", alter=base(0, stamp=2**32 - 60_000)),
    Scenario(name="stamp-zero-start", what="time stamps begin at 0", alter=base(0, stamp=-10_000)),
    Scenario(name="stamp-frozen", what="the time stamp is 0 forever", alter=each(
        lambda index, at, packet: packet.but(stamp=0))),
    Scenario(name="stamp-in-pairs", what="two pictures share each time stamp", alter=each(
        lambda index, at, packet: packet.but(stamp=packet.stamp // 7200 * 7200))),
    Scenario(name="stamp-jumps-ahead", what="an hour ahead in mid-stream", alter=from_picture(
        15, lambda packet: packet.but(stamp=packet.stamp + 3600 * 90_000))),
    Scenario(name="stamp-jumps-back", what="ten minutes back in mid-stream", alter=from_picture(
        15, lambda packet: packet.but(stamp=packet.stamp - 600 * 90_000))),
    Scenario(name="stamp-outliers", what="every tenth picture is stamped hours away (Intelbras)", alter=each(
        lambda index, at, packet: packet.but(stamp=packet.stamp + 37_600 * 90_000) if index % 10 == 4 else packet)),
    Scenario(name="stamp-slow", what="media time runs at half speed", alter=each(
        lambda index, at, packet: packet.but(stamp=packet.stamp // 2))),
    Scenario(name="stamps-out-of-order", what="shown in another order than sent (B pictures)", make=b_like),
    Scenario(name="marker-missing", what="no marker ever (live555 proxy)", alter=each(
        lambda index, at, packet: packet.but(marker=False)), expect=ALL_BUT_THE_LAST),
    Scenario(name="marker-on-every-packet", what="the marker on every packet", alter=each(
        lambda index, at, packet: packet.but(marker=True)), expect=ALL_BUT_THE_LAST),
    Scenario(name="padding", what="padding behind every payload", alter=each(
        lambda index, at, packet: packet.but(padding=1 + at % 7))),
    Scenario(name="padding-only-packets", what="packets of padding alone between pictures", alter=lambda peer, index,
             packets: _with_empty(peer, packets)),
    Scenario(name="sources", what="contributing sources in the header", alter=each(
        lambda index, at, packet: packet.but(sources=(1, 2, 3)))),
    Scenario(name="header-extension", what="a header extension (ONVIF replay's 0xABAC)", alter=each(
        lambda index, at, packet: packet.but(extension=bytes(12)))),
    Scenario(name="header-extension-and-padding", what="extension, sources and padding together", alter=each(
        lambda index, at, packet: packet.but(extension=bytes(8), sources=(7,), padding=4))),
    Scenario(name="other-payload-types", what="packets of another type, same numbers (TP-Link)", alter=lambda peer,
             index, packets: [packets[0].but(payload_type=50, payload=b"\0" * 40), *packets]),
    Scenario(name="payload-type-not-as-described", what="97 is sent where 96 was described", alter=each(
        lambda index, at, packet: packet.but(payload_type=97)), expect=ALL),
    Scenario(name="ssrc-zero", what="SSRC 0", alter=each(lambda index, at, packet: packet.but(ssrc=0))),
    Scenario(name="ssrc-changes-numbers-go-on", what="another SSRC for each group, numbers go on (Uniview)", alter=each(
        lambda index, at, packet: packet.but(ssrc=1000 + index // GOP))),
    Scenario(name="ssrc-changes-numbers-new", what="another SSRC and other numbers from a key picture on",
             expect=all_but_told("stream-damaged"), alter=from_picture(
                 20, lambda packet: packet.but(ssrc=77, sequence=packet.sequence + 5000))),
    Scenario(name="ssrc-changes-mid-group", what="another SSRC and other numbers inside a group", expect=gap(
        "stream-damaged"), alter=from_picture(15, lambda packet: packet.but(ssrc=77, sequence=packet.sequence + 99))),
    Scenario(name="stale-session", what="packets of a session long gone between ours (live555)", alter=lambda peer,
             index, packets: [*(packet.but(ssrc=0xBAD, sequence=packet.sequence + 7777, payload=b"\x41" + bytes(99))
                                for packet in packets[:1] if index), *packets]),
    Scenario(name="duplicates", what="every packet twice", alter=lambda peer, index, packets: [
        packet for packet in packets for _ in range(2)]),
    Scenario(name="repeated-pictures", what="every picture's packets sent again with the next", alter=again),
    Scenario(name="swapped-neighbours", what="neighbouring packets change places (UDP hop)", alter=only(
        range(1, 40), swapped)),
    Scenario(name="swapped-at-start", what="the very first packets change places", expect=gap("", least=30), alter=only(
        [0], swapped)),
    Scenario(name="late-packets", what="packets come after the next picture's first (UDP hop)", alter=late),
    Scenario(name="one-packet-lost", what="a packet is missing inside a picture", expect=gap("stream-damaged"),
             alter=only([15], lost(1))),
    Scenario(name="first-packet-lost", what="a picture's first packet is missing", expect=gap("stream-damaged"),
             alter=only([15], lost(0))),
    Scenario(name="marker-packet-lost", what="the packet with the marker is missing", expect=gap("stream-damaged"),
             alter=only([15], lambda packets: list(packets[:-1]))),
    Scenario(name="picture-lost", what="all packets of a picture are missing", expect=gap("stream-damaged"),
             alter=only([15], lambda packets: [])),
    Scenario(name="key-picture-lost", what="a key picture's parameter sets are missing", expect=gap("stream-damaged"),
             alter=only([20], lost(0))),
    Scenario(name="sequence-reset", what="sequence numbers start again in mid-stream", expect=gap("stream-damaged"),
             alter=from_picture(15, reset)),
    Scenario(name="sequence-constant", what="the sequence number never changes",
             alter=each(lambda index, at, packet: packet.but(sequence=5)),
             expect=refused("stream-stalled", "aucune image")),
    Scenario(name="reports-years-off", what="sender reports of a camera that lives in 1970", alter=reports(
        -56 * 365 * 86_400)),
    Scenario(name="reports-of-others", what="sender reports of another source", alter=reports(0, ssrc=99)),
    Scenario(name="reports-missing", what="no sender report ever"),
    Scenario(name="reports-damaged", what="reports that are no RTCP", alter=lambda peer, index, packets: [
        frame(1, b"\x80\xc8\xff\xff" + bytes(9)), frame(1, b""), frame(0, b""), *packets]),
    Scenario(name="goodbye", what="RTCP BYE, then silence", expect=gap("stream-stalled", "BYE"), play=says_goodbye,
             visits=2),
    Scenario(name="goodbye-of-another", what="BYE of another source", alter=lambda peer, index, packets: [
        *packets, *([goodbye(4711)] if index == 9 else [])]),
    Scenario(name="not-rtp-version", what="an RTP version that does not exist, in a few packets", expect=gap(
        "stream-damaged"), alter=only([15], lambda packets: [packets[0].but(version=1), *packets[1:]])),
    Scenario(name="late-key", what="30 pictures before the first key picture", make=long_wait,
             expect=gap("", "", least=40)),
    Scenario(name="intra-refresh", what="no key picture ever", make=intra_refresh, lasts_s=1.5,
             expect=refused("key-frame-awaited|stream-stalled")),
)  # fmt: skip


def _with_empty(peer: Peer, packets: list[Packet]) -> list[Packet | bytes]:
    empty = packets[-1].but(sequence=peer.sequence, payload=b"", padding=8, marker=False)
    peer.sequence += 1
    return [*packets, empty]
