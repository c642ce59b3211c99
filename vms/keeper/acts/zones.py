"""Private zones: drawn by one person, validated by another, loosening them too (P-10, P-11)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field, FiniteFloat

from vms.errors import BadInput, Refused
from vms.keeper.acts.spec import ActSpec, camera_in, move, one_of
from vms.keeper.arguments import Args, Identifier
from vms.keeper.communes import Change, new_id
from vms.keeper.gate.plan import zone_view
from vms.law.facts import Zones
from vms.law.masks import MASKS_LIMIT_COUNT, Mask, drift, in_force

DRAWABLE: Final = frozenset({"authorised", "framed", "commissioned", "in_service", "suspended"})
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]


class Polygon(Args):
    """One zone: its corners in shares of the picture, and why. Its shape is the privacy part's to judge."""

    points: tuple[tuple[Share, Share], ...] = Field(min_length=3, max_length=32)
    reason: Literal["dwelling-interior", "entrance", "private-garden", "other"]


class Size(Args):
    """The picture of one stream that the zones were drawn on."""

    stream: Literal["main", "sub"]
    width: int = Field(gt=0, le=16_384)
    height: int = Field(gt=0, le=16_384)


class DrawZones(Args):
    """A new version of a camera's zones, or the statement that no dwelling is in view."""

    camera: Identifier
    polygons: tuple[Polygon, ...] = Field(default=(), max_length=24)
    no_dwelling: bool = False
    sizes: tuple[Size, ...] = Field(default=(), max_length=2)


class ValidateZones(Args):
    """The zone set that a second person validates."""

    camera: Identifier
    zone_set: Identifier


def draw_zones(change: Change, args: DrawZones) -> dict[str, Any]:
    """Record a drawing; the set in force stays until another person validates this one (P-11)."""
    camera = camera_in(change, args.camera)
    state = camera.state_at(change.now_us)
    if state not in DRAWABLE:
        what = "On ne trace pas de zones avant l’autorisation du préfet."
        raise Refused(what, where=camera.id, todo="Rattachez d’abord la caméra à l’arrêté.", rule="P-24")
    if bool(args.polygons) == args.no_dwelling:
        what = "Tracez des zones, ou déclarez qu’aucune habitation n’est vue : l’un des deux."
        raise BadInput(what, where="no_dwelling", todo="Corrigez la saisie.")
    versions = [zones.version for zones in change.facts.zones if zones.camera == camera.id]
    made = Zones(
        id=new_id("z"),
        camera=camera.id,
        version=max(versions, default=0) + 1,
        polygons=tuple(polygon.model_dump(mode="json") for polygon in args.polygons),
        no_dwelling=args.no_dwelling,
        author=change.author.person,
        created_us=change.now_us,
        sizes=tuple(size.model_dump(mode="json") for size in args.sizes),
        masks=_told(change, camera.id),
    )
    change.put("zones", made.id, made)
    if state == "authorised":
        move(change, camera, "framed")
    seq = change.modified(
        "draw_zones",
        cameras=(camera.id,),
        zone_set=made.id,
        version=made.version,
        zones=len(made.polygons),
        no_dwelling=made.no_dwelling,
        camera_masks=None if made.masks is None else len(made.masks),
    )
    return {"zone_set": zone_view(made).model_dump(mode="json"), "journal": seq}


def validate_zones(change: Change, args: ValidateZones) -> dict[str, Any]:
    """Put a drawing in force; never by its author, and only the latest (P-10, P-11)."""
    camera = camera_in(change, args.camera)
    mine = {zones.id: zones for zones in change.facts.zones if zones.camera == camera.id}
    zones = one_of("jeu de zones", mine.get(args.zone_set), args.zone_set)
    if zones.author == change.author.person:
        what = "Qui a tracé les zones ne peut pas les valider."
        raise Refused(what, where=zones.id, todo="Il faut une deuxième personne.", rule="P-11")
    if zones.version != max(one.version for one in mine.values()):
        raise Refused("Un tracé plus récent existe.", where=zones.id, todo="Validez le dernier.", rule="P-11")
    if zones.validated_us is None:
        masks = _agreed(change, zones)
        zones = replace(zones, validator=change.author.person, validated_us=change.now_us, masks=masks)
        _settle(change, camera.id)
        change.put("zones", zones.id, zones)
    seq = change.modified(
        "validate_zones", cameras=(camera.id,), zone_set=zones.id, version=zones.version,
        camera_masks=None if zones.masks is None else len(zones.masks),
    )  # fmt: skip
    return {"zone_set": zone_view(zones).model_dump(mode="json"), "journal": seq}


def _told(change: Change, camera: str) -> tuple[Mask, ...] | None:
    """The camera's own masks that hide something, as it reported them last; None while it has never told (O-44)."""
    seen = change.facts.seen_masks.get(camera)
    return None if seen is None else in_force(seen.masks)


def _agreed(change: Change, zones: Zones) -> tuple[Mask, ...] | None:
    """The masks that both persons saw; Refused when some went between the drawing and now (P-11)."""
    told, seen = _told(change, zones.camera), change.facts.seen_masks.get(zones.camera)
    if seen is not None and not seen.complete:
        what = f"La caméra annonce plus de {MASKS_LIMIT_COUNT} masques : ils ne pourraient pas être contrôlés."
        raise Refused(what, where=zones.camera, todo="Réduisez leur nombre dans la caméra.", rule="O-44")
    if told is not None and drift(zones.masks or (), told) is not None:
        what = "Les masques de la caméra ont changé depuis le tracé."
        raise Refused(what, where=zones.camera, todo="Retracez les zones, puis faites-les valider.", rule="P-11")
    return zones.masks if told is None else told


def _settle(change: Change, camera: str) -> None:
    """Two persons validate what the camera shows now: its drift is over (P-11)."""
    for one in change.facts.drifts:
        if one.camera == camera and one.until_us is None:
            change.put("mask_drift", one.id, replace(one, until_us=change.now_us))


ACTS: Final = {
    "draw_zones": ActSpec(DrawZones, draw_zones),
    "validate_zones": ActSpec(ValidateZones, validate_zones),
}
