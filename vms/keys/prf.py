"""A private key wrapped by what a passkey alone computes (WebAuthn's PRF): HKDF-SHA-256, then AES-256-GCM (A-21).

The secret has 256 bits and never was a word: no slow derivation is needed. As with a passphrase, the result is plain
JSON data whose parameters are bound as associated data; ``info`` names commune, holder and passkey.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from vms.errors import BadInput, Damaged, Refused

VERSION: Final = 1
SECRET_BYTES: Final = 32
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
CONTEXT: Final = b"guet/prf/v1\0"


def prf_input(commune: str) -> bytes:
    """What the passkey is asked to compute over: the same at every unlocking of this commune, another for any other."""
    return hashlib.sha256(CONTEXT + commune.encode()).digest()


def wrap_by_secret(private: bytes, secret: bytes, info: str) -> dict[str, Any]:
    """Wrap ``private`` by a passkey's 32-byte secret; the result is JSON data, safe to store."""
    head: dict[str, Any] = {
        "v": VERSION,
        "kdf": "hkdf-sha256",
        "salt": _text(os.urandom(SALT_BYTES)),
        "aead": "AES-256-GCM",
        "nonce": _text(os.urandom(NONCE_BYTES)),
    }
    # The nonce is random, but the key is used once: its salt is fresh.
    sealed = AESGCM(_key(head, secret, info)).encrypt(_bytes(head["nonce"]), private, _associated(head))
    return head | {"ciphertext": _text(sealed)}


def unwrap_by_secret(wrapped: dict[str, Any], secret: bytes, info: str) -> bytes:
    """The private key; Refused for another passkey's secret, Damaged when ``wrapped`` is not what was made."""
    head = {name: value for name, value in wrapped.items() if name != "ciphertext"}
    expected = {"v": VERSION, "kdf": "hkdf-sha256", "aead": "AES-256-GCM"}
    lengths = (len(_bytes(head.get("salt"))), len(_bytes(head.get("nonce"))))
    if any(head.get(name) != value for name, value in expected.items()) or lengths != (SALT_BYTES, NONCE_BYTES):
        raise Damaged("Cette clé est enveloppée d’une façon que ce programme ne connaît pas.")
    sealed = _bytes(wrapped.get("ciphertext"))
    try:
        return AESGCM(_key(head, secret, info)).decrypt(_bytes(head["nonce"]), sealed, _associated(head))
    except InvalidTag as error:
        what = "Cette clé d’accès n’ouvre pas la clé de la commune."
        raise Refused(what, todo="Donnez votre phrase de passe.", rule="A-21") from error


def _key(head: dict[str, Any], secret: bytes, info: str) -> bytes:
    if len(secret) != SECRET_BYTES:
        raise BadInput(f"Le secret d’une clé d’accès fait {SECRET_BYTES} octets.", where="secret")
    derive = HKDF(hashes.SHA256(), KEY_BYTES, salt=_bytes(head["salt"]), info=CONTEXT + info.encode())
    return derive.derive(secret)


def _associated(head: dict[str, Any]) -> bytes:
    return CONTEXT + json.dumps(head, sort_keys=True, separators=(",", ":")).encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except ValueError as error:
        raise Damaged("La clé enveloppée contient un champ illisible.") from error
