"""``vms serve``: one machine, its processes, until a signal says stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal

from deploy.orders import OrderRunner
from deploy.processes import Supervisor, child_environment
from vms import logs
from vms.clock import SystemClock
from vms.db.engine import ensure_schema, open_engine
from vms.errors import BadInput
from vms.settings import Settings

log = logs.get("deploy.serve")


def refuse_test_settings(settings: Settings) -> None:
    """The real thing never runs on a moved clock: due dates would be false (P-30)."""
    if settings.test_clock_offset_s:
        raise BadInput("VMS_TEST_CLOCK_OFFSET_S est réservé aux essais.", where="vms serve", todo="Retirez ce réglage.")


async def serve(settings: Settings, stop: asyncio.Event | None = None) -> None:
    """Run the machine until SIGTERM, SIGINT or ``stop``."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings.make_dirs()
    clock = SystemClock(settings.test_clock_offset_s)
    engine = open_engine(settings.database_url)
    await ensure_schema(engine)
    supervisor = Supervisor(settings, clock)
    supervisor.start()
    orders = asyncio.create_task(OrderRunner(engine, clock, child_environment(settings)).run(), name="orders")
    log.info("démarré", home=settings.home.name, recorders=len(supervisor.recorders))
    try:
        await stop.wait()
    finally:
        orders.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await orders
        await supervisor.stop()
        await engine.dispose()
        log.info("arrêté")
