"""axe-core in a page under test, injected as text so that the page's own Content-Security-Policy stays in force."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

AXE: Final = Path(__file__).resolve().parents[2] / "web" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
# WCAG 2.1 A and AA, and the French reference (RGAA 4), as the accessibility statement promises.
TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "RGAAv4")
# The only rules whose answer depends on the theme.
COLOUR_RULES: Final = ("color-contrast", "link-in-text-block")
NODES_SHOWN_MAX: Final = 3
RUN: Final = """async (only) => {
  const result = await window.axe.run(document, { runOnly: only, resultTypes: ['violations'] });
  return result.violations.map(({ id, impact, help, nodes }) => ({
    id, impact, help, nodes: nodes.map((node) => `${node.target.join(' ')} ${node.html.slice(0, 160)}`),
  }));
}"""


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


async def violations(page: Page, *, colours_only: bool = False) -> list[Violation]:
    """Every violation in the page as it stands; FileNotFoundError when the UI's packages are not installed.

    ``colours_only`` runs the rules that a change of theme can break, once the others have run in one theme.
    """
    if not await page.evaluate("() => typeof window.axe === 'object'"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    only = {"type": "rule", "values": list(COLOUR_RULES)} if colours_only else {"type": "tag", "values": list(TAGS)}
    found: list[dict[str, Any]] = await page.evaluate(RUN, only)
    return [
        Violation(one["id"], one["impact"] or "", one["help"], tuple(str(node) for node in one["nodes"]))
        for one in found
    ]
