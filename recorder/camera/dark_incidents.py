"""A camera without a picture is an incident that people see, with its cause, until pictures are back (A-11, P-11)."""

from __future__ import annotations

from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from recorder.camera.loop import StreamHealth
from vms.clock import MICRO
from vms.model import Incident

KIND: Final = "no-picture"
NOT_KEPT: Final = "not-recorded"
# A camera that comes back by itself within this is an absence on its timeline, not an alarm.
PATIENCE_US: Final = 10 * MICRO
# Told at once: the mask is in doubt, and the camera stays dark until it is not (P-11).
AT_ONCE: Final = frozenset({"mask-failed", "mask-drift", "picture-size-changed"})
# Ordered by people: nobody's alarm.
ORDERED: Final = frozenset({"", "suspended", "not-authorised", "recorder-stopped"})
WORDS: Final = {
    "camera-unreachable": ("Caméra injoignable.", "Vérifiez son alimentation et son réseau."),
    "stream-stalled": ("La caméra répond mais n’envoie plus d’images.", "Redémarrez-la si cela dure."),
    "stream-refused": ("La caméra refuse son flux.", "Vérifiez ses réglages, puis enrôlez-la de nouveau."),
    "other-certificate": (
        "La caméra montre un autre certificat qu’à son enrôlement : elle est coupée.",
        "Vérifiez sur place que c’est bien elle, puis enrôlez-la de nouveau en confirmant son certificat.",
    ),
    "stream-damaged": ("Le flux arrive abîmé.", "Vérifiez la liaison."),
    "wrong-credential": ("La caméra refuse son compte de lecture.", "Faites tourner ses mots de passe."),
    "mask-failed": (
        "Le masquage ne tient pas : la caméra est coupée.",
        "Vérifiez ses zones et la charge de la machine.",
    ),
    "mask-drift": ("Doute sur le masque : la caméra est coupée.", "Contrôlez ses zones sur place."),
    "picture-size-changed": (
        "L’image a changé de taille : la caméra est coupée.",
        "Rétablissez ses réglages ou validez des zones pour la nouvelle taille.",
    ),
    "disk-full": (
        "Le disque est plein : la caméra n’est plus enregistrée.",
        "Agrandissez le volume ; ce qui y reste est protégé.",
    ),
    "disk-wrong": ("Le volume d’enregistrement n’est pas le bon.", "Remontez le bon volume."),
    "store-stalled": (
        "Le stockage ne répond plus : les images attendent en mémoire, puis se perdent.",
        "Regardez le disque et le journal du système, puis la base et le gardien.",
    ),
}
# Live goes on, and nothing of it is kept.
UNKEPT: Final = frozenset({"disk-full", "disk-wrong", "store-stalled"})
GRAVE: Final = AT_ONCE | UNKEPT | {"other-certificate"}
RULES: Final = {**dict.fromkeys(AT_ONCE, "P-11"), **dict.fromkeys(UNKEPT, "P-35"), "other-certificate": "A-01"}


def wanted(health: StreamHealth, now_us: int) -> bool | None:
    """Whether an incident should stand for this health: True, False, or None when it is too early to say."""
    if health.state == "live" and health.cause in UNKEPT:
        return True
    if health.state in ("live", "stopped", "framing") or health.cause in ORDERED:
        return False
    if health.cause in AT_ONCE or now_us - (health.since_us or now_us) >= PATIENCE_US:
        return True
    return None


def incident(camera: str, health: StreamHealth, now_us: int) -> Incident:
    """The incident for a camera that is dark, or live and not kept (P-35)."""
    cause = health.cause
    what, todo = WORDS.get(cause, (f"La caméra ne donne pas d’image ({cause}).", "Voyez sa page."))
    return Incident(
        commune_id=camera.rsplit("-c", 1)[0],
        camera_id=camera,
        kind=NOT_KEPT if health.state == "live" else KIND,
        severity="grave" if cause in GRAVE else "warn",
        what=what,
        todo=todo,
        rule=RULES.get(cause, "A-11"),
        opened_us=now_us,
    )


async def settle(session: AsyncSession, camera: str, health: StreamHealth, now_us: int) -> None:
    """Open or close the camera's incident so that it says what its main stream does now."""
    want = wanted(health, now_us)
    if want is None:
        return
    rows = await session.execute(
        select(Incident).where(
            Incident.camera_id == camera, col(Incident.kind).in_((KIND, NOT_KEPT)), col(Incident.closed_us).is_(None)
        )
    )
    said = incident(camera, health, now_us) if want else None
    standing = False
    for one in rows.scalars():
        if said is None or one.kind != said.kind:
            one.closed_us = now_us
        else:
            standing = True
    if said is not None and not standing:
        session.add(said)
