"""Holds: footage outlives its due date only for a procedure with a reference, and never without an end (P-32, P-34)."""

from __future__ import annotations

from collections.abc import Iterable

from vms.law.dates import DAY_US
from vms.law.facts import Hold
from vms.law.lapse import Lapse
from vms.law.retention import HOUR_US
from vms.law.rulebook import rulebook


def hold_lapse(hold: Hold) -> Lapse | None:
    """Why a hold cannot be placed as it is, or None (P-32)."""
    book = rulebook()
    if hold.procedure not in book.hold_procedure:
        return Lapse("P-32", "Un gel suppose une procédure de la liste.", "Choisissez la procédure.")
    if hold.request is None and not all(
        one.refusable for one in book.legal_frame.values() if one.hold_procedure == hold.procedure
    ):
        return Lapse("P-77", "Un signalement gèle ses images lui-même.", "Enregistrez le signalement.")
    named = (("une autorité", hold.authority), ("une référence", hold.reference), ("un demandeur", hold.requester))
    for name, value in named:
        if not value.strip():
            return Lapse("P-32", f"Un gel suppose {name}.", "Complétez le gel.")
    days = book.durations.provisional_hold_days if hold.provisional else book.durations.confirmed_hold_days
    if hold.until_us > hold.placed_us + days * DAY_US:
        return Lapse("P-34" if hold.provisional else "P-32", f"Un gel dure {days} jours au plus.", "Avancez sa fin.")
    return None


def provisional_end(placed_us: int) -> int:
    """When a provisional hold ends by itself if it is not confirmed (P-34)."""
    return placed_us + rulebook().durations.provisional_hold_days * DAY_US


def confirmed_end(placed_us: int) -> int:
    """When a confirmed hold ends unless it is placed again (P-32)."""
    return placed_us + rulebook().durations.confirmed_hold_days * DAY_US


def before(holds: Iterable[Hold], cameras: frozenset[str], from_us: int, to_us: int, now_us: int) -> tuple[str, ...]:
    """The holds whose keys a new one on this range keeps alive: those that keep some of it now, and those before them.

    Past its term footage lives by a hold alone. A longer procedure places its hold again, and a part is granted, while
    that hold lasts; its end must not take them along (P-32, P-34). Footage that straddles an edge counts: an hour.
    """
    found: dict[str, None] = {}
    for hold in holds:
        near = hold.from_us - HOUR_US < to_us and from_us < hold.to_us + HOUR_US
        if near and hold.cameras & cameras and hold.active(now_us):
            found |= dict.fromkeys((hold.id, *hold.after))
    return tuple(found)


def ranges(holds: Iterable[Hold], camera: str, now_us: int) -> list[tuple[int, int]]:
    """The footage ranges of a camera that active holds keep at ``now_us``."""
    return sorted((h.from_us, h.to_us) for h in holds if camera in h.cameras and h.active(now_us))
