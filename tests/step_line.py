"""The closing line of one step of the tests, out of pytest's report: ``python -m tests.step_line NAME STATUS FILE``.

With ``--all FILE…`` the total of several reports. The exit status is 1 where a step is not to be called passed.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree


@dataclass
class Step:
    """What one or several reports tell."""

    passed: int = 0
    failed: int = 0
    seconds: float = 0.0
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def count(self) -> int:
        """All tests that were meant to run."""
        return self.passed + self.failed + self.skipped.total()

    def __str__(self) -> str:
        reasons = "; ".join(f"{count} × {reason}" for reason, count in sorted(self.skipped.items()))
        skipped = f"{self.skipped.total()} skipped" + (f" ({reasons})" if reasons else "")
        return f"{self.count} tests, {self.passed} passed, {self.failed} failed, {skipped}"

    def add(self, report: Path) -> None:
        """One report more; OSError or ParseError when there is none."""
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            self.seconds += float(suite.get("time", "0"))
            for case in suite.iter("testcase"):
                skip = case.find("skipped")
                if case.find("failure") is not None or case.find("error") is not None:
                    self.failed += 1
                elif skip is not None:
                    self.skipped[(skip.get("message") or "no reason given").splitlines()[0]] += 1
                else:
                    self.passed += 1


def line(name: str, status: int, report: Path) -> tuple[str, bool]:
    """The line of one step, and whether it passed."""
    step = Step()
    try:
        step.add(report)
    except (OSError, ElementTree.ParseError):
        return f"{name}: FAILED, no report; pytest ended with {status}", False
    good = status == 0 and step.failed == 0
    why = f"; pytest ended with {status}" if status and not step.failed else ""
    return f"{name}: {'passed' if good else 'FAILED'}: {step}, {step.seconds:.0f} s{why}", good


def total(reports: list[Path]) -> str:
    """The sum of the reports that are there."""
    step = Step()
    for report in reports:
        try:
            step.add(report)
        except (OSError, ElementTree.ParseError):
            continue
    return str(step)


def main(arguments: list[str]) -> int:
    """Print the line."""
    if arguments[0] == "--all":
        print(total([Path(one) for one in arguments[1:]]))
        return 0
    text, good = line(arguments[0], int(arguments[1]), Path(arguments[2]))
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
