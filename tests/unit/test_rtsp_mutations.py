"""Mutations of valid conversations through the fuzz target: fixed seeds, so that a failure can be run again."""

from __future__ import annotations

import random

import pytest

from tests.fakes.odd_rtsp import sdp
from tests.fakes.small_clip import small_clip
from tests.fuzz.rtsp_target import answers, one_input


def conversation(codec: str) -> bytes:
    clip = small_clip(codec, 64, 64, 12)
    media, sequence = b"", 0
    for unit in clip.units:
        media += bytes(unit.run.stamped(0, sequence, unit.pts_90k, 7))
        sequence += unit.run.count
    report = b"$\1\0\x1c" + b"\x80\xc8\0\6" + (7).to_bytes(4, "big") + b"\xe8\0\0\0" + bytes(16)
    return answers(sdp(clip, sprop=True)) + report + media + report


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_the_valid_conversation_passes(codec: str) -> None:
    one_input(conversation(codec))


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("seed", range(40))
def test_flipped_cut_repeated_and_moved_bytes(codec: str, seed: int) -> None:
    dice = random.Random(seed)
    valid = conversation(codec)
    for _ in range(10):
        data = bytearray(valid)
        for _ in range(dice.randrange(1, 12)):
            place = dice.randrange(len(data))
            length = dice.randrange(1, 200)
            match dice.randrange(5):
                case 0:
                    data[place] ^= 1 << dice.randrange(8)
                case 1:
                    del data[place : place + length]
                case 2:
                    data[place:place] = data[place : place + length]
                case 3:
                    data[place:place] = dice.randbytes(length)
                case _:
                    data[place : place + 4] = dice.choice(
                        [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x80\0\0\0", b"$\0\xff\xff"]
                    )
        one_input(bytes(data))


@pytest.mark.parametrize("seed", range(20))
def test_noise(seed: int) -> None:
    dice = random.Random(1000 + seed)
    one_input(dice.randbytes(dice.randrange(1, 5000)))
    one_input(answers(sdp(small_clip())) + dice.randbytes(3000))
    frames = b"".join(
        b"$" + bytes([dice.randrange(3)]) + (n := dice.randrange(60)).to_bytes(2, "big") + dice.randbytes(n)
        for _ in range(200)
    )
    one_input(answers(sdp(small_clip())) + frames)
