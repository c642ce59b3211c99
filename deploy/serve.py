"""``vms serve``: one machine, its processes, until a signal says stop."""

from __future__ import annotations

import asyncio
import signal

from deploy.mail import Mailer
from deploy.operator_mail import OperatorMail
from deploy.orders import OrderRunner
from deploy.processes import Supervisor, child_environment
from deploy.stamping import Stamping
from deploy.witness_client import parse_witness
from deploy.witnessing import Witnessing
from recorder.export.timestamping import Authorities
from vms import logs
from vms.clock import SystemClock
from vms.db.engine import ensure_schema, open_engine
from vms.errors import BadInput
from vms.keeper.clients.audiences import way_to_keeper
from vms.keeper.clients.host import KeeperForHost
from vms.keeper.protocol import HOST_SOCKET
from vms.settings import Settings

log = logs.get("deploy.serve")


def refuse_test_settings(settings: Settings) -> None:
    """The real thing never runs on a moved clock: due dates would be false (P-30)."""
    if settings.test_clock_offset_s:
        raise BadInput("VMS_TEST_CLOCK_OFFSET_S est réservé aux essais.", where="vms serve", todo="Retirez ce réglage.")


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Run the machine until ``stop`` is set."""
    known, authorities = [parse_witness(one) for one in settings.witnesses], Authorities.of(settings)
    settings.make_dirs()
    clock = SystemClock(settings.test_clock_offset_s)
    engine = open_engine(settings.database_url)
    if settings.part != "keeper":  # which knows nothing of the shared database
        await ensure_schema(engine)
    supervisor = Supervisor(settings, clock)
    supervisor.start()
    loops = []
    if settings.is_head:
        orders, mail = OrderRunner(engine, clock, child_environment(settings)), Mailer(settings, clock)
        told, keeper = OperatorMail(engine, settings, clock), KeeperForHost(way_to_keeper(settings, HOST_SOCKET))
        witnesses = Witnessing(engine, keeper, clock, known, settings.witness_every_s)
        stamps = Stamping(keeper, clock, authorities)
        every = (orders, mail, told, witnesses, stamps)
        loops = [asyncio.create_task(one.run(), name=type(one).__name__) for one in every]
    log.info("démarré", home=settings.home.name, recorders=len(supervisor.recorders))
    try:
        await stop.wait()
    finally:
        for loop_task in loops:
            loop_task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        await supervisor.stop()
        await engine.dispose()
        log.info("arrêté")


async def run_until_signal(settings: Settings) -> None:
    """What ``vms serve`` does: run the machine until SIGTERM or SIGINT."""
    await serve(settings, stop_on_signals())
