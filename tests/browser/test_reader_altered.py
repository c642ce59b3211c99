"""What the offline reader says of packages that were touched (E-31): told in words, or refused with a reason."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser

from tests.browser.reader_rig import ReaderPage, new_page, plain
from tests.judges.forgery import entries_of, packed, signed_again
from tests.peers.timestamping import Authority
from vms.evidence.timestamp import request

Altered = Callable[[bytes], bytes]


def flipped(package: bytes) -> bytes:
    data = bytearray(package)
    data[4000] ^= 1
    return bytes(data)


def reordered(package: bytes) -> bytes:
    entries = entries_of(package)
    first = next(iter(entries))
    return packed({**{name: entries[name] for name in entries if name != first}, first: entries[first]})


def without_video(package: bytes) -> bytes:
    entries = entries_of(package)
    del entries[next(iter(entries))]
    return packed(entries)


def rewritten(package: bytes) -> bytes:
    """A video in another's place and a cause that lies, all hashes right and signed again."""

    def rename(content: dict[str, Any]) -> None:
        content["streams"][0]["absences"][0]["cause"] = "disk-full"

    entries = entries_of(package)
    one, other = [name for name in entries if name.startswith("video/valclair-c01") and name.endswith(".mp4")]
    entries[one] = entries[other]
    return signed_again(entries, rename)


def lying_name(package: bytes) -> bytes:
    """Two entries of one name, so that two programs would each read another."""
    names = [name.encode() for name in entries_of(package) if name.startswith("video/valclair-c01")]
    at = package.rindex(names[1])
    return package[:at] + names[0] + package[at + len(names[0]) :]


def lying_size(package: bytes) -> bytes:
    at = package.rindex(b"manifest.json") + len(b"manifest.json") + 4
    return package[:at] + struct.pack("<QQ", 1 << 50, 1 << 50) + package[at + 16 :]


def escaping_name(package: bytes) -> bytes:
    at = package.rindex(b"signer.vkey")
    return package[:at] + b"../../x.exe" + package[at + 11 :]


ALTERED: Final[dict[str, tuple[Altered, tuple[str, ...]]]] = {
    "a flipped byte": (flipped, ("video/valclair-c01.main.20261124T141000000000Z.mp4 n’a plus son empreinte",)),
    "files in another order": (reordered, ("Les fichiers ne sont pas dans l’ordre du manifeste",)),
    "a video taken out": (without_video, ("video/valclair-c01.main.20261124T141000000000Z.mp4 manque",)),
    "a file added": (
        lambda data: packed({"video/x.mp4": b"x", **entries_of(data)}),
        ("video/x.mp4 n’est pas au manifeste",),
    ),
    "lies signed again": (
        rewritten,
        (
            "un groupe n’est pas celui qui a été enregistré (groupe 0",
            "l’absence « disk-full » n’est pas dans la chaîne",
        ),
    ),
}
REFUSED: Final[dict[str, tuple[Altered, str]]] = {
    "its end cut": (lambda data: data[:-5000], "ou sa fin manque"),
    "its beginning cut": (lambda data: data[5000:], "ou sa fin manque"),
    "bytes added": (lambda data: data + bytes(64), "ou sa fin manque"),
    "a name twice": (lying_name, "deux fois le même nom"),
    "a size that lies": (lying_size, "dépasse le fichier"),
    "a name that escapes": (escaping_name, "un nom impossible"),
    "nothing": (lambda data: b"", "trop court"),
    "still encrypted": (lambda data: b"age-encryption.org/v1\n" + data, "Ce paquet est encore chiffré"),
    "another archive": (lambda data: b"PK\x03\x04" + bytes(4096), "n’est pas un paquet de preuve"),
    "a manifest in another form": (
        lambda data: packed({**entries_of(data), "manifest.json": b" " + entries_of(data)["manifest.json"]}),
        "n’est pas sous sa forme canonique",
    ),
    "a manifest that nests without end": (
        lambda data: packed({**entries_of(data), "manifest.json": b"[" * 200_000}),
        "Le manifeste est illisible",
    ),
}


@pytest.fixture(scope="module")
def fresh(browser: Browser, reader_file: Path) -> Iterator[ReaderPage]:
    """A reader for one bad package after another."""
    made = ReaderPage.load(new_page(browser), reader_file)
    yield made
    assert (made.requests, made.complaints) == ([], [])
    made.page.context.close()


def test_altered_packages_are_told_in_words_and_their_pictures_covered(
    fresh: ReaderPage, reader_package: Path, tmp_path: Path
) -> None:
    for what, (alter, words) in ALTERED.items():
        path = tmp_path / "altered.zip"
        path.write_bytes(alter(reader_package.read_bytes()))
        fresh.open(path)
        assert fresh.verdict() == "Altéré", what
        fresh.page.get_by_role("heading", name="Altéré").click()
        fresh.page.keyboard.press("v")
        told = plain(fresh.page.get_by_role("dialog").inner_text())
        assert all(one in told for one in words), (what, told)
        fresh.page.keyboard.press("Escape")
        assert fresh.page.locator("article canvas:visible").count() == 0, what
        fresh.page.get_by_role("button", name="Autre paquet").click()


def test_a_time_stamp_is_judged(
    fresh: ReaderPage, stamped_package: Path, authority: Authority, commune_key: Path, tmp_path: Path
) -> None:
    """What the authority says is told; what another says, or says of other bytes, or what was touched, is refused."""
    fresh.open(stamped_package, commune_key)
    assert fresh.verdict() == "Authentique"
    fresh.page.keyboard.press("v")
    told = plain(fresh.page.get_by_role("dialog").inner_text())
    assert re.search(r"Le cachet existait le [\dT:.-]+Z, selon CN=Racine, O=Autorité d’essai", told), told
    fresh.page.keyboard.press("Escape")
    fresh.page.get_by_role("button", name="Autre paquet").click()
    entries = entries_of(stamped_package.read_bytes())
    seal, stamp = entries["manifest.p7s"], entries["manifest.tsr"]
    answers = {
        "n’est pas d’une autorité jointe": Authority(tmp_path / "other").answer(request(seal).der),
        "n’est pas celui de ce cachet": authority.answer(request(entries["manifest.json"]).der),
        "la signature de l’horodatage ne tient pas": stamp[:-1] + bytes([stamp[-1] ^ 1]),
        "illisibles, ou il a été refusé": stamp[:-9],
    }
    for words, answer in answers.items():
        path = tmp_path / "stamped.zip"
        path.write_bytes(packed({**entries, "manifest.tsr": answer}))
        fresh.open(path)
        assert fresh.verdict() == "Altéré", words
        fresh.page.keyboard.press("v")
        told = plain(fresh.page.get_by_role("dialog").inner_text())
        assert words in told, told
        fresh.page.keyboard.press("Escape")
        fresh.page.get_by_role("button", name="Autre paquet").click()


def test_what_is_no_package_is_refused_with_a_reason(fresh: ReaderPage, reader_package: Path, tmp_path: Path) -> None:
    for what, (alter, words) in REFUSED.items():
        path = tmp_path / "refused.zip"
        path.write_bytes(alter(reader_package.read_bytes()))
        fresh.open(path)
        fresh.page.locator("[role=alert]").wait_for()
        told = plain(fresh.page.get_by_role("alert").inner_text())
        assert words in told, (what, told)
        assert fresh.page.locator("article").count() == 0
        fresh.page.reload()


def test_a_forger_with_a_key_of_their_own_is_not_the_commune(
    fresh: ReaderPage, reader_package: Path, commune_key: Path, tmp_path: Path
) -> None:
    path = tmp_path / "forged.zip"
    entries = entries_of(reader_package.read_bytes())
    path.write_bytes(signed_again(entries))
    fresh.open(path, commune_key)
    assert fresh.verdict() == "Intact, signataire inconnu"
    fresh.page.get_by_role("button", name="Autre paquet").click()
    fresh.page.get_by_label("Clé publiée par la commune").fill("valclair.example/guet+00000000+AAAA")
    fresh.page.get_by_role("button", name="Prendre cette clé").click()
    fresh.page.get_by_text("Ce n’est pas une clé de vérification").wait_for()
