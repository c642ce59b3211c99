"""One element of an answer: which rule looked at which fact, with its dates, and what is missing when it does not hold.

Rules yield their reasons one by one, in the order in which a refusal would name them, so that the gate stops at the
first that does not hold and an explanation tells them all: both read the same code.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from vms.law.lapse import Lapse


class Reason(NamedTuple):
    """``ref``, ``from_us`` and ``until_us`` are the fact's own; None where it has no such date."""

    rule: str
    element: str
    lapse: Lapse | None = None
    ref: str = ""
    from_us: int | None = None
    until_us: int | None = None


def first_lapse(reasons: Iterable[Reason]) -> Lapse | None:
    """The first element that does not hold, or None when all do."""
    for reason in reasons:
        if reason.lapse is not None:
            return reason.lapse
    return None
