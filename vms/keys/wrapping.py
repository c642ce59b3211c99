"""Wrapping of keys to a public key: HPKE (RFC 9180, base mode, single shot), two suites and no choice between them.

* *Commune*: hybrid ML-KEM-1024 + P-384, HKDF-SHA-384, AES-256-GCM (A-21, A-22): camera-hour keys, which must stay
  closed for as long as somebody may keep a stolen disk.
* *Peer*: DHKEM(X25519, HKDF-SHA-256), HKDF-SHA-256, AES-256-GCM: key windows to a page, credentials to a recorder;
  native in browsers.

A wrapped value is ``enc ‖ ciphertext``. ``info`` names the use and what the key is for, so that a value wrapped for
one use or one camera cannot be passed off as another.
"""

from __future__ import annotations

import struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl as _openssl
from cryptography.hazmat.primitives.asymmetric import ec, mlkem, x25519
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM1024P384PrivateKey,
    MLKEM1024P384PublicKey,
    Suite,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vms.errors import BadInput, Damaged

VERSION: Final = b"\x01"  # first byte of a commune's key, private or public: this suite
MLKEM_SEED_BYTES: Final = 64
MLKEM_PUBLIC_BYTES: Final = 1568
P384_SCALAR_BYTES: Final = 48
P384_POINT_BYTES: Final = 97  # uncompressed: 04 ‖ x ‖ y
COMMUNE_PRIVATE_BYTES: Final = 1 + MLKEM_SEED_BYTES + P384_SCALAR_BYTES
COMMUNE_PUBLIC_BYTES: Final = 1 + MLKEM_PUBLIC_BYTES + P384_POINT_BYTES
PEER_KEY_BYTES: Final = 32

_COMMUNE_SUITE: Final = Suite(KEM.MLKEM1024_P384, KDF.HKDF_SHA384, AEAD.AES_256_GCM)
_PEER_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def hour_key_info(commune: str, camera: str, key_id: str, hour_us: int) -> bytes:
    """The ``info`` under which a camera-hour key is wrapped to its commune (design: Keys)."""
    names = "\0".join((commune, camera, key_id)).encode("utf-8")
    return b"guet/hour-key/v1\0" + names + b"\0" + struct.pack(">Q", hour_us)


def generate_commune_key() -> tuple[bytes, bytes]:
    """A new key pair of a commune: (private, public), each with the suite's version byte first."""
    pq = mlkem.MLKEM1024PrivateKey.generate()
    classical = ec.generate_private_key(ec.SECP384R1())
    scalar = classical.private_numbers().private_value.to_bytes(P384_SCALAR_BYTES, "big")
    private = VERSION + pq.private_bytes_raw() + scalar
    return private, commune_public_key(private)


def commune_public_key(private: bytes) -> bytes:
    """The public half of a commune's private key."""
    pq, classical = _split_private(private)
    point = classical.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return VERSION + pq.public_key().public_bytes_raw() + point


def wrap(public: bytes, key: bytes, info: bytes) -> bytes:
    """Wrap ``key`` to a commune's public key; BadInput when that is not one."""
    if len(public) != COMMUNE_PUBLIC_BYTES or not public.startswith(VERSION):
        raise BadInput("Ces octets ne sont pas la clé publique d’une commune.")
    try:
        pq = mlkem.MLKEM1024PublicKey.from_public_bytes(public[1 : 1 + MLKEM_PUBLIC_BYTES])
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), public[1 + MLKEM_PUBLIC_BYTES :])
    except ValueError as error:
        raise BadInput("La clé publique de la commune est abîmée.") from error
    return _COMMUNE_SUITE.encrypt(key, MLKEM1024P384PublicKey(pq, point), info=info)


def unwrap(private: bytes, wrapped: bytes, info: bytes) -> bytes:
    """The key that ``wrap`` wrapped; Damaged when it was wrapped for another key or use, or was altered."""
    pq, classical = _split_private(private)
    try:
        return _COMMUNE_SUITE.decrypt(wrapped, MLKEM1024P384PrivateKey(pq, classical), info=info)
    except (InvalidTag, ValueError) as error:
        raise Damaged("Cette clé enveloppée ne s’ouvre pas avec la clé de la commune.") from error


def generate_peer_key() -> tuple[bytes, bytes]:
    """A new X25519 key pair, (private 32, public 32): a recorder's identity, or a page's in tests."""
    private = x25519.X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def peer_public_key(private: bytes) -> bytes:
    """The public half of an X25519 private key."""
    return x25519.X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal_to(public: bytes, plaintext: bytes, info: bytes, aad: bytes = b"") -> bytes:
    """Seal ``plaintext`` to an X25519 public key: ``enc(32) ‖ ciphertext``."""
    if len(public) != PEER_KEY_BYTES:
        raise BadInput(f"Une clé publique X25519 fait {PEER_KEY_BYTES} octets.")
    key = x25519.X25519PublicKey.from_public_bytes(public)
    try:
        return _openssl.hpke._encrypt_with_aad(_PEER_SUITE, plaintext, key, info, aad)
    except ValueError as error:  # a point of small order: the shared secret would be zero
        raise BadInput("Cette clé publique X25519 n’est pas utilisable.") from error


def open_from(private: bytes, sealed: bytes, info: bytes, aad: bytes = b"") -> bytes:
    """What ``seal_to`` sealed; Damaged when key, info, aad or a bit differs."""
    key = x25519.X25519PrivateKey.from_private_bytes(private)
    try:
        return _openssl.hpke._decrypt_with_aad(_PEER_SUITE, sealed, key, info, aad)
    except (InvalidTag, ValueError) as error:
        raise Damaged("Ces octets scellés ne s’ouvrent pas avec cette clé.") from error


def _split_private(private: bytes) -> tuple[mlkem.MLKEM1024PrivateKey, ec.EllipticCurvePrivateKey]:
    if len(private) != COMMUNE_PRIVATE_BYTES or not private.startswith(VERSION):
        raise BadInput("Ces octets ne sont pas la clé privée d’une commune.")
    seed = private[1 : 1 + MLKEM_SEED_BYTES]
    scalar = int.from_bytes(private[1 + MLKEM_SEED_BYTES :], "big")
    try:
        return mlkem.MLKEM1024PrivateKey.from_seed_bytes(seed), ec.derive_private_key(scalar, ec.SECP384R1())
    except ValueError as error:
        raise BadInput("La clé privée de la commune est abîmée.") from error
