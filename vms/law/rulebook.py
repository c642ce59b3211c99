"""Reads ``rulebook.toml`` once: closed lists of purposes, roles, acts, legal frames and durations, checked and
frozen.
"""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Entry(BaseModel):
    """A part of the rulebook; an unknown key is a mistake in the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Purpose(Entry):
    """One of the eleven purposes of L251-2 (P-01)."""

    id: str
    fr: str
    en: str
    regime: Literal["rgpd", "police-justice"]


class RoleRule(Entry):
    """What a role may ever be given; ``basis`` names the deed it needs besides the decision (P-29, P-51, P-53)."""

    fr: str
    en: str
    categories: tuple[str, ...]
    image: frozenset[str]
    rule: str
    basis: Literal["", "delegation", "approval", "control"] = ""
    by_grouping: bool = False
    by_service: bool = False


class Category(Entry):
    """A category of persons of R253-3."""

    fr: str
    article: str


class ConventionRule(Entry):
    """A convention that a pooled right needs (P-61), or that is kept because it must exist (P-63)."""

    fr: str
    rule: str
    needed_by: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()


class Words(Entry):
    """A closed list's entry that has words and nothing else."""

    fr: str
    en: str


def mid(words: str) -> str:
    """Words of the book in the middle of a sentence: a name such as CNIL keeps its capitals."""
    return words[:1].lower() + words[1:]


class Recipient(Words):
    """A service of the State that an order may name; ``collects``: its agents may collect recordings (P-50, P-73)."""

    collects: bool = False


class PoolingForm(Words):
    """A legal way of pooling municipal police; ``months`` bounds it when the law wants it short (P-62)."""

    article: str
    months: int | None = None


class GroupingRule(Words):
    """A body that may acquire and pool, and of whom it may consist (P-60)."""

    article: str
    may_pool: bool
    members: frozenset[str]
    chairs: frozenset[str]


class ModificationRule(Words):
    """A change to declare; ``new_view``: the camera shows something else, so its zones are to be drawn again (P-27)."""

    new_view: bool = False


class ObjectiveLevel(Words):
    """A level of detail on the target, and the pixels that each metre across it needs (T-15)."""

    px_m: int = Field(ge=1)


class LegalFrame(Entry):
    """What a request must say, per legal frame (P-72).

    ``roles`` are those that may register under it, all that register when there are none. ``answer_days`` is how long
    an answer may take without being brought up again.
    """

    fr: str
    en: str
    fields: tuple[str, ...]
    any_of: tuple[tuple[str, ...], ...] = ()
    judicial: bool
    hold_procedure: str
    refusable: bool = True
    roles: frozenset[str] = frozenset()
    answer_days: int | None = None


class RefusalGround(Entry):
    """A legal ground on which a request is refused, or carried out in part (P-74, P-83)."""

    fr: str
    en: str
    frames: frozenset[str]
    rule: str
    partial_only: bool = False  # narrows what is carried out, and cannot refuse it whole


class AccessRight(Words):
    """A right of filmed persons, and how it can be granted (P-82)."""

    outcomes: tuple[str, ...]


class AccessForm(Entry):
    """What the public form may freeze and fill at most; days are any 24 hours, sizes are characters (P-83)."""

    range_minutes: int
    holds: int
    backlog: int
    per_address_day: int
    per_commune_day: int
    follow_per_hour: int
    place_chars: int
    description_chars: int
    contact_chars: int


class ImageAct(Entry):
    """An act that opens pictures, and the kind of its journal entry (P-40)."""

    fr: str
    en: str
    journal: Literal["consultation", "communication"]
    step_up: bool = False


class ActClass(StrEnum):
    """What an act wants besides its page's signature (decision 0032)."""

    ORDINARY = "ordinary"
    STEPPED_UP = "stepped_up"
    TWO_PERSONS = "two_persons"


class FactAct(Entry):
    """An act that changes a fact."""

    roles: frozenset[str]
    rule: str
    act_class: ActClass = Field(alias="class")

    @property
    def step_up(self) -> bool:
        """Whether the person confirms who they are again, within five minutes."""
        return self.act_class is not ActClass.ORDINARY


class DocumentRule(Words):
    """A document drawn from the live state: who may have it, and what its reader chooses (P-29)."""

    use_fr: str
    use_en: str
    roles: frozenset[str]
    rule: str
    when: Literal["now", "day", "days", "year", "order"]


class Durations(Entry):
    """Durations; the unit is last in each name."""

    authorisation_years: int
    renewal_warning_months: int
    prefect_silence_months: int
    provisional_months: int
    retention_max_days: int
    journal_months: int
    provisional_hold_days: int
    confirmed_hold_days: int
    package_after_receipt_days: int
    general_instruction_months: int
    access_answer_months: int
    access_extension_months: int
    access_identity_days: int
    access_kept_months: int
    access_lapsed_days: int
    framing_minutes: int
    key_drill_months: int
    emergency_named_hours: int
    emergency_signing_minutes: int
    emergency_open_minutes: int
    settling_days: int
    recovery_delay_hours: int
    recovery_life_hours: int
    invitation_days: int
    mandate_delay_days: int
    second_person_days: int
    two_persons_delay_hours: int
    control_days: int
    replay_window_s: int


class Limits(Entry):
    """How long free text may be (D-31)."""

    motive_chars: int
    ground_chars: int
    emergency_cameras: int
    emergency_range_hours: int


class Rulebook(Entry):
    """The whole file."""

    purposes: tuple[Purpose, ...] = Field(alias="purpose")
    durations: Durations
    limits: Limits
    access_form: AccessForm
    access_right: dict[str, AccessRight]
    access_outcome: dict[str, Words]
    extension_reason: dict[str, Words]
    role: dict[str, RoleRule]
    category: dict[str, Category]
    convention: dict[str, ConventionRule]
    pooling_form: dict[str, PoolingForm]
    grouping: dict[str, GroupingRule]
    member: dict[str, Words]
    regime: dict[str, Words]
    recipient: dict[str, Recipient]
    service_level: dict[str, Words]
    provisional_ground: dict[str, Words]
    objective: dict[str, ObjectiveLevel]
    modification: dict[str, ModificationRule]
    article: dict[str, str]
    legal_frame: dict[str, LegalFrame]
    hold_procedure: dict[str, str]
    refusal_ground: dict[str, RefusalGround]
    image_act: dict[str, ImageAct]
    act: dict[str, FactAct]
    document: dict[str, DocumentRule]
    read: dict[str, frozenset[str]]

    def purpose(self, code: str) -> Purpose | None:
        """The purpose with this number, or None: free-text purposes do not exist (P-01)."""
        return next((one for one in self.purposes if one.id == code), None)


@cache
def rulebook() -> Rulebook:
    """The rulebook that ships with this version."""
    text = files("vms.law").joinpath("rulebook.toml").read_text(encoding="utf-8")
    return Rulebook.model_validate(tomllib.loads(text))
