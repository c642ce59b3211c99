"""The kinds of incidents that machines open, in words for people; one that is not here is told by its own name."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    "no-picture": "caméra sans image",
    "not-recorded": "caméra vue mais pas enregistrée",
    "recorded-short": "enregistrement sous les minimums",
    "recorded-short-sub": "flux secondaire sous les minimums",
    "early-destruction": "perte documentée",
    "signal-loss": "perte du signal vidéo",
    "card-stopped": "carte de la caméra arrêtée",
    "camera-clock": "horloge de caméra en écart",
    "recorder-clock": "horloge de la machine en écart",
    "clock-doubt": "heure de la machine en doute",
    "clock-future": "images datées de l’avenir",
    "bucket-away": "stockage distant injoignable",
}
_SEVERITIES: Final = {"info": "information", "warn": "alerte", "grave": "grave"}


def incident_words(kind: str) -> str:
    """A kind of incident, as a document says it."""
    return _WORDS.get(kind, kind)


def severity_words(severity: str) -> str:
    """How grave it is, as a document says it."""
    return _SEVERITIES.get(severity, severity)
