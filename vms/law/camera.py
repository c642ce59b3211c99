"""A camera's life as a state machine, and what must hold before anyone sees or records it (P-10…P-24, P-80)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from vms.law.authorisation import cover_reasons, covers_camera, order_lapse, order_reasons
from vms.law.dates import french_date
from vms.law.facts import CameraFacts, CommuneFacts
from vms.law.lapse import Lapse
from vms.law.masks import drift_lapse, in_force
from vms.law.profiles import profile_lapses
from vms.law.reason import Reason, first_lapse
from vms.law.rulebook import mid, rulebook

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
    order = facts.order_of(camera, now_us)
    if to == "authorised":
        return order_lapse(order, now_us) or (covers_camera(order, camera) if order else None)
    if to == "framed":
        return _drawn_lapse(facts, camera)
    if to == "commissioned":
        return _acceptance_lapse(facts, camera, now_us) or order_lapse(order, now_us)
    if to == "in_service":
        papers = first_lapse(_paper_reasons(facts, camera, now_us))
        return _acceptance_lapse(facts, camera, now_us) or papers
    return None


def viewing_reasons(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Iterator[Reason]:
    """Everything that must hold before anyone watches or records this camera live at ``now_us`` (P-10…P-27, P-80)."""
    since_us, state = camera.last_state(now_us)
    lapse = None
    if state != "in_service":
        lapse = Lapse("P-24", f"Cette caméra est {WORDS[state]}, pas en service.", ADVICE[state])
    yield Reason("P-24", "Caméra en service", lapse, WORDS[state], since_us)
    yield from _paper_reasons(facts, camera, now_us)
    yield from _change_reasons(facts, camera, now_us)
    yield from _privacy_reasons(facts, camera, now_us)


def viewing_lapse(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Lapse | None:
    """Why nobody may watch or record this camera live at ``now_us``, or None: each element is looked at anew."""
    return first_lapse(viewing_reasons(facts, camera, now_us))


def replay_reasons(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Iterator[Reason]:
    """What a replay needs of a camera at ``now_us``: it was once in service, its order holds (P-20, P-21, P-24)."""
    first_us = next((since for since, state in camera.states if state == "in_service" and since <= now_us), None)
    lapse = None
    if first_us is None:
        state = camera.state_at(now_us)
        lapse = Lapse("P-24", "Cette caméra n’a jamais été en service : rien n’est enregistré.", ADVICE[state])
    yield Reason("P-24", "Caméra mise en service une fois au moins", lapse, "", first_us)
    yield from order_reasons(facts.order_of(camera, now_us), now_us)


def replay_lapse(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Lapse | None:
    """Why nobody may replay this camera at ``now_us``, or None (P-20, P-21)."""
    return first_lapse(replay_reasons(facts, camera, now_us))


def _drawn_lapse(facts: CommuneFacts, camera: CameraFacts) -> Lapse | None:
    if any(zones.camera == camera.id for zones in facts.zones):
        return None
    return Lapse(
        "P-10", "Aucune zone privée n’a été tracée.", "Tracez-les, ou déclarez qu’aucune habitation n’est vue."
    )


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
    return first_lapse(_privacy_reasons(facts, camera, now_us))


def _paper_reasons(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Iterator[Reason]:
    order = facts.order_of(camera, now_us)
    yield from order_reasons(order, now_us)
    if order is not None:
        yield from cover_reasons(order, camera)
    lapse = None
    if not facts.cnil_ref or facts.cnil_us is None or facts.cnil_us > now_us:
        what = "L’engagement de conformité n’a pas été adressé à la CNIL."
        lapse = Lapse("P-23", what, "Enregistrez sa référence.")
    yield Reason("P-23", "Engagement de conformité adressé à la CNIL", lapse, facts.cnil_ref, facts.cnil_us)
    lapse = None
    if camera.prefect_informed_us is None:
        what = "Le préfet n’a pas été informé de la mise en service."
        lapse = Lapse("P-24", what, "Informez-le, puis notez la date.")
    elif camera.prefect_informed_us > now_us:
        day = french_date(camera.prefect_informed_us)
        lapse = Lapse("P-24", f"Le préfet n’est informé qu’au {day}.", "Attendez cette date.")
    yield Reason("P-24", "Préfet informé de la mise en service", lapse, "", camera.prefect_informed_us)


def _change_reasons(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Iterator[Reason]:
    waiting, lapse = facts.open_modification(camera.id, now_us), None
    if waiting is not None:
        word = mid(rulebook().modification[waiting.kind].fr)
        what = f"Une modification déclarée attend son arrêté : {word}."
        lapse = Lapse("P-27", what, "Rattachez la caméra au nouvel arrêté.")
    yield Reason("P-27", "Aucune modification sans nouvel arrêté", lapse, "", waiting.declared_us if waiting else None)


def _privacy_reasons(facts: CommuneFacts, camera: CameraFacts, now_us: int) -> Iterator[Reason]:
    zones, lapse = facts.active_zones(camera.id, now_us), None
    if zones is None:
        what = "Les zones privées ne sont pas validées."
        lapse = Lapse("P-11", what, "Faites-les valider par le maire ou son délégué.")
    elif zones.validated_us is not None and zones.validated_us < _moved_us(facts, camera.id, now_us):
        what = "La caméra montre autre chose depuis que ses zones ont été validées."
        lapse = Lapse("P-11", what, "Retracez-les, puis faites-les valider.")
    ref, since_us = (f"version {zones.version}", zones.validated_us) if zones else ("", None)
    yield Reason("P-11", "Zones privées validées", lapse, ref, since_us)
    if zones is not None:
        lapse = None
        if not zones.polygons and not zones.no_dwelling:
            what = "Le dossier des zones est vide."
            lapse = Lapse("P-10", what, "Déclarez qu’aucune habitation n’est vue, ou tracez.")
        yield Reason("P-10", "Dossier des zones rempli", lapse, ref, zones.created_us)
        lapse = None
        if zones.validator == zones.author:
            lapse = Lapse("P-11", "Les zones ont été validées par qui les a tracées.", "Il faut une deuxième personne.")
        yield Reason("P-11", "Zones validées par une deuxième personne", lapse, ref, since_us)
    if zones is not None and in_force(zones.masks or ()):
        missing = facts.drift_at(camera.id, zones.id, now_us)
        lapse, since_us = (drift_lapse(missing), missing.from_us) if missing else (None, zones.validated_us)
        yield Reason("P-11", "Masques de la caméra tels que validés", lapse, ref, since_us)
    lapse = None
    if camera.panel_us is None or camera.panel_us > now_us:
        what = "Le panneau d’information n’est pas posé."
        lapse = Lapse("P-80", what, "Posez-le et notez sa date et son lieu.")
    yield Reason("P-80", "Panneau d’information posé", lapse, camera.panel_place, camera.panel_us)


def _moved_us(facts: CommuneFacts, camera: str, now_us: int) -> int:
    """When the camera last came to show something else, 0 if never (P-11: it loses its validation)."""
    if not facts.modifications:
        return 0
    kinds = rulebook().modification
    moves = (one for one in facts.modifications if one.camera == camera and kinds[one.kind].new_view)
    return max((one.declared_us for one in moves if one.declared_us <= now_us), default=0)
