"""Replay: where a stream's recorded time lies, and its sealed groups as they lie. Nothing here can open one.

The index is the database for segments and absences, and the files' own group headers within a segment. Bytes are handed
out for a checked ``Permit`` only, and only whole groups that touch its span (P-40).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.recording.scan import read_index
from recorder.segment.format import GROUP_LIMIT_BYTES, Placed, SegmentName
from recorder.store.errors import StoreError
from recorder.store.local import LocalStore
from vms.clock import MICRO, Clock, UtcTime
from vms.db.engine import read
from vms.errors import BadInput, Damaged, LimitExceeded, NotFound, Refused
from vms.keeper.gate.permit import Permit
from vms.model import Absence, Segment, StreamMark

TIMELINE_LIMIT_US: Final = 32 * 24 * 3600 * MICRO
WINDOW_LIMIT_US: Final = 300 * MICRO
READ_LIMIT_BYTES: Final = GROUP_LIMIT_BYTES + 16 * 1024 * 1024
INDEX_CACHE_LIMIT_SEGMENTS: Final = 1024


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stretch of time with pictures."""

    start: UtcTime
    end: UtcTime


@dataclass(frozen=True, slots=True)
class Missing:
    """A stretch without, and why; ``end`` is None while it lasts."""

    start: UtcTime
    end: UtcTime | None
    cause: str
    detail: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A stream's time within a range; ``recovered`` is what of ``recorded`` came from the camera's own card."""

    camera: str
    stream: str
    now_us: int
    recorded: tuple[Recorded, ...]
    recovered: tuple[Recorded, ...]
    absences: tuple[Missing, ...]
    destroyed_before_us: int


@dataclass(frozen=True, slots=True)
class IndexedGroup:
    """One group of a window: ``offset`` and ``length`` are those of its sealed bytes in the file."""

    number: int
    utc_us: int
    duration_us: int
    units: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class IndexedSegment:
    """One segment of a window with those of its groups that touch the window."""

    name: str
    start_us: int
    end_us: int
    codec: str
    width: int
    height: int
    zone_set_id: str
    groups: tuple[IndexedGroup, ...]

    def view(self) -> dict[str, Any]:
        """The same as plain data for a page."""
        return asdict(self)


class Playback:
    """Reads the index and the store for replay."""

    def __init__(self, engine: AsyncEngine, store: LocalStore, clock: Clock) -> None:
        """``store`` is only read, so its identity does not matter."""
        self._engine, self._store, self._clock = engine, store, clock
        self._indexes: OrderedDict[str, list[Placed]] = OrderedDict()

    async def timeline(self, camera: str, stream: str, start: UtcTime, end: UtcTime) -> Timeline:
        """Recorded stretches and absences within [start, end); LimitExceeded beyond 32 days."""
        _check_range(start, end, TIMELINE_LIMIT_US)
        spans = await self._spans(camera, stream, start, end)
        async with read(self._engine) as session:
            mark = await session.get(StreamMark, (camera, stream))
            chosen = select(Absence).where(
                col(Absence.camera_id) == camera,
                col(Absence.stream) == stream,
                col(Absence.start_us) < end.us,
                col(Absence.end_us).is_(None) | (col(Absence.end_us) > start.us),
            )
            absences = list((await session.execute(chosen.order_by(col(Absence.start_us)))).scalars())
        stretches: list[Recorded] = []
        recovered: list[Recorded] = []
        for from_us, to_us, origin in spans:
            for found in (stretches, recovered) if origin == "edge" else (stretches,):
                if found and from_us <= found[-1].end.us:
                    if to_us > found[-1].end.us:
                        found[-1] = Recorded(found[-1].start, UtcTime(to_us))
                else:
                    found.append(Recorded(UtcTime(from_us), UtcTime(to_us)))
        missing = tuple(
            Missing(UtcTime(one.start_us), None if one.end_us is None else UtcTime(one.end_us), one.cause, one.detail)
            for one in absences
        )
        destroyed_us = mark.destroyed_until_us if mark is not None else 0
        return Timeline(camera, stream, self._clock.utc().us, tuple(stretches), tuple(recovered), missing, destroyed_us)

    async def window(
        self, permit: Permit, camera: str, stream: str, start: UtcTime, end: UtcTime
    ) -> list[IndexedSegment]:
        """The segments and groups that touch [start, end), in order.

        Refused as ``sealed_bytes``; LimitExceeded beyond five minutes.
        """
        permit.require(_act(permit, camera), camera, self._clock.utc())
        _check_range(start, end, WINDOW_LIMIT_US)
        found: list[IndexedSegment] = []
        away: StoreError | None = None
        for row in await self._segments(camera, stream, start, end):
            try:
                placed = await self._index(row)
            except (NotFound, Damaged):
                continue  # gone or damaged since: fsck says which; the rest of the window plays
            except StoreError as error:
                away = error  # on a volume that does not answer; what lies on another plays
                continue
            groups = tuple(
                IndexedGroup(
                    one.header.number,
                    one.header.utc_us,
                    one.header.duration_us,
                    one.header.units,
                    one.sealed_offset,
                    one.header.length,
                )
                for one in placed
                if one.header.utc_us < end.us and one.header.end_us > start.us
            )
            if groups:
                end_us = placed[-1].header.end_us
                found.append(
                    IndexedSegment(
                        row.name, row.start_us, end_us, row.codec, row.width, row.height, row.zone_set_id, groups
                    )
                )
        if away is not None and not found:
            raise away
        return found

    async def sealed_bytes(self, permit: Permit, segment: str, offset: int, length: int) -> bytes:
        """The sealed bytes of one group, its header before it or not, or of several in a row with their headers.

        Refused when the permit is for another act or camera, has run out, or does not reach these groups; NotFound when
        there is no such segment; BadInput when the place is not that of whole groups.
        """
        name = SegmentName.parse(segment)
        permit.require(_act(permit, name.camera), name.camera, self._clock.utc())
        if not 0 < length <= READ_LIMIT_BYTES:
            raise LimitExceeded(f"On lit de 1 à {READ_LIMIT_BYTES} octets à la fois.", where=segment)
        async with read(self._engine) as session:
            row = await session.get(Segment, segment)
        if row is None or row.state == "destroying":
            raise NotFound("Ce segment n’existe pas ou n’existe plus.", where=segment)
        _check_span(permit, await self._index(row), offset, length, segment)
        path = self._store.path_of(name, row.commune_id)
        data = await asyncio.to_thread(self._store.read, path, offset, length)
        if len(data) < length:
            raise Damaged("Le segment est plus court que son index.", where=segment, todo="Lancez vms fsck.")
        return data

    async def _spans(self, camera: str, stream: str, start: UtcTime, end: UtcTime) -> list[tuple[int, int, str]]:
        """From, to and origin of each segment that touches [start, end), in order: a month has 45,000 of them."""
        async with read(self._engine) as session:
            chosen = select(Segment.start_us, Segment.end_us, Segment.origin).where(
                col(Segment.camera_id) == camera,
                col(Segment.stream) == stream,
                col(Segment.state) == "sealed",
                col(Segment.start_us) < end.us,
                col(Segment.end_us) > start.us,
            )
            spans = [(one, two, origin) for one, two, origin in (await session.execute(chosen)).tuples()]
            still = select(Segment).where(
                col(Segment.camera_id) == camera,
                col(Segment.stream) == stream,
                col(Segment.state) == "open",
                col(Segment.start_us) < end.us,
            )
            opened = list((await session.execute(still)).scalars())
        for row in opened:
            # An open segment's row knows its first group only.
            to_us = await self._open_end(row)
            if to_us > start.us:
                spans.append((row.start_us, to_us, row.origin))
        return sorted(spans)

    async def _segments(self, camera: str, stream: str, start: UtcTime, end: UtcTime) -> list[Segment]:
        async with read(self._engine) as session:
            chosen = select(Segment).where(
                col(Segment.camera_id) == camera,
                col(Segment.stream) == stream,
                col(Segment.state) != "destroying",
                col(Segment.start_us) < end.us,
                # An open segment's row knows its first group only.
                (col(Segment.end_us) > start.us) | (col(Segment.state) == "open"),
            )
            rows = list((await session.execute(chosen.order_by(col(Segment.start_us)))).scalars())
        return [row for row in rows if row.state == "sealed" or await self._open_end(row) > start.us]

    async def _open_end(self, row: Segment) -> int:
        try:
            placed = await self._index(row)
        except (NotFound, Damaged, StoreError):
            return row.end_us
        return placed[-1].header.end_us if placed else row.end_us

    async def _index(self, row: Segment) -> list[Placed]:
        cached = self._indexes.get(row.name)
        if cached is not None:
            self._indexes.move_to_end(row.name)
            return cached
        path = self._store.path_of(SegmentName.parse(row.name), row.commune_id)
        _, placed = await asyncio.to_thread(read_index, self._store, path, check_last=row.state == "open")
        if row.state != "open":
            # Beyond its end may stand what a failing disk refused and could not be rid of: it was kept elsewhere.
            placed = [one for one in placed if one.end <= row.size_bytes]
        if row.state == "sealed":
            self._indexes[row.name] = placed
            while len(self._indexes) > INDEX_CACHE_LIMIT_SEGMENTS:
                self._indexes.popitem(last=False)
        return placed


def _act(permit: Permit, camera: str) -> str:
    return "export" if permit.allows("export", camera) else "replay"


def _check_range(start: UtcTime, end: UtcTime, limit_us: int) -> None:
    if end <= start:
        raise BadInput("La fin de la plage vient avant son début.")
    if end.since(start) > limit_us:
        raise LimitExceeded(f"La plage demandée dépasse {limit_us // MICRO} s.", todo="Demandez une plage plus courte.")


def _check_span(permit: Permit, placed: list[Placed], offset: int, length: int, segment: str) -> None:
    inside = [one for one in placed if offset <= one.sealed_offset and one.end <= offset + length]
    # From a group's sealed bytes, or from the header before them: a page checks what it opens against that header.
    if not inside or offset not in (inside[0].offset, inside[0].sealed_offset) or inside[-1].end != offset + length:
        raise BadInput("Ces octets ne sont pas ceux de groupes entiers.", where=segment, todo="Relisez l’index.")
    low, high = permit.payload.from_us, permit.payload.to_us
    for one in inside:
        if (low is not None and one.header.end_us <= low) or (high is not None and one.header.utc_us >= high):
            raise Refused(
                "Ce permis ne couvre pas cet instant.", where=segment, todo="Redemandez l’accès.", rule="P-40"
            )
