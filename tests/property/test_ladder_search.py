"""No coalition smaller than the law's climbs: a random search over every starting commune, and each hole put back.

``GUET_LADDER_SEQUENCES`` asks for a longer search; the count here is what fits the test command.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.judges.ladder import play
from vms.keeper.acts import people
from vms.law import ladder

SEQUENCES: Final = int(os.environ.get("GUET_LADDER_SEQUENCES", "100000"))
SHARES: Final = 2
TO_FIND: Final = 40_000


@pytest.mark.parametrize("share", range(SHARES))
def test_no_coalition_smaller_than_the_laws_climbs(share: int) -> None:
    """Mutations: each of ``HOLES`` below, put back one at a time."""
    for seed in range(share, SEQUENCES, SHARES):
        scene, found = play(random.Random(seed))
        assert not found, (seed, found, scene.story)


def _auditor_by_chief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "GIVEN_BY_MAYOR", people.GIVEN_BY_MAYOR - {"auditor"})


def _rank_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "rank_of", lambda *_: ladder.Rank.AGENT)


def _bonds_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "makers_of", lambda *_: frozenset())


def _one_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def enough(approvals: list[Any], *_: object) -> bool:
        return bool(approvals)

    monkeypatch.setattr(ladder, "enough", enough)


def _mayor_may_fall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "_keep_a_mayor", lambda *_: None)


def _chief_by_chief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "GIVEN_BY_MAYOR", frozenset({"mayor", "deputy", "auditor"}))


def _suspended_counts_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Suspend first, then recover with whom one has: the rank of before is forgotten, and a mayor may be suspended."""
    from vms.law.habilitation import habilitation_lapse

    monkeypatch.setattr(ladder, "concerns", lambda one, now_us: habilitation_lapse(one, now_us) is None)
    monkeypatch.setattr(people, "GIVEN_BY_MAYOR", people.GIVEN_BY_MAYOR - {"deputy"})


HOLES: Final[tuple[Callable[[pytest.MonkeyPatch], None], ...]] = (
    _auditor_by_chief, _rank_ignored, _bonds_ignored, _one_is_enough, _mayor_may_fall, _chief_by_chief,
    _suspended_counts_for_nothing,
)  # fmt: skip


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.__name__.strip("_"))
def test_each_hole_put_back_is_found(
    hole: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    hole(monkeypatch)
    assert any(play(random.Random(seed))[1] for seed in range(TO_FIND))
