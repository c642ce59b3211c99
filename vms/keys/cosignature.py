"""C2SP *tlog-cosignature*: a witness's dated signature on a checkpoint, with Ed25519 or ML-DSA-44 (E-04).

A cosignature is a note's signature line whose signature is ``u64 seconds ‖ raw signature``. The Ed25519 message is
``cosignature/v1``, the time and the checkpoint's text; the ML-DSA-44 message binds the witness's name, the log's
origin, its size and its root.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from vms.errors import BadInput, Damaged
from vms.keys import signing
from vms.keys.note import DASH, check_name, key_id_of, parse_vkey_text, signature_lines, vkey_text

ED25519: Final = 0x04
ML_DSA_44: Final = 0x06
PUBLIC_BYTES: Final = {ED25519: 32, ML_DSA_44: 1312}
SIGNATURE_BYTES: Final = {ED25519: 64, ML_DSA_44: 2420}
SEED_BYTES: Final = 32
TIME_BYTES: Final = 8
NAME_LIMIT_BYTES: Final = 255
LATEST_S: Final = (1 << 63) - 1
LABEL: Final = b"subtree/v1\n\0"


@dataclass(frozen=True, slots=True)
class Head:
    """What a checkpoint says: its log's origin, the size and the root of its tree."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """A witness's public key with its name and kind of signature."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """What cosignatures of this key are found by."""
        return key_id_of(self.name, bytes([self.kind]) + self.public)

    def vkey(self) -> str:
        """The key as text."""
        return vkey_text(self.name, bytes([self.kind]) + self.public)


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A cosignature that holds: whose, and of which second."""

    key: WitnessKey
    at_s: int
    line: str


class Cosigner:
    """A witness's private key of one kind."""

    def __init__(self, name: str, kind: int, seed: bytes) -> None:
        check_name(name)
        if kind not in PUBLIC_BYTES or len(seed) != SEED_BYTES or len(name.encode()) > NAME_LIMIT_BYTES:
            raise BadInput("Cette clé de témoin n’a pas une forme possible.", where=name[:80])
        self._seed = seed
        pure = _ml_dsa(seed).public_key().public_bytes_raw
        public = pure() if kind == ML_DSA_44 else signing.signing_public_key(seed)
        self.key = WitnessKey(name, kind, public)

    def line(self, text: str, head: Head, at_s: int) -> str:
        """The signature line for the checkpoint ``text``, which says ``head``, at a POSIX second."""
        message = _message(self.key, text, head, at_s)
        if self.key.kind == ML_DSA_44:
            signature = _ml_dsa(self._seed).sign(message)
        else:
            signature = signing.sign(self._seed, b"", message)
        blob = self.key.key_id + at_s.to_bytes(TIME_BYTES) + signature
        return f"{DASH}{self.key.name} {base64.b64encode(blob).decode('ascii')}\n"


def parse_witness_vkey(text: str) -> WitnessKey:
    """The witness's key that ``vkey`` wrote; BadInput when name, id and key do not belong together."""
    name, material = parse_vkey_text(text, "de témoin")
    kind = material[0] if material else 0
    if len(material) != 1 + PUBLIC_BYTES.get(kind, -2) or len(name.encode()) > NAME_LIMIT_BYTES:
        raise BadInput("Cette clé n’est pas une clé de témoin (Ed25519 ou ML-DSA-44).", where=name[:80])
    return WitnessKey(name, kind, material[1:])


def cosignatures(note: str, head: Head, known: list[WitnessKey]) -> list[Cosigned]:
    """The cosignatures of ``known`` witnesses on a note that says ``head``; Damaged when one of theirs fails.

    Lines of unknown keys are passed over, as the specification asks.
    """
    by_id = {(key.name, key.key_id): key for key in known}
    text, lines = signature_lines(note)
    found: dict[bytes, Cosigned] = {}
    for line in lines:
        key = by_id.get((line.name, line.key_id))
        if key is None:
            continue
        if len(line.signature) != TIME_BYTES + SIGNATURE_BYTES[key.kind]:
            raise Damaged("Une contresignature n’a pas sa longueur.", where=key.name)
        at_s = int.from_bytes(line.signature[:TIME_BYTES])
        _verify(key, _message(key, text, head, at_s), line.signature[TIME_BYTES:])
        found.setdefault(key.key_id, Cosigned(key, at_s, line.text + "\n"))
    return list(found.values())


def _message(key: WitnessKey, text: str, head: Head, at_s: int) -> bytes:
    if not 0 < at_s <= LATEST_S:
        raise Damaged("Une contresignature n’a pas d’heure.", where=key.name)
    if key.kind == ED25519:
        return f"cosignature/v1\ntime {at_s}\n{text}".encode()
    name, origin = key.name.encode(), head.origin.encode()
    if not 0 < len(origin) <= NAME_LIMIT_BYTES:
        raise Damaged("L’origine de ce journal est trop longue pour être contresignée.", where=head.origin[:80])
    return (
        LABEL + bytes([len(name)]) + name + at_s.to_bytes(8)
        + bytes([len(origin)]) + origin + (0).to_bytes(8) + head.size.to_bytes(8) + head.root
    )  # fmt: skip


def _verify(key: WitnessKey, message: bytes, signature: bytes) -> None:
    if key.kind == ED25519:
        signing.verify(key.public, b"", message, signature)
        return
    try:
        MLDSA44PublicKey.from_public_bytes(key.public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise Damaged("La contresignature ne correspond pas au point de contrôle.", where=key.name) from error


def _ml_dsa(seed: bytes) -> MLDSA44PrivateKey:
    return MLDSA44PrivateKey.from_seed_bytes(seed)
