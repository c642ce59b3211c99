"""The web process: builds its services and serves the app, over HTTPS unless it is the demonstration on localhost."""

from __future__ import annotations

import asyncio
import contextlib
import math
import resource
import signal
import socket
import sys
from typing import Any, Final

import uvicorn
from uvicorn.config import STARTUP_FAILURE

from deploy.demo.town import ACCOUNTS, COMMUNES, PASSWORD
from deploy.tls import own_certificate
from recorder.recording.playback import Playback
from recorder.store.attached import reading
from vms import logs
from vms.clock import SystemClock
from vms.db.engine import ensure_schema, open_engine
from vms.keeper.clients.audiences import KeeperForWeb, way_to_keeper
from vms.keeper.protocol import WEB_SOCKET
from vms.settings import Settings
from web.app import create_app
from web.deps import DemoAccount, Services
from web.edge import Edge
from web.permits import PermitBook

GRACE_S: Final = 1
HANDSHAKE_LIMIT_S: Final = 10
# Files and sockets that a flood may take; the system's own bound is often lower than what it lets a process ask for.
OPEN_LIMIT: Final = 8192
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

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen as uvicorn does, with a bound on handshakes that do not get on."""
        await self.lifespan.startup()
        config, loop = self.config, asyncio.get_running_loop()
        handshake_s, shutdown_s = (HANDSHAKE_LIMIT_S, GRACE_S) if config.ssl else (None, None)
        try:
            server = await loop.create_server(
                self._protocol, config.host, config.port, ssl=config.ssl, backlog=config.backlog,
                ssl_handshake_timeout=handshake_s, ssl_shutdown_timeout=shutdown_s,
            )  # fmt: skip
        except OSError as error:
            log.error("port pris", host=config.host, port=config.port, error=str(error))
            await self.lifespan.shutdown()
            sys.exit(STARTUP_FAILURE)
        self.servers = [server]
        self.started = True

    def _protocol(self) -> asyncio.Protocol:
        made = self.config.http_protocol_class
        return made(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)  # type: ignore[call-arg]

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


def _raise_open_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_LIMIT if hard == resource.RLIM_INFINITY else min(OPEN_LIMIT, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


async def run(settings: Settings) -> None:
    """Serve until SIGTERM."""
    clock = SystemClock(settings.test_clock_offset_s)
    _raise_open_limit()
    engine = open_engine(settings.database_url)
    await ensure_schema(engine)
    keeper = KeeperForWeb(way_to_keeper(settings, WEB_SOCKET))
    permits = PermitBook(keeper, clock)
    playback = Playback(engine, reading(settings), clock)
    services = Services(settings, clock, engine, keeper, playback, permits, _demo_accounts(settings))
    edge = Edge(proxies=services.proxies)
    config = uvicorn.Config(
        create_app(services),
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http=edge.protocol,  # type: ignore[arg-type]
        ws="websockets-sansio",
        ws_max_size=WS_MAX_BYTES,
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=math.ceil(edge.limits.idle_s),
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
