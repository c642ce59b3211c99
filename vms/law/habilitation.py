"""Habilitations: what makes one valid at an instant, each element with its rule (P-51…P-53, P-57, P-58, P-61)."""

from __future__ import annotations

from vms.law.dates import french_date
from vms.law.facts import CommuneFacts, Habilitation
from vms.law.lapse import Lapse
from vms.law.rulebook import rulebook

ALL_ACTS = frozenset({"live", "replay", "framing", "export", "snapshot"})


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
        what = "l’agrément du préfet" if role.basis == "approval" else "l’arrêté de délégation"
        return Lapse(role.rule, f"Il manque {what}.", "Citez sa référence et ses dates.")
    return None


def habilitation_lapse(habilitation: Habilitation, now_us: int) -> Lapse | None:
    """The first element of an habilitation that does not hold at ``now_us`` (P-58), or None."""
    if habilitation.withdrawn_us is not None and now_us >= habilitation.withdrawn_us:
        return Lapse("P-58", "Votre habilitation a été retirée.", "Adressez-vous au maire.")
    if now_us < habilitation.from_us:
        start = french_date(habilitation.from_us)
        return Lapse("P-58", f"Votre habilitation ne commence que le {start}.", "Attendez cette date.")
    if now_us >= habilitation.until_us:
        end = french_date(habilitation.until_us)
        return Lapse("P-58", f"Votre habilitation a pris fin le {end}.", "Demandez son renouvellement au maire.")
    return _basis_lapse(habilitation, now_us)


def _basis_lapse(habilitation: Habilitation, now_us: int) -> Lapse | None:
    role = rulebook().role[habilitation.role]
    if not role.basis:
        return None
    name = "L’agrément du préfet" if role.basis == "approval" else "La délégation"
    todo = "Demandez-le au préfet." if role.basis == "approval" else "Il faut un nouvel arrêté du maire."
    if not habilitation.basis_ref:
        return Lapse(role.rule, f"{name} manque.", todo)
    if habilitation.basis_from_us is not None and now_us < habilitation.basis_from_us:
        return Lapse(role.rule, f"{name} n’a pas encore pris effet.", todo)
    if habilitation.basis_until_us is not None and now_us >= habilitation.basis_until_us:
        return Lapse(role.rule, f"{name} a pris fin le {french_date(habilitation.basis_until_us)}.", todo)
    return None


def habilitation_end(habilitation: Habilitation) -> int:
    """The earliest instant at which an element of the habilitation lapses."""
    ends = (habilitation.until_us, habilitation.basis_until_us, habilitation.withdrawn_us)
    return min(end for end in ends if end is not None)


def conventions_lapse(facts: CommuneFacts, habilitation: Habilitation, now_us: int) -> Lapse | None:
    """Which convention a pooled right lacks here at ``now_us``, or None (P-61)."""
    if not habilitation.pooled:
        return None
    for kind, rule in rulebook().convention.items():
        if habilitation.role not in rule.needed_by:
            continue
        known = [c for c in facts.conventions if c.kind == kind]
        if any(c.from_us <= now_us < c.until_us for c in known):
            continue
        past = max((c.until_us for c in known if c.until_us <= now_us), default=None)
        what = (
            f"La convention « {rule.fr} » manque."
            if past is None
            else (f"La convention « {rule.fr} » est échue depuis le {french_date(past)}.")
        )
        return Lapse(rule.rule, what, "Demandez sa signature ou sa reconduction au maire.")
    return None
