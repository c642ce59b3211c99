"""Passkey ceremonies: registering one, signing in with one, and confirming a grave act with one (A-05).

A ceremony has two halves: ``passkey_options`` gives a challenge, the browser answers it. What does not prove
possession, presence and verification on our own site is refused with its reason, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from pydantic import Field
from webauthn.helpers import base64url_to_bytes

from vms.clock import Clock
from vms.errors import LimitExceeded, Refused, StepUpNeeded, Unavailable
from vms.keeper.arguments import Args, Name, parse
from vms.keeper.identity.host import Account, Host
from vms.keeper.identity.passkey_rows import add_passkey, note_use, passkey_by_id, passkeys_of, remove_passkey
from vms.keeper.identity.passkeys import (
    PASSKEYS_LIMIT,
    RULE,
    Challenges,
    Passkey,
    Site,
    assertion_options,
    can_sync,
    challenge_of,
    check_assertion,
    check_registration,
    refused,
    registration_options,
)
from vms.keeper.identity.sessions import Live, Sessions
from vms.keeper.protocol import Use

LABEL_LIMIT_CHARS: Final = 60


class Label(Args):
    """What a person calls a passkey."""

    label: Name = Field(max_length=LABEL_LIMIT_CHARS)


class Passkeys:
    """The ceremonies, on the host's file; ``site`` is None where browsers allow no passkey."""

    def __init__(self, host: Host, sessions: Sessions, clock: Clock, site: Site | None) -> None:
        self._host = host
        self._sessions = sessions
        self._clock = clock
        self._site = site
        self._challenges = Challenges()

    @property
    def possible(self) -> bool:
        """Whether this site's address allows passkeys."""
        return self._site is not None

    def sign_in_options(self, key: bytes) -> dict[str, Any]:
        """What the browser of somebody not yet known is asked, for its page's ``key``; says nothing of who has a
        passkey.
        """
        site = self._our_site()
        return assertion_options(site, self._challenges.issue(Use.SIGN_IN, "", self._clock.utc().us, key), [])

    def options(self, live: Live, use: Use) -> dict[str, Any]:
        """What the browser of a signed-in person is asked, to register a passkey or to confirm an act."""
        site, account = self._our_site(), live.account
        known = [one.id for one in self._of(account.id)]
        challenge = self._challenges.issue(use, live.id, self._clock.utc().us)
        if use is Use.REGISTER:
            return registration_options(site, challenge, account.id, account.login, known)
        if not known:
            raise Refused("Vous n’avez pas de clé d’accès.", todo="Donnez votre mot de passe.", rule=RULE)
        return assertion_options(site, challenge, known)

    def unlock_options(self, live: Live, commune: str, only: Collection[str] | None) -> dict[str, Any]:
        """What a holder's browser is asked to unlock a commune: any passkey of theirs, or ``only`` these."""
        site, now_us = self._our_site(), self._clock.utc().us
        known = [one.id for one in self._of(live.account.id) if only is None or one.fingerprint in only]
        if not known:
            what = "Aucune de vos clés d’accès n’ouvre la clé de la commune."
            raise Refused(what, todo="Donnez votre phrase de passe.", rule=RULE)
        return assertion_options(site, self._challenges.issue(Use.UNLOCK, f"{live.id}/{commune}", now_us), known)

    async def proved(self, live: Live, commune: str, answer: dict[str, Any]) -> str:
        """The fingerprint of the signed-in person's own passkey that answered to unlock this commune."""
        passkey = await self._prove(answer, Use.UNLOCK, f"{live.id}/{commune}", live.account.id)
        return passkey.fingerprint

    async def register(self, live: Live, label: str, answer: dict[str, Any]) -> None:
        """Keep a new passkey; StepUpNeeded unless the person has just confirmed who they are."""
        if not self._sessions.stepped_up(live):
            raise StepUpNeeded
        name = parse(Label, {"label": label}, "passkey").label
        site, now_us = self._our_site(), self._clock.utc().us
        challenge = challenge_of(site, answer)
        self._challenges.check(challenge, Use.REGISTER, live.id, now_us)
        made = check_registration(site, challenge, answer)
        if len(self._of(live.account.id)) >= PASSKEYS_LIMIT:
            raise LimitExceeded(f"Au plus {PASSKEYS_LIMIT} clés d’accès par personne.", todo="Retirez-en une.")
        self._challenges.spend(challenge, now_us)
        kept = Passkey(
            made.credential_id,
            live.account.id,
            name,
            made.credential_public_key,
            made.sign_count,
            can_sync(made.credential_device_type),
            made.credential_backed_up,
            now_us,
            None,
        )
        await self._host.store.write(lambda tx: add_passkey(tx, kept, live.author()))

    async def remove(self, live: Live, mark: str) -> None:
        """Forget one's own passkey; StepUpNeeded unless the person has just confirmed who they are."""
        if not self._sessions.stepped_up(live):
            raise StepUpNeeded
        await self._host.store.write(lambda tx: remove_passkey(tx, live.account.id, mark, live.author()))

    async def signed_in(self, answer: dict[str, Any], key: bytes) -> Account:
        """Whose passkey answered a sign-in challenge that was given for this page ``key``."""
        passkey = await self._prove(answer, Use.SIGN_IN, "", key=key)
        return self._host.account(passkey.person)

    async def confirmed(self, live: Live, answer: dict[str, Any]) -> None:
        """The signed-in person's own passkey answered: graver acts are possible for five minutes."""
        await self._prove(answer, Use.STEP_UP, live.id, live.account.id)
        self._sessions.step_up(live)

    def told(self, person: str) -> list[dict[str, Any]]:
        """A person's passkeys as their own page shows them."""
        return [
            {
                "id": one.fingerprint,
                "label": one.label,
                "synced": one.synced,
                "backed_up": one.backed_up,
                "created_us": one.created_us,
                "used_us": one.used_us,
            }
            for one in self._of(person)
        ]

    async def _prove(
        self, answer: dict[str, Any], use: Use, subject: str, person: str | None = None, key: bytes = b""
    ) -> Passkey:
        site, now_us = self._our_site(), self._clock.utc().us
        challenge = challenge_of(site, answer)
        self._challenges.check(challenge, use, subject, now_us, key)
        passkey = passkey_by_id(self._host.store.reader, _raw_id(answer))
        if passkey is None or person not in (None, passkey.person):
            raise refused("Cette clé d’accès n’est pas connue ici.")
        proof = check_assertion(site, challenge, answer, passkey)
        self._challenges.spend(challenge, now_us)
        await self._host.store.write(
            lambda tx: note_use(tx, passkey, proof.new_sign_count, backed_up=proof.credential_backed_up)
        )
        return passkey

    def _of(self, person: str) -> list[Passkey]:
        return passkeys_of(self._host.store.reader, person)

    def _our_site(self) -> Site:
        if self._site is None:
            what = "Ce service n’a pas d’adresse qui permette les clés d’accès."
            raise Unavailable(what, todo="L’hébergeur donne VMS_PUBLIC_URL : HTTPS, et un nom plutôt qu’un numéro.")
        return self._site


def _raw_id(answer: dict[str, Any]) -> bytes:
    try:
        return base64url_to_bytes(str(answer.get("rawId", "")))
    except ValueError as error:
        raise refused("La réponse de la clé d’accès est illisible.") from error
