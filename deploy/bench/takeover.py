"""``vms bench takeover``: two recorder processes on PostgreSQL and S3, one is killed; what its cameras lose.

The real recorder processes, on real servers, each with a home of its own as on two machines; virtual cameras with a
key frame every two seconds; the keeper's desk for recorders, reduced to a plan and a place for keys, in this process.
After the death the survivor takes the cameras; then the dead one's machine comes back, and what lay in its spool goes
to the bucket. Gaps, double instants and S1–S5 are read from the bucket's objects and the index, not from the processes.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import os
import platform
import secrets
import signal
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, func, select

from deploy.bench.record_sources import farm
from deploy.bench.servers import Server, client_environment, object_store, postgresql
from deploy.processes import child_environment
from recorder.drain_spool import SpoolDrain
from recorder.fsck.fsck import Fsck
from recorder.recording.scan import read_index
from recorder.retention.policies import Policies
from recorder.segment.format import SegmentName
from recorder.store.attached import attach
from recorder.store.s3 import SpooledStore
from vms import logs
from vms.clock import MICRO, SystemClock, UtcTime
from vms.db.engine import ensure_schema, open_engine, read, write
from vms.errors import BadInput, Unavailable
from vms.keeper.gate.statement import PLAN, sign_statement
from vms.keeper.protocol import CameraPlan, CommunePlan, LegalState, Plan, ZoneView
from vms.keys.signing import generate_signing_key
from vms.keys.wrapping import generate_commune_key
from vms.model import Camera, Commune, Lease, Segment, Worker
from vms.settings import Settings
from vms.wire import Answer, Args, WireServer

COMMUNE: Final = "bench"
MACHINES: Final = ("rec-a", "rec-b")
CAMERAS_LIMIT_COUNT: Final = 100
START_LIMIT_S: Final = 60.0
TAKEOVER_LIMIT_S: Final = 60.0
DRAIN_LIMIT_S: Final = 60.0
STOP_LIMIT_S: Final = 10.0
POLL_S: Final = 0.2
# The dead recorder's last groups lie this far before its death at most.
AROUND_US: Final = 5 * MICRO
# What the search for keys must find, or it proves nothing: this many bytes of a sealed group.
CONTROL_BYTES: Final = 48


log = logs.get("deploy.bench")


class KeyDesk:
    """The part of a keeper that recorders need: a plan that records everything, and a memory of wrapped keys."""

    def __init__(self, cameras: Sequence[str]) -> None:
        self.wrapped: list[bytes] = []
        private, public = generate_signing_key()
        _, commune_public = generate_commune_key()
        self._plan = Plan(
            version="1",
            issued_us=1,
            permit_key=base64.b64encode(public).decode(),
            communes={COMMUNE: CommunePlan(name="Bench", public_key=base64.b64encode(commune_public).decode())},
            cameras=tuple(_camera_plan(camera) for camera in cameras),
        )
        self._signed = sign_statement(PLAN, self._plan.model_dump_json().encode(), private)
        self._server = WireServer(
            {"plan": self._tell, "put_hour_key": self._keep, "put_heads": self._nothing, "retention": self._policies,
             "report_gap": self._nothing, "report_erased": self._nothing, "packages": self._no_packages}
        )  # fmt: skip

    async def start(self, path: Path) -> None:
        """Serve at ``path``."""
        await self._server.start(path)

    async def stop(self) -> None:
        """No more answers."""
        await self._server.stop()

    async def _tell(self, args: Args, body: bytes) -> Answer:
        return {"unchanged": True} if args.get("known") == self._plan.version else {"plan": self._signed}

    async def _keep(self, args: Args, body: bytes) -> Answer:
        self.wrapped.append(body)
        return {"stored": True}

    async def _policies(self, args: Args, body: bytes) -> Answer:
        return {"cameras": []}

    async def _no_packages(self, args: Args, body: bytes) -> Answer:
        return {"packages": []}

    async def _nothing(self, args: Args, body: bytes) -> Answer:
        return {"heads": []}


@dataclass
class Site:
    """The servers, the index and the two machines."""

    home: Path
    database: Server
    bucket: Server
    engine: AsyncEngine
    cameras: list[str]
    desk: KeyDesk
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def settings(self, machine: str) -> Settings:
        """One machine's settings: chosen by them alone, database and bucket are shared."""
        return Settings(
            home=self.home / machine, machine=machine, recorders=1,
            database_url=self.database.url, store_url=self.bucket.url, store_reserve_mib=1,
        )  # fmt: skip

    async def start(self, machine: str) -> None:
        """Start a machine's recorder process."""
        settings = self.settings(machine)
        settings.make_dirs()
        link = settings.run_dir / "k-rec.sock"
        if not link.is_symlink():
            link.symlink_to(self.home / "desk.sock")
        environment = child_environment(settings) | client_environment(self.bucket)
        with (self.home / f"{machine}.log").open("ab") as output:
            self.processes[machine] = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "deploy.process", "recorder", "--index", "0"),
                env=environment, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    async def end(self, machine: str, number: signal.Signals) -> None:
        """End a machine's process, or kill it."""
        process = self.processes.pop(machine, None)
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def holders(self) -> dict[str, str]:
        """Each camera's machine now, of those that somebody holds and has written under that lease."""
        async with read(self.engine) as session:
            seats = {row[0]: row[1] for row in await session.execute(select(Worker.id, Worker.seat))}
            leases = await session.execute(select(Lease.name, Lease.holder, Lease.fence))
            newest = dict(
                (await session.execute(select(Segment.camera_id, func.max(Segment.fence)).group_by(Segment.camera_id)))
                .tuples()
                .all()
            )
            return {
                name.partition(":")[2]: seats[holder].partition("/")[0]
                for name, holder, fence in leases
                if holder in seats and newest.get(name.partition(":")[2], -1) == fence
            }

    async def until_held(self, machines: Sequence[str], limit_s: float) -> dict[str, str]:
        """Wait until each camera is recorded by one of ``machines``; Unavailable when that takes too long."""
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    found = await self.holders()
                    if all(found.get(camera) in machines for camera in self.cameras):
                        return found
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            said = [(self.home / f"{machine}.log").read_text(errors="replace")[-1500:] for machine in MACHINES]
            raise Unavailable("Les caméras n’ont pas toutes été reprises.", todo="\n".join(said)) from None


async def run(
    *, cameras: int = 16, seconds: float = 12.0, clip: Path | None = None, upgrade: bool = False
) -> dict[str, Any]:
    """The bench's JSON object; ``seconds`` of recording before the death and after the takeover.

    With ``upgrade`` the recorder is told to end, as when its version changes, instead of being killed.
    BadInput for numbers out of range, Unavailable when a server or a camera does not start.
    """
    if not 2 <= cameras <= CAMERAS_LIMIT_COUNT or not 1 <= seconds <= 3600:
        raise BadInput(f"De 2 à {CAMERAS_LIMIT_COUNT} caméras, de 1 s à une heure.", where="vms bench takeover")
    with tempfile.TemporaryDirectory(prefix="guet-bench-") as folder:
        async with _site(Path(folder), cameras, clip) as site:
            for machine in MACHINES:
                await site.start(machine)
            before = await site.until_held(MACHINES, START_LIMIT_S)
            await asyncio.sleep(seconds)
            dead = before[site.cameras[0]]
            begun = SystemClock().utc()
            await site.end(dead, signal.SIGTERM if upgrade else signal.SIGKILL)
            (alive,) = (one for one in MACHINES if one != dead)
            await site.until_held([alive], TAKEOVER_LIMIT_S)
            await asyncio.sleep(seconds)
            # The machine comes back: what only its spool has goes to the bucket. Nothing is left to take.
            await site.start(dead)
            await _until_drained(site, dead)
            for machine in (dead, alive):
                await site.end(machine, signal.SIGTERM)
                await _drain(site, machine)
            taken = [camera for camera, machine in before.items() if machine == dead]
            figures = await _figures(site, taken, begun)
    return {
        "bench": "takeover",
        "machine": {"cores": os.cpu_count() or 1, "system": platform.platform(), "python": platform.python_version()},
        "runs": 1,
        "sources": {
            "cameras": cameras,
            "taken_over": len(taken),
            "database": "PostgreSQL",
            "bucket": "S3",
            "upgrade": upgrade,
        },
        "figures": figures,
    }


@asynccontextmanager
async def _site(home: Path, cameras: int, clip: Path | None) -> AsyncIterator[Site]:
    async with contextlib.AsyncExitStack() as stack:
        database = await stack.enter_async_context(postgresql(home))
        bucket = await stack.enter_async_context(object_store(home))
        os.environ.update(client_environment(bucket))
        urls = await stack.enter_async_context(farm(home, cameras, clip))
        engine = open_engine(database.url)
        stack.push_async_callback(engine.dispose)
        await ensure_schema(engine)
        names = [f"{COMMUNE}-c{number:02d}" for number in range(1, cameras + 1)]
        async with write(engine) as session:
            session.add(Commune(id=COMMUNE, name="Bench"))
            await session.flush()
            for number, (name, url) in enumerate(zip(names, urls, strict=True), 1):
                session.add(
                    Camera(
                        id=name, commune_id=COMMUNE, number=number, name=name, main_url=url, created_us=1, updated_us=1
                    )
                )
        desk = KeyDesk(names)
        await desk.start(home / "desk.sock")
        stack.push_async_callback(desk.stop)
        site = Site(home, database, bucket, engine, names, desk)
        try:
            yield site
        finally:
            for machine in MACHINES:
                await site.end(machine, signal.SIGKILL)


async def _until_drained(site: Site, machine: str) -> None:
    """Wait until the machine's spool holds nothing that is whole; Unavailable when it does not empty."""
    store = await asyncio.to_thread(_spool, site.settings(machine))
    try:
        async with asyncio.timeout(DRAIN_LIMIT_S):
            while True:
                if not await asyncio.to_thread(store.waiting):
                    return
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        log = (site.home / f"{machine}.log").read_text(errors="replace")[-1500:]
        raise Unavailable("Le tampon ne s’est pas vidé.", where=machine, todo=log) from None


async def _drain(site: Site, machine: str) -> None:
    """What a machine's stopped process left in its spool: the segments it sealed as it stopped."""
    settings = site.settings(machine)
    store = await asyncio.to_thread(_spool, settings)
    await SpoolDrain(site.engine, store, SystemClock(), settings.recorder_dir / "bucket-identity").round()


def _spool(settings: Settings) -> SpooledStore:
    store = attach(settings, 0)
    if not isinstance(store, SpooledStore):
        raise BadInput("Ce réglage ne nomme pas de magasin d’objets.", where=settings.machine)
    return store


async def _figures(site: Site, taken: Sequence[str], begun: UtcTime) -> dict[str, float]:
    store = await asyncio.to_thread(_spool, site.settings(MACHINES[0]))
    async with read(site.engine) as session:
        chosen = select(Segment).order_by(col(Segment.camera_id), col(Segment.start_us))
        rows = list((await session.execute(chosen)).scalars())
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        _, placed = await asyncio.to_thread(read_index, store, store.path_of(SegmentName.parse(row.name), COMMUNE))
        spans[row.camera_id] += [(one.header.utc_us, one.header.end_us) for one in placed]
    gaps = [_gap_s(spans[camera], begun.us) for camera in taken]
    policies = await asyncio.to_thread(Policies, store, site.home / "no-policies.json")
    for finding in (report := await Fsck(site.engine, store, SystemClock().utc(), policies).check()).findings:
        log.warning(str(finding), note=finding.note)
    control = await asyncio.to_thread(_control, store, rows[0])
    needles = site.desk.wrapped
    return {
        "gap_median_s": statistics.median(gaps),
        "gap_worst_s": max(gaps),
        "instants_written_twice": sum(_doubles(one) for one in spans.values()),
        "cameras_taken_over": len(taken),
        "groups_kept": sum(len(one) for one in spans.values()),
        "segments_not_in_bucket": sum(row.state != "sealed" for row in rows),
        # Nobody told the recorders of a policy: S5 is then held against the law's month.
        "fsck_findings": sum(not one.note for one in report.findings),
        "wrapped_keys": len(needles),
        "wrapped_keys_found_in_database": site.database.bytes_found(needles),
        "wrapped_keys_found_in_bucket": site.bucket.bytes_found(needles),
        "search_control_found": min(site.bucket.bytes_found([control]), site.database.bytes_found([rows[0].last_link])),
    }


def _gap_s(spans: list[tuple[int, int]], begun_us: int) -> float:
    """The longest time without pictures from the death on, to the first picture of the next recorder's first group."""
    ordered = sorted(spans)
    if ordered[-1][0] < begun_us:
        return float("inf")
    around = [span for span in ordered if span[1] >= begun_us - AROUND_US]
    return max((after[0] - before[1] for before, after in itertools.pairwise(around)), default=0) / MICRO


def _doubles(spans: list[tuple[int, int]]) -> int:
    """How many groups begin before an earlier one of their camera has ended."""
    ordered = sorted(spans)
    ends = itertools.accumulate((end for _, end in ordered), max)
    return sum(start < end for end, (start, _) in zip(ends, ordered[1:], strict=False))


def _control(store: SpooledStore, row: Segment) -> bytes:
    """Some sealed bytes that surely lie in the bucket."""
    data: bytes = store.read(
        store.path_of(SegmentName.parse(row.name), COMMUNE), row.size_bytes - CONTROL_BYTES, CONTROL_BYTES
    )
    return data


def _camera_plan(camera: str) -> CameraPlan:
    zones = ZoneView(
        id=secrets.token_hex(8), version=1, camera=camera, no_dwelling=True,
        author="a", validator="b", created_us=1, validated_us=2,
    )  # fmt: skip
    return CameraPlan(
        camera=camera,
        commune=COMMUNE,
        legal_state=LegalState.IN_SERVICE,
        record=True,
        zone_set=zones,
        retention_days=30,
    )
