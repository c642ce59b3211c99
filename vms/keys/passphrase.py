"""A private key wrapped by a holder's passphrase: Argon2id, then AES-256-GCM (A-21).

The result is plain JSON data with its version and its parameters, which are bound as associated data: lowering them
in the file makes the key fail to open. Parameters above the limits are refused before any work, so that a hostile
file cannot ask for all the memory of the machine.
"""

from __future__ import annotations

import base64
import json
import os
import unicodedata
from typing import Any, Final

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from vms.errors import BadInput, Damaged, Refused

VERSION: Final = 1
MEMORY_KIB: Final = 65_536  # RFC 9106 §4, second recommended option: 64 MiB, 3 passes
PASSES: Final = 3
LANES: Final = 4
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32
MEMORY_LIMIT_KIB: Final = 1_048_576
PASSES_LIMIT: Final = 16
LANES_LIMIT: Final = 16
PASSPHRASE_LEAST_CHARS: Final = 12
PASSPHRASE_LIMIT_CHARS: Final = 1024


def wrap_private(private: bytes, passphrase: str) -> dict[str, Any]:
    """Wrap ``private`` by ``passphrase`` (12 to 1024 characters); the result is JSON data, safe to store."""
    if not PASSPHRASE_LEAST_CHARS <= len(passphrase) <= PASSPHRASE_LIMIT_CHARS:
        raise BadInput(
            f"Une phrase de passe compte de {PASSPHRASE_LEAST_CHARS} à {PASSPHRASE_LIMIT_CHARS} caractères.",
            todo="Choisissez par exemple quatre ou cinq mots sans rapport entre eux.",
        )
    head: dict[str, Any] = {
        "v": VERSION,
        "kdf": "argon2id",
        "memory_kib": MEMORY_KIB,
        "passes": PASSES,
        "lanes": LANES,
        "salt": _text(os.urandom(SALT_BYTES)),
        "aead": "AES-256-GCM",
        "nonce": _text(os.urandom(NONCE_BYTES)),
    }
    # The nonce is random, but the key is used once: its salt is fresh.
    sealed = AESGCM(_key(head, passphrase)).encrypt(_bytes(head["nonce"]), private, _associated(head))
    return head | {"ciphertext": _text(sealed)}


def unwrap_private(wrapped: dict[str, Any], passphrase: str) -> bytes:
    """The private key; Refused for another passphrase, Damaged when ``wrapped`` is not what was made."""
    head = {name: value for name, value in wrapped.items() if name != "ciphertext"}
    _check(head)
    if len(passphrase) > PASSPHRASE_LIMIT_CHARS:
        raise BadInput(f"Une phrase de passe compte {PASSPHRASE_LIMIT_CHARS} caractères au plus.")
    sealed = _bytes(wrapped.get("ciphertext"))
    try:
        return AESGCM(_key(head, passphrase)).decrypt(_bytes(head["nonce"]), sealed, _associated(head))
    except InvalidTag as error:
        # A wrong passphrase and an altered file look the same: by design of the AEAD.
        raise Refused(
            "Cette phrase de passe n’ouvre pas la clé de la commune.",
            todo="Vérifiez la saisie ; un autre détenteur peut aussi déverrouiller.",
            rule="A-21",
        ) from error


def _check(head: dict[str, Any]) -> None:
    expected = {"v": VERSION, "kdf": "argon2id", "aead": "AES-256-GCM"}
    limits = {"memory_kib": MEMORY_LIMIT_KIB, "passes": PASSES_LIMIT, "lanes": LANES_LIMIT}
    if any(head.get(name) != value for name, value in expected.items()):
        raise Damaged("Cette clé est enveloppée d’une façon que ce programme ne connaît pas.")
    for name, limit in limits.items():
        value = head.get(name)
        if type(value) is not int or not 1 <= value <= limit:
            raise Damaged(f"Le paramètre {name} de la clé enveloppée est hors limites.")
    if head["memory_kib"] < 8 * head["lanes"]:
        raise Damaged("Le paramètre memory_kib de la clé enveloppée est hors limites.")
    if len(_bytes(head.get("salt"))) != SALT_BYTES or len(_bytes(head.get("nonce"))) != NONCE_BYTES:
        raise Damaged("Le sel ou le nonce de la clé enveloppée n’a pas la bonne longueur.")


def _key(head: dict[str, Any], passphrase: str) -> bytes:
    # NFKC: the same words typed on two keyboards give the same bytes.
    secret = unicodedata.normalize("NFKC", passphrase).encode("utf-8")
    return hash_secret_raw(
        secret,
        _bytes(head["salt"]),
        time_cost=head["passes"],
        memory_cost=head["memory_kib"],
        parallelism=head["lanes"],
        hash_len=KEY_BYTES,
        type=Type.ID,
    )


def _associated(head: dict[str, Any]) -> bytes:
    return b"guet/passphrase/v1\0" + json.dumps(head, sort_keys=True, separators=(",", ":")).encode("utf-8")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except ValueError as error:
        raise Damaged("La clé enveloppée contient un champ illisible.") from error
