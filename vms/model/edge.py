"""What was brought back from cameras' own cards: which absences were asked for, the edge chain's head, clock marks."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from vms.model.columns import Wide


class Mending(SQLModel, table=True):
    """An absence as the stream's chain has it, whose time a camera's card was asked for.

    From then on ``Absence`` rows say what is still missing of it, without being links (``sequence`` 0); this row keeps
    the link. ``settled`` says that the card will not be asked again.
    """

    __table_args__ = (Index("mending_time", "camera_id", "stream", "start_us"),)

    id: int | None = Field(default=None, primary_key=True)
    commune_id: str = Field(index=True)
    camera_id: str
    stream: str
    start_us: Wide
    end_us: Wide
    cause: str
    sequence: Wide
    link: bytes = Field(default=b"", sa_column=Column(LargeBinary))
    settled: bool = False
    tries: int = 0
    next_us: Wide = 0  # not to be tried again before


class EdgeHead(SQLModel, table=True):
    """The last link of a stream's edge chain (docs/formats/segment.md); its sequence never goes back."""

    camera_id: str = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    commune_id: str = Field(index=True)
    sequence: Wide = 0
    link: bytes = Field(default=b"", sa_column=Column(LargeBinary))


class ClockMark(SQLModel, table=True):
    """The camera's clock minus ours, by its sender reports, at a kept picture: beside an absence, and lately."""

    __table_args__ = (Index("clock_mark_time", "camera_id", "stream", "at_us"),)

    id: int | None = Field(default=None, primary_key=True)
    camera_id: str
    stream: str
    at_us: Wide
    difference_us: Wide
