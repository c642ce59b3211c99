"""The mask worker as a process: both streams at once, and every way it can fail ends in MaskFailed (P-11)."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from privacy import masker
from privacy.encoders import OPTIONS
from privacy.masker import MaskWorker, working_encoder
from privacy.units import (
    MASK_FAILED,
    SIZE_CHANGED,
    STREAM_DAMAGED,
    EncodedUnit,
    MaskedUnit,
    MaskFailed,
    Outcome,
    StreamSpec,
)
from privacy.zones import PictureSize, Zone, ZoneSet
from tests.fakes.clips import clip, decode, encode_clip, read_units

CAMERA = "valclair-c01"
SQUARE = ((0.2, 0.2), (0.6, 0.25), (0.55, 0.6), (0.2, 0.6))
ZONES = ZoneSet(
    id="z1",
    version=1,
    camera=CAMERA,
    polygons=(Zone(points=SQUARE, reason="entrance"),),
    no_dwelling=False,
    author="p-1",
    created_us=0,
)
DEADLINE_S = 60


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


async def feed(worker: MaskWorker, stream: str, units: Sequence[EncodedUnit]) -> None:
    for unit in units:
        await worker.submit(stream, unit)
        await asyncio.sleep(0)


async def take(worker: MaskWorker, stream: str, count: int) -> list[Outcome]:
    found: list[Outcome] = []
    async with asyncio.timeout(DEADLINE_S):
        async for outcome in worker.outputs(stream):
            found.append(outcome)
            if len(found) == count:
                break
    return found


async def failure(worker: MaskWorker, stream: str = "main") -> MaskFailed:
    """The MaskFailed that ends the outputs; what came before it is masked."""
    with pytest.raises(MaskFailed) as caught:
        async with asyncio.timeout(DEADLINE_S):
            async for outcome in worker.outputs(stream):
                assert not isinstance(outcome, EncodedUnit)
    return caught.value


@pytest.fixture
async def worker() -> AsyncIterator[MaskWorker]:
    async with MaskWorker(CAMERA, ZONES) as running:
        yield running


@pytest.mark.usefixtures("material")
async def test_both_streams_of_a_camera_go_through_one_process(worker: MaskWorker) -> None:
    main, sub = read_units(clip("main"), 90), read_units(clip("sub"), 60)
    await worker.open("main", main[0])
    await worker.open("sub", sub[0])
    results = await asyncio.gather(
        take(worker, "main", len(main[1])),
        take(worker, "sub", len(sub[1])),
        feed(worker, "main", main[1]),
        feed(worker, "sub", sub[1]),
    )
    for (_, units), outcomes in zip((main, sub), results[:2], strict=True):
        assert [(o.ticket, o.utc_us) for o in outcomes] == [(u.ticket, u.utc_us) for u in units]
        pictures = [outcome for outcome in outcomes if isinstance(outcome, MaskedUnit)]
        assert [unit.key for unit in pictures] == [unit.key for unit in units]
        assert all(unit.parameter_sets for unit in pictures if unit.key)
        assert len(list(decode("h264", pictures))) == len(units)


async def test_the_process_has_one_socket_no_files_and_no_core(worker: MaskWorker) -> None:
    spec, units = read_units(clip("main"), 20)
    await worker.open("main", spec)
    await asyncio.gather(feed(worker, "main", units), take(worker, "main", 20))
    targets = [os.readlink(f"/proc/{worker.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{worker.pid}/fd")]
    assert sorted(targets)[:3] == ["/dev/null"] * 3
    assert [target.split(":")[0] for target in targets if target != "/dev/null"] == ["socket"]
    assert worker.pid is not None
    assert resource.prlimit(worker.pid, resource.RLIMIT_CORE) == (0, 0)
    assert resource.prlimit(worker.pid, resource.RLIMIT_FSIZE) == (0, 0)
    names = {line.split("=")[0] for line in Path(f"/proc/{worker.pid}/environ").read_text().split("\0") if line}
    assert names <= {"PATH", "PYTHONPATH", "OPENBLAS_NUM_THREADS", "LC_CTYPE"}


async def test_a_killed_worker_is_a_failure_on_both_streams(worker: MaskWorker) -> None:
    spec, units = read_units(clip("main"), 40)
    await worker.open("main", spec)
    await worker.open("sub", spec)
    await asyncio.gather(feed(worker, "main", units[:20]), take(worker, "main", 20))
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    assert (await failure(worker, "sub")).cause == MASK_FAILED
    assert (await failure(worker, "main")).cause == MASK_FAILED
    with pytest.raises(MaskFailed):
        await worker.submit("main", units[20])
    with pytest.raises(MaskFailed):
        await worker.open("main", spec)


async def test_a_hanging_worker_is_a_failure_and_is_ended() -> None:
    spec, units = read_units(clip("main"), 5)
    async with MaskWorker(CAMERA, ZONES, answer_timeout_s=0.4) as worker:
        await worker.open("main", spec)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGSTOP)
        await feed(worker, "main", units)
        found = await failure(worker)
        assert "ne répond plus" in found.what
        pid = worker.pid
    assert not alive(pid)


async def test_units_held_for_reordering_are_no_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decoder may wait for the next picture; a camera that pauses there has not broken the masker."""
    encode_clip(tmp_path / "b.mp4", "libx264", 320, 240, 20, bf="3")
    spec, units = read_units(tmp_path / "b.mp4")
    async with MaskWorker(CAMERA, ZONES) as worker:
        await worker.open("main", spec)
        await feed(worker, "main", units[:2])
        async with asyncio.timeout(DEADLINE_S):
            while worker._streams["main"].unanswered:  # noqa: ASYNC110 - what is held has been taken, and says no more
                await asyncio.sleep(0.01)
        with monkeypatch.context() as patch:
            patch.setattr(worker, "_answer_timeout_s", 0.3)
            await asyncio.sleep(0.8)
        await feed(worker, "main", units[2:])
        assert len(await take(worker, "main", 17)) == 17


@pytest.mark.parametrize(
    "nals", [(b"\x65" + bytes(range(1, 200)) * 30,), (b"\x00\x00\x01\x67\x42", b"\x68\xff"), (os.urandom(5000),)]
)
async def test_garbage_is_a_failure(worker: MaskWorker, nals: tuple[bytes, ...]) -> None:
    await worker.open("main", StreamSpec("h264", 640, 360))
    await worker.submit("main", EncodedUnit(nals, 0, True, 0))
    assert (await failure(worker)).cause == STREAM_DAMAGED


async def test_another_size_in_flight_is_a_failure(worker: MaskWorker) -> None:
    spec, units = read_units(clip("main"), 5)
    other, _ = read_units(clip("other"), 5)
    await worker.open("main", dataclasses.replace(spec, width=other.width, height=other.height + 32))
    await worker.submit("main", units[0])
    assert (await failure(worker)).cause == SIZE_CHANGED


async def test_another_size_at_reconnection_is_a_failure(worker: MaskWorker) -> None:
    spec, _ = read_units(clip("main"), 5)
    await worker.open("main", spec)
    with pytest.raises(MaskFailed) as caught:
        await worker.open("main", dataclasses.replace(spec, width=spec.width // 2))
    assert caught.value.cause == SIZE_CHANGED


async def test_a_size_other_than_the_validated_one_is_a_failure() -> None:
    spec, _ = read_units(clip("main"), 5)
    sized = ZONES.model_copy(update={"sizes": (PictureSize(stream="main", width=1920, height=1080),)})
    async with MaskWorker(CAMERA, sized) as worker:
        with pytest.raises(MaskFailed) as caught:
            await worker.open("main", spec)
        assert caught.value.cause == SIZE_CHANGED
        await worker.open("sub", spec)


async def test_a_stream_opened_again_starts_afresh_and_loses_nothing(worker: MaskWorker) -> None:
    spec, units = read_units(clip("main"), 30)
    await worker.open("main", spec)
    await feed(worker, "main", units)
    await worker.open("main", spec)
    again = [dataclasses.replace(unit, ticket=unit.ticket + 30, utc_us=unit.utc_us + 10**7) for unit in units]
    await feed(worker, "main", again)
    outcomes = await take(worker, "main", 60)
    assert [outcome.ticket for outcome in outcomes] == list(range(60))
    assert all(isinstance(outcome, MaskedUnit) for outcome in outcomes)


async def test_a_full_queue_is_a_failure(worker: MaskWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody takes the outcomes: the queue ends, and with it the camera's pictures."""
    monkeypatch.setattr(masker, "QUEUE_LIMIT_UNITS", 8)
    spec, units = read_units(clip("main"), 10)
    await worker.open("main", spec)
    with pytest.raises(MaskFailed, match="ne suit pas"):
        await feed(worker, "main", units)


async def test_an_oversized_unit_is_a_failure(worker: MaskWorker) -> None:
    await worker.open("main", StreamSpec("h264", 640, 360))
    with pytest.raises(MaskFailed, match="taille permise") as caught:
        await worker.submit("main", EncodedUnit((bytes(9 << 20),), 0, True, 0))
    assert caught.value.cause == STREAM_DAMAGED


async def test_a_zone_that_cannot_be_held_is_a_failure() -> None:
    tiny = Zone(points=((0.5, 0.5), (0.508, 0.5), (0.508, 0.506)), reason="other")
    async with MaskWorker(CAMERA, ZONES.model_copy(update={"polygons": (tiny,)})) as worker:
        await worker.open("main", StreamSpec("h264", 352, 288))
        assert "trop petite" in (await failure(worker)).what


async def test_closing_ends_the_outputs_and_the_process(worker: MaskWorker) -> None:
    spec, units = read_units(clip("main"), 5)
    await worker.open("main", spec)
    reading = asyncio.create_task(take(worker, "main", 100))
    await feed(worker, "main", units)
    pid: Any = worker.pid
    await worker.close()
    assert len(await reading) <= 5
    assert not alive(pid)
    await worker.close()


async def test_the_worker_ends_with_its_parent() -> None:
    """A recorder killed hard leaves no process behind that holds clear pictures: the socket closes, the worker ends."""
    program = (
        "import asyncio\n"
        "from privacy.masker import MaskWorker\n"
        "from privacy.zones import ZoneSet\n"
        "async def main(zones):\n"
        "    async with MaskWorker('c', ZoneSet.model_validate_json(zones)) as worker:\n"
        "        print(worker.pid, flush=True)\n"
        "        await asyncio.sleep(60)\n"
        "import sys\n"
        "asyncio.run(main(sys.argv[1]))\n"
    )
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program, ZONES.model_dump_json()), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert alive(pid)
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(DEADLINE_S):
        while alive(pid):  # noqa: ASYNC110  the end of a grandchild has no event
            await asyncio.sleep(0.05)


async def test_an_encoder_under_which_a_mask_failed_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def hardware() -> str:
        asked.append("asked")
        return "h264_nvenc"

    monkeypatch.setattr(masker, "working_encoder", hardware)
    machine = masker._Machine()
    assert await machine.encoder() == await machine.encoder() == "h264_nvenc"
    assert asked == ["asked"]
    machine.distrust("libx264")
    assert await machine.encoder() == "h264_nvenc"
    machine.distrust("h264_nvenc")
    assert await machine.encoder() == "libx264"


async def test_the_encoder_of_this_machine_is_one_of_ours() -> None:
    assert await working_encoder() in OPTIONS
    assert await masker._Machine().encoder() in OPTIONS
    with pytest.raises(ValueError, match="no encoder of ours"):
        MaskWorker(CAMERA, ZONES, encoder="mpeg4")
