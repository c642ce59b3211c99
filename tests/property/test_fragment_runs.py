"""Runs of fragments: the compiled function, its pure-Python twin and the path packet by packet do exactly the same."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deploy import native_build
from recorder.access_unit import AccessUnit
from recorder.rtsp import fragments, native, rtp
from recorder.rtsp.errors import RtspError
from recorder.rtsp.fragments import FU_H264, FU_H265, Run
from recorder.rtsp.h264 import H264Depacketizer
from recorder.rtsp.h265 import H265Depacketizer
from recorder.rtsp.rtp import RtpReceiver

CHANNEL, PAYLOAD_TYPE, SOURCE = 2, 96, 7

TakeRun = Callable[..., Run | None]


def compiled() -> TakeRun:
    """The compiled function, or the twin itself on a machine that cannot compile: there is then nothing to compare."""
    if native_build.compiler() is None:
        return fragments.take_run
    from recorder.rtsp._fragments import take_run

    return take_run


def test_where_a_compiler_is_the_compiled_part_is_in_use() -> None:
    assert native.compiled == (native_build.compiler() is not None)
    assert native.take_run is compiled()


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


kinds = st.sampled_from([FU_H264, FU_H265])
both = kinds.flatmap(lambda kind: st.tuples(st.just(kind), wires(kind)))


@given(both, st.integers(-1, 400), st.integers(-1, 900), st.integers(0, 65_535) | st.sampled_from([0, 1, 65_535]))
@settings(max_examples=300)
@example((FU_H264, b""), 0, 0, 0)
def test_the_compiled_function_and_its_twin_agree(
    wired: tuple[int, bytes], position: int, end: int, sequence: int
) -> None:
    kind, wire = wired
    if len(wire) >= 8 and position == 0:
        sequence = struct.unpack_from(">H", wire, 6)[0]
    for data in (wire, bytearray(wire), memoryview(wire)):
        arguments = (data, position, min(end, len(wire)), CHANNEL, PAYLOAD_TYPE, SOURCE, sequence, kind)
        assert compiled()(*arguments) == fragments.take_run(*arguments)
    beyond = (wire, 0, len(wire) + 1, CHANNEL, PAYLOAD_TYPE, SOURCE, sequence, kind)
    assert compiled()(*beyond) is fragments.take_run(*beyond) is None


def walk(wire: bytes, cuts: list[int], kind: int, take_run: TakeRun | None) -> dict[str, Any]:
    """What a receiver makes of a wire that arrives in pieces; None takes packet by packet, without runs."""
    depacketizer = H264Depacketizer() if kind == FU_H264 else H265Depacketizer()
    receiver = RtpReceiver(PAYLOAD_TYPE, depacketizer, "cam")
    found: list[AccessUnit] = []
    error, position = "", 0
    patch = pytest.MonkeyPatch()
    if take_run is not None:
        patch.setattr(rtp, "take_run", take_run)
    try:
        for at, cut in enumerate([*sorted(cuts), len(wire)]):
            while position + 4 <= cut:
                stop = position + 4 + int.from_bytes(wire[position + 2 : position + 4], "big")
                if stop > cut:
                    break
                if wire[position] == 0x24 and wire[position + 1] == CHANNEL:
                    if take_run is None:
                        receiver.packet(wire, position + 4, stop, at)
                    else:
                        stop = receiver.frames(wire, position, cut, CHANNEL, at)
                position = stop
            found += depacketizer.take()
    except RtspError as damage:
        error = str(damage)
    finally:
        patch.undo()
    told = {name: getattr(value, "__dict__", value) for name, value in vars(receiver).items()}
    told["_depacketizer"] = None
    left = bytes(depacketizer._fragment) if depacketizer._fragment is not None else None
    return {
        "units": found + depacketizer.take(), "error": error, "position": position, "receiver": told, "left": left,
        "dropped": depacketizer.dropped_units, "trusted": depacketizer.markers_trusted,
    }  # fmt: skip


@given(both, st.lists(st.integers(0, 900), max_size=4))
@settings(max_examples=300)
def test_runs_do_what_packets_one_by_one_do(wired: tuple[int, bytes], cuts: list[int]) -> None:
    kind, wire = wired
    cuts = [min(cut, len(wire)) for cut in cuts]
    one_by_one = walk(wire, cuts, kind, None)
    assert walk(wire, cuts, kind, fragments.take_run) == one_by_one
    assert walk(wire, cuts, kind, compiled()) == one_by_one


def test_a_picture_of_many_packets_is_one_run() -> None:
    nal = b"\x65\x88" + bytes(range(256)) * 80
    pieces = [nal[at : at + 1000] for at in range(1, len(nal), 1000)]
    wire = b""
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        packet = struct.pack(">BBHII", 0x80, PAYLOAD_TYPE | (0x80 if last else 0), number + 65_530 & 0xFFFF, 9, SOURCE)
        packet += bytes((0x60 | FU_H264, (0x80 if number == 0 else 0) | (0x40 if last else 0) | 5)) + piece
        wire += struct.pack(">cBH", b"$", CHANNEL, len(packet)) + packet
    for take_run in (fragments.take_run, compiled()):
        run = take_run(wire, 0, len(wire), CHANNEL, PAYLOAD_TYPE, SOURCE, 65_530, FU_H264)
        assert run == (len(wire), len(pieces), 9, fragments.STARTS | fragments.ENDS | fragments.MARKED, nal)
