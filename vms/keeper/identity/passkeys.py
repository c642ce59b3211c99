"""Passkeys (WebAuthn level 2): what a ceremony asks, what its answer must prove, and where credentials are kept.

The keeper trusts no page and not even the web process here: origin and domain come from the host's settings, each
challenge is its own, dated, for one use, and good once.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import secrets
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from vms.clock import MICRO
from vms.errors import Refused, TooManyRequests
from vms.keeper.protocol import Use

CHALLENGE_LIFE_US: Final = 5 * 60 * MICRO
CEREMONY_TIMEOUT_MS: Final = 120_000
PASSKEYS_LIMIT: Final = 10
ANSWER_LIMIT_CHARS: Final = 20_000
SPENT_LIMIT: Final = 100_000
NONCE_BYTES: Final = 16
INSTANT_BYTES: Final = 8
MAC_BYTES: Final = 32
RULE: Final = "A-05"
# What the library raises on purpose, and what malformed CBOR or JSON makes it raise.
UNREADABLE: Final = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Site:
    """Our own address, as browsers name it: ``origin`` with its port, ``domain`` (the relying party's id) without."""

    origin: str
    domain: str

    @staticmethod
    def of(public_url: str) -> Site | None:
        """The site at this address; None where browsers allow no passkey (an IP address, or plain HTTP)."""
        parts = urlsplit(public_url)
        host = (parts.hostname or "").lower()
        if parts.scheme != "https" and not (parts.scheme == "http" and host == "localhost"):
            return None
        try:
            ipaddress.ip_address(host)
        except ValueError:
            port = "" if parts.port in (None, 443 if parts.scheme == "https" else 80) else f":{parts.port}"
            return Site(f"{parts.scheme}://{host}{port}", host) if host else None
        return None


@dataclass(frozen=True, slots=True)
class Passkey:
    """A registered credential; ``synced`` says whether its maker may copy it to other devices, ``backed_up`` did."""

    id: bytes
    person: str
    label: str
    public_key: bytes
    sign_count: int
    synced: bool
    backed_up: bool
    created_us: int
    used_us: int | None

    @property
    def fingerprint(self) -> str:
        """How the journal and pages name it: half of its id's SHA-256, in hex."""
        return fingerprint(self.id)


class Challenges:
    """Dated challenges of ours; nothing is kept of those that nobody answers, so a flood of them fills nothing."""

    def __init__(self, life_us: int = CHALLENGE_LIFE_US) -> None:
        self._life_us = life_us
        self._key = secrets.token_bytes(32)
        self._spent: dict[bytes, int] = {}

    def issue(self, use: Use, subject: str, now_us: int, key: bytes = b"") -> bytes:
        """A fresh challenge for this use and subject (a session, or nobody yet).

        It ends with the hash of the page's key, if there is one: the page sees it there before it has it answered, and
        the authenticator signs it.
        """
        head = now_us.to_bytes(INSTANT_BYTES, "big") + secrets.token_bytes(NONCE_BYTES)
        tail = _bound(key)
        return head + self._mac(head + tail, use, subject) + tail

    def check(self, challenge: bytes, use: Use, subject: str, now_us: int, key: bytes = b"") -> None:
        """Refused unless the challenge is ours, for this use, subject and page key, still good and unused."""
        head, rest = challenge[: INSTANT_BYTES + NONCE_BYTES], challenge[INSTANT_BYTES + NONCE_BYTES :]
        mac, tail = rest[:MAC_BYTES], rest[MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(head + tail, use, subject)):
            raise refused("Cette réponse ne répond pas à notre demande.")
        if tail != _bound(key):
            raise refused("Cette réponse a été donnée pour une autre page.")
        if not 0 <= now_us - int.from_bytes(head[:INSTANT_BYTES], "big") <= self._life_us:
            raise refused("Cette réponse vient trop tard.")
        if challenge in self._spent:
            raise refused("Cette réponse a déjà servi.")

    def spend(self, challenge: bytes, now_us: int) -> None:
        """Never accept this challenge again."""
        if len(self._spent) >= SPENT_LIMIT:
            self._spent = {one: at for one, at in self._spent.items() if now_us - at <= self._life_us}
        if len(self._spent) >= SPENT_LIMIT:
            raise TooManyRequests(
                "Trop de connexions en même temps.", todo="Réessayez dans cinq minutes.", retry_after_s=300
            )
        self._spent[challenge] = now_us

    def _mac(self, head: bytes, use: Use, subject: str) -> bytes:
        return hmac.digest(self._key, head + f"{use.value}\0{subject}".encode(), "sha256")


def _bound(key: bytes) -> bytes:
    return sha256(key).digest() if key else b""


def registration_options(site: Site, challenge: bytes, person: str, login: str, known: list[bytes]) -> dict[str, Any]:
    """What ``navigator.credentials.create`` is asked: a discoverable credential that verifies its user."""
    options = generate_registration_options(
        rp_id=site.domain,
        rp_name="Guet",
        user_id=person.encode(),
        user_name=login,
        challenge=challenge,
        timeout=CEREMONY_TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    # The secret that unlocks a commune's key must be possible from the start; who cannot make one ignores this.
    return {**options_to_json_dict(options), "extensions": {"prf": {}}}


def assertion_options(site: Site, challenge: bytes, known: list[bytes]) -> dict[str, Any]:
    """What ``navigator.credentials.get`` is asked; ``known`` is empty when nobody has said who they are."""
    options = generate_authentication_options(
        rp_id=site.domain,
        challenge=challenge,
        timeout=CEREMONY_TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options_to_json_dict(options))


def challenge_of(site: Site, answer: dict[str, Any]) -> bytes:
    """The challenge that an answer carries; Refused when it is unreadable or was given to another site."""
    try:
        if len(json.dumps(answer)) > ANSWER_LIMIT_CHARS:
            raise refused("Cette réponse est trop longue.")
        client = json.loads(base64url_to_bytes(str(answer["response"]["clientDataJSON"])))
        origin, challenge = str(client["origin"]), base64url_to_bytes(str(client["challenge"]))
        crossed = client.get("crossOrigin") is True
    except UNREADABLE as error:
        raise refused("La réponse de la clé d’accès est illisible.") from error
    if origin != site.origin or crossed:
        raise refused(f"La clé d’accès a répondu à un autre site : {origin[:80]}.")
    return challenge


def check_registration(site: Site, challenge: bytes, answer: dict[str, Any]) -> VerifiedRegistration:
    """The new credential; Refused unless it is for this domain and its user was present and verified."""
    try:
        return verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.domain,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except UNREADABLE as error:
        raise refused("Cette clé d’accès ne convient pas.") from error


def check_assertion(site: Site, challenge: bytes, answer: dict[str, Any], passkey: Passkey) -> VerifiedAuthentication:
    """The proof of possession; Refused for a wrong signature, domain or user, or a counter that went back."""
    try:
        proof = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.domain,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # ours below says why it refuses
            require_user_verification=True,
        )
        handle = answer["response"].get("userHandle")
        stranger = handle is not None and base64url_to_bytes(str(handle)) != passkey.person.encode()
    except UNREADABLE as error:
        raise refused("La preuve de cette clé d’accès n’est pas valable.") from error
    if stranger:
        raise refused("Cette clé d’accès est au nom d’une autre personne.")
    if (proof.new_sign_count or passkey.sign_count) and proof.new_sign_count <= passkey.sign_count:
        raise refused("Le compteur de cette clé d’accès a reculé : elle a peut-être été copiée.")
    return proof


def can_sync(kind: CredentialDeviceType) -> bool:
    """Whether a credential of this kind may live on several devices."""
    return kind is CredentialDeviceType.MULTI_DEVICE


def fingerprint(credential: bytes) -> str:
    """How the journal and pages name a credential: half of its id's SHA-256, in hex."""
    return sha256(credential).hexdigest()[:32]


def refused(what: str) -> Refused:
    """A ceremony that proves nothing, with its reason."""
    return Refused(what, todo="Recommencez depuis cette page, ou entrez autrement.", rule=RULE)
