"""The ladder of rights: who may help whom back into an account, and when two persons count as two (P-58).

Whoever brings an account back could enter in its place, so an approval is a power over that account. Three rules keep
it from being a way up: nobody's approval counts for an account above their own rank; two approvers are two only if
neither owes the other their account or their quality; and whoever was made or brought back lately approves nothing.
``docs/security/ladder.md`` has the table for a reader. Pure: facts, bonds and an instant in, a Lapse or None out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import combinations
from typing import Final

from vms.law.dates import DAY_US
from vms.law.facts import CommuneFacts, Habilitation
from vms.law.habilitation import habilitation_lapse
from vms.law.lapse import Lapse
from vms.law.rulebook import rulebook

MAYORAL: Final = frozenset({"mayor", "deputy"})
RESPONSIBLE: Final = frozenset({"chief", "auditor"})
ACT: Final = "approve_recovery"
RULE: Final = "P-58"
# What binds two persons: one made the other's account, or helped it back. ``opened`` binds nobody, it only dates.
BINDING: Final = frozenset({"invited", "recovered"})


class Rank(IntEnum):
    """How far an account reaches in one commune; whoever holds the commune's key ranks with the mayor."""

    NONE = 0
    AGENT = 1
    RESPONSIBLE = 2
    MAYORAL = 3


@dataclass(frozen=True, slots=True)
class Bond:
    """How an account came to be what it is: ``by`` invited its owner (``invited``), or helped it back (``recovered``);
    ``opened``: its owner chose its first password, from when on it can be used at all.
    """

    person: str
    by: str
    kind: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word, given for one commune, that an account is to come back to its owner."""

    approver: str
    commune: str


@dataclass(frozen=True, slots=True)
class Town:
    """A commune as this ladder sees it: its facts, and who holds its key."""

    facts: CommuneFacts
    holders: frozenset[str]


def concerns(one: Habilitation, now_us: int) -> bool:
    """Whether an habilitation may serve now or again: a suspended one still makes its person what they are."""
    return one.withdrawn_us is None and now_us < one.until_us


def rank_of(town: Town, person: str, now_us: int) -> Rank:
    """What a person's account is worth in this commune, counting what rests for a while."""
    roles = {one.role for one in town.facts.habilitations_of(person) if concerns(one, now_us)}
    if roles & MAYORAL or person in town.holders:
        return Rank.MAYORAL
    if roles & RESPONSIBLE:
        return Rank.RESPONSIBLE
    return Rank.AGENT if roles else Rank.NONE


def settled_lapse(person: str, bonds: Iterable[Bond], now_us: int) -> Lapse | None:
    """Why an account is too new to approve, or None: it was opened or brought back within the settling time."""
    days = rulebook().durations.settling_days
    dates = [one.at_us for one in bonds if one.person == person]
    if any(now_us < at_us + days * DAY_US for at_us in dates):
        what = f"Ce compte a été ouvert ou rétabli il y a moins de {days} jours : il n’approuve encore rien."
        return Lapse(RULE, what, "Demandez à une personne en place depuis plus longtemps.")
    return None


def approving(town: Town, person: str, now_us: int) -> Habilitation | None:
    """The habilitation under which a person may approve here, the highest first; None when there is none in force."""
    roles = rulebook().act[ACT].roles
    able = [
        one
        for one in town.facts.habilitations_of(person)
        if one.role in roles and habilitation_lapse(one, now_us) is None
    ]
    return min(able, key=lambda one: (one.role not in MAYORAL, one.role, one.id), default=None)


def approval_lapse(town: Town, subject: str, approver: str, bonds: Sequence[Bond], now_us: int) -> Lapse | None:
    """Why this approval does not count in this commune, or None (P-58)."""
    if approver == subject:
        return Lapse(RULE, "Nul ne rétablit son propre accès.", "Demandez à deux responsables.")
    held = approving(town, approver, now_us)
    if held is None:
        return Lapse(RULE, "Cette personne ne peut pas approuver ici.", "Demandez au maire.")
    days = rulebook().durations.settling_days
    if held.granted_by and now_us < held.granted_us + days * DAY_US:
        what = f"Cette habilitation a moins de {days} jours : elle n’approuve encore rien."
        return Lapse(RULE, what, "Demandez à une personne en place depuis plus longtemps.")
    lapse = settled_lapse(approver, bonds, now_us)
    if lapse is not None:
        return lapse
    if rank_of(town, subject, now_us) is Rank.MAYORAL and held.role not in MAYORAL and not _given_by_mayor(town, held):
        what = "L’accès d’un élu ou d’un détenteur de la clé ne se rétablit pas par une personne d’un rang moindre."
        return Lapse(RULE, what, "Le maire, un adjoint délégué ou le délégué à la protection des données l’approuvent.")
    return None


def two_persons(town: Town, one: str, other: str, bonds: Sequence[Bond], now_us: int) -> bool:
    """Whether two approvers of this commune are two: neither owes the other account or quality (P-58).

    A mayoral person and the auditor whom they habilitated still count as two for whoever ranks with the mayor, unless
    the auditor's account is of their making too: the law leaves a small town nobody else (``enough``).
    """
    if one == other or one in makers_of(other, bonds) or other in makers_of(one, bonds):
        return False
    return not _habilitated(town, one, other, now_us) and not _habilitated(town, other, one, now_us)


def enough(
    approvals: Sequence[Approval], subject: str, towns: dict[str, Town], bonds: Sequence[Bond], now_us: int
) -> bool:
    """Whether these approvals bring the account back: one at least of each of its communes, two persons in all, and in
    each commune where it ranks with the mayor two of there, one of them mayoral (P-58).
    """
    counted = {
        name: [
            one.approver
            for one in approvals
            if one.commune == name and approval_lapse(town, subject, one.approver, bonds, now_us) is None
        ]
        for name, town in towns.items()
    }
    if not counted or not all(counted.values()):
        return False
    mayoral = [name for name, town in towns.items() if rank_of(town, subject, now_us) is Rank.MAYORAL]
    if mayoral:
        return all(_mayoral_pair(towns[name], counted[name], bonds, now_us) for name in mayoral)
    everyone = sorted({person for people in counted.values() for person in people})
    return any(
        all(two_persons(town, one, other, bonds, now_us) for town in towns.values())
        for one, other in combinations(everyone, 2)
    )


def makers_of(person: str, bonds: Sequence[Bond]) -> frozenset[str]:
    """Everybody to whom a person owes their account, and to whom those owe theirs in turn."""
    found: set[str] = set()
    waiting = [person]
    while waiting:
        current = waiting.pop()
        for bond in bonds:
            if bond.person == current and bond.kind in BINDING and bond.by and bond.by not in found:
                found.add(bond.by)
                waiting.append(bond.by)
    return frozenset(found)


def _mayoral_pair(town: Town, people: Sequence[str], bonds: Sequence[Bond], now_us: int) -> bool:
    return any(_mayoral_two(town, one, other, bonds, now_us) for one, other in combinations(sorted(set(people)), 2))


def _mayoral_two(town: Town, one: str, other: str, bonds: Sequence[Bond], now_us: int) -> bool:
    """Two mayoral persons who are two, or one and an auditor whom a mayoral person gave and whom they did not make."""
    held = [approving(town, person, now_us) for person in (one, other)]
    mayoral = [habilitation is not None and habilitation.role in MAYORAL for habilitation in held]
    if all(mayoral):
        return two_persons(town, one, other, bonds, now_us)
    if not any(mayoral) or None in held:
        return False
    return one not in makers_of(other, bonds) and other not in makers_of(one, bonds)


def _given_by_mayor(town: Town, held: Habilitation) -> bool:
    """Whether an auditor's quality was given by a person who is, or was, mayor or deputy here, or founded with it."""
    if held.role != "auditor":
        return False
    if not held.granted_by:
        return True
    return any(one.role in MAYORAL for one in town.facts.habilitations_of(held.granted_by))


def _habilitated(town: Town, giver: str, taker: str, now_us: int) -> bool:
    held = approving(town, taker, now_us)
    return held is not None and held.granted_by == giver
