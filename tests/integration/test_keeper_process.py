"""The keeper as a process of its own: killed at any moment, it comes back with all that it had answered."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.keeper_town import CHIEF, MAYOR, PASSPHRASE, PASSWORD
from vms.errors import GuetError, Unavailable
from vms.keeper.clients.audiences import KeeperForWeb
from vms.keeper.clients.host import KeeperForHost
from vms.keeper.clients.signing import KeeperForPeople
from vms.keeper.proof.audit import verify_store
from vms.settings import Settings

READY_LIMIT_S = 60.0
KILLS = 4


@asynccontextmanager
async def process(home: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A keeper process that answers."""
    environment = os.environ | {"VMS_HOME": str(home)}
    started = await asyncio.create_subprocess_exec(sys.executable, "-m", "vms.keeper.service", env=environment)
    try:
        deadline = time.monotonic() + READY_LIMIT_S
        host = KeeperForHost(Settings(home=home).run_dir / "k-adm.sock")
        while True:
            try:
                await host.outbox()
                break
            except Unavailable:
                assert time.monotonic() < deadline, "the keeper did not answer in time"
                await asyncio.sleep(0.05)
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def test_killed_while_it_writes_it_keeps_all_it_answered() -> None:
    with tempfile.TemporaryDirectory(prefix="guet-") as folder:
        home = Path(folder)
        run = Settings(home=home).run_dir
        async with process(home):
            people = [
                {"login": MAYOR, "label": "Le maire", "password": PASSWORD, "passphrase": PASSPHRASE},
                {
                    "login": CHIEF, "label": "Cheffe", "password": PASSWORD, "passphrase": PASSPHRASE, "role": "chief",
                },
            ]  # fmt: skip
            host = KeeperForHost(run / "k-adm.sock")
            await host.init_commune({"commune": "valclair", "name": "Valclair", "holders": people})
            signing = KeeperForPeople(run / "k-web.sock")
            token = (await signing.sign_in(MAYOR, PASSWORD, "poste-1")).token
        answered: list[int] = []
        for kill in range(KILLS):
            async with process(home) as started:
                web = KeeperForPeople(run / "k-web.sock")
                web._keys = signing._keys  # the page's own, which no restart takes away
                await web.act_for(token, "valclair", "")
                await web.step_up(token, PASSWORD)

                async def write(web: KeeperForPeople, number: int) -> None:
                    made = await web.act(token, "declare_prefix", {"cidr": f"10.{number % 250}.0.0/24"})
                    answered.append(made["journal"])

                before = len(answered)
                writes = [asyncio.create_task(write(web, kill * 8 + n % 8)) for n in range(60)]
                async with asyncio.timeout(READY_LIMIT_S):  # each time a little further into its work
                    while len(answered) - before <= 5 * kill:  # noqa: ASYNC110 - any answer counts
                        await asyncio.sleep(0.001)
                started.send_signal(signal.SIGKILL)
                results = await asyncio.gather(*writes, return_exceptions=True)
                assert all(one is None or isinstance(one, GuetError) for one in results)
        async with process(home):
            web = KeeperForWeb(run / "k-web.sock")
            await web.act_for(token, "valclair", "")
            point = await web.read(token, "journal_checkpoint")
            for seq in answered:
                record = (await web.read(token, "journal", {"after": seq - 1, "limit": 1}))["entries"][0]
                assert (record["seq"], record["record"]["act"]) == (seq, "declare_prefix")
            report = verify_store(home / "keeper", point["vkey"])
            assert report.ok, report.faults
        assert len(set(answered)) == len(answered)
        assert answered


async def test_it_stops_on_sigterm() -> None:
    with tempfile.TemporaryDirectory(prefix="guet-") as folder:
        async with process(Path(folder)) as started:
            started.terminate()
            assert await asyncio.wait_for(started.wait(), READY_LIMIT_S) == 0
            with pytest.raises(Unavailable):
                await KeeperForHost(Settings(home=Path(folder)).run_dir / "k-adm.sock").outbox()
