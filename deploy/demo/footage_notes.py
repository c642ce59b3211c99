"""What a ``README.md`` beside the clips says of them: credit, licence, dwellings in view.

A table row whose first cell names the file and whose last is its licence; a section whose heading names the file
(``*`` allowed) with a line ``**Origin.**``; a JSON block ``{"scene": …, "zones": {name: [[x, y], …]}}``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

MAX_NOTES_BYTES = 1 << 20
UNKNOWN_LICENCE = "licence non précisée"
_ROW = re.compile(r"^\|\s*`?([\w.\-]+)`?\s*\|.*\|\s*([^|]+?)\s*\|\s*$", re.MULTILINE)
_SECTION = re.compile(r"^##\s+`?([\w.*\-]+)`?(.*?)(?=^##\s|\Z)", re.MULTILINE | re.DOTALL)
_ORIGIN = re.compile(r"\*\*Origin\.\*\*\s*(.+?)(?=\n\*\*|\n\n|\Z)", re.DOTALL)
_JSON = re.compile(r"```json\n(.*?)```", re.DOTALL)

Polygon = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Notes:
    """What is known of the clips of one folder."""

    folder: str
    licences: dict[str, str]
    origins: tuple[tuple[str, str], ...]
    dwellings: dict[str, tuple[Polygon, ...]]

    def licence(self, name: str) -> str:
        """The licence of a file."""
        return self.licences.get(name, UNKNOWN_LICENCE)

    def credit(self, name: str) -> str:
        """One line that says whose picture it is and under which licence."""
        for pattern, origin in self.origins:
            if fnmatch(name, pattern) or fnmatch(name, pattern + "*"):
                return f"{origin}, {self.licence(name)}"
        return f"{name} ({self.folder}), {self.licence(name)}"

    def zones(self, scene: str) -> tuple[Polygon, ...]:
        """The dwellings in view of a scene."""
        return self.dwellings.get(scene, ())


def notes_of(folder: Path) -> Notes:
    """Read the notes of a folder; empty ones when it has none or they say nothing we understand."""
    path = folder / "README.md"
    text = ""
    if path.is_file() and path.stat().st_size <= MAX_NOTES_BYTES:
        text = path.read_text("utf-8", errors="replace")
    licences = {name: licence for name, licence in _ROW.findall(text) if "." in name}
    origins = []
    for pattern, body in _SECTION.findall(text):
        origin = _ORIGIN.search(body)
        if origin:
            origins.append((pattern, _one_line(origin.group(1))))
    zones = {}
    for block in _JSON.findall(text):
        zones.update(_zones(block))
    return Notes(folder.name, licences, tuple(origins), zones)


def _one_line(origin: str) -> str:
    """The first clause of an origin, without markup."""
    flat = re.sub(r"\s+", " ", origin.replace("`", "")).strip()
    return re.split(r"(?<=\w)[;.] |, `?https?:| \(commit| \(sha256|, files? ", flat)[0].strip(" .,")


def _zones(block: str) -> dict[str, tuple[Polygon, ...]]:
    try:
        told = json.loads(block)
        polygons = [tuple((float(x), float(y)) for x, y in points) for points in told["zones"].values()]
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    usable = tuple(p for p in polygons if len(p) >= 3 and all(0 <= v <= 1 for point in p for v in point))
    return {str(told["scene"]): usable}
