"""A private key wrapped by what a passkey alone computes (WebAuthn's PRF): HKDF-SHA-256, then AES-256-GCM (A-21).

The secret has 256 bits and never was a word: no slow derivation is needed. As with a passphrase, the result is plain
JSON data whose parameters are bound as associated data; ``info`` names commune, holder and passkey.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vms.errors import BadInput, Refused
from vms.keys import box

KDF: Final = "hkdf-sha256"
SECRET_BYTES: Final = 32
CONTEXT: Final = b"guet/prf/v1\0"


def prf_input(commune: str) -> bytes:
    """What the passkey is asked to compute over: the same at every unlocking of this commune, another for any other."""
    return hashlib.sha256(CONTEXT + commune.encode()).digest()


def wrap_by_secret(private: bytes, secret: bytes, info: str) -> dict[str, Any]:
    """Wrap ``private`` by a passkey's 32-byte secret; the result is JSON data, safe to store."""
    head = box.new_head(KDF)
    return box.shut(head, _key(head, secret, info), CONTEXT, private)


def unwrap_by_secret(wrapped: dict[str, Any], secret: bytes, info: str) -> bytes:
    """The private key; Refused for another passkey's secret, Damaged when ``wrapped`` is not what was made."""
    head = box.head_of(wrapped, KDF)
    try:
        return box.opened(wrapped, head, _key(head, secret, info), CONTEXT)
    except InvalidTag as error:
        what = "Cette clé d’accès n’ouvre pas la clé de la commune."
        raise Refused(what, todo="Donnez votre phrase de passe.", rule="A-21") from error


def _key(head: dict[str, Any], secret: bytes, info: str) -> bytes:
    if len(secret) != SECRET_BYTES:
        raise BadInput(f"Le secret d’une clé d’accès fait {SECRET_BYTES} octets.", where="secret")
    derive = HKDF(hashes.SHA256(), box.KEY_BYTES, salt=box.raw(head["salt"]), info=CONTEXT + info.encode())
    return derive.derive(secret)
