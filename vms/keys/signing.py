"""Ed25519 signatures (RFC 8032): permits, orders, chain heads, checkpoints.

Every signed message starts with a domain (``b"guet/permit/v1\\0"``), given apart so that nobody forgets it: a signature
made for one use can then never be shown as one made for another.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from vms.errors import BadInput, Damaged

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


def generate_signing_key() -> tuple[bytes, bytes]:
    """A new Ed25519 key pair: (private 32, public 32)."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes_raw(), key.public_key().public_bytes_raw()


def signing_public_key(private: bytes) -> bytes:
    """The public half of an Ed25519 private key."""
    return _private(private).public_key().public_bytes_raw()


def sign(private: bytes, domain: bytes, message: bytes) -> bytes:
    """The 64-byte signature of ``domain ‖ message``; ``domain`` ends with a zero byte, or is empty for C2SP notes."""
    _check_domain(domain)
    return _private(private).sign(domain + message)


def verify(public: bytes, domain: bytes, message: bytes, signature: bytes) -> None:
    """Return when the signature holds; raise Damaged otherwise (never a boolean that a caller could drop)."""
    _check_domain(domain)
    if len(public) != KEY_BYTES:
        raise BadInput(f"Une clé publique Ed25519 fait {KEY_BYTES} octets.")
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, domain + message)
    except (InvalidSignature, ValueError) as error:
        raise Damaged("La signature ne correspond pas au message et à la clé.") from error


def _private(private: bytes) -> Ed25519PrivateKey:
    if len(private) != KEY_BYTES:
        raise BadInput(f"Une clé privée Ed25519 fait {KEY_BYTES} octets.")
    return Ed25519PrivateKey.from_private_bytes(private)


def _check_domain(domain: bytes) -> None:
    if domain and not domain.endswith(b"\0"):
        raise BadInput("Le domaine d’une signature finit par un octet nul.")
