"""A box for a token opens by the secret that its key computes, and by nothing else (A-21)."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vms.errors import BadInput, Damaged, Refused
from vms.keys.prf import wrap_by_secret
from vms.keys.token_box import Ephemeral, TokenKey, question_of, unwrap_by_token, wrap_for_token

INFO = "valclair\0p-1\0jeton"


def token() -> tuple[ec.EllipticCurvePrivateKey, TokenKey]:
    private = ec.generate_private_key(ec.SECP384R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return private, TokenKey("0102", point)


def computed(private: ec.EllipticCurvePrivateKey, point: bytes) -> bytes:
    """What a token computes."""
    return private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), point))


def test_what_is_wrapped_for_a_token_opens_by_it_alone() -> None:
    private, key = token()
    box = wrap_for_token(b"the private key", key, Ephemeral(), INFO)
    named, point = question_of(box)
    assert named == key.id
    assert base64.b64encode(key.point).decode() not in box.values(), "who breaks P-384 still lacks one half"
    shared = computed(private, point)
    assert unwrap_by_token(box, shared, INFO) == b"the private key"
    other, _ = token()
    for wrong, info in ((computed(other, point), INFO), (shared, "valclair\0p-2\0jeton"), (b"", INFO)):
        with pytest.raises(Refused, match="autre clé"):
            unwrap_by_token(box, wrong, info)
    again = wrap_for_token(b"the private key", key, Ephemeral(), INFO)
    assert computed(private, question_of(again)[1]) != shared, "each box has an ephemeral key of its own"


def test_each_part_of_a_box_is_bound() -> None:
    private, key = token()
    box = wrap_for_token(b"the private key", key, Ephemeral(), INFO)
    shared = computed(private, question_of(box)[1])
    zeros = base64.b64encode(bytes(16)).decode()
    for name, value in (("salt", zeros), ("key", "ff"), ("ephemeral", zeros), ("ciphertext", zeros)):
        with pytest.raises(Refused):
            unwrap_by_token(box | {name: value}, shared, INFO)
    for name, odd in (("v", 2), ("kdf", "hkdf-sha256"), ("aead", "none"), ("salt", "AA=="), ("nonce", "é")):
        with pytest.raises(Damaged):
            unwrap_by_token(box | {name: odd}, shared, INFO)
    with pytest.raises(Damaged):
        question_of(wrap_by_secret(b"the private key", bytes(32), INFO))


def test_a_point_off_the_curve_or_of_another_is_refused() -> None:
    small = ec.generate_private_key(ec.SECP256R1()).public_key()
    for point in (
        b"",
        bytes(97),
        b"\x04" + bytes(96),
        small.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
    ):
        with pytest.raises(BadInput, match="P-384"):
            Ephemeral().shared(TokenKey("01", point))


def test_a_box_made_once_still_opens() -> None:
    """The format: a box whose parts were computed apart (HKDF-SHA-384 by RFC 5869's own steps, then AES-256-GCM)."""
    sixteen = base64.b64encode(bytes(range(16))).decode()
    box = {
        "v": 1, "kdf": "ecdh-p384-hkdf-sha384", "key": "0102", "ephemeral": sixteen, "salt": sixteen,
        "aead": "AES-256-GCM", "nonce": base64.b64encode(bytes(range(12))).decode(), "ciphertext": CIPHERTEXT,
    }  # fmt: skip
    assert unwrap_by_token(box, bytes(range(48)), INFO) == b"the private key"


CIPHERTEXT = "/klBegOK8sY/ho87hAmZEx71kWxhrECA8a/poVwLTw=="
