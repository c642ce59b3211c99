"""A lane keeps order and bounds what waits; what a piece raised is told; a closed one takes nothing more."""

from __future__ import annotations

import threading

import pytest

from recorder.export.lane import Lane


def test_pieces_run_one_after_another_in_their_order() -> None:
    lane, done = Lane(), list[int]()
    for number in range(40):
        lane.run(lambda number=number: done.append(number))  # type: ignore[misc]
    lane.drain()
    assert done == list(range(40))


def test_no_more_wait_than_allowed() -> None:
    lane, gate, first, taken = Lane(1), threading.Event(), threading.Event(), list[int]()

    def feed() -> None:
        for number in range(3):
            lane.run(gate.wait)
            taken.append(number)
            first.set()

    feeder = threading.Thread(target=feed)
    feeder.start()
    assert first.wait(30)
    feeder.join(0.2)
    assert taken == [0]  # the second waits for the first to be done
    gate.set()
    feeder.join(30)
    assert taken == [0, 1, 2]


def test_an_error_is_told_to_whoever_comes_next() -> None:
    lane = Lane()
    lane.run(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lane.drain()


def test_a_closed_lane_has_finished_and_takes_nothing_more() -> None:
    lane, gate, done = Lane(), threading.Event(), list[str]()

    def slow() -> None:
        gate.wait(30)
        done.append("slow")

    lane.run(slow)
    lane.run(lambda: 1 / 0)
    threading.Timer(0.05, gate.set).start()
    lane.close()
    assert done == ["slow"]
    with pytest.raises(RuntimeError):
        lane.run(lambda: done.append("late"))
    assert done == ["slow"]
