"""The simulation's own parts: what they promise must hold, or a green run says nothing."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import struct
from pathlib import Path

import pytest

from deploy.simulation.camera import Camera, Habits
from deploy.simulation.clock import VirtualClock
from deploy.simulation.disk import VirtualDisk, Volume
from deploy.simulation.faults import Fault, Killed, Process
from deploy.simulation.ledger import Ledger
from deploy.simulation.loop import Deadlock, SimulatedLoop
from deploy.simulation.network import VirtualSocket
from deploy.simulation.plan import STARTS, draw
from deploy.simulation.terms import term_us
from recorder.rtsp.urls import parse_url
from vms.clock import UtcTime
from vms.law.retention import due

DAY_US = 86_400_000_000


def loop(seed: int = 1) -> SimulatedLoop:
    return SimulatedLoop(random.Random(seed))


def test_days_pass_at_once_and_in_order() -> None:
    one, woken = loop(), list[tuple[str, float]]()

    async def sleep(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((name, round(one.time())))

    async def main() -> None:
        await asyncio.gather(sleep("month", 2_592_000), sleep("day", 86_400), sleep("minute", 60))

    one.run_until_complete(main())
    assert woken == [("minute", 60), ("day", 86_400), ("month", 2_592_000)]
    one.close()


def test_who_waits_for_nothing_is_told() -> None:
    one = loop()
    with pytest.raises(Deadlock):
        one.run_until_complete(one.create_future())
    one.close()


def test_a_thread_takes_the_time_of_its_steps_and_goes_on_unheard() -> None:
    one, done = loop(), list[str]()

    def work() -> str:
        one.spent_s += 3
        done.append("work")
        return "result"

    async def main() -> tuple[str, float]:
        begun = one.time()
        task = asyncio.ensure_future(asyncio.to_thread(work))
        await asyncio.sleep(0)
        result = await asyncio.to_thread(work)
        task.cancel()
        return result, one.time() - begun

    result, took = one.run_until_complete(main())
    assert result == "result"
    assert 3 <= took < 3.1
    assert done == ["work", "work"]
    one.close()


def test_a_wall_clock_that_is_set_leaves_the_monotonic_one() -> None:
    one = loop()
    clock = VirtualClock(one, UtcTime.parse("2026-10-25T00:30:00Z"))

    async def main() -> None:
        await clock.sleep(10)
        clock.step(-3600)
        await clock.sleep(10)

    one.run_until_complete(main())
    assert clock.monotonic_us() == 20_000_000
    assert clock.utc() == UtcTime.parse("2026-10-24T23:30:20Z")
    one.close()


@pytest.fixture
def volume(tmp_path: Path) -> Volume:
    (tmp_path / "store").mkdir()
    return Volume(loop(), tmp_path / "store")


def disk(volume: Volume, process: Process | None = None) -> VirtualDisk:
    return VirtualDisk(volume, process or Process(), random.Random(1))


@pytest.mark.parametrize("seed", range(40))
def test_what_was_synced_survives_the_power_and_the_rest_may_not(volume: Volume, seed: int) -> None:
    one, kept, loose = disk(volume), volume.root / "kept", volume.root / "loose"
    fd = one.create(kept)
    one.append(fd, b"a" * 1000)
    one.sync(fd)
    one.append(fd, b"b" * 1000)
    other = one.create(loose)
    one.sync_dir(volume.root) if seed % 2 else None
    one.append(other, b"c" * 10)
    one.close_all()
    volume.platter.power_cut(random.Random(seed))
    if seed % 2:
        assert kept.read_bytes()[:1000] == b"a" * 1000
        assert len(kept.read_bytes()) <= 2000
        assert loose.exists()
    elif kept.exists():
        assert kept.read_bytes()[:1000] == b"a" * 1000


def test_the_power_takes_all_that_it_may_at_some_seed(volume: Volume) -> None:
    seen = set()
    for seed in range(60):
        one, path = disk(volume), volume.root / f"file{seed}"
        fd = one.create(path)
        one.append(fd, b"a" * 600)
        one.close_all()
        volume.platter.power_cut(random.Random(seed))
        if not path.exists():
            seen.add("no name")
        elif path.read_bytes() == b"a" * 600:
            seen.add("all")
        elif not path.read_bytes():
            seen.add("no bytes")
        else:
            seen.add("zeros" if b"\0" in path.read_bytes() else "cut")
    assert seen == {"no name", "all", "no bytes", "zeros", "cut"}


@pytest.mark.parametrize("seed", range(20))
def test_a_name_that_was_removed_or_changed_may_come_back_until_its_folder_is_synced(volume: Volume, seed: int) -> None:
    one, path, moved = disk(volume), volume.root / "old", volume.root / "new"
    fd = one.create(path)
    one.append(fd, b"bytes")
    one.sync(fd)
    one.sync_dir(volume.root)
    one.rename(path, moved)
    one.unlink(moved)
    if seed >= 10:
        one.sync_dir(volume.root)
    one.close_all()
    volume.platter.power_cut(random.Random(seed))
    left = [name.read_bytes() for name in (path, moved) if name.exists()]
    assert left == [] if seed >= 10 else left in ([], [b"bytes"])


def test_a_failed_sync_is_not_made_good_by_the_next(volume: Volume) -> None:
    one, path = disk(volume), volume.root / "file"
    fd = one.create(path)
    one.sync_dir(volume.root)
    one.append(fd, b"a" * 100)
    volume.wrong["disk-eio"] = 1.0
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        one.sync(fd)
    volume.wrong.clear()
    one.sync(fd)
    assert volume.platter.inodes[path].synced == 0
    one.close_all()


def test_who_doubts_memory_reads_what_the_platter_has(volume: Volume) -> None:
    seen: set[int] = set()
    for seed in range(20):
        one, path = VirtualDisk(volume, Process(), random.Random(seed)), volume.root / f"file{seed}"
        fd = one.create(path)
        one.append(fd, b"a" * 1024)
        one.sync(fd)
        one.append(fd, b"b" * 2048)
        volume.wrong["disk-eio"] = 1.0
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            one.sync(fd)
        volume.wrong.clear()
        assert path.read_bytes() == b"a" * 1024 + b"b" * 2048, "memory shows it all"
        one.doubt(fd)
        shown = path.read_bytes()
        assert shown[:1024] == b"a" * 1024
        seen.add(shown.count(b"b"))
        one.sync(fd)
        one.sync_dir(volume.root)
        volume.platter.power_cut(random.Random(seed))
        assert path.read_bytes() == shown, "what was read is durable with the next sync"
        one.close_all()
    assert {0, 2048} < seen, seen


def test_the_dead_do_nothing(volume: Volume) -> None:
    process = Process()
    one = disk(volume, process)
    process.die_after = 2
    fd = one.create(volume.root / "first")
    with pytest.raises(Killed):
        one.append(fd, b"never")
    with pytest.raises(Killed):
        one.create(volume.root / "second")
    one.close_all()
    assert (volume.root / "first").read_bytes() == b""
    assert not (volume.root / "second").exists()


def test_an_unmounted_volume_shows_what_was_written_to_its_place(volume: Volume) -> None:
    (volume.root / "kept").write_bytes(b"x")
    volume.unmount()
    assert list(volume.root.iterdir()) == []
    (volume.root / "astray").write_bytes(b"y")
    assert volume.mount() == ["astray"]
    assert [path.name for path in volume.root.iterdir()] == ["kept"]


def test_a_socket_gives_what_arrived_then_the_end() -> None:
    one, read = loop(), list[str]()
    end = VirtualSocket(one)
    buffer = memoryview(bytearray(4))
    with pytest.raises(BlockingIOError):
        end.recv_into(buffer)
    end.feed(b"abcdef", lambda: read.append("read"))
    assert (end.recv_into(buffer), bytes(buffer), read) == (4, b"abcd", [])
    end.end("eof")
    assert (end.recv_into(buffer), read) == (2, ["read"])
    assert end.recv_into(buffer) == 0
    other = VirtualSocket(one)
    other.feed(b"lost")
    other.end("reset")
    with pytest.raises(ConnectionResetError):
        other.recv_into(buffer)
    one.close()


@pytest.mark.parametrize("first_over", [0, 1])
def test_a_line_that_two_faults_hold_up_at_once_loses_nothing_and_waits_for_the_last(first_over: int) -> None:
    one, ledger = loop(), Ledger("main")
    habits = Habits(0.25, 4, 1, 40, 0.0, 0.0, starts_at_key=True, clock_error_s=0.0, reports=False)
    camera = Camera(one, habits, ledger, random.Random(1))
    faults = [Fault(1.0, "net-burst", 9.0), Fault(4.0, "net-stall", 2.0)]

    async def main() -> tuple[bytes, bytes, bytes]:
        end = await camera.connect(parse_url("rtsp://simulated/main")[0])
        end.send(b"PLAY rtsp://simulated/main RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        await asyncio.sleep(1)
        answer = arrived(end)
        for fault in faults:
            camera.suffer(fault)
            await asyncio.sleep(2)
        camera.relent(faults[first_over])
        camera.relent(faults[first_over])
        await asyncio.sleep(2)
        held_up = arrived(end)
        camera.relent(faults[1 - first_over])
        await asyncio.sleep(1)
        after = arrived(end)
        end.close()
        await asyncio.sleep(1)
        return answer, held_up, after

    answer, held_up, after = one.run_until_complete(main())
    assert held_up == b""
    packets = (answer.partition(b"\r\n\r\n")[2] + after).split(b"$\0")[1:]
    numbers = [struct.unpack_from(">H", packet, 4)[0] for packet in packets]
    assert len(numbers) > 30
    assert [(number - numbers[0]) & 0xFFFF for number in numbers] == list(range(len(numbers)))
    assert len(ledger.units) > 20
    assert all(unit.read_us is not None for unit in ledger.units)
    one.close()


def arrived(end: VirtualSocket) -> bytes:
    """All that can be read now."""
    buffer = memoryview(bytearray(65_536))
    return bytes(buffer[: end.recv_into(buffer)]) if end.waiting() else b""


def test_a_seed_draws_one_plan_and_seeds_draw_many() -> None:
    assert draw(7) == draw(7)
    plans = [draw(seed) for seed in range(300)]
    kinds = {fault.kind for plan in plans for life in plan.lives for fault in life.faults}
    assert len(kinds) == 38
    assert {life.ending for plan in plans for life in plan.lives} == {"stopped", "killed", "power-cut"}
    assert len({plan.start.iso()[:10] for plan in plans}) >= len(STARTS) - 1


@pytest.mark.parametrize("start", [*STARTS, "2027-01-29T12:00:00Z", "2026-02-28T02:30:00Z", "2026-09-25T00:30:00Z"])
@pytest.mark.parametrize("days", [1, 28, 29, 30])
def test_two_ways_to_count_a_term_agree(start: str, days: int) -> None:
    for shift in range(-2, 3):
        us = UtcTime.parse(start).us + shift * 3_600_000_000
        assert term_us(us, days) == due(us, days)
        assert 0 < term_us(us, days) - us <= 31 * DAY_US + 3_600_000_000
