"""How a camera's zones are burnt in, chosen and explained in a sentence for the person who validates them (P-10, P-11).

Three answers today: nothing to mask, software, or dark (no way to hold the promise, so no picture). On-board masks are
the fourth; a camera that offers them says so in its capabilities, and the plan says that they are not used yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from privacy.encoders import SOFTWARE
from privacy.raster import rasterise, too_small
from privacy.units import PICTURE_LIMIT_PIXELS, PICTURE_MIN_SIDE_PIXELS, Codec, StreamSpec
from privacy.zones import ZoneSet

Method = Literal["none", "software", "onboard", "dark"]

# Time of one core to decode, paint and encode one pixel with libx264, as ``vms bench mask`` measures it, with a third
# more for older machines. A hardware encoder leaves decoding and painting to the core.
SOFTWARE_NS_PER_PIXEL: Final[dict[Codec, float]] = {"h264": 10.0, "h265": 11.0}
HARDWARE_NS_PER_PIXEL: Final[dict[Codec, float]] = {"h264": 3.0, "h265": 4.0}
# A worker is one process with one thread; beyond this share of a core it would fall behind in busy scenes.
CORE_SHARE_LIMIT: Final = 0.8
FPS_UNKNOWN: Final = 25.0


@dataclass(frozen=True, slots=True)
class MaskPlan:
    """The method, why (French, one or two sentences), what it costs: share of a core, and added delay in ms."""

    method: Method
    why: str
    core_share: float = 0.0
    delay_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What there is to mask with: the streams to record, this machine's encoder, the camera's own masks (O-41)."""

    streams: Sequence[StreamSpec]
    encoder: str = SOFTWARE
    onboard: bool = False


def choose(zone_set: ZoneSet, capabilities: Capabilities) -> MaskPlan:
    """The plan for one camera; ``dark`` when no method can hold every zone on every stream."""
    if not zone_set.polygons:
        return MaskPlan("none", "Aucune zone à masquer : quelqu’un d’habilité déclare qu’aucun logement n’est visible.")
    if not capabilities.streams:
        return MaskPlan("dark", "Caméra noire : la taille de ses images n’est pas encore connue.")
    for spec in capabilities.streams:
        if obstacle := _obstacle(zone_set, spec):
            return MaskPlan("dark", f"Caméra noire : {obstacle}")
    share = sum(_seconds_a_picture(spec, capabilities.encoder) * _fps(spec) for spec in capabilities.streams)
    delay_ms = 1000 * max(_seconds_a_picture(spec, capabilities.encoder) for spec in capabilities.streams)
    if share > CORE_SHARE_LIMIT:
        return MaskPlan(
            "dark",
            f"Caméra noire : le masquage logiciel demanderait {_percent(share)} d’un cœur de calcul, au-delà de "
            f"{_percent(CORE_SHARE_LIMIT)}. Réduisez la définition ou la cadence des profils.",
            share,
            delay_ms,
        )
    return MaskPlan("software", _software(zone_set, capabilities, share, delay_ms), share, delay_ms)


def _obstacle(zone_set: ZoneSet, spec: StreamSpec) -> str:
    """Why this stream cannot be masked, or an empty string."""
    size = f"{spec.width} × {spec.height}"
    if spec.width * spec.height > PICTURE_LIMIT_PIXELS or min(spec.width, spec.height) < PICTURE_MIN_SIDE_PIXELS:
        return f"une image de {size} sort de ce que le masquage accepte. Changez le profil de la caméra."
    small = too_small(rasterise([zone.points for zone in zone_set.polygons], spec.width, spec.height))
    if small:
        return f"la zone {small[0]} est trop petite sur le flux de {size}. Agrandissez-la et faites valider les zones."
    return ""


def _software(zone_set: ZoneSet, capabilities: Capabilities, share: float, delay_ms: float) -> str:
    zones, streams = len(zone_set.polygons), len(capabilities.streams)
    means = "" if capabilities.encoder == SOFTWARE else f", avec l’encodeur matériel {capabilities.encoder}"
    text = (
        f"Masquage logiciel de {zones} zone{'s' if zones > 1 else ''} sur {streams} flux{means} : "
        f"environ {_percent(share)} d’un cœur de calcul et {max(1, round(delay_ms))} ms de retard."
    )
    if any(spec.codec == "h265" for spec in capabilities.streams):
        text += " Le flux H.265 est enregistré en H.264."
    if capabilities.onboard:
        text += " Les masques de la caméra ne sont pas encore utilisés."
    return text


def _seconds_a_picture(spec: StreamSpec, encoder: str) -> float:
    costs = SOFTWARE_NS_PER_PIXEL if encoder == SOFTWARE else HARDWARE_NS_PER_PIXEL
    return spec.width * spec.height * costs[spec.codec] / 1e9


def _fps(spec: StreamSpec) -> float:
    return spec.fps or FPS_UNKNOWN


def _percent(share: float) -> str:
    return f"{round(100 * share)} %"
