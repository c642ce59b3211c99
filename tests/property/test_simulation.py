"""A recorder's worst days: some seeds each time (``vms bench faults`` does thousands), and proof that it can fail."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from recorder.simulation.runs import Simulator, run_seeds, simulator
from tests.fakes import mutants
from tests.fakes.mutants import Mutant

SEEDS = range(20_000, 20_036)


@pytest.fixture(scope="module")
def one() -> Iterator[Simulator]:
    with simulator() as made:
        yield made


def test_no_invariant_breaks_at_any_seed() -> None:
    injected: Counter[str] = Counter()
    kept = checks = 0
    for verdict in run_seeds(SEEDS):
        assert verdict.problems == [], f"seed {verdict.seed}"
        injected += verdict.injected
        kept += verdict.units_kept
        checks += verdict.checks
        assert verdict.worst_loss_groups <= 2
    assert {"killed", "power-cut", "stopped"} <= set(injected)
    assert {kind.split("-")[0] for kind in injected} >= {"disk", "db", "keeper", "clock", "net", "camera", "hold"}
    assert kept > 1000
    assert checks > 2 * len(SEEDS)


def test_a_seed_is_the_same_day_each_time(one: Simulator) -> None:
    """Keys are drawn from the machine's entropy, and with them the names that hold them; nothing else differs."""

    def life(seed: int) -> list[str]:
        return [re.sub(r"[0-9a-f]{8,32}", "*", line) for line in one.run(seed).trace]

    for seed in (3, 80):
        first = life(seed)
        assert len(first) > 5
        assert life(seed) == first


# Mistakes that the recorder had, each with a seed that found it; then mistakes that nobody should be able to make.
FOUND: list[tuple[Mutant, int, str]] = [
    (mutants.adoption_trusts_the_page_cache, 80, "S1"),
    (mutants.folders_are_synced_once, 121, "S[13] missing"),
    (mutants.open_segments_are_judged_by_their_first_group, 10, "is gone, held"),
    (mutants.appends_are_not_synced, 2, "S[13] cut"),
    (mutants.a_group_goes_missing, 0, "a death at .* cost"),
    (mutants.a_day_too_early, 50, "before it was due"),
    (mutants.holds_are_forgotten, 10, "is gone, held"),
]


@pytest.mark.parametrize("mutant, seed, said", FOUND, ids=[mutant.__name__ for mutant, _, _ in FOUND])
def test_a_mistake_is_noticed(
    one: Simulator, monkeypatch: pytest.MonkeyPatch, mutant: Mutant, seed: int, said: str
) -> None:
    assert one.run(seed).problems == []
    with monkeypatch.context() as patch:
        mutant(patch)
        problems = one.run(seed).problems
    assert any(re.search(said, problem) for problem in problems), problems
    assert one.run(seed).problems == []
