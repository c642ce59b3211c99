"""The process that ``vms bench record`` measures: the recorder's own loop, sealing and syncing, without a keeper.

Started by ``deploy.bench.record`` with a JSON order on stdin; says ``{"event": "playing"}`` once every stream has a
sealed group, records until its stdin closes, then prints what it kept.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.utils import Buffer

from recorder import heap
from recorder.access_unit import MEDIA_CLOCK_HZ, StreamFormat, TimedUnit
from recorder.camera.assignment import ConnectGate
from recorder.camera.loop import StreamLoop, StreamTarget
from recorder.recording.hour_keys import HourKeys, KeySpool
from recorder.recording.writer import StreamWriter
from recorder.rtsp.drain import Drain
from recorder.segment.commits import Commits
from recorder.store.local import LocalStore
from recorder.stream.live_hub import Hub
from recorder.stream.pipeline import Pipeline
from vms import logs
from vms.clock import SystemClock, UtcTime
from vms.db.engine import ensure_schema, open_engine
from vms.keys.wrapping import generate_commune_key

COMMUNE = "bench"


class NoKeeper:
    """Takes wrapped keys and forgets them: nothing recorded here is ever opened."""

    async def put_hour_key(self, commune: str, camera: str, key_id: str, hour_us: int, wrapped: bytes) -> bool:
        """Kept, as far as the recorder can tell."""
        return True


@dataclass
class Count:
    """What one stream's sink saw."""

    groups: int = 0
    units: int = 0
    causes: list[str] = field(default_factory=list)
    started: asyncio.Event = field(default_factory=asyncio.Event)


class CountingSink:
    """The writer, and a count of what it was given."""

    def __init__(self, writer: StreamWriter, count: Count) -> None:
        self._writer = writer
        self._count = count

    async def group(
        self, plaintext: Sequence[Buffer], start: UtcTime, end: UtcTime, units: int, fmt: StreamFormat,
        zone_set: str | None,
    ) -> None:  # fmt: skip
        """Pass a group on and count it."""
        await self._writer.group(plaintext, start, end, units, fmt, zone_set)
        self._count.groups += 1
        self._count.units += units
        self._count.started.set()

    async def absence(self, start: UtcTime, cause: str, detail: str) -> None:
        """Pass an absence on and count it."""
        self._count.causes.append(cause)
        await self._writer.absence(start, cause, detail)

    async def resume(self, at: UtcTime) -> None:
        """Pass on."""
        await self._writer.resume(at)

    async def close(self) -> None:
        """Pass on."""
        await self._writer.close()


class CountingPipeline(Pipeline):
    """A pipeline that remembers the media times of what it took, to say which pictures of a steady camera lack."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.times = array("q")

    def push_all(self, units: list[TimedUnit]) -> None:
        """Take units."""
        self.times.extend([unit.unit.rtp_time for unit in units])
        super().push_all(units)


def missing(times: Sequence[int]) -> int:
    """Pictures that a steady media clock says should be between the first and the last, and are not."""
    steps = [after - before for before, after in itertools.pairwise(times)]
    usual = statistics.median(steps) if steps else 0
    if usual <= 0:
        return 0
    return sum(max(0, round(step / usual) - 1) for step in steps if 0 < step < 60 * MEDIA_CLOCK_HZ)


async def record(home: Path, urls: Sequence[str]) -> dict[str, Any]:
    """Record ``urls`` below ``home`` until stdin closes."""
    engine = open_engine(f"sqlite+aiosqlite:///{home / 'bench.sqlite'}")
    await ensure_schema(engine)
    (home / "store").mkdir()
    store = LocalStore.attach(home / "store", home / "store-identity")
    _, public = generate_commune_key()
    keys = HourKeys(NoKeeper(), KeySpool(home / "keys.sqlite"), lambda _: public)
    commits = Commits(engine)
    clock, drain, gate = SystemClock(), Drain(), ConnectGate(limit=8)
    counts, loops, pipelines = [], [], []
    for number, url in enumerate(urls):
        camera = f"bench-c{number:03d}"
        writer = StreamWriter(
            camera, "main", COMMUNE, store=store, engine=engine, keys=keys, clock=clock, commits=commits
        )
        await writer.start()
        counts.append(Count())
        pipelines.append(CountingPipeline(camera, clock, Hub(), CountingSink(writer, counts[-1]), None))
        loop = StreamLoop(StreamTarget(camera, "main", url), clock, drain, gate, pipeline=pipelines[-1])
        loop.record = True
        loops.append(loop)
    tasks = [asyncio.create_task(loop.run()) for loop in loops]
    tasks.append(asyncio.create_task(heap.look_after(clock)))
    await asyncio.gather(*(count.started.wait() for count in counts))
    print(json.dumps({"event": "playing"}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # What is missing counts up to here: the absence that begins now is the end of the bench.
    gaps = sum(len(count.causes) for count in counts)
    causes = sorted({cause for count in counts for cause in count.causes})
    await asyncio.gather(*(loop.end("recorder-stopped", "") for loop in loops))
    await engine.dispose()
    return {
        "gaps": gaps,
        "causes": causes,
        "frames_missing": sum(missing(pipeline.times) for pipeline in pipelines),
        "units": sum(count.units for count in counts),
        "sealed_mib": sum(path.stat().st_size for path in (home / "store").rglob("*.seg")) / 2**20,
    }


def main() -> None:
    """Read the order, record, print the result."""
    logs.configure("bench")
    heap.settle()
    order = json.loads(sys.stdin.readline())
    print(json.dumps(asyncio.run(record(Path(order["home"]), order["urls"]))), flush=True)


if __name__ == "__main__":
    main()
