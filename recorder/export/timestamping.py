"""Asks a time-stamping authority for a token over a package's seal (E-10): an extraction's only call to the outside.

The authorities of ``VMS_TIMESTAMP_URL`` are tried in order. None that answers well means no package: a host that has
promised time-stamps does not hand out evidence without one. An authority gets a hash, never a picture or a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import httpx

from vms import logs
from vms.errors import BadInput, Damaged, GuetError, Unavailable
from vms.evidence.timestamp import ANSWER_LIMIT_BYTES, check, read_roots, request
from vms.settings import Settings

TIMEOUT_S: Final = 10.0
AUTHORITIES_LIMIT: Final = 4
ANSWER_TYPE: Final = "application/timestamp-reply"
QUERY_TYPE: Final = "application/timestamp-query"

log = logs.get("timestamping")


@dataclass(frozen=True, slots=True)
class Authorities:
    """Addresses in the order they are tried, and the root certificates (PEM) their tokens must lead to."""

    urls: tuple[str, ...]
    roots: bytes

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """Those of the settings, or None when there are none; BadInput for roots that cannot be read."""
        urls = tuple(settings.timestamp_url.split())
        if not urls:
            return None
        if len(urls) > AUTHORITIES_LIMIT or settings.timestamp_ca is None:
            raise BadInput("Il faut quatre autorités au plus, et leurs certificats racines.", where="VMS_TIMESTAMP_CA")
        try:
            roots = Path(settings.timestamp_ca).read_bytes()
        except OSError as error:
            raise BadInput("Ce fichier de certificats est illisible.", where="VMS_TIMESTAMP_CA") from error
        read_roots(roots)
        return cls(urls, roots)


async def stamp(authorities: Authorities, data: bytes) -> bytes:
    """An authority's checked answer (DER) over ``data``; Unavailable when none gives a good one."""
    for number, url in enumerate(authorities.urls, 1):
        try:
            return await _ask(url, authorities.roots, data)
        except (GuetError, httpx.HTTPError, httpx.InvalidURL) as error:
            told = error.what if isinstance(error, GuetError) else type(error).__name__
            log.warning("horodatage refusé", authority=number, what=told)
    raise Unavailable(
        "Aucune autorité d’horodatage n’a donné de jeton valable.",
        where="VMS_TIMESTAMP_URL",
        todo="Relancez l’extraction ; si cela dure, prévenez l’hébergeur.",
        rule="E-10",
    )


async def _ask(url: str, roots: bytes, data: bytes) -> bytes:
    asked = request(data)
    answer = bytearray()
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client,
        client.stream("POST", url, content=asked.der, headers={"Content-Type": QUERY_TYPE}) as response,
    ):
        if response.status_code != httpx.codes.OK or response.headers.get("Content-Type") != ANSWER_TYPE:
            raise Damaged("L’autorité n’a pas répondu par un horodatage.")
        async for piece in response.aiter_raw():
            answer += piece
            if len(answer) > ANSWER_LIMIT_BYTES:
                raise Damaged("La réponse de l’autorité est trop longue.")
    check(bytes(answer), data, read_roots(roots), asked.nonce)
    return bytes(answer)
