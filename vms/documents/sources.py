"""What documents are drawn from: the commune's facts at an instant, its journal, its keys, and what recorders measured.

Everything here is given by the keeper or, for measures, by the web process, which reads them in the shared database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from vms.law.dates import french_date
from vms.law.facts import CommuneFacts

CAMERAS_LIMIT: Final = 2000
INCIDENTS_LIMIT: Final = 5000

Short = Annotated[str, Field(max_length=200)]


class Measure(BaseModel):
    """The last whole minute kept of a stream (T-04…T-06); ``rule`` is the one it falls short of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stream: Short
    start_us: int
    fps: float
    width: int
    height: int
    rule: Short = ""


class MeasuredCamera(BaseModel):
    """What is known of a camera's device and of its recording."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Short
    number: int = Field(default=0, ge=0)  # 0: not told
    device: Short = ""
    tls: bool
    hardened: bool
    clock_offset_ms: int
    minutes: tuple[Measure, ...] = Field(default=(), max_length=4)


class SeenIncident(BaseModel):
    """An incident that the machine opened."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Short
    camera: Short
    severity: Short
    rule: Short
    opened_us: int
    closed_us: int | None = None


class Measured(BaseModel):
    """Everything measured, and the newest incidents (``whole`` when all are there)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cameras: tuple[MeasuredCamera, ...] = Field(default=(), max_length=CAMERAS_LIMIT)
    incidents: tuple[SeenIncident, ...] = Field(default=(), max_length=INCIDENTS_LIMIT)
    whole: bool = True
    build: Short = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What the commune says of itself to everyone (P-81), and when it came to this service."""

    controller: str = ""
    officer: str = ""
    rights: str = ""
    founded_us: int = 0


@dataclass(frozen=True, slots=True)
class Recorded:
    """A journal entry; ``record`` is None once it was deleted at its term (P-43)."""

    at_us: int
    record: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class KeptHour:
    """A camera's hour whose key is still there: what was recorded in it can still be opened by whoever may."""

    camera: str
    hour_us: int
    due_us: int
    held: bool


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of one document; ``at_us`` is the instant it speaks of, ``from_us``–``to_us`` its span if it has one.

    ``records`` walks the journal's entries written in a span of µs, oldest first, each checked against its leaf;
    ``hours`` tells the hours of a span whose key is kept.
    """

    facts: CommuneFacts
    now_us: int
    at_us: int
    from_us: int = 0
    to_us: int = 0
    order: str = ""
    told: Told = field(default_factory=Told)
    trusted_prefixes: int = 0
    prefixes: int = 0
    seal_sha256: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    measured: Measured = field(default_factory=Measured)
    records: Callable[[int, int], Iterator[Recorded]] = lambda _from, _to: iter(())
    hours: Callable[[int, int], Iterator[KeptHour]] = lambda _from, _to: iter(())

    def days(self) -> str:
        """The span as people say it: ``le 24/11/2026``, or from a day to a day."""
        first, last = french_date(self.from_us), french_date(self.to_us - 1)
        return f"le {first}" if first == last else f"du {first} au {last}"
