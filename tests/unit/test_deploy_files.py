"""Units, compose file and chart say only settings that exist, and keep the limits that the processes need."""

from __future__ import annotations

import re
from configparser import ConfigParser
from pathlib import Path

import pytest

from deploy import processes
from tests.environment import REPOSITORY
from vms.settings import Settings

SINGLE, MANY = REPOSITORY / "deploy" / "single", REPOSITORY / "deploy" / "many" / "guet"
FILES = sorted(path for folder in (SINGLE, MANY) for path in folder.rglob("*") if path.is_file())
UNITS = sorted((SINGLE / "systemd").glob("*.service"))
STOP_S = processes.STOP_WEB_S + processes.STOP_RECORDERS_S + processes.STOP_KEEPER_S


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_named_exists(path: Path) -> None:
    named = {name.lower() for name in re.findall(r"\bVMS_([A-Z0-9_]+)\b", path.read_text())}
    assert named <= set(Settings.model_fields)


def unit(path: Path) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_keep_memory_from_becoming_files_and_rights_from_growing(path: Path) -> None:
    service = unit(path)["Service"]
    assert (service["User"], service["LimitCORE"], service["NoNewPrivileges"]) == ("guet", "0", "yes")
    assert service["CapabilityBoundingSet"] == ""
    assert service["ProtectSystem"] == "strict"


def test_nobody_kills_the_machine_before_its_recorders_have_sealed() -> None:
    seconds = int(unit(SINGLE / "systemd" / "guet.service")["Service"]["TimeoutStopSec"])
    compose = re.search(r"stop_grace_period: (\d+)s", (SINGLE / "compose.yaml").read_text())
    chart = re.search(r"terminationGracePeriodSeconds: (\d+)", (MANY / "templates" / "site.yaml").read_text())
    assert compose is not None
    assert chart is not None
    assert min(seconds, int(compose[1]), int(chart[1])) > STOP_S


@pytest.mark.parametrize(("values", "sites"), [("values.yaml", 1), ("values-50.yaml", 1), ("values-1153.yaml", 24)])
def test_the_chart_has_values_for_each_size(values: str, sites: int) -> None:
    found = re.search(r"^sites: (\d+)$", (MANY / values).read_text(), re.MULTILINE)
    assert found is not None
    assert int(found[1]) == sites
