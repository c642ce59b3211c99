"""Which absences a camera's card may fill, and what the index says of them before, during and after (S4).

An absence that a card is asked for becomes a ``Mending`` row, which keeps its link of the chain; ``Absence`` rows
without a link say what is missing of it still. So segments and absences tile time at every commit.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from recorder.backfill.writer import piece
from recorder.segment.rows import DETAIL_LIMIT_CHARS, StreamId
from vms.clock import MICRO
from vms.model import Absence, Mending, Segment

# A camera went on recording through these, or may have. Never those by which recording was forbidden, or its picture
# was not trusted; and not a full disk, which recovered footage would only fill again.
FILLABLE: Final = frozenset(
    {
        "camera-unreachable", "stream-stalled", "stream-refused", "stream-damaged", "recorder-stopped", "disk-wrong",
        "store-stalled", "mask-failed", "parameter-sets-missing", "key-frame-awaited", "wrong-credential",
    }
)  # fmt: skip
AGE_LIMIT_US: Final = 32 * 86_400 * MICRO
ROWS_LIMIT_COUNT: Final = 500
# An absence has ended when its last row is committed; its commit may be said again for a moment.
SETTLED_US: Final = MICRO


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without pictures that a card may fill; ``fresh`` when it was never asked for."""

    stream: StreamId
    start_us: int
    end_us: int
    fresh: bool


async def find_gaps(session: AsyncSession, cameras: Iterable[str], now_us: int) -> list[Gap]:
    """The gaps of these cameras that may be tried now, oldest first."""
    names = list(cameras)
    fresh = select(Absence).where(
        col(Absence.camera_id).in_(names),
        col(Absence.cause).in_(sorted(FILLABLE)),
        col(Absence.sequence) != 0,
        col(Absence.end_us) <= now_us - SETTLED_US,
        col(Absence.end_us) > now_us - AGE_LIMIT_US,
    )
    again = select(Mending).where(
        col(Mending.camera_id).in_(names), col(Mending.settled).is_(False), col(Mending.next_us) <= now_us
    )
    rows: list[Absence | Mending] = [
        *(await session.execute(fresh.order_by(col(Absence.start_us)).limit(ROWS_LIMIT_COUNT))).scalars()
    ]
    rows += (await session.execute(again.order_by(col(Mending.start_us)).limit(ROWS_LIMIT_COUNT))).scalars()
    # Between two causes nothing was seen: what goes on as an open absence is one gap with what comes before it.
    lasting = select(Absence).where(col(Absence.camera_id).in_(names), col(Absence.end_us).is_(None))
    going_on = {(row.camera_id, row.stream, row.start_us) for row in (await session.execute(lasting)).scalars()}
    gaps = [gap for gap in _joined(rows) if (gap.stream.camera, gap.stream.stream, gap.end_us) not in going_on]
    return sorted(gaps, key=lambda gap: gap.start_us)


def _joined(rows: Iterable[Absence | Mending]) -> list[Gap]:
    """The rows as gaps; those of one stream that abut are one gap, since the camera went on through them."""
    gaps: list[Gap] = []
    for row in sorted(rows, key=lambda row: (row.camera_id, row.stream, row.start_us)):
        stream, fresh = StreamId(row.commune_id, row.camera_id, row.stream), isinstance(row, Absence)
        last = gaps[-1] if gaps else None
        end_us = row.end_us or row.start_us
        if last is not None and (last.stream, last.end_us, last.fresh) == (stream, row.start_us, fresh):
            gaps[-1] = Gap(stream, last.start_us, end_us, fresh)
        elif end_us > row.start_us:
            gaps.append(Gap(stream, row.start_us, end_us, fresh))
    return gaps


async def mend(session: AsyncSession, gap: Gap) -> None:
    """From now on the gap is one that the card was asked for; again for one that is changes nothing."""
    for row in (await session.execute(_within(gap).where(col(Absence.sequence) != 0))).scalars():
        session.add(
            Mending(
                commune_id=row.commune_id, camera_id=row.camera_id, stream=row.stream, start_us=row.start_us,
                end_us=row.end_us or row.start_us, cause=row.cause, sequence=row.sequence, link=row.link,
            )
        )  # fmt: skip
        row.sequence, row.link = 0, b""
        session.add(row)
    await session.flush()


async def missing(session: AsyncSession, gap: Gap) -> list[tuple[int, int]]:
    """What of the gap is still missing, in order; rows that abut as one stretch."""
    stretches: list[tuple[int, int]] = []
    for row in (await session.execute(_within(gap).order_by(col(Absence.start_us)))).scalars():
        end_us = row.end_us or row.start_us
        if stretches and stretches[-1][1] == row.start_us:
            stretches[-1] = (stretches[-1][0], end_us)
        else:
            stretches.append((row.start_us, end_us))
    return stretches


async def settle(session: AsyncSession, gap: Gap, why: Callable[[int], str], cuts: Iterable[int] = ()) -> None:
    """The card is not asked again: what is left of the gap keeps its cause, and says why the card did not help.

    ``why`` is asked at the start of each piece; ``cuts`` are the instants at which its answer changes.
    """
    await _mark(session, gap, _done)
    places = sorted(cuts)
    for row in (await session.execute(_within(gap))).scalars():
        bounds = [row.start_us, *(at for at in places if row.start_us < at < (row.end_us or 0)), row.end_us or 0]
        for low, high in itertools.pairwise(bounds):
            left = piece(row, low, high)
            left.detail = f"carte : {why(low)}"[:DETAIL_LIMIT_CHARS]
            session.add(left)
        await session.delete(row)
    await session.flush()


async def postpone(session: AsyncSession, gap: Gap, next_us: Callable[[int], int]) -> int:
    """Try again from ``next_us(tries)`` on; how often it was tried by now."""
    tries: list[int] = []

    def later(row: Mending) -> None:
        row.tries += 1
        row.next_us = next_us(row.tries)
        tries.append(row.tries)

    await _mark(session, gap, later)
    return max(tries, default=0)


async def sizes_beside(session: AsyncSession, gap: Gap) -> tuple[set[tuple[int, int]], bool]:
    """The picture sizes recorded just before and after the gap, and whether footage ends where it starts."""
    mine = select(Segment).where(
        col(Segment.camera_id) == gap.stream.camera,
        col(Segment.stream) == gap.stream.stream,
        col(Segment.state) != "destroying",
    )
    before = mine.where(col(Segment.end_us) <= gap.start_us).order_by(col(Segment.end_us).desc()).limit(1)
    after = mine.where(col(Segment.start_us) >= gap.end_us).order_by(col(Segment.start_us)).limit(1)
    found = [(await session.execute(one)).scalars().first() for one in (before, after)]
    sizes = {(row.width, row.height) for row in found if row is not None}
    return sizes, found[0] is not None and found[0].end_us == gap.start_us


async def _mark(session: AsyncSession, gap: Gap, change: Callable[[Mending], None]) -> None:
    chosen = select(Mending).where(
        col(Mending.camera_id) == gap.stream.camera,
        col(Mending.stream) == gap.stream.stream,
        col(Mending.start_us) >= gap.start_us,
        col(Mending.end_us) <= gap.end_us,
    )
    for row in (await session.execute(chosen)).scalars():
        change(row)
        session.add(row)
    await session.flush()


def _done(row: Mending) -> None:
    row.settled = True


def _within(gap: Gap) -> SelectOfScalar[Absence]:
    return select(Absence).where(
        col(Absence.camera_id) == gap.stream.camera,
        col(Absence.stream) == gap.stream.stream,
        col(Absence.start_us) >= gap.start_us,
        col(Absence.end_us) <= gap.end_us,
    )
