"""Segments and absences: together they tile the time of each stream exactly once (S4)."""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from vms.model.columns import Wide, WideOrNone


class Segment(SQLModel, table=True):
    """One file of sealed groups; the row is committed after its bytes are durable (S3), and goes last (S5)."""

    __table_args__ = (Index("segment_time", "camera_id", "stream", "start_us"),)

    name: str = Field(primary_key=True)
    commune_id: str = Field(index=True)
    camera_id: str
    stream: str
    state: str = "open"  # open | sealed | destroying
    start_us: Wide
    end_us: Wide
    hour_key_id: str = Field(index=True)
    size_bytes: Wide = 0
    groups: int = 0
    codec: str = ""
    width: int = 0
    height: int = 0
    zone_set_id: str = ""
    origin: str = "live"  # live | edge
    fence: Wide = 0
    sequence: Wide = 0  # of its first link in the stream's chain
    first_link: bytes = Field(default=b"", sa_column=Column(LargeBinary))
    last_link: bytes = Field(default=b"", sa_column=Column(LargeBinary))


class Absence(SQLModel, table=True):
    """A hole in the recording and its cause; open while ``end_us`` is empty. It is a link of the chain too."""

    __table_args__ = (Index("absence_time", "camera_id", "stream", "start_us"),)

    id: int | None = Field(default=None, primary_key=True)
    commune_id: str = Field(index=True)
    camera_id: str
    stream: str
    start_us: Wide
    end_us: WideOrNone = None
    cause: str
    detail: str = ""
    sequence: Wide = 0
    link: bytes = Field(default=b"", sa_column=Column(LargeBinary))


class StreamMark(SQLModel, table=True):
    """What is left of a stream's destroyed past: until when it went (P-30), and the last link of its chain then."""

    camera_id: str = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    commune_id: str = Field(index=True)
    destroyed_until_us: Wide = 0
    sequence: Wide = 0
    link: bytes = Field(default=b"", sa_column=Column(LargeBinary))


class ErasureReport(SQLModel, table=True):
    """A destruction that the keeper has yet to journal: written with the rows' removal, gone once it is journalled."""

    id: int | None = Field(default=None, primary_key=True)
    commune_id: str = Field(index=True)
    camera_id: str
    stream: str
    from_us: Wide
    to_us: Wide
    mode: str  # due | early (a documented loss, P-35)
    count: int
    size_bytes: Wide
    erased_us: Wide
