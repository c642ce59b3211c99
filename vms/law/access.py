"""Rights of filmed persons: their dates, what a public request may freeze, how it can be granted (P-82…P-86)."""

from __future__ import annotations

from collections.abc import Iterable

from vms.law.dates import DAY_US, add_months
from vms.law.facts import CommuneFacts, Request
from vms.law.lapse import Lapse
from vms.law.rulebook import rulebook

FRAME = "droit_acces"
FILED = "filed"
MINUTE_US = 60_000_000


def identity_due(filed_us: int) -> int:
    """When a request whose identity was not checked falls, and its hold with it (P-83)."""
    return filed_us + rulebook().durations.access_identity_days * DAY_US


def extended_due(filed_us: int) -> int:
    """The latest answer there can be: two months beyond the month, counted from the request itself (P-85)."""
    durations = rulebook().durations
    return add_months(filed_us, durations.access_answer_months + durations.access_extension_months)


def kept_until(answered_us: int) -> int:
    """How long what a person told of themselves is kept after the answer: the time to go to court (P-85)."""
    return add_months(answered_us, rulebook().durations.access_kept_months)


def range_lapse(from_us: int, to_us: int) -> Lapse | None:
    """Why the public form does not take a range, or None: it freezes what was asked, and that is bounded (P-85)."""
    minutes = rulebook().access_form.range_minutes
    if to_us - from_us > minutes * MINUTE_US:
        what = f"Une demande couvre {minutes} minutes au plus."
        return Lapse("P-85", what, "Resserrez l’heure, ou venez au guichet.")
    return None


def filmed_by(facts: CommuneFacts, from_us: int, to_us: int) -> frozenset[str]:
    """The cameras that were in service at either end of a range."""
    return frozenset(
        camera.id
        for camera in facts.cameras.values()
        if "in_service" in (camera.state_at(from_us), camera.state_at(to_us - 1))
    )


def unchecked(requests: Iterable[Request]) -> list[Request]:
    """The public requests that wait for an identity check."""
    return [one for one in requests if one.state == FILED]


def lapsed(requests: Iterable[Request], now_us: int) -> list[Request]:
    """Those whose time for it is over."""
    return [one for one in unchecked(requests) if identity_due(one.registered_us) <= now_us]


def right_of(request: Request) -> str:
    """Which right a request of a filmed person exercises; one taken at the counter without saying is for access."""
    right = str(request.fields.get("right", ""))
    return right if right in rulebook().access_right else "access"


def outcome_lapse(request: Request, outcome: str, comment: str) -> Lapse | None:
    """Why a request cannot be granted in this way, or None (P-82, P-83)."""
    if request.frame != FRAME:
        return Lapse("P-74", "Cette suite ne vaut que pour le droit d’accès.", "Ôtez-la.") if outcome else None
    if outcome not in rulebook().access_right[right_of(request)].outcomes:
        return Lapse("P-82", "Ce droit ne se satisfait pas ainsi.", "Choisissez la suite donnée à la demande.")
    if outcome in ("granted", "none") and not comment.strip():
        return Lapse("P-82", "Dites à la personne ce qui est fait, ou pourquoi rien ne la montre.", "Complétez.")
    return None


def appointment_lapse(outcome: str, appointment_us: int | None, now_us: int) -> Lapse | None:
    """Why a viewing has no good appointment, or something else has one, or None: within a month, so that it is held."""
    if (outcome == "viewing") != (appointment_us is not None):
        return Lapse("P-83", "Un visionnage, et lui seul, a un rendez-vous.", "Donnez le jour et l’heure.")
    latest_us = add_months(now_us, rulebook().durations.access_answer_months)
    if appointment_us is not None and not now_us < appointment_us <= latest_us:
        return Lapse("P-83", "Le rendez-vous est dans le mois qui vient.", "Choisissez un autre jour.")
    return None


def extension_lapse(request: Request, reason: str, now_us: int) -> Lapse | None:
    """Why the answer's term cannot be put off, or None: once, for a listed reason, within the first month (P-85)."""
    if reason not in rulebook().extension_reason:
        return Lapse("P-85", "Prolonger suppose un motif de la liste.", "Choisissez un motif.")
    if request.fields.get("extension"):
        return Lapse("P-85", "Le délai a déjà été prolongé.", "Décidez.")
    if request.answer_by_us is None or request.answer_by_us <= now_us:
        return Lapse("P-85", "Le délai d’un mois est passé : il ne se prolonge plus.", "Décidez.")
    return None
