"""Media clocks, numbers and reports that say something else than what is so (RFC 3550 §5.1, §6.4, §6.6)."""

from __future__ import annotations

import random

from tests.fakes.zoo.packets import NTP_2026, base, each, from_picture, goodbye, late, reports, swapped
from tests.fakes.zoo.pictures import GOP, Packet, frame, pictures
from tests.fakes.zoo.scenario import ALL_BUT_THE_LAST, WRECKED, Alter, Scenario, all_but_told, gap
from tests.fakes.zoo.server import Peer


def both(first: Alter, second: Alter) -> Alter:
    """One oddity after the other."""

    def alter(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
        return second(peer, index, [part for part in first(peer, index, packets) if isinstance(part, Packet)])

    return alter


def each_swapped(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    return swapped(packets) if index else list(packets)


def any_time(index: int, at: int, packet: Packet) -> Packet:
    """Each picture is stamped with any number."""
    return packet.but(stamp=random.Random(index).getrandbits(32))


def any_source(index: int, at: int, packet: Packet) -> Packet:
    return packet.but(ssrc=random.Random(packet.sequence).getrandbits(32))


def by_picture(index: int, at: int, packet: Packet) -> Packet:
    return packet.but(sequence=index)


def bytes_swapped(index: int, at: int, packet: Packet) -> Packet:
    return packet.but(sequence=int.from_bytes(packet.sequence.to_bytes(2, "big"), "little"))


def plain_time(index: int, at: int, packet: Packet) -> Packet:
    """Neither time nor marker."""
    return packet.but(stamp=0, marker=False)


def paired(index: int, at: int, packet: Packet) -> Packet:
    """Two pictures of one time, and no marker that parts them."""
    return packet.but(stamp=packet.stamp // 7200 * 7200, marker=False)


def report(peer: Peer, ntp_s: int, stamp: int, channel: int = 1) -> bytes:
    made = peer.sender_report(ntp_s, stamp)
    return made[:1] + bytes((channel,)) + made[2:]


def reporting(ntp_s: int, *, stamp: int | None = None, channel: int = 1) -> Alter:
    """A report with each picture."""
    return lambda peer, index, packets: [
        report(peer, ntp_s + index // 25 if ntp_s else 0, packets[0].stamp if stamp is None else stamp, channel),
        *packets,
    ]


def farewell(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """BYE in mid-stream, and the stream goes on as if nothing had been said."""
    return [*([goodbye(packets[0].ssrc)] if index == 15 else []), *packets]


def farewell_and_anew(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """BYE of the source, and another one takes over at the next key picture."""
    if index < 2 * GOP:
        return list(packets)
    anew: list[Packet | bytes] = [packet.but(ssrc=77, sequence=packet.sequence + 5000) for packet in packets]
    return [*([goodbye(0x11223344)] if index == 2 * GOP else []), *anew]


def stale_first(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """Two packets of a session long gone before the first of ours."""
    gone = [packets[0].but(ssrc=0xBAD, sequence=7, stamp=99, payload=b"\x41\x9a" + bytes(99), marker=True)] * 2
    return [*(gone if not index else []), *packets]


def lying(first: int) -> Alter:
    """The second packet of a picture with other header bits than it has."""

    def alter(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
        if index != 15:
            return list(packets)
        data = bytearray(packets[1].framed())
        data[4] = first
        return [packets[0], bytes(data[:-1]) + b"\0", *packets[2:]]

    return alter


def by_slice(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """Units are told from the start bit of their fragments."""
    made: list[Packet | bytes] = []
    units = 0
    for packet in packets:
        units += packet.payload[0] & 0x1F != 28 or packet.payload[1] >> 7
        made.append(packet.but(stamp=packet.stamp + units))
    return made


SCENARIOS = (
    Scenario(name="stamp-half-second-back", what="media time goes back by half a second, once", alter=from_picture(
        15, lambda packet: packet.but(stamp=packet.stamp - 45_000))),
    Scenario(name="stamp-random", what="each picture is stamped with any number", alter=each(any_time)),
    Scenario(name="stamp-milliseconds", what="media time counts milliseconds", alter=each(
        lambda index, at, packet: packet.but(stamp=packet.stamp // 90))),
    Scenario(name="stamp-microseconds", what="media time counts microseconds", alter=each(
        lambda index, at, packet: packet.but(stamp=packet.stamp * 100 // 9))),
    Scenario(name="stamp-frozen-no-marker", what="no time and no marker: only the slices tell pictures apart",
             alter=each(plain_time), expect=ALL_BUT_THE_LAST),
    Scenario(name="stamp-frozen-no-marker-h265", what="no time and no marker, H.265", codec="h265",
             alter=each(plain_time), expect=ALL_BUT_THE_LAST),
    Scenario(name="stamp-in-pairs-no-marker", what="two pictures share each time stamp, no marker", alter=each(paired),
             expect=ALL_BUT_THE_LAST),
    Scenario(name="stamp-by-packet", what="every packet has a time of its own", expect=WRECKED,
             alter=each(lambda index, at, packet: packet.but(stamp=packet.stamp + at))),
    Scenario(name="stamp-by-slice", what="every slice of a picture has a time of its own", expect=WRECKED,
             make=lambda: pictures(options="slices=4"), alter=by_slice),
    Scenario(name="sequence-wraps-swapped", what="the number wraps while packets change places", alter=both(
        base(0, sequence=65_400), each_swapped)),
    Scenario(name="sequence-wraps-late", what="the number wraps while packets come late", alter=both(
        base(0, sequence=65_400), late)),
    Scenario(name="sequence-by-picture", what="numbers count pictures, not packets", alter=each(by_picture),
             expect=WRECKED),
    Scenario(name="sequence-bytes-swapped", what="numbers with their bytes the wrong way round", alter=each(
        bytes_swapped), expect=WRECKED),
    Scenario(name="sequence-by-two", what="every other number (sound counts with the picture)", alter=each(
        lambda index, at, packet: packet.but(sequence=packet.sequence * 2)), expect=WRECKED),
    Scenario(name="ssrc-random", what="another SSRC for each packet, numbers go on", alter=each(any_source)),
    Scenario(name="stale-session-first", what="packets of a session long gone before ours", alter=stale_first,
             expect=all_but_told("")),
    Scenario(name="type-changes", what="another payload type in mid-stream", visits=2, lasts_s=0.5,
             expect=gap("stream-stalled|stream-damaged"), alter=lambda peer, index, packets: [
                 packet.but(payload_type=97) if index >= 15 and not peer.number else packet for packet in packets]),
    Scenario(name="padding-lies", what="a packet claims padding and has none", alter=lying(0xA0),
             expect=gap("stream-damaged")),
    Scenario(name="extension-lies", what="a packet claims an extension that it has not", alter=lying(0x90),
             expect=gap("stream-damaged")),
    Scenario(name="sources-lie", what="a packet claims fifteen sources that it has not", alter=lying(0x8F),
             expect=gap("stream-damaged")),
    Scenario(name="reports-zero", what="reports of a camera without a clock (NTP 0)", alter=reporting(0)),
    Scenario(name="reports-since-boot", what="reports count from the camera's start, which reads as 2036",
             alter=reporting(1200)),
    Scenario(name="reports-frozen", what="reports whose media time is always 0", alter=reporting(NTP_2026, stamp=0)),
    Scenario(name="reports-on-picture-channel", what="reports come on the channel of pictures", alter=reporting(
        NTP_2026, channel=0)),
    Scenario(name="reports-years-ahead", what="reports of a camera that lives in 2099", alter=reports(
        73 * 365 * 86_400)),
    Scenario(name="reports-first", what="reports, BYE of others and noise on their channel before the first picture",
             alter=lambda peer, index, packets: [*([report(peer, NTP_2026, 0), goodbye(9), frame(1, b"\x80")] if
                                                   not index else []), *packets]),
    Scenario(name="goodbye-goes-on", what="BYE, and the stream goes on", alter=farewell),
    Scenario(name="goodbye-anew", what="BYE, and another source takes over", alter=farewell_and_anew,
             expect=all_but_told("stream-damaged")),
)  # fmt: skip
