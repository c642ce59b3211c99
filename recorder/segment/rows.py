"""What the index says of a stream, as small operations that may be applied twice to the same effect.

A writer keeps the operations it could not commit and applies them in order later: recording goes on while the database
is away. A commit that failed may still have been stored, hence *the same effect*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, delete, select, update
from sqlmodel.sql.expression import SelectOfScalar

from recorder.segment.format import SegmentHeader, genesis
from vms.model import Absence, Mending, Segment, StreamMark

DETAIL_LIMIT_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class StreamId:
    """Which recording: a stream of a camera of a commune."""

    commune: str
    camera: str
    stream: str

    def __str__(self) -> str:
        return f"{self.camera}/{self.stream}"


@dataclass(frozen=True, slots=True)
class BeginSegment:
    """A segment whose first group is durable."""

    header: SegmentHeader
    end_us: int
    first_link: bytes
    # Of the first group: what a recorder that takes over may rely on.
    size_bytes: int
    last_link: bytes


@dataclass(frozen=True, slots=True)
class SealSegment:
    """A segment that takes no more groups."""

    name: str
    end_us: int
    size_bytes: int
    groups: int
    last_link: bytes
    state: str = "sealed"  # or ``spooled``: whole, and not in the bucket yet


@dataclass(frozen=True, slots=True)
class BeginAbsence:
    """From ``start_us`` on there are no pictures, for a cause."""

    start_us: int
    cause: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EndAbsence:
    """The absence that began at ``start_us`` is over, and is a link of the chain."""

    start_us: int
    end_us: int
    sequence: int
    link: bytes


@dataclass(frozen=True, slots=True)
class DropAbsence:
    """The absence that began at ``start_us`` lasted no time at all."""

    start_us: int


@dataclass(frozen=True, slots=True)
class DropSegment:
    """The row of a segment of which nothing usable lies on disk."""

    name: str


Operation = BeginSegment | SealSegment | BeginAbsence | EndAbsence | DropAbsence | DropSegment


@dataclass(frozen=True, slots=True)
class Tail:
    """Where a stream's time and chain stand: what the next record follows."""

    covered_us: int | None
    sequence: int
    link: bytes
    absence: BeginAbsence | None


async def apply(session: AsyncSession, stream: StreamId, operations: Sequence[Operation]) -> None:
    """Carry out the operations in order, within the caller's transaction."""
    for operation in operations:
        match operation:
            case BeginSegment():
                # Said twice, the second time perhaps after the segment went on its way: the first one counts.
                if await session.get(Segment, str(operation.header.name)) is None:
                    session.add(_segment_row(stream, operation))
                    await session.flush()
            case SealSegment():
                await session.execute(
                    update(Segment)
                    .where(col(Segment.name) == operation.name, col(Segment.state).not_in(["destroying", "sealed"]))
                    .values(
                        state=operation.state,
                        end_us=operation.end_us,
                        size_bytes=operation.size_bytes,
                        groups=operation.groups,
                        last_link=operation.last_link,
                    )
                )
            case DropSegment():
                await session.execute(delete(Segment).where(col(Segment.name) == operation.name))
            case _:
                await _apply_absence(session, stream, operation)


async def _apply_absence(
    session: AsyncSession, stream: StreamId, operation: BeginAbsence | EndAbsence | DropAbsence
) -> None:
    found = (
        (await session.execute(_absences(stream).where(col(Absence.start_us) == operation.start_us))).scalars().first()
    )
    match operation:
        case BeginAbsence():
            row = found or Absence(
                commune_id=stream.commune,
                camera_id=stream.camera,
                stream=stream.stream,
                start_us=operation.start_us,
                cause=operation.cause,
            )
            row.cause, row.detail = operation.cause, operation.detail[:DETAIL_LIMIT_CHARS]
            session.add(row)
        case EndAbsence():
            # Said twice, the second time perhaps after the camera's card has filled a part of it: the first one counts.
            if found is not None and found.end_us is None:
                found.end_us, found.sequence, found.link = operation.end_us, operation.sequence, operation.link
                session.add(found)
        case DropAbsence():
            if found is not None:
                await session.delete(found)
    await session.flush()


async def load_tail(session: AsyncSession, stream: StreamId) -> Tail:
    """Where the committed rows leave the stream; open segments count by their first group only (adopt them first)."""
    mark = await session.get(StreamMark, (stream.camera, stream.stream))
    heads = [(0, genesis(stream.camera, stream.stream))]
    ends: list[int] = []
    if mark is not None:
        heads.append((mark.sequence, mark.link))
        ends.append(mark.destroyed_until_us)
    segment = (
        (
            await session.execute(
                # What came from the camera's card is on a chain of its own.
                _segments(stream).where(col(Segment.origin) == "live").order_by(col(Segment.start_us).desc()).limit(1)
            )
        )
        .scalars()
        .first()
    )
    if segment is not None:
        heads.append((segment.sequence + segment.groups, segment.last_link))
        ends.append(segment.end_us)
    closed = (
        (
            await session.execute(
                _absences(stream)
                .where(col(Absence.end_us).is_not(None))
                .order_by(col(Absence.start_us).desc())
                .limit(1)
            )
        )
        .scalars()
        .first()
    )
    if closed is not None and closed.end_us is not None:
        heads.append((closed.sequence, closed.link))
        ends.append(closed.end_us)
    asked = select(Mending).where(col(Mending.camera_id) == stream.camera, col(Mending.stream) == stream.stream)
    mended = (await session.execute(asked.order_by(col(Mending.start_us).desc()).limit(1))).scalars().first()
    if mended is not None:
        heads.append((mended.sequence, mended.link))
        ends.append(mended.end_us)
    current = (await session.execute(_absences(stream).where(col(Absence.end_us).is_(None)))).scalars().first()
    sequence, link = max(heads, key=lambda head: head[0])
    if current is not None:
        return Tail(current.start_us, sequence, link, BeginAbsence(current.start_us, current.cause, current.detail))
    return Tail(max(ends, default=None), sequence, link, None)


def _segment_row(stream: StreamId, operation: BeginSegment) -> Segment:
    header = operation.header
    return Segment(
        name=str(header.name),
        commune_id=stream.commune,
        camera_id=stream.camera,
        stream=stream.stream,
        state="open",
        start_us=header.name.start.us,
        end_us=operation.end_us,
        hour_key_id=header.name.hour_key_id,
        codec=header.codec,
        width=header.width,
        height=header.height,
        zone_set_id=header.zone_set_id,
        origin=header.origin,
        fence=header.name.fence,
        sequence=header.sequence,
        first_link=operation.first_link,
        size_bytes=operation.size_bytes,
        groups=1,
        last_link=operation.last_link,
    )


def _segments(stream: StreamId) -> SelectOfScalar[Segment]:
    return select(Segment).where(col(Segment.camera_id) == stream.camera, col(Segment.stream) == stream.stream)


def _absences(stream: StreamId) -> SelectOfScalar[Absence]:
    return select(Absence).where(col(Absence.camera_id) == stream.camera, col(Absence.stream) == stream.stream)
