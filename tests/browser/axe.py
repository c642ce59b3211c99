"""axe-core in a page under test, injected as text so that the page's own Content-Security-Policy stays in force."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

AXE: Final = Path(__file__).resolve().parents[2] / "web" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
# WCAG 2.1 A and AA, and the French reference (RGAA 4), as the accessibility statement promises.
TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "RGAAv4")
NODES_SHOWN_MAX: Final = 3


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a page breaks, and where."""

    rule: str
    impact: str
    help: str
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        """One line that finds the fault."""
        shown = " | ".join(self.nodes[:NODES_SHOWN_MAX])
        return f"{self.rule} ({self.impact}): {self.help} [{len(self.nodes)}] {shown}"


def violations(page: Page, *, tags: tuple[str, ...] = TAGS) -> list[Violation]:
    """Every violation in the page as it stands; FileNotFoundError when the UI's packages are not installed."""
    if not page.evaluate("() => typeof window.axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(
        """async (tags) => {
            const result = await window.axe.run(document, {
              runOnly: { type: 'tag', values: tags },
              resultTypes: ['violations'],
            });
            return result.violations.map(({ id, impact, help, nodes }) => ({
              id, impact, help, nodes: nodes.map((node) => `${node.target.join(' ')} ${node.html.slice(0, 160)}`),
            }));
        }""",
        list(tags),
    )
    return [
        Violation(one["id"], one["impact"] or "", one["help"], tuple(str(node) for node in one["nodes"]))
        for one in found
    ]


def assert_accessible(page: Page, name: str) -> None:
    """Fail with every violation named; ``name`` says which page, state, theme and language."""
    found = violations(page)
    assert not found, f"{name}:\n" + "\n".join(str(one) for one in found)
