"""People and identity providers: signing in by an identity, linking one to oneself, and every refusal journalled.

An identity is bound by the signed-in person alone, who has just confirmed who they are: nobody is created, and nobody
is found by a name or an e-mail address. One person who could bind an identity to another's account could enter as them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from vms import logs
from vms.clock import HOUR_US
from vms.errors import GuetError, NotFound, Refused, StepUpNeeded
from vms.keeper.house import House
from vms.keeper.identity.provider_identities import link_identity, note_identity_use, person_of, unlink_identity
from vms.keeper.identity.sessions import Live
from vms.keeper.journal.entry import Author, Entry
from vms.keeper.protocol import Use

if TYPE_CHECKING:
    from vms.keeper.providers.flow import Federation

MEANS: Final = "oidc:"
REFUSALS_AN_HOUR: Final = 60  # journalled; more are only counted in the log, so that a flood fills nothing
REASON_LIMIT_CHARS: Final = 200

STATE_OF: Final = re.compile(r"([a-z][a-z0-9-]{0,30})\.")

log = logs.get("keeper.oidc")


class ProviderDesk:
    """Part of the door's desk, on the house's federation."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._hour_us = 0
        self._refusals = 0

    def told(self) -> list[dict[str, str]]:
        """The providers as the door shows them: none where the host declares none."""
        return self._house.federation.told() if self._house.federation else []

    async def begin(self, provider: str, browser: str, live: Live | None, key: bytes) -> str:
        """Where the browser is to go; linking (``live``) wants the person to have just confirmed who they are."""
        if live is None:
            return await self._federation().begin(provider, Use.SIGN_IN, browser, "", key)
        if not self._house.sessions.stepped_up(live):
            raise StepUpNeeded
        return await self._federation().begin(provider, Use.REGISTER, browser, live.id)

    async def sign_in(
        self, answer: dict[str, Any], browser: str, workstation: str, key: bytes, post: str
    ) -> tuple[str, Live]:
        """A new session: (token, session); Refused for an identity that is nobody's here, journalled."""
        house = self._house
        try:
            proven = await self._federation().finish(Use.SIGN_IN, answer, browser, "", key)
            person = person_of(house.host.store.reader, proven.identity)
            if person is None:
                raise Refused(
                    "Cette identité n’est liée à aucun compte d’ici.",
                    todo="Entrez autrement, puis liez-la dans « Mon compte ».",
                    rule="A-05",
                )
        except GuetError as error:
            await self._note(error, answer, Author("", workstation=workstation))
            raise
        account = house.host.account(person)
        means = MEANS + proven.identity.provider
        token, live = await house.sessions.create(account, workstation, means, key, post)
        live.id_token = proven.id_token
        await house.host.store.write(lambda tx: note_identity_use(tx, proven.identity))
        return token, live

    async def link(self, live: Live, answer: dict[str, Any], browser: str, statement: str) -> None:
        """Bind the identity proven by the answer, which the page signed, to a request that this session began."""
        brought = {name: answer.get(name) for name in ("state", "code")}
        self._house.wishes.require_args(live, statement, "provider_link", brought)
        try:
            proven = await self._federation().finish(Use.REGISTER, answer, browser, live.id)
        except GuetError as error:
            await self._note(error, answer, live.author())
            raise
        await self._house.host.store.write(lambda tx: link_identity(tx, proven.identity, live.author()))

    async def unlink(self, live: Live, mark: str) -> None:
        """Forget one of the person's identities; StepUpNeeded unless they have just confirmed who they are."""
        if not self._house.sessions.stepped_up(live):
            raise StepUpNeeded
        await self._house.host.store.write(lambda tx: unlink_identity(tx, mark, live.author()))

    def _federation(self) -> Federation:
        if self._house.federation is None:
            raise NotFound("Ce service n’a pas de fournisseur d’identité.", todo="Entrez autrement.")
        return self._house.federation

    async def _note(self, error: GuetError, answer: dict[str, Any], author: Author) -> None:
        """Journal a refusal in the host's log, as long as there are not too many in an hour."""
        named = STATE_OF.match(str(answer.get("state", ""))[:32])
        provider = named[1] if named else "?"
        log.warning("identité refusée", provider=provider, reason=error.what)
        now_us = self._house.clock.utc().us
        if not 0 <= now_us - self._hour_us < HOUR_US:
            self._hour_us, self._refusals = now_us, 0
        self._refusals += 1
        if self._refusals <= REFUSALS_AN_HOUR:
            detail = {"means": MEANS + provider, "reason": error.what[:REASON_LIMIT_CHARS]}
            await self._house.host.log(Entry("session", "sign_in_refused", author, detail=detail))


async def leave_of(house: House, live: Live) -> str:
    """Where the browser signs out of the provider that opened a session; empty for other means, or when it is away."""
    if house.federation is None or not live.means.startswith(MEANS):
        return ""
    try:
        return await house.federation.leaving(live.means.removeprefix(MEANS), live.id_token)
    except GuetError:
        return ""  # signed out here, which is what was asked
