"""Signing in and out, acting for one commune with a motive, unlocking a commune's key."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from vms.errors import Unauthenticated
from vms.keeper.protocol import Acting, CommuneChoice, PersonView, Session
from web.client_address import address_of
from web.deps import Srv, Token
from web.security import clear_cookie, post_of, set_cookie, set_post_cookie, token_of
from web.workstation import workstation

router = APIRouter(prefix="/session", tags=["session"])
PAGE_KEY_LIMIT_CHARS = 100


class SessionView(BaseModel):
    """A session as pages see it: everything but its secret; ``id`` and ``moment`` go into what the page signs."""

    id: str
    moment: str
    person: PersonView
    expires_us: int
    idle_expires_us: int
    communes: tuple[CommuneChoice, ...]
    acting: Acting | None
    step_up_until_us: int
    unlocked: dict[str, bool]
    holder_of: tuple[str, ...]
    unlocks_by_passkey: tuple[str, ...]
    unlocks_by_token: tuple[str, ...]
    has_passkey: bool
    demo: bool


class SignIn(BaseModel):
    """Login and password, a code for an account that has a second factor, and the page's public key.

    A session opened without ``key`` reads, and opens no picture (decision 0015).
    """

    login: str = Field(min_length=1, max_length=120)
    password: str = Field(min_length=1, max_length=500)
    code: str = Field(default="", max_length=100)
    key: str = Field(default="", max_length=PAGE_KEY_LIMIT_CHARS)


class ActFor(BaseModel):
    """One commune, one purpose of L251-2, and what gives rise to it (P-02, P-62); no purpose, no picture."""

    commune: str = Field(min_length=1, max_length=64)
    purpose: str = Field(default="", max_length=40)
    motive: str = Field(default="", max_length=200)


class Password(BaseModel):
    """The password, given again for a grave act."""

    password: str = Field(min_length=1, max_length=500)


class DeviceIn(BaseModel):
    """A PKCS#11 token of the keeper's machine by its label, and its PIN."""

    label: str = Field(min_length=1, max_length=32)
    pin: str = Field(min_length=1, max_length=100, repr=False)


class UnlockAsk(BaseModel):
    """Which commune's key; ``adding`` a passkey that is to open it from now on."""

    commune: str = Field(min_length=1, max_length=64)
    adding: bool = False


class UnlockOptions(BaseModel):
    """What ``navigator.credentials`` is to be asked, and the PRF's input (base64)."""

    options: dict[str, Any]
    input: str


class Unlock(BaseModel):
    """A holder's passphrase for a commune's key, a passkey's answer and secret, or a token; the first three together to
    add the passkey.
    """

    commune: str = Field(min_length=1, max_length=64)
    passphrase: str = Field(default="", max_length=500)
    answer: dict[str, Any] | None = None
    secret: str = Field(default="", max_length=100)
    device: DeviceIn | None = None


class TokenView(BaseModel):
    """A session for the command line, which keeps its token itself."""

    token: str
    session: SessionView


class SignedOut(BaseModel):
    """Where the browser signs out of the identity provider that opened the session; empty for other means."""

    leave: str


def view_of(session: Session, services: Srv) -> SessionView:
    """The session without its secret."""
    return SessionView(**session.model_dump(exclude={"token"}), demo=services.settings.demo)


def workstation_of(request: Request) -> str:
    """Where a request comes from, as the journal names it."""
    return workstation(address_of(request) or "?", request.headers.get("user-agent", ""))


@router.post("")
async def sign_in(body: SignIn, request: Request, response: Response, services: Srv) -> SessionView:
    """Open a session; the token goes into a cookie that scripts cannot read."""
    post = post_of(request)
    place = workstation_of(request)
    address = address_of(request)
    session = await services.keeper.sign_in(body.login, body.password, place, body.code, post, body.key, address)
    set_cookie(response, session.token)
    set_post_cookie(response, post)
    return view_of(session, services)


@router.post("/token")
async def sign_in_for_command_line(body: SignIn, request: Request, services: Srv) -> TokenView:
    """Open a session whose token the caller keeps and sends as a bearer (``vms login``)."""
    place = workstation_of(request)
    session = await services.keeper.sign_in(
        body.login, body.password, place, body.code, key=body.key, address=address_of(request)
    )
    return TokenView(token=session.token, session=view_of(session, services))


@router.get("")
async def current(request: Request, services: Srv) -> SessionView | None:
    """The session as it stands, or null when nobody is signed in; asking does not prolong it."""
    try:
        return view_of(await services.keeper.session(token_of(request)), services)
    except Unauthenticated:
        return None


@router.delete("")
async def sign_out(token: Token, response: Response, services: Srv) -> SignedOut:
    """End the session and every view it opened."""
    clear_cookie(response)
    return SignedOut(leave=await services.keeper.sign_out(token))


@router.post("/act")
async def act_for(body: ActFor, token: Token, services: Srv) -> SessionView:
    """Act for one commune from now on; views opened for another end at their next renewal."""
    return view_of(await services.keeper.act_for(token, body.commune, body.purpose, body.motive), services)


@router.post("/step-up")
async def step_up(body: Password, token: Token, services: Srv) -> SessionView:
    """Give the password again before a decision, an extraction or a validation."""
    return view_of(await services.keeper.step_up(token, body.password), services)


@router.post("/extend")
async def extend(token: Token, services: Srv) -> SessionView:
    """Prolong an idle session (checklist: warned two minutes before)."""
    return view_of(await services.keeper.extend(token), services)


@router.post("/unlock/options")
async def unlock_options(body: UnlockAsk, token: Token, services: Srv) -> UnlockOptions:
    """A challenge for a holder's passkeys."""
    asked = await services.keeper.accounts.unlock_options(token, body.commune, adding=body.adding)
    return UnlockOptions(**asked)


@router.post("/unlock")
async def unlock(body: Unlock, token: Token, services: Srv) -> SessionView:
    """A holder opens the commune's key; replay becomes possible until the keeper restarts."""
    if body.device is not None:
        await services.keeper.accounts.unlock_by_token(token, body.commune, body.device.model_dump())
    else:
        await services.keeper.unlock(token, body.commune, body.passphrase, body.answer, body.secret)
    return view_of(await services.keeper.session(token), services)
