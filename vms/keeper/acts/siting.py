"""Where a camera stands and what it covers, and the site plan that the commune files (P-22)."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final, Literal

from pydantic import Field

from vms.errors import BadInput
from vms.keeper.acts.spec import ActSpec, camera_in, one_of
from vms.keeper.arguments import Args, Identifier, Moment
from vms.keeper.communes import Change
from vms.law.siting import Position, SitePlan

FIRST_REQUEST: Final = "first"  # under which a plan is kept that no order has yet
NOWHERE_UDEG: Final = 10_000  # within a kilometre of 0° N, 0° E there is only sea
REACH_LIMIT_M: Final = 2_000
PLAN_LIMIT_BYTES: Final = 20 * 1024 * 1024


class Placed(Args):
    """A position as it is typed: millionths of a degree, degrees, metres."""

    latitude_udeg: int = Field(ge=-90_000_000, le=90_000_000)
    longitude_udeg: int = Field(ge=-180_000_000, le=180_000_000)
    direction_deg: int = Field(ge=0, le=359)
    angle_deg: int = Field(ge=1, le=360)
    reach_m: int = Field(ge=1, le=REACH_LIMIT_M)


class PlaceCamera(Placed):
    """Where a camera stands."""

    camera: Identifier


class FileSitePlan(Args):
    """A plan that was kept: for which order (none: a first request), its digest, kind and size, and its day."""

    order: Identifier | None = None
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    media: Literal["application/pdf", "image/jpeg", "image/png"]
    size_bytes: int = Field(ge=1, le=PLAN_LIMIT_BYTES)
    date: Moment
    UNSEEN = frozenset({"media", "size_bytes"})  # read off the file, which its digest is of


def place_camera(change: Change, args: PlaceCamera) -> dict[str, Any]:
    """Record where a camera stands; the entry holds the position before. BadInput at 0, 0, which is nobody's street.

    A camera that was moved is told by ``declare_change`` (P-27): this only says where it is.
    """
    camera = camera_in(change, args.camera)
    if abs(args.latitude_udeg) < NOWHERE_UDEG and abs(args.longitude_udeg) < NOWHERE_UDEG:
        todo = "Relevez la position sur une carte ; sans elle, la caméra est dite manquante au plan."
        raise BadInput("La position 0, 0 est en pleine mer.", where=camera.id, todo=todo, rule="P-22")
    before = change.facts.positions.get(camera.id)
    change.put("position", camera.id, Position(**args.model_dump()))
    detail = args.model_dump(exclude={"camera"}) | {"before": asdict(before) if before else None}
    return {"camera": camera.id, "journal": change.modified("place_camera", cameras=(camera.id,), **detail)}


def file_site_plan(change: Change, args: FileSitePlan) -> dict[str, Any]:
    """Note the *plan-masse* filed for an order or for a first request; it takes the place of the one before."""
    if args.order is not None:
        one_of("arrêté", change.facts.orders.get(args.order), args.order)
    if args.date > change.now_us:
        raise BadInput("La date de ce plan est à venir.", where="date", todo="Corrigez-la.", rule="P-22")
    plan = SitePlan(
        order=args.order or "",
        sha256=args.sha256,
        media=args.media,
        size_bytes=args.size_bytes,
        drawn_us=args.date,
        filed_us=change.now_us,
        filed_by=change.author.person,
    )
    change.put("site_plan", args.order or FIRST_REQUEST, plan)
    seq = change.modified("file_site_plan", order=plan.order, sha256=plan.sha256, size_bytes=plan.size_bytes)
    return {"order": plan.order, "sha256": plan.sha256, "journal": seq}


ACTS: Final = {
    "place_camera": ActSpec(PlaceCamera, place_camera),
    "file_site_plan": ActSpec(FileSitePlan, file_site_plan),
}
