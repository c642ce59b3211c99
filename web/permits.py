"""The permits of every open view on this server, renewed at the keeper in one batch.

A permit lives 4 s (design §6): the book asks for all of them again every 1.3 s. What the keeper refuses is told to its
view at once, with the rule; what it does not renew, because it is away, lapses by itself. So a withdrawn habilitation
is dark within 5 s (P-53), and nobody has to remember to check.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from typing import Any, Final

from vms import logs
from vms.clock import MICRO, Clock
from vms.errors import GuetError, Refused, TooManyRequests, Unavailable
from vms.keeper.clients.audiences import KeeperForWeb
from vms.keeper.protocol import Admitted

RENEW_EVERY_S: Final = 1.3
PERMIT_LIFE_S: Final = 4.0
OPEN_VIEWS_MAX: Final = 2000

log = logs.get("web.permits")


class Lease:
    """One open view's permit: its current token while it holds, or the reason it ended."""

    def __init__(self, admitted: Admitted, owner: str, clock: Clock) -> None:
        self.id = admitted.id
        self.journal = admitted.journal
        self._owner = owner
        self._clock = clock
        self._token = admitted.permit
        self._renewed_us = clock.monotonic_us()
        self._ended: GuetError | None = None
        self._changed = asyncio.Event()

    def belongs_to(self, session_token: str) -> bool:
        """Whether that session opened this view; another person's permit opens nothing."""
        return hmac.compare_digest(self._owner, _digest(session_token))

    @property
    def token(self) -> str:
        """The permit in force; raises the reason when there is none any more."""
        self.check()
        return self._token

    def check(self) -> None:
        """Raise the keeper's refusal, or Unavailable when it has not renewed in time."""
        if self._ended is not None:
            raise self._ended
        if self._clock.monotonic_us() - self._renewed_us > PERMIT_LIFE_S * MICRO:
            raise Unavailable(
                "Le gardien ne répond plus : la vue est coupée.",
                where="gardien",
                todo="Elle reprend d’elle-même dès son retour.",
            )

    def renew(self, token: str) -> None:
        """Put a fresh token in force."""
        self._token = token
        self._renewed_us = self._clock.monotonic_us()
        self._signal()

    def end(self, reason: GuetError) -> None:
        """End the view for ``reason``."""
        self._ended = reason
        self._signal()

    async def change(self) -> None:
        """Wait until the token or its state changes, at most until the permit could lapse."""
        changed = self._changed
        try:
            async with asyncio.timeout(PERMIT_LIFE_S):
                await changed.wait()
        except TimeoutError:
            return

    def _signal(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


class PermitBook:
    """Every lease of this server."""

    def __init__(self, keeper: KeeperForWeb, clock: Clock) -> None:
        self._keeper = keeper
        self._clock = clock
        self._leases: dict[str, Lease] = {}

    async def admit(
        self,
        token: str,
        act: str,
        cameras: list[str],
        *,
        from_us: int | None = None,
        to_us: int | None = None,
        motive: str | None = None,
        request: str | None = None,
        statement: str = "",
    ) -> Lease:
        """Ask the gate, with what the page signed; a lease kept renewed until ``close``, or the keeper's refusal."""
        if len(self._leases) >= OPEN_VIEWS_MAX:
            raise TooManyRequests(
                "Trop de vues ouvertes sur ce serveur.", todo="Fermez-en, puis réessayez.", retry_after_s=5
            )
        admitted = await self._keeper.admit(token, act, cameras, from_us, to_us, motive, request, statement)
        lease = Lease(admitted, _digest(token), self._clock)
        self._leases[lease.id] = lease
        return lease

    async def prolong(self, lease: Lease, statement: str) -> None:
        """Let the view last some minutes more, on a fresh signature of its page; the keeper's refusal otherwise."""
        await self._keeper.prolong(lease.id, statement)

    def get(self, permit_id: str, token: str) -> Lease:
        """The open lease of that id and of that session; Refused when there is none (foreign, closed, never opened)."""
        lease = self._leases.get(permit_id)
        if lease is None or not lease.belongs_to(token):
            raise Refused("Ce permis n’est pas ouvert.", todo="Rouvrez la relecture.", rule="P-40")
        return lease

    async def close(self, lease: Lease) -> None:
        """End the view; the keeper closes its journal entry."""
        if self._leases.pop(lease.id, None) is None:
            return
        try:
            await self._keeper.end([lease.id])
        except Unavailable:
            # The keeper closes the entry itself when the permit is not renewed.
            log.info("fin de vue non transmise", permit=lease.id)

    async def run(self) -> None:
        """Renew for as long as the server lives."""
        while True:
            await self._clock.sleep(RENEW_EVERY_S)
            if self._leases:
                await self._renew_all()

    async def _renew_all(self) -> None:
        try:
            answers = await self._keeper.renew(list(self._leases))
        except GuetError as error:
            log.warning("renouvellement impossible", kind=error.kind)
            return
        for permit_id, answer in answers.items():
            lease = self._leases.get(permit_id)
            if lease is not None:
                _apply(lease, answer)


def _apply(lease: Lease, answer: str | dict[str, Any]) -> None:
    if isinstance(answer, str):
        lease.renew(answer)
    else:
        lease.end(GuetError.from_dict(answer["refused"]))


def _digest(session_token: str) -> str:
    return hashlib.sha256(session_token.encode()).hexdigest()
