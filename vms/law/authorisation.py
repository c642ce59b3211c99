"""Prefectural authorisations: when one holds, for which camera, and what it prescribes (P-20, P-21, P-25, P-26)."""

from __future__ import annotations

from collections.abc import Iterator

from vms.law.dates import add_months, french_date
from vms.law.facts import CameraFacts, Order
from vms.law.lapse import Lapse
from vms.law.reason import Reason, first_lapse
from vms.law.rulebook import rulebook


def order_end(order: Order) -> int:
    """The instant an order ends: its date, its withdrawal, or for a provisional one the event's end or four months
    (P-21, P-26, P-27).
    """
    ends = [order.until_us]
    if order.withdrawn_us is not None:
        ends.append(order.withdrawn_us)
    if order.provisional:
        ends.append(add_months(order.from_us, rulebook().durations.provisional_months))
        if order.event_end_us is not None:
            ends.append(order.event_end_us)
    return min(ends)


def record_lapse(order: Order) -> Lapse | None:
    """Why an order cannot be recorded as it is: purposes, retention, duration and recipients are closed by law (P-01,
    P-05, P-21, P-25, P-26, P-30, P-50).
    """
    book = rulebook()
    if not order.purposes or any(book.purpose(code) is None for code in order.purposes):
        return Lapse("P-01", "Une finalité n’est pas dans la liste de l’article L251-2.", "Choisissez de 1° à 11°.")
    if order.regime not in book.regime:
        what = "Un arrêté ne porte que sur la voie publique ou un lieu ouvert au public."
        return Lapse("P-05", what, "Choisissez l’un des deux ; un lieu fermé relève d’un autre régime.")
    if not 1 <= order.max_days <= book.durations.retention_max_days:
        return Lapse("P-31", "La conservation va de 1 à 30 jours, un mois au plus.", "Reprenez la durée de l’arrêté.")
    if order.min_days is not None and not 0 <= order.min_days <= order.max_days:
        return Lapse("P-35", "La conservation minimale dépasse la maximale.", "Reprenez les durées de l’arrêté.")
    return _duration_lapse(order) or _people_lapse(order)


def _duration_lapse(order: Order) -> Lapse | None:
    if not order.from_us < order.until_us:
        return Lapse("P-21", "L’autorisation finit avant d’avoir commencé.", "Vérifiez les deux dates.")
    if order.until_us > add_months(order.from_us, 12 * rulebook().durations.authorisation_years):
        return Lapse("P-21", "Une autorisation vaut cinq ans au plus.", "Vérifiez les deux dates de l’arrêté.")
    if not order.provisional and (order.event_end_us is not None or order.ground):
        return Lapse("P-26", "Seule une autorisation provisoire tient à un événement.", "Dites qu’elle est provisoire.")
    if order.ground and order.ground not in rulebook().provisional_ground:
        return Lapse("P-26", "Ce motif d’autorisation provisoire n’existe pas.", "Choisissez dans la liste.")
    if order.ground == "event" and order.event_end_us is None:
        return Lapse(
            "P-26", "Il manque la fin de l’événement.", "Notez quand il finit : l’autorisation finit avec lui."
        )
    if order.ground == "urgency" and order.event_end_us is not None:
        return Lapse("P-26", "Une urgence n’a pas de fin d’événement.", "Choisissez « événement », ou ôtez cette date.")
    if order.event_end_us is not None and order.event_end_us <= order.from_us:
        return Lapse("P-26", "L’événement finit avant que l’autorisation commence.", "Vérifiez les dates.")
    return None


def _people_lapse(order: Order) -> Lapse | None:
    book = rulebook()
    unknown = order.allowed_roles - set(book.role)
    if unknown:
        return Lapse("P-25", f"Qualité inconnue : {min(unknown)}.", "Choisissez parmi les qualités proposées.")
    strangers = order.recipients - set(book.recipient)
    if strangers:
        return Lapse("P-25", f"Destinataire inconnu : {min(strangers)}.", "Choisissez parmi les services proposés.")
    if order.recipients and not order.modalities.strip():
        return Lapse("P-50", "Il manque les modalités d’accès des destinataires.", "Reprenez-les de l’arrêté.")
    return None


def order_reasons(order: Order | None, now_us: int) -> Iterator[Reason]:
    """What an order must be at ``now_us``: there, begun, not ended (P-20, P-21, P-26, P-27)."""
    element = "Autorisation du préfet"
    if order is None:
        what = "Aucune autorisation du préfet ne couvre cette caméra."
        yield Reason("P-20", element, Lapse("P-20", what, "Enregistrez l’arrêté."))
        return
    end, lapse = order_end(order), None
    if now_us < order.from_us:
        start = french_date(order.from_us)
        lapse = Lapse("P-20", f"L’autorisation ne commence que le {start}.", "Attendez cette date.")
    yield Reason("P-20", element + " commencée", lapse, order.reference, order.from_us, end)
    rule = "P-27" if end == order.withdrawn_us else "P-26" if order.provisional else "P-21"
    lapse = None
    if now_us >= end:
        verb = "a été retirée" if rule == "P-27" else "a pris fin"
        lapse = Lapse(rule, f"L’autorisation {verb} le {french_date(end)}.", "Enregistrez le nouvel arrêté.")
    yield Reason(rule, element + " non échue ni retirée", lapse, order.reference, order.from_us, end)


def order_lapse(order: Order | None, now_us: int) -> Lapse | None:
    """Why an order does not hold at ``now_us``, or None (P-20, P-21, P-26, P-27)."""
    return first_lapse(order_reasons(order, now_us))


def cover_reasons(order: Order, camera: CameraFacts) -> Iterator[Reason]:
    """The order names this camera, its regime and every purpose it serves (P-02, P-05, P-20)."""
    lapse = None
    if order.cameras and camera.id not in order.cameras:
        lapse = Lapse("P-20", "L’arrêté ne cite pas cette caméra.", "Demandez un arrêté modificatif.")
    yield Reason("P-20", "Caméra couverte par l’arrêté", lapse, order.reference)
    lapse = None
    if camera.regime != order.regime:
        lapse = Lapse(
            "P-05", "L’arrêté ne vaut pas pour le régime de ce lieu.", "Rattachez-la à l’arrêté qui convient."
        )
    yield Reason("P-05", "Régime du lieu", lapse, order.reference)
    lapse = None
    if camera.purposes - order.purposes:
        lapse = Lapse("P-02", "Une finalité de la caméra n’est pas dans l’arrêté.", "Retirez-la ou modifiez l’arrêté.")
    yield Reason("P-02", "Finalités de la caméra prévues par l’arrêté", lapse, order.reference)


def covers_camera(order: Order, camera: CameraFacts) -> Lapse | None:
    """Why the order does not cover this camera, or None (P-02, P-05, P-20)."""
    return first_lapse(cover_reasons(order, camera))


def renewal(order: Order, now_us: int, *, replaced: bool) -> tuple[int, int] | None:
    """When to prepare and when to file the renewal of an order, in µs; None when there is nothing to renew (P-21).

    Eight months ahead the file is prepared; four months before the end is the last day on which silence of the préfet
    still leaves time to ask again, since it is a refusal. A provisional order is not renewed.
    """
    if order.provisional or replaced or order.withdrawn_us is not None or now_us >= order_end(order):
        return None
    durations = rulebook().durations
    end = order_end(order)
    return add_months(end, -durations.renewal_warning_months), add_months(end, -durations.prefect_silence_months)


def purposes_of(camera: CameraFacts, order: Order | None) -> frozenset[str]:
    """The purposes a view of this camera may serve (P-02)."""
    if order is None:
        return frozenset()
    return camera.purposes & order.purposes if camera.purposes else order.purposes
