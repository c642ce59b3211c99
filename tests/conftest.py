"""Shared fixtures: clips, rendered or real; a home that fits a socket's path. What tests may reach: ``environment``."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from tests import environment

environment.enter()  # before anything of the product is imported

from tests.fakes.clips import RECIPES, Material, NoSuchClip, real_clips, rendered  # noqa: E402

# How long an example takes is the machine's affair, and a busy one's no failure.
settings.register_profile("guet", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("guet")

REAL: Final = "real"
RENDERED: Final = "rendered"


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--clips FOLDER`` names real clips; nothing else does, VMS_FOOTAGE neither."""
    parser.addoption("--clips", type=Path, help="folder of real clips for the tests marked clips")


def pytest_configure(config: pytest.Config) -> None:
    """Real clips that cannot serve are told at once, before anything runs."""
    try:
        named_clips(config)
    except ValueError as exc:
        raise pytest.UsageError(str(exc)) from None


def named_clips(config: pytest.Config) -> tuple[Path, ...]:
    """The real clips that the command line names."""
    place = config.getoption("--clips")
    return () if place is None else real_clips(place)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of every clip, and tests that take ``material``: once rendered, and once real where clips are named."""
    found = named_clips(metafunc.config)
    if "any_clip" in metafunc.fixturenames:
        real = [pytest.param(path, marks=pytest.mark.clips, id=path.stem) for path in found]
        metafunc.parametrize("any_clip", [*RECIPES, *real], indirect=True)
    if "material" in metafunc.fixturenames:
        again = [pytest.param(REAL, marks=pytest.mark.clips)] if found else []
        metafunc.parametrize("material", [RENDERED, *again], indirect=True)


@pytest.fixture
def any_clip(request: pytest.FixtureRequest) -> Path:
    """One clip after the other."""
    return request.param if isinstance(request.param, Path) else rendered(request.param)


@pytest.fixture
def material(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """``clip()`` gives rendered clips, or real ones."""
    if request.param == REAL:
        monkeypatch.setattr(Material, "real", named_clips(request.config))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """What no clip named can show is skipped and said, in tests marked ``clips`` alone."""
    if call.excinfo is not None and call.excinfo.errisinstance(NoSuchClip) and item.get_closest_marker("clips"):
        told = call.excinfo.value
        call.excinfo = pytest.ExceptionInfo.from_exception(pytest.skip.Exception(str(told)))
    return (yield)


@pytest.fixture
def short_home() -> Iterator[Path]:
    """A VMS_HOME whose sockets' paths are short enough."""
    home = Path(tempfile.mkdtemp(prefix="guet-"))
    yield home
    shutil.rmtree(home, ignore_errors=True)
