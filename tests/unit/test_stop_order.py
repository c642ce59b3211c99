"""Recording stops camera by camera, in the operator's order, and comes back without going on and off (P-35)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from recorder.retention.stop_order import Room, in_order, stopped

CAMERAS = [("valclair", f"valclair-c0{n}") for n in range(1, 5)] + [("motte", "motte-c01")]
RESERVE, FLOOR = 1000, 200


def names(order: list[str]) -> list[str]:
    return [place.camera for place in in_order(CAMERAS, order)]


def at(free: int, now: set[str] | None = None, *, may_go: bool = False, order: list[str] | None = None) -> set[str]:
    return stopped(in_order(CAMERAS, order or []), Room(free, RESERVE, FLOOR), now or set(), may_go=may_go)


def test_named_cameras_before_their_commune_and_the_rest_by_name() -> None:
    assert names(["valclair-c03", "motte"])[:2] == ["valclair-c03", "motte-c01"]
    assert names(["motte", "valclair"])[0] == "motte-c01"
    assert names([]) == sorted(camera for _, camera in CAMERAS)


def test_the_last_of_the_order_stops_first_and_the_first_last() -> None:
    order = ["valclair-c02", "valclair-c01"]
    assert at(1000, order=order) == set()
    assert at(999, order=order) == {"valclair-c04"}
    assert "valclair-c02" not in at(361, order=order)
    assert "valclair-c02" in at(359, order=order)
    assert len(at(199, order=order)) == 5


def test_nothing_stops_while_something_may_go_early() -> None:
    assert at(300, may_go=True) == set()


def test_a_stopped_camera_comes_back_a_step_higher() -> None:
    now = at(999)
    assert at(1100, now) == now
    assert at(1160, now) == set()
    # With footage that may go again it still waits for that room.
    assert at(1100, now, may_go=True) == now


@given(
    free=st.integers(0, 2000), less=st.integers(0, 500), now=st.sets(st.sampled_from([camera for _, camera in CAMERAS]))
)
def test_less_room_never_brings_a_camera_back(free: int, less: int, now: set[str]) -> None:
    assert at(free, now) <= at(max(0, free - less), now)


@given(free=st.integers(0, 2000))
def test_what_stops_is_the_end_of_the_order(free: int) -> None:
    order = [place.camera for place in in_order(CAMERAS, ["motte"])]
    found = at(free, order=["motte"])
    assert found == set(order[len(order) - len(found) :])
