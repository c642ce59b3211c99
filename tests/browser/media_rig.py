"""What the players' tests share: the footage they play, and how they look at a page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from playwright.sync_api import Page

from tests.browser.media_server import CAMERA
from tests.browser.numbered_video import FRAME_US
from vms.clock import MICRO

PATIENCE_S: Final = 60.0
# A window of keys ends ten seconds after the footage begins: playing on needs the next one.
BOUNDARY_US: Final = 1_795_529_700 * MICRO
START_US: Final = BOUNDARY_US - 10 * MICRO
FIRST_FRAMES: Final = 20 * 25
ABSENCE_US: Final = 15 * MICRO
SECOND_US: Final = START_US + FIRST_FRAMES * FRAME_US + ABSENCE_US
SECOND_FRAMES: Final = 8 * 25
BOUNDARY_FRAMES: Final = (BOUNDARY_US - START_US) // FRAME_US


# So long of calm playing, which at ×16 is half of the footage, tells a speed.
SPEED_MS: Final = 500


def until(what: Callable[[], Any], wanted: Callable[[Any], bool], patience_s: float = PATIENCE_S) -> Any:
    """Poll until ``wanted(what())``, and return it; fail with the last value seen."""
    deadline = time.monotonic() + patience_s
    while True:
        value = what()
        if wanted(value):
            return value
        assert time.monotonic() < deadline, f"still {value!r}"
        time.sleep(0.05)


def until_still(page: Page, number: Callable[[], int]) -> None:
    """Wait until two looks some pictures apart show the same one: what was being drawn at the pause may still come."""

    def looks() -> tuple[int, int]:
        first = number()
        page.wait_for_timeout(300)
        return first, number()

    until(looks, lambda pair: pair[0] == pair[1])


def state(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("guet.player.snapshot.state")
    return found


def kind(page: Page) -> str:
    return str(state(page)["kind"])


def watch(page: Page, stream: str = "main") -> None:
    page.evaluate("stream => { guet.player = guet.live(stream); }", stream)


def shown(page: Page) -> int:
    return int(page.evaluate("guet.frameOnScreen()"))


def is_bare(page: Page) -> bool:
    """No picture at all: no source, nothing decoded."""
    return bool(page.evaluate("guet.video.readyState === 0 && !guet.video.getAttribute('src')"))


def replay(page: Page, start_us: int) -> None:
    spans = [
        {"fromUs": START_US, "toUs": START_US + FIRST_FRAMES * FRAME_US},
        {"fromUs": SECOND_US, "toUs": SECOND_US + SECOND_FRAMES * FRAME_US},
    ]
    now_us = SECOND_US + SECOND_FRAMES * FRAME_US + 3600 * MICRO
    page.evaluate(
        """([camera, startUs, spans, nowUs]) => {
            guet.notices = [];
            guet.player = guet.replay(camera, startUs);
            guet.player.subscribe(() => {
              const { notice } = guet.player.snapshot;
              if (notice && guet.notices.at(-1)?.serial !== notice.serial) guet.notices.push(notice);
            });
            guet.player.setRecorded(spans, nowUs);
        }""",
        [CAMERA, start_us, spans, now_us],
    )


def snapshot(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("guet.player.snapshot")
    return found


def utc_of(number: int) -> int:
    if number < FIRST_FRAMES:
        return START_US + number * FRAME_US
    return SECOND_US + (number - FIRST_FRAMES) * FRAME_US


def see(page: Page, number: int) -> None:
    until(lambda: shown(page), lambda found: found == number)
    until(lambda: page.evaluate("guet.player.captureUs"), lambda us: us and abs(us - utc_of(number)) < 100)
