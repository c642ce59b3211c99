"""What may be brought back of a camera's past: what might be recorded then, with the zones of then, and is not due."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.gate_facts import CAMERA, NOW, camera, commune, order, zones
from vms.clock import HOUR_US, MICRO
from vms.keeper.gate.past_plan import past_spans
from vms.keeper.protocol import PastSpan
from vms.law.camera import viewing_lapse
from vms.law.dates import DAY_US
from vms.law.facts import CameraFacts, CommuneFacts, Hold

FROM, TO = NOW - 2 * HOUR_US, NOW - HOUR_US


def facts_of(held: CameraFacts | None = None, **changes: object) -> tuple[CommuneFacts, CameraFacts]:
    facts = commune()
    one = held or facts.cameras[CAMERA]
    return replace(facts, cameras={**facts.cameras, CAMERA: one}, **changes), one  # type: ignore[arg-type]


def bounds(spans: list[PastSpan]) -> list[tuple[int, int, str]]:
    return [(one.from_us, one.to_us, one.zone_set.id) for one in spans]


def test_a_camera_in_service_gives_the_whole_range() -> None:
    assert bounds(past_spans(*facts_of(), FROM, TO, NOW)) == [(FROM, TO, "z-1")]


def test_nothing_of_a_suspension_comes_back() -> None:
    """P-24: not even though the camera is in service again now."""
    low, high = FROM + 10 * 60 * MICRO, FROM + 20 * 60 * MICRO
    states = (*camera().states, (low, "suspended"), (high, "in_service"))
    spans = past_spans(*facts_of(camera(states=states)), FROM, TO, NOW)
    assert bounds(spans) == [(FROM, low, "z-1"), (high, TO, "z-1")]


def test_each_part_has_the_zones_then_in_force() -> None:
    """P-11: a set validated within the range counts from its validation on."""
    at = FROM + 30 * 60 * MICRO
    newer = zones(id="z-2", version=2, validated_us=at)
    spans = past_spans(*facts_of(zones=(zones(), newer)), FROM, TO, NOW)
    assert bounds(spans) == [(FROM, at, "z-1"), (at, TO, "z-2")]


def test_nothing_from_before_the_order() -> None:
    """P-20."""
    at = FROM + 5 * 60 * MICRO
    spans = past_spans(*facts_of(orders={"o-1": order(from_us=at)}), FROM, TO, NOW)
    assert bounds(spans) == [(at, TO, "z-1")]


def test_what_is_due_is_not_made_anew_unless_it_is_held() -> None:
    """P-30, P-32: by whole hours, since an hour's key goes with its first instant."""
    begin = NOW - 15 * DAY_US - 3 * HOUR_US
    spans = past_spans(*facts_of(), begin, begin + 6 * HOUR_US, NOW)
    assert len(spans) == 1
    assert spans[0].from_us % HOUR_US == 0
    assert NOW - 15 * DAY_US <= spans[0].from_us <= NOW - 15 * DAY_US + HOUR_US
    hold = Hold(
        id="h-1", cameras=frozenset({CAMERA}), from_us=begin, to_us=begin + HOUR_US, procedure="r", authority="a",
        reference="r", requester="r", placed_by="p", placed_us=NOW - DAY_US, until_us=NOW + DAY_US,
    )  # fmt: skip
    spans = past_spans(*facts_of(holds=(hold,)), begin, begin + 6 * HOUR_US, NOW)
    assert spans[0].from_us == begin


def test_nothing_of_the_future_and_nothing_endless() -> None:
    assert past_spans(*facts_of(), NOW, NOW + HOUR_US, NOW) == []
    assert past_spans(*facts_of(), 0, NOW + HOUR_US, NOW)[-1].to_us == NOW


@given(
    changes=st.lists(
        st.tuples(st.integers(0, 3600), st.sampled_from(["suspended", "in_service", "retired"])), max_size=6
    ),
    at=st.integers(0, 3599),
)
def test_no_instant_comes_back_that_might_not_be_recorded(changes: list[tuple[int, str]], at: int) -> None:
    """Asked instant by instant, the live rule says the same."""
    states = (*camera().states, *((FROM + second * MICRO, state) for second, state in sorted(changes)))
    facts, held = facts_of(camera(states=states))
    spans = past_spans(facts, held, FROM, TO, NOW)
    instant = FROM + at * MICRO
    allowed = viewing_lapse(facts, held, instant) is None
    assert any(one.from_us <= instant < one.to_us for one in spans) == allowed
    assert all(before.to_us <= after.from_us for before, after in itertools.pairwise(spans))
