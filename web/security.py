"""What protects the pages: headers with a strict CSP, the session cookie, and the origin check.

A session is an opaque token in a ``__Host-`` cookie (Secure, HttpOnly, SameSite=Strict). A browser sends it only from
our own pages; the origin check below says so a second time, for WebSockets too, where SameSite alone decides. The
command line sends the same token as a bearer, and no cookie.
"""

from __future__ import annotations

import secrets
from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vms.errors import Refused, Unauthenticated
from vms.keeper.identity.workstations import presented
from web.problems import problem_of

COOKIE: Final = "__Host-guet"
POST_COOKIE: Final = "__Host-guet-poste"
POST_BYTES: Final = 24
POST_LIFE_S: Final = 400 * 24 * 3600  # as long as browsers keep a cookie
TOKEN_LIMIT_CHARS: Final = 200
STATEMENT_HEADER: Final = "guet-statement"
CSP: Final = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "style-src 'self'",
        "font-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), display-capture=()",
}
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def token_of(connection: HTTPConnection) -> str:
    """The session token of a request or WebSocket, with its workstation's secret; Unauthenticated when there is none.

    The keeper holds a session to the workstation that it was opened on (decision 0027); the command line has none.
    """
    bearer = connection.headers.get("authorization", "")
    by_hand = bearer.lower().startswith("bearer ")
    token = bearer[7:] if by_hand else connection.cookies.get(COOKIE, "")
    if not token or len(token) > TOKEN_LIMIT_CHARS:
        raise Unauthenticated("Vous n’êtes pas connecté.", todo="Connectez-vous.")
    return token if by_hand else presented(token, connection.cookies.get(POST_COOKIE, "")[:TOKEN_LIMIT_CHARS])


def statement_of(connection: HTTPConnection) -> str:
    """What the page signed for this request (``vms.keeper.identity.signed_request``); the keeper judges it, not we."""
    return connection.headers.get(STATEMENT_HEADER, "")


def set_cookie(response: Response, token: str) -> None:
    """Give the page its session; it ends with the browser, and with the keeper's own limits."""
    response.set_cookie(COOKIE, token, secure=True, httponly=True, samesite="strict", path="/")


def post_of(connection: HTTPConnection) -> str:
    """The secret by which this browser's workstation is known; a fresh one when it has none."""
    return connection.cookies.get(POST_COOKIE, "")[:TOKEN_LIMIT_CHARS] or secrets.token_urlsafe(POST_BYTES)


def set_post_cookie(response: Response, post: str) -> None:
    """Let the browser's workstation be known again; by itself it opens nothing."""
    response.set_cookie(POST_COOKIE, post, max_age=POST_LIFE_S, secure=True, httponly=True, samesite="strict", path="/")


def clear_cookie(response: Response) -> None:
    """Take the session cookie back."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict", path="/")


def _foreign_origin(headers: Headers) -> bool:
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


class SecurityMiddleware:
    """Adds the headers, and refuses what another site's page sends (pure ASGI: WebSockets pass here too)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the origin, then pass on with the headers added."""
        if scope["type"] == "websocket" and _foreign_origin(Headers(scope=scope)):
            await send({"type": "websocket.close", "code": 4403, "reason": "origin"})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] not in SAFE_METHODS and _foreign_origin(Headers(scope=scope)):
            error = Refused("Cette demande vient d’un autre site.", todo="Ouvrez Guet et recommencez.", rule="P-09")
            await JSONResponse(problem_of(error).model_dump(), 403)(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                add_headers(message, cacheable=str(scope["path"]).startswith("/assets/"))
            await send(message)

        await self._app(scope, receive, with_headers)


def add_headers(message: MutableMapping[str, Any], *, cacheable: bool) -> None:
    """Put the security headers on a response; nothing but hashed assets may be cached (P-38)."""
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "public, max-age=31536000, immutable" if cacheable else "no-store")
