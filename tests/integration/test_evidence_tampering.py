"""A package that was touched: each byte, each file, each claim, and a package signed again by somebody else (E-31)."""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.extraction import SIGNER, package_with_a_gap
from tests.judges.forgery import entries_of, packed, signed_again
from vms.errors import BadInput
from vms.evidence.container import Container
from vms.evidence.manifest import MANIFEST_FILE, canonical
from vms.evidence.report import Report
from vms.evidence.verify import read_signer, verify_package
from vms.keys.note import vkey
from vms.keys.signing import generate_signing_key

Edit = Callable[[dict[str, bytes]], None]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One authentic package, with a gap in it."""
    return package_with_a_gap(tmp_path_factory.mktemp("package"))


def verify(data: bytes, tmp_path: Path, signer: str | None = None) -> Report:
    path = tmp_path / "tampered.zip"
    path.write_bytes(data)
    return verify_package(path, signer or SIGNER.vkey())


def names_of_videos(package: bytes) -> list[str]:
    return [name for name in entries_of(package) if name.startswith("video/") and name.endswith(".mp4")]


def failed(report: Report) -> set[str]:
    return {check.step for check in report.checks if not check.ok}


def test_the_package_itself_is_authentic(package: bytes, tmp_path: Path) -> None:
    report = verify(package, tmp_path)
    assert (report.verdict, report.exit_code) == ("authentic", 0)
    assert report.to_dict()["signer_known"] is True
    assert "AUTHENTIQUE" in report.text()
    assert packed(entries_of(package)) == package


def test_any_flipped_byte_fails_and_says_where(package: bytes, tmp_path: Path) -> None:
    """Bytes all over the file, and every byte of the small files and of the container around them."""
    with BytesIO(package) as file:
        container = Container(file)
        videos = [entry for entry in container.entries if entry.name in names_of_videos(package)]
        inside = {at for entry in videos for at in range(entry.offset, entry.offset + entry.size)}
        names = {at: entry.name for entry in container.entries for at in range(entry.offset, entry.offset + entry.size)}
    dice = random.Random(5)
    around = [at for at in range(len(package)) if at not in inside]
    chosen = dice.sample(around, 250) + dice.sample(sorted(inside), 60)
    for at in chosen:
        data = bytearray(package)
        data[at] ^= 1 << dice.randrange(8)
        report = verify(bytes(data), tmp_path)
        assert report.verdict == "damaged", at
        told = " ".join(check.detail for check in report.checks if not check.ok)
        assert told
        if at in names:
            assert names[at] in told, (at, names[at], told)


@pytest.mark.parametrize("cut", [1, 21, 22, 98, 5000])
def test_a_cut_package_is_damaged(package: bytes, tmp_path: Path, cut: int) -> None:
    assert verify(package[:-cut], tmp_path).verdict == "damaged"
    assert verify(package[cut:], tmp_path).verdict == "damaged"
    assert verify(package + bytes(cut), tmp_path).verdict == "damaged"


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06" + bytes(18), bytes(200), b"\xff" * 4096])
def test_what_is_no_package_is_damaged(data: bytes, tmp_path: Path) -> None:
    assert verify(data, tmp_path).verdict == "damaged"


def test_an_added_file_is_named(package: bytes, tmp_path: Path) -> None:
    report = verify(packed({"video/extra.mp4": b"x", **entries_of(package)}), tmp_path)
    assert failed(report) == {"fichiers"}
    assert "video/extra.mp4 n’est pas au manifeste" in report.text()


def test_a_missing_file_is_named(package: bytes, tmp_path: Path) -> None:
    entries = entries_of(package)
    name = next(name for name in entries if name.startswith("video/"))
    del entries[name]
    report = verify(packed(entries), tmp_path)
    assert {"fichiers", "vidéo"} <= failed(report)
    assert f"{name} manque" in report.text()


def test_another_archive_of_the_same_files_is_no_package(package: bytes, tmp_path: Path) -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries_of(package).items():
            archive.writestr(name, content)
    assert failed(verify(out.getvalue(), tmp_path)) == {"conteneur"}


def test_signed_again_by_somebody_else_is_intact_and_unknown(package: bytes, tmp_path: Path) -> None:
    report = verify(signed_again(entries_of(package)), tmp_path)
    # The journal's checkpoint is still the commune's: a forger's key does not sign it, and that is said.
    assert (report.verdict, failed(report)) == ("intact, signer unknown", set())
    assert "qu’une autre clé que celle du paquet a signé" in report.text()
    entries = entries_of(package)

    def without_journal(content: dict[str, Any]) -> None:
        proofs = [path for one in content["journal"] for path in one.values()]
        content["journal"] = []
        content["files"] = [file for file in content["files"] if file["path"] not in proofs]
        for name in proofs:
            del entries[name]

    report = verify(signed_again(entries, without_journal), tmp_path)
    assert (report.verdict, report.exit_code) == ("intact, signer unknown", 1)
    assert report.fingerprint in report.text()


def test_without_a_known_key_the_original_is_intact_and_unknown(package: bytes, tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(package)
    assert verify_package(path).verdict == "intact, signer unknown"
    other = vkey("autre.example/guet", generate_signing_key()[1])
    assert verify_package(path, [other]).verdict == "intact, signer unknown"
    assert verify_package(path, [other, SIGNER.vkey()]).verdict == "authentic"


def hide_first_video(content: dict[str, Any]) -> None:
    stream = content["streams"][0]
    gone = stream["videos"].pop(0)
    stream["absences"].insert(0, {"from_us": gone["from_us"], "to_us": gone["to_us"], "cause": "camera-unreachable"})


def shorten_the_gap(content: dict[str, Any]) -> None:
    content["streams"][0]["absences"][0]["to_us"] -= 1_000_000


def rename_the_cause(content: dict[str, Any]) -> None:
    content["streams"][0]["absences"][0]["cause"] = "disk-full"


def claim_other_zones(content: dict[str, Any]) -> None:
    content["streams"][0]["zone_sets"] = ["zs-9"]


def claim_more_pictures(content: dict[str, Any]) -> None:
    content["streams"][0]["videos"][0]["pictures"] += 1


def claim_another_camera(content: dict[str, Any]) -> None:
    content["streams"][0]["camera"] = "valclair-c09"


def claim_another_time(content: dict[str, Any]) -> None:
    video = content["streams"][0]["videos"][0]
    video["offset_90k"] += 90_000


@pytest.mark.parametrize(
    ("lie", "step"),
    [
        (hide_first_video, "durée"),
        (shorten_the_gap, "durée"),
        (rename_the_cause, "durée"),
        (claim_other_zones, "chaîne"),
        (claim_more_pictures, "vidéo"),
        (claim_another_camera, "chaîne"),
        (claim_another_time, "vidéo"),
    ],
)
def test_a_manifest_that_lies_about_the_chain_is_found_even_when_signed(
    package: bytes, tmp_path: Path, lie: Callable[[dict[str, Any]], None], step: str
) -> None:
    report = verify(signed_again(entries_of(package), lie), tmp_path)
    assert step in failed(report), report.text()


@pytest.mark.parametrize("value", [-1, 1 << 63, 1 << 200, 1.5, "1", None, True])
def test_an_impossible_number_in_a_manifest_is_damage(package: bytes, tmp_path: Path, value: object) -> None:
    entries = entries_of(package)
    content = json.loads(entries[MANIFEST_FILE])
    content["streams"][0]["videos"][0]["from_us"] = value
    assert "manifeste" in failed(verify(packed({**entries, MANIFEST_FILE: canonical(content)}), tmp_path))


def test_scrambled_packages_are_reported_and_never_raise(package: bytes, tmp_path: Path) -> None:
    dice = random.Random(11)
    for _ in range(60):
        data = bytearray(package)
        for _ in range(dice.randint(1, 5)):
            # Near the end lie the directory and the small files, where structure is.
            at = len(data) - 1 - int(len(data) * dice.random() ** 4)
            data[at : at + dice.randint(0, 6)] = dice.randbytes(dice.randint(0, 6))
        if bytes(data) != package:
            assert verify(bytes(data), tmp_path).verdict == "damaged"


def test_a_video_replaced_by_another_recording_is_found_even_when_signed(package: bytes, tmp_path: Path) -> None:
    entries = entries_of(package)
    first, second = names_of_videos(package)
    entries[first] = entries[second]
    assert "vidéo" in failed(verify(signed_again(entries), tmp_path))


def test_a_sidecar_taken_out_of_a_signed_package_is_missed_unless_all_are(package: bytes, tmp_path: Path) -> None:
    """Packages older than the sidecars have none, and stay what they were."""
    entries = entries_of(package)
    first, second = [name for name in entries if name.endswith(".c2pa")]

    def unlisted(content: dict[str, Any]) -> None:
        content["files"] = [file for file in content["files"] if file["path"] in entries]

    del entries[first]
    report = verify(signed_again(entries, unlisted), tmp_path)
    assert failed(report) == {"c2pa"}
    assert f"{first} : Le fichier C2PA de cette vidéo manque" in report.text()
    del entries[second]
    report = verify(signed_again(entries, unlisted), tmp_path)
    assert failed(report) == set()
    assert "C2PA" not in report.text()


def test_a_sidecar_in_anothers_place_is_found_even_when_signed(package: bytes, tmp_path: Path) -> None:
    entries = entries_of(package)
    names = [name for name in entries if name.endswith(".c2pa")]
    made = entries_of(signed_again(entries))
    forged = {**made, names[0]: made[names[1]]}
    report = verify(packed(forged), tmp_path)
    assert "c2pa" in failed(report)
    assert f"{names[0]} : Le fichier C2PA n’est pas celui de cette vidéo" in report.text()


def test_the_command_line_takes_a_key_or_a_file(tmp_path: Path) -> None:
    path = tmp_path / "commune.vkey"
    path.write_text(SIGNER.vkey() + "\n")
    assert read_signer(str(path)) == read_signer(SIGNER.vkey()) == SIGNER.vkey()
    for wrong in ("absent.vkey", "a+b+c", str(tmp_path)):
        with pytest.raises(BadInput):
            read_signer(wrong)
