"""The index of a replay, and sealed bytes for a permit only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from recorder.recording.playback import Playback
from recorder.segment.format import GROUP_HEADER_BYTES, GroupHeader, SegmentName
from tests.fakes.recording import CAMERA, COMMUNE, START, Format, Rig
from vms.clock import UtcTime
from vms.errors import BadInput, Damaged, LimitExceeded, NotFound, Refused
from vms.keeper.gate.permit import Permit, PermitPayload, sign_permit, verify_permit
from vms.keys import derive, sealing
from vms.keys.signing import generate_signing_key

PRIVATE, PUBLIC = generate_signing_key()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = await Rig(tmp_path).prepare()
    yield made
    await made.close()


def at(seconds: float) -> UtcTime:
    return START.plus(seconds=seconds)


async def record(rig: Rig, *, close: bool = True) -> None:
    """Two segments, an absence of ten seconds, a third segment of two groups."""
    writer = rig.writer()
    await writer.start()
    for second in range(0, 80, 2):
        await writer.group([f"group {second} ".encode() * 90], at(second), at(second + 2), 50, Format())
    await writer.absence(at(80), "stream-stalled", "plus d’image")
    for second in (90, 92):
        await writer.group([f"group {second} ".encode() * 90], at(second), at(second + 2), 50, Format())
    rig.clock.advance(seconds=100)
    if close:
        await writer.close()


def permit(rig: Rig, **changes: Any) -> Permit:
    now = rig.clock.utc()
    payload = {
        "id": "a" * 32, "session": "s", "person": "p", "act": "replay", "commune": COMMUNE, "cameras": (CAMERA,),
        "issued_us": now.us, "expires_us": now.plus(seconds=4).us,
    } | changes  # fmt: skip
    return verify_permit(sign_permit(PermitPayload.model_validate(payload), PRIVATE), PUBLIC, now)


def playback(rig: Rig) -> Playback:
    return Playback(rig.engine, rig.store, rig.clock)


async def test_timeline_joins_what_abuts_and_names_absences(rig: Rig) -> None:
    await record(rig)
    line = await playback(rig).timeline(CAMERA, "main", at(-100), at(500))
    assert [(one.start, one.end) for one in line.recorded] == [(at(0), at(80)), (at(90), at(94))]
    assert [(one.start, one.end, one.cause) for one in line.absences] == [
        (at(80), at(90), "stream-stalled"),
        (at(94), None, "recorder-stopped"),
    ]
    assert line.absences[0].detail == "plus d’image"


async def test_timeline_reaches_the_last_whole_group_of_an_open_segment(rig: Rig) -> None:
    await record(rig, close=False)
    line = await playback(rig).timeline(CAMERA, "main", at(93), at(500))
    assert [(one.start, one.end) for one in line.recorded] == [(at(90), at(94))]
    assert (await playback(rig).timeline(CAMERA, "main", at(94), at(500))).recorded == ()
    (row, *_) = sorted(await rig.segments(), key=lambda one: -one.start_us)
    path = rig.store.path_of(SegmentName.parse(row.name), COMMUNE)
    path.write_bytes(path.read_bytes()[:-1])
    line = await playback(rig).timeline(CAMERA, "main", at(93), at(500))
    assert line.recorded == ()


async def test_a_window_holds_exactly_the_groups_that_touch_it(rig: Rig) -> None:
    await record(rig)
    segments = await playback(rig).window(permit(rig), CAMERA, "main", at(57), at(91))
    assert [[group.utc_us for group in one.groups] for one in segments] == [
        [at(56).us, at(58).us],
        [at(second).us for second in range(60, 80, 2)],
        [at(90).us],
    ]
    first = segments[0].view()
    assert first["groups"][0].keys() == {"number", "utc_us", "duration_us", "units", "offset", "length"}
    assert (first["codec"], first["start_us"], first["end_us"]) == ("avc1.64001F", at(0).us, at(60).us)
    assert await playback(rig).window(permit(rig), CAMERA, "main", at(80), at(90)) == []
    assert await playback(rig).window(permit(rig), CAMERA, "sub", at(0), at(90)) == []


async def test_sealed_bytes_open_with_the_groups_key(rig: Rig) -> None:
    await record(rig)
    play = playback(rig)
    (segment,) = await play.window(permit(rig), CAMERA, "main", at(10), at(11))
    (group,) = segment.groups
    sealed = await play.sealed_bytes(permit(rig), segment.name, group.offset, group.length)
    key = derive.segment_key(rig.hour_key(SegmentName.parse(segment.name).hour_key_id), segment.name)
    context = derive.group_context(CAMERA, segment.name, group.number)
    assert sealing.open_group(derive.group_key(key, group.number), context, sealed) == b"group 10 " * 90


async def test_several_groups_in_a_row_may_be_read_at_once(rig: Rig) -> None:
    await record(rig)
    play = playback(rig)
    (segment,) = await play.window(permit(rig), CAMERA, "main", at(10), at(16))
    first, last = segment.groups[0], segment.groups[-1]
    length = last.offset + last.length - first.offset
    assert len(await play.sealed_bytes(permit(rig), segment.name, first.offset, length)) == length


async def test_a_group_may_be_read_with_its_header(rig: Rig) -> None:
    await record(rig)
    play = playback(rig)
    (segment,) = await play.window(permit(rig), CAMERA, "main", at(10), at(11))
    (group,) = segment.groups
    head = GROUP_HEADER_BYTES
    data = await play.sealed_bytes(permit(rig), segment.name, group.offset - head, group.length + head)
    assert GroupHeader.parse(data).number == group.number
    GroupHeader.parse(data).check(data[head:])


@pytest.mark.parametrize("shift,more", [(1, 0), (-1, 0), (0, 1), (0, -1), (-77, 77), (-75, 75), (10**9, 0), (0, 10**6)])
async def test_only_whole_groups_leave(rig: Rig, shift: int, more: int) -> None:
    await record(rig)
    play = playback(rig)
    (segment,) = await play.window(permit(rig), CAMERA, "main", at(10), at(11))
    (group,) = segment.groups
    with pytest.raises(BadInput):
        await play.sealed_bytes(permit(rig), segment.name, group.offset + shift, group.length + more)
    for length in (0, -5, 10**10):
        with pytest.raises(LimitExceeded):
            await play.sealed_bytes(permit(rig), segment.name, group.offset, length)


@pytest.mark.parametrize(
    "changes",
    [
        {"act": "live"}, {"act": "snapshot"}, {"cameras": ("valclair-c02",)},
        {"from_us": at(12).us, "to_us": at(20).us}, {"from_us": at(0).us, "to_us": at(10).us},
    ],
)  # fmt: skip
async def test_a_permit_for_something_else_opens_nothing(rig: Rig, changes: dict[str, Any]) -> None:
    await record(rig)
    play = playback(rig)
    (segment,) = await play.window(permit(rig), CAMERA, "main", at(10), at(11))
    (group,) = segment.groups
    with pytest.raises(Refused):
        await play.sealed_bytes(permit(rig, **changes), segment.name, group.offset, group.length)


async def test_a_permit_reaches_each_group_that_touches_its_span(rig: Rig) -> None:
    await record(rig)
    play = playback(rig)
    (segment,) = await play.window(permit(rig), CAMERA, "main", at(10), at(11))
    (group,) = segment.groups
    narrow = permit(rig, from_us=at(11).us, to_us=at(11.5).us)
    assert await play.sealed_bytes(narrow, segment.name, group.offset, group.length)
    export = permit(rig, act="export", from_us=at(11).us, to_us=at(11.5).us)
    assert await play.sealed_bytes(export, segment.name, group.offset, group.length)


async def test_a_permit_that_ran_out_opens_nothing(rig: Rig) -> None:
    await record(rig)
    play, held = playback(rig), permit(rig)
    (segment,) = await play.window(held, CAMERA, "main", at(10), at(11))
    rig.clock.advance(seconds=5)
    with pytest.raises(Refused):
        await play.sealed_bytes(held, segment.name, segment.groups[0].offset, segment.groups[0].length)
    with pytest.raises(Refused):
        await play.window(held, CAMERA, "main", at(10), at(11))


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "x.seg", f"{CAMERA}.main.20261124T141000000000Z.{'0' * 32}.0"]
)
async def test_names_lead_nowhere_else(rig: Rig, name: str) -> None:
    with pytest.raises((Damaged, NotFound)):
        await playback(rig).sealed_bytes(permit(rig), name, 0, 10)


async def test_ranges_that_make_no_sense_are_refused(rig: Rig) -> None:
    play = playback(rig)
    for start, end in ((at(1), at(1)), (at(2), at(1))):
        with pytest.raises(BadInput):
            await play.timeline(CAMERA, "main", start, end)
        with pytest.raises(BadInput):
            await play.window(permit(rig), CAMERA, "main", start, end)
    with pytest.raises(LimitExceeded):
        await play.window(permit(rig), CAMERA, "main", at(0), at(301))
    with pytest.raises(LimitExceeded):
        await play.timeline(CAMERA, "main", at(0), START.plus(days=33))


async def test_a_missing_file_leaves_the_rest_playing(rig: Rig) -> None:
    await record(rig)
    rows = await rig.segments()
    rig.store.path_of(SegmentName.parse(rows[0].name), COMMUNE).unlink()
    segments = await playback(rig).window(permit(rig), CAMERA, "main", at(0), at(100))
    assert [one.name for one in segments] == [row.name for row in rows[1:]]
    with pytest.raises(NotFound):
        await playback(rig).sealed_bytes(permit(rig), rows[0].name, 0, 10)
