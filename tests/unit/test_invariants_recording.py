"""Invariants of the law on the recording side (law.md §9): sound, measured floors, masks that fail closed."""

from __future__ import annotations

import pytest

from privacy.units import MaskFailed
from recorder.recording.minutes import Minute, lapse_of
from recorder.rtsp.conversation import State
from recorder.stream.masking import zone_set_of
from tests.fakes.odd_rtsp import sdp
from tests.fakes.recorder_keeper import camera_plan, zones
from tests.fakes.small_clip import small_clip
from tests.unit.test_rtsp_session import Talk
from vms.clock import MICRO
from vms.law.profiles import profile_lapses

CAMERA = "valclair-c01"
FLOORS = [
    (False, False, 352, 288, 6),
    (True, False, 704, 576, 6),
    (True, True, 704, 576, 12),
    (False, True, 352, 288, 6),
]


def test_invariant_02_sound_is_never_set_up() -> None:
    """The camera offers a sound track first; in the whole conversation one track is set up, and it is the picture."""
    talk = Talk()
    asked = [talk.asked()]
    for lines, body in (
        (["Public: GET_PARAMETER"], b""),
        ([], sdp(small_clip(), control="t1")),
        (["Transport: RTP/AVP/TCP;unicast;interleaved=4-5", "Session: 7"], b""),
    ):
        talk.say(200, *lines, body=body)
        asked.append(talk.asked())
    talk.say(200)
    assert talk.session.state is State.PLAYING
    description = talk.session.description
    assert description is not None
    assert "audio" in description.kinds
    setups = [uri for method, uri, _ in asked if method == "SETUP"]
    assert len(setups) == 1
    assert setups[0].endswith("/t1")
    assert not any("trackID=9" in uri for _, uri, _ in asked)


@pytest.mark.parametrize(("narrow", "fast", "width", "height", "fps"), FLOORS)
def test_invariant_10_shortfalls_are_incidents(narrow: bool, fast: bool, width: int, height: int, fps: int) -> None:
    """What is measured counts: at the floor nothing, one second or one point less an incident."""
    plan = camera_plan(CAMERA, narrow=narrow, fast_flows=fast)
    minute = 60 * MICRO

    def lapse(units: int, wide: int, high: int) -> str:
        found = lapse_of(Minute(0, minute, units, wide, high), "main", plan)
        return found.rule if found else ""

    size_rule = "T-04" if narrow else "T-05"
    assert lapse(60 * fps, width, height) == ""
    assert lapse(59 * fps, width, height) == "T-06"
    assert lapse(60 * fps, width - 1, height) == size_rule
    assert lapse(60 * fps, width, height - 1) == size_rule
    assert profile_lapses(width, height, None, narrow, fast)[0].rule == "T-06"


def test_invariant_12_masks_fail_closed() -> None:
    """A zone set that cannot be laid as it was validated gives no picture at all, rather than a clear one."""
    crossing = {"points": [[0.1, 0.1], [0.9, 0.9], [0.9, 0.1], [0.1, 0.9]], "reason": "entrance"}
    for broken in (zones(CAMERA, "z", crossing), zones(CAMERA, "z")):
        with pytest.raises(MaskFailed):
            zone_set_of(broken, {})
