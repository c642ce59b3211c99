"""Sealing of one group of pictures: one C2SP *chunked-encryption* message, instance Cobblestone-256 (E-41, A-21).

A message is ``salt(24) ‖ commitment(32) ‖ chunks``; each chunk is AES-256-GCM over 16 KiB of plaintext, the last one
shorter. ``context`` is bound to the key derivation, so a message opens only where it was sealed for. Specification:
https://c2sp.org/chunked-encryption.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.utils import Buffer

from vms.errors import BadInput, Damaged

KEY_BYTES: Final = 32
OVERHEAD_BYTES: Final = 56
CHUNK_BYTES: Final = 16_384
TAG_BYTES: Final = 16


def sealed_length(plaintext_length: int) -> int:
    """How many bytes a message takes whose plaintext has ``plaintext_length`` bytes."""
    return OVERHEAD_BYTES + plaintext_length + (plaintext_length // CHUNK_BYTES + 1) * TAG_BYTES


def plaintext_length(sealed_length: int) -> int:
    """How many bytes a message of ``sealed_length`` bytes opens to; Damaged when no message has that length."""
    body = sealed_length - OVERHEAD_BYTES
    full, rest = divmod(body, CHUNK_BYTES + TAG_BYTES)
    if body < 0 or rest < TAG_BYTES:
        raise Damaged(f"Un message scellé ne peut pas faire {sealed_length} octets : il est tronqué.")
    return full * CHUNK_BYTES + rest - TAG_BYTES


def seal_group(key: Buffer, context: bytes, plaintext: Buffer) -> bytes:
    """Seal ``plaintext`` under a 32-byte ``key`` used for this message only; the salt is fresh at each call."""
    sealed = bytearray(sealed_length(len(memoryview(plaintext))))
    seal_into(key, context, [plaintext], memoryview(sealed))
    return bytes(sealed)


def seal_into(key: Buffer, context: bytes, plaintext: Iterable[Buffer], into: memoryview) -> None:
    """``seal_group`` of what comes in pieces, into memory that is there, ``sealed_length`` bytes of it: no copy."""
    _check_key(key)
    encryptor = Cobblestone256Encryptor(key, context)
    written = 0
    for piece in plaintext:
        written += encryptor.update_into(piece, into[written:])
    into[written:] = encryptor.finalize()


def open_group(key: Buffer, context: bytes, sealed: Buffer) -> bytes:
    """The plaintext, whole and authenticated; Damaged when the key, the context or a single bit differs."""
    _check_key(key)
    decryptor = Cobblestone256Decryptor(key, context)
    plaintext = bytearray(plaintext_length(len(memoryview(sealed))))
    view = memoryview(plaintext)
    try:
        # The library wants room for whole chunks; nothing of the buffer leaves before finalize() has agreed.
        written = decryptor.update_into(sealed, view)
        view[written:] = decryptor.finalize()
    except InvalidTag as error:
        raise Damaged(
            "Ce groupe d’images ne s’ouvre pas : la clé, la place ou les octets ne sont pas ceux du scellement.",
            todo="Lancez vms fsck pour localiser le dommage.",
        ) from error
    return bytes(plaintext)


def _check_key(key: Buffer) -> None:
    if len(memoryview(key)) != KEY_BYTES:
        raise BadInput(f"Une clé de groupe fait {KEY_BYTES} octets.")
