"""The house's rules about files: sizes, names, promises, places (guards against rot, not the aim)."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("vms", "privacy", "recorder", "web", "deploy")
LINES_MAX = 400
STATEMENTS_MAX = 40
BANNED_NAMES = {"utils", "helpers", "common", "core", "base", "misc", "manager"}
# Spelt in pieces so that this file does not find itself.
PROMISES = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")))
# A path of one machine, or a host of a package registry, has no place in a project that others clone.
PLACES = re.compile(
    "|".join(
        (
            r"/wo" + r"rk/\w",
            r"/ro" + r"ot/\w",
            r"py" + r"pi\.org",
            r"pythonho" + r"sted",
            r"npm" + r"js\.(org|com)",
            r"deb\.deb" + r"ian",
        )
    )
)


def tracked(*patterns: str) -> list[Path]:
    """Files that git tracks or would track, matching the patterns."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for line in listed.splitlines() if (path := ROOT / line).is_file()]


def python_files() -> list[Path]:
    return [path for path in tracked("*.py") if path.relative_to(ROOT).parts[0] in ROOMS]


def statements(function: ast.AST) -> int:
    """Statements of a function, nested functions counted with it."""
    return sum(isinstance(node, ast.stmt) for node in ast.walk(function)) - 1


def test_there_is_something_to_check() -> None:
    assert len(python_files()) > 40


@pytest.mark.parametrize("pattern", ["*.py", "*.ts", "*.tsx", "*.css"])
def test_no_file_is_longer_than_the_limit(pattern: str) -> None:
    long = {}
    for path in tracked(pattern):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LINES_MAX and path.name not in {"look.css"}:
            long[str(path.relative_to(ROOT))] = lines
    assert long == {}


def test_no_function_has_more_statements_than_the_limit() -> None:
    long = {}
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and statements(node) > STATEMENTS_MAX:
                long[f"{path.relative_to(ROOT)}:{node.name}"] = statements(node)
    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    bad = [path for path in tracked("*.py", "*.ts", "*.tsx") if path.stem in BANNED_NAMES]
    assert bad == []


def test_no_promise_stands_in_the_code() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in tracked("*.py", "*.ts", "*.tsx", "*.sh")
        if PROMISES.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_no_machine_path_and_no_registry_host_is_tracked() -> None:
    found = []
    for path in tracked():
        if path.suffix in {".png", ".jpg", ".woff2", ".mp4", ".bin", ".seg"}:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if PLACES.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


def test_every_public_name_has_a_docstring() -> None:
    bare = []
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            public = isinstance(
                node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
            ) and not node.name.startswith("_")
            if public and not ast.get_docstring(node) and not _is_nested(path, node):
                bare.append(f"{path.relative_to(ROOT)}:{node.name}")
    assert bare == []


def _is_nested(path: Path, node: ast.AST) -> bool:
    """Whether the definition stands inside a function, where nobody outside can call it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for outer in ast.walk(tree):
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in ast.walk(outer):
                if inner is not outer and getattr(inner, "lineno", 0) == getattr(node, "lineno", -1):
                    return True
    return False


def test_broad_excepts_stand_only_at_process_edges() -> None:
    """``except Exception`` needs the words "process's edge" beside it."""
    found = []
    for path in python_files():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if (
                re.search(r"except (Base)?Exception\b", line)
                and "process's edge" not in line
                and "BaseException" not in line
            ):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    assert found == []


def test_product_code_checks_instead_of_asserting() -> None:
    """Python's ``assert`` vanishes under -O, so product code raises instead."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_every_law_id_in_code_is_explained_in_the_rules_page() -> None:
    rules = (ROOT / "docs" / "legal" / "regles.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"\b[PTDEOAXR]-\d{2}b?\b", rules))
    cited: dict[str, str] = {}
    for path in tracked("*.py", "*.ts", "*.tsx", "*.toml"):
        if "web/ui/node_modules" in str(path) or "lock" in path.name:
            continue
        for law_id in re.findall(r"\b[PTDEOA]-\d{2}b?\b", path.read_text(encoding="utf-8")):
            cited.setdefault(law_id, str(path.relative_to(ROOT)))
    assert {law_id: place for law_id, place in cited.items() if law_id not in explained} == {}
