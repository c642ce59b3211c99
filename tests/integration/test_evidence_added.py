"""What can be added to a package's signatures without breaking one: both our verifier and the French page refuse it.

A signature does not cover what lies around it: more certificates, unsigned attributes, spare bits of base64, a link in
the folder. And a key that the seal certified for one extraction's videos must not pass for the seal.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from tests.fakes.extraction import SEAL, SIGNER, ExportDesk, extract, opened_package, record_clip
from tests.fakes.recording import START, Rig
from tests.judges import public_tools
from tests.judges.forgery import entries_of, packed
from tests.peers.timestamping import Authority
from vms.clock import SystemClock
from vms.errors import Damaged
from vms.evidence import cms
from vms.evidence.timestamp import request
from vms.evidence.token_form import check_form
from vms.evidence.verify import verify_package
from vms.keys import seal
from vms.keys.der import integer, octets, oid, sequence, set_of, tlv

Entries = dict[str, bytes]
SEAL_STEP, JOURNAL_STEP, STAMP_STEP = "Le cachet", "La clé du journal", "L’horodatage"
EXTRA = "Rien en trop, rien qui manque"
SHA512 = sequence(oid("2.16.840.1.101.3.4.2.3"))
HIDDEN = tlv(0xA1, sequence(oid("1.2.3.4"), set_of(octets(b"hidden" * 50))))
STRANGER = seal.make_seal("valclair", "Valclair-sur-Brume", SystemClock().utc())
PRIVATE, PUBLIC = seal.generate_key()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa"))


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Entries:
    """The files of one time-stamped package, and the authority's root."""
    folder = tmp_path_factory.mktemp("added")

    async def make() -> bytes:
        rig = await Rig(folder).prepare()
        writer = rig.writer()
        await writer.start()
        await record_clip(rig, writer, "other", 1, START)
        rig.clock.step(seconds=600)
        await writer.close()
        desk = ExportDesk(rig, stamped=lambda data: authority.answer(request(data).der))
        exported = await extract(rig, folder / "p.guetpkg", START.us, START.plus(seconds=2).us, desk, authority.roots)
        await rig.close()
        return opened_package(exported, folder / "p.zip").read_bytes()

    return entries_of(asyncio.run(make())) | {"../autorite.pem": authority.roots}


@pytest.fixture
def folder(entries: Entries, tmp_path: Path) -> Path:
    """The package, extracted, beside the published keys."""
    out = tmp_path / "paquet"
    published = {"../commune.pem": seal.to_pem(SEAL.certificate), "../commune.vkey": f"{SIGNER.vkey()}\n".encode()}
    for name, data in (entries | published).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(data)
    return out


def is_accepted(folder: Path, step: str) -> bool:
    return public_tools.run(public_tools.commands()[step], folder).returncode == 0


def note(change: Callable[[list[str]], object]) -> Callable[[Entries], bytes]:
    """The signed note with its lines changed."""

    def edit(entries: Entries) -> bytes:
        lines = entries["manifest.sig"].decode().split("\n")
        change(lines)
        return "\n".join(lines).encode()

    return edit


def spare_bit(lines: list[str]) -> None:
    """Another last character that decodes to the same bytes."""
    text = lines[5].rstrip("=")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    lines[5] = text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1] + "="


def sealed(
    *,
    by: seal.Seal = SEAL,
    unsigned: bytes = b"",
    certificates: tuple[bytes, ...] = (),
    algorithms: tuple[bytes, ...] = (),
    twice: bool = False,
    attributes: bool = True,
    version: int = 1,
) -> Callable[[Entries], bytes]:
    """A CMS signature of the manifest that holds, in any form that RFC 5652 allows."""

    def edit(entries: Entries) -> bytes:
        digest = hashlib.sha256(entries["manifest.json"]).digest()
        own = x509.load_der_x509_certificate(by.certificate)
        said = cms._attributes(own, digest, SystemClock().utc())
        signed = hashlib.sha256(set_of(*said)).digest() if attributes else digest
        signer = sequence(
            integer(1),
            sequence(own.issuer.public_bytes(), integer(own.serial_number)),
            sequence(cms._SHA256),
            *([tlv(0xA0, *sorted(said))] if attributes else []),
            cms._PSS,
            octets(seal.sign_digest(by.private, signed, cms.SALT_BYTES)),
            unsigned,
        )
        content = sequence(
            integer(version),
            set_of(sequence(cms._SHA256), *algorithms),
            sequence(cms._DATA),
            tlv(0xA0, *sorted([by.certificate, *certificates])),
            set_of(signer, *([signer] if twice else [])),
        )
        return sequence(cms._SIGNED_DATA, tlv(0xA0, content))

    return edit


def an_extractions_key() -> seal.Seal:
    return seal.Seal(PRIVATE, seal.issue(SEAL, PUBLIC, "Extraction d-9", SystemClock().utc()))


def members(value: bytes) -> list[bytes]:
    """The members of a DER value, whole."""
    found, data = [], body(value)
    while data:
        size = len(data) - len(rest(data))
        found.append(data[:size])
        data = data[size:]
    return found


def body(value: bytes) -> bytes:
    count = value[1] & 0x7F if value[1] & 0x80 else 0
    return value[2 + count :]


def rest(data: bytes) -> bytes:
    count = data[1] & 0x7F if data[1] & 0x80 else 0
    length = int.from_bytes(data[2 : 2 + count], "big") if count else data[1]
    return data[2 + count + length :]


def stamped(change: Callable[[list[bytes]], object], status: bytes = b"") -> Callable[[Entries], bytes]:
    """The time-stamp with the members of its SignedData changed, its signature as it was."""

    def edit(entries: Entries) -> bytes:
        told, token = members(entries["manifest.tsr"])
        kind, content = members(token)
        signed = members(members(content)[0])
        change(signed)
        return sequence(status or told, sequence(kind, tlv(0xA0, sequence(*signed))))

    return edit


def more_certificates(signed: list[bytes]) -> None:
    signed[3] = tlv(0xA0, *members(signed[3]), STRANGER.certificate)


def unsigned_words(signed: list[bytes]) -> None:
    signed[4] = set_of(sequence(*members(members(signed[4])[0]), HIDDEN))


def two_signers(signed: list[bytes]) -> None:
    signed[4] = tlv(0x31, *members(signed[4]) * 2)


def another_algorithm(signed: list[bytes]) -> None:
    signed[1] = set_of(*members(signed[1]), SHA512)


def nothing(signed: list[bytes]) -> None:
    return


ADDED: dict[str, tuple[str, str, Callable[[Entries], bytes]]] = {
    "words on the note's empty line": (JOURNAL_STEP, "manifest.sig", note(lambda lines: lines.__setitem__(4, "x"))),
    "a word after the signature": (JOURNAL_STEP, "manifest.sig", note(lambda lines: lines.append(lines.pop() + " x"))),
    "a field after the signature": (
        JOURNAL_STEP,
        "manifest.sig",
        note(lambda lines: lines.__setitem__(5, lines[5] + " x")),
    ),
    "a spare bit of base64": (JOURNAL_STEP, "manifest.sig", note(spare_bit)),
    "base64 without its end": (
        JOURNAL_STEP,
        "manifest.sig",
        note(lambda lines: lines.__setitem__(5, lines[5].rstrip("="))),
    ),
    "another statement's first line": (
        JOURNAL_STEP,
        "manifest.sig",
        note(lambda lines: lines.__setitem__(0, "guet/autre/v1")),
    ),
    "a second signature": (JOURNAL_STEP, "manifest.sig", note(lambda lines: lines.insert(5, lines[5]))),
    "the seal with unsigned words": (SEAL_STEP, "manifest.p7s", sealed(unsigned=HIDDEN)),
    "the seal with a stranger's certificate": (
        SEAL_STEP,
        "manifest.p7s",
        sealed(certificates=(STRANGER.certificate,)),
    ),
    "the seal with another algorithm": (SEAL_STEP, "manifest.p7s", sealed(algorithms=(SHA512,))),
    "the seal twice": (SEAL_STEP, "manifest.p7s", sealed(twice=True)),
    "the seal without signed attributes": (SEAL_STEP, "manifest.p7s", sealed(attributes=False)),
    "the seal in another version": (SEAL_STEP, "manifest.p7s", sealed(version=3)),
    "a key that the seal certified": (SEAL_STEP, "manifest.p7s", sealed(by=an_extractions_key())),
    "another seal of the same name": (SEAL_STEP, "manifest.p7s", sealed(by=STRANGER)),
    "a stamp with unsigned words": (STAMP_STEP, "manifest.tsr", stamped(unsigned_words)),
    "a stamp signed twice": (STAMP_STEP, "manifest.tsr", stamped(two_signers)),
    "a stamp with another algorithm": (STAMP_STEP, "manifest.tsr", stamped(another_algorithm)),
    "a stamp granted with changes": (STAMP_STEP, "manifest.tsr", stamped(nothing, sequence(integer(1)))),
}


@pytest.mark.parametrize("what", ADDED)
def test_both_refuse_what_a_signature_does_not_cover(entries: Entries, folder: Path, what: str) -> None:
    step, name, edit = ADDED[what]
    assert is_accepted(folder, step)
    changed = edit(entries)
    (folder / name).write_bytes(changed)
    assert not is_accepted(folder, step)
    whole = {one: data for one, data in entries.items() if not one.startswith("..")}
    path = folder.parent / "p.zip"
    path.write_bytes(packed({**whole, name: changed}))
    report = verify_package(path, SIGNER.vkey())
    assert report.verdict == "damaged"
    assert any(name in check.detail for check in report.checks if not check.ok), report.text()


def test_a_stamp_says_nothing_that_nobody_signed(entries: Entries) -> None:
    """What the page leaves to our verifier: whose certificates are joined, and what the answer itself says."""
    check_form(entries["manifest.tsr"])
    short = sequence(integer(0), sequence(tlv(0x0C, b"Operation Okay")))
    check_form(stamped(nothing, short)(entries))
    for edit in (
        stamped(more_certificates),
        stamped(nothing, sequence(integer(0), sequence(tlv(0x0C, b"hidden" * 50)))),
    ):
        with pytest.raises(Damaged, match="a été touché"):
            check_form(edit(entries))
    whole = entries["manifest.tsr"]
    for cut in (b"", whole[:1], whole[:-1], whole[:40], b"\x30\x84" + b"\xff" * 9, b"\x30\x80" + whole):
        with pytest.raises(Damaged, match="a été touché"):
            check_form(cut)


def test_a_stamp_of_before_the_seal_is_a_lie(entries: Entries, authority: Authority, tmp_path: Path) -> None:
    """The keeper's clock may be some minutes off, not hours."""
    whole = {name: data for name, data in entries.items() if not name.startswith("..")}
    digest = hashlib.sha256(entries["manifest.json"]).digest()
    for seconds, told in ((1_200, ""), (7_200, "L’horodatage est plus ancien que le cachet.")):
        late = cms.sign(SEAL, digest, SystemClock().utc().plus(seconds=seconds))
        stamp = authority.answer(request(late).der)
        (tmp_path / "p.zip").write_bytes(packed({**whole, "manifest.p7s": late, "manifest.tsr": stamp}))
        wrong = [check.detail for check in verify_package(tmp_path / "p.zip", SIGNER.vkey()).checks if not check.ok]
        assert [one for one in wrong if told not in one] == [], wrong
        assert bool(wrong) is bool(told)


@pytest.mark.parametrize("kind", ["link", "link to a folder", "pipe", "empty folder", "link in a file's place"])
def test_the_page_finds_what_is_no_file(folder: Path, kind: str) -> None:
    assert is_accepted(folder, EXTRA)
    added = folder / "video" / "x"
    if kind == "link":
        added.symlink_to("/etc/passwd")
    elif kind == "link to a folder":
        added.symlink_to("/etc")
    elif kind == "pipe":
        os.mkfifo(added)
    elif kind == "empty folder":
        added.mkdir()
    else:
        (folder / "LISEZMOI.txt").rename(folder.parent / "ailleurs")
        (folder / "LISEZMOI.txt").symlink_to("../ailleurs")
    assert not is_accepted(folder, EXTRA)
