"""Starts one short-lived provisioner for each queued order, a few at a time (design §3).

The provisioner alone reads the camera vault; it lives as long as its order. An order whose process died is queued
again and resumes where it was, a bounded number of times.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import col, select

from vms import logs
from vms.clock import Clock
from vms.db.engine import read, write
from vms.model import ProvisioningOrder

POLL_S: Final = 0.4
PROVISIONERS_MAX: Final = 3
STARTS_PER_ORDER_MAX: Final = 3
ORDER_LIMIT_S: Final = 15 * 60.0

log = logs.get("deploy.orders")


class OrderRunner:
    """One loop over the queued orders; safe to kill anywhere."""

    def __init__(self, engine: AsyncEngine, clock: Clock, environment: dict[str, str]) -> None:
        self._engine = engine
        self._clock = clock
        self._env = environment
        self._starts: dict[str, int] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Serve orders until cancelled; running provisioners are then ended."""
        await self._prepare_vault()
        try:
            while True:
                for order_id in await self._open_orders():
                    if len(self._running) < PROVISIONERS_MAX and order_id not in self._running:
                        self._start(order_id)
                await self._clock.sleep(POLL_S)
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    async def _prepare_vault(self) -> None:
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "deploy.prepare_vault", env=self._env)
        if await process.wait():
            log.error("le coffre des caméras ne s’ouvre pas", code=process.returncode)

    async def _open_orders(self) -> list[str]:
        async with read(self._engine) as session:
            rows = await session.execute(
                select(ProvisioningOrder.id)
                .where(col(ProvisioningOrder.status).in_(("queued", "running")))
                .order_by(col(ProvisioningOrder.created_us))
            )
            return list(rows.scalars())

    def _start(self, order_id: str) -> None:
        task = asyncio.create_task(self._carry_out(order_id), name=f"order-{order_id}")
        self._running[order_id] = task
        task.add_done_callback(lambda _: self._running.pop(order_id, None))

    async def _carry_out(self, order_id: str) -> None:
        starts = self._starts.get(order_id, 0) + 1
        self._starts[order_id] = starts
        if starts > STARTS_PER_ORDER_MAX:
            await self._give_up(order_id, "L’ordre s’est interrompu trois fois.")
            return
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "deploy.provisioner", "--order", order_id, env=self._env, start_new_session=True
        )
        try:
            async with asyncio.timeout(ORDER_LIMIT_S):
                code = await process.wait()
            log.info("ordre terminé", order=order_id, code=code)
        except TimeoutError:
            await self._give_up(order_id, "L’ordre a dépassé sa durée limite.")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def _give_up(self, order_id: str, what: str) -> None:
        async with write(self._engine) as session:
            order = await session.get(ProvisioningOrder, order_id)
            if order is not None and order.status in ("queued", "running"):
                order.status = "failed"
                order.error = {
                    "kind": "unavailable",
                    "what": what,
                    "where": order_id,
                    "todo": "Relancez-le.",
                    "rule": "",
                }
                order.updated_us = self._clock.utc().us
        log.warning("ordre abandonné", order=order_id)
