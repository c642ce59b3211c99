"""What ends a picture is in doubt: no part of one is ever handed on, however the packets are read."""

from __future__ import annotations

import pytest

from recorder.access_unit import AccessUnit
from recorder.rtsp.assembly import RESERVED_DOUBTED_COUNT, UNIT_LIMIT_BYTES
from recorder.rtsp.h264 import H264Depacketizer
from recorder.rtsp.h265 import H265Depacketizer

FIRST, OTHER = b"\x41\x9a", b"\x41\x5a"  # slices: of the first macroblock, and of a later one
KEY = b"\x65\x88"
FRAME = 3600


class Feed:
    """A wary depacketiser, asked for its units after every packet."""

    def __init__(self) -> None:
        self.target = H264Depacketizer(wary=True)
        self.units: list[AccessUnit] = []

    def packet(self, payload: bytes, time: int, *, marker: bool = False) -> None:
        self.target.push(payload, 0, len(payload), time, marker, 0)
        self.units += self.target.take()

    def picture(self, number: int, *slices: bytes, marked: frozenset[int] | None = None) -> tuple[bytes, ...]:
        """One picture of single packets; by default only the last one is marked."""
        nals = tuple(piece + bytes((number, at)) for at, piece in enumerate(slices))
        last = frozenset((len(nals) - 1,))
        for at, nal in enumerate(nals):
            self.packet(nal, FRAME * number, marker=at in (last if marked is None else marked))
        return nals

    @property
    def nals(self) -> list[tuple[bytes, ...]]:
        return [unit.nals for unit in self.units]


def fragments(nal: bytes, count: int) -> list[bytes]:
    size = -(-(len(nal) - 1) // count)
    pieces = [nal[at : at + size] for at in range(1, len(nal), size)]
    return [
        bytes((nal[0] & 0xE0 | 28, (at == 0) << 7 | (at == len(pieces) - 1) << 6 | nal[0] & 0x1F)) + piece
        for at, piece in enumerate(pieces)
    ]


@pytest.mark.parametrize("stray", [0, 1, 2])
def test_a_stray_marker_between_slices_cuts_no_picture(stray: int) -> None:
    feed = Feed()
    sent = [
        feed.picture(number, FIRST, OTHER, OTHER, OTHER, marked=frozenset((stray, 3)) if number in (5, 9) else None)
        for number in range(12)
    ]
    assert feed.nals == sent[: len(feed.nals)]
    assert len(feed.nals) >= 11
    assert not any(unit.lost_before for unit in feed.units)


def test_pictures_of_more_slices_than_the_key_picture_all_marked() -> None:
    feed = Feed()
    sent = [feed.picture(0, KEY)]
    sent += [feed.picture(number, FIRST, OTHER, OTHER, marked=frozenset(range(3))) for number in range(1, 8)]
    assert feed.nals == sent[: len(feed.nals)]
    assert len(feed.nals) >= 7


@pytest.mark.parametrize("marked", [False, True])
def test_slices_with_a_time_of_their_own_in_fragments_give_nothing(marked: bool) -> None:
    feed = Feed()
    for number in range(9):
        for at, head in enumerate((FIRST, OTHER, OTHER)):
            pieces = fragments(head + bytes(range(1, 90)), 3)
            for place, piece in enumerate(pieces):
                last = place == len(pieces) - 1
                feed.packet(piece, FRAME * number + at, marker=last and (marked or at == 2))
    assert feed.units == []
    assert feed.target.dropped_units > 0


@pytest.mark.parametrize("seed", range(4))
def test_every_fragment_said_to_be_the_first_gives_nothing(seed: int) -> None:
    feed = Feed()
    for number in range(6):
        slices = [FIRST + bytes((0x80 | seed * 31 + at & 0xFF,)) * 60 for at in range(2)]
        pieces = [piece for nal in slices for piece in fragments(nal, 4)]
        for place, piece in enumerate(pieces):
            started = piece[:1] + bytes((piece[1] | 0x80,)) + piece[2:]
            feed.packet(started, FRAME * number, marker=place == len(pieces) - 1)
    assert feed.units == []


@pytest.mark.parametrize("kind", [30, 31])
def test_a_maker_s_own_packets_between_pictures_are_passed_over_in_time(kind: int) -> None:
    feed = Feed()
    sent = []
    for number in range(20):
        feed.packet(bytes((kind,)) + b"made by us", FRAME * number, marker=number % 2 == 0)
        sent.append(feed.picture(number, FIRST))
    whole = [number for number, nals in enumerate(sent) if nals in feed.nals]
    assert set(range(RESERVED_DOUBTED_COUNT + 1, 18)) <= set(whole)
    assert all(nals in sent for nals in feed.nals)


def test_a_packet_of_a_reserved_kind_inside_a_picture_is_never_passed_over() -> None:
    feed = Feed()
    for number in range(12):
        one, two = fragments(FIRST + bytes((number + 1,)) * 40, 2)
        for payload, marker in ((one, False), (b"\x1f????", False), (two, True)):
            feed.packet(payload, FRAME * number, marker=marker)
    assert feed.units == []


def test_reserved_kinds_of_h265_are_passed_over_too() -> None:
    target = H265Depacketizer(wary=True)
    found: list[AccessUnit] = []
    for number in range(12):
        for payload, marker in ((b"\x78\x01maker", False), (b"\x02\x01\x80" + bytes((number,)), True)):
            target.push(payload, 0, len(payload), FRAME * number, marker, 0)
            found += target.take()
    assert [unit.nals[0][3] for unit in found] == list(range(RESERVED_DOUBTED_COUNT, 12))


def test_losses_behind_a_picture_in_doubt_cost_one_picture_of_its_kind() -> None:
    feed = Feed()
    sent = []
    for number in range(6):
        sent.append(feed.picture(number, KEY))
        feed.target.lost()
    assert feed.nals == sent[1:]


def test_another_layer_s_slices_and_sets_belong_to_the_picture_that_they_add_to() -> None:
    """H.265 with layers (nuh_layer_id above 0), whose slices are first in their picture too."""
    target = H265Depacketizer(wary=True)
    pictures = [(b"\x02\x01\x80" + bytes((number,)), b"\x03\x01\x80", b"\x02\x09\x80") for number in range(6)]
    for number, nals in enumerate(pictures):
        for at, nal in enumerate(nals):
            target.push(nal, 0, len(nal), FRAME * number, at == 2, 0)
    assert [unit.nals for unit in target.take()] == pictures


def test_what_key_pictures_open_with_is_known_of_one_in_doubt_too() -> None:
    """The first key picture is given up for a loss behind it; the next one lacks its parameter sets."""
    feed = Feed()
    feed.picture(0, b"\x67\x42", b"\x68\xce", KEY)
    feed.target.lost()
    feed.picture(2, FIRST)
    feed.target.lost()
    feed.picture(3, KEY)
    feed.picture(4, FIRST)
    whole = feed.picture(5, b"\x67\x42", b"\x68\xce", KEY)
    feed.picture(6, FIRST)
    assert [unit.nals for unit in feed.units if unit.key] == [whole]


def test_what_a_hole_parts_from_its_picture_is_no_part_of_it() -> None:
    """Neither time nor marker, and the second of two parameter sets is missing."""
    feed = Feed()
    sent: list[tuple[bytes, ...]] = []
    for number in range(6):
        sets = (b"\x67\x42" + bytes((number,)), b"\x68\xce")
        feed.packet(sets[0], 0)
        if number == 3:
            feed.target.lost()
        else:
            feed.packet(sets[1], 0)
        slices = (KEY + bytes((number,)), FIRST + bytes((number,)))
        for nal in slices:
            feed.packet(nal, 0)
        sent += [(*sets, slices[0]), (slices[1],)]
    assert all(nals in sent for nals in feed.nals)
    assert len(feed.nals) >= len(sent) - 4


def ended(feed: Feed) -> list[tuple[bytes, ...]]:
    """What the end of the connection brings."""
    feed.target.finish()
    return [unit.nals for unit in feed.target.take()]


def test_the_last_picture_in_doubt_is_kept_when_it_has_as_many_slices_as_any() -> None:
    feed = Feed()
    sent = [feed.picture(0, KEY), feed.picture(1, FIRST)]
    assert feed.nals == sent[:1]
    assert ended(feed) == sent[1:]


def test_the_last_picture_in_doubt_goes_when_others_had_more_slices_or_none_came() -> None:
    feed = Feed()
    feed.picture(0, KEY, KEY[:1] + OTHER[1:])
    feed.picture(1, FIRST)
    assert ended(feed) == []
    alone = Feed()
    alone.picture(0, KEY)
    assert ended(alone) == []


def test_a_hole_behind_a_picture_in_doubt_costs_it_only_when_it_may_lie_in_it() -> None:
    feed = Feed()
    sent = [feed.picture(0, KEY), feed.picture(1, FIRST)]
    feed.target.lost()
    sent.append(feed.picture(3, FIRST))
    assert (feed.nals, [unit.lost_before for unit in feed.units]) == (sent, [False, False, True])
    several = Feed()
    kept = several.picture(0, KEY, KEY[:1] + OTHER[1:])
    several.picture(1, FIRST)
    several.target.lost()
    later = several.picture(3, FIRST, OTHER)
    assert (several.nals, several.units[-1].lost_before) == ([kept, later], True)


def test_a_picture_that_only_a_new_time_ends_is_kept_at_the_end_once_one_was_whole() -> None:
    feed = Feed()
    sent = [feed.picture(number, FIRST, marked=frozenset()) for number in range(3)]
    feed.packet(b"\x09\xf0", FRAME * 3)
    assert (feed.nals, ended(feed)) == (sent[:2], sent[2:])
    once = Feed()
    once.picture(0, FIRST, marked=frozenset())
    once.packet(b"\x09\xf0", FRAME)
    assert ended(once) == []


def test_a_unit_past_its_limit_behind_a_picture_in_doubt_is_given_up_at_a_hole() -> None:
    feed = Feed()
    feed.packet(KEY + b"x" * 50, 0, marker=True)
    for _ in range(UNIT_LIMIT_BYTES // 60_000 + 1):
        feed.packet(b"\x06\x05" + b"a" * 60_000, 0)
    feed.target.lost()
    sent = [feed.picture(number, KEY) for number in range(1, 4)]
    assert feed.nals == sent[: len(feed.nals)]
    assert feed.nals


@pytest.mark.parametrize("times", [1, 50])
def test_where_neither_time_nor_marker_parts_pictures_one_fragment_left_out_costs_few(times: int) -> None:
    feed = Feed()
    for number in range(100):
        pieces = fragments((FIRST if number % 10 else KEY) + bytes((number + 1,)) * 30, 3)
        for piece in pieces[:2] if number == 5 else pieces:  # the numbering goes on: nothing tells of a loss
            feed.packet(piece, number // times * 90_000 if times > 1 else 0)
    whole = [bytes((number + 1,)) * 30 for number in range(100) if number != 5]
    assert all(unit.nals[0][2:] in whole and len(unit.nals) == 1 for unit in feed.units)
    assert len(feed.units) >= 90


def test_a_picture_in_doubt_bears_the_time_at_which_it_came() -> None:
    target = H264Depacketizer(wary=True)
    came = {}
    for number in range(40):
        slices = (KEY, OTHER) if number == 0 else (FIRST, OTHER) if number == 3 else (FIRST,)
        for at, head in enumerate(slices):
            nal = head + bytes((number, at))
            target.push(nal, 0, len(nal), FRAME * number, at == len(slices) - 1, number * 1000)
        came |= {unit.rtp_time // FRAME: unit.received_us for unit in target.take()}
    assert len(came) > 30
    assert all(received_us == number * 1000 for number, received_us in came.items())


def test_slices_with_times_of_their_own_and_a_hole_in_the_second_give_nothing() -> None:
    feed = Feed()
    for number in range(6):
        for at in range(3):
            pieces = fragments((KEY if at == 0 else b"\x65\x48") + bytes((number + 1,)) * 30, 3)
            for place, piece in enumerate(pieces):
                if (number, at, place) == (2, 1, 1):
                    feed.target.lost()
                    continue
                feed.packet(piece, 10 * FRAME * number + at, marker=at == 2 and place == len(pieces) - 1)
    assert feed.units == []


def test_one_picture_of_more_slices_is_forgotten_with_its_group() -> None:
    feed = Feed()
    for number in range(20):
        feed.picture(number, *([KEY] if number % 5 == 0 else [FIRST, OTHER] if number == 2 else [FIRST]))
    assert feed.target.rests, "pictures of one slice are plain again, and none waits for what follows"
    assert len(feed.units) == 20
