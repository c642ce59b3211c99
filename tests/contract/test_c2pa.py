"""C2PA sidecars judged by the Content Authenticity Initiative's own library, and by ours beside it (E-11, E-20, E-22).

Theirs must accept a sidecar with its video, find hash, signature, trust and time-stamp good, and refuse it after any
change; ours must refuse the same and say why.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography import x509

from tests.fakes.recording import START
from tests.judges.c2pa_library import CLAIM_SIGNING, MATCHES, STAMPED, TRUSTED, judged
from tests.peers.timestamping import Authority
from tests.unit.test_oeff import stored_group
from vms.clock import SystemClock
from vms.errors import Damaged
from vms.evidence import c2pa
from vms.evidence.timestamp import read_roots, request, token_of
from vms.keys import seal

NOW = SystemClock().utc()
SEAL = seal.make_seal("valclair", "Valclair-sur-Brume", NOW)


@dataclass(frozen=True, slots=True)
class Made:
    """A video, its signed sidecar, the token over it, and the authority's roots."""

    video: bytes
    signed: c2pa.Signed
    token: bytes
    roots: bytes


def extraction_key(by: seal.Seal = SEAL) -> seal.Seal:
    """A key as a worker makes it, certified as the keeper does."""
    private, public = seal.generate_key()
    return seal.Seal(private, seal.issue(by, public, "Extraction d-2026-0001", NOW))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One of each."""
    init, fragment = stored_group()
    video = init + fragment
    subject = c2pa.Subject(
        package="E-0001",
        path="video/valclair-c01.main.20261124T141000000000Z.mp4",
        sha256=hashlib.sha256(video).hexdigest(),
        recorded_us=START.us,
        exported_us=START.plus(seconds=60).us,
        build="0.1.0",
        masked=True,
    )
    authority = Authority(tmp_path_factory.mktemp("tsa"))
    signed = c2pa.sign(subject, extraction_key())
    return Made(video, signed, token_of(authority.answer(request(signed.to_stamp()).der)), authority.roots)


def ours(sidecar: bytes, made: Made, subject: c2pa.Subject | None = None, by: seal.Seal = SEAL) -> str:
    """Why our check refuses; empty when it accepts."""
    try:
        issuer = x509.load_der_x509_certificate(by.certificate)
        c2pa.verify(sidecar, subject or made.signed.subject, issuer, read_roots(made.roots))
    except Damaged as error:
        return error.what
    return ""


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def anchors_of(made: Made) -> bytes:
    return seal.to_pem(SEAL.certificate) + made.roots


def test_both_accept_a_sidecar_with_its_video(made: Made) -> None:
    sidecar = made.signed.encode(made.token)
    told = judged(made.video, sidecar, anchors_of(made))
    assert (told.state, told.bad) == ("Trusted", frozenset())
    assert told.good >= TRUSTED | STAMPED
    assert ours(sidecar, made) == ""
    assert told.manifest["claim_version"] == 2
    assert told.manifest["signature_info"]["alg"] == "Ps256"
    (actions,) = [one["data"]["actions"] for one in told.manifest["assertions"] if one["label"] == "c2pa.actions.v2"]
    assert [one["action"] for one in actions] == ["c2pa.created", "c2pa.edited", "c2pa.repackaged"]
    assert actions[0]["when"] == START.iso()


def test_without_the_communes_certificate_the_signer_is_unknown_and_the_bytes_still_hold(made: Made) -> None:
    other = seal.to_pem(seal.make_seal("autre", "Autre", NOW).certificate)
    for anchors in (b"", other):
        told = judged(made.video, made.signed.encode(made.token), anchors)
        assert (told.state, told.bad) == ("Valid", frozenset({"signingCredential.untrusted"}))
        assert told.good >= MATCHES


def test_the_certificate_fits_the_profile_of_the_day_and_the_one_before(made: Made) -> None:
    """C2PA's own purpose, and that of e-mail, which their library takes when it was told none."""
    for purpose in (CLAIM_SIGNING, "1.3.6.1.5.5.7.3.4", ""):
        assert judged(made.video, made.signed.encode(), anchors_of(made), purpose).state == "Trusted", purpose


def test_one_byte_of_the_video_changed_anywhere_breaks_the_hard_binding(made: Made) -> None:
    """``ftyp`` too, which ``c2pa.hash.bmff.v3`` would leave out."""
    sidecar = made.signed.encode(made.token)
    for at in (4, 9, len(made.video) // 2, len(made.video) - 1):
        video = flipped(made.video, at)
        assert "assertion.dataHash.mismatch" in judged(video, sidecar, anchors_of(made)).bad, at
        subject = replace(made.signed.subject, sha256=hashlib.sha256(video).hexdigest())
        assert "n’est pas celui de cette vidéo" in ours(sidecar, made, subject)
    for longer in (made.video + b"\0", made.video[:-1]):
        assert "assertion.dataHash.mismatch" in judged(longer, sidecar, anchors_of(made)).bad


def test_both_refuse_a_flipped_byte_of_assertions_claim_certificate_and_signature(made: Made) -> None:
    sidecar = made.signed.encode(made.token)
    claim = sidecar.index(b"c2pa.claim.v2")
    places = {
        "hash": (sidecar.index(bytes.fromhex(made.signed.subject.sha256)), "assertion.hashedURI.mismatch"),
        "action": (sidecar.index(b"digitalCapture"), "assertion.hashedURI.mismatch"),
        "claim": (sidecar.index(b"version", claim) + 8, "claimSignature.mismatch"),
        "certificate": (sidecar.index(b"Extraction d-2026"), "claimSignature.mismatch"),
        "signature": (len(sidecar) - 5, "claimSignature.mismatch"),
    }
    for what, (at, code) in places.items():
        changed = flipped(sidecar, at)
        told = judged(made.video, changed, anchors_of(made))
        assert code in told.bad, (what, told)
        assert told.state != "Trusted", what
        assert ours(changed, made), what


def test_a_flipped_byte_is_refused_wherever_it_is(made: Made) -> None:
    sidecar = made.signed.encode(made.token)
    token = sidecar.index(made.token)
    accepted = {at for at in range(len(sidecar)) if not ours(flipped(sidecar, at), made)}
    # A token's own signature (CMS) leaves version numbers and names of algorithms out, and nothing that says anything.
    assert len(accepted) <= 16
    assert accepted <= set(range(token, token + len(made.token)))
    spared = [
        at
        for at in random.Random(7).sample(range(len(sidecar)), 150)
        if (told := judged(made.video, flipped(sidecar, at), anchors_of(made))).state == "Trusted"
        and told.good >= TRUSTED | STAMPED
    ]
    # Bytes that their library does not read are few: it skips what it does not know.
    assert len(spared) <= 5, spared


@pytest.mark.parametrize("cut", [0, 1, 60, 400, 2000])
def test_ours_refuses_what_is_cut_or_no_sidecar(made: Made, cut: int) -> None:
    sidecar = made.signed.encode(made.token)
    assert ours(sidecar[:cut], made)
    assert ours(sidecar[: len(sidecar) - 1 - cut], made)
    assert ours(sidecar + bytes(1 + cut), made)
    assert ours(bytes(c2pa.SIDECAR_LIMIT_BYTES + 1), made) == "Le fichier C2PA est trop long."


def test_ours_says_which_part_does_not_hold(made: Made, tmp_path: Path) -> None:
    subject = made.signed.subject
    whole = made.signed.encode(made.token)
    assert "signature C2PA ne correspond pas" in ours(whole[:-1] + bytes([whole[-1] ^ 1]), made)
    assert "horodatage C2PA annoncé manque" in ours(made.signed.encode(), made)
    stolen = c2pa.sign(subject, extraction_key(seal.make_seal("valclair", "Valclair-sur-Brume", NOW)))
    assert "n’est pas de l’émetteur attendu" in ours(stolen.encode(made.token), made)
    # Another signature's token, of the right authority.
    again = c2pa.sign(subject, extraction_key())
    assert "horodatage ne tient pas" in ours(again.encode(made.token), made)
    assert "horodatage ne tient pas" in ours(whole, replace(made, roots=Authority(tmp_path).roots))
    for other in (
        replace(subject, path="video/valclair-c02.main.20261124T141000000000Z.mp4"),
        replace(subject, recorded_us=subject.recorded_us + 1),
        replace(subject, masked=False),
        replace(subject, package="E-0002"),
    ):
        assert "n’est pas celui de cette vidéo" in ours(whole, made, other), other


def test_a_token_that_ends_like_an_empty_header_is_still_read(made: Made) -> None:
    """Where a token ends, chance may put the byte that stands for "no header"."""
    sidecar = made.signed.encode(made.token[:-1] + b"\xa0")
    assert "horodatage" in ours(sidecar, made)
