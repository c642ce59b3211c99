"""Permits: signed, bound to a session, four seconds long; the only thing that opens a picture (design §6).

token = b64url(payload JSON) "." b64url(Ed25519 over ``b"guet/permit/v1\\0" ‖ payload JSON``), see
docs/formats/permit.md. A ``Permit`` exists only as the result of ``verify_permit``: code that forgets the
check has nothing to pass on.
"""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vms.clock import MICRO, UtcTime
from vms.errors import Damaged, Refused
from vms.keeper.protocol import Act
from vms.keys import b64url
from vms.keys.signing import sign, verify

CONTEXT: Final = b"guet/permit/v1\0"
LIFETIME_US: Final = 4 * MICRO
# The keeper and its readers share one machine's clock or are kept within this of each other.
CLOCK_SKEW_US: Final = 1 * MICRO
TOKEN_LIMIT_BYTES: Final = 16 * 1024
CAMERAS_LIMIT: Final = 64
_FROM_VERIFY: Final = object()
RULE: Final = "P-58"


class PermitPayload(BaseModel):
    """What a permit says, before its signature is checked: never act on this alone."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(min_length=32, max_length=32, pattern="^[0-9a-f]{32}$")
    session: str = Field(min_length=1, max_length=64)
    person: str = Field(min_length=1, max_length=64)
    act: Act = Field(strict=False)
    commune: str = Field(min_length=1, max_length=64)
    cameras: tuple[str, ...] = Field(min_length=1, max_length=CAMERAS_LIMIT, strict=False)
    from_us: int | None = None
    to_us: int | None = None
    purpose: str = ""
    motive: str = ""
    issued_us: int
    expires_us: int


class Permit:
    """A permit whose signature and dates were checked; ``verify_permit`` is its only maker."""

    __slots__ = ("payload", "token")

    def __init__(self, payload: PermitPayload, token: str, *, made_by: object) -> None:
        if made_by is not _FROM_VERIFY:
            raise TypeError("a Permit is made by verify_permit only")
        self.payload = payload
        self.token = token

    @property
    def id(self) -> str:
        """The consultation this permit belongs to; the same through all its renewals."""
        return self.payload.id

    @property
    def expires(self) -> UtcTime:
        """From this instant on the permit opens nothing."""
        return UtcTime(self.payload.expires_us)

    def allows(self, act: Act | str, camera: str) -> bool:
        """Whether it is for this act on this camera."""
        return self.payload.act == act and camera in self.payload.cameras

    def covers(self, from_us: int, to_us: int) -> bool:
        """Whether the footage range ``[from_us, to_us)`` lies in the permit's span; an open side has no
        bound.
        """
        low, high = self.payload.from_us, self.payload.to_us
        return from_us < to_us and (low is None or low <= from_us) and (high is None or to_us <= high)

    def require(self, act: Act | str, camera: str, now: UtcTime) -> None:
        """Raise Refused unless the permit is for this act and camera and has not run out."""
        if not self.allows(act, camera):
            raise _refused("Ce permis n’est pas pour cette caméra ou cet acte.", camera)
        if now.us >= self.payload.expires_us:
            raise _refused("Ce permis a expiré.", camera)


def sign_permit(payload: PermitPayload, private: bytes) -> str:
    """The token for a payload; only the keeper holds such a key."""
    body = payload.model_dump_json().encode()
    return f"{b64url.encode(body)}.{b64url.encode(sign(private, CONTEXT, body))}"


def verify_permit(token: str, keeper_public: bytes, now: UtcTime) -> Permit:
    """The permit in ``token``, checked against the keeper's raw Ed25519 key and ``now``; raises Refused
    otherwise.
    """
    if len(token) > TOKEN_LIMIT_BYTES:
        raise _refused("Ce permis est trop long.")
    # (1) two parts of canonical base64url
    head, dot, tail = token.partition(".")
    if not dot:
        raise _refused("Ce permis est illisible.")
    try:
        body, signature = b64url.decode(head), b64url.decode(tail)
    except ValueError as error:
        raise _refused("Ce permis est illisible.") from error
    # (2) the signature, before anything in the payload is looked at
    try:
        verify(keeper_public, CONTEXT, body, signature)
    except Damaged as error:
        raise _refused("Ce permis n’est pas signé par le gardien.") from error
    # (3) the payload and its dates
    payload = _payload(body)
    if payload.expires_us - payload.issued_us > LIFETIME_US or payload.issued_us > now.us + CLOCK_SKEW_US:
        raise _refused("Les dates de ce permis sont impossibles.")
    if now.us >= payload.expires_us:
        raise _refused("Ce permis a expiré.")
    return Permit(payload, token, made_by=_FROM_VERIFY)


def _payload(body: bytes) -> PermitPayload:
    try:
        data: Any = json.loads(body)
        return PermitPayload.model_validate(data)
    except (ValueError, ValidationError, RecursionError) as error:
        raise _refused("Ce permis est illisible.") from error


def _refused(what: str, where: str = "") -> Refused:
    return Refused(what, where=where, todo="Redemandez l’accès.", rule=RULE)
