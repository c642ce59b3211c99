"""Types of columns that 32 bits do not hold: instants in microseconds, sizes in bytes, numbers that only grow.

SQLite takes any integer in any column; PostgreSQL refuses what does not fit, so every such column says so.
"""

from __future__ import annotations

from typing import Annotated

from sqlalchemy import BigInteger
from sqlmodel import Field

Wide = Annotated[int, Field(sa_type=BigInteger)]
WideOrNone = Annotated[int | None, Field(sa_type=BigInteger, nullable=True)]
