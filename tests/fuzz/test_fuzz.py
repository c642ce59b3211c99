"""Every reader over its kept corpus, and a short run of its fuzzer from there; longer runs are the fuzzer's command."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.corpora import kept
from tests.fuzz.fuzz import TARGETS

REPOSITORY = Path(__file__).parent.parent.parent
RUNS = 1500
TIME_LIMIT_S = 30


@pytest.mark.parametrize("name", TARGETS)
def test_the_kept_corpus_passes(name: str) -> None:
    module, function, _ = TARGETS[name]
    target = getattr(importlib.import_module(module), function)
    inputs = kept(name)
    assert len(inputs) > 5
    for data in inputs:
        target(data)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_our_errors_comes_out(tmp_path: Path, name: str) -> None:
    command = [sys.executable, "-m", "tests.fuzz.fuzz", name, str(tmp_path / "corpus"), f"-runs={RUNS}"]
    command += [f"-max_total_time={TIME_LIMIT_S}", "-rss_limit_mb=1024", "-timeout=10", f"-artifact_prefix={tmp_path}/"]
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    ran = subprocess.run(
        command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=False, timeout=4 * TIME_LIMIT_S
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-3000:]
