"""The answer of a rule that is not met: which rule, what is missing, what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lapse:
    """An element that is missing or no longer holds; rules return None when they are met."""

    rule: str
    what: str
    todo: str = ""
