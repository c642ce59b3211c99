"""Pictures in odd pieces: aggregates, fragments, start codes, markers (RFC 6184 §5, RFC 7798 §4.4)."""

from __future__ import annotations

from collections.abc import Callable

from tests.fakes.camera.clips import Codec
from tests.fakes.camera.packetise import h264_payloads, h265_payloads
from tests.fakes.zoo.packets import each
from tests.fakes.zoo.pictures import Packet, Picture, is_set, pictures
from tests.fakes.zoo.scenario import ALL_BUT_THE_LAST, WRECKED, Scenario
from tests.fakes.zoo.server import Peer
from tests.fakes.zoo.units import AUD_264, FILLER, SEI_264, SUFFIX_SEI_265, with_nals


def small(picture: Picture, wrap: Callable[[list[bytes]], list[bytes]]) -> list[bytes]:
    """What is small of a picture packed by ``wrap``; slices as usual."""
    sets = [nal for nal in picture.nals if is_set(nal, "h264")]
    rest = tuple(nal for nal in picture.nals if nal not in sets)
    return [*(wrap(sets) if sets else []), *h264_payloads(rest)]


def sized(nals: list[bytes]) -> bytes:
    return b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def fragmented(size: int) -> Callable[[Picture, Codec], list[bytes]]:
    """Everything in fragments of ``size`` bytes."""

    def payloads(picture: Picture, codec: Codec) -> list[bytes]:
        made = []
        for nal in picture.nals:
            pieces = [nal[at : at + size] for at in range(1, len(nal), size)]
            for at, piece in enumerate(pieces):
                flags = (at == 0) << 7 | (at == len(pieces) - 1) << 6
                made.append(bytes((nal[0] & 0xE0 | 28, flags | nal[0] & 0x1F)) + piece)
        return made

    return payloads


def one_fragment(picture: Picture, codec: Codec) -> list[bytes]:
    """Each unit in a single fragment that both starts and ends it, which the RFC forbids."""
    return fragmented(60_000)(picture, codec)


def reserved_bit(picture: Picture, codec: Codec) -> list[bytes]:
    """The reserved bit of each fragment's header is set."""
    return [
        payload[:1] + bytes((payload[1] | 0x20,)) + payload[2:] if payload[0] & 0x1F == 28 else payload
        for payload in h264_payloads(picture.nals)
    ]


def numbered(picture: Picture, codec: Codec) -> list[bytes]:
    """Fragments of the kind that carries a decoding order number (FU-B), as of an interleaving encoder."""
    return [
        bytes((payload[0] & 0xE0 | 29,)) + payload[1:2] + b"\0\1" + payload[2:]
        if payload[0] & 0x1F == 28 and payload[1] & 0x80
        else payload
        for payload in h264_payloads(picture.nals)
    ]


def joined(picture: Picture, codec: Codec) -> list[bytes]:
    """All slices of a picture as one byte stream, sent as if they were one unit."""
    sets = tuple(nal for nal in picture.nals if is_set(nal, codec))
    slices = b"\0\0\1".join(nal for nal in picture.nals if nal not in sets)
    return h264_payloads((*sets, slices)) if codec == "h264" else h265_payloads((*sets, slices))


def sliced(codec: Codec) -> tuple[Picture, ...]:
    return pictures(codec, options="slices=4")


def changed(change: Callable[[bytes, int], bytes]) -> Callable[[], tuple[Picture, ...]]:
    """Each picture's slices changed; ``change`` gets the picture's number."""

    def make() -> tuple[Picture, ...]:
        return tuple(
            Picture(tuple(nal if is_set(nal, "h264") else change(nal, at) for nal in picture.nals), picture.stamp,
                    picture.key)
            for at, picture in enumerate(pictures())
        )  # fmt: skip

    return make


def marked_slice(peer: Peer, index: int, packets: list[Packet]) -> list[Packet | bytes]:
    """The marker on the slice and on what follows it."""
    return [*packets[:-2], packets[-2].but(marker=True), packets[-1].but(marker=True)]


def marked_first(index: int, at: int, packet: Packet) -> Packet:
    """The marker on a picture's first packet and not on its last."""
    return packet.but(marker=at == 0)


def huge() -> tuple[Picture, ...]:
    """One key picture of 3 MB."""
    return tuple(
        Picture((*picture.nals, b"\x0c" + b"\xff" * 3_000_000 + b"\x80"), picture.stamp, True) if at == 20 else picture
        for at, picture in enumerate(pictures())
    )


SCENARIOS = (
    Scenario(name="stap-a-padded", what="zeros behind the last unit of an aggregation packet", payloads=lambda picture,
             codec: small(picture, lambda sets: [b"\x78" + sized(sets) + bytes(5)])),
    Scenario(name="stap-a-empty-unit", what="a unit of no bytes inside an aggregation packet", payloads=lambda picture,
             codec: small(picture, lambda sets: [b"\x78" + sized([sets[0], b"", *sets[1:]])])),
    Scenario(name="stap-a-of-everything", what="delimiter, SEI and sets in one aggregation packet", make=with_nals(
        "h264", (AUD_264, SEI_264)), payloads=lambda picture, codec: [
            b"\x78" + sized([nal for nal in picture.nals if len(nal) < 60]),
            *h264_payloads(tuple(nal for nal in picture.nals if len(nal) >= 60))]),
    Scenario(name="stap-b", what="aggregation with a decoding order number (STAP-B)", expect=WRECKED,
             payloads=lambda picture, codec: small(picture, lambda sets: [b"\x79\0\1" + sized(sets)]) if picture.key
             else [b"\x79\0\1" + sized(list(picture.nals))]),
    Scenario(name="mtap", what="aggregation of several times (MTAP16)", expect=WRECKED,
             payloads=lambda picture, codec: [b"\x7a\0\1" + sized([b"\0\0\0" + nal for nal in picture.nals])]),
    Scenario(name="fragments-numbered", what="fragments with a decoding order number (FU-B)", payloads=numbered,
             expect=WRECKED),
    Scenario(name="fragment-alone", what="single fragments that start and end a unit", payloads=one_fragment),
    Scenario(name="fragment-reserved-bit", what="the reserved bit of fragments is set", payloads=reserved_bit),
    Scenario(name="mtu-tiny", what="fragments of 80 bytes", payloads=fragmented(80)),
    Scenario(name="picture-3-mb", what="a key picture of 3 MB", make=huge),
    Scenario(name="forbidden-bit", what="the forbidden bit of every slice is set", make=changed(
        lambda nal, at: bytes((nal[0] | 0x80,)) + nal[1:])),
    Scenario(name="trailing-zeros", what="zeros behind every slice", make=changed(lambda nal, at: nal + bytes(3))),
    Scenario(name="slices-joined", what="four slices with start codes between them sent as one unit", payloads=joined,
             make=lambda: sliced("h264")),
    Scenario(name="slices-joined-h265", what="the same, H.265", payloads=joined, codec="h265",
             make=lambda: sliced("h265")),
    Scenario(name="six-hundred-units", what="six hundred units in each key picture", make=lambda: tuple(
        Picture((*(SEI_264,) * 600, *picture.nals), picture.stamp, True) if picture.key else picture
        for picture in pictures())),
    Scenario(name="end-of-sequence", what="end of sequence and of stream behind each picture", make=with_nals(
        "h264", (), (b"\x0a", b"\x0b"))),
    Scenario(name="scalable", what="prefix units and slices of a scalable layer (types 14 and 20)", make=with_nals(
        "h264", (b"\x6e\xc0\x80\x0f\x20",), (b"\x74\xc0\x80\x4f" + bytes(range(1, 99)),))),
    Scenario(name="suffix-after-marker-h265", what="suffix SEI behind a slice that is marked", codec="h265",
             make=with_nals("h265", (), (SUFFIX_SEI_265,)), alter=marked_slice, expect=ALL_BUT_THE_LAST),
    Scenario(name="filler-after-marker", what="filler behind a slice that is marked", make=with_nals(
        "h264", (), (FILLER,)), alter=marked_slice, expect=ALL_BUT_THE_LAST),
    Scenario(name="marker-first", what="the marker on a picture's first packet", alter=each(marked_first),
             expect=ALL_BUT_THE_LAST),
    Scenario(name="delimiter-of-a-byte", what="delimiters of a header alone", make=with_nals("h264", (b"\x09",))),
    Scenario(name="refreshed-in-columns", what="one key picture, then intra refresh with recovery points",
             make=lambda: pictures(options="intra-refresh=1")),
)  # fmt: skip
