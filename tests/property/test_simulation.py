"""A recorder's worst days: some seeds each time (``vms bench faults`` does thousands), and proof that it can fail."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.simulation.disk import VirtualDisk, Volume
from deploy.simulation.faults import SPARED_FAULTS, Process
from deploy.simulation.loop import SimulatedLoop
from deploy.simulation.platter import Platter
from deploy.simulation.runs import Simulator, run_seeds, simulator
from recorder.segment.format import SegmentName
from recorder.store.errors import StoreError
from recorder.store.local import LocalStore
from tests.fakes import mutants
from tests.fakes.mutants import Mutant
from vms.clock import UtcTime

SEEDS = range(20_000, 20_036)
# Days on which the recorder, or its judge, was wrong once.
SPARE_SEEDS = (1002, 1240, 1321, 1339, 50_336, 60_195)


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
    families = {"disk", "db", "keeper", "clock", "net", "camera", "hold", "bucket", "lease"}
    assert {kind.split("-")[0] for kind in injected} >= families
    assert {"clock-past-term", "clock-past-term-and-right-again"} & set(injected)
    assert kept > 1000
    assert checks > 2 * len(SEEDS)


def test_a_spare_volume_costs_no_group_that_its_disk_refused(one: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bad disks, absent ones, and the spare's own troubles; a recorder that forgets to ask it is noticed."""
    effective: Counter[str] = Counter()
    for seed in SPARE_SEEDS:
        verdict = one.run(seed, spare=True)
        assert verdict.problems == [], f"seed {seed}"
        effective += verdict.effective
    assert set(SPARED_FAULTS) <= set(effective)
    assert any(kind.startswith("spare-") for kind in effective)
    mutants.the_spare_is_never_asked(monkeypatch)
    assert any("disk-wrong" in problem for problem in one.run(1, spare=True).problems)


def test_a_seed_is_the_same_day_each_time(one: Simulator) -> None:
    """Keys are drawn from the machine's entropy, and with them the names that hold them; nothing else differs."""

    def life(seed: int) -> list[str]:
        return [re.sub(r"[0-9a-f]{8,32}", "*", line) for line in one.run(seed).trace]

    for seed in (3, 80):
        first = life(seed)
        assert len(first) > 5
        assert life(seed) == first


# Days that were judged wrongly once: by whom, and of what.
ONCE_WRONG = {
    80650: "the last unit of a connection that had ended counted as a death's loss",
    95: "a stream that a lost lease began anew, on a clock set back",
    232: "a lease taken while the index was being written",
    1210: "an absence that had been told, and was destroyed at its term before anybody looked",
    1278: "an open absence that a clock set back cut short",
    2401: "a lost lease while the clock was ahead, and the clock right again",
    2558: "groups that came at once, and a death, with a lease and a clock set back",
    5739: "groups that came at once after a stall, and a death at that moment",
    5909: "units before the first key unit of their connection",
    6322: "a stall that ended in a death",
    6848: "two bursts at once: the camera's line dropped what it held for the first",
    42054: "a thread of a dead process that took a stream's lock after the kernel had given its locks back",
    104268: "groups of a second that waited for the key of a new hour, from a keeper that hung",
    113110: "a group that a kill left unsynced, and that a power cut took before anybody adopted it",
    111960: "time to come that was adopted after a lost lease, less than a minute before the end",
    7240: "eight groups that came at once, and a death at that moment",
}


# Days on which the recorder was wrong once, and of what.
ONCE_BROKEN = {
    2622: "killed on a clock set back: under a lease, a group reached into time that was told for already",
    2710: "stopped on a clock set back: the same, in the first group of the next life",
    40198: "the volume went away between a look at it and the first folder, which was made in its empty place",
    43405: "a clock ahead by more than a month: what had been recorded a moment before left the spool as a stray",
    40399: "an orderly stop lost what waited behind two packets that never came",
    80598: "pictures that came at once after a start were taken for short groups: three seconds in one open group",
    116935: "one picture a second, caught up with at once after a stall, was stamped as of its arrival",
    140461: "a connection cut behind its first picture that is no key picture lost that, which was still in doubt",
    140031: "so did a hole behind it",
    300733: "behind a lost packet a picture was held back, and counted as lost with a death (the judge was wrong)",
    906980: "two causes of an absence that no database knew: what was kept behind them was set aside",
    1007411: "an absence of a recorder behind told time stands where that ends, days later (the judge was wrong)",
    503200: "the volume went away while fsck looked, which took each of its files for missing",
    301828: "what key pictures open with was learnt of one whose beginning came late: each later one was dropped",
    104167: "what a failed sync had left in memory alone was adopted from there, and called durable by the next sync",
}


@pytest.mark.parametrize("seed", ONCE_BROKEN)
def test_a_day_that_once_broke_the_recorder_holds(one: Simulator, seed: int) -> None:
    assert one.run(seed).problems == [], ONCE_BROKEN[seed]


@pytest.mark.parametrize("seed", ONCE_WRONG)
def test_a_day_that_was_once_wrong_stays_right(one: Simulator, seed: int) -> None:
    assert one.run(seed).problems == [], ONCE_WRONG[seed]


# Mistakes that the recorder had, then mistakes that nobody should be able to make; each with seeds of which one at
# least must notice: what a step of the recorder is may change, and with it the step at which a seed kills.
FOUND: list[tuple[Mutant, tuple[int, ...], str]] = [
    (mutants.adoption_trusts_the_page_cache, (80, 108, 2, 83), "S[13] "),
    (mutants.adoption_believes_memory, (135453,), "S1 cut"),
    (mutants.open_segments_are_judged_by_their_first_group, (4064,), "is gone, held|S4 hole"),
    (mutants.appends_are_not_synced, (2, 3, 1), "S[13] cut|S[13] altered"),
    (mutants.a_group_goes_missing, (0, 2, 3), "a death at .* cost|S1 |is not there"),
    (mutants.a_day_too_early, (50, 66, 126), "before it was due"),
    (mutants.holds_are_forgotten, (10, 9, 20), "is gone, held"),
    (mutants.the_wall_clock_is_believed, (9, 2, 25), "before it was due"),
    (mutants.late_writers_commit, (8, 32, 33), "under a lease that another had"),
    (mutants.the_bucket_is_believed_unheard, (128, 196, 250), "S1 missing"),
]


@pytest.mark.parametrize("mutant, seeds, said", FOUND, ids=[mutant.__name__ for mutant, _, _ in FOUND])
def test_a_mistake_is_noticed(
    one: Simulator, monkeypatch: pytest.MonkeyPatch, mutant: Mutant, seeds: tuple[int, ...], said: str
) -> None:
    noticed: list[str] = []
    for seed in seeds:
        assert one.run(seed).problems == [], f"seed {seed}, without the mistake"
        with monkeypatch.context() as patch:
            mutant(patch)
            noticed += one.run(seed).problems
        if any(re.search(said, problem) for problem in noticed):
            return
    pytest.fail(f"not noticed at any of {seeds}: {noticed}")


@pytest.mark.parametrize("mistaken", [False, True])
def test_a_folder_whose_first_sync_failed_is_synced_by_the_next_who_meets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, mistaken: bool
) -> None:
    """Found by the simulation: the folder was there, so nobody synced its name again, and all in it hung on that."""
    if mistaken:
        mutants.folders_are_synced_once(monkeypatch)
    (tmp_path / "store").mkdir()
    volume = Volume(SimulatedLoop(random.Random(1)), tmp_path / "store")
    disk = VirtualDisk(volume, Process(), random.Random(1))
    store = LocalStore.attach(volume.root, tmp_path / "memo", disk, floor_bytes=0)
    name = SegmentName("valclair-c01", "main", UtcTime.parse("2026-11-24T14:10:00Z"), "0" * 32, 0)
    volume.once = "disk-eio-stored"  # the folder is made, and an error says that it was not
    with pytest.raises(StoreError):
        store.create(name, "valclair", b"header", b"group")
    file = store.create(name, "valclair", b"header", b"group")
    file.close()
    lost = 0
    for seed in range(20):
        copy = Platter(dict(volume.platter.inodes), list(volume.platter.namings))
        lost += any("make" in told for told in copy.power_cut(random.Random(seed)))
        if lost:
            break
    assert bool(lost) is mistaken
    assert file.path.exists() is not mistaken
