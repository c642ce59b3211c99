"""Framing sessions: the one exception to masked pictures, and its bounds (P-57)."""

from __future__ import annotations

from typing import Final

from vms.law.authorisation import order_lapse
from vms.law.facts import CameraFacts, CommuneFacts
from vms.law.lapse import Lapse
from vms.law.rulebook import rulebook

MINUTE_US: Final = 60_000_000
FRAMEABLE: Final = frozenset({"authorised", "framed", "commissioned", "in_service", "suspended"})


def framing_lapse(facts: CommuneFacts, camera: CameraFacts, minutes: int, now_us: int) -> Lapse | None:
    """Why no framing session of ``minutes`` may be opened on this camera, or None (P-57, P-20)."""
    most = rulebook().durations.framing_minutes
    if not 1 <= minutes <= most:
        return Lapse("P-57", f"Une séance de cadrage dure de 1 à {most} minutes.", "Choisissez une durée plus courte.")
    if camera.state_at(now_us) not in FRAMEABLE:
        return Lapse("P-20", "Aucune image avant l’autorisation du préfet.", "Rattachez d’abord la caméra à l’arrêté.")
    lapse = order_lapse(facts.order_of(camera, now_us), now_us)
    if lapse is not None:
        return lapse
    if facts.open_framing(camera.id, now_us) is not None:
        return Lapse("P-57", "Une séance de cadrage est déjà ouverte sur cette caméra.", "Fermez-la d’abord.")
    return None
