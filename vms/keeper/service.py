"""The keeper's process: one house, four desks, four sockets, a clock that destroys what is due (design §3)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from vms import logs
from vms.clock import Clock, SystemClock
from vms.errors import GuetError
from vms.identity_provider import IdentityProvider
from vms.keeper.elsewhere import tell_elsewhere
from vms.keeper.files.store import explained
from vms.keeper.handlers.documents import DocumentDesk
from vms.keeper.handlers.host import HostDesk
from vms.keeper.handlers.journal import JournalDesk
from vms.keeper.handlers.provisioner import ProvisionerDesk
from vms.keeper.handlers.public import PublicDesk
from vms.keeper.handlers.recorder import RecorderDesk
from vms.keeper.handlers.web import Office, Op
from vms.keeper.handlers.witness import WitnessDesk
from vms.keeper.house import House
from vms.keeper.protocol import (
    BY_PORT,
    HOST_OPS,
    HOST_SOCKET,
    PROVISIONER_OPS,
    PROVISIONER_SOCKET,
    RECORDER_OPS,
    RECORDER_SOCKET,
    WEB_OPS,
    WEB_SOCKET,
)
from vms.settings import Settings
from vms.wire import WireServer
from vms.wire_tls import machine_identity

TICK_S: Final = 1.0

log = logs.get("keeper")


class Keeper:
    """The running keeper; ``start`` answers only once what was due is destroyed (S5)."""

    def __init__(
        self,
        folder: Path,
        run_dir: Path,
        clock: Clock,
        public_url: str = "",
        providers: Sequence[IdentityProvider] = (),
        token_module: Path | None = None,
    ) -> None:
        self._run_dir = run_dir
        self._clock = clock
        self.house = House(folder, clock, public_url, providers, token_module)
        self._servers: dict[str, WireServer] = {}
        self._ticker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Destroy what is due, then open the sockets."""
        await self.house.start()
        self._run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        journal, documents = JournalDesk(self.house), DocumentDesk(self.house)
        desks: list[tuple[str, frozenset[str], Mapping[str, Op]]] = [
            (
                WEB_SOCKET,
                WEB_OPS,
                Office(self.house).ops() | PublicDesk(self.house).ops() | journal.web_ops() | documents.ops(),
            ),
            (RECORDER_SOCKET, RECORDER_OPS, RecorderDesk(self.house).ops()),
            (PROVISIONER_SOCKET, PROVISIONER_OPS, ProvisionerDesk(self.house).ops()),
            (HOST_SOCKET, HOST_OPS, HostDesk(self.house).ops() | WitnessDesk(self.house).ops() | journal.host_ops()),
        ]
        for name, ops, handlers in desks:
            if set(handlers) != ops:
                raise TypeError(f"{name} does not serve its closed list of operations")
            server = WireServer({op: _typed(handler) for op, handler in handlers.items()})
            await server.start(self._run_dir / name)
            self._servers[name] = server
        self._ticker = asyncio.create_task(self._tick())
        log.info("gardien prêt", communes=len(self.house.host.communes()))

    async def listen(self, settings: Settings) -> None:
        """Answer other machines: those that record, and the head machines that are named, each audience on its port.

        Whoever may ask as a recorder cannot ask as a head: a stolen recorder signs nobody in.
        """
        if settings.keeper_port is None:
            return
        context = machine_identity(settings).server_context()
        for place, name in enumerate(BY_PORT):
            machines = settings.recorder_machines if name == RECORDER_SOCKET else settings.head_machines
            if name == RECORDER_SOCKET or machines:
                port = settings.keeper_port + place
                await self._servers[name].start_tls(settings.relay_listen, port, context, machines)

    async def stop(self) -> None:
        """Stop answering, then close the files."""
        for server in self._servers.values():
            await server.stop()
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
        await self.house.close()

    @property
    def ticking(self) -> asyncio.Task[None]:
        """The loop that destroys what is due; it only ends when something went badly wrong."""
        if self._ticker is None:
            raise RuntimeError("the keeper is not started")
        return self._ticker

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(TICK_S)
            await self.house.tick()
            try:
                with explained(Path("keeper")):
                    await tell_elsewhere(self.house)
            except GuetError as error:
                log.error("session d’ailleurs non inscrite", error=str(error))


def _typed(handler: Op) -> Op:
    """The same operation; what a damaged or full file makes of it is told as such, not as an internal error."""

    async def run(args: dict[str, Any], body: bytes) -> Any:
        with explained(Path("keeper")):
            return await handler(args, body)

    return run


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    os.umask(0o077)
    url = settings.public_url or f"https://{settings.host}:{settings.port}"
    clock = SystemClock(settings.test_clock_offset_s)
    keeper = Keeper(settings.keeper_dir, settings.run_dir, clock, url, settings.oidc_providers, settings.pkcs11_module)
    if settings.test_clock_offset_s:
        keeper.house.guard.believe()  # whoever moves a test's clock says by it that the time is right
    await keeper.start()
    await keeper.listen(settings)
    stopping = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopping.set)
    await asyncio.wait([asyncio.create_task(stopping.wait()), keeper.ticking], return_when=asyncio.FIRST_COMPLETED)
    failed = keeper.ticking.done()
    await keeper.stop()
    if failed:
        # Destruction must not stop in silence: the supervisor starts another keeper, which begins with what is due.
        raise SystemExit(1)


def main(settings: Settings | None = None) -> None:
    """The process's entry: settings from the environment unless they are given."""
    logs.configure("keeper")
    asyncio.run(serve(settings or Settings()))


if __name__ == "__main__":
    main()
