"""The causes of an absence of recording, in words for people (E-32)."""

from __future__ import annotations

from typing import Final

from vms.evidence.manifest import NOT_RECORDED, STORED_DAMAGED

CAUSES: Final[dict[str, str]] = {
    NOT_RECORDED: "aucun enregistrement (avant la mise en service, ou détruit à son terme)",
    STORED_DAMAGED: "enregistré, mais illisible aujourd’hui",
    "camera-unreachable": "caméra injoignable",
    "stream-stalled": "flux interrompu",
    "stream-refused": "flux refusé par la caméra",
    "stream-damaged": "flux endommagé",
    "recorder-stopped": "enregistreur arrêté",
    "disk-full": "disque plein",
    "disk-wrong": "disque absent ou remplacé",
    "store-stalled": "stockage qui ne répondait plus",
    "mask-failed": "masquage impossible : images non conservées",
    "mask-drift": "masquage en doute : images non conservées",
    "not-authorised": "caméra non autorisée à cette heure",
    "suspended": "caméra suspendue",
    "other-certificate": "la caméra montrait un autre certificat qu’à son enrôlement",
    "clock": "heure de la machine en doute",
}
