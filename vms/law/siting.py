"""Where cameras stand, and the site plan that the commune files: both go into the préfecture's file (P-22)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """A camera's place and the zone it covers: WGS 84 in millionths of a degree, direction from north, clockwise.

    ``angle_deg`` is the width of its field, 360 for one that turns all around; ``reach_m`` how far it is meant to see.
    """

    camera: str
    latitude_udeg: int
    longitude_udeg: int
    direction_deg: int
    angle_deg: int
    reach_m: int


@dataclass(frozen=True, slots=True)
class SitePlan:
    """The *plan-masse* that goes with an order (empty: with a first request): the file's SHA-256 (hex), kind and size.

    ``drawn_us`` is the day it bears, µs UTC; the file itself stays with the pages.
    """

    order: str
    sha256: str
    media: str
    size_bytes: int
    drawn_us: int
    filed_us: int
    filed_by: str
