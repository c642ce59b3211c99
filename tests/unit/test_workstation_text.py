"""A workstation without a name is told by its address, browser and system."""

from __future__ import annotations

import pytest

from web.workstation import WORKSTATION_LIMIT_CHARS, workstation

KHTML = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {KHTML} Chrome/141.0.0.0 Safari/537.36", "Chrome 141 · Linux"),
        (f"Mozilla/5.0 (X11; Linux x86_64) {KHTML} HeadlessChrome/141.0.0.0 Safari/537.36", "Chrome 141 · Linux"),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KHTML} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
            "Edge 141 · Windows",
        ),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox 140 · Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari 18 · iOS",
        ),
        (f"Mozilla/5.0 (Linux; Android 15) {KHTML} Chrome/141.0.0.0 Mobile Safari/537.36", "Chrome 141 · Android"),
    ],
)
def test_browsers(agent: str, told: str) -> None:
    assert workstation("2001:db8::7", agent) == f"2001:db8::7 · {told}"


@pytest.mark.parametrize("agent", ["guet", "", "curl/8.14 (Linux)", "Mozilla/5.0", "Mozilla/5.0 (X11; Linux x86_64)"])
def test_what_is_no_known_browser_stays_as_it_calls_itself(agent: str) -> None:
    assert workstation("192.0.2.7", agent) == f"192.0.2.7 {agent}"


def test_its_length_is_bounded() -> None:
    assert len(workstation("192.0.2.7", "x" * 100_000)) == WORKSTATION_LIMIT_CHARS
    assert workstation("192.0.2.7", "Mozilla/5.0 Firefox/" + "9" * 10_000) == "192.0.2.7 · Firefox 9999"
