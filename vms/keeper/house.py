"""Everything the keeper's desks share: the host's file, the communes, sessions, views and key windows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from vms import logs
from vms.clock import HOUR_US, Clock
from vms.errors import GuetError
from vms.keeper.backoff import BackOff
from vms.keeper.communes import Communes, Destruction
from vms.keeper.consultations import Consultations
from vms.keeper.destruction import destroy_due, prune_facts, prune_journal
from vms.keeper.escalation import escalate
from vms.keeper.host import Host
from vms.keeper.key_windows import KeyWindows
from vms.keeper.package_keys import PackageKeys, destroy_due_packages
from vms.keeper.passkeys import Site
from vms.keeper.passkeys_desk import Passkeys
from vms.keeper.passwords import Passwords
from vms.keeper.sessions import Sessions
from vms.keeper.store import explained
from vms.keeper.totp_desk import SecondFactor

PRUNE_EVERY_US: Final = HOUR_US

log = logs.get("keeper.house")


class House:
    """The keeper's parts, opened on one folder; ``start`` before anything is answered, ``tick`` now and then."""

    def __init__(self, folder: Path, clock: Clock, public_url: str = "") -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.clock = clock
        self.host = Host(folder, clock)
        self.communes = Communes(folder, self.host.keys, clock)
        self.sessions = Sessions(self.host, clock)
        self.views = Consultations(self.sessions, self.communes, clock, self.host.keys.permit_private)
        self.windows = KeyWindows(self.views, self.communes, clock)
        self.packages = PackageKeys(self.views, self.communes)
        self.passwords = Passwords()
        self.passkeys = Passkeys(self.host, self.sessions, clock, Site.of(public_url))
        self.second_factor = SecondFactor(self.host, self.sessions, self.passwords, clock)
        self.backoff = BackOff()
        self._pruned_us = 0

    async def start(self) -> None:
        """Open every commune, destroy what is due, close what a stopped keeper left open (S5, P-41).

        A commune whose files are damaged stays shut and is logged; the others open.
        """
        for commune in self.host.communes():
            try:
                with explained(Path(f"{commune}.sqlite")):
                    opened = self.communes.open(commune)
                    await destroy_due(opened, self.clock.utc().us)
                    await destroy_due_packages(opened, self.clock.utc().us)
                    await self.views.close_left_open(opened)
            except GuetError as error:
                self.communes.shut(commune, error)
                log.error("commune fermée", commune=commune, error=str(error))
        self.sessions.load()

    async def tick(self) -> None:
        """Destroy what has come due, close abandoned views, escalate silence, forget ended sessions.

        What one part cannot do now is logged and tried again at the next tick; the others go on (P-30: a destruction
        that fails is an alarm, ``Commune.destruction``).
        """
        now_us = self.clock.utc().us
        for commune in self.communes:
            try:
                with explained(Path(f"{commune.id}.sqlite")):
                    done = await destroy_due(commune, now_us)
                    await destroy_due_packages(commune, now_us)
                    await escalate(commune, now_us)
                commune.destruction = Destruction(now_us, done.frozen)
            except GuetError as error:
                commune.destruction = replace(commune.destruction, fault=str(error))
                log.error("destruction manquée", commune=commune.id, error=str(error))
        for work in (self.views.sweep, self.sessions.flush, self.prune):
            try:
                with explained(Path("keeper")):
                    await work()
            except GuetError as error:
                log.error("entretien manqué", error=str(error))

    async def prune(self) -> None:
        """Delete journal records past their cap, once an hour (P-43)."""
        now_us = self.clock.utc().us
        if now_us - self._pruned_us < PRUNE_EVERY_US:
            return
        self._pruned_us = now_us
        for store in (self.host.store, *(commune.store for commune in self.communes)):
            await prune_journal(store, now_us)
        for commune in self.communes:
            await prune_facts(commune, now_us)

    async def close(self) -> None:
        """Close every file."""
        await self.communes.close()
        await self.host.store.close()
