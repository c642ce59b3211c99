"""The register of before 2024 as a view of the journal (P-42): per day and camera, what was recorded, when it was
destroyed, who looked, and what was handed over.

Recording is told to the hour, as its keys are: an hour is recorded when its key was destroyed or is still kept.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from vms.clock import HOUR_US, MICRO, PARIS, UtcTime, paris_date
from vms.documents.document import Cell, Column, Day, Document, Instant, Missing, Section, Table, count
from vms.documents.sources import KeptHour, Sources
from vms.errors import LimitExceeded
from vms.law.dates import french_date, midnight

ROWS_LIMIT: Final = 3000
OPENED: Final = frozenset({"live", "replay", "framing", "export", "snapshot"})
COLUMNS: Final = (
    Column("day", "Jour", 2), Column("camera", "Caméra", 4), Column("recorded", "Enregistré", 4),
    Column("absent_s", "Absences (s)", 2), Column("views", "Vues", 1), Column("destroyed", "Détruit le", 3),
    Column("remaining", "Ce qui reste", 4),
)  # fmt: skip
HANDED: Final = (
    Column("handed", "Remis le", 3), Column("reference", "Procédure", 3), Column("authority", "Autorité", 4),
    Column("recipient", "Reçu par", 4), Column("camera", "Caméras", 4), Column("from", "Images du", 3),
    Column("to", "Au", 3),
)  # fmt: skip


@dataclass(slots=True)
class _Line:
    """What is known of a camera's day."""

    gone: dict[int, int] = field(default_factory=dict)  # hour → when its key was destroyed
    kept: list[KeptHour] = field(default_factory=list)
    absent_us: int = 0
    views: int = 0


def old_register(sources: Sources) -> Document:
    """The register of the days of ``[from_us, to_us)``; LimitExceeded when it has too many lines."""
    lines: dict[tuple[int, str], _Line] = defaultdict(_Line)
    handed: list[tuple[Cell, ...]] = []
    pruned = 0
    for one in sources.records(sources.from_us, sources.now_us + 1):
        if one.record is None:
            pruned += 1
        elif one.record["act"] == "receive_package":
            handed += _handed(sources, one.at_us, one.record)
        else:
            _note(sources, lines, one.at_us, one.record)
    for hour in sources.hours(sources.from_us, sources.to_us):
        lines[_day(hour.hour_us), hour.camera].kept.append(hour)
    if len(lines) > ROWS_LIMIT:
        raise LimitExceeded("Ce registre a trop de lignes.", todo="Demandez moins de jours.")
    rows = tuple(_row(sources, day, camera, line) for (day, camera), line in sorted(lines.items()))
    return Document(
        kind="old-register",
        title="Registre des enregistrements",
        basis="CSI R253-5 (vue de l’ancien R252-11)",
        subject=sources.days(),
        lead=("Vue du journal des opérations, qui a remplacé ce registre ; ce qui fut enregistré est dit à l’heure.",),
        sections=(
            Section("recordings", "Enregistrements, vues et destructions", "P-42", _gone(pruned), (),
                    Table(COLUMNS, rows, "Rien n’a été enregistré ni vu.")),
            Section("handovers", "Remises aux autorités", "P-41", (), (), Table(HANDED, tuple(handed), "Aucune.")),
        ),
        wide=True,
    )  # fmt: skip


def _gone(pruned: int) -> tuple[Missing, ...]:
    return (Missing(f"{count(pruned, 'fiche')} du journal, effacées à leur terme (P-43)"),) if pruned else ()


def _note(sources: Sources, lines: dict[tuple[int, str], _Line], at_us: int, record: Mapping[str, Any]) -> None:
    """What an entry says of the lines' days."""
    act, low, high = record["act"], record.get("from_us"), record.get("to_us")
    for camera in record.get("cameras", ()):
        if record["kind"] in ("consultation", "communication") and act in OPENED:
            if at_us < sources.to_us:
                lines[_day(at_us), camera].views += 1
        elif act == "destroy_hour_key" and isinstance(low, int) and sources.from_us <= low < sources.to_us:
            lines[_day(low), camera].gone[low] = record.get("detail", {}).get("destroyed_us", at_us)
        elif act == "gap" and isinstance(low, int) and isinstance(high, int) and _main(record):
            for first, last in _days(max(low, sources.from_us), min(high, sources.to_us)):
                lines[first, camera].absent_us += min(high, last) - max(low, first)


def _main(record: Mapping[str, Any]) -> bool:
    return record.get("detail", {}).get("stream", "main") in ("main", "")


def _day(at_us: int) -> int:
    """The first instant of the day in Paris."""
    return midnight(paris_date(UtcTime(at_us)))


def _days(low: int, high: int) -> Iterable[tuple[int, int]]:
    """The days in Paris, as spans, that ``[low, high)`` touches."""
    if low >= high:
        return
    day = paris_date(UtcTime(low))
    while midnight(day) < high:
        yield midnight(day), midnight(day + timedelta(days=1))
        day += timedelta(days=1)


def _row(sources: Sources, day: int, camera: str, line: _Line) -> tuple[Cell, ...]:
    kept = {one.hour_us for one in line.kept}
    last = max((at for hour, at in line.gone.items() if hour not in kept), default=None)
    known = sources.facts.cameras.get(camera)
    return (
        Day(day),
        known.name if known else camera,
        _ranges(kept | set(line.gone)) or "rien",
        line.absent_us // MICRO,
        line.views,
        "" if last is None else Instant(last),
        _remaining(line.kept),
    )


def _remaining(kept: list[KeptHour]) -> str:
    if not kept:
        return "rien"
    held = sum(one.held for one in kept)
    due = french_date(max(one.due_us for one in kept))
    return f"{len(kept)} h, terme le {due}" + (f", dont {held} h gelées" if held else "")


def _ranges(hours: set[int]) -> str:
    """Hours as ranges of local time: ``00:00–06:00, 08:00–24:00``."""
    spans: list[list[int]] = []
    for hour in sorted(hours):
        if spans and spans[-1][1] == hour:
            spans[-1][1] = hour + HOUR_US
        else:
            spans.append([hour, hour + HOUR_US])
    return ", ".join(f"{_clock(low)}–{_clock(high)}" for low, high in spans)


def _clock(at_us: int) -> str:
    return UtcTime(at_us).datetime().astimezone(PARIS).strftime("%H:%M")


def _handed(sources: Sources, at_us: int, record: Mapping[str, Any]) -> list[tuple[Cell, ...]]:
    """A hand-over of images of these days."""
    low, high = record.get("from_us"), record.get("to_us")
    if not isinstance(low, int) or not isinstance(high, int) or high <= sources.from_us or low >= sources.to_us:
        return []
    request = sources.facts.requests.get(str(record.get("reference", "")))
    fields = request.fields if request else {}
    number = fields.get("procedure_number") or fields.get("instruction_number")
    names = Counter(sources.facts.cameras[c].name if c in sources.facts.cameras else c for c in record["cameras"])
    return [
        (
            Instant(at_us),
            str(number) if number else Missing("le numéro de la procédure"),
            str(fields["authority"]) if fields.get("authority") else Missing("l’autorité"),
            str(record.get("recipient") or "") or Missing("qui a reçu"),
            ", ".join(sorted(names)),
            Instant(low),
            Instant(high),
        )
    ]
