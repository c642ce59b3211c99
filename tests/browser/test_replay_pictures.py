"""Replay beyond what a video element does: backwards, at rest, dragged, several cameras in step.

Every picture carries its number, so each assertion is about what is really on screen.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.media_rig import (
    BOUNDARY_FRAMES,
    FIRST_FRAMES,
    SECOND_US,
    SPEED_MS,
    START_US,
    replay,
    see,
    shown,
    snapshot,
    until,
    until_still,
    utc_of,
)
from tests.browser.media_server import CAMERA, MediaServer
from tests.browser.numbered_video import FRAME_US, GROUP_FRAMES
from vms.clock import MICRO


@pytest.mark.parametrize("rate", [-0.25, -1, -4, -16])
def test_replay_plays_backwards_at_its_speed(page: Page, server: MediaServer, rate: float) -> None:
    replay(page, utc_of(FIRST_FRAMES - 5))
    see(page, FIRST_FRAMES - 5)
    page.evaluate("rate => { guet.player.setRate(rate); guet.player.play(); }", rate)
    until(lambda: shown(page), lambda number: number < FIRST_FRAMES - 6)
    assert page.evaluate(f"guet.speed({SPEED_MS})") == pytest.approx(rate, rel=0.35)
    assert not page.evaluate("guet.video.paused === false")


def test_backwards_shows_every_picture_in_order_across_groups_and_windows(page: Page, server: MediaServer) -> None:
    first = BOUNDARY_FRAMES + 30
    replay(page, utc_of(first) + FRAME_US // 2)
    see(page, first)
    page.evaluate(
        """() => {
            guet.looks = [];
            const look = (nowMs) => {
              guet.looks.push([guet.frameOnScreen(), nowMs]);
              requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
            guet.player.setRate(-0.5);
            guet.player.play();
        }"""
    )
    until(lambda: shown(page), lambda number: number <= first - 40)
    looks = page.evaluate("guet.looks")
    seen = [number for number, _ in looks]
    assert seen == sorted(seen, reverse=True)
    # Each picture lasts 80 ms. A busy machine draws seldom: it misses what had its turn between two drawings, no more.
    # Whether a drawing comes before or after our look at it is the browser's affair.
    for (_, before), (number, at), (following, after) in zip(looks, looks[1:], looks[2:], strict=False):
        assert number - following <= 1 + max(at - before, after - at) / 80, (number, following, before, at, after)
    page.evaluate("guet.player.pause()")
    until_still(page, lambda: shown(page))


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
