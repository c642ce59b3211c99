"""Nothing clear leaves the memory of the recorder and of the pages: files, open files, and the web process's memory.

The needles are every NAL unit that the cameras send (their clips', streamed as they lie), those that the mask stage
handed over, taken from what a page received, and the stills that a framing session shows. A search that finds what is
planted is run before its silence counts; it is run during live, replay, framing and an extraction, and afterwards.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import av
import cv2
import pytest
import pytest_asyncio

from deploy.demo.town import CAMERAS
from tests.fakes.camera.clips import load_clip
from tests.fakes.machine import Machine, children, eventually, running
from tests.judges.clear_bytes import Found, Needles, memory_of, open_for_writing
from tests.system.keeper_keys import note_keys
from tests.system.page import Group, LiveView, nals_of, opened_groups, replay, timeline, watch
from tests.system.requests import approved, extracted, video_of
from vms.clock import MICRO
from vms.errors import GuetError
from vms.evidence.mp4 import decode_time_90k
from vms.keys.derive import segment_key

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

TWO: Final = [one for one in CAMERAS if one.commune == "valclair" and one.number in (1, 2)]
MASKED, CLEAR = "valclair-c01", "valclair-c02"
PATIENCE_S: Final = 120.0
RECORDED_S: Final = 6.0
FRAGMENTS: Final = 30
LOOK_BACK_US: Final = 240 * MICRO
EXTRACTED_S: Final = 8.0
LOOKS_LIMIT_COUNT: Final = 6
LOOK_APART_S: Final = 0.03
STILLS: Final = 3
FORMATS: Final = ((), ("-f", "h264"), ("-f", "hevc"), ("-f", "mp4"))


def now_us() -> int:
    return time.time_ns() // 1000


@dataclass
class Scene:
    """The machine, and what a page had of it: live fragments and opened groups by camera and stream."""

    machine: Machine
    views: list[LiveView] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene() -> AsyncIterator[Scene]:
    async with running(TWO) as machine:
        assert await machine.set_up("valclair") == [MASKED, CLEAR]
        for camera in (MASKED, CLEAR):
            await eventually(partial(recorded, machine, camera), within_s=PATIENCE_S, every_s=0.5, what=camera)
        yield Scene(machine)


async def recorded(machine: Machine, camera: str) -> bool:
    mayor = await machine.town("valclair").as_("mayor")
    try:
        spans = (await timeline(mayor, camera, "main", now_us() - LOOK_BACK_US, now_us()))["recorded"]
    except GuetError:
        return False
    return sum(one["to_us"] - one["from_us"] for one in spans) > RECORDED_S * MICRO


def sent_nals(machine: Machine) -> list[bytes]:
    """Every NAL unit of every access unit that the cameras send."""
    clips = {path for clip in machine.clips.values() for path in (clip.main, clip.sub)}
    return list(dict.fromkeys(nal for path in clips for unit in load_clip(path).units for nal in unit.nals))


def handed_over(scene: Scene) -> list[bytes]:
    """What the mask stage handed over, as live views and replay showed it."""
    live = [nal for view in scene.views if view.camera == MASKED for unit in units_of(view) for nal in unit]
    kept = [nal for one in scene.groups if one.segment.startswith(MASKED) for unit in one.units() for nal in unit]
    assert live
    assert kept
    return list(dict.fromkeys(live + kept))


def units_of(view: LiveView) -> list[tuple[bytes, ...]]:
    """The access units of a live view: an initialisation segment, then fragments."""
    with av.open(io.BytesIO(b"".join(view.fragments))) as container:
        return [nals_of(bytes(packet)) for packet in container.demux(container.streams.video[0]) if packet.size]


def search_everything(machine: Machine, needles: Needles) -> list[Found]:
    """Every file of the home, and every file that a process of ours holds open for writing, wherever it is."""
    hits = needles.search_tree(machine.settings.home)
    for pid in machine.all_pids():
        for path in open_for_writing(pid):
            hits += list(needles.search_file(path))
    return hits


async def test_the_search_finds_what_is_planted(scene: Scene) -> None:
    needles = await asyncio.to_thread(Needles, sent_nals(scene.machine))
    assert len(needles) > 100
    unit = max(sent_nals(scene.machine), key=len)
    planted = scene.machine.settings.home / "store" / "planted.bin"
    planted.write_bytes(bytes(range(256)) * 50 + unit[1000:1032] + bytes(range(256)) * 50)
    try:
        found = await asyncio.to_thread(search_everything, scene.machine, needles)
        assert {Path(hit.where) for hit in found} == {planted}
    finally:
        planted.unlink()


async def test_nothing_clear_lies_in_a_file_during_live_and_replay(scene: Scene) -> None:
    """The search runs while both streams of both cameras are watched and replayed, then again afterwards."""
    mayor = await scene.machine.town("valclair").as_("mayor")
    sent = await asyncio.to_thread(Needles, sent_nals(scene.machine))
    watching = []
    for camera in (MASKED, CLEAR):
        for stream in ("main", "sub"):
            view = LiveView(camera)
            scene.views.append(view)
            watching.append(asyncio.create_task(watch(mayor, view, stream)))

    async def lit() -> bool:
        assert not any(view.ended for view in scene.views), [view.texts for view in scene.views]
        return all(len(view.fragments) > FRAGMENTS for view in scene.views)

    await eventually(lit, within_s=PATIENCE_S, what="four lit views")
    async with AsyncExitStack() as pages:
        for camera in (MASKED, CLEAR):
            for stream in ("main", "sub"):
                page = await pages.enter_async_context(replay(mayor, camera, stream))
                scene.groups += await page.window(now_us() - LOOK_BACK_US, now_us() - MICRO)
        assert {one.segment.split(".")[0] for one in scene.groups} == {MASKED, CLEAR}
        during = await asyncio.to_thread(search_everything, scene.machine, sent)
        masked = await asyncio.to_thread(Needles, handed_over(scene))
        during += await asyncio.to_thread(search_everything, scene.machine, masked)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    after = [
        hit for needles in (sent, masked) for hit in await asyncio.to_thread(search_everything, scene.machine, needles)
    ]
    assert (during, after) == ([], [])
    print(f"\n{len(sent)} NAL units sent and {len(masked)} masked ones looked for in every file: none found")


async def test_what_a_framing_session_shows_lies_in_no_file(scene: Scene) -> None:
    """The one clear picture there is (P-57): its bytes, its stills as planes and files, while the session is open."""
    mayor = await scene.machine.town("valclair").as_("mayor")
    await mayor.post(f"/cameras/{MASKED}/framing/open", {"minutes": 5})
    view = LiveView(MASKED)
    watching = asyncio.create_task(watch(mayor, view, act="framing"))

    async def lit() -> bool:
        assert not view.ended, view.texts
        return len(view.fragments) > FRAGMENTS

    try:
        await eventually(lit, within_s=PATIENCE_S, what="the framing session")
        shown = [nal for unit in units_of(view) for nal in unit]
        sent = await asyncio.to_thread(Needles, filter(is_picture, sent_nals(scene.machine)))
        assert all(list(sent.search(nal)) for nal in filter(is_picture, shown) if len(nal) > 100), "it is clear"
        needles = await asyncio.to_thread(Needles, [*shown, *stills_of(view)])
        assert await asyncio.to_thread(search_everything, scene.machine, needles) == []
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await mayor.post(f"/cameras/{MASKED}/framing/close")
    assert await asyncio.to_thread(search_everything, scene.machine, needles) == []


def stills_of(view: LiveView) -> list[bytes]:
    """The first pictures of a view as an editor would hold them: planes, packed colours, JPEG."""
    found: list[bytes] = []
    with av.open(io.BytesIO(b"".join(view.fragments))) as container:
        for picture, _ in zip(container.decode(video=0), range(STILLS), strict=False):
            colours = picture.to_ndarray(format="bgr24")
            found += [cv2.imencode(form, colours)[1].tobytes() for form in (".jpg", ".png")]
            found += [picture.to_ndarray().tobytes(), picture.to_ndarray(format="rgba").tobytes()]
    return found


async def test_an_extraction_leaves_nothing_clear_and_is_what_the_mask_stage_handed_over(
    scene: Scene, tmp_path: Path
) -> None:
    """Its worker is halted again and again while it writes, and every file searched each time (P-38, T-10)."""
    town = scene.machine.town("valclair")
    view = LiveView(MASKED)
    watching = asyncio.create_task(watch(await town.as_("mayor"), view))

    async def seen() -> bool:
        assert not view.ended, view.texts
        # As the view has it: on a busy machine it is behind.
        return decode_time_90k(view.fragments[-1]) * 100 // 9 > begun_us + (EXTRACTED_S + 4) * MICRO

    await eventually(partial(lit_twice, view), within_s=PATIENCE_S, what="the live view")
    begun_us = now_us()
    await eventually(seen, within_s=PATIENCE_S, what="the range")
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert not [one for one in view.texts if one["type"] == "late"], "the view saw every unit"
    handed = units_of(view)
    clear = await asyncio.to_thread(Needles, [*sent_nals(scene.machine), *(nal for unit in handed for nal in unit)])
    looked: list[list[Found]] = []
    request = await approved(town, [MASKED], begun_us + 3 * MICRO, begun_us + round((3 + EXTRACTED_S) * MICRO))
    package = await extracted(town, request, tmp_path, partial(halted_looks, scene.machine, clear, looked))
    assert looked, "the worker was seen at work"
    assert looked == [[]] * len(looked)
    assert await asyncio.to_thread(search_everything, scene.machine, clear) == []

    video, listed = video_of(package, tmp_path)
    with av.open(str(video)) as container:
        got = [nals_of(bytes(packet)) for packet in container.demux(container.streams.video[0]) if packet.size]
    assert len(got) > EXTRACTED_S * 5
    at = handed.index(got[0])
    assert got == handed[at : at + len(got)], "unit for unit what the mask stage handed over"
    assert listed == [hashlib.sha256(nal).hexdigest() for unit in got for nal in unit]
    print(f"\n{len(got)} masked units extracted; every file searched {len(looked)} times while the worker was at work")


async def lit_twice(view: LiveView) -> bool:
    """Whether there is a picture after the initialisation."""
    return len(view.fragments) > 1


async def halted_looks(machine: Machine, needles: Needles, looked: list[list[Found]]) -> None:
    """Stop the export worker, search every file, let it go on a little, until it has ended."""

    async def at_work() -> bool:
        return bool(workers(machine))

    await eventually(at_work, within_s=PATIENCE_S, every_s=0.005, what="an export worker")
    while (found := workers(machine)) and len(looked) < LOOKS_LIMIT_COUNT:
        try:
            os.kill(found[0], signal.SIGSTOP)
        except ProcessLookupError:  # it ended while we looked
            return
        try:
            looked.append(await asyncio.to_thread(search_everything, machine, needles))
        finally:
            os.kill(found[0], signal.SIGCONT)
        await asyncio.sleep(LOOK_APART_S)


def workers(machine: Machine) -> list[int]:
    """The running export workers."""
    [web] = machine.pids("web")
    return [pid for pid, command in children(web) if "recorder.export.worker" in command]


async def test_what_is_masked_is_not_what_was_sent(scene: Scene) -> None:
    """Of a masked camera no sent access unit reaches a page either: live and replay show other bytes."""
    needles = await asyncio.to_thread(Needles, filter(is_picture, sent_nals(scene.machine)))
    for nal in filter(is_picture, handed_over(scene)):
        assert not list(needles.search(nal)), "32 bytes of a clear unit left the mask stage"


def is_picture(nal: bytes) -> bool:
    """Whether a NAL unit of H.264 holds slices: both encoders are x264, and say so in the same words (SEI)."""
    return 1 <= nal[0] & 0x1F <= 5


async def test_ffmpeg_decodes_no_frame_from_any_stored_file(scene: Scene, tmp_path: Path) -> None:
    control = tmp_path / "control.mp4"
    control.write_bytes(scene.groups[0].plaintext)
    assert decoded(control, ()) > 0, "an opened group does decode"
    stored = [path for path in scene.machine.settings.home.rglob("*") if path.is_file() and path.stat().st_size > 256]
    assert sum(path.suffix == ".seg" for path in stored) >= 4
    for path in stored:
        for form in FORMATS if path.suffix == ".seg" else FORMATS[:1]:
            assert decoded(path, form) == 0, (path, form)


def decoded(path: Path, form: Iterable[str]) -> int:
    """Frames that ffmpeg decodes from a file."""
    run = subprocess.run(
        ["ffmpeg", "-v", "quiet", "-nostdin", *form, "-i", str(path), "-map", "0:v", "-f", "framemd5", "-"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return sum(1 for line in run.stdout.splitlines() if line and not line.startswith("#"))


async def test_the_web_process_holds_no_key_in_use(scene: Scene) -> None:
    """Group keys pass through it sealed to the page; hour and segment keys never come near it."""
    noted = note_keys(scene.machine.settings.home, "valclair")
    hours = dict(zip(noted.ids, noted.opened, strict=True))
    segments = {one.segment: segment_key(hours[one.segment.split(".")[3]], one.segment) for one in scene.groups}
    keys = [*noted.opened, *segments.values(), *(one.key for one in scene.groups)]
    written = [form for key in keys for form in (key, base64.b64encode(key), key.hex().encode())]
    needles = Needles([*written, noted.private])
    # A page is replaying meanwhile: its keys are in use.
    mayor = await scene.machine.town("valclair").as_("mayor")
    async with replay(mayor, MASKED) as page:
        assert await page.window(now_us() - LOOK_BACK_US, now_us() - MICRO)
        [web], [keeper] = scene.machine.pids("web"), scene.machine.pids("keeper")
        assert await asyncio.to_thread(in_memory, keeper, Needles([noted.private])), "the search finds what is there"
        assert not await asyncio.to_thread(in_memory, web, needles)
    print(f"\n{len(keys)} keys looked for in the web process's memory: none found")


def in_memory(pid: int, needles: Needles) -> bool:
    """Whether any needle stands in the process's memory."""
    return any(True for region in memory_of(pid) for _ in needles.search(region))


async def test_after_the_end_nothing_clear_is_left(scene: Scene) -> None:
    needles = await asyncio.to_thread(Needles, [*sent_nals(scene.machine), *handed_over(scene)])
    everything = await opened_groups(
        await scene.machine.town("valclair").as_("mayor"), CLEAR, "main", now_us() - LOOK_BACK_US, now_us() - MICRO
    )
    assert everything
    assert await asyncio.to_thread(needles.search_tree, scene.machine.settings.home) == []
