"""A private key in a box: AES-256-GCM under a key that is used once, its parameters bound as associated data (A-21).

The box is plain JSON data, ``docs/formats/commune-key.md``. What opens it, and the ``context`` that keeps one kind of
box from passing for another, are its kind's own.
"""

from __future__ import annotations

import base64
import json
import os
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vms.errors import Damaged

VERSION: Final = 1
AEAD: Final = "AES-256-GCM"
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32


def new_head(kdf: str, **parameters: str) -> dict[str, Any]:
    """The head of a new box, with a fresh salt and nonce."""
    salt, nonce = text(os.urandom(SALT_BYTES)), text(os.urandom(NONCE_BYTES))
    return {"v": VERSION, "kdf": kdf, **parameters, "salt": salt, "aead": AEAD, "nonce": nonce}


def head_of(box: dict[str, Any], kdf: str) -> dict[str, Any]:
    """All of a box but its ciphertext; Damaged when it is not of this kind."""
    head = {name: value for name, value in box.items() if name != "ciphertext"}
    expected = {"v": VERSION, "kdf": kdf, "aead": AEAD}
    lengths = (len(raw(head.get("salt"))), len(raw(head.get("nonce"))))
    if any(head.get(name) != value for name, value in expected.items()) or lengths != (SALT_BYTES, NONCE_BYTES):
        raise Damaged("Cette clé est enveloppée d’une façon que ce programme ne connaît pas.")
    return head


def shut(head: dict[str, Any], key: bytes, context: bytes, private: bytes) -> dict[str, Any]:
    """The box; its nonce is random, but the key is used once, since its salt is fresh."""
    sealed = AESGCM(key).encrypt(raw(head["nonce"]), private, _associated(head, context))
    return head | {"ciphertext": text(sealed)}


def opened(box: dict[str, Any], head: dict[str, Any], key: bytes, context: bytes) -> bytes:
    """The private key; cryptography's InvalidTag for another key or an altered box, which look the same."""
    return AESGCM(key).decrypt(raw(head["nonce"]), raw(box.get("ciphertext")), _associated(head, context))


def text(data: bytes) -> str:
    """Bytes as a box carries them."""
    return base64.b64encode(data).decode("ascii")


def raw(member: Any) -> bytes:
    """A binary member of a box; Damaged when it is none."""
    try:
        return base64.b64decode(str(member), validate=True)
    except ValueError as error:
        raise Damaged("La clé enveloppée contient un champ illisible.") from error


def _associated(head: dict[str, Any], context: bytes) -> bytes:
    return context + json.dumps(head, sort_keys=True, separators=(",", ":")).encode()
