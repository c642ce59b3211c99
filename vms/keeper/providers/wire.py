"""Talking to an identity provider: bounded in bytes and time, no redirect followed, HTTPS but on this very machine.

The discovery document and the keys are kept for an hour; a key that is not among them is looked for once more, at most
every half minute, since providers renew theirs.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
from joserfc.jwk import Key

from vms.clock import HOUR_US, MICRO, Clock
from vms.errors import Unavailable
from vms.identity_provider import IdentityProvider, safe_address
from vms.keeper.providers.tokens import key_id, keys_of, refused

FETCH_LIMIT_S: Final = 8.0
DOCUMENT_LIMIT_BYTES: Final = 64 * 1024
KEYS_LIMIT_BYTES: Final = 256 * 1024
KEPT_US: Final = HOUR_US
LOOK_AGAIN_US: Final = 30 * MICRO
TOKEN_LIMIT_CHARS: Final = 16 * 1024
SECRET_LIMIT_BYTES: Final = 4096
CONFIGURATION: Final = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What we use of a discovery document."""

    authorization: str
    token: str
    userinfo: str
    keys: str
    end_session: str
    names_itself: bool  # its answers carry its name (RFC 9207)
    secret_in_body: bool


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was exchanged for."""

    id_token: str
    access_token: str


class ProviderWire:
    """One provider's endpoints; every failure is Unavailable, or Refused when it answered by a refusal."""

    def __init__(self, provider: IdentityProvider, clock: Clock) -> None:
        self.provider = provider
        self._clock = clock
        self._metadata: Metadata | None = None
        self._metadata_us = 0
        self._keys: dict[str, Key] = {}
        self._keys_us: int | None = None

    async def metadata(self) -> Metadata:
        """The discovery document, an hour old at most; Unavailable unless the issuer is the one declared."""
        now_us = self._clock.monotonic_us()
        if self._metadata is None or now_us - self._metadata_us > KEPT_US:
            address = self.provider.issuer.rstrip("/") + CONFIGURATION
            self._metadata = self._read(await self._document(address, DOCUMENT_LIMIT_BYTES))
            self._metadata_us = now_us
        return self._metadata

    async def key(self, token: str) -> Key:
        """The key that a token says it is signed with; Refused when the provider publishes no such key."""
        wanted = key_id(token)
        now_us = self._clock.monotonic_us()
        found = self._found(wanted)
        kept_us = None if self._keys_us is None else now_us - self._keys_us
        if kept_us is None or kept_us > KEPT_US or (found is None and kept_us > LOOK_AGAIN_US):
            self._keys = keys_of(await self._document((await self.metadata()).keys, KEYS_LIMIT_BYTES))
            self._keys_us = now_us
            found = self._found(wanted)
        if found is None:
            raise refused("La signature du fournisseur d’identité est d’une clé qu’il ne publie pas.")
        return found

    async def redeem(self, code: str, verifier: str, return_address: str) -> Tokens:
        """Exchange a code (RFC 6749 §4.1.3, RFC 7636); Refused when the provider does not know it."""
        metadata = await self.metadata()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": return_address}
        form |= {"code_verifier": verifier, "client_id": self.provider.client_id}
        auth = None
        if metadata.secret_in_body:
            form["client_secret"] = self._secret()
        else:
            auth = httpx.BasicAuth(quote(self.provider.client_id, safe=""), quote(self._secret(), safe=""))
        status, _kind, body = await self._fetch("POST", metadata.token, DOCUMENT_LIMIT_BYTES, data=form, auth=auth)
        if status in (400, 401, 403):
            raise refused(f"{self.provider.name} n’a pas reconnu cette connexion.")
        answer = self._object(status, body)
        tokens = Tokens(str(answer.get("id_token", "")), str(answer.get("access_token", "")))
        if not (0 < len(tokens.id_token) <= TOKEN_LIMIT_CHARS and 0 < len(tokens.access_token) <= TOKEN_LIMIT_CHARS):
            raise refused(f"{self.provider.name} n’a pas remis de jeton utilisable.")
        return tokens

    async def user_info(self, access_token: str) -> tuple[str, bytes]:
        """What the provider says of the person: (content type, body), of whom is the caller's to check."""
        headers = {"Authorization": f"Bearer {access_token}"}
        try:
            status, kind, body = await self._fetch(
                "GET", (await self.metadata()).userinfo, DOCUMENT_LIMIT_BYTES, headers=headers
            )
        except ValueError as error:  # an access token that no header can carry
            raise self._away("n’a pas remis de jeton utilisable") from error
        if status != 200:
            raise self._away(f"a répondu {status}")
        return kind.partition(";")[0].strip().lower(), body

    def _found(self, wanted: str | None) -> Key | None:
        if wanted is None:  # then there must be no choice
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(wanted)

    def _secret(self) -> str:
        try:
            with self.provider.secret_file.open("rb") as file:
                return file.read(SECRET_LIMIT_BYTES).decode().strip()
        except (OSError, ValueError) as error:
            what = f"Le secret du service auprès de {self.provider.name} manque."
            raise Unavailable(what, todo="L’hébergeur vérifie secret_file.") from error

    def _read(self, document: dict[str, Any]) -> Metadata:
        if document.get("issuer") != self.provider.issuer:
            raise self._away("se dit un autre que celui qui est déclaré")
        loopback = self.provider.on_loopback
        names = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")
        found = {name: str(document.get(name, "")) for name in names}
        if not all(safe_address(one, loopback=loopback) for one in found.values()):
            raise self._away("donne une adresse qui n’est pas sûre")
        end = str(document.get("end_session_endpoint", ""))
        methods = document.get("token_endpoint_auth_methods_supported")
        return Metadata(
            authorization=found["authorization_endpoint"],
            token=found["token_endpoint"],
            userinfo=found["userinfo_endpoint"],
            keys=found["jwks_uri"],
            end_session=end if safe_address(end, loopback=loopback) else "",
            names_itself=document.get("authorization_response_iss_parameter_supported") is True,
            secret_in_body=isinstance(methods, list) and "client_secret_post" in methods,
        )

    async def _document(self, address: str, limit_bytes: int) -> dict[str, Any]:
        status, _kind, body = await self._fetch("GET", address, limit_bytes)
        return self._object(status, body)

    def _object(self, status: int, body: bytes) -> dict[str, Any]:
        if status != 200:
            raise self._away(f"a répondu {status}")
        try:
            document = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise self._away("a répondu de façon illisible") from error
        if not isinstance(document, dict):
            raise self._away("a répondu de façon illisible")
        return document

    async def _fetch(self, method: str, address: str, limit_bytes: int, **asked: Any) -> tuple[int, str, bytes]:
        """One exchange: (status, content type, body). A body that is longer than ``limit_bytes`` is read no further."""
        headers = {"Accept-Encoding": "identity", **asked.pop("headers", {})}
        through_proxy = not self.provider.on_loopback
        try:
            async with (
                asyncio.timeout(FETCH_LIMIT_S),
                httpx.AsyncClient(verify=_trusted(), trust_env=through_proxy, follow_redirects=False) as http,
                http.stream(method, address, headers=headers, timeout=FETCH_LIMIT_S, **asked) as response,
            ):
                body = bytearray()
                async for part in response.aiter_raw():
                    body += part
                    if len(body) > limit_bytes:
                        raise self._away("n’en finit pas de répondre")
                return response.status_code, response.headers.get("content-type", ""), bytes(body)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            raise self._away("ne répond pas") from error

    def _away(self, how: str) -> Unavailable:
        where = urlsplit(self.provider.issuer).hostname or ""
        return Unavailable(f"{self.provider.name} {how}.", where=where, todo="Réessayez, ou entrez autrement.")


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that this machine trusts: a town's own stand there, not in a list of ours."""
    return ssl.create_default_context()
