"""The web process: builds its services and serves the app, over HTTPS unless it is the demonstration on localhost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from typing import Any, Final

import uvicorn

from deploy.demo.town import ACCOUNTS, COMMUNES, PASSWORD
from deploy.tls import own_certificate
from recorder.playback import Playback
from recorder.store.attached import reading
from vms import logs
from vms.clock import SystemClock
from vms.db.engine import ensure_schema, open_engine
from vms.keeper.client import KeeperForWeb, way_to_keeper
from vms.keeper.protocol import WEB_SOCKET
from vms.settings import Settings
from web.app import create_app
from web.deps import DemoAccount, Services
from web.permits import PermitBook

GRACE_S: Final = 1
WS_MAX_BYTES: Final = 1024 * 1024

log = logs.get("deploy.web")


def _tls(settings: Settings, clock: SystemClock) -> dict[str, Any]:
    if settings.demo and not settings.tls_certificate:
        return {}
    if settings.tls_certificate and settings.tls_key:
        certificate, key = settings.tls_certificate, settings.tls_key
    else:
        hosts = [settings.host, socket.gethostname(), "localhost", "127.0.0.1"]
        certificate, key = own_certificate(settings.home / "tls", list(dict.fromkeys(hosts)), clock)
    return {"ssl_certfile": str(certificate), "ssl_keyfile": str(key)}


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: ours decide (dependencies: it dies inside a TaskGroup otherwise)."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


def _demo_accounts(settings: Settings) -> tuple[DemoAccount, ...]:
    """The accounts that a demonstration's sign-in page offers; none on a real service."""
    if not settings.demo:
        return ()
    names = {one.id: one.name for one in COMMUNES}
    return tuple(
        DemoAccount(
            login=one.login,
            password=PASSWORD,
            label=one.label,
            communes=tuple(names[commune] for commune in one.communes),
            does=one.does,
        )
        for one in ACCOUNTS
    )


async def run(settings: Settings) -> None:
    """Serve until SIGTERM."""
    clock = SystemClock(settings.test_clock_offset_s)
    engine = open_engine(settings.database_url)
    await ensure_schema(engine)
    keeper = KeeperForWeb(way_to_keeper(settings, WEB_SOCKET))
    permits = PermitBook(keeper, clock)
    playback = Playback(engine, reading(settings), clock)
    services = Services(settings, clock, engine, keeper, playback, permits, _demo_accounts(settings))
    config = uvicorn.Config(
        create_app(services),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=WS_MAX_BYTES,
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        **_tls(settings, clock),
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    renewal = asyncio.create_task(permits.run(), name="permits")
    try:
        await server.serve()
    finally:
        # Before the engine: a run that ends now still lets go of its view and of what it has written.
        await services.extractions.stop()
        renewal.cancel()
        await engine.dispose()
