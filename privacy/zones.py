"""Versioned sets of private zones: polygons in the picture's own coordinates, who drew them, who validated them (P-10).

Coordinates are shares of the picture, x to the right and y down, 0 to 1, of the picture as the camera sends it (after
cropping). They are kept to a millionth (a 4K pixel is 260 millionths), so that what was drawn, stored, hashed and
rasterised is one thing. A set is never changed: another drawing is another version, and only a person who is not its
author validates it (P-11: a change of mask is a two-person act).
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from privacy.geometry import Point, Polygon, area, covers, crossing
from vms.errors import BadInput

POINTS_LIMIT: Final = 32
ZONES_LIMIT: Final = 24
MILLIONTHS: Final = 1_000_000
# Under this share of the picture nothing could be hidden: 100 pixels of a 1080p picture are 48 millionths.
AREA_MIN_SHARE: Final = 20e-6

Polygons = Sequence[Polygon]
Reason = Literal["dwelling-interior", "entrance", "private-garden", "other"]


def validate_polygon(points: Sequence[Sequence[float]], *, where: str = "") -> tuple[Point, ...]:
    """The polygon's points rounded to a millionth; BadInput names what is wrong and which point or edge it is.

    Refused: fewer than 3 or more than POINTS_LIMIT points, a point that is no pair of finite numbers or lies outside
    the picture, two points in the same place, edges that cross, no area.
    """
    if len(points) < 3:
        raise BadInput("Une zone a au moins trois points.", where=where, todo="Ajoutez un point ou retirez la zone.")
    if len(points) > POINTS_LIMIT:
        raise BadInput(
            f"Une zone a au plus {POINTS_LIMIT} points, celle-ci en a {len(points)}.",
            where=where,
            todo="Simplifiez le contour ou faites-en deux zones.",
        )
    clean = tuple(_point(point, where, number) for number, point in enumerate(points, start=1))
    if len(set(clean)) != len(clean):
        raise BadInput("Deux points de la zone sont au même endroit.", where=where, todo="Retirez l’un des deux.")
    found = crossing(clean)
    if found is not None:
        raise BadInput(
            f"Les côtés {found[0] + 1} et {found[1] + 1} de la zone se croisent.",
            where=where,
            todo="Déplacez un point pour que le contour ne se recoupe pas.",
        )
    if area(clean) < AREA_MIN_SHARE:
        raise BadInput("La zone n’a presque aucune surface.", where=where, todo="Agrandissez-la ou retirez-la.")
    return clean


def _point(point: Sequence[float], where: str, number: int) -> Point:
    if len(point) != 2 or any(isinstance(value, bool) or not isinstance(value, int | float) for value in point):
        raise BadInput(f"Le point {number} n’est pas une paire de nombres.", where=where)
    if not all(math.isfinite(value) for value in point):
        raise BadInput(f"Le point {number} n’a pas de coordonnées finies.", where=where)
    if not all(0.0 <= value <= 1.0 for value in point):
        raise BadInput(
            f"Le point {number} est hors de l’image.", where=where, todo="Gardez chaque coordonnée entre 0 et 1."
        )
    x, y = (round(float(value) * MILLIONTHS) / MILLIONTHS for value in point)
    return (x, y)


class Zone(BaseModel):
    """One polygon that must never be seen, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    points: tuple[Point, ...]
    reason: Reason

    @field_validator("points", mode="before")
    @classmethod
    def _valid(cls, points: Sequence[Sequence[float]]) -> tuple[Point, ...]:
        return validate_polygon(points)


class PictureSize(BaseModel):
    """The size in pixels of one stream when the set was validated; another size needs another validation (P-11)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stream: str
    width: Annotated[int, Field(gt=0)]
    height: Annotated[int, Field(gt=0)]


class ZoneSet(BaseModel):
    """All private zones of one camera at one version. Without zones, ``no_dwelling`` is somebody's statement (P-10)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: Annotated[int, Field(ge=1)]
    camera: str
    polygons: tuple[Zone, ...]
    no_dwelling: bool
    author: str
    validator: str | None = None
    created_us: int
    validated_us: int | None = None
    sizes: tuple[PictureSize, ...] = ()

    @field_validator("polygons", mode="before")
    @classmethod
    def _numbered(cls, polygons: Sequence[Any]) -> Sequence[Any]:
        """Check each drawing here first, where its number is known and can be told."""
        for number, zone in enumerate(polygons, start=1):
            if isinstance(zone, dict) and isinstance(zone.get("points"), list | tuple):
                validate_polygon(zone["points"], where=f"zone {number}")
        return polygons

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if len(self.polygons) > ZONES_LIMIT:
            raise BadInput(
                f"Au plus {ZONES_LIMIT} zones par caméra, celle-ci en a {len(self.polygons)}.", where=self.camera
            )
        if not self.polygons and not self.no_dwelling:
            raise BadInput(
                "Aucune zone, et personne ne déclare qu’aucun logement n’est dans le champ.",
                where=self.camera,
                todo="Dessinez les zones privées ou déclarez « aucun logement dans le champ ».",
            )
        if self.validator is not None and self.validator == self.author:
            raise BadInput(
                "Qui a dessiné les zones ne peut pas les valider.",
                where=self.camera,
                todo="Demandez à une autre personne habilitée.",
            )
        if (self.validator is None) != (self.validated_us is None):
            raise BadInput("Une validation a un auteur et une date, ou ni l’un ni l’autre.", where=self.camera)
        return self

    def size_of(self, stream: str) -> tuple[int, int] | None:
        """The validated size of one stream in pixels, or None when the set was validated without one."""
        return next(((size.width, size.height) for size in self.sizes if size.stream == stream), None)

    def canonical(self) -> bytes:
        """What the set hides, as bytes that are the same everywhere: integers in millionths, sorted keys, UTF-8."""
        return json.dumps(
            {
                "camera": self.camera,
                "format": "guet/zones/v1",
                "no_dwelling": self.no_dwelling,
                "version": self.version,
                "zones": [
                    {
                        "points": [[round(x * MILLIONTHS), round(y * MILLIONTHS)] for x, y in zone.points],
                        "reason": zone.reason,
                    }
                    for zone in self.polygons
                ],
            },
            ensure_ascii=False,
            separators=(",", ":"),
            sort_keys=True,
        ).encode()

    def sha256(self) -> str:
        """The hexadecimal SHA-256 of ``canonical``: the name of this drawing in journals and evidence packages."""
        return hashlib.sha256(self.canonical()).hexdigest()


def loosens(old: ZoneSet, new: ZoneSet) -> bool:
    """Whether ``new`` uncovers any point that ``old`` covered; then a second person must agree (P-11)."""
    return not covers([zone.points for zone in new.polygons], [zone.points for zone in old.polygons])
