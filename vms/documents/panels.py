"""The notices to the public, as a file tells them: posted, photographed, on which days (P-80)."""

from __future__ import annotations

from collections.abc import Sequence

from vms.documents.document import Cell, Missing, count
from vms.law.dates import french_date
from vms.law.facts import CameraFacts


def panels_text(cameras: Sequence[CameraFacts]) -> tuple[str | Missing, ...]:
    """How many are posted and how many photographed, and which lack."""
    posted = [one for one in cameras if one.panel_us is not None]
    photographed = [one for one in posted if one.panel_photo_us is not None]
    lacking = [one.name for one in cameras if one.panel_us is None]
    text: tuple[str | Missing, ...] = (
        f"Panneau posé pour {len(posted)} sur {count(len(cameras), 'caméra')}, photographié pour {len(photographed)}.",
    )
    return (*text, Missing(f"le panneau de : {', '.join(lacking)}")) if lacking else text


def panel_words(camera: CameraFacts) -> Cell:
    """One camera's notice: posted on, photographed on."""
    if camera.panel_us is None:
        return Missing("non posé")
    posted = f"posé le {french_date(camera.panel_us)}"
    if camera.panel_photo_us is None:
        return posted
    return f"{posted}, photographié le {french_date(camera.panel_photo_us)}"
