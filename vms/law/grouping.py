"""Bodies that acquire and pool video protection for communes, always with each commune's consent (P-60)."""

from __future__ import annotations

from collections.abc import Iterator

from vms.law.dates import french_date
from vms.law.facts import CommuneFacts, Grouping
from vms.law.lapse import Lapse
from vms.law.reason import Reason
from vms.law.rulebook import mid, rulebook


def grouping_lapse(grouping: Grouping) -> Lapse | None:
    """Why a body is not what it is said to be, or None: its members and its chair are closed by law (P-60)."""
    book = rulebook()
    rule = book.grouping.get(grouping.kind)
    if rule is None:
        return Lapse("P-60", "Ce genre de groupement n’existe pas.", "Choisissez dans la liste.")
    if not grouping.members or grouping.members - set(book.member):
        return Lapse("P-60", "La composition du groupement est incomplète ou inconnue.", "Choisissez ses membres.")
    excess = grouping.members - rule.members
    if excess:
        word = mid(book.member[min(excess)].fr)
        what = f"Avec ce membre, le groupement ne peut pas mutualiser : {word}."
        return Lapse("P-60", what, "Il ne peut être que prestataire : hébergement et entretien, sans visionnage.")
    if grouping.chair not in rule.chairs:
        what = "Ce groupement est présidé par un maire ou un président d’intercommunalité."
        return Lapse("P-60", what, "Vérifiez ses statuts.")
    return None


def grouping_reasons(facts: CommuneFacts, now_us: int) -> Iterator[Reason]:
    """A body that may pool, and the commune's consent in force at ``now_us`` (P-60)."""
    able = [one for one in facts.groupings if grouping_lapse(one) is None and rulebook().grouping[one.kind].may_pool]
    lapse = None
    if not able:
        what = "Aucun groupement ne peut mutualiser pour cette commune."
        lapse = Lapse("P-60", what, "Enregistrez l’intercommunalité ou le syndicat.")
    yield Reason("P-60", "Groupement qui peut mutualiser", lapse, ", ".join(one.name for one in able))
    if not able:
        return
    held = next((one for one in able if agreed(one, now_us)), None)
    if held is not None:
        yield Reason("P-60", "Accord de la commune", None, held.consent_ref, held.consent_us, held.consent_ended_us)
        return
    ended = max((one.consent_ended_us for one in able if one.consent_ended_us is not None), default=None)
    what = "La commune n’a pas donné son accord à la mutualisation."
    if ended is not None and ended <= now_us:
        what = f"La commune a retiré son accord le {french_date(ended)}."
    lapse = Lapse("P-60", what, "La décision revient à la commune.")
    yield Reason("P-60", "Accord de la commune", lapse, until_us=ended)


def rests_on(facts: CommuneFacts, one: Grouping, now_us: int) -> bool:
    """Whether pooled rights hold at ``now_us`` by the commune's consent to this body, and by no other's (P-60)."""
    able = [each for each in facts.groupings if grouping_lapse(each) is None and agreed(each, now_us)]
    return [each.id for each in able if rulebook().grouping[each.kind].may_pool] == [one.id]


def agreed(one: Grouping, now_us: int) -> bool:
    """Whether the commune's consent to this body is in force at ``now_us`` (P-60)."""
    if one.consent_us is None or one.consent_us > now_us:
        return False
    return one.consent_ended_us is None or now_us < one.consent_ended_us
