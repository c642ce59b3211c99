"""SOAP calls to one camera over HTTP, bounded in time and bytes whatever the other side does (decision 0002).

HTTP digest is answered when the camera asks for it (O-24; MD5 and SHA-256); WS-UsernameToken only when it asks for
nothing and refuses. Basic is never answered. Redirects, proxies and compression are off: the bytes come from the
address we chose, and cannot grow after their length was checked.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import xml.etree.ElementTree as ET
from collections.abc import Generator
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import httpx

from vms.clock import Clock
from vms.errors import Unavailable
from vms.onvif.safe_xml import NotXml
from vms.onvif.soap import (
    MAX_ANSWER_BYTES,
    AnswerRefused,
    Credential,
    NotPermitted,
    SoapFault,
    WrongCredential,
    envelope,
    open_envelope,
    username_token,
)

CONNECT_TIMEOUT_S: Final = 3.0
CALL_TIMEOUT_S: Final = 10.0
NONCE_BYTES: Final = 16


class SoapClient:
    """Calls to one camera under one account, or under none."""

    def __init__(
        self,
        clock: Clock,
        credential: Credential | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        call_timeout_s: float = CALL_TIMEOUT_S,
    ) -> None:
        self._clock = clock
        self._credential = credential
        self._call_timeout_s = call_timeout_s
        self._auth = httpx.DigestAuth(credential.username, credential.password) if credential else httpx.Auth()
        self._legacy = False
        # The camera's clock minus ours: a username token is dated on the camera's clock (WSS UsernameToken §3.1).
        self.clock_offset_us = 0
        self._http = httpx.AsyncClient(
            verify=tls if tls is not None else True,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(call_timeout_s, connect=CONNECT_TIMEOUT_S),
            # A fresh connection a call: cameras close idle ones silently, and a retried write could be done twice.
            limits=httpx.Limits(max_connections=2, max_keepalive_connections=0),
        )

    @property
    def legacy_token(self) -> bool:
        """Whether this camera had to be spoken to with WS-UsernameToken (O-10: legacy)."""
        return self._legacy

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def call(self, url: str, body: ET.Element, *, anonymous: bool = False) -> ET.Element:
        """The answer's body element. WrongCredential, NotPermitted, SoapFault, AnswerRefused, NotXml or Unavailable.

        Bounds: CALL_TIMEOUT_S for the whole call, MAX_ANSWER_BYTES for each answer.
        """
        where = urlsplit(url).netloc
        try:
            async with asyncio.timeout(self._call_timeout_s):
                if anonymous or self._credential is None:
                    return self._open(*await self._post(url, envelope(body), where), where, challenged=False)
                return await self._call_as(self._credential, url, body, where)
        except TimeoutError as error:
            raise Unavailable(
                "La caméra n’a pas fini de répondre à temps.",
                where=where,
                todo="Vérifiez son réseau, puis recommencez.",
            ) from error
        except (httpx.RemoteProtocolError, httpx.LocalProtocolError, httpx.DecodingError) as error:
            raise AnswerRefused(
                "Réponse qui n’est pas du HTTP.", where=where, todo="Vérifiez que cette adresse est celle d’une caméra."
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unavailable(
                "Aucune liaison avec la caméra.",
                where=where,
                todo="Vérifiez son adresse, son alimentation, son réseau.",
            ) from error

    async def _call_as(self, credential: Credential, url: str, body: ET.Element, where: str) -> ET.Element:
        if not self._legacy:
            status, data, challenged = await self._post_digest(url, envelope(body), where)
            try:
                return self._open(status, data, where, challenged=challenged)
            except (WrongCredential, SoapFault) as refusal:
                asked = isinstance(refusal, WrongCredential) or refusal.unauthorised
                if challenged or not asked:
                    raise
        created = self._clock.utc().plus(us=self.clock_offset_us)
        header = username_token(credential, created, os.urandom(NONCE_BYTES))
        status, data = await self._post(url, envelope(body, header), where)
        answer = self._open(status, data, where, challenged=False)
        self._legacy = True
        return answer

    def _open(self, status: int, data: bytes, where: str, *, challenged: bool) -> ET.Element:
        """Turn status and bytes into the answer or its error; ``challenged``: the account was proved by digest."""
        if status == httpx.codes.UNAUTHORIZED:
            raise WrongCredential(
                "La caméra n’accepte pas ce compte.",
                where=where,
                todo="Vérifiez l’identifiant et le mot de passe.",
                rule="A-05",
            )
        forbidden = NotPermitted("Ce compte de la caméra n’a pas ce droit.", where=where, rule="O-25")
        if status == httpx.codes.FORBIDDEN:
            raise forbidden
        if status not in (200, 400, 500):
            raise AnswerRefused(
                f"Réponse HTTP {status} : ce service n’existe pas à cette adresse.",
                where=where,
                todo="Vérifiez que l’équipement à cette adresse est une caméra ONVIF.",
            )
        try:
            return open_envelope(data, where)
        except SoapFault as fault:
            if challenged and fault.unauthorised:
                raise forbidden from fault
            raise
        except NotXml as error:
            if status == 200:
                raise
            raise AnswerRefused(f"Réponse HTTP {status} sans enveloppe SOAP.", where=where) from error

    async def _post(self, url: str, content: bytes, where: str) -> tuple[int, bytes]:
        response, data = await self._exchange(self._request(url, content), where)
        return response.status_code, data

    async def _post_digest(self, url: str, content: bytes, where: str) -> tuple[int, bytes, bool]:
        """Post, answering one digest challenge; the last value says whether the account was asked for and given."""
        flow: Generator[httpx.Request, httpx.Response, None] = self._auth.auth_flow(self._request(url, content))
        request = next(flow)
        while True:
            challenged = "Authorization" in request.headers
            response, data = await self._exchange(request, where)
            try:
                request = flow.send(response)
            except StopIteration:
                return response.status_code, data, challenged
            except (KeyError, ValueError, RuntimeError, httpx.ProtocolError) as error:
                raise AnswerRefused(
                    "La caméra demande une authentification inconnue.", where=where, rule="O-24"
                ) from error

    def _request(self, url: str, content: bytes) -> httpx.Request:
        headers = {"Content-Type": "application/soap+xml; charset=utf-8", "Accept-Encoding": "identity"}
        return self._http.build_request("POST", url, content=content, headers=headers)

    async def _exchange(self, request: httpx.Request, where: str) -> tuple[httpx.Response, bytes]:
        """One request and its answer, read raw and cut at MAX_ANSWER_BYTES."""
        response = await self._http.send(request, stream=True, auth=None)
        try:
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise AnswerRefused("Réponse compressée sans qu’on l’ait demandé : refusée.", where=where)
            chunks: list[bytes] = []
            size = 0
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > MAX_ANSWER_BYTES:
                    raise AnswerRefused(f"Réponse de plus de {MAX_ANSWER_BYTES} octets : coupée.", where=where)
                chunks.append(chunk)
        finally:
            await response.aclose()
        return response, b"".join(chunks)
