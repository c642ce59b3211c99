"""Where pictures come: the channel that SETUP named, or another."""

from __future__ import annotations

from tests.fakes.small_clip import small_clip
from tests.unit.test_rtsp_session import Talk, frames, two_units


def test_a_stray_frame_on_the_promised_channel_ends_nothing_and_pictures_there_are_followed() -> None:
    talk = Talk()
    talk.play()
    runs = [unit.run for unit in small_clip().units[:6]]
    starts = [sum(run.count for run in runs[:number]) for number in range(6)]
    talk.session.receive(two_units(channel=6), 0)
    rest = frames(6, 2, starts[2])[runs[2].offsets[-1] :]  # of the picture that has begun
    for number in range(3):  # two frames within a second, never three
        talk.session.receive(bytes(runs[3].stamped(4, 100, 0, 7))[: runs[3].offsets[1]], talk.now_us)
        talk.session.receive(frames(6, 2 + number, starts[2 + number]) if number else rest, talk.now_us)
        talk.now_us += 600_000
    assert len(talk.session.units()) == 5
    assert talk.session.stray_frames == 2
    begun = bytes(runs[0].stamped(4, 500, 9_000, 9))
    talk.session.receive(begun + bytes(runs[1].stamped(4, 500 + starts[1], 12_600, 9)), talk.now_us)
    assert [(unit.key, unit.rtp_time) for unit in talk.session.units()] == [(True, 9_000), (False, 12_600)]


def test_other_channels_are_stray_once_ours_has_spoken() -> None:
    talk = Talk()
    talk.play()
    talk.session.receive(two_units(), 0)
    talk.session.units()
    talk.session.receive(frames(channel=9), 0)
    assert talk.session.units() == []
    assert talk.session.stray_frames == small_clip().units[0].run.count
