"""The offline reader (T-14) in a real Chromium, from a file, with a real package of two cameras: what it does, one
function after another; and that nothing leaves it."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import AXE, COLOUR_RULES, RUN, TAGS
from tests.browser.media_rig import until, until_still
from tests.browser.numbered_video import FRAME_US, GROUP_FRAMES
from tests.browser.reader_rig import (
    ABSENCE_US,
    DESKTOP,
    FIRST_GROUPS,
    GROUP_US,
    NUMBER,
    OTHER_FIRST,
    OTHER_FROM_US,
    PHONE,
    ReaderPage,
    new_page,
    number_at,
    plain,
)
from tests.fakes.recording import START
from tests.judges.forgery import entries_of
from vms.clock import MICRO

ARTEFACTS: Final = Path(__file__).parents[2] / "artefacts" / "reader"


@pytest.fixture(scope="module")
def shared(browser: Browser, reader_file: Path, reader_package: Path, commune_key: Path) -> Iterator[ReaderPage]:
    """One reader with the package open and the commune's key known; it must not have said a word by the end."""
    made = ReaderPage.load(new_page(browser), reader_file)
    made.open(reader_package)
    made.verdict()
    made.page.keyboard.press("v")
    made.page.get_by_label("Fichier de clé").set_input_files(commune_key)
    made.page.keyboard.press("Escape")
    made.page.get_by_role("heading", name="Authentique").wait_for()
    yield made
    assert (made.requests, made.complaints) == ([], [])
    made.page.context.close()


@pytest.fixture
def opened(shared: ReaderPage) -> ReaderPage:
    """The shared reader, standing still on its first picture at normal speed."""
    shared.freeze()
    shared.page.get_by_role("radio", name="×1", exact=True).or_(
        shared.page.get_by_role("radio", name="−1", exact=True)
    ).click()
    if shared.page.get_by_role("button", name="À rebours (J)").get_attribute("aria-pressed") == "true":
        shared.page.get_by_role("button", name="À rebours (J)").click()
    shared.page.locator(".play-button").press("Home")
    shared.see(lambda number: number == 0)
    return shared


def test_it_verifies_every_signature_and_says_authentic(opened: ReaderPage) -> None:
    assert opened.verdict() == "Authentique"
    opened.page.keyboard.press("v")
    told = opened.page.get_by_role("dialog").inner_text()
    for step in ("Conteneur", "Manifeste", "Signature", "Fichiers", "Cachet", "Chaîne", "Vidéo", "Durée", "Journal"):
        assert step in told
    assert "12 groupes et 624 unités NAL, identiques à l’enregistrement" in told
    assert opened.page.get_by_text("Ne tient pas").count() == 0
    assert re.search("Non vérifié\\s+Horodatage Aucun", told)
    opened.page.keyboard.press("Escape")


def test_it_plays_forwards_and_freezes(opened: ReaderPage) -> None:
    opened.page.keyboard.press("Space")
    opened.see(lambda number: number >= 10)
    opened.page.keyboard.press("Space")
    opened.page.get_by_role("button", name="Lecture", exact=True).wait_for()
    until_still(opened.page, opened.number)


@pytest.mark.parametrize(("speed", "rate", "least"), [("×16", 16, 100), ("×¼", 0.25, 5)])
def test_it_plays_fast_and_slowly(opened: ReaderPage, speed: str, rate: float, least: int) -> None:
    opened.page.get_by_role("radio", name=speed, exact=True).click()
    begun_s = time.monotonic()
    opened.page.get_by_role("button", name="Lecture", exact=True).click()
    opened.see(lambda number: number >= least)
    opened.freeze()
    took_s = time.monotonic() - begun_s
    shown = opened.page.locator(".clock").inner_text()
    reached_s = int(shown[6:8]) + int(shown[9:12]) / 1000
    if reached_s > FIRST_GROUPS * GROUP_US / MICRO:  # it jumped the absence
        reached_s -= ABSENCE_US / MICRO
    # A busy machine may be late with it, never early; and ×16 is still faster than life.
    assert reached_s <= rate * took_s + 2 * FRAME_US / MICRO, shown
    assert rate < 1 or reached_s > took_s, shown


def test_it_plays_backwards(opened: ReaderPage) -> None:
    opened.go_to(START.us + 6 * MICRO)
    start = opened.see(lambda number: number == number_at(6 * MICRO))
    opened.page.get_by_role("heading", name="Chercher").click()
    opened.page.keyboard.press("j")
    seen = [start]
    while seen[-1] > start - 30:
        seen.append(opened.see(lambda number, last=seen[-1]: number < last))  # type: ignore[misc]
    opened.page.keyboard.press("k")
    assert seen == sorted(seen, reverse=True)
    assert max(a - b for a, b in pairwise(seen)) < 2 * GROUP_FRAMES


def test_it_goes_picture_by_picture_both_ways(opened: ReaderPage) -> None:
    """Across the bound of two groups and back again, none left out."""
    for number in range(1, GROUP_FRAMES + 3):
        opened.page.keyboard.press(".")
        opened.see(lambda shown, number=number: shown == number)  # type: ignore[misc]
    for number in range(GROUP_FRAMES + 1, GROUP_FRAMES - 3, -1):
        opened.page.keyboard.press(",")
        opened.see(lambda shown, number=number: shown == number)  # type: ignore[misc]


def test_it_shows_camera_date_and_time_of_each_picture(opened: ReaderPage) -> None:
    opened.page.keyboard.press(".")
    opened.see(lambda number: number == 1)
    tile = opened.page.get_by_role("article", name="Caméra 1, Place de l’Église")
    told = until(lambda: plain(tile.inner_text()), lambda told: "24 nov. 2026 15:10:00,040 +01:00" in told)
    assert "Valclair-sur-Brume · mât 3 · valclair-c01" in told


def test_it_finds_by_camera_date_and_time_and_says_why_there_is_nothing(opened: ReaderPage) -> None:
    page = opened.page
    page.get_by_label("Caméra", exact=True).select_option(label="2 · Gare, parvis")
    opened.go_to(START.us + 5 * MICRO)
    opened.see(lambda number: number == OTHER_FIRST + (5 * MICRO - OTHER_FROM_US) // FRAME_US, camera=2)
    page.get_by_label("Caméra", exact=True).select_option(label="1 · Place de l’Église")
    opened.go_to(START.us + 10 * MICRO)
    page.get_by_text("Aucune image de cette caméra à cet instant : flux interrompu").wait_for()
    page.get_by_text("Cause : flux interrompu").wait_for()
    opened.go_to(START.us + 86_400 * MICRO)
    page.get_by_text(re.compile("Le paquet va du")).wait_for()


def test_it_seeks_on_the_timeline_and_jumps_from_gap_to_gap(opened: ReaderPage) -> None:
    slider = opened.page.get_by_role("slider", name="Position de lecture")
    assert "caméras enregistrées : 1, absentes : 1" in plain(slider.get_attribute("aria-valuetext"))
    box = slider.bounding_box()
    assert box is not None
    slider.click(position={"x": box["width"] * 0.2, "y": 40})
    opened.see(lambda number: abs(number - number_at(4 * MICRO)) <= 2)
    opened.page.get_by_role("button", name="Absence suivante").click()
    after = START.us + FIRST_GROUPS * GROUP_US
    opened.page.get_by_text("Cause : flux interrompu").wait_for()
    opened.page.get_by_role("button", name="Lecture", exact=True).focus()
    opened.go_to(after + ABSENCE_US)
    opened.see(lambda number: number == FIRST_GROUPS * GROUP_FRAMES)


def test_it_plays_several_cameras_in_step(opened: ReaderPage) -> None:
    opened.go_to(START.us + 3 * MICRO)
    opened.see(lambda number: number == number_at(3 * MICRO))
    opened.page.get_by_role("button", name="Lecture", exact=True).click()
    apart = OTHER_FIRST - OTHER_FROM_US // FRAME_US
    for _ in range(12):
        pair = opened.page.evaluate(
            f"() => new Promise((done) => requestAnimationFrame(() => done("
            f"[...document.querySelectorAll('article canvas')].map({NUMBER}))))"
        )
        assert abs(pair[1] - pair[0] - apart) <= 1, pair
        opened.page.wait_for_timeout(60)
    opened.freeze()
    opened.page.keyboard.press("2")
    opened.page.keyboard.press("a")
    opened.page.wait_for_function("document.querySelectorAll('article').length === 1")
    opened.see(lambda number: number >= OTHER_FIRST)
    opened.page.keyboard.press("a")
    opened.page.keyboard.press("1")
    opened.page.wait_for_function("document.querySelectorAll('article').length === 2")


def ffmpeg(*arguments: str) -> bytes:
    command = ["ffmpeg", "-v", "error", *arguments]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def test_it_saves_the_picture_without_loss(opened: ReaderPage, reader_package: Path, tmp_path: Path) -> None:
    """The PNG has the luma that ffmpeg decodes, and says inside where it comes from."""
    opened.go_to(START.us + 2 * MICRO)
    number = opened.see(lambda shown: shown == number_at(2 * MICRO))
    opened.page.get_by_role("heading", name="Chercher").click()
    name, png = opened.saved(lambda: opened.page.keyboard.press("s"))
    assert name == "valclair-c01.main.20261124T141002.000Z.png"
    text = re.search(rb"iTXtProvenance\0{5}(.*?)IDAT", png, re.S)
    assert text is not None
    for fact in ("Paquet : E-0001", "valclair-c01", "24 nov. 2026, 15:10:02,000 (+01:00)", "Authentique"):
        assert fact in plain(text[1].decode("utf-8", "replace"))
    (tmp_path / name).write_bytes(png)
    video = next(path for path in entries_of(reader_package.read_bytes()) if path.startswith("video/valclair-c01"))
    (tmp_path / "v.mp4").write_bytes(entries_of(reader_package.read_bytes())[video])
    select = ("-vf", f"select=eq(n\\,{number}),scale=out_range=full,format=gray", "-frames:v", "1")
    truth = ffmpeg("-i", str(tmp_path / "v.mp4"), *select, "-f", "rawvideo", "-")
    saved = ffmpeg("-i", str(tmp_path / name), "-pix_fmt", "gray", "-f", "rawvideo", "-")
    assert len(truth) == len(saved)
    assert max(abs(a - b) for a, b in zip(truth, saved, strict=True)) <= 2


def test_it_saves_a_sequence_bit_for_bit_with_its_provenance(
    opened: ReaderPage, reader_package: Path, tmp_path: Path
) -> None:
    page = opened.page
    opened.go_to(START.us + 2 * MICRO)
    opened.see(lambda shown: shown == number_at(2 * MICRO))
    page.get_by_role("button", name="Entrée ici").click()
    opened.go_to(START.us + 5 * MICRO)
    opened.see(lambda shown: shown == number_at(5 * MICRO))
    page.get_by_role("button", name="Sortie ici").click()
    page.get_by_role("button", name="Préparer la séquence, en MP4").click()
    name, video = opened.saved(page.get_by_role("button", name="La vidéo").click)
    noted, text = opened.saved(page.get_by_role("button", name="Sa provenance").click)
    assert (name, noted) == ("valclair-c01.main.20261124T141002.000Z.mp4", name.replace("mp4", "txt"))
    assert f"SHA-256 : {hashlib.sha256(video).hexdigest()}" in plain(text.decode())
    assert "Images : 75, en 3 groupes, à partir du maillon 4 de la chaîne" in plain(text.decode())
    path = tmp_path / name
    path.write_bytes(video)
    entries = entries_of(reader_package.read_bytes())
    source = next(one for one in entries if one.startswith("video/valclair-c01"))
    (tmp_path / "whole.mp4").write_bytes(entries[source])
    hashes = ("-map", "0:v", "-c", "copy", "-f", "framehash", "-hash", "sha256", "-")
    whole, part = (
        [line.split(b",")[-1] for line in ffmpeg("-i", str(one), *hashes).splitlines() if line[:1] == b"0"]
        for one in (tmp_path / "whole.mp4", path)
    )
    assert part == whole[50:125]
    shown = json.loads(
        subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "format=start_time,duration", "-of", "json", str(path)],
            check=True,
            capture_output=True,
        ).stdout
    )["format"]
    assert (float(shown["start_time"]), float(shown["duration"])) == (0.0, 3.0)


def test_nothing_can_leave_it(opened: ReaderPage) -> None:
    """Besides having asked for nothing, it could not: the policy inside the file refuses every way out."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.3)
        port = listener.getsockname()[1]
        ways = f"""async () => {{
          const refused = [], wanted = ['connect-src', 'img-src', 'script-src-elem'];
          document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
          const url = 'http://127.0.0.1:{port}/';
          await fetch(url).catch(() => undefined);
          try {{ new WebSocket('ws://127.0.0.1:{port}/'); }} catch {{ /* refused */ }}
          const image = new Image(); image.src = url;
          const script = document.createElement('script'); script.src = url; document.head.append(script);
          navigator.sendBeacon(url, 'x');
          for (let n = 0; n < 300 && (n < 2 || !wanted.every((one) => refused.includes(one))); n += 1)
            await new Promise((done) => setTimeout(done, 100));
          script.remove();
          return refused;
        }}"""
        refused = opened.page.evaluate(ways)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert {"connect-src", "img-src", "script-src-elem"} <= set(refused)
    opened.complaints.clear()
    opened.requests.clear()


def test_without_a_decoder_it_plays_by_seeking(browser: Browser, reader_file: Path, reader_package: Path) -> None:
    page = new_page(browser)
    page.add_init_script("delete globalThis.VideoDecoder;")
    made = ReaderPage.load(page, reader_file)
    page.get_by_text("Il n’a pas WebCodecs").wait_for()
    made.open(reader_package)
    made.see(lambda number: number == 0)
    for number in (1, 2, 3):
        page.keyboard.press(".")
        made.see(lambda shown, number=number: shown == number)  # type: ignore[misc]
    page.keyboard.press("l")
    made.see(lambda number: number > 12)
    page.keyboard.press("j")
    last = made.number()
    made.see(lambda number: number < last)
    assert made.requests == []
    page.context.close()


def test_it_is_accessible_in_every_state(
    browser: Browser, reader_file: Path, reader_package: Path, commune_key: Path
) -> None:
    """No violation and nothing beyond the screen's width, on a desk and on a phone, in the light and in the dark."""
    page = new_page(browser, reduced_motion="reduce")
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    made = ReaderPage.load(page, reader_file)
    page.evaluate(AXE.read_text(encoding="utf-8"))

    def check(state: str) -> None:
        for viewport, theme in product((DESKTOP, PHONE), ("light", "dark")):
            page.set_viewport_size(viewport)  # type: ignore[arg-type]
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            page.screenshot(path=ARTEFACTS / f"{state}-{viewport['width']}-{theme}.png")
            only = {"type": "tag", "values": TAGS} if theme == "light" else {"type": "rule", "values": COLOUR_RULES}
            found = page.evaluate(RUN, only)
            assert found == [], (state, viewport, theme, found)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (state, viewport)

    check("welcome")
    made.open(reader_package)
    made.verdict()
    made.see(lambda number: number == 0)
    check("unknown")
    page.keyboard.press("v")
    check("verification")
    page.get_by_label("Fichier de clé").set_input_files(commune_key)
    page.keyboard.press("Escape")
    page.get_by_role("heading", name="Authentique").wait_for()
    page.get_by_role("button", name="English").click()
    page.get_by_role("heading", name="Authentic").wait_for()
    page.keyboard.press("?")
    check("keys-english")
    page.context.close()
