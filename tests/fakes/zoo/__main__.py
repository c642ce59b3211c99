"""``vms bench zoo``: the table of odd servers, ours beside ffmpeg's, as one JSON object on stdout."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import platform
from collections.abc import Sequence

from tests.fakes.zoo import ffmpeg
from tests.fakes.zoo.scenario import Scenario
from tests.fakes.zoo.table import GROUPS
from tests.fakes.zoo.tls import server_context
from tests.fakes.zoo.visit import Outcome, visit
from vms import logs

LIMIT_S = 40.0
# ffmpeg looks at a stream for seconds before it writes any of it: a short one would be over by then.
REPEATS = 4
# What is lacking at the end of a visit is no loss: ffmpeg holds two pictures back, we one where there is no marker.
OPEN_END_UNITS = 2


def row(group: str, scenario: Scenario, ours: Outcome, theirs: ffmpeg.Peer | None) -> dict[str, object]:
    """One line of the table; ``cause`` is what the recorder tells, ``ffmpeg_said`` ffmpeg's last complaint."""
    made: dict[str, object] = {
        "group": group, "scenario": scenario.name, "what": scenario.what, "sent": ours.sent, "recorded": ours.kept,
        "altered": ours.altered, "cause": ours.causes[0] if ours.causes else "",
        "told": ours.details[0] if ours.details else "", "as_expected": not ours.complaint(scenario),
    }  # fmt: skip
    if theirs is not None:
        made |= {
            "ffmpeg_sent": theirs.sent, "ffmpeg_recorded": theirs.kept, "ffmpeg_altered": theirs.altered,
            "ffmpeg_starts": theirs.starts, "ffmpeg_said": theirs.said,
        }  # fmt: skip
    return made


async def table(names: Sequence[str], at_once: int, *, beside: bool) -> list[dict[str, object]]:
    """Visit every scenario whose name begins with one of ``names`` (all without)."""
    chosen = [
        (group, scenario)
        for group, scenarios in GROUPS.items()
        for scenario in scenarios
        if not names or scenario.name.startswith(tuple(names))
    ]
    for _, scenario in chosen:
        scenario.shown()
    places = asyncio.Semaphore(at_once)

    async def both(group: str, scenario: Scenario) -> dict[str, object]:
        tls = server_context() if scenario.scheme == "rtsps" else None
        async with places:
            ours = await visit(scenario, tls=tls, limit_s=LIMIT_S, repeats=REPEATS)
            theirs = await ffmpeg.visit(scenario, limit_s=LIMIT_S, tls=tls, repeats=REPEATS) if beside else None
        return row(group, scenario, ours, theirs)

    return list(await asyncio.gather(*(both(group, scenario) for group, scenario in chosen)))


def figures(rows: Sequence[dict[str, object]]) -> dict[str, float]:
    """Sums over the table; a ratio is of units sent to each."""

    def total(name: str) -> float:
        return float(sum(int(str(item.get(name, 0))) for item in rows))

    lossless = [item for item in rows if _whole(item, "")]
    made = {
        "scenarios": float(len(rows)),
        "as_expected_scenarios": float(sum(bool(item["as_expected"]) for item in rows)),
        "lossless_scenarios": float(len(lossless)),
        "recorded_ratio": total("recorded") / max(total("sent"), 1.0),
        "altered_units": total("altered"),
        "untold_scenarios": float(
            sum(int(str(item["recorded"])) < int(str(item["sent"])) - 1 and not item["cause"] for item in rows)
        ),
    }
    if rows and "ffmpeg_sent" in rows[0]:
        whole = [item for item in rows if _whole(item, "ffmpeg_")]
        made |= {
            "ffmpeg_lossless_scenarios": float(len(whole)),
            "ffmpeg_recorded_ratio": total("ffmpeg_recorded") / max(total("ffmpeg_sent"), 1.0),
            "ffmpeg_altered_units": total("ffmpeg_altered"),
        }
    return {name: round(value, 4) for name, value in made.items()}


def _whole(item: dict[str, object], whose: str) -> bool:
    """Whether nothing is missing or altered; the last pictures may be open when the recorder is stopped."""
    sent, recorded, altered = (int(str(item[f"{whose}{name}"])) for name in ("sent", "recorded", "altered"))
    return sent > 0 and recorded >= sent - OPEN_END_UNITS and not altered


def main() -> None:
    """Read the order from the command line, visit, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.zoo")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--at-once", type=int, default=24)
    parser.add_argument("--alone", action="store_true")
    order = parser.parse_args()
    logs.configure("bench", logging.CRITICAL)
    rows = asyncio.run(table(order.names, order.at_once, beside=not order.alone))
    machine = {"cores": os.cpu_count() or 1, "system": platform.platform(), "python": platform.python_version()}
    print(json.dumps({"bench": "zoo", "machine": machine, "runs": 1, "figures": figures(rows), "table": rows}))


if __name__ == "__main__":
    main()
