"""What the front page and the map promise exists: commands, files, pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from deploy.cli import app

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_command_named_exists(page: Path) -> None:
    command = get_command(app)
    known = set(getattr(command, "commands", {}))
    named = set(re.findall(r"`vms ([a-z]+)", page.read_text(encoding="utf-8")))
    assert named, page
    assert named <= known, named - known


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


def test_the_make_targets_that_the_page_names_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^make ([a-z]+)$", page, re.M)) | set(re.findall(r"`[^`\n]*make (test-[a-z]+)`", page))
    assert named == {"demo", "test", "test-clips"}
    assert named <= targets


@pytest.mark.parametrize(
    "row",
    [line for line in PAGES[1].read_text(encoding="utf-8").splitlines() if line.startswith("| `") and ".py" in line],
)
def test_the_files_that_the_map_points_at_exist(row: str) -> None:
    room = re.match(r"\| `([a-z]+)/`", row)
    assert room is not None, row
    files = re.findall(r"`([\w/]+\.py)`", row)
    assert files, row
    assert [name for name in files if not (ROOT / room[1] / name).exists()] == []
