"""The two players in a real browser: huge UTC times, freshness, resuming, frame steps, speeds, gaps, lost rights.

Every picture carries its number, so each assertion is about what is really on screen.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.media_server import CAMERA, MediaServer, Running, Store
from tests.browser.numbered_video import FRAME_US, GROUP_FRAMES, Numbered, encode
from vms.clock import MICRO

HERE: Final = Path(__file__).parent
UI: Final = HERE.parent.parent / "web" / "ui"
CHROMIUM: Final = os.environ.get("VMS_CHROMIUM", "/usr/bin/chromium")
PATIENCE_S: Final = 15.0
# A window of keys ends ten seconds after the footage begins: playing on needs the next one.
BOUNDARY_US: Final = 1_795_529_700 * MICRO
START_US: Final = BOUNDARY_US - 10 * MICRO
FIRST_FRAMES: Final = 20 * 25
ABSENCE_US: Final = 15 * MICRO
SECOND_US: Final = START_US + FIRST_FRAMES * FRAME_US + ABSENCE_US
SECOND_FRAMES: Final = 8 * 25
BOUNDARY_FRAMES: Final = (BOUNDARY_US - START_US) // FRAME_US


@pytest.fixture(scope="module")
def video() -> Numbered:
    return encode(FIRST_FRAMES + SECOND_FRAMES)


@pytest.fixture(scope="module")
def page_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The players, bundled as the application bundles them."""
    out = tmp_path_factory.mktemp("page")
    vite = UI / "node_modules" / "vite" / "bin" / "vite.js"
    command = ["node", str(vite), "build", "--config", str(HERE / "media_page" / "vite.config.mjs")]
    node = Path(os.sys.executable).parent  # type: ignore[attr-defined]
    env = {**os.environ, "GUET_MEDIA_PAGE": str(out), "PATH": f"{node}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(command, check=True, env=env, cwd=UI, capture_output=True, timeout=120)
    return out


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
    problems: list[str] = []
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.goto(server.url)
    tab.wait_for_function("window.guet !== undefined")
    yield tab
    context.close()
    assert problems == []


def until(what: Callable[[], Any], wanted: Callable[[Any], bool], patience_s: float = PATIENCE_S) -> Any:
    """Poll until ``wanted(what())``, and return it; fail with the last value seen."""
    deadline = time.monotonic() + patience_s
    while True:
        value = what()
        if wanted(value):
            return value
        assert time.monotonic() < deadline, f"still {value!r}"
        time.sleep(0.05)


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


# ---------------------------------------------------------------------------------------------------- live


def test_live_plays_at_once_and_knows_its_capture_time(page: Page, server: MediaServer) -> None:
    watch(page)
    until(lambda: kind(page), lambda found: found == "live")
    numbers = [shown(page)]
    until(lambda: shown(page), lambda number: number > numbers[0] + 10)
    stream = page.evaluate("guet.player.snapshot.stream")
    assert (stream["camera"]["name"], stream["masked"]) == ("Rue de la Gare", 2)
    behind_us = time.time_ns() // 1000 - page.evaluate("guet.player.captureUs")
    assert -MICRO < behind_us < 2 * MICRO


def test_a_stalled_stream_is_frozen_then_lost_then_live_again(page: Page, server: MediaServer) -> None:
    watch(page)
    until(lambda: kind(page), lambda found: found == "live")
    server.live = "stall"
    frozen = until(lambda: state(page), lambda found: found["kind"] == "frozen", 4)
    last_us = frozen["lastUs"]
    assert until(lambda: state(page), lambda found: found.get("ageS", 0) >= 4)["lastUs"] == last_us
    lost = until(lambda: state(page), lambda found: found["kind"] == "lost")
    assert (lost["ageS"], lost["lastUs"]) == (10, last_us)
    assert is_bare(page)
    server.live = "play"
    until(lambda: kind(page), lambda found: found == "live")
    assert shown(page) >= 0


def test_a_dark_camera_shows_nothing_and_says_its_cause(page: Page, server: MediaServer) -> None:
    watch(page)
    until(lambda: kind(page), lambda found: found == "live")
    server.live = "dark"
    dark = until(lambda: state(page), lambda found: found["kind"] == "dark", 4)
    assert dark["cause"] == "mask-failed"
    assert is_bare(page)


def test_a_withdrawn_right_clears_the_picture_and_is_asked_again_once(page: Page, server: MediaServer) -> None:
    watch(page)
    until(lambda: kind(page), lambda found: found == "live")
    before = server.connections
    server.live = "withdraw"
    until(lambda: kind(page), lambda found: found == "refused", 4)
    assert is_bare(page)
    refused = until(lambda: state(page), lambda found: not found["willRetry"])
    assert refused["refusal"]["rule"] == "P-58"
    page.wait_for_timeout(1500)
    assert server.connections == before + 1


def test_a_rights_service_that_is_away_darkens_the_view_until_it_is_back(page: Page, server: MediaServer) -> None:
    watch(page)
    until(lambda: kind(page), lambda found: found == "live")
    server.live = "away"
    until(lambda: state(page), lambda found: found.get("willRetry"), 4)
    assert is_bare(page)
    server.live = "play"
    until(lambda: kind(page), lambda found: found == "live", 30)


def test_a_lost_connection_resumes_by_itself(page: Page, server: MediaServer) -> None:
    watch(page)
    until(lambda: kind(page), lambda found: found == "live")
    server.live = "drop"
    until(lambda: server.connections, lambda count: count >= 3)
    assert kind(page) in ("live", "frozen", "connecting", "lost")
    server.live = "play"
    until(lambda: kind(page), lambda found: found == "live", 30)
    first = shown(page)
    until(lambda: shown(page), lambda number: number > first)


def test_without_a_server_the_picture_goes_when_its_permit_would_have(page: Page, server: MediaServer) -> None:
    watch(page)
    until(lambda: kind(page), lambda found: found == "live")
    page.context.set_offline(True)
    server.live = "drop"
    lost = until(lambda: state(page), lambda found: found["kind"] == "lost", 7)
    assert lost["cause"] == "server-unreachable"
    assert lost["ageS"] < 10
    assert is_bare(page)
    server.live = "play"
    page.context.set_offline(False)
    until(lambda: kind(page), lambda found: found == "live", 30)


def test_h265_falls_back_to_the_other_stream(page: Page, server: MediaServer) -> None:
    server.live = "h265"
    watch(page, "main")
    until(lambda: kind(page), lambda found: found == "live")
    snapshot = page.evaluate("guet.player.snapshot")
    assert (snapshot["quality"], snapshot["substituted"]) == ("sub", True)


# -------------------------------------------------------------------------------------------------- replay


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


def test_replay_seeks_and_steps_to_the_frame(page: Page, server: MediaServer) -> None:
    replay(page, utc_of(100) + FRAME_US // 2)
    see(page, 100)
    for number in (101, 102, 103):
        page.evaluate("guet.player.step(1)")
        see(page, number)
    for number in (102, 101, 100, 99, 98):  # 99 lies in the group before
        page.evaluate("guet.player.step(-1)")
        see(page, number)
    page.evaluate("us => guet.player.seek(us)", utc_of(330) + FRAME_US // 2)
    see(page, 330)
    assert snapshot(page)["journal"] == 12_384


def test_replay_plays_across_a_window_and_announces_the_absence(page: Page, server: MediaServer) -> None:
    replay(page, START_US + 8 * MICRO)
    page.evaluate("guet.player.setRate(4); guet.player.play()")
    until(lambda: shown(page), lambda number: number >= FIRST_FRAMES)
    jump = page.evaluate("guet.notices.find(notice => notice.kind === 'jump')")
    assert abs(jump["fromUs"] - utc_of(FIRST_FRAMES - 1) - FRAME_US) < 1000
    assert jump["toUs"] == SECOND_US
    end = until(lambda: page.evaluate("guet.notices.at(-1)"), lambda notice: notice["kind"] == "end")
    assert abs(end["atUs"] - utc_of(FIRST_FRAMES + SECOND_FRAMES - 1) - FRAME_US) < 1000
    assert not snapshot(page)["playing"]
    assert all(end_us - start_us <= 300 * MICRO for start_us, end_us in server.windows)
    assert [start_us for start_us, _ in server.windows] == [BOUNDARY_US - 300 * MICRO, BOUNDARY_US]


@pytest.mark.parametrize("rate", [0.25, 0.5, 1, 2, 4, 8, 16])
def test_replay_keeps_its_speed(page: Page, server: MediaServer, rate: float) -> None:
    replay(page, START_US)
    page.evaluate("rate => { guet.player.setRate(rate); guet.player.play(); }", rate)
    until(lambda: shown(page), lambda number: number >= 5)
    began_us, began = page.evaluate("[guet.player.positionUs, performance.now()]")
    page.wait_for_timeout(1000)
    ended_us, ended = page.evaluate("[guet.player.positionUs, performance.now()]")
    speed = (ended_us - began_us) / 1000 / (ended - began)
    assert speed == pytest.approx(rate, rel=0.35)


def test_a_seek_into_an_absence_lands_after_it_and_says_so(page: Page, server: MediaServer) -> None:
    into_us = START_US + FIRST_FRAMES * FRAME_US + 5 * MICRO
    replay(page, into_us)
    see(page, FIRST_FRAMES)
    assert page.evaluate("guet.notices.map(({kind, fromUs, toUs}) => [kind, fromUs, toUs])") == [
        ["jump", into_us, SECOND_US]
    ]


@pytest.mark.parametrize("rate", [-0.25, -1, -4, -16])
def test_replay_plays_backwards_at_its_speed(page: Page, server: MediaServer, rate: float) -> None:
    replay(page, utc_of(FIRST_FRAMES - 5))
    see(page, FIRST_FRAMES - 5)
    page.evaluate("rate => { guet.player.setRate(rate); guet.player.play(); }", rate)
    until(lambda: shown(page), lambda number: number < FIRST_FRAMES - 6)
    began_us, began = page.evaluate("[guet.player.positionUs, performance.now()]")
    page.wait_for_timeout(800)
    ended_us, ended = page.evaluate("[guet.player.positionUs, performance.now()]")
    assert (ended_us - began_us) / 1000 / (ended - began) == pytest.approx(rate, rel=0.35)
    assert not page.evaluate("guet.video.paused === false")


def test_backwards_shows_every_picture_in_order_across_groups_and_windows(page: Page, server: MediaServer) -> None:
    first = BOUNDARY_FRAMES + 30
    replay(page, utc_of(first) + FRAME_US // 2)
    see(page, first)
    page.evaluate(
        """() => {
            guet.seen = [];
            const look = () => {
              const number = guet.frameOnScreen();
              if (number !== guet.seen.at(-1)) guet.seen.push(number);
              requestAnimationFrame(look);
            };
            look();
            guet.player.setRate(-0.5);
            guet.player.play();
        }"""
    )
    until(lambda: shown(page), lambda number: number <= first - 40)
    seen = page.evaluate("guet.seen")
    assert seen == sorted(seen, reverse=True)
    # A busy machine may miss a drawing now and then, never the order.
    assert len(seen) >= 35
    page.evaluate("guet.player.pause()")
    resting = shown(page)
    page.wait_for_timeout(300)
    assert shown(page) == resting


def test_backwards_jumps_an_absence_and_says_so(page: Page, server: MediaServer) -> None:
    replay(page, utc_of(FIRST_FRAMES + 20))
    see(page, FIRST_FRAMES + 20)
    page.evaluate("guet.player.setRate(-4); guet.player.play()")
    until(lambda: shown(page), lambda number: 0 <= number < FIRST_FRAMES - 1)
    jump = page.evaluate("guet.notices.find(notice => notice.kind === 'jump')")
    assert jump["fromUs"] <= SECOND_US
    assert START_US < jump["toUs"] < utc_of(FIRST_FRAMES - 1) + FRAME_US
    page.evaluate("guet.player.setRate(-16)")
    end = until(lambda: page.evaluate("guet.notices.at(-1)"), lambda notice: notice["kind"] == "end")
    assert abs(end["atUs"] - START_US) < MICRO
    assert not snapshot(page)["playing"]


def test_forwards_again_after_backwards_goes_on_from_there(page: Page, server: MediaServer) -> None:
    replay(page, utc_of(120))
    see(page, 120)
    page.evaluate("guet.player.setRate(-1); guet.player.play()")
    until(lambda: shown(page), lambda number: number < 100)
    page.evaluate("guet.player.setRate(1)")
    turned = shown(page)
    until(lambda: page.evaluate("!guet.video.paused && guet.drawn.hidden"), bool)
    assert shown(page) >= turned - 1
    until(lambda: shown(page), lambda number: number > turned + 10)


def test_at_rest_only_the_group_of_the_position_is_opened(page: Page, server: MediaServer) -> None:
    replay(page, START_US)
    see(page, 0)
    page.evaluate("us => guet.player.seek(us)", utc_of(GROUP_FRAMES * 7 + 24) + FRAME_US // 2)
    see(page, GROUP_FRAMES * 7 + 24)  # the last picture of its group, without the next one
    page.wait_for_timeout(700)
    assert len(server.fetched) == 2


def test_prefetch_follows_speed_and_direction(page: Page, server: MediaServer) -> None:
    number = GROUP_FRAMES * 10 + 3
    replay(page, utc_of(number) + FRAME_US // 2)
    see(page, number)
    here = len(server.fetched)
    page.evaluate("guet.player.setRate(-1); guet.player.play()")
    until(lambda: len(server.fetched), lambda count: count >= here + 3)
    page.evaluate("guet.player.pause()")
    starts = [
        group.start_us for group in server.store.groups if f"{group.segment}@{group.offset - 76}" in server.fetched
    ]
    assert min(starts) < utc_of(number) - 3 * MICRO
    assert max(starts) <= utc_of(number)
    assert len(server.fetched) == len(set(server.fetched)) <= here + 8


def test_the_position_dragged_shows_stills_and_leaves_the_picture(page: Page, server: MediaServer) -> None:
    replay(page, utc_of(10) + FRAME_US // 2)
    see(page, 10)
    page.evaluate("us => guet.player.scrub(us, guet.still)", utc_of(GROUP_FRAMES * 5 + 9))
    until(lambda: page.evaluate("guet.numberOfStill()"), lambda number: number == GROUP_FRAMES * 5)
    page.evaluate("us => guet.player.scrub(us, guet.still)", utc_of(FIRST_FRAMES + 60))
    until(lambda: page.evaluate("guet.numberOfStill()"), lambda number: number == FIRST_FRAMES + GROUP_FRAMES * 2)
    assert shown(page) == 10
    assert len(server.fetched) == 3
    page.evaluate("guet.player.scrub(undefined, guet.still)")
    assert page.evaluate("guet.still.width") == 1


def test_cameras_in_step_show_the_same_instant_both_ways(page: Page, server: MediaServer) -> None:
    page.evaluate("([camera, us]) => guet.inStep(camera, us)", [CAMERA, utc_of(60) + FRAME_US // 2])
    recorded = [{"fromUs": START_US, "toUs": START_US + FIRST_FRAMES * FRAME_US}]
    for at in range(4):
        # The last camera has nothing to show: it holds nobody up.
        page.evaluate("([at, spans, nowUs]) => guet.player.setRecorded(at, spans, nowUs)", [
            at, recorded if at < 3 else [], SECOND_US + 3600 * MICRO,
        ])  # fmt: skip
    until(lambda: page.evaluate("guet.numbersInStep()"), lambda numbers: numbers[:3] == [60, 60, 60])
    for rate in (1, -2, 16):
        page.evaluate("rate => { guet.player.setRate(rate); guet.player.play(); }", rate)
        samples = page.evaluate("guet.watchInStep(1200)")
        assert len({sample[0] for sample in samples}) > 2
        assert all(max(sample) - min(sample) <= 1 for sample in samples)
    page.evaluate("guet.player.pause(); guet.player.step(1)")
    numbers = page.evaluate("guet.numbersInStep()")
    server.replay = "withdraw"
    phases = until(
        lambda: [tile["phase"]["kind"] for tile in page.evaluate("guet.player.snapshot.tiles")],
        lambda kinds: set(kinds) == {"refused"},
    )
    assert len(phases) == len(numbers) == 4
    assert page.evaluate("guet.player.shownUs(0)") is None


def test_a_withdrawn_right_drops_keys_buffers_and_picture(page: Page, server: MediaServer) -> None:
    replay(page, START_US)
    page.evaluate("guet.player.play()")
    until(lambda: shown(page), lambda number: number >= 10)
    server.replay = "withdraw"
    until(lambda: snapshot(page)["phase"]["kind"], lambda found: found == "refused", 5)
    assert is_bare(page)
    assert snapshot(page)["windows"] == []
    assert page.evaluate("guet.player.captureUs") is None
    phase = until(lambda: snapshot(page)["phase"], lambda found: found.get("willRetry") is False)
    assert phase["refusal"]["rule"] == "P-58"
    until(lambda: len(page.workers), lambda count: count == 0)


def test_a_locked_commune_names_its_holders_and_opens_after_unlocking(page: Page, server: MediaServer) -> None:
    server.replay = "locked"
    replay(page, utc_of(50) + FRAME_US // 2)
    phase = until(lambda: snapshot(page)["phase"], lambda found: found["kind"] == "locked")
    assert phase["holders"] == ["Maire", "Cheffe de service"]
    server.replay = "open"
    page.evaluate("guet.player.retry()")
    see(page, 50)


def test_an_altered_group_is_refused_and_passed_over(page: Page, server: MediaServer) -> None:
    altered = server.store.groups[3]
    data = bytearray(server.store.files[altered.segment])
    data[altered.offset + altered.length // 2] ^= 1
    server.store.files[altered.segment] = bytes(data)
    replay(page, utc_of(GROUP_FRAMES * 3 - 10))
    page.evaluate("guet.player.play()")
    until(lambda: shown(page), lambda number: number >= GROUP_FRAMES * 4)
    kinds = page.evaluate("guet.notices.map(({kind, fromUs, toUs}) => [kind, fromUs, toUs])")
    assert ["damaged", altered.start_us, altered.start_us + GROUP_FRAMES * FRAME_US] in kinds


def test_replay_resumes_at_its_place_when_the_connection_comes_back(page: Page, server: MediaServer) -> None:
    replay(page, utc_of(200) + FRAME_US // 2)
    see(page, 200)
    before = server.connections
    page.evaluate("guet.player.retry()")
    assert shown(page) == -1
    see(page, 200)
    assert server.connections == before + 1
