"""What recorders report of cameras' own masks: kept for the next zone set, and held against the validated one (O-44).

The recorder asks the camera and tells what it answered; the keeper judges. A drift cuts the camera by the gate's own
rule, at once and on every path; it ends when the camera reports the validated masks again, or when two persons validate
others (decision 0026). A camera that does not answer is never reported here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field, FiniteFloat

from vms.keeper.arguments import Args, Moment, Slug
from vms.keeper.communes import Change, new_id
from vms.law.facts import Zones
from vms.law.masks import MASKS_LIMIT_COUNT, POINTS_LIMIT_COUNT, Mask, MaskDrift, SeenMasks, drift

Coordinate = Annotated[FiniteFloat, Field(ge=-10, le=10)]


class ToldMask(Args):
    """One mask, in ONVIF's coordinates (O-40)."""

    token: str = Field(max_length=64)
    configuration: str = Field(max_length=64)
    points: tuple[tuple[Coordinate, Coordinate], ...] = Field(min_length=3, max_length=POINTS_LIMIT_COUNT)
    kind: str = Field(max_length=32)
    enabled: bool

    def mask(self) -> Mask:
        """As the law reads it."""
        return Mask(self.token, self.configuration, self.points, self.kind, self.enabled)


class ReportMasks(Args):
    """What one camera reports now; ``agreed_us`` is when it last reported what is validated, as far as is known."""

    commune: Slug
    camera: Slug
    masks: tuple[ToldMask, ...] = Field(default=(), max_length=MASKS_LIMIT_COUNT)
    complete: bool = True
    agreed_us: Moment | None = None


def take_masks(change: Change, asked: ReportMasks) -> dict[str, Any]:
    """Keep what the camera reports; begin or end its drift, each with its entry in the journal (P-11, P-41)."""
    now_us, camera = change.now_us, asked.camera
    seen = SeenMasks(camera, tuple(one.mask() for one in asked.masks), asked.complete, now_us)
    change.put("seen_masks", camera, seen)
    zones = change.facts.active_zones(camera, now_us)
    cause = drift(zones.masks, seen.masks) if zones is not None and zones.masks else None
    known = change.facts.drift_at(camera, zones.id, now_us) if zones is not None else None
    if zones is not None and cause is not None and known is None:
        _begin(change, zones, cause, asked.agreed_us)
    elif known is not None and cause is None:
        change.put("mask_drift", known.id, replace(known, until_us=now_us))
        change.modified("masks_restored", cameras=(camera,), drift=known.id, zone_set=known.zone_set)
    return {"drift": cause or ""}


def _begin(change: Change, zones: Zones, cause: str, agreed_us: int | None) -> None:
    """From the last time the masks were there; never before this set was validated, never ahead of now."""
    validated_us = zones.validated_us or zones.created_us
    from_us = min(max(agreed_us or 0, validated_us), change.now_us)
    begun = MaskDrift(new_id("m"), zones.camera, zones.id, cause, from_us, change.now_us)
    change.put("mask_drift", begun.id, begun)
    change.modified(
        "mask_drift", cameras=(zones.camera,), drift=begun.id, zone_set=zones.id, cause=cause, from_us=from_us
    )
