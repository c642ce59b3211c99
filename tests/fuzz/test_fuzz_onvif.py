"""A short run of each ONVIF fuzzer from honest seeds; longer runs are the fuzzers' own commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.onvif_seeds import write_seeds

HERE = Path(__file__).parent
RUNS = 4000
TIME_LIMIT_S = 60


@pytest.mark.parametrize("name", ["fuzz_discovery", "fuzz_soap"])
def test_nothing_but_our_errors_comes_out(tmp_path: Path, name: str) -> None:
    write_seeds(tmp_path)
    command = [sys.executable, str(HERE / f"{name}.py"), f"-runs={RUNS}", f"-max_total_time={TIME_LIMIT_S}"]
    command += ["-rss_limit_mb=1024", "-timeout=10", f"-artifact_prefix={tmp_path}/", str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=3 * TIME_LIMIT_S)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-3000:]
