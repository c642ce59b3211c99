"""The commune's seal on a running keeper: made once and journalled, certifies keys, seals manifests (E-30)."""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.keeper_town import MAYOR, Town, extracting_town
from tests.integration.test_keeper_requests import register
from vms.clock import SystemClock
from vms.errors import BadInput, Damaged, NotFound, Refused
from vms.evidence import cms
from vms.keeper.acts.seal import RENEW_US, seal_of
from vms.keeper.journal.entry import Author
from vms.keys import seal

DIGEST = hashlib.sha256(b"manifest")
_, PUBLIC = seal.generate_key()


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Town]:
    """A town with an officer who may extract."""
    async with extracting_town(tmp_path) as made:
        yield made


async def approved(place: Town) -> str:
    request = str((await register(place))["request"])
    await place.act(MAYOR, "decide", request=request, decision="execute")
    await place.watch("agent", "export", request=request)
    return request


async def certified(place: Town, request: str, public: bytes = PUBLIC) -> tuple[bytes, bytes]:
    """(the export key's certificate, the seal's), DER."""
    answer = await place.act("agent", "certify_export", request=request, public=base64.b64encode(public).decode())
    return base64.b64decode(answer["certificate"]), base64.b64decode(answer["seal"])


async def test_one_seal_certifies_keys_and_seals_manifests_and_the_journal_says_so(place: Town) -> None:
    request = await approved(place)
    leaf, own = await certified(place, request)
    issuer = seal.read_certificate(own)
    key = seal.read_certificate(leaf, issuer)
    assert key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == PUBLIC
    with pytest.raises(Damaged):
        seal.read_certificate(leaf)
    published = await place.read("secretariat", "seal")
    assert seal.from_pem(published["certificate"].encode()) == own
    assert published["certificate_sha256"] == hashlib.sha256(own).hexdigest()
    signed = await place.act("agent", "sign_manifest", request=request, manifest_sha256=DIGEST.hexdigest())
    at = cms.verify(base64.b64decode(signed["cms"]), issuer, DIGEST.digest())
    assert abs(at.us - place.clock.utc().us) < 2_000_000
    assert (await certified(place, await approved(place)))[1] == own
    entries = (await place.read(MAYOR, "journal", kind="modification"))["entries"]
    acts = [one["record"]["act"] for one in entries]
    assert (acts.count("make_seal"), acts.count("certify_export")) == (1, 2)
    digest = hashlib.sha256(own).hexdigest()
    assert any(one["record"]["detail"].get("certificate_sha256") == digest for one in entries)
    # Half-way through its life it is replaced. Habilitations lapse long before: the act is asked itself.
    place.clock.advance(seconds=RENEW_US // 1_000_000 + 1)
    commune = place.keeper.house.communes.get("valclair")
    second = await commune.change(lambda change: seal_of(change).certificate, Author())
    assert seal.read_certificate(second).not_valid_before_utc > issuer.not_valid_before_utc


async def test_without_a_right_or_for_another_kind_of_key_nothing_is_certified(place: Town) -> None:
    request = str((await register(place))["request"])
    with pytest.raises(NotFound):
        await place.read("secretariat", "seal")
    with pytest.raises(Refused) as early:
        await certified(place, request)
    assert early.value.rule == "P-74"
    with pytest.raises(NotFound):
        await certified(place, "d-unknown")
    with pytest.raises(Refused):
        await place.act("secretariat", "certify_export", request=request, public=base64.b64encode(PUBLIC).decode())
    # With the right, only for the kind of key that signs videos.
    await place.act(MAYOR, "decide", request=request, decision="execute")
    short = rsa.generate_private_key(65_537, 2048).public_key()
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    others = [key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for key in (short, curve)]
    for public in (*others, b"", b"\x30\x00", PUBLIC[:-1], PUBLIC + bytes(2000)):
        with pytest.raises(BadInput):
            await certified(place, request, public)
    with pytest.raises(BadInput):
        await place.act("agent", "certify_export", request=request, public="é")


def test_every_change_of_a_seal_is_found() -> None:
    now = SystemClock().utc()
    own = seal.make_seal("valclair", "Valclair-sur-Brume", now)
    certificate, signed = seal.read_certificate(own.certificate), cms.sign(own, DIGEST.digest(), now)
    assert cms.verify(signed, certificate, DIGEST.digest()).since(now) <= 0
    with pytest.raises(Damaged):
        cms.verify(signed, certificate, hashlib.sha256(b"other").digest())
    for length in (0, 1, 200, 900, len(signed) - 1):
        with pytest.raises(Damaged):
            cms.verify(signed[:length] + signed[length + 1 :], certificate, DIGEST.digest())
    with pytest.raises(Damaged):
        cms.verify(signed + b"\0", certificate, DIGEST.digest())
    for at in range(0, len(signed), 29):
        changed = bytearray(signed)
        changed[at] ^= 0x10
        with pytest.raises(Damaged):
            cms.verify(bytes(changed), certificate, DIGEST.digest())


def test_an_odd_certificate_is_damaged_and_nothing_else() -> None:
    own = seal.make_seal("valclair", "Valclair-sur-Brume", SystemClock().utc()).certificate
    version = own.index(bytes.fromhex("a003020102")) + 4
    serial = version + 3
    for at, value in ((version, 97), (serial, 0x80), (serial - 2, 0x0C)):
        odd = bytearray(own)
        odd[at] = value
        with pytest.raises(Damaged):
            seal.read_certificate(bytes(odd))
    dice = random.Random(7)
    for _ in range(400):
        at = dice.randrange(len(own))
        odd = bytearray(own)
        odd[at : at + dice.randint(0, 4)] = dice.randbytes(dice.randint(0, 4))
        if bytes(odd) != own:
            with pytest.raises(Damaged):
                seal.read_certificate(bytes(odd))
    for pem in (b"", b"-----BEGIN CERTIFICATE-----\n", seal.to_pem(own) + b"\n", b"\n" + seal.to_pem(own)):
        with pytest.raises(Damaged):
            seal.from_pem(pem)
