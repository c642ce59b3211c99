"""Shared fixtures: footage, free ports, a home that fits a socket's path."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is the machine's affair, and a busy one's no failure.
settings.register_profile("guet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("guet")

REPOSITORY = Path(__file__).parent.parent


def footage_dir() -> Path | None:
    """The folder of real clips: VMS_FOOTAGE, else a folder ``footage`` in a sibling of the checkout, else None."""
    given = os.environ.get("VMS_FOOTAGE")
    if given:
        return Path(given)
    return next(iter(sorted(REPOSITORY.parent.glob("*/footage"))), None)


@pytest.fixture
def short_home() -> Iterator[Path]:
    """A VMS_HOME whose sockets' paths are short enough."""
    home = Path(tempfile.mkdtemp(prefix="guet-"))
    yield home
    shutil.rmtree(home, ignore_errors=True)
