"""A package at rest: sealed in parts while it is written, opened part by part in the agent's browser (P-38).

    file = "GUETPKG1" ‖ part 0 ‖ part 1 ‖ …          part = u32 length of sealed ‖ sealed        (big-endian)

``sealed`` is one Cobblestone-256 message over at most PART_BYTES of the package. Its key is HKDF(package key, part
number); its context names package, number and whether it is the last one, so that parts cannot be swapped, dropped or
moved to another package, and a file cut between two parts does not pass for a whole one. The package key is random,
32 bytes, and wrapped to the commune's public key: the keeper keeps it as it keeps an hour key, and destroys it in time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.utils import Buffer

from vms.errors import Damaged
from vms.evidence.container import Sink
from vms.keys.sealing import open_group, seal_into, sealed_length

MAGIC: Final = b"GUETPKG1"
PART_BYTES: Final = 4 * 1024 * 1024
LENGTH: Final = struct.Struct(">I")
PARTS_LIMIT: Final = 1 << 24
KEY_BYTES: Final = 32
PART_INFO: Final = b"guet/package-part/v1\0"
CONTEXT: Final = b"guet/package/v1\0"


def package_key_info(commune: str, request: str, package: str) -> bytes:
    """The HPKE ``info`` under which a package's key is wrapped to its commune."""
    return b"guet/package-key/v1\0" + "\0".join((commune, request, package)).encode()


def part_key(package_key: bytes, number: int) -> bytes:
    """The key of one part."""
    info = PART_INFO + struct.pack(">I", number)
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(package_key)


def part_context(package: str, number: int, last: bool) -> bytes:
    """The context of one part: package ‖ 0 ‖ number ‖ 1 for the last part, else 0."""
    return CONTEXT + package.encode("ascii") + b"\0" + struct.pack(">IB", number, last)


class SealingSink:
    """Takes a package's bytes front to back and writes them sealed; nothing of it is ever written in clear."""

    def __init__(self, out: Sink, package: str, package_key: bytes) -> None:
        self._out = out
        self._package = package
        self._key = package_key
        # One buffer for all parts, and one for what becomes of them: a fresh one costs as much as sealing.
        self._held = memoryview(bytearray(PART_BYTES))
        self._sealed = memoryview(bytearray(LENGTH.size + sealed_length(PART_BYTES)))
        self._filled = 0
        self._number = 0
        out.write(MAGIC)

    def write(self, data: Buffer, /) -> int:
        """Take ``data``; whole parts are sealed and written."""
        left = memoryview(data)
        while left:
            # A full part is written only once there is more: the last one, however long, must be known to be last.
            if self._filled == PART_BYTES:
                self._seal(last=False)
            taken = left[: PART_BYTES - self._filled]
            self._held[self._filled : self._filled + len(taken)] = taken
            self._filled += len(taken)
            left = left[len(taken) :]
        return len(memoryview(data))

    def finish(self) -> None:
        """Seal what is left as the last part."""
        self._seal(last=True)

    def _seal(self, *, last: bool) -> None:
        key, context = part_key(self._key, self._number), part_context(self._package, self._number, last)
        length = sealed_length(self._filled)
        part = self._sealed[: LENGTH.size + length]
        LENGTH.pack_into(part, 0, length)
        seal_into(key, context, [self._held[: self._filled]], part[LENGTH.size :])
        self._out.write(part)
        self._number += 1
        self._filled = 0


def open_parts(source: BinaryIO, package: str, package_key: bytes) -> Iterator[bytes]:
    """The package's bytes, part by part, each authenticated; Damaged at the first that is not what was sealed."""
    if source.read(len(MAGIC)) != MAGIC:
        raise Damaged("Ce fichier n’est pas un paquet scellé.")
    number, sealed = 0, _next(source)
    while sealed:
        following = _next(source)
        where = f"partie {number}"
        if number >= PARTS_LIMIT:
            raise Damaged("Ce paquet scellé a trop de parties.", where=where)
        try:
            context = part_context(package, number, last=not following)
            yield open_group(part_key(package_key, number), context, sealed)
        except Damaged as error:
            raise Damaged("Le paquet scellé a été altéré, ou il lui manque une partie.", where=where) from error
        number, sealed = number + 1, following
    if number == 0:
        raise Damaged("Le paquet scellé est vide.")


def _next(source: BinaryIO) -> bytes:
    """The next sealed part, empty at the end of the file."""
    head = source.read(4)
    if not head:
        return b""
    length = int.from_bytes(head, "big")
    if len(head) < 4 or not sealed_length(0) <= length <= sealed_length(PART_BYTES):
        raise Damaged("Le paquet scellé a été altéré.", where="longueur d’une partie")
    sealed = source.read(length)
    if len(sealed) != length:
        raise Damaged("Le paquet scellé est tronqué.")
    return sealed
