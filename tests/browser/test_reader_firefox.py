"""The offline reader in Debian's Firefox ESR, from a file: the same verdict and the same pictures as in Chromium, with
what Firefox has and without its picture decoder, which it then says in words (T-14)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.browser.firefox import Firefox, firefox
from tests.browser.reader_rig import NUMBER, OTHER_FIRST

VERDICT: Final = """document.querySelector('.verdict-progress') === null
  && (document.querySelector('.verdict h1')?.innerText ?? '')"""
TEXT: Final = "document.body.innerText"
WITHOUT_DECODER: Final = "() => { delete globalThis.VideoDecoder; }"


@pytest.fixture(scope="module")
def fox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with firefox(tmp_path_factory.mktemp("firefox")) as found:
        yield found
        assert [url for url in found.requests if not url.startswith(("file:", "blob:null/", "data:"))] == []
        assert found.complaints == []


def _shown(camera: int) -> str:
    """The number in a camera's picture; −1 while there is none."""
    return f"((canvas) => canvas === null ? -1 : ({NUMBER})(canvas))({_canvas(camera)})"


def _canvas(camera: int) -> str:
    return f"document.querySelector('article:nth-of-type({camera}) canvas')"


def _see(fox: Firefox, number: int) -> None:
    fox.wait(_shown(1), lambda shown: shown == number)


def _open(fox: Firefox, reader: Path, package: Path) -> None:
    fox.open(reader.as_uri())
    fox.choose("input[accept='.zip']", package)
    _see(fox, 0)


def test_it_verifies_and_shows_picture_by_picture(
    fox: Firefox, reader_file: Path, stamped_package: Path, commune_key: Path
) -> None:
    _open(fox, reader_file, stamped_package)
    fox.wait(VERDICT, lambda words: words == "Intact, signataire inconnu")
    fox.press("v")
    fox.choose("dialog input[type='file']", commune_key)
    fox.wait(VERDICT, lambda words: words == "Authentique")
    told = fox.evaluate(TEXT)
    assert "12 groupes et 624 unités NAL, identiques à l’enregistrement" in told.replace("\u00a0", " ")
    assert "Le cachet existait le" in told
    assert "Ne tient pas" not in told
    fox.press("\ue00c")  # Escape
    for number in (1, 2, 3, 2, 1):
        fox.press("." if number > fox.evaluate(_shown(1)) else ",")
        _see(fox, number)
    fox.press(" ")
    fox.wait(_shown(2), lambda shown: shown > OTHER_FIRST)
    fox.press(" ")


def test_without_a_picture_decoder_it_says_so_and_plays(fox: Firefox, reader_file: Path, reader_package: Path) -> None:
    preload = fox.command("script.addPreloadScript", functionDeclaration=WITHOUT_DECODER)["script"]
    _open(fox, reader_file, reader_package)
    fox.wait(VERDICT, lambda words: words == "Intact, signataire inconnu")
    for number in (1, 2):
        fox.press(".")
        _see(fox, number)
    fox.press("l")
    fox.wait(_shown(1), lambda shown: shown > 10)
    fox.open(reader_file.as_uri())
    fox.wait(TEXT, lambda said: "Il n’a pas WebCodecs" in said)
    fox.command("script.removePreloadScript", script=preload)
