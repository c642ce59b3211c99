"""Signed wishes: what a person asks for, signed by the key that their page made at sign-in (decision 0015).

token = b64url(wish JSON) "." b64url(ECDSA P-256 with SHA-256 over ``b"guet/wish/v1\\0" ‖ wish JSON``, as r ‖ s), see
docs/formats/wish.md. The keeper gives neither permit nor key without one, so a web process that was taken over cannot
ask in a person's name.
"""

from __future__ import annotations

import secrets
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vms.errors import BadInput, Refused
from vms.keys import b64url

CONTEXT: Final = b"guet/wish/v1\0"
RULE: Final = "P-58"
TOKEN_LIMIT_CHARS: Final = 32 * 1024
POINT_BYTES: Final = 65  # uncompressed: 04 ‖ x ‖ y
SCALAR_BYTES: Final = 32
SHA256: Final = ec.ECDSA(hashes.SHA256())


class Wish(BaseModel):
    """One thing asked for: an act, on what, for which commune and motive, in which session, when (``moment``)."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    session: str = Field(min_length=1, max_length=64)
    moment: str = Field(min_length=1, max_length=64)
    nonce: str = Field(pattern="^[0-9a-f]{32}$")
    act: str = Field(min_length=1, max_length=40)
    commune: str = Field(default="", max_length=64)
    purpose: str = Field(default="", max_length=8)
    motive: str = Field(default="", max_length=300)
    cameras: tuple[str, ...] = Field(default=(), max_length=64, strict=False)
    from_us: int | None = None
    to_us: int | None = None
    view: str = Field(default="", max_length=64)
    request: str = Field(default="", max_length=80)
    public: str = Field(default="", max_length=64)
    args: dict[str, Any] = Field(default_factory=dict)


class PageKey:
    """The key pair of one session, where no browser makes one: the command line, the demonstration, tests."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | None = None) -> None:
        self._private = private or ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> str:
        """What the keeper binds to the session at sign-in: base64url of the uncompressed point."""
        return b64url.encode(self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    def sign(self, session: str, moment: str, act: str, **more: Any) -> str:
        """The token of a wish; ``session`` and ``moment`` are as the keeper last told them."""
        wish = Wish(session=session, moment=moment, nonce=secrets.token_hex(16), act=act, **more)
        body = wish.model_dump_json().encode()
        r, s = decode_dss_signature(self._private.sign(CONTEXT + body, SHA256))
        signature = r.to_bytes(SCALAR_BYTES, "big") + s.to_bytes(SCALAR_BYTES, "big")
        return f"{b64url.encode(body)}.{b64url.encode(signature)}"

    def dump(self) -> str:
        """The private key for a private file, in hex."""
        return f"{self._private.private_numbers().private_value:064x}"

    @staticmethod
    def load(text: str) -> PageKey:
        """The key that ``dump`` wrote; BadInput for anything else."""
        try:
            return PageKey(ec.derive_private_key(int(text, 16), ec.SECP256R1()))
        except ValueError as error:
            raise BadInput("Cette clé de page est illisible.", todo="Connectez-vous de nouveau.") from error


def public_of(text: str) -> bytes:
    """The page key given at sign-in, as its point; empty when none was given, BadInput when it is no key."""
    if not text:
        return b""
    try:
        point = b64url.decode(text[:100])
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError as error:
        raise BadInput("La clé de page n’est pas une clé P-256.", where="key") from error
    if len(point) != POINT_BYTES:
        raise BadInput("La clé de page est un point P-256 entier.", where="key")
    return point


def read_wish(token: str, public: bytes) -> Wish:
    """The wish in ``token`` once its signature by ``public`` holds; Refused otherwise, with its reason."""
    if not token:
        raise refused("Cette demande n’est pas signée par la page de la personne.")
    if len(token) > TOKEN_LIMIT_CHARS:
        raise refused("Cette demande signée est trop longue.")
    head, _, tail = token.partition(".")
    try:
        body, signature = b64url.decode(head), b64url.decode(tail)
    except ValueError as error:
        raise refused("Cette demande signée est illisible.") from error
    # The signature, before anything in the wish is looked at.
    try:
        r, s = (int.from_bytes(part, "big") for part in (signature[:SCALAR_BYTES], signature[SCALAR_BYTES:]))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
        key.verify(encode_dss_signature(r, s), CONTEXT + body, SHA256)
    except (InvalidSignature, ValueError) as error:
        raise refused("Cette demande n’est pas signée par la clé de cette session.") from error
    try:
        return Wish.model_validate_json(body)
    except (ValidationError, ValueError, RecursionError) as error:
        raise refused("Cette demande signée est illisible.") from error


def refused(what: str) -> Refused:
    """A wish that gives nothing, with its reason."""
    return Refused(what, todo="Recommencez depuis votre page ; si cela dure, reconnectez-vous.", rule=RULE)
