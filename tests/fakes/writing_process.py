"""A recorder process reduced to its writers: writes groups without pause and prints each one that is durable.

``python -m tests.fakes.writing_process HOME``; meant to be killed at any moment.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from recorder.recording.hour_keys import HourKeys, KeySpool
from recorder.recording.writer import StreamWriter
from recorder.store.local import LocalStore
from tests.fakes.recording import COMMUNE, Format
from vms.clock import SystemClock
from vms.db.engine import ensure_schema, open_engine
from vms.errors import Unavailable

GROUP_S = 0.02  # in the footage's own time and, roughly, in ours
CAMERAS = 2


class Nobody:
    """A keeper that is away: every key waits in the spool, where the test finds it."""

    async def put_hour_key(self, commune: str, camera: str, key_id: str, hour_us: int, wrapped: bytes) -> bool:
        raise Unavailable("Le gardien ne répond pas.")


async def record(writer: StreamWriter, clock: SystemClock) -> None:
    """Groups that abut, each printed once it is durable."""
    await writer.start()
    print(f"started {writer.id.camera}", flush=True)
    start = clock.utc()
    number = 0
    while True:
        number += 1
        end = start.plus(seconds=GROUP_S)
        plain = f"{writer.id.camera} {start.us} ".encode() * 400
        await writer.group([plain], start, end, 25, Format())
        print(f"group {writer.id.camera} {start.us}", flush=True)
        start = end
        await clock.sleep(max(0.0, end.since(clock.utc()) / 1e6))
        if number % 40 == 0:
            await writer.absence(start, "stream-stalled")
            start = max(start, clock.utc()).plus(seconds=GROUP_S)


async def main(home: Path) -> None:
    """Record all cameras until killed."""
    clock = SystemClock()
    engine = open_engine(f"sqlite+aiosqlite:///{home / 'guet.sqlite'}")
    await ensure_schema(engine)
    store = LocalStore.attach(home / "store", home / "store-id", floor_bytes=0)
    public = (home / "public").read_bytes()
    keys = HourKeys(Nobody(), KeySpool(home / "keys.sqlite"), lambda commune: public)
    writers = [
        StreamWriter(f"valclair-c0{n + 1}", "main", COMMUNE, store=store, engine=engine, keys=keys, clock=clock)
        for n in range(CAMERAS)
    ]
    await asyncio.gather(*(record(writer, clock) for writer in writers))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
