"""Footage for measuring, prepared quickly and sealed honestly: real H.264 through the real writer, on a virtual clock.

What is left out is the sync of each write: durability is another bench's subject, and a day has 43,200 groups. A day of
one camera is quiet for most of its time and busy for one minute in thirty, as a street is; what is measured is asked
of the busy minutes only, where a group of two seconds at 4 Mbit/s has a megabyte.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av

from deploy.bench.town import COMMUNE, BenchTown
from privacy import annexb
from recorder.access_unit import AccessUnit, StreamFormat, TimedUnit
from recorder.recording.hour_keys import HourKeys, KeySpool
from recorder.recording.writer import StreamWriter
from recorder.rtsp.h264_sets import H264Sets
from recorder.store.disk import OsDisk
from recorder.store.local import LocalStore
from recorder.stream.fragmenter import fragment, init_segment
from vms.clock import MICRO, ManualClock, UtcTime
from vms.errors import Unavailable

FPS: Final = 25
GROUP_FRAMES: Final = 50
GROUP_US: Final = GROUP_FRAMES * MICRO // FPS
FRAME_US: Final = MICRO // FPS
CLIP_S: Final = 6
NUMBER_BITS: Final = 8
BUSY_EVERY_MINUTES: Final = 30
MINUTE_US: Final = 60 * MICRO


class UnsyncedDisk(OsDisk):
    """The operating system's files without waiting for the disk."""

    def sync(self, fd: int) -> None:
        """Nothing: prepared footage need not survive a power cut."""

    def sync_dir(self, path: Path) -> None:
        """Nothing, as above."""

    def doubt(self, fd: int) -> None:
        """Nothing, as above."""

    def let_go(self, fd: int, size_bytes: int) -> None:
        """Nothing: memory keeps what no disk has yet."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Closed groups of GROUP_FRAMES pictures each, repeated for as long as needed, and their format."""

    fmt: StreamFormat
    groups: tuple[tuple[AccessUnit, ...], ...]

    def plain(self, number: int, start: UtcTime) -> tuple[bytes, UtcTime]:
        """Group ``number`` of an endless recording as taken at ``start``, in clear as a recorder holds it; its end."""
        units = self.groups[number % len(self.groups)]
        end = start.plus(us=GROUP_US)
        timed = [TimedUnit(unit, start.us + at * FRAME_US, None) for at, unit in enumerate(units)]
        return init_segment(self.fmt) + fragment(timed, self.fmt, number + 1, end), end


async def make_clip(folder: Path, name: str, size: str, bits: str, *, busy: bool) -> Clip:
    """Encode a clip with the frame number in the picture, moving (``busy``) or still but for sensor noise.

    Unavailable when ffmpeg is missing or refuses.
    """
    path = folder / f"{name}.mp4"
    # Sensor noise is what costs a camera its bits: as much of it as the wanted rate takes.
    source = f"testsrc2=size={size}:rate={FPS},noise=alls=12:allf=t" if busy else f"color=gray:size={size}:rate={FPS}"
    source = ",".join((source, *_number_boxes()))
    maker = await asyncio.create_subprocess_exec(
        *("ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source, "-t", str(CLIP_S)),
        *("-c:v", "libx264", "-preset", "superfast", "-profile:v", "main", "-bf", "0", "-g", str(GROUP_FRAMES)),
        *("-sc_threshold", "0", "-b:v", bits, "-maxrate", bits, "-bufsize", bits, "-pix_fmt", "yuv420p", str(path)),
    )
    if await maker.wait() != 0:
        raise Unavailable("ffmpeg n’a pas pu fabriquer le film de mesure.", where="vms bench", todo="Installez ffmpeg.")
    return await asyncio.to_thread(read_clip, path)


def _number_boxes() -> Iterator[str]:
    """Filters that draw each picture's number as black and white blocks along its top, least significant bit first."""
    yield "drawbox=x=0:y=0:w=iw/2:h=ih/8:color=black:t=fill"
    for bit in range(NUMBER_BITS):
        white = f"drawbox=x=iw*{bit}/16:y=0:w=iw/16:h=ih/8:color=white:t=fill"
        yield f"{white}:enable='gt(mod(floor(n/{1 << bit})\\,2)\\,0)'"


def read_clip(path: Path) -> Clip:
    """The whole groups of an H.264 file, as access units."""
    groups: list[list[AccessUnit]] = []
    sets = H264Sets()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        to_annex_b = av.bitstream.BitStreamFilterContext("h264_mp4toannexb", stream)
        for packet in container.demux(stream):
            for part in to_annex_b.filter(packet) if packet.size else ():
                nals = annexb.split(bytes(part))
                if part.is_keyframe:
                    groups.append([])
                    for nal in nals:
                        sets.add(nal)
                groups[-1].append(AccessUnit.of(nals, 0, part.is_keyframe, 0))
    whole = tuple(tuple(group) for group in groups if len(group) == GROUP_FRAMES)
    if not whole:
        raise Unavailable("Le film de mesure n’a pas un groupe d’images entier.", where=path.name)
    return Clip(sets.format(), whole)


def is_busy(us: int) -> bool:
    """Whether a prepared day is busy at an instant: one minute in thirty."""
    return us // MINUTE_US % BUSY_EVERY_MINUTES == 0


class Preparer:
    """Writes footage of the town's cameras, each stream once, from some past instant on."""

    def __init__(self, town: BenchTown, commune_public: bytes) -> None:
        home = town.settings.home
        self._town = town
        self._store = LocalStore.attach(town.settings.store_dir, home / "recorder" / "store-id", UnsyncedDisk())
        self._keys = HourKeys(town.recorder, KeySpool(home / "recorder" / "keys.sqlite"), lambda _: commune_public)

    async def write(self, camera: str, stream: str, start: UtcTime, end: UtcTime, clip: Callable[[int], Clip]) -> int:
        """Seal groups that fill [start, end), the clip chosen by instant; how many. The stream's last absence stays."""
        clock = ManualClock(start)
        writer = StreamWriter(
            camera, stream, COMMUNE, store=self._store, engine=self._town.engine, keys=self._keys, clock=clock
        )
        await writer.start()
        at, number = start, 0
        while at < end:
            chosen = clip(at.us)
            plain, until = chosen.plain(number, at)
            await writer.group([plain], at, until, GROUP_FRAMES, chosen.fmt, "")
            clock.advance(seconds=GROUP_US / MICRO)
            at, number = until, number + 1
        await writer.close()
        return number
