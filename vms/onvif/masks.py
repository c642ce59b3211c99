"""``GetMasksResponse`` (ONVIF Media2): the masks that can be read as such, a bounded number of them (O-40)."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from typing import Final

from vms.law.masks import MASKS_LIMIT_COUNT, POINTS_LIMIT_COUNT, Mask, Point
from vms.onvif.discovery import printable
from vms.onvif.safe_xml import text_of
from vms.onvif.soap import MEDIA2, SCHEMA, tag

DECIMALS: Final = 4
COORDINATE_LIMIT: Final = 10.0
TOKEN_LIMIT_CHARS: Final = 64


def read_masks(answer: ET.Element) -> tuple[tuple[Mask, ...], bool]:
    """The masks of an answer, and whether it held no more than is looked at."""
    told = answer.findall(tag(MEDIA2, "Masks"))
    found = [mask for one in told[:MASKS_LIMIT_COUNT] if (mask := _mask(one)) is not None]
    return tuple(found), len(told) <= MASKS_LIMIT_COUNT


def _mask(told: ET.Element) -> Mask | None:
    polygon = told.find(tag(MEDIA2, "Polygon"))
    corners = polygon.findall(tag(SCHEMA, "Point")) if polygon is not None else []
    if not 3 <= len(corners) <= POINTS_LIMIT_COUNT:
        return None
    points = [_point(one) for one in corners]
    known = tuple(point for point in points if point is not None)
    if len(known) < len(points):
        return None
    return Mask(
        token=printable(told.get("token", ""), TOKEN_LIMIT_CHARS),
        configuration=printable(text_of(told.find(tag(MEDIA2, "ConfigurationToken"))), TOKEN_LIMIT_CHARS),
        points=known,
        kind=printable(text_of(told.find(tag(MEDIA2, "Type")), 32), 32),
        enabled=text_of(told.find(tag(MEDIA2, "Enabled")), 16).strip() in ("true", "1"),
    )


def _point(corner: ET.Element) -> Point | None:
    """A corner, rounded; None when a coordinate is missing, no number or none of ONVIF's."""
    try:
        x, y = float(corner.get("x", "")), float(corner.get("y", ""))
    except ValueError:
        return None
    if not (math.isfinite(x) and math.isfinite(y) and abs(x) <= COORDINATE_LIMIT and abs(y) <= COORDINATE_LIMIT):
        return None
    return round(x, DECIMALS) + 0.0, round(y, DECIMALS) + 0.0  # no -0.0
