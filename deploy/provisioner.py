"""The provisioner: one short-lived process for one order that the keeper signed (design §3).

``python -m deploy.provisioner --order ID``: exit 0 done, 1 refused or failed (the order's row says why), 2 wrong use.
It alone opens the camera vault. Killed anywhere, it is started again for the same order and finds its work half done.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.camera_lock import camera_lock
from deploy.process import harden
from deploy.provisioning_orders import OrderContext, carry_out
from vms import logs
from vms.clock import Clock, SystemClock
from vms.db.engine import open_engine
from vms.errors import GuetError, NotFound, Refused, Unavailable
from vms.keeper.clients.audiences import KeeperForProvisioner, way_to_keeper
from vms.keeper.protocol import PROVISIONER_SOCKET, ProvisioningOrderView
from vms.model import ProvisioningOrder
from vms.services.records import Records, order_row, update_order
from vms.settings import Settings
from vms.vault.files import Vault
from vms.vault.handover import Intake

ORDER_LIMIT_S: Final = 14 * 60.0
KEEPER_TRIES_MAX: Final = 5
KEEPER_RETRY_S: Final = 1.0

log = logs.get("deploy.provisioner")


async def run_order(
    settings: Settings, engine: AsyncEngine, clock: Clock, keeper: KeeperForProvisioner, order: str
) -> int:
    """Carry out one order to its end; the exit code. Its row then says ``done``, or ``failed`` and why."""
    row = await order_row(engine, order)
    if row.status in ("done", "failed"):
        return 0 if row.status == "done" else 1
    await update_order(engine, clock, order, status="running")
    try:
        async with asyncio.timeout(ORDER_LIMIT_S):
            view = await _checked(keeper, clock, row)
            vault, intake = Vault(settings.vault_dir), Intake(settings.vault_dir)
            context = OrderContext(
                row, view, settings, clock, engine, Records(engine, clock, view.commune), vault, intake, keeper
            )
            with camera_lock(settings.vault_dir, context.subject):
                camera = await carry_out(context)
    except TimeoutError:
        return await _failed(
            engine, clock, order, Unavailable("L’ordre a dépassé sa durée limite.", todo="Relancez-le.")
        )
    except GuetError as error:
        return await _failed(engine, clock, order, error)
    await update_order(engine, clock, order, status="done", error={}, camera_id=camera)
    log.info("order done", order=order, kind=row.kind)
    return 0


async def _checked(keeper: KeeperForProvisioner, clock: Clock, row: ProvisioningOrder) -> ProvisioningOrderView:
    """The order as the keeper vouches for it; Refused when the row says something else than the signature."""
    for _ in range(KEEPER_TRIES_MAX - 1):
        try:
            view = await keeper.check_order(row.token)
            break
        except Unavailable:
            await clock.sleep(KEEPER_RETRY_S)
    else:
        view = await keeper.check_order(row.token)
    if (view.id, view.commune, view.kind) != (row.id, row.commune_id, row.kind):
        raise Refused("Cet ordre n’est pas celui que le gardien a signé.", where=row.id, rule="P-40")
    return view


async def _failed(engine: AsyncEngine, clock: Clock, order: str, error: GuetError) -> int:
    await update_order(engine, clock, order, status="failed", error=error.to_dict())
    log.info("order failed", order=order, kind=error.kind, rule=error.rule, what=error.what)
    return 1


async def _main(settings: Settings, order: str) -> int:
    engine = open_engine(settings.database_url)
    try:
        keeper = KeeperForProvisioner(way_to_keeper(settings, PROVISIONER_SOCKET))
        return await run_order(settings, engine, SystemClock(settings.test_clock_offset_s), keeper, order)
    except NotFound as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        await engine.dispose()


def main() -> None:
    """Carry out the order named on the command line."""
    parser = argparse.ArgumentParser(prog="provisioner", description="Exécute un ordre signé par le gardien.")
    parser.add_argument("--order", required=True)
    parser.add_argument("--home", type=Path)
    arguments = parser.parse_args()
    settings = Settings(home=arguments.home) if arguments.home else Settings()
    logs.configure("provisioner")
    harden()
    sys.exit(asyncio.run(_main(settings, arguments.order)))


if __name__ == "__main__":
    main()
