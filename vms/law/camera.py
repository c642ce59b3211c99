"""A camera's life as a state machine, and what must hold before anyone sees or records it (P-10…P-24, P-80)."""

from __future__ import annotations

from typing import Final

from vms.law.authorisation import covers_camera, order_end, order_lapse
from vms.law.dates import french_date
from vms.law.facts import CameraFacts, CommuneFacts
from vms.law.lapse import Lapse
from vms.law.profiles import profile_lapses

STATES: Final = ("found", "enrolled", "authorised", "framed", "commissioned", "in_service", "suspended", "retired")
NEXT: Final = {
    "found": frozenset({"enrolled", "retired"}),
    "enrolled": frozenset({"authorised", "retired"}),
    "authorised": frozenset({"framed", "retired"}),
    "framed": frozenset({"commissioned", "retired"}),
    "commissioned": frozenset({"in_service", "retired"}),
    "in_service": frozenset({"suspended", "retired"}),
    "suspended": frozenset({"in_service", "retired"}),
    "retired": frozenset[str](),
}
WORDS: Final = {
    "found": "trouvée",
    "enrolled": "enrôlée",
    "authorised": "autorisée",
    "framed": "cadrée",
    "commissioned": "réceptionnée",
    "in_service": "en service",
    "suspended": "suspendue",
    "retired": "retirée",
}
ADVICE: Final = {
    "found": "Enrôlez-la.",
    "enrolled": "Rattachez-la à l’arrêté du préfet.",
    "authorised": "Cadrez-la et tracez ses zones privées.",
    "framed": "Faites valider les zones, puis réceptionnez-la.",
    "commissioned": "Mettez-la en service.",
    "in_service": "Elle est en service.",
    "suspended": "Remettez-la en service une fois la cause levée.",
    "retired": "Une caméra retirée ne revient pas : enrôlez-la de nouveau.",
}


def step_lapse(facts: CommuneFacts, camera: CameraFacts, to: str, now_us: int) -> Lapse | None:
    """Why a camera cannot move to state ``to`` at ``now_us``, or None (P-24)."""
    state = camera.state_at(now_us)
    if to not in NEXT.get(state, frozenset()):
        return Lapse("P-24", f"Cette caméra est {WORDS[state]} : elle ne peut pas devenir {WORDS[to]}.", ADVICE[state])
    if to == "authorised":
        order = facts.order_of(camera)
        return order_lapse(order, now_us) or (covers_camera(order, camera) if order else None)
    if to == "framed":
        return _drawn_lapse(facts, camera)
    if to == "commissioned":
        return _acceptance_lapse(facts, camera, now_us) or order_lapse(facts.order_of(camera), now_us)
    if to == "in_service":
        return _acceptance_lapse(facts, camera, now_us) or _paper_lapse(facts, camera, now_us)
    return None


def viewing_lapse(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Lapse | None:
    """Why nobody may watch or record this camera live at ``now_us``, or None: each element is looked at anew."""
    state = camera.state_at(now_us)
    if state != "in_service":
        return Lapse("P-24", f"Cette caméra est {WORDS[state]}, pas en service.", ADVICE[state])
    return _paper_lapse(facts, camera, now_us) or _privacy_lapse(facts, camera, now_us)


def replay_lapse(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Lapse | None:
    """Why nobody may replay this camera at ``now_us``: it was once in service and its order holds (P-20, P-21)."""
    if not any(state == "in_service" and since_us <= now_us for since_us, state in camera.states):
        state = camera.state_at(now_us)
        return Lapse("P-24", "Cette caméra n’a jamais été en service : rien n’est enregistré.", ADVICE[state])
    return order_lapse(facts.order_of(camera), now_us)


def record_until(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> int | None:
    """Until when the camera may be recorded if nothing else changes; None when it may not be now (P-21)."""
    order = facts.order_of(camera)
    if order is None or viewing_lapse(facts, camera, now_us) is not None:
        return None
    return order_end(order)


def _drawn_lapse(facts: CommuneFacts, camera: CameraFacts) -> Lapse | None:
    if any(zones.camera == camera.id for zones in facts.zones):
        return None
    return Lapse(
        "P-10", "Aucune zone privée n’a été tracée.", "Tracez-les, ou déclarez qu’aucune habitation n’est vue."
    )


def _privacy_lapse(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Lapse | None:
    zones = facts.active_zones(camera.id, now_us)
    if zones is None:
        return Lapse(
            "P-11", "Les zones privées ne sont pas validées.", "Faites-les valider par le maire ou son délégué."
        )
    if not zones.polygons and not zones.no_dwelling:
        return Lapse("P-10", "Le dossier des zones est vide.", "Déclarez qu’aucune habitation n’est vue, ou tracez.")
    if zones.validator == zones.author:
        return Lapse("P-11", "Les zones ont été validées par qui les a tracées.", "Il faut une deuxième personne.")
    if camera.panel_us is None or camera.panel_us > now_us:
        return Lapse("P-80", "Le panneau d’information n’est pas posé.", "Posez-le et notez sa date et son lieu.")
    return None


def _acceptance_lapse(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Lapse | None:
    if camera.narrow is None or camera.fast_flows is None:
        return Lapse("T-04", "Le plan de la caméra n’est pas déclaré.", "Dites s’il est étroit, et ce qu’elle filme.")
    for profile in camera.profiles[:1]:
        for lapse in profile_lapses(
            int(profile.get("width", 0)),
            int(profile.get("height", 0)),
            profile.get("fps"),
            camera.narrow,
            camera.fast_flows,
        ):
            return lapse
    return _privacy_lapse(facts, camera, now_us)


def _paper_lapse(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Lapse | None:
    order = facts.order_of(camera)
    lapse = order_lapse(order, now_us) or (covers_camera(order, camera) if order else None)
    if lapse is not None:
        return lapse
    if not facts.cnil_ref or facts.cnil_us is None or facts.cnil_us > now_us:
        return Lapse("P-23", "L’engagement de conformité n’a pas été adressé à la CNIL.", "Enregistrez sa référence.")
    if camera.prefect_informed_us is None:
        return Lapse("P-24", "Le préfet n’a pas été informé de la mise en service.", "Informez-le, puis notez la date.")
    if camera.prefect_informed_us > now_us:
        day = french_date(camera.prefect_informed_us)
        return Lapse("P-24", f"Le préfet n’est informé qu’au {day}.", "Attendez cette date.")
    return None
