"""The floors of the arrêté of 3 August 2007 for stored pictures (T-04, T-05, T-06)."""

from __future__ import annotations

from typing import Final

from vms.law.lapse import Lapse

NARROW_WIDTH_PX: Final = 704
NARROW_HEIGHT_PX: Final = 576
WIDTH_PX: Final = 352
HEIGHT_PX: Final = 288
FAST_FPS: Final = 12
FPS: Final = 6


def profile_lapses(width: int, height: int, fps: float | None, narrow: bool, fast_flows: bool) -> list[Lapse]:
    """What a stored flow falls short of; ``fps`` None is unknown and counts as a shortfall.

    ``narrow``: mainly *plan étroit*; ``fast_flows``: mainly films fast-moving people (12 images/s with ``narrow``).
    """
    lapses = []
    least_width, least_height, rule = (
        (NARROW_WIDTH_PX, NARROW_HEIGHT_PX, "T-04") if narrow else (WIDTH_PX, HEIGHT_PX, "T-05")
    )
    if width < least_width or height < least_height:
        lapses.append(
            Lapse(
                rule,
                f"L’image fait {width} × {height} points ; il en faut {least_width} × {least_height}.",
                "Choisissez un profil plus grand.",
            )
        )
    least_fps = FAST_FPS if narrow and fast_flows else FPS
    if fps is None or fps < least_fps:
        seen = "inconnue" if fps is None else f"de {fps:g} images par seconde"
        lapses.append(
            Lapse("T-06", f"La cadence est {seen} ; il en faut {least_fps}.", "Réglez la cadence de la caméra.")
        )
    return lapses
