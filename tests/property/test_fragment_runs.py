"""Runs of fragments and whole pictures: compiled, in pure Python and packet by packet, exactly the same comes out."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deploy import native_build
from recorder.access_unit import AccessUnit
from recorder.rtsp import fragments, native, rtp
from recorder.rtsp.errors import RtspError
from recorder.rtsp.fragments import FU_H264, FU_H265, Pictures, Run
from recorder.rtsp.h264 import H264Depacketizer
from recorder.rtsp.h265 import H265Depacketizer
from recorder.rtsp.rtp import RtpReceiver

CHANNEL, PAYLOAD_TYPE, SOURCE = 2, 96, 7
RECEIVED = 4  # where ``_told`` says when


@dataclass(frozen=True)
class Taking:
    """Either the compiled functions or their twins."""

    take_run: Callable[..., Run | None]
    take_pictures: Callable[..., Pictures | None]


TWIN = Taking(fragments.take_run, fragments.take_pictures)


def compiled() -> Taking:
    """The compiled functions, or the twins on a machine that cannot compile: there is then nothing to compare."""
    if native_build.compiler() is None:
        return TWIN
    from recorder.rtsp import _fragments

    return Taking(_fragments.take_run, _fragments.take_pictures)


def test_where_a_compiler_is_the_compiled_part_is_in_use() -> None:
    assert native.compiled == (native_build.compiler() is not None)
    assert Taking(native.take_run, native.take_pictures) == compiled()


# ── wires: pictures cut into fragments, with everything between them that a camera may send, then damaged ──


@st.composite
def payloads(draw: st.DrawFn, kind: int) -> bytes:
    """One RTP payload: mostly fragments, starting, going on and ending in any order."""
    body = draw(st.binary(max_size=24))
    if draw(st.integers(0, 9)) == 0:  # a unit alone, an aggregate, nonsense
        first = draw(st.sampled_from([0x65, 0x41, 0x67, 0x06, 24, 0, 30, 0x26, 0x02, 48 << 1, 0x42, 0xFF]))
        return bytes((first,)) + body
    ends = draw(st.sampled_from([0x80, 0x80, 0, 0, 0, 0, 0x40, 0x40, 0xC0]))
    if kind == FU_H264:
        return bytes((0x60 | FU_H264, ends | draw(st.sampled_from([5, 1, 1, 0, 24])))) + body
    return bytes((FU_H265 << 1, 1, ends | draw(st.sampled_from([19, 1, 1, 0, 48])))) + body


@st.composite
def wires(draw: st.DrawFn, kind: int) -> bytes:
    """Interleaved frames back to back."""
    wire, sequence = b"", draw(st.sampled_from([0, 1, 65_530, 65_535, 30_000]))
    time, moments = draw(st.sampled_from([0, 2**32 - 3600])), draw(st.lists(payloads(kind), min_size=1, max_size=24))
    for payload in moments:
        odd = draw(st.integers(0, 30))
        first = draw(st.sampled_from([0x90, 0xA0, 0x81, 0x00, 0x40])) if odd == 1 else 0x80
        marker = 0x80 if draw(st.integers(0, 5)) == 0 else 0
        second = marker | (97 if odd == 2 else PAYLOAD_TYPE)
        source = 8 if odd == 3 else SOURCE
        if odd == 4:
            sequence += draw(st.sampled_from([1, 5, -1, -2, 40_000]))
        packet = struct.pack(">BBHII", first, second, sequence & 0xFFFF, time, source) + payload
        sequence += 1
        if marker or draw(st.integers(0, 9)) == 0:
            time = (time + 3600) & 0xFFFFFFFF
        wire += struct.pack(">cBH", b"$", 3 if odd == 5 else CHANNEL, len(packet)) + packet
    damage = draw(st.lists(st.tuples(st.integers(0, len(wire) - 1), st.integers(0, 255)), max_size=2))
    damaged = bytearray(wire)
    for place, value in damage:
        damaged[place] = value
    return bytes(damaged)


@st.composite
def nal_units(draw: st.DrawFn, kind: int) -> list[bytes]:
    """The NAL units of one picture: mostly one slice, now and then what makes a picture anything but plain."""
    first, later = (b"\x41\x88", b"\x41\x08") if kind == FU_H264 else (b"\x02\x01\x88", b"\x02\x01\x08")
    key, delimiter = (b"\x65\x88", b"\x09\xf0") if kind == FU_H264 else (b"\x26\x01\x88", b"\x46\x01\x50")
    sei = b"\x06\x05" if kind == FU_H264 else b"\x4e\x01\x05"
    body = draw(st.binary(max_size=30))
    return draw(
        st.sampled_from([
            *[[first + body]] * 8, *[[delimiter, first + body], [delimiter, sei + body[:9], first + body]] * 3,
            [key + body], [first + body, later], [later + body], [first[:-1]], [sei, sei, delimiter, sei, first + body],
            [first + body + b"\0\0\1" + first + body], [key + b"\0\0\1" + later], [first + body, first], [delimiter],
            [b"\0\0\1" + first], [b"\xc1\x88" + body], [first + body, b"\x02\x09\x88" + body],
            [delimiter, sei + b"\0\0\1" + sei, first], [delimiter, key + body], [first, sei + body],
            [delimiter, first, later + body], [b"\x4e\x09\x05", first], [b"\0\0" + body, first], [later[:1], first],
        ])
    )  # fmt: skip


@st.composite
def films(draw: st.DrawFn, kind: int) -> bytes:
    """Interleaved frames of whole pictures, cut into fragments of a few bytes; then packets lost, doubled, damaged."""
    packets: list[bytes] = []
    sequence, time = draw(st.sampled_from([0, 65_530])), draw(st.sampled_from([7, 2**32 - 9000]))
    each_slice_marked = draw(st.integers(0, 4)) == 0
    for _ in range(draw(st.integers(1, 12))):
        units = draw(nal_units(kind))
        for place, nal in enumerate(units):
            pieces = _cut(nal, kind, draw(st.sampled_from([5, 12, 99])))
            del pieces[: draw(st.integers(0, 15)) == 0]  # never sent: the numbering tells of no loss
            for number, piece in enumerate(pieces):
                last = place == len(units) - 1 and number == len(pieces) - 1 and draw(st.integers(0, 12)) > 0
                marked = last or (each_slice_marked and number == len(pieces) - 1)
                second = PAYLOAD_TYPE | (0x80 if marked or draw(st.integers(0, 40)) == 0 else 0)
                own = time + (draw(st.integers(0, 30)) == 0)  # a time of its own, now and then
                packet = struct.pack(">BBHII", 0x80, second, sequence & 0xFFFF, own & 0xFFFFFFFF, SOURCE) + piece
                packets.append(struct.pack(">cBH", b"$", CHANNEL, len(packet)) + packet)
                sequence += 1
        time = (time + draw(st.sampled_from([3600] * 6 + [0, -3600, 2**31]))) & 0xFFFFFFFF
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2])) if packets else 0):
        at = draw(st.integers(0, len(packets) - 1))
        packets[at : at + 1] = draw(st.sampled_from([[], packets[at : at + 1] * 2]))
        if not packets:
            break
    wire = bytearray(b"".join(packets))
    if wire and draw(st.integers(0, 3)) == 0:
        wire[draw(st.integers(0, len(wire) - 1))] = draw(st.integers(0, 255))
    return bytes(wire)


def _cut(nal: bytes, kind: int, step: int) -> list[bytes]:
    """Payloads of one NAL unit."""
    head = 1 if kind == FU_H264 else 2
    if len(nal) <= step + head:
        return [nal]
    pieces = [nal[at : at + step] for at in range(head, len(nal), step)]
    ends = [(0x80 if at == 0 else 0) | (0x40 if at == len(pieces) - 1 else 0) for at in range(len(pieces))]
    if kind == FU_H264:
        return [
            bytes((nal[0] & 0xE0 | FU_H264, end | nal[0] & 0x1F)) + piece
            for end, piece in zip(ends, pieces, strict=True)
        ]
    front = bytes((nal[0] & 0x81 | FU_H265 << 1, nal[1]))
    return [front + bytes((end | nal[0] >> 1 & 0x3F,)) + piece for end, piece in zip(ends, pieces, strict=True)]


kinds = st.sampled_from([FU_H264, FU_H265])
both = kinds.flatmap(lambda kind: st.tuples(st.just(kind), wires(kind) | films(kind)))


@given(both, st.integers(-1, 400), st.integers(-1, 900), st.integers(0, 65_535) | st.sampled_from([0, 1, 65_535]))
@settings(max_examples=300)
@example((FU_H264, b""), 0, 0, 0)
def test_the_compiled_functions_and_their_twins_agree(
    wired: tuple[int, bytes], position: int, end: int, sequence: int
) -> None:
    kind, wire = wired
    if len(wire) >= 8 and position == 0:
        sequence = struct.unpack_from(">H", wire, 6)[0]
    for data in (wire, bytearray(wire), memoryview(wire)):
        arguments = (data, position, min(end, len(wire)), CHANNEL, PAYLOAD_TYPE, SOURCE, sequence, kind)
        assert compiled().take_run(*arguments) == TWIN.take_run(*arguments)
        for before in (0, 7, 2**32 + 7, -3600):
            taken = TWIN.take_pictures(*arguments, before)
            assert compiled().take_pictures(*arguments, before) == taken
            assert not taken or not taken[3] or (taken[3][0][1], taken[3][-1][2]) == (0, len(taken[2]))
    beyond = (wire, 0, len(wire) + 1, CHANNEL, PAYLOAD_TYPE, SOURCE, sequence, kind)
    assert compiled().take_run(*beyond) is TWIN.take_run(*beyond) is None
    assert compiled().take_pictures(*beyond, 0) is TWIN.take_pictures(*beyond, 0) is None


def walk(
    wire: bytes, cuts: list[int], kind: int, taking: Taking | None, *, wary: bool = False, patient: bool = False
) -> dict[str, Any]:
    """What a receiver makes of a wire that arrives in pieces; None takes packet by packet."""
    depacketizer = H264Depacketizer(wary=wary) if kind == FU_H264 else H265Depacketizer(wary=wary)
    receiver = RtpReceiver(PAYLOAD_TYPE, depacketizer, "cam")
    found: list[tuple[Any, ...]] = []
    error, position = "", 0
    patch = pytest.MonkeyPatch()
    if taking is not None:
        patch.setattr(rtp, "take_run", taking.take_run)
        patch.setattr(rtp, "take_pictures", taking.take_pictures)
    try:
        for at, cut in enumerate([*sorted(cuts), len(wire)]):
            while position + 4 <= cut:
                stop = position + 4 + int.from_bytes(wire[position + 2 : position + 4], "big")
                if stop > cut:
                    break
                if wire[position] == 0x24 and wire[position + 1] == CHANNEL:
                    if taking is None:
                        receiver.packet(wire, position + 4, stop, at)
                    else:
                        stop = receiver.frames(wire, position, cut, CHANNEL, at, patient=patient and cut < len(wire))
                if stop == position:
                    break
                position = stop
            found += map(_told, depacketizer.take())
        receiver.finish()
        found += map(_told, depacketizer.take())
    except RtspError as damage:
        error = str(damage)
    finally:
        patch.undo()
    told = {name: getattr(value, "__dict__", value) for name, value in vars(receiver).items()}
    told["_depacketizer"] = None
    # How many slices pictures have is learnt for a wary assembler alone.
    unlike = {"sets", "_h264_sets", "format_error"} | (set() if wary else {"_usual", "_lately"})
    state = {name: value for name, value in vars(depacketizer).items() if name not in unlike}
    return {"units": found, "state": state, "error": error, "position": position, "receiver": told}


def untimed(walked: dict[str, Any]) -> dict[str, Any]:
    """Without when things were received: where a picture was looked at later."""
    units = [(*unit[:RECEIVED], *unit[RECEIVED + 1 :]) for unit in walked["units"]]
    state = {name: value for name, value in walked["state"].items() if name not in ("_received_us", "_now_us")}
    heard = {name: value for name, value in walked["receiver"].items() if name != "_heard_us"}
    return walked | {"units": units, "state": state, "receiver": heard}


def _told(unit: AccessUnit) -> tuple[Any, ...]:
    """A unit without where it lies."""
    return unit.nals, unit.size_bytes(), unit.rtp_time, unit.key, unit.received_us, unit.fmt, unit.lost_before


@given(both, st.lists(st.integers(0, 900), max_size=4), st.booleans())
@settings(max_examples=600)
def test_runs_do_what_packets_one_by_one_do(wired: tuple[int, bytes], cuts: list[int], wary: bool) -> None:
    kind, wire = wired
    cuts = [min(cut, len(wire)) for cut in cuts]
    one_by_one = walk(wire, cuts, kind, None, wary=wary)
    assert walk(wire, cuts, kind, TWIN, wary=wary) == one_by_one
    assert walk(wire, cuts, kind, compiled(), wary=wary) == one_by_one
    for taking in (TWIN, compiled()):
        waiting = walk(wire, cuts, kind, taking, wary=wary, patient=True)
        assert untimed(waiting) == untimed(one_by_one), "no unit is another for having waited for its rest"
        both_ways = zip(waiting["units"], one_by_one["units"], strict=True)
        assert all(later[RECEIVED] >= sooner[RECEIVED] for later, sooner in both_ways)


def film(kind: int, count: int, size: int, leads: int = 0) -> tuple[list[tuple[bytes, ...]], bytes]:
    """Plain pictures of ``size`` bytes behind ``leads`` delimiters; numbered from 65 530, times from 3600 on."""
    head = b"\x41\x88" if kind == FU_H264 else b"\x02\x01\x88"
    lead = b"\x09\x30" if kind == FU_H264 else b"\x46\x01\x50"
    nals = [(*(lead,) * leads, head + bytes((each,)) * size) for each in range(count)]
    wire, sequence = b"", 65_530
    for number, own in enumerate(nals):
        pieces = [piece for nal in own for piece in _cut(nal, kind, 1000)]
        for at, piece in enumerate(pieces):
            second = PAYLOAD_TYPE | (0x80 if at == len(pieces) - 1 else 0)
            packet = struct.pack(">BBHII", 0x80, second, sequence & 0xFFFF, 3600 * (number + 1), SOURCE) + piece
            wire += struct.pack(">cBH", b"$", CHANNEL, len(packet)) + packet
            sequence += 1
    return nals, wire


@pytest.mark.parametrize("kind", [FU_H264, FU_H265])
@pytest.mark.parametrize("size", [40, 20_000])
@pytest.mark.parametrize("leads", [0, 1, 3])
def test_the_pictures_of_a_read_lie_in_one_piece(kind: int, size: int, leads: int) -> None:
    nals, wire = film(kind, 4, size, leads)
    for taking in (TWIN, compiled()):
        taken = taking.take_pictures(wire, 0, len(wire), CHANNEL, PAYLOAD_TYPE, SOURCE, 65_530, kind, 0)
        assert taken is not None
        position, _, piece, places, _ = taken
        assert (position, [time for time, _, _ in places]) == (len(wire), [3600, 7200, 10_800, 14_400])
        assert [AccessUnit(piece, start, stop, 0, False, 0).nals for _, start, stop in places] == nals
    depacketizer = H264Depacketizer() if kind == FU_H264 else H265Depacketizer()
    receiver = RtpReceiver(PAYLOAD_TYPE, depacketizer, "cam")
    stop = 4 + int.from_bytes(wire[2:4], "big")
    receiver.packet(wire, 4, stop, 1)  # the source is known from its first packet on
    while stop < len(wire):
        stop = receiver.frames(wire, stop, len(wire), CHANNEL, 1)
    units = depacketizer.take()
    assert [unit.nals for unit in units] == nals
    assert units[1].data is units[2].data is units[3].data is not units[0].data


@pytest.mark.parametrize("taking", [TWIN, compiled()])
def test_more_pictures_than_one_piece_takes_are_left_for_the_next(taking: Taking) -> None:
    _, wire = film(FU_H264, 40, 10)
    taken = taking.take_pictures(wire, 0, len(wire), CHANNEL, PAYLOAD_TYPE, SOURCE, 65_530, FU_H264, 0)
    assert taken is not None
    assert len(taken[3]) == taken[1] == fragments.PICTURES_LIMIT_COUNT
    assert taken[0] < len(wire)


def test_a_picture_of_many_packets_is_one_run() -> None:
    nal = b"\x65\x88" + bytes(range(256)) * 80
    pieces = [nal[at : at + 1000] for at in range(1, len(nal), 1000)]
    wire = b""
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        packet = struct.pack(">BBHII", 0x80, PAYLOAD_TYPE | (0x80 if last else 0), number + 65_530 & 0xFFFF, 9, SOURCE)
        packet += bytes((0x60 | FU_H264, (0x80 if number == 0 else 0) | (0x40 if last else 0) | 5)) + piece
        wire += struct.pack(">cBH", b"$", CHANNEL, len(packet)) + packet
    for taking in (TWIN, compiled()):
        run = taking.take_run(wire, 0, len(wire), CHANNEL, PAYLOAD_TYPE, SOURCE, 65_530, FU_H264)
        assert run == (len(wire), len(pieces), 9, fragments.STARTS | fragments.ENDS | fragments.MARKED, nal)


@pytest.mark.parametrize("kind", [FU_H264, FU_H265])
def test_a_fragment_that_nothing_began_is_told_with_the_next_picture(kind: int) -> None:
    _, wire = film(kind, 3, 40)
    frames, at = [], 0
    while at < len(wire):
        stop = at + 4 + int.from_bytes(wire[at + 2 : at + 4], "big")
        frames.append(wire[at:stop])
        at = stop
    stray = bytes((0x60 | FU_H264, 1)) if kind == FU_H264 else bytes((FU_H265 << 1, 1, 1))
    packet = struct.pack(">BBHII", 0x80, PAYLOAD_TYPE, 65_531, 5000, SOURCE) + stray + b"middle"
    later = [frame[:6] + struct.pack(">H", 65_532 + number) + frame[8:] for number, frame in enumerate(frames[1:])]
    wire = frames[0] + struct.pack(">cBH", b"$", CHANNEL, len(packet)) + packet + b"".join(later)
    one_by_one = walk(wire, [len(frames[0])], kind, None)
    assert [unit[-1] for unit in one_by_one["units"]] == [False, True, False]
    assert walk(wire, [len(frames[0])], kind, compiled()) == walk(wire, [len(frames[0])], kind, TWIN) == one_by_one


def packets_of(*told: tuple[bytes, int, bool]) -> bytes:
    """Frames of (payload, time stamp, marker), numbered from 9."""
    wire = b""
    for number, (payload, time, marker) in enumerate(told, 9):
        packet = struct.pack(">BBHII", 0x80, PAYLOAD_TYPE | (0x80 if marker else 0), number, time, SOURCE) + payload
        wire += struct.pack(">cBH", b"$", CHANNEL, len(packet)) + packet
    return wire


KEY, PLAIN = b"\x65\x88key", b"\x41\x88plain"
DOUBTS = {
    "the first of its kind waits for the next": ((KEY, 0, True), (KEY, 1, True), (PLAIN, 2, True)),
    "one that a new time ended is still withheld": ((PLAIN, 0, False), (b"", 1, False), (PLAIN, 2, True)),
    "nothing is in doubt any more": ((PLAIN, 0, True), (PLAIN, 1, True), (PLAIN, 2, True), (PLAIN, 3, True)),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_a_picture_in_doubt_waits_whichever_way_it_is_taken(doubt: str) -> None:
    wire = packets_of(*DOUBTS[doubt])
    one_by_one = walk(wire, [], FU_H264, None, wary=True)
    assert [unit[2] for unit in one_by_one["units"]] == sorted(unit[2] for unit in one_by_one["units"])
    assert walk(wire, [], FU_H264, TWIN, wary=True) == walk(wire, [], FU_H264, compiled(), wary=True) == one_by_one
