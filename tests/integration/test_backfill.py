"""Gaps filled from cameras' cards: a whole recorder process, a cut network, and what was recovered opened again."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from recorder.fsck.fsck import Fsck
from recorder.recording.scan import read_index
from recorder.retention.policies import Policies
from recorder.segment.format import SegmentName
from recorder.store.local import LocalStore
from tests.fakes.camera.card import CardUnit
from tests.fakes.camera.clips import unit_digest
from tests.fakes.camera.misbehave import misbehave
from tests.fakes.recorder_keeper import COMMUNE, camera_plan, zones
from tests.fakes.recorder_town import CAMERA, OTHER, ZONE, Town, pictures, town, write_clips
from tests.judges.pixels import FLAT_TOLERANCE
from vms.clock import MICRO
from vms.errors import GuetError
from vms.evidence.mp4 import decode_time_90k, nal_units, split_group
from vms.keys import derive, sealing, wrapping
from vms.model import Absence, Mending, Segment

CUT_S = 4.0
ALL = 1 << 62
STEP_US = 40_000
STEADY_US = 3 * MICRO


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_clips(tmp_path_factory.mktemp("clips"))


@dataclass
class Kept:
    """One group that was opened again."""

    origin: str
    start_us: int
    end_us: int
    plaintext: bytes

    def units(self) -> list[tuple[bytes, ...]]:
        return [tuple(nals) for nals in nal_units(split_group(self.plaintext)[1])]

    def times_us(self) -> list[int]:
        """When each picture was taken: tfdt, and the durations in trun, from ticks."""
        fragment = split_group(self.plaintext)[1]
        run = fragment.index(b"trun") + 4
        count = int.from_bytes(fragment[run + 4 : run + 8], "big")
        at, times = decode_time_90k(fragment), []
        for number in range(count):
            times.append(at * 100 // 9)
            place = run + 12 + 16 * number
            at += int.from_bytes(fragment[place : place + 4], "big")
        return times


async def opened(made: Town, camera: str, stream: str = "main") -> list[Kept]:
    """Every group of a stream, with the commune's private key, in order of time."""
    store = LocalStore(made.settings.store_dir, "")
    found = []
    for row in sorted(await made.rows(Segment, camera), key=lambda row: row.start_us):
        if row.stream != stream:
            continue
        name = SegmentName.parse(row.name)
        info = wrapping.hour_key_info(COMMUNE, camera, name.hour_key_id, name.start.hour().us)
        hour = wrapping.unwrap(made.keeper.commune_private, made.keeper.hour_keys[name.hour_key_id], info)
        path, key = store.path_of(name, COMMUNE), derive.segment_key(hour, row.name)
        for placed in read_index(store, path)[1]:
            number = placed.header.number
            sealed = path.read_bytes()[placed.sealed_offset : placed.end]
            plain = sealing.open_group(
                derive.group_key(key, number), derive.group_context(camera, row.name, number), sealed
            )
            found.append(Kept(row.origin, placed.header.utc_us, placed.header.end_us, plain))
    return found


def in_order(card: list[CardUnit], kept: list[str]) -> int:
    """How many of the kept digests lie on the card one after the other: all of them, when none is lost or twice."""
    digests = [one.unit.digest for one in card]
    starts = (start for start, digest in enumerate(digests) if digest == kept[0])
    return max((_same(digests[start:], kept) for start in starts), default=0)


def _same(some: list[str], others: list[str]) -> int:
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(some, others, strict=False)))


async def steady(made: Town, *cameras: str) -> None:
    """Each stream has its time: the first pictures of a connection that was served late are stamped late."""

    async def lasted() -> bool:
        try:
            kept = [await opened(made, camera) for camera in cameras]
        except GuetError:
            return False  # the last group was being written
        return all(some and some[-1].end_us - some[0].start_us >= STEADY_US for some in kept)

    await made.until(lasted, "streams with their time")


async def cut(made: Town, *cameras: str, meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
    """Cut the cameras' network for a while, then wait until every gap is settled and pictures have come since."""
    for camera in cameras:
        misbehave(made.farm[camera], "cut")
    await asyncio.sleep(CUT_S / 2)
    if meanwhile is not None:
        await meanwhile()
    await asyncio.sleep(CUT_S / 2)
    for camera in cameras:
        misbehave(made.farm[camera], "cut", on=False)

    async def settled() -> bool:
        rows = [await made.rows(Mending, camera) for camera in cameras]
        return all({row.stream for row in some if row.settled} == {"main", "sub"} for some in rows)

    await made.until(settled, "gaps settled")


async def test_a_cut_is_filled_frame_by_frame_clear_and_masked(short_home: Path, clips: dict[str, Path]) -> None:
    """A camera an hour behind, and a masked one: every picture of the gap is there once, and the index holds."""
    async with town(short_home, clips, cameras=2, card=True) as made:
        misbehave(made.farm[CAMERA], "clock-jump", seconds=-3600.537)
        for recording in made.farm[CAMERA].card.values():
            recording.erase(0, ALL)  # what it has by now bears the time from before the jump
        made.keeper.decide(camera_plan(CAMERA), camera_plan(OTHER, zone_set=zones(OTHER, "zones-9", ZONE)))
        await made.recorded(CAMERA)
        await made.recorded(OTHER)
        await steady(made, CAMERA, OTHER)
        await cut(made, CAMERA, OTHER)
        await made.end()
        for camera in (CAMERA, OTHER):
            rows = [row for row in await made.rows(Segment, camera) if row.origin == "edge"]
            assert {row.stream for row in rows} == {"main", "sub"}
            assert {row.state for row in rows} == {"sealed"}
            tiles = [(row.start_us, row.end_us) for row in await made.rows(Segment, camera) if row.stream == "main"]
            assert all(before[1] == after[0] for before, after in itertools.pairwise(sorted(tiles)))
            left = [row for row in await made.rows(Absence, camera) if row.end_us is not None]
            assert left == []
        kept = await opened(made, CAMERA)
        digests = [unit_digest(unit) for group in kept for unit in group.units()]
        assert in_order(made.farm[CAMERA].card["main"].between(0, ALL), digests) == len(digests)
        assert sum(len(group.units()) for group in kept if group.origin == "edge") >= CUT_S * 25
        await _masked_is_whole_and_opaque(made)
        await _fsck_is_clean(made)
        assert {(one["camera"], one["stream"]) for one in made.keeper.recovered} == {
            (camera, stream) for camera in (CAMERA, OTHER) for stream in ("main", "sub")
        }
        edges = {head["segment"] for head in made.keeper.heads if head.get("origin") == "edge"}
        assert edges == {
            row.name for camera in (CAMERA, OTHER) for row in await made.rows(Segment, camera) if row.origin == "edge"
        }


async def _masked_is_whole_and_opaque(made: Town) -> None:
    """Pictures at the camera's own pace right through both edges, so none is missing or there twice; none is clear."""
    kept = await opened(made, OTHER)
    first = next(number for number, group in enumerate(kept) if group.origin == "edge")
    last = max(number for number, group in enumerate(kept) if group.origin == "edge")
    recovered = [at for group in kept[first : last + 1] for at in group.times_us()]
    # After a new connection the live clock settles within its first pictures: their own distances say nothing here.
    times = [kept[first - 1].times_us()[-1], *recovered, kept[last + 1].times_us()[0]]
    steps = [after - before for before, after in itertools.pairwise(times)]
    assert all(STEP_US / 2 < step < STEP_US * 3 / 2 for step in steps), steps
    for group in kept[first : last + 1]:
        for picture in pictures([group.plaintext]):
            inside = picture[64:176, 84:236]
            assert int(inside.max()) - int(inside.min()) <= 2 * FLAT_TOLERANCE


async def _fsck_is_clean(made: Town) -> None:
    store = LocalStore(made.settings.store_dir, (made.settings.recorder_dir / "store-identity").read_text().strip())
    policies = Policies(store, made.settings.recorder_dir / "retention.json")
    report = await Fsck(made.engine, store, made.clock.utc(), policies).check()
    assert [finding for finding in report.findings if not finding.note] == []


async def test_what_the_card_lacks_and_what_was_forbidden_stay_gaps(short_home: Path, clips: dict[str, Path]) -> None:
    """P-24: nothing of when the camera might not record; what remains says both causes and is not asked for again."""
    async with town(short_home, clips, card=True) as made:
        made.keeper.decide(camera_plan(CAMERA))
        await made.recorded()
        from_us = made.clock.utc().us
        made.keeper.forbidden.append((from_us, from_us + MICRO + 300_000))

        async def lose() -> None:
            misbehave(made.farm[CAMERA], "card", on=False)
            await asyncio.sleep(1.3)
            misbehave(made.farm[CAMERA], "card", on=True)

        await cut(made, CAMERA, meanwhile=lose)
        await made.end()
        edge = sorted(
            (r.start_us, r.end_us) for r in await made.rows(Segment) if (r.origin, r.stream) == ("edge", "main")
        )
        assert len(edge) == 2
        assert edge[0][0] >= from_us + MICRO + 300_000
        left = sorted(
            (r.start_us, r.end_us, r.cause, r.detail)
            for r in await made.rows(Absence)
            if r.stream == "main" and r.end_us
        )
        assert {cause for _, _, cause, _ in left} <= {"camera-unreachable", "stream-stalled"}
        details = [detail for _, _, _, detail in left]
        assert details[0] == "carte : enregistrement non autorisé à cet instant"
        assert details[-1] == "carte : rien d’enregistré à cet instant"
        spans = sorted([*edge, *((low, high) for low, high, _, _ in left)])
        live = sorted(
            (r.start_us, r.end_us) for r in await made.rows(Segment) if (r.origin, r.stream) == ("live", "main")
        )
        everything = sorted([*spans, *live])
        assert all(before[1] == after[0] for before, after in itertools.pairwise(everything))
        await _fsck_is_clean(made)
