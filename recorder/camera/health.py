"""How the streams do, written to the shared database in one batch, at most once a second.

A row is written when it says something new, and every few seconds while pictures come, so that a reader can tell a
recorder that is gone (``updated_us`` grows old) from a camera that is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlmodel import col, select

from recorder.camera.dark_incidents import settle, wanted
from recorder.camera.loop import StreamHealth
from recorder.stream.timeline import Note
from vms import logs
from vms.clock import MICRO, Clock
from vms.db.engine import is_shared, write
from vms.model import CameraHealth, Incident

REFRESH_S: Final = 5.0
CLOCK_INCIDENT: Final = "camera-clock"

log = logs.get("recorder.health")


@dataclass(frozen=True, slots=True)
class CameraNote:
    """A timeline's note and whose it is."""

    commune: str
    camera: str
    note: Note


class HealthBoard:
    """This process's rows of CameraHealth, and its incidents about clocks (A-10)."""

    def __init__(self, engine: AsyncEngine, clock: Clock, index: int) -> None:
        self._engine = engine
        self._clock = clock
        self._index = index
        self._written: dict[tuple[str, str], tuple[object, ...]] = {}
        self._written_us: dict[tuple[str, str], int] = {}
        self._notes: list[CameraNote] = []
        self._well: set[str] = set()

    def note(self, commune: str, camera: str, notes: list[Note]) -> None:
        """Keep what the timelines noted for the next write."""
        self._notes += [CameraNote(commune, camera, note) for note in notes if note.kind != "media-jump"]

    async def write(self, found: Mapping[tuple[str, str], tuple[StreamHealth, int]]) -> int:
        """Write what is new of ``found``: (camera, stream) → health and number of masked zones; rows written.

        With the database away nothing is lost: the next write says it all.
        """
        now_us = self._clock.utc().us
        gone = {key: (_STOPPED, 0) for key in self._written if key not in found and self._written[key] != _says_gone()}
        due = {key: value for key, value in {**found, **gone}.items() if self._is_due(key, value, now_us)}
        notes, self._notes = self._notes, []
        if not due and not notes:
            return 0
        try:
            async with write(self._engine, alone=False) as session:
                await self._put(session, [self._row(*key, *value, now_us) for key, value in sorted(due.items())])
                for (camera, stream), (health, _) in due.items():
                    if stream == "main" and self._unsettled(camera, health, now_us):
                        await settle(session, camera, health, now_us)
                for item in notes:
                    await self._incident(session, item)
        except SQLAlchemyError as error:
            log.warning("état des caméras non écrit", why=type(error).__name__)
            self._notes = notes + self._notes
            self._well.clear()
            return 0
        for key, (health, zones) in due.items():
            self._written[key] = _says(health, zones)
            self._written_us[key] = now_us
        return len(due)

    async def _put(self, session: AsyncSession, rows: list[CameraHealth]) -> None:
        """Write rows, new or not, in one statement: with thousands of cameras these are most of all writes."""
        if not rows:
            return
        table = CameraHealth.__table__  # type: ignore[attr-defined]
        given = (postgresql if is_shared(self._engine) else sqlite).insert(table)
        keys = ["camera_id", "stream"]
        others = {one.name: given.excluded[one.name] for one in table.columns if one.name not in keys}
        put = given.on_conflict_do_update(index_elements=keys, set_=others)
        await session.execute(put, [row.model_dump() for row in rows])

    def _unsettled(self, camera: str, health: StreamHealth, now_us: int) -> bool:
        """Whether the camera's incident may have to change: not while it was well and still is."""
        well = wanted(health, now_us) is False
        unchanged = well and camera in self._well
        if well:
            self._well.add(camera)
        else:
            self._well.discard(camera)
        return not unchanged

    def _is_due(self, key: tuple[str, str], value: tuple[StreamHealth, int], now_us: int) -> bool:
        if self._written.get(key) != _says(*value):
            return True
        return now_us - self._written_us[key] >= REFRESH_S * MICRO

    def _row(self, camera: str, stream: str, health: StreamHealth, zones: int, now_us: int) -> CameraHealth:
        fmt = health.fmt
        return CameraHealth(
            camera_id=camera, stream=stream, state=health.state, cause=health.cause,
            since_us=health.since_us or now_us,
            last_unit_us=health.last_unit_us, codec=fmt.codec_string if fmt else "", width=fmt.width if fmt else 0,
            height=fmt.height if fmt else 0, fps=round(health.fps, 2), kbps=round(health.kbps, 1), masked_zones=zones,
            clock_offset_ms=health.claim_difference_us // 1000, recorder=self._index, updated_us=now_us,
        )  # fmt: skip

    async def _incident(self, session: AsyncSession, item: CameraNote) -> None:
        note = item.note
        if note.kind in ("claim-agrees", "claim-differs"):
            open_ones = await session.execute(
                select(Incident).where(
                    Incident.camera_id == item.camera,
                    Incident.kind == CLOCK_INCIDENT,
                    col(Incident.closed_us).is_(None),
                )
            )
            for incident in open_ones.scalars():
                incident.closed_us = note.at.us
        if note.kind == "claim-agrees":
            return
        session.add(_incident_of(item))


def _incident_of(item: CameraNote) -> Incident:
    seconds = item.note.difference_us / MICRO
    if item.note.kind == "claim-differs":
        return Incident(
            commune_id=item.commune, camera_id=item.camera, kind=CLOCK_INCIDENT, severity="warn",
            what=f"L’horloge de la caméra diffère de {seconds:+.1f} s de celle de l’enregistreur.",
            todo="Vérifiez le serveur de temps réglé dans la caméra.", rule="A-10", opened_us=item.note.at.us,
        )  # fmt: skip
    return Incident(
        commune_id=item.commune, camera_id=item.camera, kind="recorder-clock", severity="warn",
        what=f"L’horloge de la machine a été déplacée de {seconds:+.1f} s ; les heures enregistrées n’ont pas sauté.",
        todo="Vérifiez la synchronisation de la machine.", rule="A-10", opened_us=item.note.at.us,
        closed_us=item.note.at.us,
    )  # fmt: skip


_STOPPED: Final = StreamHealth("stopped", "", 0, 0, None, 0.0, 0.0, 0)


def _says_gone() -> tuple[object, ...]:
    return _says(_STOPPED, 0)


def _says(health: StreamHealth, zones: int) -> tuple[object, ...]:
    return health.state, health.cause, health.since_us, health.fmt, zones
