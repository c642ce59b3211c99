"""What leaves in doubt where a picture ends, whose a packet is, or when it was taken; and two oddities at once."""

from __future__ import annotations

import random

from tests.fakes.camera.packetise import h264_payloads
from tests.fakes.zoo.clocks import both
from tests.fakes.zoo.descriptions import swap
from tests.fakes.zoo.packets import NTP_2026, b_like, base, each, lost, only, swapped
from tests.fakes.zoo.pictures import GOP, Packet, frame, pictures
from tests.fakes.zoo.scenario import ALL_BUT_THE_LAST, WRECKED, Alter, Scenario, gap
from tests.fakes.zoo.server import Peer
from tests.fakes.zoo.units import reolink, sliced, two_sizes

HOURS_13 = 13 * 3600 * 90_000


def marked_after_a_slice(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """Now and then the marker is on a picture's first slice too."""
    ends = [
        at
        for at, packet in enumerate(packets)
        if packet.payload[0] & 0x1F in (1, 5) or (packet.payload[0] & 0x1F == 28 and packet.payload[1] & 0x40)
    ]
    stray = ends[0] if index in (15, 16, 27) else -1
    return [packet.but(marker=True) if at == stray else packet for at, packet in enumerate(packets)]


def marked_at_random(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    chance = random.Random(index)
    return [packet.but(marker=chance.random() < 0.2) for packet in packets]


def all_first(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """Every fragment says that it is the first of its unit."""
    return [
        packet.but(payload=packet.payload[:1] + bytes((packet.payload[1] | 0x80,)) + packet.payload[2:])
        if packet.payload[0] & 0x1F == 28
        else packet
        for packet in packets
    ]


def maker_s(payload: bytes, every: int = 3) -> Alter:
    """A packet of the maker's own before some pictures, numbered with the others."""

    def alter(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
        if index % every != 1:
            return list(packets)
        peer.sequence += 1
        later = [packet.but(sequence=packet.sequence + 1) for packet in packets]
        return [packets[0].but(payload=payload, marker=False), *later]

    return alter


def beside(channel: int, payload_type: int) -> Alter:
    """Another track's pictures, of a source of its own, before each of ours."""

    def alter(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
        shown = pictures("h264", 160, 120)[index % 40]
        number = int(str(peer.memory.get("beside", 5000)))
        payloads = h264_payloads(shown.nals)
        peer.memory["beside"] = number + len(payloads)
        other = [
            Packet(payload, 7000 + shown.stamp, number + at, at == len(payloads) - 1, payload_type, 0xABCDEF, channel)
            for at, payload in enumerate(payloads)
        ]
        return [*other, *packets]

    return alter


def sound_beside(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """Sound on the channel of pictures, four packets before each."""
    sound = [
        Packet(b"\0\x10\x0c\x80" + bytes(range(1, 200)), 1000 * index, 4 * index + at, True, 97, 0x5555)
        for at in range(4)
    ]
    return [*sound, *packets]


def source_in_mid_picture(numbers: int) -> Alter:
    """Another source from the middle of a picture on."""

    def alter(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
        half = len(packets) // 2
        return [
            packet.but(ssrc=99, sequence=packet.sequence + numbers) if index > 15 or (index == 15 and at >= half)
            else packet
            for at, packet in enumerate(packets)
        ]  # fmt: skip

    return alter


def source_by_picture(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """Another source for each picture, numbers go on, and one picture is missing."""
    return [] if index == 15 else [packet.but(ssrc=1000 + index) for packet in packets]


def extended(packet: Packet) -> bytes:
    """The packet with a header extension of no words."""
    data = packet.rtp()
    return frame(0, bytes((data[0] | 0x10,)) + data[1:12] + b"\xbe\xde\0\0" + data[12:])


def some_extended(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    return [
        extended(packet) if at % 4 == 1 else packet.but(padding=3) if at % 4 == 3 else packet
        for at, packet in enumerate(packets)
    ]


def reports_amid(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """A report on the channel of pictures between the fragments of each; it names another year each time."""
    report = peer.sender_report(NTP_2026 + (400 * 86_400 if index % 2 else 0), packets[0].stamp)
    return [packets[0], report[:1] + b"\0" + report[2:], report, *packets[1:]]


SCENARIOS = (
    Scenario(name="marker-after-a-slice", what="four slices, now and then the marker is on the first one too",
             make=sliced, alter=marked_after_a_slice, expect=ALL_BUT_THE_LAST),
    Scenario(name="markers-at-random", what="markers on any packets", make=sliced, alter=marked_at_random,
             expect=ALL_BUT_THE_LAST),
    Scenario(name="fragments-all-first", what="every fragment says that it is the first", alter=all_first,
             expect=WRECKED),
    Scenario(name="maker-packets", what="packets of a reserved kind before pictures (VStarcam)", alter=maker_s(
        b"\x1f" + bytes(range(1, 40))), expect=gap("stream-damaged", least=25)),
    Scenario(name="maker-packets-h265", what="packets of a reserved kind before pictures, H.265", codec="h265",
             alter=maker_s(b"\x78\x01" + bytes(range(1, 40))), expect=gap("stream-damaged", least=25)),
    Scenario(name="video-track-beside", what="another video track that was never set up speaks first",
             alter=beside(2, 96)),
    Scenario(name="video-track-beside-same-channel", what="another video track of another type on our channel",
             alter=beside(0, 97)),
    Scenario(name="sound-on-picture-channel", what="described sound of a dynamic type on the channel of pictures",
             alter=sound_beside, description=swap(b"m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000",
                                                  b"m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/16000")),
    Scenario(name="ssrc-changes-mid-picture", what="another SSRC inside a picture, numbers go on",
             alter=source_in_mid_picture(0)),
    Scenario(name="ssrc-changes-mid-picture-numbers-new", what="another SSRC and other numbers inside a picture",
             alter=source_in_mid_picture(777), expect=gap("stream-damaged")),
    Scenario(name="ssrc-by-picture-one-lost", what="another SSRC for each picture, and one is missing",
             alter=source_by_picture, expect=gap("stream-damaged")),
    Scenario(name="size-changes-sets-lost", what="another size, and the parameter sets that tell it are missing",
             make=two_sizes, alter=only([20], lost(0)), expect=gap("stream-damaged", least=25)),
    Scenario(name="sets-ahead-lost", what="the same, the sets sent with the last picture's stamp (Reolink)",
             make=two_sizes, expect=gap("stream-damaged", least=25),
             payloads=lambda picture, codec: [p for nal in picture.nals for p in h264_payloads((nal,))],
             alter=lambda peer, index, packets: reolink(peer, index, packets)[2 if index == 20 else 0:]),
    Scenario(name="number-wraps-in-a-loss", what="the packets around the wrap of numbers are missing",
             expect=gap("stream-damaged"), alter=both(base(0, sequence=65_400), lambda peer, index, packets: [
                 packet for packet in packets if (packet.sequence + 3) & 0xFFFF > 5])),
    Scenario(name="stamp-wraps-out-of-order", what="time wraps while pictures come in another order than shown",
             make=b_like, alter=base(0, stamp=2**32 - 61_300)),
    Scenario(name="loss-while-swapped", what="a packet is missing while others change places", alter=both(
        only([15], lost(1)), only(range(1, 40), swapped)), expect=gap("stream-damaged")),
    Scenario(name="loss-without-time", what="no time, and the ends of two pictures are missing with their markers",
             expect=gap("stream-damaged"), alter=both(
                 lambda peer, index, packets: [*packets[:-1]] if index in (15, 16) else list(packets),
                 each(lambda index, at, packet: packet.but(stamp=0)))),
    Scenario(name="extension-on-some", what="empty extensions and padding on some packets only", alter=some_extended),
    Scenario(name="reports-amid-fragments", what="reports between fragments, on both channels, of two years",
             alter=reports_amid),
    Scenario(name="stamp-restarts", what="media time begins anew with each group", alter=each(
        lambda index, at, packet: packet.but(stamp=1000 + 3600 * (index % GOP)))),
    Scenario(name="stamp-by-group", what="all pictures of a group bear one time", alter=each(
        lambda index, at, packet: packet.but(stamp=1000 + 36_000 * (index // GOP)))),
    Scenario(name="stamp-13-hours", what="thirteen hours ahead and back again every five pictures", alter=each(
        lambda index, at, packet: packet.but(stamp=packet.stamp + index // 5 % 2 * HOURS_13))),
    Scenario(name="stamp-counts-down", what="media time counts down", alter=each(
        lambda index, at, packet: packet.but(stamp=2**31 - 3600 * index))),
)  # fmt: skip
