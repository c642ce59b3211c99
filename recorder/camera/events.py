"""What cameras say of themselves while they are recorded: a lost video signal, a card that stopped recording.

One pull point a camera, asked as the recorder's *User* (O-25). A state becomes an incident that people see, and the
incident ends with the state. A camera that has no events, or stops answering, is asked again later: its stream says
anyway whether there are pictures.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Sequence
from functools import partial
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.camera.fleet import Fleet
from recorder.camera.watches import Watch, watch_cameras
from recorder.rtsp.auth import Credentials
from recorder.rtsp.tls import camera_context
from vms import logs
from vms.clock import Clock
from vms.db.engine import write
from vms.errors import GuetError
from vms.model import Camera, Incident
from vms.onvif.device import Device
from vms.onvif.events import JOB_STATE, PULL_LIMIT_S, SIGNAL_LOSS, Event, PullPoint
from vms.onvif.soap import EVENTS, Credential
from vms.onvif.soap_client import SoapClient
from vms.onvif.tls import certificate_changed
from vms.services.stream_certificate import SERVICES_CERTIFICATE, pinned

# A camera that answers at once has nothing to say: it is not asked in a circle.
PULL_PAUSE_S: Final = 10.0
RETRY_S: Final = 60.0
NO_SERVICE_RETRY_S: Final = 3600.0
SIGNAL_KIND: Final = "signal-loss"
CARD_KIND: Final = "card-stopped"
CERTIFICATE_KIND: Final = "services-certificate"
WORDS: Final = {
    SIGNAL_KIND: ("La caméra annonce la perte de son signal vidéo.", "Contrôlez le capteur ou le câble sur place."),
    CARD_KIND: (
        "La carte de la caméra n’enregistre plus : une coupure ne pourrait pas être comblée.",
        "Contrôlez la carte et la tâche d’enregistrement dans la caméra.",
    ),
    CERTIFICATE_KIND: (
        "L’adresse de réglage de la caméra montre un autre certificat qu’à son enrôlement : rien ne lui est dit.",
        "Vérifiez sur place que c’est bien elle, puis enrôlez-la de nouveau en confirmant son certificat.",
    ),
}

log = logs.get("recorder.camera_events")


class CameraEvents:
    """The pull points of one recorder process."""

    def __init__(self, fleet: Fleet, engine: AsyncEngine, clock: Clock) -> None:
        self._fleet, self._engine, self._clock = fleet, engine, clock

    async def run(self) -> None:
        """Watch the cameras that run, until cancelled."""
        await watch_cameras("events", self._wanted, self._clock)

    def _wanted(self) -> dict[str, Watch]:
        wanted: dict[str, Watch] = {}
        for run in self._fleet.runs():
            row = self._fleet.row_of(run.spec.camera)
            if run.spec.record and row is not None and row.onvif_url:
                work = partial(keep_watching, row, run.spec.credentials, self._engine, self._clock)
                # Begun anew when a person has confirmed another certificate.
                wanted[row.id] = Watch(work, holds_to=pinned(row.main_profile, SERVICES_CERTIFICATE))
        return wanted


async def keep_watching(row: Camera, credentials: Credentials | None, engine: AsyncEngine, clock: Clock) -> None:
    """Watch one camera until cancelled, whatever becomes of its subscription."""
    while True:
        pause_s = RETRY_S
        try:
            if not await watch(row, credentials, engine, clock):
                pause_s = NO_SERVICE_RETRY_S
        except (GuetError, SQLAlchemyError) as error:
            log.info("événements interrompus", camera=row.id, why=str(error)[:200])
            if certificate_changed(error):
                with contextlib.suppress(SQLAlchemyError):  # said at the next try
                    await settle(engine, row, {(CERTIFICATE_KIND, ""): True}, clock.utc().us)
        await clock.sleep(pause_s * (0.5 + random.random()))  # noqa: S311  spread, not secret


async def watch(
    row: Camera, credentials: Credentials | None, engine: AsyncEngine, clock: Clock, pause_s: float = PULL_PAUSE_S
) -> bool:
    """Subscribe and pull until cancelled; False for a camera without events. GuetError when it stops answering."""
    account = Credential(credentials.username, credentials.password) if credentials is not None else None
    certificate = pinned(row.main_profile, SERVICES_CERTIFICATE)
    async with SoapClient(clock, account, tls=camera_context(certificate), call_timeout_s=PULL_LIMIT_S) as soap:
        services = await Device(soap, row.onvif_url).services()
        if certificate:
            await settle(engine, row, {(CERTIFICATE_KIND, ""): False}, clock.utc().us)
        if EVENTS not in services:
            return False
        point = PullPoint(soap, services[EVENTS])
        await point.subscribe(SIGNAL_LOSS, JOB_STATE)
        states: dict[tuple[str, str], bool] = {}
        while True:
            begun_us = clock.monotonic_us()
            events = await point.pull()
            if events:
                note(states, events)
                await settle(engine, row, states, clock.utc().us)
            await clock.sleep(max(0.0, pause_s - (clock.monotonic_us() - begun_us) / 1e6))


def note(states: dict[tuple[str, str], bool], events: Sequence[Event]) -> None:
    """Take the events into the camera's states: by (kind of incident, source), whether something is wrong."""
    for event in events:
        source = next(iter(event.source.values()), "")
        if event.topic == SIGNAL_LOSS:
            key, wrong = (SIGNAL_KIND, source), event.data.get("State", "").lower() in ("true", "1")
        elif event.topic == JOB_STATE:
            key, wrong = (CARD_KIND, source), event.data.get("State", "") in ("Idle", "Error")
        else:
            continue
        states[key] = wrong and event.operation != "Deleted"


async def settle(engine: AsyncEngine, row: Camera, states: dict[tuple[str, str], bool], now_us: int) -> None:
    """Open and close the camera's incidents so that they say what its states are (A-11, A-01)."""
    async with write(engine) as session:
        for kind in WORDS:
            known = [wrong for (one, _), wrong in states.items() if one == kind]
            if not known:
                continue
            chosen = select(Incident).where(
                Incident.camera_id == row.id, Incident.kind == kind, col(Incident.closed_us).is_(None)
            )
            standing = list((await session.execute(chosen)).scalars())
            if any(known) and not standing:
                what, todo = WORDS[kind]
                grave = kind == CERTIFICATE_KIND
                session.add(
                    Incident(
                        commune_id=row.commune_id, camera_id=row.id, kind=kind,
                        severity="grave" if grave else "warn", what=what, todo=todo,
                        rule="A-01" if grave else "A-11", opened_us=now_us,
                    )
                )  # fmt: skip
            elif not any(known):
                for incident in standing:
                    incident.closed_us = now_us
                    session.add(incident)
