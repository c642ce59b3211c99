"""Prefectural authorisations: when one holds, for which camera, and what it prescribes (P-20, P-21, P-25, P-26)."""

from __future__ import annotations

from vms.law.dates import add_months, french_date
from vms.law.facts import CameraFacts, Order
from vms.law.lapse import Lapse
from vms.law.rulebook import rulebook


def order_end(order: Order) -> int:
    """The instant an order ends: its date, or for a provisional one the event's end or four months (P-21, P-26)."""
    if not order.provisional:
        return order.until_us
    ends = [order.until_us, add_months(order.from_us, rulebook().durations.provisional_months)]
    if order.event_end_us is not None:
        ends.append(order.event_end_us)
    return min(ends)


def record_lapse(order: Order) -> Lapse | None:
    """Why an order cannot be recorded as it is: purposes, retention and duration are closed by law (P-01, P-21,
    P-30).
    """
    book = rulebook()
    if not order.purposes or any(book.purpose(code) is None for code in order.purposes):
        return Lapse("P-01", "Une finalité n’est pas dans la liste de l’article L251-2.", "Choisissez de 1° à 11°.")
    if not order.from_us < order.until_us:
        return Lapse("P-21", "L’autorisation finit avant d’avoir commencé.", "Vérifiez les deux dates.")
    if order.until_us > add_months(order.from_us, 12 * book.durations.authorisation_years):
        return Lapse("P-21", "Une autorisation vaut cinq ans au plus.", "Vérifiez les deux dates de l’arrêté.")
    if not 1 <= order.max_days <= book.durations.retention_max_days:
        return Lapse("P-31", "La conservation va de 1 à 30 jours, un mois au plus.", "Reprenez la durée de l’arrêté.")
    if order.min_days is not None and not 0 <= order.min_days <= order.max_days:
        return Lapse("P-35", "La conservation minimale dépasse la maximale.", "Reprenez les durées de l’arrêté.")
    unknown = order.allowed_roles - set(book.role)
    if unknown:
        return Lapse("P-25", f"Qualité inconnue : {min(unknown)}.", "Choisissez parmi les qualités proposées.")
    return None


def order_lapse(order: Order | None, now_us: int) -> Lapse | None:
    """Why an order does not hold at ``now_us``, or None (P-20, P-21, P-26)."""
    if order is None:
        return Lapse("P-20", "Aucune autorisation du préfet ne couvre cette caméra.", "Enregistrez l’arrêté.")
    if now_us < order.from_us:
        start = french_date(order.from_us)
        return Lapse("P-20", f"L’autorisation ne commence que le {start}.", "Attendez cette date.")
    end = order_end(order)
    if now_us >= end:
        rule = "P-26" if order.provisional else "P-21"
        return Lapse(rule, f"L’autorisation a pris fin le {french_date(end)}.", "Enregistrez le nouvel arrêté.")
    return None


def covers_camera(order: Order, camera: CameraFacts) -> Lapse | None:
    """Whether the order names this camera and every purpose it serves (P-02, P-20)."""
    if order.cameras and camera.id not in order.cameras:
        return Lapse("P-20", "L’arrêté ne cite pas cette caméra.", "Demandez un arrêté modificatif.")
    if camera.purposes - order.purposes:
        return Lapse("P-02", "Une finalité de la caméra n’est pas dans l’arrêté.", "Retirez-la ou modifiez l’arrêté.")
    return None


def purposes_of(camera: CameraFacts, order: Order | None) -> frozenset[str]:
    """The purposes a view of this camera may serve (P-02)."""
    if order is None:
        return frozenset()
    return camera.purposes & order.purposes if camera.purposes else order.purposes
