"""Signing in at an identity provider: the browser carries a code and a state, the keeper judges what they prove."""

from __future__ import annotations

import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field

from web.api.account import AccountView
from web.api.session import PAGE_KEY_LIMIT_CHARS, SessionView, view_of, workstation_of
from web.deps import Srv, Statement, Token
from web.security import TOKEN_LIMIT_CHARS, post_of, set_cookie, set_post_cookie

router = APIRouter(tags=["account"])
# Which browser began; it lives as long as a request does, and opens nothing.
COOKIE: Final = "__Host-guet-oidc"
COOKIE_LIFE_S: Final = 15 * 60
BROWSER_BYTES: Final = 24

Provider = Annotated[str, Path(max_length=31)]


class ProviderView(BaseModel):
    """A provider whose button stands at the door; ``kind`` is ``proconnect`` or ``openid``."""

    id: str
    kind: str
    label: str


class ProvidersView(BaseModel):
    """The identity providers that the host declares."""

    providers: tuple[ProviderView, ...]


class Departure(BaseModel):
    """Where the browser is to go."""

    address: str


class Leaving(BaseModel):
    """The public key of the page that wants to sign in."""

    key: str = Field(default="", max_length=PAGE_KEY_LIMIT_CHARS)


class Homecoming(BaseModel):
    """What the provider sent the browser back with (OpenID Connect Core §3.1.2.5, RFC 9207)."""

    state: str = Field(min_length=1, max_length=200)
    code: str = Field(default="", max_length=4096)
    iss: str = Field(default="", max_length=300)
    error: str = Field(default="", max_length=200)


class SignInReturn(Homecoming, Leaving):
    """The same, and the key that the request was begun for."""


@router.get("/session/providers")
async def providers(services: Srv) -> ProvidersView:
    """The providers at the door."""
    found = await services.keeper.accounts.providers()
    return ProvidersView(providers=tuple(ProviderView(**one) for one in found))


@router.post("/session/providers/{provider}/begin")
async def begin(provider: Provider, body: Leaving, response: Response, services: Srv) -> Departure:
    """Begin to sign in; the answer is good for this browser and its page's key, once."""
    browser = _new_browser(response)
    return Departure(address=await services.keeper.accounts.provider_begin(provider, browser, key=body.key))


@router.post("/session/providers/return")
async def sign_in(body: SignInReturn, request: Request, response: Response, services: Srv) -> SessionView:
    """Open a session by an identity that its person has linked."""
    post, browser = post_of(request), _browser(request, response)
    answer, place = body.model_dump(exclude={"key"}), workstation_of(request)
    session = await services.keeper.accounts.provider_sign_in(answer, browser, place, post, body.key)
    set_cookie(response, session.token)
    set_post_cookie(response, post)
    return view_of(session, services)


@router.post("/account/providers/{provider}/begin")
async def begin_link(provider: Provider, response: Response, token: Token, services: Srv) -> Departure:
    """Begin to link an identity to the caller, who has just confirmed who they are."""
    browser = _new_browser(response)
    return Departure(address=await services.keeper.accounts.provider_begin(provider, browser, token))


@router.post("/account/providers/return", status_code=201)
async def link(
    body: Homecoming, request: Request, response: Response, token: Token, statement: Statement, services: Srv
) -> AccountView:
    """Link the identity that was proven to the caller, whose page signs what it brings back."""
    browser = _browser(request, response)
    return AccountView(**await services.keeper.accounts.provider_link(token, body.model_dump(), browser, statement))


@router.post("/account/identities/{identity}/remove")
async def remove(identity: str, token: Token, services: Srv) -> AccountView:
    """Forget one of the caller's identities."""
    return AccountView(**await services.keeper.accounts.identity_remove(token, identity))


def _new_browser(response: Response) -> str:
    browser = secrets.token_urlsafe(BROWSER_BYTES)
    response.set_cookie(COOKIE, browser, max_age=COOKIE_LIFE_S, secure=True, httponly=True, samesite="strict", path="/")
    return browser


def _browser(request: Request, response: Response) -> str:
    """The browser's secret; it has served, whatever the answer is worth."""
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="strict", path="/")
    return request.cookies.get(COOKIE, "")[:TOKEN_LIMIT_CHARS]
