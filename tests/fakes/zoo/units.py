"""NAL units as cameras pack them (RFC 6184, RFC 7798) and as encoders write them."""

from __future__ import annotations

from collections.abc import Callable

from tests.fakes.camera.clips import Codec
from tests.fakes.camera.packetise import h264_payloads, h265_payloads
from tests.fakes.zoo.pictures import Packet, Picture, is_set, pictures, usual_payloads
from tests.fakes.zoo.scenario import ALL_BUT_THE_LAST, Scenario, gap
from tests.fakes.zoo.server import Peer

AUD_264 = b"\x09\xf0"
AUD_265 = b"\x46\x01\x50"
SEI_264 = b"\x06\x05\x14" + bytes(range(1, 21)) + b"\x80"
PREFIX_SEI_265 = b"\x4e\x01\x05\x14" + bytes(range(1, 21)) + b"\x80"
SUFFIX_SEI_265 = b"\x50\x01\x84\x10" + bytes(range(1, 17)) + b"\x80"
FILLER = b"\x0c" + b"\xff" * 40 + b"\x80"
# ONVIF Media Signing and Axis Signed Video put their proof in user data (SEI type 5) behind a UUID.
SIGNED = b"\x06\x05\x82" + bytes(range(1, 17)) + b"\x01\x02\x03\x00\x00\x03\x01" * 16 + b"\x11\x22\x80"
SIGNED_265 = b"\x4e\x01" + SIGNED[1:]
MTU = 1400


def with_nals(codec: Codec, front: tuple[bytes, ...], back: tuple[bytes, ...] = (), every: int = 1) -> Callable[
    [], tuple[Picture, ...]
]:  # fmt: skip
    """Further NAL units before (a delimiter stays first) and behind each picture's own."""

    def make() -> tuple[Picture, ...]:
        return tuple(
            Picture((*front, *picture.nals, *back), picture.stamp, picture.key) if at % every == 0 else picture
            for at, picture in enumerate(pictures(codec))
        )

    return make


def sliced(codec: Codec = "h264") -> tuple[Picture, ...]:
    return pictures(codec, options="slices=4")


def two_sizes() -> tuple[Picture, ...]:
    """Another size in mid-stream, announced by nothing but parameter sets."""
    small = pictures("h264", 192, 144)
    later = pictures()[:20]
    return (*later, *(Picture(p.nals, p.stamp + 20 * 3600, p.key) for p in small[:20]))


def other_ids() -> tuple[Picture, ...]:
    """Parameter sets with another number from the third group on."""
    other = pictures("h264", options="sps-id=3")
    return (*pictures()[:20], *(Picture(p.nals, p.stamp, p.key) for p in other[20:]))


def aggregated(picture: Picture, codec: Codec) -> list[bytes]:
    """Parameter sets and, when it fits, the picture itself in one aggregation packet."""
    sets = [nal for nal in picture.nals if is_set(nal, codec) or len(nal) < 60]
    rest = [nal for nal in picture.nals if nal not in sets]
    head = b"\x78" if codec == "h264" else b"\x60\x01"
    payloads = [head + b"".join(len(nal).to_bytes(2, "big") + nal for nal in sets)] if sets else []
    for nal in rest:
        if len(nal) < 60_000:
            payloads.append(head + len(nal).to_bytes(2, "big") + nal)
        else:
            payloads += h264_payloads((nal,)) if codec == "h264" else h265_payloads((nal,))
    return payloads


def everything_aggregated(picture: Picture, codec: Codec) -> list[bytes]:
    """The whole picture, slices too, in one aggregation packet."""
    if sum(map(len, picture.nals)) > 60_000:
        return aggregated(picture, codec)
    head = b"\x78" if codec == "h264" else b"\x60\x01"
    return [head + b"".join(len(nal).to_bytes(2, "big") + nal for nal in picture.nals)]


def all_fragmented(picture: Picture, codec: Codec) -> list[bytes]:
    """Even parameter sets in fragments (RFC 6184 §5.8 allows it for any unit)."""
    payloads = []
    for nal in picture.nals:
        step = max(1, min(MTU, (len(nal) - 1) // 2))
        pieces = [nal[at : at + step] for at in range(1, len(nal), step)]
        for at, piece in enumerate(pieces):
            flags = (at == 0) << 7 | (at == len(pieces) - 1) << 6
            payloads.append(bytes((nal[0] & 0xE0 | 28, flags | nal[0] & 0x1F)) + piece)
    return payloads


def annex_b(picture: Picture, codec: Codec) -> list[bytes]:
    """A start code before the unit inside each payload."""
    return [b"\0\0\0\1" + nal for nal in picture.nals]


def annex_b_in_fragments(picture: Picture, codec: Codec) -> list[bytes]:
    """The whole picture as one byte stream in fragments that claim to be its parameter set (V380)."""
    if not picture.key:
        return usual_payloads(picture, codec)
    whole = b"\0\0\0\1".join(picture.nals)
    return h264_payloads((whole,)) if whole[0] & 0x1F not in (7, 8) else _fragments(whole)


def _fragments(whole: bytes) -> list[bytes]:
    pieces = [whole[at : at + MTU] for at in range(1, len(whole), MTU)]
    return [
        bytes((whole[0] & 0xE0 | 28, (at == 0) << 7 | (at == len(pieces) - 1) << 6 | whole[0] & 0x1F)) + piece
        for at, piece in enumerate(pieces)
    ]


def fragments(change: Callable[[list[Packet]], list[Packet | bytes]], hit: int = 15) -> Callable[
    [Peer, int, list[Packet]], list[Packet | bytes]
]:  # fmt: skip
    """Something done to one picture's fragments, sequence numbers staying in step."""

    def alter(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
        return change(packets) if index == hit else list(packets)

    return alter


def flag_off(bit: int) -> Callable[[list[Packet]], list[Packet | bytes]]:
    """A start (0x80) or end (0x40) bit is missing in every fragment."""
    return lambda packets: [
        packet.but(payload=packet.payload[:1] + bytes((packet.payload[1] & ~bit,)) + packet.payload[2:])
        if packet.payload[0] & 0x1F == 28
        else packet
        for packet in packets
    ]


def reolink(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """Parameter sets carry the previous picture's time stamp and a marker of their own."""
    return [
        packet.but(stamp=packet.stamp - 3600, marker=True) if packet.payload[0] & 0x1F in (7, 8, 24) else packet
        for packet in packets
    ]


def with_paci(picture: Picture, codec: Codec) -> list[bytes]:
    """Units that fit behind a payload content information header (RFC 7798 §4.4.4)."""
    payloads = []
    for payload in h265_payloads(picture.nals):
        kind = payload[0] >> 1 & 0x3F
        head = bytes((payload[0] & 0x81 | 50 << 1, payload[1]))
        payloads.append(head + (kind << 9).to_bytes(2, "big") + payload[2:])
    return payloads


SCENARIOS = (
    Scenario(name="multi-slice", what="four slices a picture", make=sliced),
    Scenario(name="multi-slice-h265", what="four slices a picture, H.265", make=lambda: sliced("h265"), codec="h265"),
    Scenario(name="multi-slice-no-marker", what="four slices, no marker", make=sliced, alter=lambda peer, index,
             packets: [packet.but(marker=False) for packet in packets], expect=ALL_BUT_THE_LAST),
    Scenario(name="multi-slice-all-marked", what="four slices, the marker on every packet", make=sliced,
             alter=lambda peer, index, packets: [packet.but(marker=True) for packet in packets],
             expect=ALL_BUT_THE_LAST),
    Scenario(name="delimiter-and-sei", what="delimiter and SEI before each picture", make=with_nals(
        "h264", (AUD_264, SEI_264))),
    Scenario(name="delimiter-and-sei-h265", what="delimiter, prefix and suffix SEI", codec="h265", make=with_nals(
        "h265", (AUD_265, PREFIX_SEI_265), (SUFFIX_SEI_265,))),
    Scenario(name="filler", what="filler data behind each picture", make=with_nals("h264", (), (FILLER,))),
    Scenario(name="signed", what="ONVIF Media Signing in SEI units", make=with_nals("h264", (SIGNED,), every=5)),
    Scenario(name="signed-h265", what="ONVIF Media Signing, H.265, fragmented", codec="h265", make=with_nals(
        "h265", (SIGNED_265 * 1 + b"\x55" * 3000 + b"\x80",), every=5)),
    Scenario(name="stap-a", what="every unit in an aggregation packet", payloads=aggregated),
    Scenario(name="stap-a-whole-picture", what="parameter sets and slices in one aggregation packet",
             payloads=everything_aggregated),
    Scenario(name="aggregation-h265", what="aggregation packets, H.265", codec="h265", payloads=everything_aggregated),
    Scenario(name="units-larger-than-mtu", what="units of any length alone", payloads=lambda picture, codec: list(
        picture.nals)),
    Scenario(name="units-larger-than-mtu-h265", what="units of any length alone, H.265", codec="h265",
             payloads=lambda picture, codec: list(picture.nals)),
    Scenario(name="all-fragmented", what="even parameter sets are fragmented", payloads=all_fragmented),
    Scenario(name="annex-b", what="a start code before each unit", payloads=annex_b),
    Scenario(name="annex-b-h265", what="a start code before each unit, H.265", codec="h265", payloads=annex_b),
    Scenario(name="annex-b-in-fragments", what="a byte stream in fragments (V380)", payloads=annex_b_in_fragments),
    Scenario(name="sets-with-earlier-stamp", what="parameter sets with the last picture's stamp, marked (Reolink)",
             payloads=lambda picture, codec: [p for nal in picture.nals for p in h264_payloads((nal,))],
             alter=reolink),
    Scenario(name="size-changes", what="another picture size in mid-stream", make=two_sizes),
    Scenario(name="set-number-changes", what="parameter sets of another number in mid-stream", make=other_ids),
    Scenario(name="paci-h265", what="payload content information headers, H.265", codec="h265", payloads=with_paci),
    Scenario(name="fragment-without-start", what="a start bit is missing", expect=gap("stream-damaged"),
             alter=fragments(flag_off(0x80))),
    Scenario(name="fragment-without-end", what="an end bit is missing", expect=gap("stream-damaged"),
             alter=fragments(flag_off(0x40))),
    Scenario(name="empty-payload", what="packets without payload", alter=lambda peer, index, packets: _empty(
        peer, packets)),
    Scenario(name="unknown-packet-kind", what="packet kinds that the RFC reserves", expect=gap("stream-damaged"),
             alter=fragments(lambda packets: [packets[0].but(payload=b"\x1f" + bytes(20)), *packets[1:]])),
    Scenario(name="aggregation-too-long", what="an aggregation packet that claims more than it holds",
             expect=gap("stream-damaged"),
             alter=fragments(lambda packets: [packets[0].but(payload=b"\x78\xff\xff\x41"), *packets[1:]])),
)  # fmt: skip


def _empty(peer: Peer, packets: list[Packet]) -> list[Packet | bytes]:
    empty = packets[-1].but(sequence=peer.sequence, payload=b"", marker=False)
    peer.sequence += 1
    return [*packets, empty]
