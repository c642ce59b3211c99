"""Everything the keeper's desks share: the host's file, the communes, sessions, views and key windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from vms import logs
from vms.clock import HOUR_US, Clock
from vms.clock_guard import ClockGuard, Doubt
from vms.errors import GuetError, StepUpNeeded
from vms.identity_provider import IdentityProvider
from vms.keeper.accounts.dormant_rights import Rest
from vms.keeper.applicants import tend
from vms.keeper.communes import Commune, Communes, Destruction
from vms.keeper.escalation import escalate
from vms.keeper.files.store import explained
from vms.keeper.gate.consultations import Consultations
from vms.keeper.identity.backoff import BackOff
from vms.keeper.identity.host import Host
from vms.keeper.identity.known_places import KnownPlaces
from vms.keeper.identity.passkey_ceremonies import Passkeys
from vms.keeper.identity.passkeys import Site
from vms.keeper.identity.passwords import Passwords
from vms.keeper.identity.request_checker import Wishes
from vms.keeper.identity.second_factor import SecondFactor
from vms.keeper.identity.sessions import Live, Sessions
from vms.keeper.keys.destruction import destroy_due, prune_facts, prune_journal
from vms.keeper.keys.package_keys import PackageKeys, destroy_due_packages
from vms.keeper.keys.token_reader import TokenReader
from vms.keeper.keys.windows import KeyWindows
from vms.keeper.two_persons import apply_due

if TYPE_CHECKING:
    from vms.keeper.providers.flow import Federation

PRUNE_EVERY_US: Final = HOUR_US

log = logs.get("keeper.house")


class House:
    """The keeper's parts, opened on one folder; ``start`` before anything is answered, ``tick`` now and then."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        public_url: str = "",
        providers: Sequence[IdentityProvider] = (),
        token_module: Path | None = None,
    ) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.clock = clock
        self.host = Host(folder, clock)
        newest = self.host.store.reader.execute("SELECT at_us FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
        self.guard = ClockGuard(clock, self.host.known_time(), newest[0] if newest else 0)
        self.communes = Communes(folder, self.host.keys, clock)
        self.sessions = Sessions(self.host, clock)
        self.wishes = Wishes(clock, self.host.keys.fact_mac)
        self.passwords = Passwords()
        self.second_factor = SecondFactor(self.host, self.sessions, self.passwords, clock)
        self.rest = Rest(self.host, self.guard, self.second_factor)
        permit_private = self.host.keys.permit_private
        self.views = Consultations(self.sessions, self.communes, self.wishes, self.rest, clock, permit_private)
        self.windows = KeyWindows(self.views, self.communes, clock, self.guard)
        self.packages = PackageKeys(self.views, self.communes)
        self.passkeys = Passkeys(self.host, self.sessions, clock, Site.of(public_url))
        self.federation = _federation(providers, clock, public_url)
        self.known = KnownPlaces(self.host.store, self.host.keys.fact_mac, clock)
        self.backoff = BackOff(self.known.holds)
        self.tokens = TokenReader(token_module)
        self._pruned_us = 0

    async def start(self) -> None:
        """Open every commune, destroy what is due, close what a stopped keeper left open (S5, P-41).

        A commune whose files are damaged stays shut and is logged; the others open.
        """
        for commune in self.host.communes():
            try:
                with explained(Path(f"{commune}.sqlite")):
                    opened = self.communes.open(commune)
                    await destroy_due(opened, self.due_us(opened))
                    await destroy_due_packages(opened, self.due_us(opened))
                    opened.destruction = Destruction(doubt=self.doubt_of(opened))
                    await self.views.close_left_open(opened)
            except GuetError as error:
                self.communes.shut(commune, error)
                log.error("commune fermée", commune=commune, error=str(error))
        self.sessions.load()
        await self._keep_time()

    def require_confirmed(self, live: Live) -> None:
        """For a grave act: StepUpNeeded before its person confirmed lately who they are; Refused while their grave
        rights rest after a recovery (P-58).
        """
        if not self.sessions.stepped_up(live):
            raise StepUpNeeded
        self.rest.check(live.account.id)

    def due_us(self, commune: Commune) -> int:
        """The time by which a commune's keys may be destroyed (P-30): the wall clock's, unless that is in doubt."""
        return self.guard.now_us(commune.confirmed_doubt)

    def doubt_of(self, commune: Commune) -> Doubt | None:
        """The doubt about the machine's time that nobody of the commune has ended."""
        doubt = self.guard.doubt
        return None if doubt is None or doubt.since_us == commune.confirmed_doubt else doubt

    async def _keep_time(self) -> None:
        known = self.guard.to_keep()
        if known is not None:
            await self.host.keep_time(known)
            self.guard.kept(known)

    async def tick(self) -> None:
        """Destroy what has come due, close abandoned views, escalate silence, forget ended sessions.

        What one part cannot do now is logged and tried again at the next tick; the others go on (P-30: a destruction
        that fails is an alarm, ``Commune.destruction``).
        """
        now_us = self.clock.utc().us
        for commune in self.communes:
            try:
                with explained(Path(f"{commune.id}.sqlite")):
                    await apply_due(commune, self.due_us(commune))
                    done = await destroy_due(commune, self.due_us(commune))
                    await destroy_due_packages(commune, self.due_us(commune))
                    await escalate(commune, now_us)
                    await tend(commune, now_us)
                commune.destruction = Destruction(now_us, done.frozen, doubt=self.doubt_of(commune))
            except GuetError as error:
                commune.destruction = replace(commune.destruction, fault=str(error))
                log.error("destruction manquée", commune=commune.id, error=str(error))
        for work in (self._keep_time, self.views.sweep, self.sessions.flush, self.prune):
            try:
                with explained(Path("keeper")):
                    await work()
            except GuetError as error:
                log.error("entretien manqué", error=str(error))

    async def prune(self) -> None:
        """Delete journal records past their cap, once an hour (P-43)."""
        now_us = self.guard.now_us()
        if 0 <= now_us - self._pruned_us < PRUNE_EVERY_US:
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


def _federation(providers: Sequence[IdentityProvider], clock: Clock, public_url: str) -> Federation | None:
    """The declared providers; a keeper without one loads no HTTP client and starts the sooner."""
    if not providers:
        return None
    from vms.keeper.providers.flow import Federation

    return Federation(providers, clock, public_url)
