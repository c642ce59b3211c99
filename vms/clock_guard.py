"""The time by which things are destroyed for good (P-30): the wall clock, as far as a second clock bears it out.

The second clock was right once and is carried on: by the monotonic clock while the machine runs, by what was written
down of it across a restart. Only what *both* call due is destroyed (docs/decisions/0010-clock-guard.md). While they
agree within the tolerance that is the wall clock's time, and the carried one follows it by 500 ppm at most, so that no
series of small steps takes it along. While they do not, there is a *doubt*:

    jump     the wall clock went ahead while the machine ran: suspicious
    stop     it is ahead since a start: the machine was off, or its clock is wrong
    behind   it was set back, or came up too early

A doubt ends when the clocks agree again, when a person says that the wall clock is right, or when the wall clock has
stood by its time for as long as ``limit_us`` says. A wall clock that moves again begins it anew.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from vms import logs
from vms.clock import HOUR_US, LATEST_US, MICRO, Clock, UtcTime
from vms.errors import GuetError

TOLERANCE_US: Final = 600 * MICRO
SLEW_LIMIT_PPM: Final = 500
DAY_US: Final = 24 * HOUR_US
# An ordinary stop; within the wait, time servers have been heard and a wrong clock has been set right.
SHORT_STOP_US: Final = 7 * DAY_US
SETTLE_US: Final = 900 * MICRO
# Long enough that somebody has read the alarm after a week-end.
DOUBT_US: Final = 72 * HOUR_US
KEEP_EVERY_US: Final = 60 * MICRO

log = logs.get("clock_guard")


@dataclass(frozen=True, slots=True)
class Doubt:
    """The wall clock stands ``ahead_us`` from the carried one (negative: behind) since it showed ``since_us``."""

    since_us: int
    ahead_us: int
    stopped: bool  # the two have not agreed since a start
    waited_us: int = 0  # for how long the wall clock has stood by it, while the machine ran

    @property
    def kind(self) -> Literal["jump", "stop", "behind"]:
        """What it looks like."""
        if self.ahead_us < 0:
            return "behind"
        return "stop" if self.stopped else "jump"

    @property
    def limit_us(self) -> int:
        """After how long the wall clock is believed."""
        return SETTLE_US if self.kind == "stop" and self.ahead_us <= SHORT_STOP_US else DOUBT_US

    @property
    def grave(self) -> bool:
        """Whether people are to be told; an ordinary stop is none of their worries."""
        return self.limit_us == DOUBT_US

    @property
    def what(self) -> str:
        """One French sentence for people."""
        span = _span(abs(self.ahead_us))
        match self.kind:
            case "jump":
                return f"L’horloge de la machine a avancé d’un coup de {span} : ce qu’elle seule dit échu attend."
            case "stop":
                return f"D’après son horloge, la machine est restée arrêtée {span} : ce qu’elle seule dit échu attend."
            case "behind":
                return (
                    f"L’horloge de la machine retarde de {span} sur le temps déjà compté : des destructions attendent."
                )

    @property
    def todo(self) -> str:
        """What to do about it, in French."""
        left = _span(max(0, self.limit_us - self.waited_us))
        return (
            "Vérifiez l’heure de la machine (serveur de temps, pile). Fausse, réglez-la. Juste, "
            f"confirmez-la : vms clock confirm. Sans réponse, elle sera crue dans {left} de marche."
        )


@dataclass(frozen=True, slots=True)
class KnownTime:
    """What is known of the time, and is written down: the carried clock showed ``carried_us`` at that uptime."""

    carried_us: int
    uptime_us: int
    boot: str
    doubt: Doubt | None = None

    def dumps(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self))


def known_time_of(text: str | bytes | None) -> KnownTime | None:
    """What was written down; None when there is nothing, or nothing legible (then other evidence must do)."""
    if not text:
        return None
    try:
        found: dict[str, Any] = json.loads(text)
        doubt = None if found["doubt"] is None else Doubt(**found["doubt"])
        return KnownTime(UtcTime(found["carried_us"]).us, int(found["uptime_us"]), str(found["boot"]), doubt)
    except (ValueError, KeyError, TypeError, GuetError):
        log.error("time_memo_illegible", severity="grave", rule="P-30")
        return None


def carried(known: KnownTime, wall_us: int, uptime_us: int, boot: str) -> KnownTime:
    """What is known now. Pure."""
    started = boot != known.boot or uptime_us < known.uptime_us
    elapsed_us = 0 if started else uptime_us - known.uptime_us
    now_us = min(known.carried_us + elapsed_us, LATEST_US)
    ahead_us, old = wall_us - now_us, known.doubt
    if abs(ahead_us) <= TOLERANCE_US:
        limit_us = max(0, ahead_us) if started else elapsed_us * SLEW_LIMIT_PPM // MICRO
        return KnownTime(now_us + max(-limit_us, min(limit_us, ahead_us)), uptime_us, boot)
    doubt = Doubt(wall_us, ahead_us, started if old is None else old.stopped)
    if old is not None and _same(old, ahead_us, started=started):
        doubt = replace(old, ahead_us=ahead_us, waited_us=old.waited_us + elapsed_us)
    if doubt.waited_us >= doubt.limit_us:
        log.warning("time_believed", kind=doubt.kind, ahead_s=ahead_us // MICRO, rule="P-30")
        return KnownTime(wall_us, uptime_us, boot)
    return KnownTime(now_us, uptime_us, boot, doubt)


def _same(old: Doubt, ahead_us: int, *, started: bool) -> bool:
    """Whether the wall clock stands by what it said; a stop adds itself to the difference."""
    moved_us = ahead_us - old.ahead_us
    if (old.ahead_us < 0) != (ahead_us < 0):
        return False
    return moved_us >= -TOLERANCE_US and (started or moved_us <= TOLERANCE_US)


class ClockGuard:
    """Follows one machine's clocks. ``look`` often: what happens between two looks is one step to it."""

    def __init__(self, clock: Clock, known: KnownTime | None, evidence_us: int = 0) -> None:
        """``known``: what was written down; without it ``evidence_us``, the newest instant otherwise on record."""
        self._clock = clock
        if known is None and evidence_us:
            known = KnownTime(evidence_us, 0, "")
        self._known = known or KnownTime(clock.utc().us, clock.monotonic_us(), clock.boot())
        self._kept: KnownTime | None = None

    def look(self) -> Doubt | None:
        """Read the clocks; the doubt that stands now."""
        before = self._known.doubt
        clock = self._clock
        self._known = carried(self._known, clock.utc().us, clock.monotonic_us(), clock.boot())
        doubt = self._known.doubt
        if doubt is not None and (before is None or before.since_us != doubt.since_us):
            tell = log.error if doubt.grave else log.info
            tell("time_in_doubt", kind=doubt.kind, ahead_s=doubt.ahead_us // MICRO, rule="P-30")
        return doubt

    @property
    def doubt(self) -> Doubt | None:
        """As of the last look."""
        return self._known.doubt

    def now_us(self, confirmed: int | None = None) -> int:
        """By what time things may be destroyed, UTC µs; ``confirmed``: the doubt (``since_us``) that a person ended."""
        doubt, wall_us = self.look(), self._clock.utc().us
        if doubt is None or confirmed == doubt.since_us:
            return wall_us
        return min(wall_us, self._known.carried_us)

    def latest_us(self) -> int:
        """The later of the two clocks: what may be under way now (recorders may go by either)."""
        self.look()
        return max(self._clock.utc().us, self._known.carried_us)

    def believe(self) -> None:
        """The wall clock is right, on better evidence than ours."""
        clock = self._clock
        self._known = KnownTime(clock.utc().us, clock.monotonic_us(), clock.boot())

    def to_keep(self) -> KnownTime | None:
        """What should be written down now; None while the last one still says it all. Ask ``kept`` once it is."""
        now, kept = self._known, self._kept
        if kept is None or now.uptime_us - kept.uptime_us >= KEEP_EVERY_US or now.boot != kept.boot:
            return now
        told = None if kept.doubt is None else kept.doubt.since_us
        return now if told != (None if now.doubt is None else now.doubt.since_us) else None

    def kept(self, known: KnownTime) -> None:
        """It is written down, durably."""
        self._kept = known


def _span(us: int) -> str:
    """A length of time in words, rounded to what matters."""
    if us >= 2 * DAY_US:
        return f"{us // DAY_US} jours"
    if us >= 2 * HOUR_US:
        return f"{us // HOUR_US} heures"
    return f"{max(1, us // (60 * MICRO))} minutes"
