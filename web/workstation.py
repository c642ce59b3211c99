"""Where a request comes from, as sessions and the journal name it: "192.0.2.7 · Firefox 140 · Linux"."""

from __future__ import annotations

import re
from typing import Final

# Browsers by what they say of themselves, those that also name another one first.
_BROWSERS: Final = tuple(
    (name, re.compile(version))
    for name, version in (
        ("Edge", r"\bEdg(?:e|A|iOS)?/(\d{1,4})"),
        ("Opera", r"\bOPR/(\d{1,4})"),
        ("Firefox", r"\b(?:Firefox|FxiOS)/(\d{1,4})"),
        ("Chrome", r"\b(?:Chrome|HeadlessChrome|CriOS)/(\d{1,4})"),
        ("Safari", r"\bVersion/(\d{1,4}).* Safari/"),
    )
)
_SYSTEMS: Final = (
    ("Android", "Android"), ("iPad", "iPadOS"), ("iPhone", "iOS"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
AGENT_LIMIT_CHARS: Final = 512
WORKSTATION_LIMIT_CHARS: Final = 80


def workstation(address: str, agent: str) -> str:
    """Address, browser and system; of a client that is no browser, what it calls itself."""
    agent = agent[:AGENT_LIMIT_CHARS]
    versions = ((name, pattern.search(agent)) for name, pattern in _BROWSERS)
    browser = next((f"{name} {found[1]}" for name, found in versions if found is not None), "")
    system = next((name for sign, name in _SYSTEMS if sign in agent), "")
    if not agent.startswith("Mozilla/") or not browser:
        return f"{address} {agent}"[:WORKSTATION_LIMIT_CHARS]
    return " · ".join(part for part in (address, browser, system) if part)[:WORKSTATION_LIMIT_CHARS]
