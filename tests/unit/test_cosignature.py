"""Cosignatures of both kinds: what they bind, and what is refused (C2SP tlog-cosignature, E-04)."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from vms.errors import BadInput, Damaged
from vms.keeper.journal.checkpoint import checkpoint_text
from vms.keys.cosignature import ED25519, ML_DSA_44, Cosigner, Head, cosignatures, parse_witness_vkey
from vms.keys.note import sign_note
from vms.keys.signing import generate_signing_key

NAME = "prefecture.example/temoin"
AT_S = 1_795_000_000
HEAD = Head("guet/abcd/valclair/2026-T4", 7, b"r" * 32)
TEXT = checkpoint_text(HEAD.origin, HEAD.size, HEAD.root)
NOTE = sign_note(TEXT, "guet/abcd", generate_signing_key()[0])
KINDS = pytest.mark.parametrize("kind", [ED25519, ML_DSA_44])


@KINDS
def test_a_cosignature_says_who_and_when(kind: int) -> None:
    one = Cosigner(NAME, kind, b"s" * 32)
    other = Cosigner(NAME, kind, b"t" * 32)
    signed = NOTE + one.line(TEXT, HEAD, AT_S) + other.line(TEXT, HEAD, AT_S + 1)
    key = parse_witness_vkey(one.key.vkey())
    assert [(found.key, found.at_s) for found in cosignatures(signed, HEAD, [key])] == [(key, AT_S)]
    assert cosignatures(NOTE, HEAD, [key]) == []


@KINDS
@pytest.mark.parametrize(
    "change",
    [
        lambda blob: blob[:-1] + bytes([blob[-1] ^ 1]),  # the signature
        lambda blob: blob[:11] + bytes([blob[11] ^ 1]) + blob[12:],  # the time
        lambda blob: blob[:4] + bytes(8) + blob[12:],  # no time
        lambda blob: blob[:4] + b"\xff" * 8 + blob[12:],  # a time beyond time
        lambda blob: blob[:-1],
        lambda blob: blob + b"\0",
        lambda blob: blob[:4],
    ],
)
def test_an_altered_cosignature_of_a_known_key_is_damaged(kind: int, change: Callable[[bytes], bytes]) -> None:
    one = Cosigner(NAME, kind, b"s" * 32)
    dash, name, encoded = one.line(TEXT, HEAD, AT_S).split(" ")
    blob = change(base64.b64decode(encoded))
    with pytest.raises(Damaged):
        cosignatures(f"{NOTE}{dash} {name} {base64.b64encode(blob).decode()}\n", HEAD, [one.key])


@KINDS
def test_a_cosignature_is_of_one_checkpoint_only(kind: int) -> None:
    one = Cosigner(NAME, kind, b"s" * 32)
    line = one.line(TEXT, HEAD, AT_S)
    for head in (
        Head(HEAD.origin, 8, HEAD.root),
        Head(HEAD.origin, 7, b"q" * 32),
        Head(HEAD.origin.replace("T4", "T3"), 7, HEAD.root),
    ):
        text = checkpoint_text(head.origin, head.size, head.root)
        note = sign_note(text, "guet/abcd", generate_signing_key()[0])
        with pytest.raises(Damaged):
            cosignatures(note + line, head, [one.key])


def test_an_ml_dsa_cosignature_is_under_one_name_only() -> None:
    one, other = Cosigner(NAME, ML_DSA_44, b"s" * 32), Cosigner("autre.example", ML_DSA_44, b"s" * 32)
    blob = base64.b64decode(one.line(TEXT, HEAD, AT_S).split(" ")[2])
    forged = base64.b64encode(other.key.key_id + blob[4:]).decode()
    with pytest.raises(Damaged):
        cosignatures(f"{NOTE}— autre.example {forged}\n", HEAD, [other.key])


def test_a_witness_in_service_elsewhere_has_the_key_id_we_compute() -> None:
    text = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
    assert parse_witness_vkey(text).vkey() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b",
        "remora.n621.de+da77ade8+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
        "remora.n621.de+da77ade7+AevN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",  # a log's key, not a witness's
        "remora.n621.de+da77ade7+BOvN63jn",
        "remora.n621.de+da77ade7+",
        "deux mots+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    ],
)
def test_a_wrong_witness_key_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput):
        parse_witness_vkey(text)
