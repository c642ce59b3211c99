"""A bound on every body before it is read: by what its header says, and again as it comes (RFC 9110 §15.5.14).

A declared length beyond the bound is refused before a byte of the body; a chunked body, or one that is longer than it
says, is read no further than the bound. Either way the answer is a 413 problem, whatever the route would have said.
What unfinished bodies hold together is bounded too, so that many callers at once do not fill the memory either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vms.errors import LimitExceeded, TooManyRequests
from vms.keeper.acts.siting import PLAN_LIMIT_BYTES
from web.photo_header import UPLOAD_LIMIT_BYTES
from web.problems import error_answer

MIB: Final = 1024 * 1024
RETRY_S: Final = 2
# A body that is a little longer than its route wants gets the route's own sentence; a longer one, ours.
MARGIN_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How long a body may be: by the start of its path, or for every other path; and all unfinished ones together."""

    other_bytes: int = MIB
    # Whoever is not signed in sends little: what a door or a public form takes at most, many times over.
    by_path: Sequence[tuple[re.Pattern[str], int]] = (
        (re.compile(r"/api/v1/public/"), 8192),
        (re.compile(r"/api/v1/session(/|$)"), 64 * 1024),
        (re.compile(r"/api/v1/communes/[^/]+/cameras/[^/]+/panel-photo$"), UPLOAD_LIMIT_BYTES + MARGIN_BYTES),
        (re.compile(r"/api/v1/communes/[^/]+/site-plans$"), PLAN_LIMIT_BYTES + MARGIN_BYTES),
    )
    unfinished_bytes: int = 24 * MIB
    # Whoever sends no more than this is never turned away for what others send: one can sign in beside a flood.
    small_bytes: int = 16 * 1024

    def of(self, path: str) -> int:
        """The bound of a path's body."""
        return next((limit for pattern, limit in self.by_path if pattern.match(path)), self.other_bytes)


class BodyLimit:
    """Refuses what is too long, and counts what comes (pure ASGI); WebSockets have their own bound."""

    def __init__(self, app: ASGIApp, limits: BodyLimits | None = None) -> None:
        self._app = app
        self._limits = limits or BodyLimits()
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body counted; answer for it when it is too long."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limits.of(str(scope["path"]))
        if said_bytes(Headers(scope=scope)) > limit:
            await error_answer(too_long(limit))(scope, receive, send)
            return
        await self._counted(limit, scope, receive, send)

    async def _counted(self, limit: int, scope: Scope, receive: Receive, send: Send) -> None:
        taken, refused, begun = 0, None, False

        async def bounded() -> Message:
            nonlocal taken, refused
            message = await receive()
            came = len(message.get("body", b""))
            taken, self._held_bytes = taken + came, self._held_bytes + came
            if taken > limit:
                refused = refused or too_long(limit)
            elif taken > self._limits.small_bytes and self._held_bytes > self._limits.unfinished_bytes:
                refused = refused or _too_many()
            if refused is not None:
                # The route gives up, whatever it was doing with the body; what it says of that is not passed on.
                raise HTTPException(refused.status)
            return message

        async def answered(message: Message) -> None:
            nonlocal begun
            if refused is None or begun:
                begun = True
                await send(message)

        try:
            await self._app(scope, bounded, answered)
            if refused is not None and not begun:
                await error_answer(refused)(scope, receive, send)
        finally:
            self._held_bytes -= taken


def said_bytes(headers: Headers) -> int:
    """The length that a request says its body has; 0 when it says none that can be read: it is counted anyway."""
    said = headers.get("content-length", "")[:20]
    return int(said) if said.isascii() and said.isdecimal() else 0


def too_long(limit: int) -> LimitExceeded:
    """The refusal of a body for its length."""
    size = f"{limit // MIB} Mio" if limit >= MIB else f"{limit // 1024} Kio"
    return LimitExceeded("Cette demande est trop longue.", todo=f"Raccourcissez-la : {size} au plus.")


def _too_many() -> TooManyRequests:
    what = "Trop d’envois arrivent en même temps."
    return TooManyRequests(what, todo=f"Réessayez dans {RETRY_S} s.", retry_after_s=RETRY_S)
