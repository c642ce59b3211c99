"""Fixtures of the players' tests: the players bundled, a Chromium, a server that misbehaves on command, a page."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.media_rig import FIRST_FRAMES, PATIENCE_S, SECOND_FRAMES, SECOND_US, START_US
from tests.browser.media_server import MediaServer, Running, Store
from tests.browser.numbered_video import Numbered, encode
from tests.browser.reader_rig import FRAMES, build_reader, make_package
from tests.fakes.extraction import SIGNER
from tests.peers.timestamping import Authority

HERE: Final = Path(__file__).parent
UI: Final = HERE.parent.parent / "web" / "ui"
CHROMIUM: Final = os.environ.get("VMS_CHROMIUM", "/usr/bin/chromium")


@pytest.fixture(scope="session")
def video() -> Numbered:
    return encode(FIRST_FRAMES + SECOND_FRAMES)


@pytest.fixture(scope="session")
def page_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The players, bundled as the application bundles them."""
    out = tmp_path_factory.mktemp("page")
    vite = UI / "node_modules" / "vite" / "bin" / "vite.js"
    command = ["node", str(vite), "build", "--config", str(HERE / "media_page" / "vite.config.mjs")]
    node = Path(os.sys.executable).parent  # type: ignore[attr-defined]
    env = {**os.environ, "GUET_MEDIA_PAGE": str(out), "PATH": f"{node}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(command, check=True, env=env, cwd=UI, capture_output=True, timeout=240)
    return out


@pytest.fixture(scope="session")
def reader_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The offline reader as it is shipped."""
    return build_reader(tmp_path_factory.mktemp("reader"))


@pytest.fixture(scope="session")
def reader_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real package of two cameras, in clear."""
    folder = tmp_path_factory.mktemp("package")
    # The browser's driver has this thread's event loop.
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(lambda: asyncio.run(make_package(folder, encode(FRAMES)))).result()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A time-stamping authority."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def stamped_package(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Path:
    """The same package, time-stamped."""
    folder = tmp_path_factory.mktemp("stamped")
    with ThreadPoolExecutor(1) as beside:
        return beside.submit(lambda: asyncio.run(make_package(folder, encode(FRAMES), authority))).result()


@pytest.fixture(scope="session")
def commune_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key that the commune publishes, in a file."""
    path = tmp_path_factory.mktemp("key") / "commune.vkey"
    path.write_text(SIGNER.vkey() + "\n")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        args = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield chromium
        chromium.close()


@pytest.fixture
def server(video: Numbered, page_dir: Path) -> Iterator[MediaServer]:
    store = Store(video.fmt.codec_string)
    store.record(video, 0, FIRST_FRAMES, START_US)
    store.record(video, FIRST_FRAMES, SECOND_FRAMES, SECOND_US)
    media = MediaServer(video, store)
    with Running(media, page_dir):
        yield media


@pytest.fixture
def page(browser: Browser, server: MediaServer) -> Iterator[Page]:
    context = browser.new_context()
    tab = context.new_page()
    tab.set_default_timeout(PATIENCE_S * 1000)
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.goto(server.url)
    tab.wait_for_function("window.guet !== undefined")
    yield tab
    context.close()
    assert problems == []
