"""Whether each camera still reports the privacy masks that were validated (P-11, O-44), asked at regular intervals.

``GetMasks`` is READ_MEDIA, so the recorder's *User* may ask it (O-25). What is new is told to the keeper, which judges
and keeps it; a drift is also acted on here at once, so that a keeper that is away changes nothing. An answer says
something, silence says nothing: a camera that does not answer is never cut for it, and people are told after a while.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import asdict
from functools import partial
from typing import Any, Final, Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from recorder.camera.fleet import Fleet
from recorder.camera.plan_source import PlanSource
from recorder.camera.watches import Watch, watch_cameras
from recorder.rtsp.auth import Credentials
from recorder.rtsp.tls import camera_context
from vms import logs
from vms.clock import MICRO, Clock
from vms.db.engine import read, write
from vms.errors import GuetError
from vms.keeper.protocol import CameraPlan, LegalState
from vms.law.masks import WORDS, Cause, Mask, digest, drift
from vms.model import Camera, Incident, MaskCheck
from vms.onvif.device import Device
from vms.onvif.media2 import Media2
from vms.onvif.soap import MEDIA2, Credential
from vms.onvif.soap_client import SoapClient
from vms.services.stream_certificate import SERVICES_CERTIFICATE, pinned

# The longest time for which a mask that is taken off can go unseen.
CHECK_S: Final = 15.0
# With nothing to hold the answer against: only what a next drawing starts from.
SLOW_S: Final = 600.0
ASK_LIMIT_S: Final = 10.0
CALLS_LIMIT_COUNT: Final = 8
# A camera that comes back with its masks says so twice before it is shown again.
AGREEMENTS_COUNT: Final = 2
# How old what is written of the last agreement may be: a recorder that starts anew counts from there.
NOTED_US: Final = 60 * MICRO
SILENCE_US: Final = 600 * MICRO
DRIFT_KIND: Final = "mask-drift"
SILENT_KIND: Final = "masks-unanswered"
WATCHED: Final = frozenset(
    {LegalState.AUTHORISED, LegalState.FRAMED, LegalState.COMMISSIONED, LegalState.IN_SERVICE, LegalState.SUSPENDED}
)
DRAWING: Final = frozenset({LegalState.AUTHORISED, LegalState.FRAMED, LegalState.COMMISSIONED})

log = logs.get("recorder.mask_watch")


class MaskKeeper(Protocol):
    """What is asked of the keeper."""

    async def report_masks(self, told: dict[str, Any]) -> None:
        """Tell what a camera reports of its own masks."""
        ...


class MaskWatches:
    """The masks of the cameras that one recorder process runs; of those that nobody runs, too, while ``idle``."""

    def __init__(self, fleet: Fleet, plans: PlanSource, keeper: MaskKeeper, engine: AsyncEngine, clock: Clock) -> None:
        self._fleet, self._plans, self._keeper, self._engine, self._clock = fleet, plans, keeper, engine, clock
        self._idle = False
        self._places = asyncio.Semaphore(CALLS_LIMIT_COUNT)

    async def run(self) -> None:
        """Watch until cancelled."""
        await watch_cameras("masks", self._wanted, self._clock)

    async def watch_idle(self) -> None:
        """Until cancelled, watch the cameras that are not recorded too: those not in service yet, and those cut."""
        self._idle = True
        try:
            while True:
                await self._clock.sleep(SLOW_S)
        finally:
            self._idle = False

    def _wanted(self) -> dict[str, Watch]:
        mine = (name for name, plan in self._plans.by_camera().items() if self._mine(plan))
        return {name: Watch(partial(self._keep, name)) for name in mine}

    def _mine(self, plan: CameraPlan) -> bool:
        row = self._fleet.row_of(plan.camera)
        if plan.legal_state not in WATCHED or row is None or not row.onvif_url or row.commune_id != plan.commune:
            return False
        runs = self._fleet.run_of(plan.camera) is not None or plan.camera in self._fleet.unmasked
        return runs or (self._idle and not plan.record)

    async def _keep(self, camera: str) -> None:
        watch = CameraMasks(camera, self._fleet.unmasked, self._keeper, self._engine, self._clock)
        while True:
            plan, row = self._plans.by_camera().get(camera), self._fleet.row_of(camera)
            if plan is None or row is None:
                return
            try:
                async with self._places:
                    await watch.look(plan, row, self._fleet.account_of(row))
            except SQLAlchemyError as error:
                log.warning("masques non notés", camera=camera, why=type(error).__name__)
            often = bool(plan.masks.validated) or plan.masks.drift or plan.legal_state in DRAWING
            pause_s = CHECK_S if often else SLOW_S
            await self._clock.sleep(pause_s * (0.8 + 0.2 * random.random()))  # noqa: S311  spread, not secret


class CameraMasks:
    """One camera's masks: what it reported, since when it agrees, and what was told of it."""

    def __init__(self, camera: str, unmasked: set[str], keeper: MaskKeeper, engine: AsyncEngine, clock: Clock) -> None:
        """``unmasked``: the cameras that the fleet must not record, whatever the plan says."""
        self._camera, self._unmasked, self._keeper = camera, unmasked, keeper
        self._engine, self._clock = engine, clock
        self._device, self._service = "", ""  # where it was asked last
        self._agreed_us: int | None = None
        self._noted_us: int | None = None
        self._agreements = 0
        self._answered_us = clock.utc().us
        self._owed: dict[str, Any] | None = None  # a drift that the keeper has yet to hear of
        self._told: dict[str, str | None] = {}  # what stands as incident, by kind

    async def look(self, plan: CameraPlan, row: Camera, account: Credentials | None) -> None:
        """One check. SQLAlchemyError when the shared database is away; a drift has cut the camera by then."""
        asked_us = self._clock.utc().us
        try:
            known = self._service if self._device == row.onvif_url else ""
            masks, complete, self._service = await ask(row, account, self._clock, known)
            self._device = row.onvif_url
        except GuetError as error:
            self._service = ""  # it may have moved: the device is asked where it is
            log.info("masques non dits", camera=self._camera, why=str(error)[:200])
            silent = bool(plan.masks.validated) and asked_us - self._answered_us >= SILENCE_US
            await self._tell(row, SILENT_KIND, "" if silent else None)
            return
        self._answered_us = asked_us
        cause = drift(plan.masks.validated or (), masks)
        self._agreements = 0 if cause else self._agreements + 1
        if cause and plan.record:
            self._unmasked.add(self._camera)
        cut = plan.masks.drift or self._camera in self._unmasked
        if cut and cause is None and self._agreements < AGREEMENTS_COUNT:
            return
        if await self._report(plan, masks, complete, cause) and cause is None:
            self._unmasked.discard(self._camera)
        await self._tell(row, SILENT_KIND, None)
        await self._tell(row, DRIFT_KIND, cause)
        if cause is None and plan.masks.validated:
            await self._note(asked_us)

    async def _report(self, plan: CameraPlan, masks: tuple[Mask, ...], complete: bool, cause: Cause | None) -> bool:
        """Tell the keeper what it does not know, a drift that it missed first; whether it knows all now."""
        seen = digest(masks, complete=complete) if masks or not complete else ""
        # Of a camera that never had a mask there is nothing to tell.
        known = plan.masks.seen in (seen, digest(masks, complete=complete))
        known = known and plan.masks.drift == (cause is not None)
        if known and self._owed is None:
            return True
        told: dict[str, Any] = {
            "commune": plan.commune, "camera": self._camera, "complete": complete,
            "masks": [asdict(mask) for mask in masks],
        }  # fmt: skip
        if cause is not None:
            self._owed = told = told | {"agreed_us": await self._last_agreed()}
        try:
            if self._owed is not None:
                await self._keeper.report_masks(self._owed)
                self._owed = None
            if cause is None:
                await self._keeper.report_masks(told)
        except GuetError as error:
            log.warning("masques non transmis au gardien", camera=self._camera, why=str(error)[:200])
            return False
        return True

    async def _last_agreed(self) -> int | None:
        """When the camera last reported what was validated, here or at another recorder; None when that is unknown."""
        if self._agreed_us is None:
            try:
                async with read(self._engine) as session:
                    row = await session.get(MaskCheck, self._camera)
                self._agreed_us = row.agreed_us if row is not None else None
            except SQLAlchemyError as error:
                log.warning("dernier contrôle des masques illisible", camera=self._camera, why=type(error).__name__)
        return self._agreed_us

    async def _note(self, at_us: int) -> None:
        self._agreed_us = at_us
        if self._noted_us is not None and 0 <= at_us - self._noted_us < NOTED_US:
            return
        async with write(self._engine) as session:
            await session.merge(MaskCheck(camera_id=self._camera, agreed_us=at_us))
        self._noted_us = at_us

    async def _tell(self, row: Camera, kind: str, cause: str | None) -> None:
        """Make the camera's incident of this kind say what is so; None: there is none."""
        if kind in self._told and self._told[kind] == cause:
            return
        now_us = self._clock.utc().us
        async with write(self._engine) as session:
            chosen = select(Incident).where(
                Incident.camera_id == row.id, Incident.kind == kind, col(Incident.closed_us).is_(None)
            )
            standing = list((await session.execute(chosen)).scalars())
            said = None if cause is None else _incident(row, kind, cause, now_us)
            for one in standing:
                if said is None or one.what != said.what:
                    one.closed_us = now_us
                    session.add(one)
            if said is not None and all(one.closed_us is not None for one in standing):
                session.add(said)
        self._told[kind] = cause


async def ask(
    row: Camera, account: Credentials | None, clock: Clock, service: str = ""
) -> tuple[tuple[Mask, ...], bool, str]:
    """What the camera reports now, as ``Media2.masks``, and the address of the ``service`` that it is asked at.

    None, and no address, for a camera without that service. GuetError when it does not say.
    """
    credential = Credential(account.username, account.password) if account is not None else None
    certificate = pinned(row.main_profile, SERVICES_CERTIFICATE)
    tls = camera_context(certificate)
    async with SoapClient(clock, credential, tls=tls, call_timeout_s=ASK_LIMIT_S) as soap:
        service = service or (await Device(soap, row.onvif_url).services()).get(MEDIA2, "")
        if not service:
            return (), True, ""
        masks, complete = await Media2(soap, service).masks()
        return masks, complete, service


def _incident(row: Camera, kind: str, cause: str, now_us: int) -> Incident:
    if kind == DRIFT_KIND:
        what = f"Les masques de la caméra ne sont plus ceux qui ont été validés : {WORDS[cause]}. Elle est coupée."
        todo = "Rétablissez-les dans la caméra, ou retracez ses zones et faites-les valider."
        severity, rule = "grave", "P-11"
    else:
        what = "La caméra ne dit plus ses masques : nul ne sait s’ils sont encore ceux qui ont été validés."
        todo = "Vérifiez sur place qu’ils y sont, et que son service de réglage répond."
        severity, rule = "warn", "O-44"
    return Incident(
        commune_id=row.commune_id, camera_id=row.id, kind=kind, severity=severity, what=what, todo=todo, rule=rule,
        opened_us=now_us,
    )  # fmt: skip
