"""Who does what when several machines share the work: one row per worker, one per thing that only one may do.

A lease holds as long as its holder's row is renewed: a worker with a hundred cameras writes one row, not a hundred.
"""

from __future__ import annotations

from sqlalchemy import Column, LargeBinary
from sqlmodel import Field, SQLModel

from vms.model.columns import Wide


class Worker(SQLModel, table=True):
    """One process that takes leases; ``id`` is new at each start, so that nobody mistakes it for its predecessor."""

    id: str = Field(primary_key=True)
    # Machine and process, e.g. "rec-a/0": the same at the next start, which takes over what this one held.
    seat: str = Field(index=True)
    started_us: Wide
    renewed_us: Wide  # the database's clock: machines need not agree on the time
    # Where its relay listens for other machines, ``host:port``; empty on a machine without one.
    address: str = ""
    capacity: int = 0
    draining: bool = False
    # What it has made durable, for whoever takes over (see recorder/segment/progress.py). Never pictures, never keys.
    progress: bytes = Field(default=b"", sa_column=Column(LargeBinary))


class Lease(SQLModel, table=True):
    """The right to do one thing, e.g. ``camera:valclair-c01``; the fence grows with each new holder and never falls."""

    name: str = Field(primary_key=True)
    holder: str = Field(default="", index=True)
    fence: Wide = 0
    taken_us: Wide = 0
