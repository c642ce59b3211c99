"""A person's own account: passkeys to sign in and to confirm with, registered and removed by that person alone."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from vms.keeper.protocol import Use
from web.api.session import SessionView, view_of, workstation_of
from web.deps import Srv, Token
from web.security import set_cookie

router = APIRouter(tags=["account"])
LABEL_LIMIT_CHARS: Final = 60


class PasskeyOptions(BaseModel):
    """What ``navigator.credentials`` is to be asked (WebAuthn level 3, JSON form)."""

    options: dict[str, Any]


class PasskeyAnswer(BaseModel):
    """What the browser answered (``PublicKeyCredential.toJSON``)."""

    answer: dict[str, Any]


class NewPasskey(PasskeyAnswer):
    """A passkey to keep, under a name of the person's."""

    label: str = Field(min_length=1, max_length=LABEL_LIMIT_CHARS)


class PasskeyView(BaseModel):
    """A passkey as its owner sees it."""

    id: str
    label: str
    synced: bool
    backed_up: bool
    created_us: int
    used_us: int | None


class SecondFactorView(BaseModel):
    """Since when a second factor is asked (None: it is not), and how many recovery codes are left."""

    since_us: int | None
    codes_left: int


class AccountView(BaseModel):
    """The means by which a person signs in; ``passkeys_possible`` is false where the address allows none."""

    passkeys: tuple[PasskeyView, ...]
    passkeys_possible: bool
    second_factor: SecondFactorView


class Enrolment(BaseModel):
    """A secret to enrol: as text, as an ``otpauth:`` address, and drawn (an SVG in a ``data:`` address)."""

    secret: str
    address: str
    drawing: str


class EnrolmentProof(BaseModel):
    """The password, which seals the secret, and a code of it."""

    password: str = Field(min_length=1, max_length=500)
    code: str = Field(min_length=1, max_length=20)


class RecoveryCodes(BaseModel):
    """Recovery codes, told once."""

    codes: tuple[str, ...]


class NewPassword(BaseModel):
    """The password in force, and the one to come."""

    password: str = Field(min_length=1, max_length=500)
    new: str = Field(min_length=12, max_length=500)


@router.post("/session/passkey/options")
async def sign_in_options(services: Srv) -> PasskeyOptions:
    """A challenge for somebody who wants to sign in; nobody has to say who they are."""
    return PasskeyOptions(options=await services.keeper.accounts.passkey_options(Use.SIGN_IN))


@router.post("/session/passkey")
async def sign_in(body: PasskeyAnswer, request: Request, response: Response, services: Srv) -> SessionView:
    """Open a session by passkey."""
    session = await services.keeper.accounts.passkey_sign_in(body.answer, workstation_of(request))
    set_cookie(response, session.token)
    return view_of(session, services)


@router.post("/session/step-up/passkey/options")
async def step_up_options(token: Token, services: Srv) -> PasskeyOptions:
    """A challenge to confirm a decision, an extraction or a validation with."""
    return PasskeyOptions(options=await services.keeper.accounts.passkey_options(Use.STEP_UP, token))


@router.post("/session/step-up/passkey")
async def step_up(body: PasskeyAnswer, token: Token, services: Srv) -> SessionView:
    """Confirm by passkey in place of the password."""
    return view_of(await services.keeper.accounts.passkey_step_up(token, body.answer), services)


@router.get("/account")
async def account(token: Token, services: Srv) -> AccountView:
    """The caller's own means of signing in."""
    return AccountView(**await services.keeper.accounts.account(token))


@router.post("/account/passkeys/options")
async def register_options(token: Token, services: Srv) -> PasskeyOptions:
    """A challenge to register a passkey with."""
    return PasskeyOptions(options=await services.keeper.accounts.passkey_options(Use.REGISTER, token))


@router.post("/account/passkeys", status_code=201)
async def register(body: NewPasskey, token: Token, services: Srv) -> AccountView:
    """Keep a new passkey."""
    return AccountView(**await services.keeper.accounts.passkey_register(token, body.label, body.answer))


@router.post("/account/passkeys/{passkey}/remove")
async def remove(passkey: str, token: Token, services: Srv) -> AccountView:
    """Forget a passkey."""
    return AccountView(**await services.keeper.accounts.passkey_remove(token, passkey))


@router.post("/account/second-factor/begin")
async def second_factor_begin(token: Token, services: Srv) -> Enrolment:
    """A secret to enrol in an application that shows codes."""
    return Enrolment(**await services.keeper.accounts.second_factor_begin(token))


@router.post("/account/second-factor", status_code=201)
async def second_factor_confirm(body: EnrolmentProof, token: Token, services: Srv) -> RecoveryCodes:
    """Ask for the second factor from now on; the recovery codes are told this once."""
    codes = await services.keeper.accounts.second_factor_confirm(token, body.password, body.code)
    return RecoveryCodes(codes=tuple(codes))


@router.post("/account/second-factor/remove")
async def second_factor_remove(token: Token, services: Srv) -> AccountView:
    """Ask for the password alone again."""
    return AccountView(**await services.keeper.accounts.second_factor_remove(token))


@router.post("/account/password")
async def change_password(body: NewPassword, token: Token, services: Srv) -> AccountView:
    """Change the password; the person's other sessions end."""
    return AccountView(**await services.keeper.accounts.change_password(token, body.password, body.new))
