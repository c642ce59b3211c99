"""``vms bench backfill``: the network of a camera is cut and given back; what comes from its card, how fast, how whole.

The real recorder process, two virtual cameras that record on a card of their own; one of them is cut, the other one
goes on beside it and must lose nothing while the gap is filled. Every recorded picture is opened again and compared
with what the camera made. The speed counts from the instant the network is back to the last commit: reconnection, the
search on the card and the wait for the camera's clock are in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from deploy.bench.edge_desk import COMMUNE, EdgeDesk
from deploy.bench.record_sources import REPOSITORY, make_clip
from deploy.processes import child_environment
from recorder.fsck.fsck import Fsck
from recorder.retention.policies import Policies
from recorder.store.local import LocalStore
from vms.clock import MICRO, SystemClock
from vms.db.engine import ensure_schema, open_engine, read, write
from vms.errors import BadInput, Unavailable
from vms.model import Absence, Camera, CameraHealth, Commune, Mending, Segment
from vms.onvif.soap import Credential
from vms.settings import Settings
from vms.vault.handover import recorder_public, seal_for_recorder

CAMERAS: Final = ("bench-cut", "bench-beside")
SECONDS_LIMIT: Final = 3600.0
BEFORE_S: Final = 6.0
AFTER_S: Final = 6.0
START_LIMIT_S: Final = 60.0
FILL_LIMIT_S: Final = 120.0
STOP_LIMIT_S: Final = 15.0
POLL_S: Final = 0.05
ACCOUNT: Final = Credential("viewer", "bench-viewer")
# How far ahead a recorded picture is looked for in what the camera made: the clip's length.
AHEAD_LIMIT_UNITS: Final = 249


@dataclass(frozen=True, slots=True)
class Site:
    """A running bench: settings, index, desk, and where the cameras take orders."""

    settings: Settings
    engine: AsyncEngine
    desk: EdgeDesk
    control: str
    cut_s: float

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request to the cameras' control endpoint."""
        url, data = urlsplit(self.control), json.dumps(body or {}).encode()
        reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=1 << 26)
        head = f"{method} {path} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {len(data)}\r\n\r\n"
        writer.write(head.encode() + data)
        try:
            answer = await reader.read()
        finally:
            writer.close()
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    async def until(self, wanted: str, limit_s: float) -> None:
        """Wait until the cut camera's gap is ``filled``, or both cameras ``live``; Unavailable when it takes longer."""
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    if await (self._filled() if wanted == "filled" else self._live()):
                        return
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            told = (self.settings.home / "recorder.log").read_text(errors="replace")[-1500:]
            raise Unavailable(f"Attendu en vain : {wanted}.", where="vms bench backfill", todo=told) from None

    async def _live(self) -> bool:
        async with read(self.engine) as session:
            rows = (await session.execute(select(CameraHealth).where(CameraHealth.state == "live"))).scalars()
            kept = (await session.execute(select(Segment.camera_id).distinct())).scalars()
            return {row.camera_id for row in rows} == set(CAMERAS) == set(kept)

    async def _filled(self) -> bool:
        async with read(self.engine) as session:
            rows = list((await session.execute(select(Mending).where(Mending.camera_id == CAMERAS[0]))).scalars())
            asked_us = sum(row.end_us - row.start_us for row in rows)
            return asked_us >= self.cut_s * MICRO and all(row.settled for row in rows)


async def run(*, seconds: float = 120.0, clip: Path | None = None) -> dict[str, Any]:
    """The bench's JSON object for a cut of ``seconds``.

    BadInput for a number out of range, Unavailable when a process does not start or the gap is not filled in time.
    """
    if not 1 <= seconds <= SECONDS_LIMIT:
        raise BadInput(f"Une coupure de 1 à {SECONDS_LIMIT:g} s.", where="vms bench backfill")
    with tempfile.TemporaryDirectory(prefix="guet-bench-") as folder:
        async with _site(Path(folder), clip, seconds) as site:
            async with _recorder(site.settings):
                await site.until("live", START_LIMIT_S)
                await asyncio.sleep(BEFORE_S)
                await site.ask("POST", f"/cameras/{CAMERAS[0]}/misbehave", {"kind": "cut"})
                await asyncio.sleep(seconds)
                await site.ask("POST", f"/cameras/{CAMERAS[0]}/misbehave", {"kind": "cut", "on": False})
                back_us = SystemClock().monotonic_us()
                await site.until("filled", FILL_LIMIT_S)
                took_s, settled_us = (SystemClock().monotonic_us() - back_us) / MICRO, SystemClock().utc().us
                await asyncio.sleep(AFTER_S)
            figures = await _figures(site, took_s, settled_us)
    return {
        "bench": "backfill",
        "machine": {"cores": os.cpu_count() or 1, "system": platform.platform(), "python": platform.python_version()},
        "runs": 1,
        "sources": {"cut_s": seconds, "cameras": len(CAMERAS), "virtual": True},
        "figures": {name: round(value, 3) for name, value in figures.items()},
    }


async def _figures(site: Site, took_s: float, settled_us: int) -> dict[str, float]:
    store = LocalStore(site.settings.store_dir, (site.settings.recorder_dir / "store-identity").read_text().strip())
    async with read(site.engine) as session:
        rows = list((await session.execute(select(Segment).order_by(col(Segment.start_us)))).scalars())
        absences = list((await session.execute(select(Absence).where(col(Absence.end_us).is_not(None)))).scalars())
        asked = list((await session.execute(select(Mending))).scalars())
    edge = [row for row in rows if row.origin == "edge"]
    gap_s = sum(row.end_us - row.start_us for row in asked) / MICRO
    playing_s = (settled_us - max(row.end_us for row in asked)) / MICRO
    missing: dict[str, tuple[int, int]] = {}
    for camera in CAMERAS:
        made = [one["digest"] for one in await site.ask("GET", f"/cameras/{camera}/card/main")]
        kept = [one for row in rows if row.camera_id == camera for one in site.desk.digests(store, row)]
        missing[camera] = compare(made, kept)
    policies = await asyncio.to_thread(Policies, store, site.settings.home / "no-policies.json")
    report = await Fsck(site.engine, store, SystemClock().utc(), policies).check()
    return {
        "speed_ratio_to_real_time": gap_s / took_s if took_s else 0.0,
        # From the first picture after the cut on: reconnection is the camera loop's affair.
        "speed_ratio_once_playing": gap_s / playing_s if playing_s > 0 else 0.0,
        "frames_missing": float(missing[CAMERAS[0]][0]),
        "frames_twice": float(missing[CAMERAS[0]][1]),
        "frames_missing_beside": float(missing[CAMERAS[1]][0]),
        "gap_s": gap_s,
        "filled_after_s": took_s,
        "edge_segments": float(len(edge)),
        "edge_s": sum(row.end_us - row.start_us for row in edge) / MICRO,
        "gaps_left": float(len(absences)),
        # Nobody told the recorder of a policy: S5 is then held against the law's month.
        "fsck_findings": float(sum(not one.note for one in report.findings)),
    }


def compare(made: Sequence[str], kept: Sequence[str]) -> tuple[int, int]:
    """Pictures the camera made between the first and the last one kept that were not kept, and those kept wrongly.

    Wrongly: twice, out of order, or unlike anything that the camera made thereabouts.
    """
    if not kept or kept[0] not in made:
        return len(made), len(kept)
    place, missing, wrong = made.index(kept[0]), 0, 0
    # The clip repeats: the first picture kept is the one after which most of the next ones follow.
    starts = [at for at, one in enumerate(made) if one == kept[0]]
    place = max(starts, key=lambda at: sum(a == b for a, b in zip(made[at : at + 200], kept[:200], strict=False)))
    for one in kept:
        ahead = made[place : place + AHEAD_LIMIT_UNITS]
        if one in ahead:
            skipped = ahead.index(one)
            missing += skipped
            place += skipped + 1
        else:
            wrong += 1
    return missing, wrong


@asynccontextmanager
async def _site(home: Path, clip: Path | None, seconds: float) -> AsyncIterator[Site]:
    if not (REPOSITORY / "tests" / "fakes" / "camera").is_dir():
        raise BadInput("Les caméras virtuelles ne sont que dans le dépôt.", where="vms bench backfill")
    settings = Settings(home=home, recorders=1, store_reserve_mib=1)
    settings.make_dirs()
    if clip is None:
        clip = home / "clip.mp4"
        await make_clip(clip)
    users = [{"name": ACCOUNT.username, "password": ACCOUNT.password, "level": "User"}]
    cameras = [
        {"id": camera, "address": f"127.0.71.{number}", "main": str(clip), "users": users, "factory": False,
         "card": True, "start_phase_s": number * 0.37}
        for number, camera in enumerate(CAMERAS, 1)
    ]  # fmt: skip
    (home / "farm.json").write_text(
        json.dumps({"cameras": cameras, "rtsp_port": 0, "http_port": 0, "discovery_port": 0, "multicast": False})
    )
    desk, engine = EdgeDesk(CAMERAS), open_engine(settings.database_url)
    farm = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.fakes.camera", "--config", str(home / "farm.json")),
        cwd=REPOSITORY, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        await ensure_schema(engine)
        await desk.start(settings.run_dir / "k-rec.sock")
        async with asyncio.timeout(START_LIMIT_S):
            told = json.loads(await farm.stdout.readline() if farm.stdout is not None else b"{}")
        await _declare(settings, engine, told["cameras"])
        yield Site(settings, engine, desk, told["control"], seconds)
    except (TimeoutError, ValueError, KeyError) as error:
        raise Unavailable("Les caméras virtuelles n’ont pas démarré.", where="vms bench backfill") from error
    finally:
        await _end(farm)
        await desk.stop()
        await engine.dispose()


async def _declare(settings: Settings, engine: AsyncEngine, cameras: list[dict[str, Any]]) -> None:
    """The cameras' rows, with their account sealed to the recorder's identity, which is made here for it to find."""
    from recorder.identity import RecorderIdentity

    RecorderIdentity(settings.recorder_dir)
    public = recorder_public(settings.recorder_dir)
    async with write(engine) as session:
        session.add(Commune(id=COMMUNE, name="Bench"))
    async with write(engine) as session:
        for number, camera in enumerate(cameras, 1):
            session.add(
                Camera(
                    id=camera["id"], commune_id=COMMUNE, number=number, name=camera["id"], kind="onvif",
                    main_url=camera["streams"]["main"], onvif_url=camera["device_url"],
                    main_profile={"token": "profile-main"},
                    credential_sealed=seal_for_recorder(public, camera["id"], ACCOUNT), created_us=1, updated_us=1,
                )
            )  # fmt: skip


@asynccontextmanager
async def _recorder(settings: Settings) -> AsyncIterator[None]:
    with (settings.home / "recorder.log").open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.process", "recorder", "--index", "0"),
            env=child_environment(settings), stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
    except TimeoutError:
        process.kill()
        await process.wait()
