"""What a spare volume says to people: it stands by, is in use and for how long, or would be of no use (P-35).

It is in use when a segment that is being written lies on it, whichever process writes that: so a volume that nobody
finds wrong, but that refuses to be written to, shows too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from recorder.retention.forecast import CameraStock, Stored
from recorder.retention.policies import DAY_US
from recorder.store.errors import StoreError
from recorder.store.spared import SparedStore
from vms.clock import HOUR_US, MICRO
from vms.model import Incident, Segment, Volume

SPARE: Final = "spare"
IN_USE: Final = "spare-in-use"
SPARE_WRONG: Final = "spare-wrong"
KINDS: Final = (IN_USE, SPARE_WRONG)
SAME_DISK: Final = "Il est sur le même disque que les enregistrements : il partirait avec eux."
# What lies there is counted file by file.
RECOUNT_US: Final = 10 * 60 * MICRO

Days = Mapping[tuple[str, int], int]  # bytes by camera and day


class SpareBoard:
    """Looks at the spare volume of one store."""

    def __init__(self, store: SparedStore) -> None:
        self._store = store
        self._counted_us: int | None = None
        self._days: dict[tuple[str, int], int] = {}

    def days(self, now_us: int) -> Days:
        """What the spare holds, by camera and day; counted again every few minutes. Blocks."""
        if self._counted_us is None or not 0 <= now_us - self._counted_us < RECOUNT_US:
            found: dict[tuple[str, int], int] = {}
            for file in self._store.spare.files():
                if file.name is not None:
                    place = (file.name.camera, file.name.start.us // DAY_US)
                    with contextlib.suppress(FileNotFoundError):  # destroyed between the two looks
                        found[place] = found.get(place, 0) + file.path.stat().st_size
            self._days, self._counted_us = found, now_us
        return self._days

    def look(self, being_written: Sequence[Segment], bytes_per_s: float, main_fault: str, now_us: int) -> Volume:
        """The spare's row; ``being_written`` are the open segments of this host. Blocks."""
        spare, row = self._store.spare, Volume(id=SPARE, level="wrong", measured_us=now_us)
        try:
            spare.check_identity()
        except StoreError as error:
            row.fault = error.what
            return row
        row.total_bytes, row.free_bytes, row.reserve_bytes = (
            spare.total_bytes(), spare.free_bytes(), spare.floor_bytes(),
        )  # fmt: skip
        row.stored_bytes = sum(self.days(now_us).values())
        row.level = "ok"
        if not main_fault and spare.root.stat().st_dev == self._store.root.stat().st_dev:
            row.level, row.fault = "warn", SAME_DISK
        if main_fault or any(self._lies_there(one) for one in being_written):
            room = max(0, row.free_bytes - row.reserve_bytes)
            row.level = "in-use" if room else "stopping"
            row.bytes_per_s = round(bytes_per_s, 1)
            row.stop_us = now_us + round(room / bytes_per_s * MICRO) if bytes_per_s > 0 else None
        return row

    def _lies_there(self, row: Segment) -> bool:
        return self._store.lies_apart(row.name, row.commune_id)


def without(stocks: Sequence[CameraStock], days: Days) -> list[CameraStock]:
    """The stocks without what lies on the spare: it takes no room of the volume, and gives it none back."""
    if not days:
        return list(stocks)
    left, found = dict(days), []
    for one in stocks:
        stored: list[Stored] = []
        for kept in one.stored:
            place = (one.camera, kept.start_us // DAY_US)
            apart = min(kept.size_bytes, left.get(place, 0))
            left[place] = left.get(place, 0) - apart
            stored.append(replace(kept, size_bytes=kept.size_bytes - apart))
        found.append(replace(one, stored=tuple(stored)))
    return found


def incident_of(volume: Volume) -> Incident | None:
    """What people should know of the spare; None while it stands by."""
    match volume.level:
        case "in-use" | "stopping":
            room = f"{max(0, volume.free_bytes - volume.reserve_bytes) / 1e9:.1f} Go".replace(".", ",")
            hours = "" if volume.stop_us is None else f", soit {(volume.stop_us - volume.measured_us) // HOUR_US} h"
            return _incident(
                IN_USE, "grave",
                f"Les enregistrements vont sur le volume de secours : il y reste {room}{hours} au débit mesuré.",
                "rétablissez le volume des enregistrements ; ce qui est sur l’autre y reste lisible", volume,
            )  # fmt: skip
        case "wrong" | "warn":
            what = f"Volume de secours : {volume.fault}"
            return _incident(SPARE_WRONG, "warn", what, "il ne servirait à rien si l’autre volume manquait", volume)
    return None


def _incident(kind: str, severity: str, what: str, todo: str, volume: Volume) -> Incident:
    return Incident(
        commune_id="", kind=kind, severity=severity, what=what, todo=f"Prévenez l’hébergeur : {todo}.", rule="P-35",
        opened_us=volume.measured_us,
    )  # fmt: skip
