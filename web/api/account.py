"""A person's own account: passkeys to sign in and to confirm with, registered and removed by that person alone."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from vms.keeper.protocol import Use
from web.api.session import PAGE_KEY_LIMIT_CHARS, SessionView, view_of, workstation_of
from web.client_address import address_of
from web.deps import Acting, Srv, Statement, Token
from web.security import post_of, set_cookie, set_post_cookie

router = APIRouter(tags=["account"])
LABEL_LIMIT_CHARS: Final = 60


class PasskeyOptions(BaseModel):
    """What ``navigator.credentials`` is to be asked (WebAuthn level 3, JSON form)."""

    options: dict[str, Any]


class PasskeyAnswer(BaseModel):
    """What the browser answered (``PublicKeyCredential.toJSON``)."""

    answer: dict[str, Any]


class PasskeyAsk(BaseModel):
    """The public key of the page that wants to sign in."""

    key: str = Field(default="", max_length=PAGE_KEY_LIMIT_CHARS)


class PasskeySignIn(PasskeyAsk, PasskeyAnswer):
    """The answer, and the key that its challenge was given for."""


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


class IdentityView(BaseModel):
    """An identity at a provider, as its owner sees it."""

    id: str
    provider: str
    label: str
    created_us: int
    used_us: int | None


class SessionOf(BaseModel):
    """One of a person's sessions: where, opened by which means and when, last used, acting for which commune.

    ``held``: it serves on its workstation only; ``elsewhere_us``: when its cookie was last refused on another.
    """

    id: str
    workstation: str
    means: str
    since_us: int
    seen_us: int
    commune: str
    current: bool
    held: bool
    elsewhere_us: int | None


class PendingRecovery(BaseModel):
    """A recovery of this account that others approved and its owner can stop; ``from_us`` once it will serve."""

    by: tuple[str, ...]
    since_us: int
    from_us: int | None


class Recovered(BaseModel):
    """How this account was brought back, what fell with it, and why its grave rights still rest."""

    by: tuple[str, ...]
    at_us: int
    second_factor: bool
    passkeys: int
    identities: int
    rests: str
    todo: str


class AccountView(BaseModel):
    """The means by which a person signs in, and where they are; ``passkeys_possible`` is false where the address
    allows none.
    """

    passkeys: tuple[PasskeyView, ...]
    passkeys_possible: bool
    second_factor: SecondFactorView
    identities: tuple[IdentityView, ...]
    workstation: str
    sessions: tuple[SessionOf, ...]
    recovery: PendingRecovery | None
    recovered: Recovered | None


class PersonAccess(BaseModel):
    """Another person's sessions and means, and how far a recovery of their account is."""

    sessions: tuple[SessionOf, ...]
    passkeys: int
    identities: int
    second_factor: bool
    approved_by: tuple[str, ...]
    approved: bool
    opened: bool
    invited_until_us: int | None
    code_from_us: int | None
    code_until_us: int | None


class Motive(BaseModel):
    """Why, for the journal."""

    motive: str = Field(min_length=1, max_length=200)


class RecoveryState(BaseModel):
    """The part of the code that is this approver's to hand over, told once; from when to when all parts together serve,
    None while approvals are missing.
    """

    part: str
    from_us: int | None
    until_us: int | None
    approvals: int
    missing: tuple[str, ...]


class Recovery(BaseModel):
    """All parts of a recovery code, in any order, and the password that its owner chooses."""

    login: str = Field(min_length=1, max_length=120)
    code: str = Field(min_length=1, max_length=400)
    password: str = Field(min_length=12, max_length=500)


class InvitationIn(BaseModel):
    """The code of an invitation, and the password that its owner chooses."""

    login: str = Field(min_length=1, max_length=120)
    code: str = Field(min_length=1, max_length=100)
    password: str = Field(min_length=12, max_length=500)


class WorkstationName(BaseModel):
    """What the journal calls this browser's workstation."""

    label: str = Field(min_length=1, max_length=LABEL_LIMIT_CHARS)


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
async def sign_in_options(services: Srv, body: PasskeyAsk | None = None) -> PasskeyOptions:
    """A challenge for somebody who wants to sign in, which ends with the hash of the page's key; nobody has to say who
    they are.
    """
    key = body.key if body else ""
    return PasskeyOptions(options=await services.keeper.accounts.passkey_options(Use.SIGN_IN, key=key))


@router.post("/session/passkey")
async def sign_in(body: PasskeySignIn, request: Request, response: Response, services: Srv) -> SessionView:
    """Open a session by passkey."""
    post = post_of(request)
    session = await services.keeper.accounts.passkey_sign_in(body.answer, workstation_of(request), post, body.key)
    set_cookie(response, session.token)
    set_post_cookie(response, post)
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
async def register(body: NewPasskey, token: Token, statement: Statement, services: Srv) -> AccountView:
    """Keep a new passkey, whose id the page signed."""
    made = await services.keeper.accounts.passkey_register(token, body.label, body.answer, statement)
    return AccountView(**made)


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


@router.post("/account/sessions/{session}/end")
async def end_session(session: str, token: Token, services: Srv) -> AccountView:
    """End one of the caller's sessions; its views are dark within five seconds."""
    return AccountView(**await services.keeper.accounts.end_session(token, session))


@router.post("/account/workstation")
async def name_workstation(
    body: WorkstationName, request: Request, response: Response, token: Token, statement: Statement, services: Srv
) -> WorkstationName:
    """Name the workstation of this browser; the journal calls it so from now on."""
    post = post_of(request)
    made = await services.keeper.act(token, "name_workstation", {"post": post, "label": body.label}, statement)
    set_post_cookie(response, post)
    return WorkstationName(label=made["label"])


@router.get("/communes/{commune}/people/{person}/access")
async def person_access(commune: Acting, person: str, token: Token, services: Srv) -> PersonAccess:
    """A person's sessions and means."""
    return PersonAccess(**await services.keeper.read(token, "person_access", {"person": person}))


@router.post("/communes/{commune}/people/{person}/end-sessions")
async def end_sessions(
    commune: Acting, person: str, body: Motive, token: Token, statement: Statement, services: Srv
) -> dict[str, Any]:
    """End all sessions of a person; their views are dark within five seconds."""
    return await services.keeper.act(token, "end_sessions", {"person": person, "motive": body.motive}, statement)


@router.post("/communes/{commune}/people/{person}/recovery")
async def approve_recovery(
    commune: Acting, person: str, body: Motive, token: Token, statement: Statement, services: Srv
) -> RecoveryState:
    """Approve that a person's account comes back; each approver hands over their own part of the code."""
    made = await services.keeper.act(token, "approve_recovery", {"person": person, "motive": body.motive}, statement)
    return RecoveryState(**{name: made[name] for name in RecoveryState.model_fields})


@router.post("/session/recover", status_code=204)
async def recover(body: Recovery, request: Request, services: Srv) -> None:
    """Spend a recovery code; sign in with the new password afterwards."""
    place, address = workstation_of(request), address_of(request)
    await services.keeper.accounts.recover(body.login, body.code, body.password, place, address)


@router.post("/session/invitation", status_code=204)
async def accept_invitation(body: InvitationIn, request: Request, services: Srv) -> None:
    """Open one's new account with a password of one's own; sign in with it afterwards."""
    given, place = (body.login, body.code, body.password), workstation_of(request)
    await services.keeper.accounts.accept_invitation(*given, place, post_of(request), address_of(request))


@router.post("/account/recovery/stop")
async def stop_recovery(token: Token, services: Srv) -> AccountView:
    """It was not the owner who asked: the recovery of their account opens nothing."""
    return AccountView(**await services.keeper.accounts.stop_recovery(token))
