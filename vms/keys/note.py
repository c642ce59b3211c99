"""C2SP *signed notes* (https://c2sp.org/signed-note), Ed25519 only: text, blank line, signature lines.

Key names are schema-less URLs without spaces or plus signs. Verification raises when no known key signed, when a known
key's signature fails, or when the note is not in the one form the specification allows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from vms.errors import BadInput, Damaged
from vms.keys import signing

ED25519: Final = b"\x01"
KEY_ID_BYTES: Final = 4
NOTE_LIMIT_BYTES: Final = 1_048_576
SIGNATURES_LIMIT: Final = 100
DASH: Final = "— "


class UnknownSigner(Damaged):
    """A well-formed note that none of the known keys has signed: who wrote it cannot be told from here."""


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature line of a note, taken apart; ``text`` is the line itself."""

    name: str
    key_id: bytes
    signature: bytes
    text: str


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name: what a ``vkey`` string says."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """What signatures of this key are found by."""
        return key_id_of(self.name, ED25519 + self.public)


def key_id_of(name: str, material: bytes) -> bytes:
    """The first four bytes of SHA-256(name ‖ 0x0A ‖ material); ``material`` is the key's type, then the key."""
    return hashlib.sha256(name.encode("utf-8") + b"\n" + material).digest()[:KEY_ID_BYTES]


def vkey_text(name: str, material: bytes) -> str:
    """A verifier key as text: ``name+hex(key id)+base64(material)``."""
    return f"{name}+{key_id_of(name, material).hex()}+{base64.b64encode(material).decode('ascii')}"


def parse_vkey_text(text: str, what: str) -> tuple[str, bytes]:
    """The name and material of ``vkey_text``; BadInput, that says ``what`` key, when they and the id do not agree."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise BadInput(f"Une clé {what} a la forme nom+identifiant+clé.")
    name, key_id, encoded = parts
    check_name(name)
    material = decode_base64(encoded)
    if key_id_of(name, material).hex() != key_id:
        raise BadInput(f"L’identifiant ne correspond pas à la clé {what}.", where=name[:80])
    return name, material


def vkey(name: str, public: bytes) -> str:
    """The verifier key of an Ed25519 public key, as text."""
    check_name(name)
    return vkey_text(name, ED25519 + public)


def parse_vkey(text: str) -> Verifier:
    """The verifier that ``vkey`` wrote; BadInput when name, id and key do not belong together."""
    name, material = parse_vkey_text(text, "de vérification")
    if material[:1] != ED25519 or len(material) != 1 + signing.KEY_BYTES:
        raise BadInput("Cette clé de vérification n’est pas une clé Ed25519.", where=name[:80])
    return Verifier(name, material[1:])


def sign_note(text: str, name: str, private: bytes) -> str:
    """The note: ``text`` (ends with a newline) and one signature line."""
    _check_text(text)
    return f"{text}\n{signature_line(text, name, private)}"


def signature_line(text: str, name: str, private: bytes) -> str:
    """One more signature line for a note over ``text``, e.g. a cosignature."""
    _check_text(text)
    check_name(name)
    key_id = Verifier(name, signing.signing_public_key(private)).key_id
    signature = signing.sign(private, b"", text.encode("utf-8"))
    return f"{DASH}{name} {base64.b64encode(key_id + signature).decode('ascii')}\n"


def verify_note(note: str, known: Iterable[Verifier]) -> tuple[str, tuple[Verifier, ...]]:
    """The text and those of the ``known`` verifiers that signed it.

    UnknownSigner when none did; Damaged when the signature of one of them fails.
    """
    text, lines = _split(note)
    by_id = {(verifier.name, verifier.key_id): verifier for verifier in known}
    signers: list[Verifier] = []
    for line in lines:
        name, key_id, signature = _parse_line(line)
        verifier = by_id.get((name, key_id))
        if verifier is None:
            continue  # signatures of unknown keys are ignored, as the specification asks
        signing.verify(verifier.public, b"", text.encode("utf-8"), signature)
        if verifier not in signers:
            signers.append(verifier)
    if not signers:
        raise UnknownSigner("Aucune clé connue n’a signé cette note.")
    return text, tuple(signers)


def signature_lines(note: str) -> tuple[str, list[SignatureLine]]:
    """The text and the signature lines of a note, unverified; Damaged when the note is not in its one form."""
    text, lines = _split(note)
    return text, [SignatureLine(*_parse_line(line), line) for line in lines]


def note_text(note: str) -> str:
    """The text of a note whose signatures say nothing here; Damaged when the note is not in its one form."""
    return signature_lines(note)[0]


def only_signed_by(note: str, key: Verifier) -> str:
    """The same note with this key's signature line and no other; Damaged when it has none."""
    text, lines = signature_lines(note)
    own = next((one for one in lines if (one.name, one.key_id) == (key.name, key.key_id)), None)
    if own is None:
        raise UnknownSigner("Aucune clé connue n’a signé cette note.")
    return f"{text}\n{own.text}\n"


def _split(note: str) -> tuple[str, list[str]]:
    if len(note.encode("utf-8", "surrogatepass")) > NOTE_LIMIT_BYTES:
        raise Damaged("La note est trop longue.")
    text, separator, tail = note.rpartition("\n\n")
    if not separator or not tail.endswith("\n"):
        raise Damaged("La note n’a pas de ligne de signature.")
    text += "\n"
    try:
        _check_text(text)
    except BadInput as error:
        raise Damaged(error.what) from error
    lines = tail[:-1].split("\n")
    if len(lines) > SIGNATURES_LIMIT:
        raise Damaged("La note porte trop de signatures.")
    return text, lines


def _parse_line(line: str) -> tuple[str, bytes, bytes]:
    if not line.startswith(DASH):
        raise Damaged("Une ligne de signature est mal formée.")
    name, separator, encoded = line[len(DASH) :].partition(" ")
    try:
        check_name(name)
        blob = decode_base64(encoded)
    except BadInput as error:
        raise Damaged("Une ligne de signature est mal formée.") from error
    if not separator or len(blob) <= KEY_ID_BYTES:
        raise Damaged("Une ligne de signature est mal formée.")
    return name, blob[:KEY_ID_BYTES], blob[KEY_ID_BYTES:]


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(char < " " and char != "\n" for char in text):
        raise BadInput("Le texte d’une note finit par un saut de ligne et n’a pas d’autre caractère de contrôle.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadInput("Le texte d’une note est en UTF-8.") from error


def check_name(name: str) -> None:
    """Return when ``name`` may name a key; BadInput otherwise."""
    if not name or "+" in name or any(char.isspace() or unicodedata.category(char) == "Cc" for char in name):
        raise BadInput("Le nom d’une clé n’est pas vide et n’a ni espace ni signe plus.")


def decode_base64(text: str) -> bytes:
    """The bytes of canonical base64; BadInput for anything else."""
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput("Ces caractères ne sont pas du base64.") from error
    if base64.b64encode(blob).decode("ascii") != text:  # one encoding only: a note must not be malleable
        raise BadInput("Ce base64 n’est pas sous sa forme canonique.")
    return blob
