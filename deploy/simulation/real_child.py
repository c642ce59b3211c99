"""A recorder process reduced to its writers, to be hurt for real: ``python -m deploy.simulation.real_child HOME``.

With ``HOME/spare`` a spare volume stands by.
Writes groups without pause and says what became of each: ``kept`` once it is durable, ``lost`` with the cause.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from deploy.simulation.keeper import commune_keys
from recorder.recording.hour_keys import HourKeys, KeySpool
from recorder.recording.writer import StreamWriter
from recorder.store.local import LocalStore
from recorder.store.spared import Spare, SparedStore
from recorder.stream.sink import SinkRefused
from vms.clock import MICRO, SystemClock
from vms.db.engine import ensure_schema, open_engine
from vms.errors import GuetError, Unavailable

COMMUNE: Final = "valclair"
CAMERAS: Final = 2
GROUP_S: Final = 0.02
GROUP_BYTES: Final = 4096
# Another segment this often: what only a new file meets (an identity, a folder) must be met soon.
SEGMENT_GROUPS: Final = 15
RETRY_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Format:
    """What the groups say of their pictures."""

    codec_string: str = "avc1.64001F"
    width: int = 1920
    height: int = 1080


class Nobody:
    """A keeper that is away: every key waits in the spool."""

    async def put_hour_key(self, commune: str, camera: str, key_id: str, hour_us: int, wrapped: bytes) -> bool:
        """Always Unavailable."""
        raise Unavailable("Le gardien ne répond pas.")


async def record(writer: StreamWriter, clock: SystemClock) -> None:
    """Groups that abut, each told when it is durable or refused."""
    camera = writer.id.camera
    while True:
        try:
            await writer.start()
            break
        except (GuetError, SQLAlchemyError) as error:
            print(f"waits {camera} {type(error).__name__}", flush=True)
            await clock.sleep(RETRY_S)
    print(f"begun {camera}", flush=True)
    start, number = clock.utc(), 0
    while True:
        number += 1
        end = start.plus(seconds=GROUP_S)
        try:
            await writer.group([f"{camera} {start.us} ".encode().ljust(GROUP_BYTES, b".")], start, end, 25, Format())
            print(f"kept {camera} {start.us}", flush=True)
        except SinkRefused as error:
            print(f"lost {camera} {start.us} {error.cause}", flush=True)
            await clock.sleep(RETRY_S)
        start = end
        await clock.sleep(max(0.0, end.since(clock.utc()) / MICRO))
        if number % SEGMENT_GROUPS == 0 or clock.utc().us > start.us + MICRO:
            await writer.absence(start, "stream-stalled")
            start = max(start, clock.utc()).plus(seconds=GROUP_S)


async def main(home: Path) -> None:
    """Record until killed."""
    clock = SystemClock()
    engine = open_engine(f"sqlite+aiosqlite:///{home / 'guet.sqlite'}")
    await ensure_schema(engine)
    store: LocalStore = LocalStore.attach(home / "store", home / "store-id", floor_bytes=0)
    if (home / "spare").is_dir():
        spare = Spare.attach(home / "spare", home / "spare-id", floor_bytes=0)
        store = SparedStore(store, spare, home / "streams", clock)
    keys = HourKeys(Nobody(), KeySpool(home / "keys.sqlite"), lambda commune: commune_keys()[1])
    cameras = [f"{COMMUNE}-c0{number + 1}" for number in range(CAMERAS)]
    await asyncio.gather(
        *(
            record(StreamWriter(one, "main", COMMUNE, store=store, engine=engine, keys=keys, clock=clock), clock)
            for one in cameras
        )
    )


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
