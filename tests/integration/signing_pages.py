"""Pages' calls in tests: an HTTP client whose acts are signed by the key that the session made at sign-in."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Final

import httpx

from deploy.admin.signed_paths import file_wish_of, wish_of
from tests.integration.keeper_town import Town
from web.app import API

STATEMENT: Final = "Guet-Statement"
Hook = Callable[[httpx.Request], Awaitable[None]]


def signing(place: Town) -> Hook:
    """Signs each POST that a page would, unless the test signed it itself or means to send none (an empty header)."""

    async def sign(request: httpx.Request) -> None:
        if request.method != "POST" or STATEMENT in request.headers:
            return
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        path, data = request.url.path.removeprefix(API), await request.aread()
        wish = file_wish_of(path, dict(request.url.params), data)
        if wish is None:
            try:
                body = json.loads(data or b"{}")
            except ValueError:
                return
            wish = wish_of(path, body) if isinstance(body, dict) else None
        if wish is not None and token:
            request.headers[STATEMENT] = await place.web.statement(token, wish.pop("act"), **wish)

    return sign


def sign_calls(http: httpx.AsyncClient, place: Town) -> httpx.AsyncClient:
    """The client, signing from now on."""
    http.event_hooks["request"].append(signing(place))
    http.event_hooks = http.event_hooks
    return http
