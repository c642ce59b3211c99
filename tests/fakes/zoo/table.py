"""Every scenario of the zoo, by name."""

from __future__ import annotations

from tests.fakes.zoo import (
    accounts,
    answers,
    challenges,
    clocks,
    descriptions,
    doubts,
    faults,
    messages,
    moments,
    packets,
    pieces,
    talks,
    tracks,
    transport,
    units,
    ways,
    wires,
)
from tests.fakes.zoo.scenario import Scenario

GROUPS: dict[str, tuple[Scenario, ...]] = {
    "messages": messages.SCENARIOS,
    "transport": transport.SCENARIOS,
    "accounts": accounts.SCENARIOS,
    "descriptions": descriptions.SCENARIOS,
    "packets": packets.SCENARIOS,
    "units": units.SCENARIOS,
    "faults": faults.SCENARIOS,
    "ways": ways.SCENARIOS,
    "answers": answers.SCENARIOS,
    "challenges": challenges.SCENARIOS,
    "tracks": tracks.SCENARIOS,
    "clocks": clocks.SCENARIOS,
    "pieces": pieces.SCENARIOS,
    "wires": wires.SCENARIOS,
    "moments": moments.SCENARIOS,
    "doubts": doubts.SCENARIOS,
    "talks": talks.SCENARIOS,
}


def everything() -> dict[str, Scenario]:
    """Scenarios by name; ValueError when two bear the same."""
    found: dict[str, Scenario] = {}
    for scenarios in GROUPS.values():
        for scenario in scenarios:
            if scenario.name in found:
                raise ValueError(f"two scenarios are called {scenario.name}")
            found[scenario.name] = scenario
    return found
