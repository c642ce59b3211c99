"""A private key wrapped for a token: ECDH on P-384 with a key that never leaves it, HKDF-SHA-384, AES-256-GCM (A-21).

Opening needs the token, which computes the shared secret from the box's ephemeral public key. The token's own public
key is not in the box, nor anywhere else with us: whoever has the box alone and could break P-384 still lacks it (A-22).
``info`` names commune, holder and token.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vms.errors import BadInput, Refused
from vms.keys import box

KDF: Final = "ecdh-p384-hkdf-sha384"
CURVE: Final = ec.SECP384R1
SHARED_BYTES: Final = 48
CONTEXT: Final = b"guet/token/v1\0"


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A key pair of a token: its id there (hexadecimal) and its public point, uncompressed, which is kept nowhere."""

    id: str
    point: bytes

    @property
    def fingerprint(self) -> str:
        """What the journal calls it: the first 16 bytes of the point's SHA-256, in hexadecimal."""
        return hashlib.sha256(self.point).hexdigest()[:32]


class Ephemeral:
    """A key pair used for one box."""

    def __init__(self) -> None:
        self._private = ec.generate_private_key(CURVE())
        self.point = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def shared(self, key: TokenKey) -> bytes:
        """The secret that the token computes from ``point``; BadInput when its own point is none of P-384."""
        try:
            return self._private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE(), key.point))
        except ValueError as error:
            what = "La clé publique de ce jeton n’est pas sur P-384."
            raise BadInput(what, todo="Désignez une autre clé, ou laissez Guet en créer une.", rule="A-21") from error


def wrap_for_token(private: bytes, key: TokenKey, ephemeral: Ephemeral, info: str) -> dict[str, Any]:
    """Wrap ``private`` for a token's key; the result is JSON data, safe to store."""
    head = box.new_head(KDF, key=key.id, ephemeral=box.text(ephemeral.point))
    return box.shut(head, _key(head, ephemeral.shared(key), info), CONTEXT, private)


def question_of(wrapped: dict[str, Any]) -> tuple[str, bytes]:
    """The id of the token's key that opens a box, and the point to give to it; Damaged when it is no such box."""
    head = box.head_of(wrapped, KDF)
    return str(head.get("key")), box.raw(head.get("ephemeral"))


def unwrap_by_token(wrapped: dict[str, Any], shared: bytes, info: str) -> bytes:
    """The private key; Refused for the secret of another token, Damaged when ``wrapped`` is not what was made."""
    head = box.head_of(wrapped, KDF)
    try:
        return box.opened(wrapped, head, _key(head, shared, info), CONTEXT)
    except InvalidTag as error:
        what = "Ce jeton porte une autre clé : il n’ouvre pas celle de la commune."
        raise Refused(what, todo="Prenez le bon jeton, ou donnez votre phrase de passe.", rule="A-21") from error


def _key(head: dict[str, Any], shared: bytes, info: str) -> bytes:
    derive = HKDF(hashes.SHA384(), box.KEY_BYTES, salt=box.raw(head["salt"]), info=CONTEXT + info.encode())
    return derive.derive(shared)
