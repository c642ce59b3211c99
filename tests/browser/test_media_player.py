"""The two players in a real browser: huge UTC times, freshness, resuming, frame steps, speeds, gaps, lost rights.

Every picture carries its number, so each assertion is about what is really on screen.
"""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page

from tests.browser.media_rig import (
    BOUNDARY_US,
    FIRST_FRAMES,
    SECOND_FRAMES,
    SECOND_US,
    SPEED_MS,
    START_US,
    is_bare,
    kind,
    replay,
    see,
    shown,
    snapshot,
    state,
    until,
    utc_of,
    watch,
)
from tests.browser.media_server import MediaServer
from tests.browser.numbered_video import FRAME_US, GROUP_FRAMES
from vms.clock import MICRO

# ---------------------------------------------------------------------------------------------------- live


def test_live_plays_at_once_and_knows_its_capture_time(page: Page, server: MediaServer) -> None:
    watch(page)
    until(lambda: kind(page), lambda found: found == "live")
    numbers = [shown(page)]
    until(lambda: shown(page), lambda number: number > numbers[0] + 10)
    stream = page.evaluate("guet.player.snapshot.stream")
    assert (stream["camera"]["name"], stream["masked"]) == ("Rue de la Gare", 2)
    # A busy machine falls behind for a moment; the player catches up.
    until(
        lambda: time.time_ns() // 1000 - page.evaluate("guet.player.captureUs"),
        lambda behind_us: -MICRO < behind_us < 2 * MICRO,
    )


def test_a_stalled_stream_is_frozen_then_lost_then_live_again(page: Page, server: MediaServer) -> None:
    watch(page)
    until(lambda: kind(page), lambda found: found == "live")
    server.live = "stall"
    frozen = until(lambda: state(page), lambda found: found["kind"] == "frozen")
    last_us = frozen["lastUs"]
    assert until(lambda: state(page), lambda found: found.get("ageS", 0) >= 4)["lastUs"] == last_us
    lost = until(lambda: state(page), lambda found: found["kind"] == "lost")
    assert lost["ageS"] >= 10
    assert lost["lastUs"] == last_us
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
    assert page.evaluate(f"guet.speed({SPEED_MS})") == pytest.approx(rate, rel=0.35)


def test_a_seek_into_an_absence_lands_after_it_and_says_so(page: Page, server: MediaServer) -> None:
    into_us = START_US + FIRST_FRAMES * FRAME_US + 5 * MICRO
    replay(page, into_us)
    see(page, FIRST_FRAMES)
    assert page.evaluate("guet.notices.map(({kind, fromUs, toUs}) => [kind, fromUs, toUs])") == [
        ["jump", into_us, SECOND_US]
    ]


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
