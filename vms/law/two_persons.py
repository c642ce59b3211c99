"""Acts that two persons take, with a delay in which either they or others can stop them (decision 0032).

They destroy what is held, or shorten what is kept: nothing brings it back. One stolen or mistaken session must not do
it, and whoever notices in the morning must still be in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from vms.law.facts import CommuneFacts
from vms.law.habilitation import habilitation_lapse
from vms.law.ladder import MAYORAL
from vms.law.lapse import Lapse
from vms.law.rulebook import rulebook

STOPS_ANY: Final = frozenset({"auditor"})
HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US


@dataclass(frozen=True, slots=True)
class PendingAct:
    """An act that one person asked for, and once another confirmed it, when it takes effect unless it is stopped."""

    id: str
    act: str
    args: dict[str, Any]
    asked_by: str
    asked_us: int
    purpose: str = ""
    motive: str = ""
    confirmed_by: str = ""
    confirmed_us: int | None = None
    effective_us: int | None = None

    def is_due(self, now_us: int) -> bool:
        """Whether it takes effect: confirmed, and its delay over."""
        return self.effective_us is not None and self.effective_us <= now_us

    def confirm_by_us(self) -> int:
        """Until when a second person may confirm it."""
        return self.asked_us + rulebook().durations.second_person_days * DAY_US

    def is_over(self, now_us: int) -> bool:
        """Whether nobody confirmed it in time."""
        return self.effective_us is None and self.confirm_by_us() <= now_us


def effective_us(confirmed_us: int) -> int:
    """When an act that is confirmed now takes effect."""
    return confirmed_us + rulebook().durations.two_persons_delay_hours * HOUR_US


def confirm_lapse(facts: CommuneFacts, one: PendingAct, person: str, role: str, now_us: int) -> Lapse | None:
    """Why this person, in this quality, cannot be the second of the two.

    The second is the mayor or a deputy: whoever answers for the commune sees it before it happens. Where the first is
    the only one, another who has the right confirms.
    """
    if one.effective_us is not None:
        return Lapse("P-58", "Cet acte est déjà confirmé.", "Il prend effet à son heure, ou s’arrête d’ici là.")
    if one.is_over(now_us):
        days = rulebook().durations.second_person_days
        return Lapse("P-58", f"Cet acte attend depuis plus de {days} jours.", "Demandez-le de nouveau.")
    if person == one.asked_by:
        return Lapse("P-58", "Il faut deux personnes : vous l’avez demandé.", "Une autre personne confirme.")
    if role not in rulebook().act[one.act].roles:
        return Lapse("P-58", "Votre qualité ne permet pas cet acte.", "Le maire ou son délégué confirme.")
    if role not in MAYORAL and mayoral_persons(facts, now_us) - {one.asked_by}:
        return Lapse("P-58", "Le second accord est celui du maire ou d’un élu délégué.", "Adressez-vous à eux.")
    return None


def stop_lapse(one: PendingAct, role: str) -> Lapse | None:
    """Why this quality cannot stop an act that has not taken effect."""
    if role in rulebook().act[one.act].roles | STOPS_ANY:
        return None
    return Lapse("P-58", "Votre qualité ne permet pas d’arrêter cet acte.", "Adressez-vous au maire ou au délégué.")


def mayoral_persons(facts: CommuneFacts, now_us: int) -> frozenset[str]:
    """The mayor and deputies whose habilitation is in force."""
    return frozenset(
        one.person for one in facts.habilitations if one.role in MAYORAL and habilitation_lapse(one, now_us) is None
    )
