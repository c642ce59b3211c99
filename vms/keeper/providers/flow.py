"""Signing in at an identity provider: code flow with PKCE, each request bound to one browser, good once.

The browser carries a code and a state, nothing else: the keeper itself exchanges the code and judges the tokens, so
that neither a page nor the web process can say who somebody is. Nothing is kept of a request that never comes back:
its nonce and verifier are drawn from its state by a key of ours.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from vms.clock import MICRO, Clock
from vms.errors import BadInput, NotFound, TooManyRequests
from vms.identity_provider import IdentityProvider
from vms.keeper.identity.passkeys import INSTANT_BYTES, Challenges
from vms.keeper.identity.provider_identities import Identity
from vms.keeper.protocol import Use
from vms.keeper.providers.tokens import (
    Expected,
    check_organisation,
    id_claims,
    label_of,
    refused,
    subject_of,
    user_claims,
)
from vms.keeper.providers.wire import ProviderWire

REQUEST_LIFE_US: Final = 15 * 60 * MICRO  # somebody may have to fetch a telephone
RETURN_PATH: Final = "/connexion/retour"
BROWSER_LEAST_CHARS: Final = 16
CODE_LIMIT_CHARS: Final = 4096
AT_ONCE_LIMIT: Final = 32
STATE: Final = re.compile(r"([a-z][a-z0-9-]{0,30})\.(sign_in|register)\.([A-Za-z0-9_-]{75}|[A-Za-z0-9_-]{118})")
SAID: Final = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class Proven:
    """Who somebody is at a provider, as its tokens prove it; ``id_token`` serves to sign out there."""

    identity: Identity
    id_token: str


class Federation:
    """The providers that the host declares; ``public_url`` is our own address, as registered with them."""

    def __init__(self, providers: Sequence[IdentityProvider], clock: Clock, public_url: str) -> None:
        self._wires = {one.id: ProviderWire(one, clock) for one in providers}
        self._clock = clock
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(public_url))
        self._challenges = Challenges(REQUEST_LIFE_US)
        self._key = secrets.token_bytes(32)
        self._busy = 0

    def told(self) -> list[dict[str, str]]:
        """The providers as the door shows them."""
        found = [wire.provider for wire in self._wires.values()]
        return [{"id": one.id, "kind": one.kind, "label": one.name} for one in found]

    async def begin(self, provider: str, use: Use, browser: str, session: str, key: bytes = b"") -> str:
        """Where the browser is to go; the answer is good for the same browser, use, session and page key only."""
        wire, now_us = self._wire(provider), self._clock.utc().us
        challenge = self._challenges.issue(use, _subject(provider, browser, session), now_us, key)
        state = f"{provider}.{use.value}.{_text(challenge)}"
        verifier = self._drawn("verifier", state)
        asked = {
            "response_type": "code",
            "client_id": wire.provider.client_id,
            "redirect_uri": self._origin + RETURN_PATH,
            "scope": wire.provider.scope,
            "state": state,
            "nonce": self._drawn("nonce", state).hex(),
            "code_challenge": _text(sha256(_text(verifier).encode()).digest()),
            "code_challenge_method": "S256",
        }
        if wire.provider.levels:
            level = {"essential": True, "values": list(wire.provider.levels)}
            asked["claims"] = json.dumps({"id_token": {"acr": level}}, separators=(",", ":"))
        address = (await wire.metadata()).authorization
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    async def finish(self, use: Use, answer: dict[str, Any], browser: str, session: str, key: bytes = b"") -> Proven:
        """Who came back; Refused unless the answer is to a request of ours, by this browser, for the first time."""
        state, now_us = str(answer.get("state", ""))[:200], self._clock.utc().us
        found = STATE.fullmatch(state)
        if found is None or found[2] != use.value or found[1] not in self._wires:
            raise refused("Cette réponse ne répond pas à notre demande.")
        challenge = base64.urlsafe_b64decode(found[3] + "=" * (-len(found[3]) % 4))
        self._challenges.check(challenge, use, _subject(found[1], browser, session), now_us, key)
        self._challenges.spend(challenge, now_us)
        if self._busy >= AT_ONCE_LIMIT:
            raise TooManyRequests(
                "Trop de connexions en même temps.", todo="Réessayez dans une minute.", retry_after_s=60
            )
        self._busy += 1
        try:
            return await self._prove(self._wires[found[1]], state, challenge, answer)
        finally:
            self._busy -= 1

    async def leaving(self, provider: str, id_token: str) -> str:
        """Where the browser signs out of the provider too; empty when it offers no such place."""
        if provider not in self._wires:
            return ""
        wire = self._wires[provider]
        end = (await wire.metadata()).end_session
        asked = {"post_logout_redirect_uri": f"{self._origin}/connexion", "state": secrets.token_hex(32)}
        # After a restart the token is gone: then the provider asks the person.
        asked |= {"id_token_hint": id_token} if id_token else {"client_id": wire.provider.client_id}
        return f"{end}{'&' if '?' in end else '?'}{urlencode(asked)}" if end else ""

    async def _prove(self, wire: ProviderWire, state: str, challenge: bytes, answer: dict[str, Any]) -> Proven:
        provider, metadata = wire.provider, await wire.metadata()
        named = answer.get("iss")
        if named not in (None, "", provider.issuer) or (metadata.names_itself and not named):
            raise refused("Cette réponse vient d’un autre fournisseur d’identité.")
        if answer.get("error"):
            said = SAID.fullmatch(str(answer["error"]))
            raise refused(f"{provider.name} n’a pas confirmé votre identité ({said[0] if said else 'erreur'}).")
        code = answer.get("code")
        if not isinstance(code, str) or not 0 < len(code) <= CODE_LIMIT_CHARS:
            raise BadInput("Il manque le code du fournisseur d’identité.", where="code")
        verifier = _text(self._drawn("verifier", state))
        tokens = await wire.redeem(code, verifier, self._origin + RETURN_PATH)
        begun_s = int.from_bytes(challenge[:INSTANT_BYTES], "big") // MICRO
        nonce = self._drawn("nonce", state).hex()
        expected = Expected(provider.issuer, provider.client_id, nonce, provider.levels, begun_s)
        key = await wire.key(tokens.id_token)
        subject = subject_of(id_claims(tokens.id_token, key, expected, self._now_s()))
        kind, body = await wire.user_info(tokens.access_token)
        signed = await wire.key(body.decode("ascii", "replace")) if kind == "application/jwt" else None
        user = user_claims(kind, body, signed, expected, subject, self._now_s())
        check_organisation(user, provider.sirets)
        return Proven(Identity(provider.issuer, subject, provider.id, label_of(user)), tokens.id_token)

    def _wire(self, provider: str) -> ProviderWire:
        if provider not in self._wires:
            raise NotFound("Ce service ne connaît pas ce fournisseur d’identité.", where=provider[:31])
        return self._wires[provider]

    def _drawn(self, purpose: str, state: str) -> bytes:
        return hmac.digest(self._key, f"{purpose}\0{state}".encode(), "sha256")

    def _now_s(self) -> int:
        return self._clock.utc().us // MICRO


def _subject(provider: str, browser: str, session: str) -> str:
    if len(browser) < BROWSER_LEAST_CHARS:
        raise refused("Ce navigateur n’a pas gardé la demande.", "Autorisez les témoins de ce site, puis recommencez.")
    return f"oidc\0{provider}\0{session}\0{sha256(browser.encode()).hexdigest()}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
