"""Wrapping, passphrases, signatures and notes: round trips, and every way in which they must fail."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from vms.errors import BadInput, Damaged, GuetError, Refused
from vms.keys import derive, note, passphrase, sealing, signing, wrapping

PRIVATE, PUBLIC = wrapping.generate_commune_key()
INFO = wrapping.hour_key_info("valclair", "valclair-c07", "0" * 32, 1_795_528_800_000_000)


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]


def test_an_hour_key_comes_back() -> None:
    assert wrapping.unwrap(PRIVATE, wrapping.wrap(PUBLIC, bytes(range(32)), INFO), INFO) == bytes(range(32))
    assert (len(PRIVATE), len(PUBLIC)) == (wrapping.COMMUNE_PRIVATE_BYTES, wrapping.COMMUNE_PUBLIC_BYTES)
    assert wrapping.commune_public_key(PRIVATE) == PUBLIC


def test_wrapping_twice_gives_other_bytes() -> None:
    assert wrapping.wrap(PUBLIC, bytes(32), INFO) != wrapping.wrap(PUBLIC, bytes(32), INFO)


@pytest.mark.parametrize(
    "info",
    [
        wrapping.hour_key_info("bellerive", "valclair-c07", "0" * 32, 1_795_528_800_000_000),
        wrapping.hour_key_info("valclair", "valclair-c08", "0" * 32, 1_795_528_800_000_000),
        wrapping.hour_key_info("valclair", "valclair-c07", "1" * 32, 1_795_528_800_000_000),
        wrapping.hour_key_info("valclair", "valclair-c07", "0" * 32, 1_795_532_400_000_000),
        b"",
    ],
)
def test_a_key_wrapped_for_one_hour_is_no_other(info: bytes) -> None:
    with pytest.raises(Damaged):
        wrapping.unwrap(PRIVATE, wrapping.wrap(PUBLIC, bytes(32), INFO), info)


@pytest.mark.parametrize("place", [0, 1567, 1568, 1664, 1665, 1696, -1])
def test_an_altered_wrapping_does_not_open(place: int) -> None:
    wrapped = wrapping.wrap(PUBLIC, bytes(32), INFO)
    with pytest.raises(Damaged):
        wrapping.unwrap(PRIVATE, flipped(wrapped, place % len(wrapped)), INFO)


@pytest.mark.parametrize("length", [0, 1, 100, 1665, 1680])
def test_a_short_wrapping_does_not_open(length: int) -> None:
    with pytest.raises(Damaged):
        wrapping.unwrap(PRIVATE, wrapping.wrap(PUBLIC, bytes(32), INFO)[:length], INFO)


@pytest.mark.parametrize(
    "public", [b"", PUBLIC[:-1], b"\x02" + PUBLIC[1:], PUBLIC[:-1] + b"\x00", b"\x01" + bytes(1665)]
)
def test_what_is_no_public_key_is_refused(public: bytes) -> None:
    with pytest.raises(BadInput):
        wrapping.wrap(public, bytes(32), INFO)


@pytest.mark.parametrize("private", [b"", PRIVATE[:-1], b"\x02" + PRIVATE[1:], PRIVATE[:65] + bytes(48)])
def test_what_is_no_private_key_is_refused(private: bytes) -> None:
    with pytest.raises(BadInput):
        wrapping.unwrap(private, b"x", INFO)


def test_peer_sealing_binds_info_and_aad() -> None:
    private, public = wrapping.generate_peer_key()
    sealed = wrapping.seal_to(public, b"window", b"guet/key-window/v1", b"permit")
    assert len(sealed) == 32 + len(b"window") + 16
    assert wrapping.open_from(private, sealed, b"guet/key-window/v1", b"permit") == b"window"
    assert wrapping.peer_public_key(private) == public
    for info, aad in ((b"guet/key-window/v2", b"permit"), (b"guet/key-window/v1", b"other"), (b"", b"")):
        with pytest.raises(Damaged):
            wrapping.open_from(private, sealed, info, aad)
    with pytest.raises(Damaged):
        wrapping.open_from(wrapping.generate_peer_key()[0], sealed, b"guet/key-window/v1", b"permit")


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(32), b"\x01" + bytes(31), bytes(33)])
def test_unusable_peer_keys_are_refused(public: bytes) -> None:
    with pytest.raises(BadInput):
        wrapping.seal_to(public, b"window", b"guet/key-window/v1")


WORDS = "cheval agrafe pile correct"
WRAPPED = passphrase.wrap_private(PRIVATE, WORDS)


def test_a_private_key_comes_back_by_its_passphrase() -> None:
    again: dict[str, Any] = json.loads(json.dumps(WRAPPED))
    assert passphrase.unwrap_private(again, WORDS) == PRIVATE
    assert PRIVATE[1:33] not in json.dumps(WRAPPED).encode()
    assert base64.b64encode(PRIVATE)[:40].decode() not in json.dumps(WRAPPED)


def test_another_passphrase_is_refused() -> None:
    for words in ("", "cheval agrafe pile correcte", WORDS.upper()):
        with pytest.raises(Refused):
            passphrase.unwrap_private(WRAPPED, words)


def test_the_same_words_typed_otherwise_open() -> None:
    wrapped = passphrase.wrap_private(b"key", "élève été forêt")
    assert passphrase.unwrap_private(wrapped, "e\u0301le\u0300ve e\u0301te\u0301 fore\u0302t") == b"key"


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2}, {"kdf": "argon2d"}, {"aead": "AES-128-GCM"}, {"memory_kib": 2_000_000}, {"memory_kib": 0},
        {"passes": 0}, {"passes": 17}, {"passes": True}, {"passes": "3"}, {"lanes": 17}, {"memory_kib": 8, "lanes": 4},
        {"salt": ""}, {"salt": "****"}, {"nonce": "AAAA"}, {"ciphertext": "é"},
    ],
)  # fmt: skip
def test_a_hostile_wrapping_is_refused_before_any_work(change: dict[str, Any]) -> None:
    with pytest.raises(Damaged):
        passphrase.unwrap_private(WRAPPED | change, WORDS)


@pytest.mark.parametrize("change", [{"passes": 2}, {"memory_kib": 32_768}, {"extra": 1}, {"ciphertext": "AAAA"}])
def test_changed_parameters_do_not_open(change: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        passphrase.unwrap_private(WRAPPED | change, WORDS)


def test_short_and_endless_passphrases_are_refused() -> None:
    for words in ("court", "x" * 1025):
        with pytest.raises(BadInput):
            passphrase.wrap_private(PRIVATE, words)
    with pytest.raises(BadInput):
        passphrase.unwrap_private(WRAPPED, "x" * 1025)


def test_signatures_hold_for_their_domain_only() -> None:
    private, public = signing.generate_signing_key()
    assert signing.signing_public_key(private) == public
    signature = signing.sign(private, b"guet/permit/v1\0", b"message")
    signing.verify(public, b"guet/permit/v1\0", b"message", signature)
    for domain, message, forged in (
        (b"guet/order/v1\0", b"message", signature),
        (b"guet/permit/v1\0", b"massage", signature),
        (b"guet/permit/v1\0", b"message", flipped(signature, 3)),
        (b"guet/permit/v1\0", b"message", b""),
    ):
        with pytest.raises(Damaged):
            signing.verify(public, domain, message, forged)
    with pytest.raises(BadInput):
        signing.sign(private, b"no zero byte", b"message")
    with pytest.raises(BadInput):
        signing.verify(public[:-1], b"", b"message", signature)


SIGNER, VERIFIER = signing.generate_signing_key()
NAME = "guet.example/valclair"


def test_a_note_verifies_for_its_signer() -> None:
    text = "première ligne\n\nune autre\n"
    signed = note.sign_note(text, NAME, SIGNER)
    known = note.parse_vkey(note.vkey(NAME, VERIFIER))
    assert note.verify_note(signed, [known]) == (text, (known,))


def test_cosignatures_of_unknown_keys_are_ignored_and_known_ones_count() -> None:
    other, other_public = signing.generate_signing_key()
    signed = note.sign_note("texte\n", NAME, SIGNER) + note.signature_line("texte\n", "temoin.example/a", other)
    mine, witness = note.Verifier(NAME, VERIFIER), note.Verifier("temoin.example/a", other_public)
    assert note.verify_note(signed, [mine])[1] == (mine,)
    assert note.verify_note(signed, [witness, mine])[1] == (mine, witness)
    with pytest.raises(Damaged):
        note.verify_note(signed, [note.Verifier(NAME, other_public)])
    with pytest.raises(Damaged):
        note.verify_note(signed, [])


def test_a_bad_signature_of_a_known_key_rejects_the_whole_note() -> None:
    signed = note.sign_note("texte\n", NAME, SIGNER)
    other, other_public = signing.generate_signing_key()
    bad = note.signature_line("autre\n", "temoin.example/a", other)
    with pytest.raises(Damaged):
        note.verify_note(signed + bad, [note.Verifier(NAME, VERIFIER), note.Verifier("temoin.example/a", other_public)])


@pytest.mark.parametrize(
    "change",
    [
        lambda signed: signed.replace("texte", "textes"), lambda signed: signed[:-1], lambda signed: signed + "\n",
        lambda signed: signed.replace("\n\n", "\n"), lambda signed: signed.replace("— ", "- "),
        lambda signed: signed.replace("texte\n", "texte\r\n"), lambda signed: "",
        lambda signed: signed.replace("=", ""),
        lambda signed: signed.replace(" guet", "  guet"), lambda signed: signed + "x" * 2_000_000,
        lambda signed: signed + signed.splitlines(keepends=True)[-1] * 101,
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(change: Any) -> None:
    signed = note.sign_note("texte\n", NAME, SIGNER)
    with pytest.raises(Damaged):
        note.verify_note(change(signed), [note.Verifier(NAME, VERIFIER)])


@pytest.mark.parametrize("text", ["no newline", "tab\t\n", "\x00\n", "lone \ud800\n"])
def test_texts_outside_the_format_are_not_signed(text: str) -> None:
    with pytest.raises(BadInput):
        note.sign_note(text, NAME, SIGNER)


@pytest.mark.parametrize("name", ["", "with space", "a+b", "nb\u00a0sp"])
def test_key_names_outside_the_format_are_refused(name: str) -> None:
    with pytest.raises(BadInput):
        note.vkey(name, VERIFIER)


@pytest.mark.parametrize(
    "text",
    ["", "a+b", f"{NAME}+00000000+AAAA", note.vkey(NAME, VERIFIER)[:-4], "x" + note.vkey(NAME, VERIFIER), "a+b+c+d"],
    ids=["empty", "two parts", "another key id", "cut", "another name", "four parts"],
)
def test_what_is_no_vkey_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        note.parse_vkey(text)


def test_derived_keys_differ_by_segment_and_number() -> None:
    one, other = derive.segment_key(bytes(32), "a"), derive.segment_key(bytes(32), "b")
    assert len({one, other, derive.group_key(one, 0), derive.group_key(one, 1), derive.group_key(other, 0)}) == 5


@pytest.mark.parametrize("length", [0, 55, 56, 71, 72 + 16_384, 56 + 16_400, 56 + 16_400 + 15])
def test_lengths_no_message_can_have(length: int) -> None:
    if length in (72 + 16_384,):
        with pytest.raises(GuetError):
            sealing.open_group(bytes(32), b"", bytes(length))
        return
    with pytest.raises(Damaged):
        sealing.plaintext_length(length)


@pytest.mark.parametrize("length", [0, 1, 16_383, 16_384, 16_385, 40_000, 1_000_000])
def test_lengths_go_both_ways(length: int) -> None:
    assert sealing.plaintext_length(sealing.sealed_length(length)) == length


def test_keys_of_another_length_are_refused() -> None:
    for key in (b"", bytes(16), bytes(33)):
        with pytest.raises(BadInput):
            sealing.seal_group(key, b"", b"plain")
        with pytest.raises(BadInput):
            sealing.open_group(key, b"", bytes(72))
