"""Private zones: drawn by one person, validated by another, loosening them too (P-10, P-11)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field, FiniteFloat

from vms.errors import BadInput, Refused
from vms.keeper.acts.spec import ActSpec, camera_in, move, one_of
from vms.keeper.arguments import Args, Identifier
from vms.keeper.communes import Change, new_id
from vms.keeper.plan import zone_view
from vms.law.facts import Zones

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
        zones = replace(zones, validator=change.author.person, validated_us=change.now_us)
        change.put("zones", zones.id, zones)
    seq = change.modified("validate_zones", cameras=(camera.id,), zone_set=zones.id, version=zones.version)
    return {"zone_set": zone_view(zones).model_dump(mode="json"), "journal": seq}


ACTS: Final = {
    "draw_zones": ActSpec(DrawZones, draw_zones),
    "validate_zones": ActSpec(ValidateZones, validate_zones),
}
