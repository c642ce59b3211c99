"""What the recorders say of their volumes, of cameras that are not recorded for want of room, and of each minute kept.

All times are UTC microseconds (``_us``); nothing here is about a person.
"""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from vms.model.columns import Wide, WideOrNone


class Volume(SQLModel, table=True):
    """One volume of footage as last measured, and until when it is enough (P-35)."""

    id: str = Field(primary_key=True)  # main | spare
    level: str = "ok"  # ok | warn | reserve | stopping | wrong; of a spare also: in-use
    total_bytes: Wide = 0
    free_bytes: Wide = 0
    reserve_bytes: Wide = 0
    stored_bytes: Wide = 0
    # What all of it takes once every camera has its whole term on disk, at the measured rates.
    needed_bytes: Wide = 0
    bytes_per_s: float = 0.0
    # When the reserve is reached, and when only protected footage is left; empty when never at these rates.
    reserve_us: WideOrNone = None
    stop_us: WideOrNone = None
    fault: str = ""
    measured_us: Wide = 0


class CameraStorage(SQLModel, table=True):
    """What one camera takes: what it has on disk, and how fast that grows."""

    camera_id: str = Field(primary_key=True)
    commune_id: str = Field(index=True)
    stored_bytes: Wide = 0
    protected_bytes: Wide = 0
    bytes_per_s: float = 0.0
    # Order in which recording goes on when nothing may be destroyed: 1 is the last to stop.
    rank: int = 0
    measured_us: Wide = 0


class RecordingStop(SQLModel, table=True):
    """A camera that is not recorded because only protected footage is left (P-35); the row goes when it may again."""

    camera_id: str = Field(primary_key=True)
    commune_id: str = Field(index=True)
    since_us: Wide


class RecordedMinute(SQLModel, table=True):
    """The last whole minute kept of a stream, as it was written: pictures a second and size (T-04, T-05, T-06)."""

    camera_id: str = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    commune_id: str = Field(index=True)
    start_us: Wide
    fps: float
    width: int
    height: int
    rule: str = ""  # the rule it falls short of, if any
