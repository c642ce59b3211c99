"""``vms bench journal`` measures what it says it does, on a small log."""

from __future__ import annotations

import pytest

from deploy.bench.journal import APPENDS, run
from vms.errors import BadInput


def test_a_short_run_says_what_it_measured() -> None:
    said = run(entries=600, runs=2)
    assert (said["bench"], said["runs"]) == ("journal", 2)
    figures = said["figures"]
    assert figures["entries"] == 600 + APPENDS
    assert 0 < figures["append_p50_ms"] <= figures["append_p95_ms"]
    assert figures["verify_million_s"] > 0
    assert figures["stored_bytes_per_entry"] > 100


@pytest.mark.parametrize(("entries", "runs"), [(0, 1), (1, 0), (10**9, 1)])
def test_what_cannot_be_measured_is_refused(entries: int, runs: int) -> None:
    with pytest.raises(BadInput):
        run(entries=entries, runs=runs)
