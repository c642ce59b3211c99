"""``vms demo``: cameras, processes, the two towns, and one line of JSON when everything runs."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.demo.farm import HTTP_PORT, FarmProcess, Network, clip_for, farm_config, start_farm
from deploy.demo.footage import Clip, find_clips
from deploy.demo.ready import wait_until_pictures
from deploy.demo.setup import Town, add_source, people, set_up, start_communes
from deploy.demo.town import ACCOUNTS, CAMERAS, COMMUNES, PASSPHRASE, PASSWORD, DemoCamera
from deploy.ports import free_port
from deploy.serve import serve, stop_on_signals
from vms import logs
from vms.clock import SystemClock
from vms.errors import BadInput, Unavailable
from vms.settings import Settings

UP_LIMIT_S: Final = 60.0
POLL_S: Final = 0.1

log = logs.get("deploy.demo")


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the command line gives."""

    home: Path
    port: int
    footage: Path | None = None
    cameras: tuple[str, ...] = ()
    lan: bool = False


def demo_settings(options: DemoOptions) -> Settings:
    """Settings of a demonstration: plain HTTP on localhost, or HTTPS for the local network."""
    port = options.port or free_port()
    host = "0.0.0.0" if options.lan else "127.0.0.1"  # noqa: S104  asked for with --lan
    url = f"https://{socket.gethostname()}:{port}" if options.lan else f"http://localhost:{port}"
    return Settings(
        home=options.home, host=host, port=port, public_url=url, demo=not options.lan, onvif_ports=[HTTP_PORT]
    )


@asynccontextmanager
async def machine(settings: Settings, stop: asyncio.Event) -> AsyncIterator[None]:
    """The processes of ``vms serve``, up and answering; stopped in order at the end."""
    running = asyncio.create_task(serve(settings, stop), name="serve")
    try:
        await wait_until_up(settings, running)
        yield
    finally:
        stop.set()
        await running


async def wait_until_up(settings: Settings, running: asyncio.Task[None]) -> None:
    """Wait until the pages and the keeper answer; Unavailable when they do not in time."""
    local = settings.model_copy(update={"host": "127.0.0.1"})
    sockets = [settings.run_dir / "k-adm.sock", settings.run_dir / "k-web.sock"] if settings.has_keeper else []
    for _ in range(int(UP_LIMIT_S / POLL_S)):
        if running.done():
            running.result()
        if await answers(*sockets, local.port):
            return
        await asyncio.sleep(POLL_S)
    raise Unavailable("Les processus n’ont pas démarré à temps.", where="vms demo", todo="Voyez leurs messages.")


async def answers(*places: Path | int) -> bool:
    """Whether somebody accepts at each place: a socket's file (one may be left by a process that ended) or a
    loopback port.
    """
    for place in places:
        try:
            if isinstance(place, Path):
                _, writer = await asyncio.open_unix_connection(place)
            else:
                _, writer = await asyncio.open_connection("127.0.0.1", place)
        except OSError:
            return False
        writer.close()
    return True


@asynccontextmanager
async def cameras(
    network: Network, home: Path, wanted: Sequence[DemoCamera], clips: list[Clip]
) -> AsyncIterator[FarmProcess]:
    """The virtual cameras on this home's network, starting; ended at the end."""
    farm = await start_farm(farm_config(network, wanted, clips, home), home / "cameras.json")
    try:
        yield farm
    finally:
        await farm.end()


def ready_event(settings: Settings, cameras_ready: list[str], clips: list[Clip]) -> dict[str, Any]:
    """The line that scripts wait for (design §10)."""
    accounts = [
        {
            "role": one.role,
            "login": one.login,
            "password": PASSWORD,
            "passphrase": PASSPHRASE if one.holder else "",
            "communes": list(one.communes),
            "label": one.label,
            "does": one.does,
        }
        for one in ACCOUNTS
    ]
    return {
        "event": "ready",
        "url": settings.public_url,
        "accounts": accounts,
        "cameras": cameras_ready,
        "footage": sorted({clip.credit for clip in clips}),
    }


async def run_demo(options: DemoOptions) -> None:
    """Run the demonstration until SIGTERM or SIGINT."""
    stop = stop_on_signals()
    options.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = demo_settings(options)
    refuse_taken_port(settings)
    settings.make_dirs()
    clips = find_clips(options.footage, cache_dir())
    network = Network.kept_in(options.home)
    # The cameras and the machine start beside each other: neither needs the other before the towns are set up.
    async with cameras(network, options.home, CAMERAS, clips) as farm, machine(settings, stop):
        await farm.answers()
        seen = await set_up_towns(settings, network, clips, options)
        print(json.dumps(ready_event(settings, seen, clips), ensure_ascii=False), flush=True)
        _tell(settings)
        await stop.wait()


def refuse_taken_port(settings: Settings) -> None:
    """BadInput when another program listens where the pages are to be: told now, not when nothing answers."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: one that has ended is no bar
        try:
            probe.bind((settings.host, settings.port))
        except OSError as exc:
            raise BadInput(
                "Le port de la démonstration ne peut pas être ouvert : un autre programme l’écoute, ou il est réservé.",
                where=f"{settings.host}:{settings.port}",
                todo="Donnez-en un autre : make demo PORT=8421, ou vms demo --port 8421.",
            ) from exc


async def set_up_towns(settings: Settings, network: Network, clips: list[Clip], options: DemoOptions) -> list[str]:
    """Both towns, until each camera in service records and shows; the cameras."""
    clock = SystemClock(settings.test_clock_offset_s)
    begun_us = clock.utc().us
    await start_communes(settings)
    chosen = {f"{one.commune}-c{one.number:02d}": clip_for(one, clips) for one in CAMERAS}
    url = f"http{'s' if options.lan else ''}://localhost:{settings.port}"
    towns = [Town(commune, CAMERAS, url, clock, verify=not options.lan) for commune in COMMUNES]
    persons: dict[str, str] = {}
    try:
        for town in towns:  # one after the other: someone who serves both has one account
            await people(town, persons)
        seen = await asyncio.gather(*(set_up(town, network, chosen) for town in towns))
        for index, source in enumerate(options.cameras):
            await add_source(towns[0], source, 50 + index)
        for town, there in zip(towns, seen, strict=True):
            await wait_until_pictures(await town.as_("mayor"), there, clock, begun_us)
    finally:
        for town in towns:
            await town.close()
    return [camera for there in seen for camera in there]


def cache_dir() -> Path:
    """Where clips made once are kept between demonstrations."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "guet"


def _tell(settings: Settings) -> None:
    lines = [f"\n  Guet : {settings.public_url}\n"]
    lines += [f"  {one.label:<44} {one.login:<30} {one.does}" for one in ACCOUNTS]
    lines += [
        f"\n  Mot de passe : {PASSWORD}",
        f"  Phrase secrète des détenteurs de clé : {PASSPHRASE}",
        "  Ctrl+C arrête tout.",
    ]
    print("\n".join(lines), file=sys.stderr, flush=True)
