"""From a seed to everything that will happen: cameras, lives of the recorder, faults, waits, holds. Pure.

The whole plan is drawn before anything runs, and printed with a failure: a seed alone says nothing to a reader.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from deploy.simulation.camera import Habits
from deploy.simulation.faults import (
    BUCKET_FAULTS,
    CLOCK_FAULTS,
    DATABASE_FAULTS,
    DISK_FAULTS,
    KEEPER_FAULTS,
    NETWORK_FAULTS,
    SPARE_FAULTS,
    SPARED_FAULTS,
    TERM_FAULTS,
    Ending,
    Fault,
    Kind,
)  # fmt: skip
from vms.clock import UtcTime

# Days on which calendars trip: both clock changes of Paris, ends of short months, a leap day, a year's end, an NTP era.
STARTS: Final = (
    "2026-03-28T23:40:00Z", "2026-10-24T23:50:00Z", "2026-11-24T14:10:00Z", "2026-12-31T22:58:30Z",
    "2027-01-30T11:59:00Z", "2028-02-28T22:57:00Z", "2028-02-29T23:58:00Z", "2036-02-07T06:26:00Z",
)  # fmt: skip
DAY_S: Final = 86_400.0
# The first life and the last are left in peace at their beginning and end: what is recorded then must be there.
CALM_S: Final = 12.0
LONG_DAYS: Final = 29
RARE_PART: Final = 0.15


@dataclass(frozen=True, slots=True)
class LifePlan:
    """One life of the recorder. ``step`` counts the steps (in halves) from its end's hour to its death."""

    lasts_s: float
    faults: tuple[Fault, ...]
    ending: Ending
    step: int
    watched: bool
    pause_s: float
    hold: tuple[float, float] | None  # placed in the pause: (from, to) in seconds before that moment
    release: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """A simulation."""

    seed: int
    start: UtcTime
    habits: tuple[tuple[str, Habits], ...]
    days: int
    lives: tuple[LifePlan, ...]
    bucket: bool  # what is ended goes into a bucket, from a spool
    leased: bool  # the camera is this recorder's by a lease
    spare: bool = False  # a spare volume stands by

    def describe(self) -> list[str]:
        """The plan in words, a line each."""
        ways = f"{', a bucket' if self.bucket else ''}{', a lease' if self.leased else ''}"
        ways += ", a spare volume" if self.spare else ""
        lines = [f"seed {self.seed}: from {self.start.iso()}, kept {self.days} days{ways}"]
        lines += [f"  {stream}: {habits}" for stream, habits in self.habits]
        for number, life in enumerate(self.lives):
            lines.append(f"  life {number}: {life.lasts_s:.1f} s, then {life.ending} at step {life.step}")
            lines += [f"    {one.at_s:7.2f} s {one.kind} for {one.for_s:.2f} s, {one.amount:g} ({one.stream})"
                      for one in life.faults]  # fmt: skip
            lines.append(f"    pause {life.pause_s:.1f} s, hold {life.hold}, release {life.release}")
        return lines


def draw(seed: int, *, spare: bool = False) -> Plan:
    """The plan of a seed; with a spare volume, more goes wrong with both, and there is no bucket."""
    chance = random.Random(seed)  # noqa: S311 (no secret: the same seed must give the same plan)
    streams = ("main",) if chance.random() < 0.75 else ("main", "sub")
    habits = tuple((stream, _habits(chance)) for stream in streams)
    count = chance.choice((1, 1, 2, 2, 3))
    days = chance.choice((1, 2, 7, 29, 30))
    lives = [_life(chance, streams, days) for _ in range(count)]
    bucket, leased = _add_rare(random.Random(f"{seed}/rare"), lives, days)  # noqa: S311 (no secret)
    if spare:
        _add_spare(random.Random(f"{seed}/spare"), lives)  # noqa: S311 (no secret)
    lives.append(LifePlan(6.0 + chance.random() * 6, (), "stopped", 0, False, 0.0, None, False))
    return Plan(
        seed,
        UtcTime.parse(chance.choice(STARTS)).plus(seconds=chance.random() * 60),
        habits,
        days,
        tuple(lives),
        bucket and not spare,
        leased,
        spare,
    )


def _add_rare(chance: random.Random, lives: list[LifePlan], days: int) -> tuple[bool, bool]:
    """What comes on some days only; drawn apart, so that the other days stay what they were."""
    bucket, leased = chance.random() < RARE_PART, chance.random() < RARE_PART
    if chance.random() < RARE_PART:
        _add(lives, chance, chance.choice(TERM_FAULTS), 1.0 + chance.random() * 20, (days + 2) * DAY_S)
    for _ in range(chance.choice((1, 2)) if bucket else 0):
        _add(lives, chance, chance.choice(BUCKET_FAULTS), chance.choice((3.0, 40.0)) * (0.5 + chance.random()), 0.0)
    for _ in range(chance.choice((1, 2)) if leased else 0):
        _add(lives, chance, "lease-lost", chance.choice((0.5, 8.0, 20.0)) * (0.5 + chance.random()), 0.0)
    return bucket, leased


def _add_spare(chance: random.Random, lives: list[LifePlan]) -> None:
    """Something that the spare makes good, at least once; at times something that is the spare's own."""
    for _ in range(chance.choice((1, 2, 3))):
        _add(lives, chance, chance.choice(SPARED_FAULTS), chance.choice((3.0, 40.0)) * (0.5 + chance.random()), 1.0)
    if chance.random() < RARE_PART * 2:
        _add(lives, chance, chance.choice(SPARE_FAULTS), chance.choice((3.0, 40.0)) * (0.5 + chance.random()), 1.0)


def _add(lives: list[LifePlan], chance: random.Random, kind: Kind, for_s: float, amount: float) -> None:
    place = chance.randrange(len(lives))
    life = lives[place]
    faults = (*life.faults, Fault(chance.random() * life.lasts_s, kind, for_s, amount))
    lives[place] = replace(life, faults=tuple(sorted(faults, key=lambda one: one.at_s)))


def _habits(chance: random.Random) -> Habits:
    interval_s = chance.choice((0.25, 0.5, 1.0, 1.0))
    return Habits(
        interval_s=interval_s,
        group_units=max(1, round(chance.choice((1.0, 2.0, 4.0, 4.0)) / interval_s)),
        slices=chance.randint(1, 2),
        unit_bytes=chance.choice((1, 40, 900)),
        drift_ppm=chance.choice((0.0, 50.0, -120.0, 300.0)),
        jitter_s=chance.choice((0.0, 0.01, 0.1)),
        starts_at_key=chance.random() < 0.7,
        clock_error_s=chance.choice((0.0, 0.2, -7_200.0, 9e8, -1.6e9)),
        reports=chance.random() < 0.6,
    )


def _life(chance: random.Random, streams: Sequence[str], days: int) -> LifePlan:
    lasts_s = CALM_S + chance.random() * chance.choice((15, 30, 70))
    count = chance.choice((0, 1, 1, 2, 2, 3))
    faults = sorted((_fault(chance, streams, days, lasts_s) for _ in range(count)), key=lambda one: one.at_s)
    ending: Ending = chance.choice(("killed", "killed", "power-cut", "power-cut", "stopped"))
    pause_s = chance.choice((0.5, 3.0, 40.0, 600.0, 3_700.0, DAY_S, days * DAY_S + 120.0, 32 * DAY_S))
    hold = (chance.random() * 200, chance.random() * 40) if chance.random() < 0.35 else None
    return LifePlan(
        lasts_s, tuple(faults), ending, chance.randint(0, 60), chance.random() < 0.3,
        pause_s * (0.7 + 0.6 * chance.random()), hold, chance.random() < 0.2,
    )  # fmt: skip


def _fault(chance: random.Random, streams: Sequence[str], days: int, lasts_s: float) -> Fault:
    family: Sequence[Kind] = chance.choice(
        (DISK_FAULTS, DISK_FAULTS, DATABASE_FAULTS, KEEPER_FAULTS, CLOCK_FAULTS, NETWORK_FAULTS, NETWORK_FAULTS)
    )
    kind = chance.choice(family)
    # What a wrong clock calls due is gone: days ahead only where the term is longer by far.
    days_ahead_s = 3 * DAY_S if days >= LONG_DAYS else 4_000.0
    for_s = chance.choice((0.3, 3.0, 12.0, 30.0)) * (0.5 + chance.random())
    amount = {
        "disk-eio": chance.choice((0.2, 1.0)),
        "disk-slow": chance.choice((0.2, 1.5, 6.0)),
        "db-slow": chance.choice((0.1, 1.0)),
        "clock-ahead": chance.choice((0.4, 2.0, 90.0, 4_000.0, days_ahead_s)),
        "clock-back": chance.choice((0.4, 2.0, 20.0, 70.0)),
        "clock-ahead-and-right-again": chance.choice((0.9, 5.0, 60.0)),
        "net-lost": chance.randint(1, 5),
        "net-reordered": chance.randint(1, 3),
        "net-garbage": chance.choice((1, 30, 5_000)),
        "camera-clock": chance.choice((-1.2e9, -3_600.0, 2.0, 6e8)),
        "camera-rtp-jump": chance.choice((-40_000.0, -3.0, 2.5, 40_000.0)),
    }.get(kind, 0.0)
    if kind == "net-stall":
        for_s = chance.choice((0.5, 3.0, 6.0, 20.0))
    return Fault(chance.random() * lasts_s, kind, for_s, float(amount), chance.choice(streams))
