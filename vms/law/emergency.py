"""The exceptional opening by two persons: who may be named for it, when it stands, what it reaches (decision 0016).

It replaces the scope of an habilitation, never its category: what the law keeps from a role stays kept (P-51, P-52),
and everything on the camera's side is asked as for any replay.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vms.law.facts import CommuneFacts, Emergency, EmergencyPersons, Habilitation
from vms.law.habilitation import habilitation_lapse
from vms.law.lapse import Lapse
from vms.law.rulebook import rulebook

ACT: Final = "confirm_emergency"
ENDS_ANY: Final = frozenset({"mayor", "deputy", "auditor"})
MINUTE_US: Final = 60_000_000
HOUR_US: Final = 60 * MINUTE_US


def may_sign(facts: CommuneFacts, person: str, now_us: int) -> bool:
    """Whether a person has an habilitation in force in a quality that may sign an exceptional opening (P-51, P-52)."""
    roles = rulebook().act[ACT].roles
    return any(one.role in roles and habilitation_lapse(one, now_us) is None for one in facts.habilitations_of(person))


def signer_lapse(facts: CommuneFacts, person: str, now_us: int) -> Lapse | None:
    """Why a person cannot sign now: not named by the mayor, or named too lately to have been so beforehand."""
    named: EmergencyPersons | None = facts.emergency_persons
    since_us = named.since_us(person) if named is not None else None
    if since_us is None:
        what = "Vous n’êtes pas parmi les personnes désignées pour une ouverture exceptionnelle."
        return Lapse("P-58", what, "Le maire ou son délégué les désigne à l’avance.")
    hours = rulebook().durations.emergency_named_hours
    if now_us < since_us + hours * HOUR_US:
        return Lapse("P-58", f"Votre désignation a moins de {hours} heures.", "Adressez-vous à une autre personne.")
    return None


def confirm_lapse(facts: CommuneFacts, asked: Emergency, person: str, now_us: int) -> Lapse | None:
    """Why this person cannot be the second signature of what was asked, besides ``signer_lapse``."""
    minutes = rulebook().durations.emergency_signing_minutes
    again = "Redemandez l’ouverture exceptionnelle."
    if person == asked.asked_by:
        return Lapse("P-58", "Il faut deux personnes : vous avez déjà signé.", "Une autre personne désignée confirme.")
    if asked.opened_us is not None or asked.closed_us is not None:
        return Lapse("P-58", "Cette ouverture a déjà été confirmée ou close.", again)
    if not asked.asked_us <= now_us < asked.asked_us + minutes * MINUTE_US:
        return Lapse("P-58", f"La première signature a plus de {minutes} minutes.", again)
    lapse = signer_lapse(facts, asked.asked_by, now_us)
    if lapse is not None or not may_sign(facts, asked.asked_by, now_us):
        return Lapse("P-58", "La première personne ne peut plus signer.", again)
    return None


def close_lapse(one: Emergency, person: str, role: str) -> Lapse | None:
    """Why this person, in this quality, cannot end an opening: it is its two's, and theirs who answer for it."""
    if role in ENDS_ANY or person in (one.asked_by, one.confirmed_by):
        return None
    return Lapse("P-58", "Vous n’avez pas signé cette ouverture.", "L’un des deux, le maire ou le délégué y met fin.")


def stands(facts: CommuneFacts, one: Emergency, now_us: int) -> bool:
    """Whether an opening lets its two signers in at ``now_us``: signed twice, not over, both still habilitated."""
    over = one.closed_us is not None and one.closed_us <= now_us
    if one.opened_us is None or one.until_us is None or over or not one.opened_us <= now_us < one.until_us:
        return False
    return all(may_sign(facts, person, now_us) for person in (one.asked_by, one.confirmed_by))


def emergency_for(
    facts: CommuneFacts, one: Habilitation, cameras: Iterable[str], span: tuple[int, int] | None, now_us: int
) -> Emergency | None:
    """The opening that gives this habilitation's person the replay of these cameras over ``span``, if any.

    Without a span it is the one that covers the cameras: its own range is then all that may be seen.
    """
    if one.role not in rulebook().act[ACT].roles:
        return None
    wanted = frozenset(cameras)
    for opening in facts.emergencies:
        inside = span is None or (opening.from_us <= span[0] and span[1] <= opening.to_us)
        signed = one.person in (opening.asked_by, opening.confirmed_by)
        if signed and inside and wanted <= opening.cameras and stands(facts, opening, now_us):
            return opening
    return None
