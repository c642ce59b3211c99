"""Habilitations: what makes one valid at an instant, each element with its rule (P-51…P-53, P-57, P-58, P-61)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vms.law.dates import DAY_US, french_date
from vms.law.facts import CommuneFacts, Habilitation, Suspension
from vms.law.grouping import grouping_reasons
from vms.law.lapse import Lapse
from vms.law.reason import Reason, first_lapse
from vms.law.rulebook import rulebook
from vms.law.state_access import by_service, deed_lapse

ALL_ACTS = frozenset({"live", "replay", "framing", "export", "snapshot"})


@dataclass(frozen=True, slots=True)
class Deed:
    """The words for the deed that a role needs besides its decision."""

    name: str
    lacking: str
    element: str
    todo: str


DEEDS: Final = {
    "approval": Deed("L’agrément du préfet", "l’agrément du préfet", "Agrément du préfet", "Demandez-le au préfet."),
    "delegation": Deed(
        "La délégation", "l’arrêté de délégation", "Délégation du maire", "Il faut un nouvel arrêté du maire."
    ),
    "control": Deed(
        "La mission de contrôle", "la mission de contrôle", "Mission de contrôle", "Demandez au maire de la rouvrir."
    ),
}


def grant_lapse(habilitation: Habilitation) -> Lapse | None:
    """Why an habilitation cannot be recorded as it is (P-58)."""
    book = rulebook()
    role = book.role.get(habilitation.role)
    if role is None or not role.categories:
        return Lapse("P-57", "Cette qualité ne peut pas être donnée dans une commune.", "Choisissez une autre qualité.")
    if habilitation.category not in role.categories:
        fits = ", ".join(role.categories)
        return Lapse("P-58", f"La catégorie ne va pas avec cette qualité ({fits}).", "Choisissez la bonne catégorie.")
    excess = habilitation.acts - role.image
    if excess:
        return Lapse(role.rule, f"Cette qualité ne peut pas recevoir le droit « {min(excess)} ».", "Retirez ce droit.")
    if not habilitation.decision_ref.strip() or not habilitation.signed_by.strip():
        return Lapse("P-58", "Il manque la décision ou son signataire.", "Citez la décision et qui l’a signée.")
    if not habilitation.from_us < habilitation.until_us:
        return Lapse("P-58", "L’habilitation finit avant d’avoir commencé.", "Vérifiez les deux dates.")
    if role.basis and not habilitation.basis_ref.strip():
        return Lapse(role.rule, f"Il manque {DEEDS[role.basis].lacking}.", "Citez sa référence et ses dates.")
    lapse = deed_lapse(habilitation)
    if lapse is not None:
        return lapse
    days = book.durations.control_days
    if role.basis == "control" and habilitation.until_us - habilitation.from_us > days * DAY_US:
        what = f"Un contrôle extérieur s’ouvre pour {days} jours au plus."
        return Lapse(role.rule, what, "Donnez une fin plus proche ; un contrôle plus long se rouvre.")
    return None


def habilitation_reasons(one: Habilitation, now_us: int) -> Iterator[Reason]:
    """Every element of an habilitation at ``now_us``: not withdrawn, begun, not over, not suspended, its deed in force
    (P-51, P-53, P-58).
    """
    withdrawn = one.withdrawn_us is not None and now_us >= one.withdrawn_us
    lapse = Lapse("P-58", "Votre habilitation a été retirée.", "Adressez-vous au maire.") if withdrawn else None
    yield Reason("P-58", "Habilitation non retirée", lapse, one.decision_ref, None, one.withdrawn_us)
    lapse = None
    if now_us < one.from_us:
        start = french_date(one.from_us)
        lapse = Lapse("P-58", f"Votre habilitation ne commence que le {start}.", "Attendez cette date.")
    elif now_us >= one.until_us:
        end = french_date(one.until_us)
        lapse = Lapse("P-58", f"Votre habilitation a pris fin le {end}.", "Demandez son renouvellement au maire.")
    yield Reason("P-58", "Habilitation en vigueur", lapse, one.decision_ref, one.from_us, one.until_us)
    suspended = one.suspension(now_us)
    rule = rulebook().role[one.role].rule if rulebook().role[one.role].basis == "approval" else "P-58"
    lapse = None
    if suspended is not None:
        lapse = Lapse(rule, "Votre habilitation est suspendue.", "Adressez-vous au maire.")
    yield Reason(rule, "Habilitation non suspendue", lapse, one.decision_ref, *_span(suspended))
    yield from _basis_reasons(one, now_us)


def habilitation_lapse(habilitation: Habilitation, now_us: int) -> Lapse | None:
    """The first element of an habilitation that does not hold at ``now_us`` (P-58), or None."""
    return first_lapse(habilitation_reasons(habilitation, now_us))


def _span(suspended: Suspension | None) -> tuple[int | None, int | None]:
    return (None, None) if suspended is None else (suspended.from_us, suspended.until_us)


def _basis_reasons(one: Habilitation, now_us: int) -> Iterator[Reason]:
    role = rulebook().role[one.role]
    if by_service(one):
        yield Reason(role.rule, "Décision du chef de service", deed_lapse(one), one.decision_ref)
    if not role.basis:
        return
    deed = DEEDS[role.basis]
    name, todo = deed.name, deed.todo
    lapse = None
    if not one.basis_ref:
        lapse = Lapse(role.rule, f"{name} manque.", todo)
    elif one.basis_from_us is not None and now_us < one.basis_from_us:
        lapse = Lapse(role.rule, f"{name} n’a pas encore pris effet.", todo)
    elif one.basis_until_us is not None and now_us >= one.basis_until_us:
        lapse = Lapse(role.rule, f"{name} a pris fin le {french_date(one.basis_until_us)}.", todo)
    yield Reason(role.rule, deed.element, lapse, one.basis_ref, one.basis_from_us, one.basis_until_us)


def habilitation_end(habilitation: Habilitation) -> int:
    """The earliest instant at which an element of the habilitation lapses; µs, never after ``until_us``."""
    ends = (habilitation.until_us, habilitation.basis_until_us, habilitation.withdrawn_us)
    return min(end for end in ends if end is not None)


def pooling_reasons(facts: CommuneFacts, habilitation: Habilitation, now_us: int) -> Iterator[Reason]:
    """What a pooled right needs here at ``now_us``: a body that may pool, the commune's consent, the conventions
    (P-60…P-62); nothing for an agent of the commune's own.
    """
    if not habilitation.pooled:
        return
    if rulebook().role[habilitation.role].by_grouping:
        yield from grouping_reasons(facts, now_us)
    for kind, rule in rulebook().convention.items():
        if habilitation.role not in rule.needed_by:
            continue
        known = [c for c in facts.conventions if c.kind == kind]
        element = f"Convention « {rule.fr} »"
        held = next((c for c in known if c.from_us <= now_us < c.until_us), None)
        if held is not None:
            yield Reason(rule.rule, element, None, held.reference, held.from_us, held.until_us)
            continue
        past = max((c.until_us for c in known if c.until_us <= now_us), default=None)
        what = f"La convention « {rule.fr} » manque."
        if past is not None:
            what = f"La convention « {rule.fr} » est échue depuis le {french_date(past)}."
        lapse = Lapse(rule.rule, what, "Demandez sa signature ou sa reconduction au maire.")
        yield Reason(rule.rule, element, lapse, until_us=past)


def conventions_lapse(facts: CommuneFacts, habilitation: Habilitation, now_us: int) -> Lapse | None:
    """What a pooled right lacks here at ``now_us``, or None (P-60, P-61)."""
    return first_lapse(pooling_reasons(facts, habilitation, now_us))
