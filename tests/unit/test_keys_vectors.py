"""Sealing and wrapping against vectors nobody here made; provenance in tests/golden/segment/README.md."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.bindings._rust import openssl as _openssl
from cryptography.hazmat.primitives import hpke

from tests.golden.segment import reference
from vms.errors import GuetError
from vms.keys import note, sealing, wrapping

GOLDEN = Path(__file__).parent.parent / "golden" / "segment"
CHUNKED: list[dict[str, Any]] = json.loads((GOLDEN / "chunked-encryption.json").read_text())["vectors"]
HPKE: list[dict[str, Any]] = json.loads((GOLDEN / "hpke.json").read_text())


def _message(vector: dict[str, Any]) -> bytes:
    data = base64.b64decode(vector["ciphertext"] or "")
    return zlib.decompress(data) if vector.get("compressed") else data


@pytest.mark.parametrize("vector", CHUNKED, ids=lambda vector: str(vector["name"]))
def test_reference_gives_the_published_vector(vector: dict[str, Any]) -> None:
    key, context, message = bytes.fromhex(vector["key"]), vector["context"].encode(), _message(vector)
    if vector["expect"] == "failure":
        with pytest.raises(reference.Bad):
            reference.unseal(key, context, message, "sha256")
        return
    plain = reference.unseal(key, context, message, "sha256")
    assert (len(plain), hashlib.sha256(plain).hexdigest()) == (vector["payload_length"], vector["payload_sha256"])
    assert reference.seal(key, message[:24], context, plain, "sha256") == message
    aead_key, base_nonce, _ = reference.expand(key, message[:24], context, "sha256")
    assert (aead_key.hex(), base_nonce.hex()) == (vector["aead_key"], vector["base_nonce"])


@pytest.mark.parametrize("vector", CHUNKED, ids=lambda vector: str(vector["name"]))
def test_product_does_the_same_with_sha512(vector: dict[str, Any]) -> None:
    key, context, message = bytes.fromhex(vector["key"]), vector["context"].encode(), _message(vector)
    if vector["expect"] == "failure":
        with pytest.raises(GuetError):
            sealing.open_group(key, context, message)
        return
    plain = reference.unseal(key, context, message, "sha256")
    assert sealing.open_group(key, context, reference.seal(key, message[:24], context, plain)) == plain
    sealed = sealing.seal_group(key, context, plain)
    assert len(sealed) == sealing.sealed_length(len(plain)) == len(message)
    assert reference.unseal(key, context, sealed) == plain


def _forgeries(message: bytes) -> dict[str, bytes]:
    chunk = sealing.CHUNK_BYTES + sealing.TAG_BYTES
    body = message[56:]
    return {
        "last chunk dropped": message[:56] + body[:chunk],
        "first chunk dropped": message[:56] + body[chunk:],
        "chunks swapped": message[:56] + body[chunk : 2 * chunk] + body[:chunk] + body[2 * chunk :],
        "chunk repeated": message[:56] + body[:chunk] + body,
        "one byte short": message[:-1],
        "one byte more": message + b"\0",
        "no chunk": message[:56],
        "empty": b"",
    } | {
        f"bit {place} flipped": message[:place] + bytes((message[place] ^ 1,)) + message[place + 1 :]
        for place in (0, 23, 24, 55, 56, 57, chunk, 56 + chunk - 1, 56 + chunk, len(message) - 1)
    }


def _refuses(key: bytes, message: bytes) -> bool:
    try:
        sealing.open_group(key, b"context", message)
    except GuetError:
        return True
    return False


def test_forgeries_around_chunks_do_not_open() -> None:
    key, plain = bytes(range(32)), hashlib.shake_256(b"plain").digest(2 * sealing.CHUNK_BYTES + 5)
    message = sealing.seal_group(key, b"context", plain)
    assert sealing.open_group(key, b"context", message) == plain
    for name, forged in _forgeries(message).items():
        assert _refuses(key, forged), name


def test_both_outcomes_are_in_the_set() -> None:
    assert {vector["expect"] for vector in CHUNKED} == {"success", "failure"}
    assert len(CHUNKED) == 34


def test_hpke_x25519_vector_opens() -> None:
    (vector,) = [one for one in HPKE if one["kem_id"] == 0x20]
    private = bytes.fromhex(vector["skRm"])
    assert wrapping.peer_public_key(private).hex() == vector["pkRm"]
    first = vector["encryptions"][0]
    sealed = bytes.fromhex(vector["enc"] + first["ct"])
    opened = wrapping.open_from(private, sealed, bytes.fromhex(vector["info"]), bytes.fromhex(first["aad"]))
    assert opened.hex() == first["pt"]


def test_hpke_mlkem1024_p384_vector_opens() -> None:
    (vector,) = [one for one in HPKE if one["kem_id"] == 0x51]
    # The draft's private key is one 32-byte seed: SHAKE-256 stretches it to the seed of ML-KEM and the P-384 scalar.
    stretched = hashlib.shake_256(bytes.fromhex(vector["skRm"])).digest(64 + 48)
    private = wrapping.VERSION + stretched
    public = wrapping.commune_public_key(private)
    assert public[1:].hex() == vector["pkRm"]
    first = vector["encryptions"][0]
    suite, key = wrapping._COMMUNE_SUITE, wrapping._split_private(private)
    pair = hpke.MLKEM1024P384PrivateKey(*key)
    sealed = bytes.fromhex(vector["enc"] + first["ct"])
    # The vector carries associated data; our single-shot wrapping has none, hence the private call.
    decrypt = _openssl.hpke._decrypt_with_aad
    opened = decrypt(suite, sealed, pair, bytes.fromhex(vector["info"]), bytes.fromhex(first["aad"]))
    assert opened.hex() == first["pt"]


def test_signed_note_of_go_sumdb_verifies() -> None:
    """The example of golang.org/x/mod/sumdb/note, from which C2SP signed-note comes (BSD-3-Clause)."""
    verifier = note.parse_vkey("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    assert note.verify_note(f"{text}\n— PeterNeumann {signature}\n", [verifier]) == (text, (verifier,))
