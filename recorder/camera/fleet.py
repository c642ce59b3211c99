"""The fleet: desired state in the keeper's plan and the shared database, one loop that makes it so.

Safe to stop anywhere: what runs is compared with what should, every second, camera by camera. A camera whose address,
account, zones or right to be recorded changed is stopped with the fitting cause and started anew; nothing of one
camera waits for another.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import func, select

from recorder.camera.assignment import Assignment
from recorder.camera.camera import CameraRun, CameraSpec, Surroundings
from recorder.camera.health import HealthBoard
from recorder.camera.plan_source import PlanSource
from recorder.identity import RecorderIdentity
from recorder.rtsp.auth import Credentials
from recorder.stream.live_hub import Hub
from vms import logs
from vms.clock import MICRO
from vms.db.engine import read
from vms.errors import Damaged
from vms.keeper.protocol import CameraPlan, Plan
from vms.model import Camera
from vms.services.stream_certificate import pinned

RECONCILE_S: Final = 1.0
# Cameras are read again when one was added, removed or changed, and anyway this often.
ROWS_S: Final = 5.0
STREAMS: Final = ("main", "sub")
ACTS: Final = ("live", "framing")

log = logs.get("recorder.fleet")

Hubs = dict[tuple[str, str], Hub]


class Fleet:
    """The cameras of one recorder process."""

    def __init__(
        self, engine: AsyncEngine, plans: PlanSource, identity: RecorderIdentity, board: HealthBoard,
        around: Surroundings, assignment: Assignment,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._plans = plans
        self._identity = identity
        self._board = board
        self._around = around
        self._assignment = assignment
        # Cameras whose own masks are gone (O-44): not recorded whatever the plan says, which will soon say so too.
        self.unmasked: set[str] = set()
        self._runs: dict[str, CameraRun] = {}
        self._due: set[str] = set()
        self._hubs: dict[str, Hubs] = {}
        self._changes: dict[str, asyncio.Task[None]] = {}
        self._rows: dict[str, Camera] = {}
        self._rows_mark: tuple[object, ...] = ()
        self._rows_due_us = 0

    async def run(self) -> None:
        """Reconcile until cancelled."""
        while True:
            await self.reconcile()
            await self._around.clock.sleep(RECONCILE_S)

    async def reconcile(self) -> None:
        """One round: read what is wanted, start the changes it takes, write how the streams do."""
        plan = await self._plans.refresh()
        await self._read_rows()
        if plan is not None:
            candidates = self._candidates(plan)
            self._due = {one.camera for one, record in candidates if record}
            fences = await self._assignment.settle([one.camera for one, _ in candidates], tuple(self._runs))
            wanted = {spec.camera: (spec, camera) for spec, camera in self._wanted(candidates, fences)}
            for camera in {*wanted, *self._runs}:
                self._change(camera, *wanted.get(camera, (None, None)))
        await self._write_health()

    async def stop(self) -> None:
        """Hand over every open group and end every camera; the absence ``recorder-stopped`` begins."""
        await asyncio.gather(*self._changes.values(), return_exceptions=True)
        await asyncio.gather(*(run.stop("recorder-stopped") for run in self._runs.values()))
        self._runs.clear()
        await self._write_health()

    def hub(self, camera: str, stream: str, act: str) -> Hub | None:
        """The hub that viewers of a stream join, None when this process does not run the camera."""
        return self._hubs.get(camera, {}).get((stream, act)) if camera in self._runs else None

    def run_of(self, camera: str) -> CameraRun | None:
        """The camera's run, if any."""
        return self._runs.get(camera)

    def row_of(self, camera: str) -> Camera | None:
        """The camera's row of the shared database, as last read."""
        return self._rows.get(camera)

    def account_of(self, row: Camera) -> Credentials | None:
        """The camera's streaming account; None when it needs none, or it cannot be read."""
        try:
            return self._identity.open(row.id, row.credential_sealed)
        except Damaged as error:
            log.error("compte de caméra illisible", camera=row.id, why=str(error))
            return None

    def runs(self) -> Iterable[CameraRun]:
        """Every camera that runs."""
        return tuple(self._runs.values())

    def public_key(self, commune: str) -> bytes:
        """The commune's public key, which hour keys are wrapped to; Damaged when the plan has none."""
        plan = self._plans.plan
        known = plan.communes.get(commune) if plan is not None else None
        if known is None:
            raise Damaged("Le plan du gardien ne dit rien de cette commune.", where=commune)
        return base64.b64decode(known.public_key)

    def _candidates(self, plan: Plan) -> list[tuple[CameraPlan, bool]]:
        """The cameras that some recorder must run, each with whether it is to be kept or only framed."""
        found, now_us = [], self._around.clock.utc().us
        for camera in plan.cameras:
            row = self._rows.get(camera.camera)
            record = camera.record and (camera.record_until_us is None or now_us < camera.record_until_us)
            record = record and camera.camera not in self.unmasked
            if row is not None and row.commune_id == camera.commune and (record or is_framing(camera, now_us)):
                found.append((camera, record))
        return found

    def _wanted(
        self, candidates: Iterable[tuple[CameraPlan, bool]], fences: Mapping[str, int]
    ) -> Iterable[tuple[CameraSpec, CameraPlan]]:
        for camera, record in candidates:
            fence = fences.get(camera.camera)
            if fence is not None:
                yield self._spec(self._rows[camera.camera], camera, record=record, fence=fence), camera

    def _spec(self, row: Camera, camera: CameraPlan, *, record: bool, fence: int) -> CameraSpec:
        urls = tuple((name, url) for name, url in (("main", row.main_url), ("sub", row.sub_url)) if url)
        account = self.account_of(row)
        certificates = tuple(
            (name, pinned(profile)) for name, profile in (("main", row.main_profile), ("sub", row.sub_profile))
        )
        zones = camera.zone_set if record else None
        return CameraSpec(row.id, camera.commune, urls, record, zones, account, fence, certificates)

    def _change(self, camera: str, spec: CameraSpec | None, plan: CameraPlan | None) -> None:
        """Start what it takes to bring one camera to ``spec``, unless a change of it is under way."""
        task = self._changes.get(camera)
        if task is not None and not task.done():
            return
        self._changes.pop(camera, None)
        run = self._runs.get(camera)
        if (run.spec if run else None) != spec or (run is not None and run.broken):
            cause = self._cause(camera, spec)
            self._changes[camera] = asyncio.create_task(self._replace(camera, spec, cause), name=f"change {camera}")
        elif run is not None and plan is not None:
            run.frame(is_framing(plan, self._around.clock.utc().us))

    async def _replace(self, camera: str, spec: CameraSpec | None, cause: str) -> None:
        run = self._runs.pop(camera, None)
        if run is not None:
            log.info("caméra arrêtée", camera=camera, cause=cause)
            await run.stop(cause)
        if spec is None:
            self._around.forget_keys(camera)
            return
        hubs = self._hubs.setdefault(camera, {(stream, act): Hub() for stream in STREAMS for act in ACTS})
        started = CameraRun(spec, hubs, self._around)
        self._runs[camera] = started
        started.start()
        log.info("caméra démarrée", camera=camera, record=spec.record, treatment=spec.treatment)

    def _cause(self, camera: str, spec: CameraSpec | None) -> str:
        """Why a camera that ran stops: by what the plan says of it now."""
        if (spec is not None and spec.record) or camera in self._due:
            return "recorder-stopped"  # to be recorded, by this process or another
        if camera in self.unmasked:
            return "mask-drift"
        plan = self._plans.plan
        said = next((item for item in plan.cameras if item.camera == camera), None) if plan is not None else None
        return (said.refusal_cause if said is not None else "") or "not-authorised"

    async def _read_rows(self) -> None:
        now_us = self._around.clock.monotonic_us()
        try:
            async with read(self._engine) as session:
                counted = await session.execute(select(func.count(), func.max(Camera.updated_us)).select_from(Camera))
                mark = tuple(counted.one())
                if mark == self._rows_mark and now_us < self._rows_due_us:
                    return
                rows = (await session.execute(select(Camera))).scalars().all()
        except SQLAlchemyError as error:
            log.warning("base partagée absente, les dernières adresses valent", why=type(error).__name__)
            return
        self._rows = {row.id: row for row in rows}
        self._rows_mark, self._rows_due_us = mark, now_us + round(ROWS_S * MICRO)

    async def _write_health(self) -> None:
        found = {}
        for run in self._runs.values():
            zones = len(run.spec.zones.polygons) if run.spec.zones is not None else 0
            for stream, health in run.health().items():
                found[run.spec.camera, stream] = (health, zones)
            self._board.note(run.spec.commune, run.spec.camera, run.notes())
        await self._board.write(found)


def is_framing(camera: CameraPlan, now_us: int) -> bool:
    """Whether the camera's framing session is open (P-57)."""
    return camera.framing_until_us is not None and now_us < camera.framing_until_us
