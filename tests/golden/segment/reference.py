"""A second implementation of docs/formats/segment.md, from the text alone: HMAC, AES-GCM, hashlib. Slow and plain."""

from __future__ import annotations

import hashlib
import hmac
import struct

import xxhash
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PREFIX = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"
CHUNK = 16384


class Bad(Exception):
    """The message does not open."""


def expand(key: bytes, salt: bytes, context: bytes, hash_name: str = "sha512") -> tuple[bytes, bytes, bytes]:
    info = PREFIX + salt + context
    okm, block, counter = b"", b"", 0
    while len(okm) < 76:
        counter += 1
        block = hmac.digest(key, block + info + bytes([counter]), hash_name)
        okm += block
    return okm[:32], okm[32:44], okm[44:76]


def nonce(base: bytes, chunk: int) -> bytes:
    return (int.from_bytes(base, "big") ^ chunk).to_bytes(12, "big")


def seal(key: bytes, salt: bytes, context: bytes, plaintext: bytes, hash_name: str = "sha512") -> bytes:
    aead_key, base, commitment = expand(key, salt, context, hash_name)
    out = [salt, commitment]
    for chunk in range(len(plaintext) // CHUNK + 1):
        part = plaintext[chunk * CHUNK : (chunk + 1) * CHUNK]
        out.append(AESGCM(aead_key).encrypt(nonce(base, chunk), part, b""))
    return b"".join(out)


def unseal(key: bytes, context: bytes, message: bytes, hash_name: str = "sha512") -> bytes:
    if len(message) < 56 or len(key) != 32:
        raise Bad("short")
    aead_key, base, commitment = expand(key, message[:24], context, hash_name)
    if commitment != message[24:56]:
        raise Bad("commitment")
    body, plain, chunk = message[56:], [], 0
    while True:
        part, body = body[: CHUNK + 16], body[CHUNK + 16 :]
        if len(part) < 16:
            raise Bad("truncated")
        try:
            opened = AESGCM(aead_key).decrypt(nonce(base, chunk), part, b"")
        except Exception as error:
            raise Bad("tag") from error
        plain.append(opened)
        if len(opened) < CHUNK:
            if body:
                raise Bad("trailing")
            return b"".join(plain)
        chunk += 1


def hkdf_sha256(key: bytes, info: bytes) -> bytes:
    pseudo_random = hmac.digest(bytes(32), key, "sha256")
    return hmac.digest(pseudo_random, info + b"\x01", "sha256")


def segment_key(hour_key: bytes, name: str) -> bytes:
    return hkdf_sha256(hour_key, b"guet/segment-key/v1\x00" + name.encode())


def group_key(key: bytes, number: int) -> bytes:
    return hkdf_sha256(key, b"guet/group-key/v1\x00" + struct.pack(">I", number))


def context(camera: str, name: str, number: int) -> bytes:
    return b"guet/group/v1\x00" + camera.encode() + b"\x00" + name.encode() + b"\x00" + struct.pack(">I", number)


def str8(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("ascii")


def xxh(data: bytes) -> bytes:
    return xxhash.xxh3_128(data).intdigest().to_bytes(16, "big")


def header(
    name: str,
    commune: str,
    zones: str,
    codec: str,
    *,
    size: tuple[int, int],
    origin: int,
    sequence: int,
    previous: bytes,
) -> bytes:
    tail = str8(name) + str8(commune) + str8(zones) + str8(codec)
    length = 59 + len(tail) + 16
    fixed = b"GUETSEG1" + struct.pack(">H", length) + b"\x01\x01\x01\x01" + bytes([origin])
    fixed += struct.pack(">Q", sequence) + previous + struct.pack(">HH", *size)
    return fixed + tail + xxh(fixed + tail)


def group_header(number: int, utc_us: int, duration_us: int, units: int, plain: bytes, sealed: bytes) -> bytes:
    first = b"GRP1" + struct.pack(">IQIII", number, utc_us, duration_us, units, len(sealed))
    first += hashlib.sha256(plain).digest()
    return first + xxh(first + sealed)


def absence(camera: str, stream: str, sequence: int, start_us: int, end_us: int, cause: str) -> bytes:
    return b"ABS1" + struct.pack(">QQQ", sequence, start_us, end_us) + str8(camera) + str8(stream) + str8(cause)


def genesis(camera: str, stream: str) -> bytes:
    return hashlib.sha256(b"guet/chain/v1\x00" + camera.encode() + b"\x00" + stream.encode()).digest()


def link(previous: bytes, record: bytes) -> bytes:
    return hashlib.sha256(previous + record).digest()
