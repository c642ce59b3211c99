"""A small town for measuring: the real keeper and web processes, cameras in service, a commune whose key is open.

Every legal fact is an act of a signed-in person, as on any machine. Only the devices are missing: nothing that is
measured here talks to a camera, so the provisioner's report of an enrolled one is given by the bench itself.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.bench.record_sources import end
from deploy.demo.run import answers
from deploy.processes import child_environment
from vms.clock import MICRO, Clock, SystemClock, UtcTime, paris_date
from vms.db.engine import ensure_schema, open_engine, write
from vms.errors import Unavailable
from vms.keeper.clients.audiences import KeeperForProvisioner, KeeperForRecorder
from vms.keeper.clients.host import KeeperForHost
from vms.keeper.clients.signing import KeeperForPeople
from vms.model import Camera
from vms.services.found_commune import found_commune
from vms.settings import Settings

COMMUNE: Final = "valclair"
COMMUNE_NAME: Final = "Valclair-sur-Brume"
PURPOSE: Final = "5"
MAYOR, CHIEF, AGENT = "maire.bench", "cheffe.bench", "agent.bench"
START_LIMIT_S: Final = 60.0
POLL_S: Final = 0.05
RETENTION_DAYS: Final = 15


@dataclass(slots=True)
class BenchTown:
    """A running machine: its settings, its database, who is signed in (login → session token), its cameras' ids."""

    settings: Settings
    engine: AsyncEngine
    clock: Clock
    # Of this run only: it protects a folder that goes when the bench ends.
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    tokens: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    pids: dict[str, int] = field(default_factory=dict)  # of its processes, by name
    _web: KeeperForPeople | None = None

    @property
    def web(self) -> KeeperForPeople:
        """The keeper as people ask it through the web process; their keys are here."""
        if self._web is None:
            self._web = KeeperForPeople(self.settings.run_dir / "k-web.sock")
        return self._web

    @property
    def recorder(self) -> KeeperForRecorder:
        """The keeper as a recorder asks it."""
        return KeeperForRecorder(self.settings.run_dir / "k-rec.sock")

    async def act(self, by: str, name: str, /, **args: Any) -> dict[str, Any]:
        """An act of a signed-in person; ``from_`` stands for ``from``."""
        given = {key.removesuffix("_"): value for key, value in args.items()}
        return await self.web.act(self.tokens[by], name, given)


@asynccontextmanager
async def bench_town(home: Path, port: int, cameras: Sequence[str]) -> AsyncIterator[BenchTown]:
    """The town with these cameras in service, over plain HTTP on localhost; its processes end with it.

    Unavailable when the processes do not answer in time.
    """
    settings = Settings(home=home, port=port, public_url=f"http://localhost:{port}", demo=True)
    settings.make_dirs()
    engine = open_engine(settings.database_url)
    await ensure_schema(engine)
    town = BenchTown(settings, engine, SystemClock())
    started: list[asyncio.subprocess.Process] = []
    try:
        for name in ("keeper", "web"):
            command = (sys.executable, "-m", "deploy.process", name)
            process = await asyncio.create_subprocess_exec(*command, env=child_environment(settings))
            started.append(process)
            town.pids[name] = process.pid
        await _answering(settings)
        await _people(town)
        for number, camera in enumerate(cameras, 1):
            await _commission(town, camera, number)
        yield town
    finally:
        for process in reversed(started):
            await end(process)
        await engine.dispose()


async def _answering(settings: Settings) -> None:
    sockets = [settings.run_dir / f"k-{name}.sock" for name in ("adm", "web", "rec", "prov")]
    for _ in range(round(START_LIMIT_S / POLL_S)):
        if await answers(*sockets, settings.port):
            return
        await asyncio.sleep(POLL_S)
    raise Unavailable("Le gardien et le service des pages n’ont pas démarré à temps.", where="vms bench")


async def _people(town: BenchTown) -> None:
    """Two holders, and an agent who watches; the commune's key is opened by one of the holders."""
    passphrase = secrets.token_urlsafe(18)
    holders = [
        {"login": login, "label": label, "password": town.password, "passphrase": passphrase, "role": role}
        for login, label, role in ((MAYOR, "Le maire", "mayor"), (CHIEF, "Cheffe de service", "chief"))
    ]
    host = KeeperForHost(town.settings.run_dir / "k-adm.sock")
    await found_commune(town.engine, host, {"commune": COMMUNE, "name": COMMUNE_NAME, "holders": holders})
    for login in (MAYOR, CHIEF):
        await _enter(town, login, "")
    today = paris_date(town.clock.utc())
    invited = await town.act(MAYOR, "add_person", login=AGENT, label="Agent")
    person = invited["person"]
    await town.web.accounts.accept_invitation(AGENT, invited["invitation"], town.password, "poste de l’agent")
    await town.act(
        MAYOR,
        "grant",
        person=person,
        role="officer",
        decision_ref="mesure",
        signed_by="Le maire",
        from_=today.isoformat(),
        until=(today + timedelta(days=30)).isoformat(),
        training_date=today.isoformat(),
        scope={"cameras": "all", "acts": ["live", "replay", "snapshot", "export"]},
    )
    begun = (today - timedelta(days=60)).isoformat()
    end = (today + timedelta(days=900)).isoformat()
    order = {"reference": "mesure", "prefect": "Préfecture", "max_days": RETENTION_DAYS, "purposes": [1, 3, 5]}
    await town.act(MAYOR, "record_order", **order, from_=begun, until=end)
    await town.act(MAYOR, "record_cnil", reference="mesure", date=begun)
    await _enter(town, AGENT, PURPOSE)
    await town.web.unlock(town.tokens[MAYOR], COMMUNE, passphrase)


async def _enter(town: BenchTown, login: str, purpose: str) -> None:
    token = (await town.web.sign_in(login, town.password, "banc")).token
    town.tokens[login] = token
    await town.web.step_up(token, town.password)
    await town.web.act_for(token, COMMUNE, purpose, "mesure")


async def _commission(town: BenchTown, camera: str, number: int) -> None:
    """Everything from enrolment to service for one camera, and its row in the shared database."""
    now, today = town.clock.utc(), paris_date(town.clock.utc()).isoformat()
    order = (await town.act(MAYOR, "order_provisioning", kind="enrol", args={"found": camera}))["order"]
    profile = {"stream": "main", "codec": "h264", "width": 1920, "height": 1080, "fps": 25}
    facts = {"name": f"Caméra {number}", "place": "banc de mesure", "profiles": [profile], "model": "aucun"}
    await KeeperForProvisioner(town.settings.run_dir / "k-prov.sock").camera_enrolled(order, camera, facts)
    authority = (await town.web.read(town.tokens[MAYOR], "orders"))["orders"][0]["id"]
    await town.act(CHIEF, "authorise_camera", camera=camera, order=authority)
    await town.act(CHIEF, "declare_framing_class", camera=camera, narrow=False, fast_flows=False)
    zone = {"points": [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2]], "reason": "entrance"}
    drawn = await town.act(CHIEF, "draw_zones", camera=camera, polygons=[zone])
    await town.act(MAYOR, "validate_zones", camera=camera, zone_set=drawn["zone_set"]["id"])
    await town.act(CHIEF, "post_panel", camera=camera, date=today, place="banc de mesure")
    await town.act(CHIEF, "inform_prefect", camera=camera, date=today)
    await town.act(CHIEF, "commission_camera", camera=camera)
    await town.act(CHIEF, "put_in_service", camera=camera)
    async with write(town.engine) as session:
        session.add(
            Camera(
                id=camera,
                commune_id=COMMUNE,
                number=number,
                name=f"Caméra {number}",
                place="banc de mesure",
                kind="rtsp",
                main_profile=profile,
                sub_profile=profile | {"stream": "sub", "width": 640, "height": 360},
                created_us=now.us,
                updated_us=now.us,
            )
        )


def past(town: BenchTown, hours: float) -> UtcTime:
    """A whole key window's bound so many hours ago: where prepared footage begins or ends."""
    us = town.clock.utc().us - round(hours * 3600 * MICRO)
    return UtcTime(us - us % (300 * MICRO))
